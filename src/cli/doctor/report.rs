//! What doctor prints: a table for people, one JSON document for programs.

use std::fmt::Write as _;

use comfy_table::{CellAlignment, ContentArrangement, Table, presets};
use serde::Serialize;

use crate::{
    host::doctor::{
        Examination,
        finding::{Finding, Severity},
        measure::jitter::Jitter,
        requirement::Checked,
    },
    report::record::Tool,
};

/// Version of the document.
const SCHEMA: &str = "nanogate.doctor/1";
/// Columns of a line.
const COLUMNS: usize = 100;
/// Columns of subject, severity and code, each with the blank behind it.
const SUBJECT: usize = 12;
const SEVERITY: usize = 10;
const CODE: usize = 18;

/// All that doctor has to say.
#[derive(Debug, Serialize)]
pub(super) struct Report {
    schema: &'static str,
    tool: Tool,
    /// Whether every requirement is met.
    fit: bool,
    requirements: Vec<Checked>,
    findings: Vec<Finding>,
    #[serde(flatten)]
    examination: Examination,
}

impl Report {
    pub(super) fn new(
        examination: Examination,
        findings: Vec<Finding>,
        requirements: Vec<Checked>,
    ) -> Self {
        let fit = requirements.iter().all(|checked| checked.met);
        Self { schema: SCHEMA, tool: Tool::current(), fit, requirements, findings, examination }
    }

    pub(super) const fn is_fit(&self) -> bool {
        self.fit
    }

    /// Findings by subject, the rank of the cores, requirements, and a count.
    pub(super) fn render(&self) -> String {
        let mut text = String::new();
        let mut subject = "";
        for finding in &self.findings {
            let name = finding.subject.name();
            let shown = if name == subject { "" } else { name };
            subject = name;
            push_finding(&mut text, shown, finding);
        }
        let jitter = &self.examination.measured.jitter;
        if jitter.len() > 1 {
            let title = "Cores by time lost in gaps of a spinning loop, the calmest first";
            let _ = write!(text, "\n{title}\n{}\n", ranks(jitter));
        }
        if !self.requirements.is_empty() {
            text.push('\n');
        }
        for (index, checked) in self.requirements.iter().enumerate() {
            let first = if index == 0 { "required" } else { "" };
            push_requirement(&mut text, first, checked);
        }
        let _ = write!(text, "\n{}", self.count());
        text
    }

    fn count(&self) -> String {
        let of = |severity| self.findings.iter().filter(|one| one.severity == severity).count();
        let mut text = format!(
            "{} ok, {} notes, {} warnings, {} critical",
            of(Severity::Ok),
            of(Severity::Note),
            of(Severity::Warning),
            of(Severity::Critical)
        );
        if !self.requirements.is_empty() {
            let met = self.requirements.iter().filter(|checked| checked.met).count();
            let _ = write!(text, "; {met} of {} requirements met", self.requirements.len());
        }
        text
    }
}

fn push_finding(text: &mut String, subject: &str, finding: &Finding) {
    let severity = finding.severity.name();
    push_row(text, [subject, severity, finding.code], &finding.found);
    let effects: Vec<String> = finding
        .effects
        .iter()
        .map(|effect| format!("{}: {} {}", effect.what, figure(effect.value), effect.unit))
        .collect();
    if !effects.is_empty() {
        push_row(text, [""; 3], &effects.join("; "));
    }
    if let Some(advice) = &finding.advice {
        push_row(text, [""; 3], &format!("-> {advice}"));
    }
}

fn push_requirement(text: &mut String, first: &str, checked: &Checked) {
    let met = if checked.met { "met" } else { "UNMET" };
    push_row(text, [first, met, &checked.requirement.to_string()], &checked.found);
    if let Some(remedy) = &checked.remedy {
        push_row(text, [""; 3], &format!("-> {remedy}"));
    }
}

/// Three short columns, and a text that is broken where the line ends.
fn push_row(text: &mut String, [subject, severity, code]: [&str; 3], long: &str) {
    let mut head = format!("{subject:<SUBJECT$}{severity:<SEVERITY$}{code:<CODE$}");
    for line in wrapped(long, COLUMNS - SUBJECT - SEVERITY - CODE) {
        let _ = writeln!(text, "{}", format!("{head}{line}").trim_end());
        head = " ".repeat(SUBJECT + SEVERITY + CODE);
    }
}

/// The text in lines of at most `columns`, broken at blanks. A longer word is cut.
fn wrapped(text: &str, columns: usize) -> Vec<String> {
    let mut lines = vec![String::new()];
    let words = text.split_whitespace().flat_map(|word| {
        let letters: Vec<char> = word.chars().collect();
        let pieces: Vec<String> =
            letters.chunks(columns).map(|piece| piece.iter().collect()).collect();
        pieces
    });
    for word in words {
        let used = lines.last().map_or(0, |line| line.chars().count());
        match lines.last_mut() {
            Some(line) if used == 0 => line.push_str(&word),
            Some(line) if used + 1 + word.chars().count() <= columns => {
                line.push(' ');
                line.push_str(&word);
            }
            _ => lines.push(word),
        }
    }
    lines
}

/// A value with three digits or more.
fn figure(value: f64) -> String {
    match value.abs() {
        size if size >= 100.0 => format!("{value:.0}"),
        size if size >= 10.0 => format!("{value:.1}"),
        size if size >= 1.0 => format!("{value:.2}"),
        _ => format!("{value:.3}"),
    }
}

fn ranks(all: &[Jitter]) -> Table {
    let header =
        ["core", "lost %", "gaps/s", "step ns p50", "p99", "p99.9", "p99.99", "longest us"];
    let mut table = Table::new();
    table.load_style(presets::NOTHING);
    table.set_content_arrangement(ContentArrangement::Disabled);
    table.set_header(header);
    let earned = |ns: Option<f64>| ns.map_or_else(|| "-".to_owned(), figure);
    for jitter in all {
        table.add_row([
            jitter.core.to_string(),
            figure(jitter.lost_percent),
            figure(jitter.gaps_per_second),
            figure(jitter.step_ns_p50),
            earned(jitter.step_ns_p99),
            earned(jitter.step_ns_p99_9),
            earned(jitter.step_ns_p99_99),
            figure(jitter.step_ns_max / 1e3),
        ]);
    }
    for column in table.column_iter_mut() {
        column.set_cell_alignment(CellAlignment::Right);
    }
    table
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Lines are as long as they may be and no longer, whatever the words are.
    #[test]
    fn lines_are_broken_at_blanks() {
        assert_eq!(wrapped("one two three", 7), ["one two", "three"]);
        assert_eq!(wrapped("one two three", 6), ["one", "two", "three"]);
        assert_eq!(wrapped("abcdefgh ij", 3), ["abc", "def", "gh", "ij"]);
        assert_eq!(wrapped("", 3), [""]);
        let mut text = String::new();
        push_row(&mut text, ["processor", "critical", "timer-resolution"], &"word ".repeat(40));
        assert!(text.lines().count() > 2);
        assert!(text.lines().all(|line| line.chars().count() <= COLUMNS), "{text}");
    }

    /// Values keep three digits.
    #[test]
    fn figures_keep_three_digits() {
        let shown = [1234.5, 12.34, -1.234, 0.01234].map(figure);
        assert_eq!(shown, ["1234", "12.3", "-1.23", "0.012"]);
    }
}
