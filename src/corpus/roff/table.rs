//! Tables: the cells of tbl(1) in reading order, without layout and rules.

use super::Interpreter;

impl Interpreter<'_> {
    /// Reads a table up to `.TE`.
    pub(super) fn table(&mut self) {
        self.end_line();
        let mut separator = '\t';
        if let Some(first) = self.next_line() {
            if first.trim_end().ends_with(';') {
                separator = separator_of(&first).unwrap_or(separator);
            } else {
                self.pending.push(first);
            }
        }
        self.skip_format();
        while let Some(line) = self.next_line() {
            match line.trim_end() {
                ".TE" => break,
                ".T&" => self.skip_format(),
                "_" | "=" => {}
                control if control.starts_with(['.', '\'']) => self.line(control),
                row => self.row(row, separator),
            }
        }
        self.end_line();
    }

    fn skip_format(&mut self) {
        while let Some(line) = self.next_line() {
            if line.trim_end().ends_with('.') || line.starts_with(".TE") {
                return;
            }
        }
    }

    fn row(&mut self, row: &str, separator: char) {
        let mut row = row.to_owned();
        while let Some(before) = row.strip_suffix("T{") {
            self.cells(before, separator);
            let Some(after) = self.text_block() else { return };
            row = after;
        }
        self.cells(&row, separator);
        self.end_line();
    }

    fn cells(&mut self, cells: &str, separator: char) {
        for cell in cells.split(separator) {
            let cell = cell.trim();
            if matches!(cell, "" | "\\_" | "_" | "=" | "\\=" | "\\^") {
                continue;
            }
            let interpolated = self.interpolate(cell);
            self.put_escaped(&interpolated);
        }
    }

    /// Carries out the lines up to `T}` and gives what follows it on its line.
    fn text_block(&mut self) -> Option<String> {
        loop {
            let line = self.next_line()?;
            if let Some(after) = line.strip_prefix("T}") {
                return Some(after.to_owned());
            }
            self.line(&line);
        }
    }
}

fn separator_of(options: &str) -> Option<char> {
    let at = options.find("tab")?;
    let inside = options[at + 3..].trim_start().strip_prefix('(')?;
    inside.chars().next()
}
