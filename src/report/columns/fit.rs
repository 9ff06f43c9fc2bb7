//! How a table becomes as narrow as a screen: what is the same in every row is said once, cells are
//! broken between words, what can be spared is left out, and at last columns stand below one
//! another.

use super::{Column, Side};

/// Blanks beside the text of a column.
const PADDING: usize = 2;

/// Columns that are as narrow as they were to be, if that was possible.
pub(super) struct Fitted {
    pub(super) columns: Vec<Column>,
    /// What was done, a line each.
    pub(super) notes: Vec<String>,
}

/// Makes a table at most `most` characters wide, and no narrower than it must be.
pub(super) fn fit(mut columns: Vec<Column>, spared: &[&str], most: usize) -> Fitted {
    let mut notes = Vec::new();
    if width(&columns) > most {
        notes.extend(say_once(&mut columns));
        // The last column is often a list of words, which suffers least.
        break_cells(&mut columns, 1, most);
        notes.extend(spare(&mut columns, spared, most));
        break_cells(&mut columns, usize::MAX, most);
        stack(&mut columns, most);
    }
    Fitted { columns, notes }
}

fn width(columns: &[Column]) -> usize {
    columns.iter().map(|column| column.width() + PADDING).sum()
}

impl Column {
    fn width(&self) -> usize {
        let lines = self.texts.iter().flat_map(|text| text.split('\n'));
        lines.map(|line| line.chars().count()).max().unwrap_or(0)
    }

    /// The text of every cell, if they are all the same and there are two at the least.
    fn same(&self) -> Option<&str> {
        let [_, first, others @ ..] = self.texts.as_slice() else { return None };
        let is_same = !others.is_empty() && others.iter().all(|other| other == first);
        is_same.then_some(first.as_str())
    }
}

/// Takes out the columns that are the same in every row, but for the first, which names the rows.
fn say_once(columns: &mut Vec<Column>) -> Option<String> {
    let mut said = Vec::new();
    let mut index = 0;
    columns.retain(|column| {
        index += 1;
        match column.same().filter(|_| index > 1) {
            None => true,
            Some(text) => {
                said.push(format!("{} {text}", column.header()).trim().to_owned());
                false
            }
        }
    });
    said.retain(|one| !one.is_empty());
    (!said.is_empty()).then(|| format!("every row {}", said.join(", ")))
}

/// Leaves out columns in the order in which they can be spared, as many as it takes.
fn spare(columns: &mut Vec<Column>, spared: &[&str], most: usize) -> Option<String> {
    let mut left_out = Vec::new();
    for header in spared {
        if width(columns) <= most {
            break;
        }
        let before = columns.len();
        columns.retain(|column| column.header() != *header);
        if columns.len() < before {
            left_out.push(*header);
        }
    }
    let names = left_out.join(", ");
    (!left_out.is_empty()).then(|| format!("left out  {names}: on a wider screen, or in a pipe"))
}

/// Breaks cells between words in so many columns, from the last to the first, as many as it takes.
fn break_cells(columns: &mut [Column], count: usize, most: usize) {
    for index in (0..columns.len()).rev().take(count) {
        let over = width(columns).saturating_sub(most);
        if over == 0 {
            break;
        }
        let column = &mut columns[index];
        let target = column.width().saturating_sub(over).max(longest_piece(column));
        for text in &mut column.texts {
            *text = broken(text, target);
        }
    }
}

fn longest_piece(column: &Column) -> usize {
    let pieces = column.texts.iter().flat_map(|text| pieces(text));
    pieces.map(|(_, piece)| piece.chars().count()).max().unwrap_or(0)
}

/// The text in lines of at most so many characters, where no piece of it is longer.
fn broken(text: &str, most: usize) -> String {
    if text.split('\n').all(|line| line.chars().count() <= most) {
        return text.to_owned();
    }
    let (mut lines, mut line) = (Vec::new(), String::new());
    for (glue, piece) in pieces(text) {
        let longer = format!("{line}{glue}{piece}");
        if line.is_empty() {
            piece.clone_into(&mut line);
        } else if longer.chars().count() <= most {
            line = longer;
        } else {
            lines.push(std::mem::replace(&mut line, piece.to_owned()));
        }
    }
    lines.push(line);
    lines.join("\n")
}

/// What a line may end with, and what stands between it and the piece before it. Codes and names of
/// metrics have pieces too, numbers have none.
fn pieces(text: &str) -> Vec<(&'static str, &str)> {
    let mut pieces = Vec::new();
    for word in text.split_whitespace() {
        let (mut rest, mut glue) = (word, " ");
        while let Some(end) = first_joint(rest) {
            let (piece, after) = rest.split_at(end);
            pieces.push((glue, piece));
            (rest, glue) = (after, "");
        }
        pieces.push((glue, rest));
    }
    pieces
}

/// Bytes up to the first dash or slash between two letters, with it.
fn first_joint(word: &str) -> Option<usize> {
    let is_letter = |byte: &u8| byte.is_ascii_alphabetic();
    let is_joint = |three: &[u8]| match three {
        [before, b'-' | b'/', after] => is_letter(before) && is_letter(after),
        _ => false,
    };
    word.as_bytes().windows(3).position(is_joint).map(|at| at + 2)
}

/// Puts columns below one another, in as few bands as it takes. The first stays alone: it names the
/// rows.
fn stack(columns: &mut Vec<Column>, most: usize) {
    let all = columns.len();
    for bands in 2..all {
        if width(columns) <= most {
            return;
        }
        let stacked = stacked(columns, bands);
        if width(&stacked) <= most || bands + 1 == all {
            *columns = stacked;
            return;
        }
    }
}

