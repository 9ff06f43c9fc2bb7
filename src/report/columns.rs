//! Tables that are columns of text, without lines, as wide as the screen has room for.

mod fit;

use std::fmt;

use comfy_table::{Cell, CellAlignment, Color, ContentArrangement, Table, presets};

use super::{
    prose,
    screen::{Paint, Screen, Tone},
};
use fit::Fitted;

/// A table: a header, and rows of as many cells. Shown in full where nothing else is asked for.
#[derive(Clone, Debug)]
pub struct Columns {
    columns: Vec<Column>,
    /// Headers of columns that a narrow screen goes without, the first of them first.
    spared: Vec<&'static str>,
}

/// A column: its header, then a cell for each row.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Column {
    texts: Vec<String>,
    side: Side,
    /// Whether its cells are verdicts.
    is_judged: bool,
}

/// Where the text of a column stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Side {
    Left,
    Right,
}

/// A table whose columns from `left` on are aligned to the right.
#[must_use]
pub fn table(header: &[&str], left: usize, rows: impl IntoIterator<Item = Vec<String>>) -> Columns {
    let column = |(index, header): (usize, &&str)| Column {
        texts: vec![(*header).to_owned()],
        side: if index < left { Side::Left } else { Side::Right },
        is_judged: false,
    };
    let mut columns: Vec<Column> = header.iter().enumerate().map(column).collect();
    for row in rows {
        let mut cells = row.into_iter();
        for column in &mut columns {
            column.texts.push(cells.next().unwrap_or_default());
        }
    }
    Columns { columns, spared: Vec::new() }
}

impl Columns {
    /// Names the columns that a narrow screen goes without, the first of them first. The others it
    /// keeps, whatever it takes.
    #[must_use]
    pub fn sparing(mut self, headers: &[&'static str]) -> Self {
        self.spared = headers.to_vec();
        self
    }

    /// Names the columns whose cells are verdicts.
    #[must_use]
    pub fn judging(mut self, headers: &[&str]) -> Self {
        for column in &mut self.columns {
            column.is_judged = headers.contains(&column.header());
        }
        self
    }

    /// Names the columns of texts, which stand on the left wherever they are.
    #[must_use]
    pub fn reading(mut self, headers: &[&str]) -> Self {
        for column in &mut self.columns {
            if headers.contains(&column.header()) {
                column.side = Side::Left;
            }
        }
        self
    }

    /// Rows without the header.
    #[must_use]
    pub fn row_count(&self) -> usize {
        self.columns.first().map_or(0, |column| column.texts.len() - 1)
    }

    /// The table as it fits this screen, with a line below for each thing that was done to it.
    #[must_use]
    pub fn on(&self, screen: &Screen) -> String {
        let Some(columns) = screen.columns else { return drawn(&self.columns, screen.paint) };
        let Fitted { columns, notes } = fit::fit(self.columns.clone(), &self.spared, columns);
        let mut text = drawn(&columns, screen.paint);
        for note in notes {
            text += &prose::fit(&format!("\n{note}"), screen);
        }
        text
    }
}

impl fmt::Display for Columns {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&drawn(&self.columns, Paint::Plain))
    }
}

impl Column {
    fn header(&self) -> &str {
        self.texts.first().map_or("", String::as_str)
    }

    fn cell(&self, row: usize, paint: Paint) -> Cell {
        let text = self.texts.get(row).map_or("", String::as_str);
        let tone = (self.is_judged && row > 0 && paint == Paint::Coloured).then(|| Tone::of(text));
        match tone.flatten() {
            None => Cell::new(text),
            Some(Tone::Bad) => Cell::new(text).fg(Color::DarkRed),
            Some(Tone::Open) => Cell::new(text).fg(Color::DarkYellow),
            Some(Tone::Good) => Cell::new(text).fg(Color::DarkGreen),
        }
    }
}

fn drawn(columns: &[Column], paint: Paint) -> String {
    let mut table = Table::new();
    table.load_style(presets::NOTHING);
    table.set_content_arrangement(ContentArrangement::Disabled);
    match paint {
        Paint::Plain => table.force_no_tty(),
        Paint::Coloured => table.enforce_styling(),
    };
    let row = |row: usize| columns.iter().map(move |column| column.cell(row, paint));
    table.set_header(row(0));
    for index in 1..columns.first().map_or(0, |column| column.texts.len()) {
        table.add_row(row(index));
    }
    for (drawn, column) in table.column_iter_mut().zip(columns) {
        if column.side == Side::Right {
            drawn.set_cell_alignment(CellAlignment::Right);
        }
    }
    table.trim_fmt()
}

#[cfg(test)]
mod tests {
    use super::{super::screen::tests::of_width, *};

    fn verdicts() -> Columns {
        let row = |name: &str, verdict: &str| vec![name.into(), "1".into(), verdict.into()];
        table(&["backend", "threads", "verdict"], 1, [row("scalar", "slower"), row("x", "same")])
            .judging(&["verdict"])
    }

    /// Without a width, all is there as it is; a row that is too short has empty cells.
    #[test]
    fn a_file_gets_all() {
        let shown = verdicts().to_string();
        assert_eq!(shown, verdicts().on(&Screen::PLAIN));
        let lines: Vec<&str> = shown.lines().map(str::trim_end).collect();
        assert_eq!(lines[0], " backend  threads  verdict");
        assert_eq!(lines[1], " scalar         1   slower");
        assert_eq!(table(&["a", "b"], 1, [vec!["only".into()]]).to_string().lines().count(), 2);
    }

    /// Only verdicts have a colour, and only where there are colours.
    #[test]
    fn verdicts_have_a_colour() {
        let coloured = Screen { paint: Paint::Coloured, ..Screen::PLAIN };
        let shown = verdicts().on(&coloured);
        assert_eq!(shown.matches("\u{1b}[38;5;1m").count(), 1, "{shown:?}");
        assert!(!verdicts().on(&Screen::PLAIN).contains('\u{1b}'));
    }

    /// Where it does not fit, what is the same in every row is said once, below.
    #[test]
    fn what_is_the_same_is_said_once() {
        let shown = verdicts().on(&of_width(20));
        assert!(!shown.lines().next().unwrap().contains("threads"), "{shown}");
        assert!(shown.contains("every row threads 1"), "{shown}");
        assert!(shown.lines().all(|line| line.trim_end().chars().count() <= 20), "{shown}");
    }
}
