//! A series as dots on the terminal: two by four to a character.

use std::fmt::Write as _;

use super::figure;
use crate::report::screen::Glyphs;

/// Characters that the dots take: with the labels, no more than a terminal of 80 has.
const COLUMNS: usize = 68;
const ROWS: usize = 12;

/// Dots in a character of Braille, across and down.
const ACROSS: usize = 2;
const DOWN: usize = 4;

/// The bit of each dot of a character, by row and column. Source: Unicode, block 2800.
const BITS: [[u8; ACROSS]; DOWN] = [[0x01, 0x08], [0x02, 0x10], [0x04, 0x20], [0x40, 0x80]];

/// Characters left of the dots, for the figures at the ends.
const LABEL: usize = 10;

/// Values from left to right, in equal steps, with a line before each of `changes`, which is
/// numbered below. `values` must be finite.
pub(super) fn render(values: &[f64], changes: &[usize], glyphs: Glyphs) -> String {
    let low = values.iter().copied().fold(f64::INFINITY, f64::min);
    let high = values.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    let mut cells = [[0u8; COLUMNS]; ROWS];
    for (index, &value) in values.iter().enumerate() {
        let across = place(index as f64, values.len() as f64 - 1.0, COLUMNS * ACROSS);
        let down = ROWS * DOWN - 1 - place(value - low, high - low, ROWS * DOWN);
        cells[down / DOWN][across / ACROSS] |= BITS[down % DOWN][across % ACROSS];
    }
    let lines = columns_of(changes, values.len());
    let mut text = String::new();
    for (row, cells) in cells.iter().enumerate() {
        let label = match row {
            0 => figure(high),
            _ if row == ROWS - 1 => figure(low),
            _ => String::new(),
        };
        let shown = |(column, cell): (usize, &u8)| dot(*cell, lines[column], glyphs);
        let dots: String = cells.iter().enumerate().map(shown).collect();
        let _ = writeln!(text, "{label:>LABEL$} {}", dots.trim_end());
    }
    let marks: String = lines.iter().map(|line| line.map_or(' ', mark)).collect();
    if !changes.is_empty() {
        let _ = writeln!(text, "{:LABEL$} {}", "", marks.trim_end());
    }
    text
}

/// Which of so many dots a value from 0 to `most` is at. Where all are one, the middle.
fn place(value: f64, most: f64, dots: usize) -> usize {
    if most > 0.0 { (value / most * (dots - 1) as f64).round() as usize } else { dots / 2 }
}

/// The last change in each column, counted from 0.
fn columns_of(changes: &[usize], count: usize) -> [Option<usize>; COLUMNS] {
    let mut columns = [None; COLUMNS];
    for (which, &index) in changes.iter().enumerate() {
        columns[place(index as f64, count as f64 - 1.0, COLUMNS * ACROSS) / ACROSS] = Some(which);
    }
    columns
}

/// The character of a cell. A line shows only where no dots are.
fn dot(cell: u8, line: Option<usize>, glyphs: Glyphs) -> char {
    match (cell, line, glyphs) {
        (0, Some(_), Glyphs::Unicode) => '┊',
        (0, Some(_), Glyphs::Ascii) => '|',
        (0, None, _) => ' ',
        (_, _, Glyphs::Ascii) => '*',
        (bits, _, _) => char::from_u32(0x2800 + u32::from(bits)).unwrap_or('?'),
    }
}

/// Digits from 1 on, and then a sign for all that are beyond.
fn mark(which: usize) -> char {
    u32::try_from(which + 1).ok().and_then(|number| char::from_digit(number, 10)).unwrap_or('^')
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lines(values: &[f64], changes: &[usize]) -> Vec<String> {
        render(values, changes, Glyphs::Unicode).lines().map(str::to_owned).collect()
    }

    /// A rise goes from the lower left to the upper right, with the ends labelled; a change is a
    /// line where there are no dots, and a number below.
    #[test]
    fn a_rise_and_a_change() {
        let values: Vec<f64> = (0..COLUMNS * ACROSS).map(|index| index as f64).collect();
        let shown = lines(&values, &[COLUMNS]);
        assert_eq!(shown.len(), ROWS + 1);
        assert!(shown[0].trim_start().starts_with("135"), "{shown:?}");
        assert!(shown[0].ends_with('⠉') || shown[0].ends_with('⠁'), "{shown:?}");
        assert!(shown[ROWS - 1].trim_start().starts_with('0'), "{shown:?}");
        let at = |line: &str, c| line.chars().position(|found| found == c);
        assert_eq!(at(&shown[ROWS], '1'), Some(LABEL + 1 + COLUMNS / 2));
        assert_eq!(at(&shown[0], '┊'), at(&shown[ROWS], '1'));
    }

    /// One value, and values that do not differ, are in the middle; no values are no dots.
    #[test]
    fn nothing_to_scale_by() {
        let middle = |values: &[f64]| {
            let shown = lines(values, &[]);
            let is_dot = |c: char| ('\u{2801}'..='\u{28ff}').contains(&c);
            shown.iter().position(|line| line.contains(is_dot))
        };
        assert_eq!(middle(&[5.0]), Some(ROWS / 2 - 1));
        assert_eq!(middle(&[5.0; 9]), Some(ROWS / 2 - 1));
        assert_eq!(middle(&[]), None);
    }

    /// The same without Braille, for terminals that have none.
    #[test]
    fn keyboards_have_stars() {
        let values: Vec<f64> = (0..9).map(f64::from).collect();
        let shown = render(&values, &[4], Glyphs::Ascii);
        assert!(shown.is_ascii() && shown.contains('*') && shown.contains('|'), "{shown}");
        assert!(shown.lines().all(|line| line.len() < 80), "{shown}");
    }

    /// Changes beyond the ninth have a sign in place of a digit.
    #[test]
    fn marks_run_out_of_digits() {
        assert_eq!((mark(0), mark(8), mark(9)), ('1', '9', '^'));
    }
}