fn stacked(columns: &[Column], bands: usize) -> Vec<Column> {
    let [first, rest @ ..] = columns else { return Vec::new() };
    let across = rest.len().div_ceil(bands).max(1);
    let bands: Vec<&[Column]> = rest.chunks(across).collect();
    let pile = |place: usize| {
        let text = |row: usize| {
            let of_band = |band: &&[Column]| padded(band.get(place), row, height(band, row));
            bands.iter().map(of_band).collect::<Vec<_>>().join("\n")
        };
        let texts = (0..first.texts.len()).map(text).collect();
        Column { texts, side: Side::Right, is_judged: false }
    };
    std::iter::once(first.clone()).chain((0..across).map(pile)).collect()
}

/// Lines of the tallest cell of a row.
fn height(band: &[Column], row: usize) -> usize {
    let lines = |column: &Column| column.texts.get(row).map_or(1, |text| text.split('\n').count());
    band.iter().map(lines).max().unwrap_or(1)
}

/// A cell with as many lines as its row has. Empty where the band has no such column.
fn padded(column: Option<&Column>, row: usize, height: usize) -> String {
    let text = column.and_then(|column| column.texts.get(row)).map_or("", String::as_str);
    let missing = height.saturating_sub(text.split('\n').count());
    format!("{text}{}", "\n".repeat(missing))
}

#[cfg(test)]
mod tests {
    use super::{super::table, *};

    fn columns(header: &[&str], rows: &[&[&str]]) -> Vec<Column> {
        let row =
            |row: &&[&str]| -> Vec<String> { row.iter().map(|cell| (*cell).to_owned()).collect() };
        table(header, 1, rows.iter().map(row)).columns
    }

    fn headers(fitted: &Fitted) -> Vec<&str> {
        fitted.columns.iter().map(Column::header).collect()
    }

    const HEADER: [&str; 5] = ["backend", "threads", "ns/record", "GB/s", "warnings"];
    const ROWS: [&[&str]; 2] = [
        &["scalar", "1", "6.66", "3.60", "preempted wide-interval"],
        &["simd-avx512", "1", "0.41", "58.6", ""],
    ];

    /// What fits is left alone.
    #[test]
    fn room_enough_changes_nothing() {
        let all = columns(&HEADER, &ROWS);
        let fitted = fit(all.clone(), &["GB/s"], width(&all));
        assert_eq!((fitted.columns, fitted.notes), (all, Vec::new()));
    }

    /// The narrower, the more is done: said once, broken at blanks, left out, stacked; and it fits.
    #[test]
    fn a_table_becomes_as_narrow_as_it_must() {
        let fitted = |most| fit(columns(&HEADER, &ROWS), &["GB/s"], most);
        let once = fitted(60);
        assert_eq!(headers(&once), ["backend", "ns/record", "GB/s", "warnings"]);
        assert_eq!(once.notes, ["every row threads 1"]);
        let broken = fitted(46);
        assert_eq!((headers(&broken), broken.notes.len()), (headers(&once), 1));
        assert_eq!(broken.columns[3].texts[1], "preempted\nwide-interval");
        assert!(broken.columns.iter().all(|column| !column.texts[2].contains('\n')));
        let spared = fitted(40);
        assert_eq!(headers(&spared), ["backend", "ns/record", "warnings"]);
        assert!(spared.notes[1].starts_with("left out  GB/s: "), "{:?}", spared.notes);
        let stacked = fitted(26);
        assert_eq!(headers(&stacked), ["backend", "ns/\nrecord\nwarnings"]);
        assert_eq!(stacked.columns[1].texts[1], "6.66\npreempted\nwide-\ninterval");
        for (fitted, most) in [(once, 60), (broken, 46), (spared, 40), (stacked, 26)] {
            assert!(width(&fitted.columns) <= most, "{most}: {:?}", fitted.columns);
        }
    }

    /// Codes and names have joints, numbers and ranges have none.
    #[test]
    fn texts_are_broken_where_they_may() {
        assert_eq!(broken("preempted wide-interval", 12), "preempted\nwide-\ninterval");
        assert_eq!(broken("sim/stalled/count", 12), "sim/stalled/\ncount");
        assert_eq!(broken("-1.20 to +3.40", 8), "-1.20 to\n+3.40");
        assert_eq!(pieces("1e-5 x86-64"), [(" ", "1e-5"), (" ", "x86-64")]);
        assert_eq!(broken("fits", 4), "fits");
        assert_eq!(broken("wide-\ninterval", 8), "wide-\ninterval");
    }

    /// A single row is no repetition, and the column that names the rows stays, though all are the
    /// same.
    #[test]
    fn names_of_rows_stay() {
        let one = fit(columns(&["backend", "threads"], &[&["scalar", "1"]]), &[], 1);
        assert!(one.notes.is_empty());
        let rows: [&[&str]; 2] = [&["scalar", "1"], &["scalar", "2"]];
        assert_eq!(headers(&fit(columns(&["backend", "threads"], &rows), &[], 1)).len(), 2);
    }

    /// Cells of one band keep together where one of them has several lines.
    #[test]
    fn bands_stay_apart() {
        let rows: [&[&str]; 1] = [&["row", "one\ntwo", "b", "c", "d"]];
        let stacked = stacked(&columns(&["", "a", "b", "c", "d"], &rows), 2);
        assert_eq!(stacked[1].texts[1], "one\ntwo\nc");
        assert_eq!(stacked[2].texts[1], "b\n\nd");
    }
}
