//! Lines with three short columns and a text.

use std::fmt::Write as _;

use crate::report::prose::wrapped;

/// Columns of a line, and of each short column with the blank behind it.
const COLUMNS: usize = 80;
const HEADS: [usize; 3] = [10, 11, 16];

/// Adds a line. A text that is too long goes on below itself.
pub(super) fn push(text: &mut String, heads: [&str; 3], long: &str) {
    let mut head = String::new();
    let mut end = 0;
    for (word, columns) in heads.into_iter().zip(HEADS) {
        end += columns;
        // A word that is too long for its column takes from the next.
        let blank = if head.is_empty() || head.ends_with(' ') { "" } else { " " };
        let room = end.saturating_sub(head.chars().count() + blank.len());
        let _ = write!(head, "{blank}{word:<room$}");
    }
    if !head.ends_with(' ') {
        head.push(' ');
    }
    let room = COLUMNS.saturating_sub(head.chars().count());
    for line in wrapped(long, room) {
        let _ = writeln!(text, "{}", format!("{head}{line}").trim_end());
        head = " ".repeat(COLUMNS - room);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Texts stand below one another, and no line is longer than it may be.
    #[test]
    fn texts_stand_in_a_column() {
        let mut text = String::new();
        push(&mut text, ["required", "met", "cores=2"], &"word ".repeat(20));
        push(&mut text, ["", "", "a-name-that-is-long"], "x");
        let lines: Vec<&str> = text.lines().collect();
        assert!(lines.iter().all(|line| line.chars().count() <= COLUMNS), "{text}");
        assert_eq!(lines[0].find("word"), lines[1].find("word"));
        assert!(lines.last().unwrap().ends_with("a-name-that-is-long x"), "{text}");
    }
}
