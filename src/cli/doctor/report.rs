//! What doctor prints: a table for people, one JSON document for programs.

use std::fmt::Write as _;

use serde::Serialize;

use crate::{
    host::doctor::{
        Examination,
        finding::{Finding, Severity},
        measure::jitter::Jitter,
        requirement::Checked,
    },
    report::{
        columns::{self, Columns},
        prose,
        record::Tool,
        screen::{Screen, Tone},
    },
};

/// Version of the document.
const SCHEMA: &str = "nanogate.doctor/1";
/// Columns of a line: the most that are read with ease, and the least that hold a text.
const COLUMNS: usize = 100;
const COLUMNS_MIN: usize = 60;
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
    pub(super) fn render(&self, screen: &Screen) -> String {
        let mut page = Page { text: String::new(), screen };
        let mut subject = "";
        for finding in &self.findings {
            let name = finding.subject.name();
            let shown = if name == subject { "" } else { name };
            subject = name;
            page.push_finding(shown, finding);
        }
        let jitter = &self.examination.measured.jitter;
        if jitter.len() > 1 {
            let title = "Cores by time lost in gaps of a spinning loop, the calmest first";
            let _ = write!(page.text, "\n{title}\n{}\n", ranks(jitter).on(screen));
        }
        if !self.requirements.is_empty() {
            page.text.push('\n');
        }
        for (index, checked) in self.requirements.iter().enumerate() {
            let first = if index == 0 { "required" } else { "" };
            page.push_requirement(first, checked);
        }
        let _ = write!(page.text, "\n{}", self.count());
        page.text
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

/// What is shown so far, and where.
struct Page<'s> {
    text: String,
    screen: &'s Screen,
}

impl Page<'_> {
    fn push_finding(&mut self, subject: &str, finding: &Finding) {
        let severity = finding.severity.name();
        self.push_row([subject, severity, finding.code], &finding.found);
        let effects: Vec<String> = finding
            .effects
            .iter()
            .map(|effect| format!("{}: {} {}", effect.what, figure(effect.value), effect.unit))
            .collect();
        if !effects.is_empty() {
            self.push_row([""; 3], &effects.join("; "));
        }
        if let Some(advice) = &finding.advice {
            self.push_row([""; 3], &format!("-> {advice}"));
        }
    }

    fn push_requirement(&mut self, first: &str, checked: &Checked) {
        let met = if checked.met { "met" } else { "UNMET" };
        self.push_row([first, met, &checked.requirement.to_string()], &checked.found);
        if let Some(remedy) = &checked.remedy {
            self.push_row([""; 3], &format!("-> {remedy}"));
        }
    }

    /// Three short columns, and a text that is broken where the line ends.
    fn push_row(&mut self, [subject, severity, code]: [&str; 3], long: &str) {
        let columns = self.screen.columns.unwrap_or(COLUMNS).clamp(COLUMNS_MIN, COLUMNS);
        let padded = format!("{severity:<SEVERITY$}");
        let severity = self.screen.painted(Tone::of(severity), &padded);
        let mut head = format!("{subject:<SUBJECT$}{severity}{code:<CODE$}");
        for line in prose::wrapped(long, columns - SUBJECT - SEVERITY - CODE) {
            let _ = writeln!(self.text, "{}", format!("{head}{line}").trim_end());
            head = " ".repeat(SUBJECT + SEVERITY + CODE);
        }
    }
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

fn ranks(all: &[Jitter]) -> Columns {
    let header =
        ["core", "lost %", "gaps/s", "step ns p50", "p99", "p99.9", "p99.99", "longest us"];
    let earned = |ns: Option<f64>| ns.map_or_else(|| "-".to_owned(), figure);
    let row = |jitter: &Jitter| {
        vec![
            jitter.core.to_string(),
            figure(jitter.lost_percent),
            figure(jitter.gaps_per_second),
            figure(jitter.step_ns_p50),
            earned(jitter.step_ns_p99),
            earned(jitter.step_ns_p99_9),
            earned(jitter.step_ns_p99_99),
            figure(jitter.step_ns_max / 1e3),
        ]
    };
    columns::table(&header, 0, all.iter().map(row)).sparing(&["p99.9", "p99"])
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::screen::Paint;

    /// Lines are as long as they may be and no longer, on any screen, and a warning has its colour.
    #[test]
    fn lines_end_with_the_screen() {
        let shown = |screen: Screen| {
            let mut page = Page { text: String::new(), screen: &screen };
            page.push_row(["processor", "critical", "timer-resolution"], &"word ".repeat(40));
            page.text
        };
        for (columns, most) in [(None, COLUMNS), (Some(80), 80), (Some(200), COLUMNS)] {
            let text = shown(Screen { columns, ..Screen::PLAIN });
            assert!(text.lines().count() > 2);
            assert!(text.lines().all(|line| line.chars().count() <= most), "{text}");
        }
        assert!(shown(Screen { paint: Paint::Coloured, ..Screen::PLAIN }).contains("\u{1b}[31m"));
    }

    /// Values keep three digits.
    #[test]
    fn figures_keep_three_digits() {
        let shown = [1234.5, 12.34, -1.234, 0.01234].map(figure);
        assert_eq!(shown, ["1234", "12.3", "-1.23", "0.012"]);
    }
}
