//! Markdown for GitHub: the page of a job, and a comment on a pull request.
//!
//! Source: "Workflow commands for GitHub Actions", docs.github.com, "Adding a job summary": at most
//! 1 MiB for each step; GitHub's API refuses the body of a comment of more than 65,536 characters
//! ("body is too long"); GitHub Flavored Markdown, "Tables" and "HTML blocks". The marker of a
//! comment is a line that nobody sees, by which a bot finds the comment that it has to update.
//!
//! Names come from files and may be anything, so they stand in `<code>` with what has a meaning in
//! Markdown or HTML as a character reference; GitHub makes no mention of an `@` there either.

mod comparison;
mod history;
mod run;

use std::fmt::Write as _;

use super::{ExportError, history::History};
use crate::{gate::outcome::Outcome, report::record::RunRecord};

/// Bytes of a job's summary that GitHub keeps, for each step.
const SUMMARY_BYTES_MAX: usize = 1 << 20;

/// Characters of a comment. Counted in bytes here, of which there are no fewer.
const COMMENT_BYTES_MAX: usize = 65_536;

/// Bytes that are kept for saying what was left out.
const LAST_WORDS_BYTES: usize = 200;

/// First line of a comment.
const MARKER: &str = "<!-- nanogate-report -->";

pub(super) fn summary_of_runs(all: &[RunRecord]) -> Result<String, ExportError> {
    Ok(page(SUMMARY_BYTES_MAX, None, all, run::put))
}

pub(super) fn comment_of_runs(all: &[RunRecord]) -> Result<String, ExportError> {
    Ok(page(COMMENT_BYTES_MAX, Some(MARKER), all, run::put))
}

pub(super) fn summary_of_comparisons(all: &[Outcome]) -> Result<String, ExportError> {
    Ok(page(SUMMARY_BYTES_MAX, None, all, comparison::put))
}

pub(super) fn comment_of_comparisons(all: &[Outcome]) -> Result<String, ExportError> {
    Ok(page(COMMENT_BYTES_MAX, Some(MARKER), all, comparison::put))
}

pub(super) fn summary_of_histories(all: &[History]) -> Result<String, ExportError> {
    Ok(page(SUMMARY_BYTES_MAX, None, all, history::put))
}

pub(super) fn comment_of_histories(all: &[History]) -> Result<String, ExportError> {
    Ok(page(COMMENT_BYTES_MAX, Some(MARKER), all, history::put))
}

fn page<D>(limit: usize, marker: Option<&str>, all: &[D], put: fn(&mut Page, &D)) -> String {
    let mut page = Page { text: String::new(), room: limit - LAST_WORDS_BYTES, left_out: 0 };
    if let Some(marker) = marker {
        page.block(marker, &[], "");
    }
    all.iter().for_each(|document| put(&mut page, document));
    page.finish()
}

/// Text that does not grow beyond a limit.
struct Page {
    text: String,
    /// Bytes that may still be written.
    room: usize,
    /// Rows that did not fit.
    left_out: usize,
}

impl Page {
    /// Lines that open a block, the rows that fit, and lines that close it. A block that has no
    /// room for both its ends is left out with all its rows.
    fn block(&mut self, opening: &str, rows: &[String], closing: &str) {
        let ends = opening.len() + closing.len() + "\n\n".len();
        let Some(mut room) = self.room.checked_sub(ends) else {
            self.left_out += rows.len().max(1);
            return;
        };
        let _ = writeln!(self.text, "{opening}");
        for row in rows {
            match room.checked_sub(row.len() + 1) {
                Some(rest) => {
                    room = rest;
                    let _ = writeln!(self.text, "{row}");
                }
                None => self.left_out += 1,
            }
        }
        let _ = writeln!(self.text, "{closing}");
        self.room = room;
    }

    /// A table, if it has rows.
    fn table(&mut self, title: &str, header: &[&str], rows: &[String]) {
        if rows.is_empty() {
            return;
        }
        let gap = if title.is_empty() { "" } else { "\n\n" };
        let opening = format!("{title}{gap}{}", head(header));
        self.block(&opening, rows, "");
    }

    fn finish(mut self) -> String {
        if self.left_out > 0 {
            let _ = writeln!(
                self.text,
                "**{} more rows are left out**, since GitHub takes no more text here: see the file \
                 itself, or `nanogate report --format csv`.",
                self.left_out
            );
        }
        self.text
    }
}

/// The header of a table, and the rule below it.
fn head(header: &[&str]) -> String {
    let rule = vec!["---"; header.len()].join(" | ");
    format!("| {} |\n| {rule} |", header.join(" | "))
}

/// Cells as a row.
fn row(cells: &[String]) -> String {
    format!("| {} |", cells.join(" | "))
}

/// Text of unknown origin.
fn code(text: &str) -> String {
    format!("<code>{}</code>", plain(text))
}

/// The text with what could mean something to Markdown or HTML as character references, and on one
/// line.
fn plain(text: &str) -> String {
    let mut out = String::new();
    let mut before = ' ';
    let mut rest = text.chars().peekable();
    while let Some(c) = rest.next() {
        // Within a word an underscore means nothing, and names are full of them.
        let within = before.is_alphanumeric() && rest.peek().is_some_and(|c| c.is_alphanumeric());
        match c {
            '_' if within => out.push(c),
            ' ' | '/' | '.' | ',' | '%' | '+' | '(' | ')' | '=' | ';' | '-' | ':' => out.push(c),
            _ if c.is_alphanumeric() => out.push(c),
            _ if c.is_control() => out.push(' '),
            _ => drop(write!(out, "&#{};", u32::from(c))),
        }
        before = c;
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Nothing that means something to Markdown or HTML is left of a name, and all of it can be
    /// read.
    #[test]
    fn names_are_only_text() {
        assert_eq!(plain("host/per_record/p99.9"), "host/per_record/p99.9");
        assert_eq!(plain("a|b\n<i>_x_"), "a&#124;b &#60;i&#62;&#95;x&#95;");
        assert_eq!(code("@all `#1`"), "<code>&#64;all &#96;&#35;1&#96;</code>");
    }

    /// A page never grows beyond its limit, closes what it opens, and counts what it leaves out.
    #[test]
    fn pages_keep_their_limit() {
        for limit in [LAST_WORDS_BYTES, 240, 300, 500, 10_000] {
            let rows: Vec<String> = (0..50).map(|number| format!("| {number} |")).collect();
            let put =
                |page: &mut Page, rows: &Vec<String>| page.block("<details>", rows, "</details>");
            let text = page(limit, None, &[rows], put);
            assert!(text.len() <= limit, "{limit}: {text}");
            assert_eq!(text.matches("<details>").count(), text.matches("</details>").count());
            let shown = text.lines().filter(|line| line.starts_with('|')).count();
            let says = format!("**{} more rows are left out**", 50 - shown);
            assert!(shown == 50 || text.contains(&says), "{limit}: {text}");
        }
    }
}
