//! JUnit XML: a test case per row of a comparison, or per entry of a run.
//!
//! Source: jenkins-junit.xsd (dtkit's junit-4.xsd, linked from the documentation of Jenkins' JUnit
//! plugin) for elements, attributes and their order; `lib/gitlab/ci/parsers/test/junit.rb` of
//! GitLab for what is read there: `classname` is shown as the suite, `failure`, `error` and
//! `skipped` by their text. `time` is how long a test took, which is not a figure of ours: it is
//! left out.

use std::io;

use quick_xml::{
    Writer,
    events::{BytesDecl, BytesText, Event},
};

use super::{
    ExportError,
    date::utc,
    measurement::{self, Place},
    number::short,
    row::{INTERRUPTED, sentence, worst_first},
    status::fault,
};
use crate::{
    gate::outcome::{Candidate, Effect, Outcome, Row, Side},
    report::record::{Entry, RunRecord, Skipped, Status},
};

/// A test suite: one per document.
struct Suite {
    name: String,
    timestamp: String,
    properties: Vec<(&'static str, String)>,
    cases: Vec<Case>,
}

struct Case {
    class: String,
    name: String,
    verdict: Verdict,
    /// What a reader may want to know beside the verdict.
    note: String,
}

/// What became of a case.
enum Verdict {
    Passed,
    Skipped(String),
    Failed { kind: &'static str, message: String },
    Error { kind: &'static str, message: String },
}

impl Verdict {
    /// Its element, the kind and the message. None of what passed.
    fn element(&self) -> Option<(&'static str, Option<&'static str>, &str)> {
        match self {
            Self::Passed => None,
            Self::Skipped(message) => Some(("skipped", None, message)),
            Self::Failed { kind, message } => Some(("failure", Some(*kind), message)),
            Self::Error { kind, message } => Some(("error", Some(*kind), message)),
        }
    }
}

pub(super) fn of_comparisons(all: &[Outcome]) -> Result<String, ExportError> {
    render(&all.iter().map(of_comparison).collect::<Vec<_>>())
}

pub(super) fn of_runs(all: &[RunRecord]) -> Result<String, ExportError> {
    render(&all.iter().map(of_run).collect::<Vec<_>>())
}

fn of_comparison(outcome: &Outcome) -> Suite {
    let side = |side: &Side| format!("{} {} {}", side.version, side.commit, side.profile);
    let mut properties = vec![("baseline", side(&outcome.baseline))];
    properties.extend(outcome.candidates.iter().map(|one| ("candidate", side(&one.side))));
    properties.extend(outcome.host.cpu_model.clone().map(|model| ("cpu", model)));
    let rows = worst_first(outcome).into_iter().map(|(one, row)| of_row(one, row));
    Suite {
        name: format!("nanogate comparison with {}", outcome.baseline.name),
        timestamp: utc(outcome.started_unix_s),
        properties,
        cases: outcome.interrupted.then(interrupted).into_iter().chain(rows).collect(),
    }
}

/// A comparison that ended early, as a case of its own.
fn interrupted() -> Case {
    let verdict = Verdict::Error { kind: "interrupted", message: INTERRUPTED.into() };
    let (class, name) = ("nanogate".into(), "comparison is complete".into());
    Case { class, name, verdict, note: String::new() }
}

fn of_row(candidate: &Candidate, row: &Row) -> Case {
    let message = sentence(row);
    let (verdict, note) = match row.effect {
        Effect::Passes | Effect::Allowed => (Verdict::Passed, message),
        Effect::Muted | Effect::Undecided => (Verdict::Skipped(message), String::new()),
        Effect::Fails => (Verdict::Failed { kind: row.reason.code(), message }, String::new()),
    };
    let class = format!("nanogate.{}", candidate.side.name);
    Case { class, name: row.key.to_string(), verdict, note }
}

fn of_run(record: &RunRecord) -> Suite {
    let tool = &record.tool;
    let mut properties = vec![
        ("version", tool.version.clone()),
        ("commit", tool.commit.clone()),
        ("profile", tool.profile.clone()),
        ("corpus_sha256", record.corpus.digest.clone()),
    ];
    properties.extend(record.host.cpu_model.clone().map(|model| ("cpu", model)));
    let mut cases = vec![of_status(record.status)];
    cases.extend(record.entries.iter().map(of_entry));
    cases.extend(record.skipped.iter().map(of_skipped));
    let timestamp = utc(record.started_unix_s);
    Suite { name: "nanogate run".into(), timestamp, properties, cases }
}

/// Whether all that was planned is there, as a case of its own.
fn of_status(status: Status) -> Case {
    let verdict = match fault(status) {
        None => Verdict::Passed,
        Some((kind, says)) if status == Status::WrongResults => {
            Verdict::Failed { kind, message: says.into() }
        }
        Some((kind, says)) => Verdict::Error { kind, message: says.into() },
    };
    let (class, name) = ("nanogate".into(), "run is complete".into());
    Case { class, name, verdict, note: String::new() }
}

fn of_entry(entry: &Entry) -> Case {
    let place = Place::of(entry);
    let mut lines = Vec::new();
    if let Some(figure) = measurement::headline(&entry.metrics) {
        let interval = figure.interval.map_or_else(String::new, |(low, high)| {
            format!(" (95 % interval {} to {})", short(low), short(high))
        });
        let value = short(figure.value);
        lines.push(format!("{} {value} {}{interval}", figure.metric, figure.unit));
    }
    let absent = entry.absent.iter();
    lines.extend(absent.map(|(metric, why)| format!("{metric} is absent: {why}")));
    lines.extend(entry.warnings.iter().map(|one| format!("{}: {}", one.code, one.message)));
    let class = format!("nanogate.{}", place.backend());
    Case { class, name: place.to_string(), verdict: Verdict::Passed, note: lines.join("\n") }
}

fn of_skipped(skipped: &Skipped) -> Case {
    let verdict = Verdict::Skipped(skipped.reason.clone());
    let class = format!("nanogate.{}", skipped.backend);
    Case { class, name: skipped.backend.clone(), verdict, note: String::new() }
}

fn render(suites: &[Suite]) -> Result<String, ExportError> {
    let mut writer = Writer::new_with_indent(Vec::new(), b' ', 2);
    let failed = |why: String| ExportError::Write { format: "junit", why };
    write_all(&mut writer, suites).map_err(|error| failed(error.to_string()))?;
    let text = String::from_utf8(writer.into_inner()).map_err(|error| failed(error.to_string()))?;
    Ok(text + "\n")
}

type Xml = Writer<Vec<u8>>;

fn write_all(writer: &mut Xml, suites: &[Suite]) -> io::Result<()> {
    writer.write_event(Event::Decl(BytesDecl::new("1.0", Some("UTF-8"), None)))?;
    let cases: Vec<&Case> = suites.iter().flat_map(|suite| &suite.cases).collect();
    let all = writer.create_element("testsuites").with_attribute(("name", "nanogate"));
    let all = all.with_attribute(("tests", cases.len().to_string().as_str()));
    let all = all.with_attribute(("failures", count(&cases, "failure").as_str()));
    let all = all.with_attribute(("errors", count(&cases, "error").as_str()));
    all.write_inner_content(|writer| suites.iter().try_for_each(|suite| write(writer, suite)))?;
    Ok(())
}

/// How many cases have an element of this name.
fn count(cases: &[&Case], element: &str) -> String {
    let has = |case: &&&Case| case.verdict.element().is_some_and(|(name, ..)| name == element);
    cases.iter().filter(has).count().to_string()
}

fn write(writer: &mut Xml, suite: &Suite) -> io::Result<()> {
    let cases: Vec<&Case> = suite.cases.iter().collect();
    let name = legal(&suite.name);
    let element = writer.create_element("testsuite").with_attributes([
        ("name", name.as_str()),
        ("tests", cases.len().to_string().as_str()),
        ("failures", count(&cases, "failure").as_str()),
        ("errors", count(&cases, "error").as_str()),
        ("skipped", count(&cases, "skipped").as_str()),
        ("timestamp", suite.timestamp.as_str()),
    ]);
    element.write_inner_content(|writer| {
        writer.create_element("properties").write_inner_content(|writer| {
            suite.properties.iter().try_for_each(|(name, value)| property(writer, name, value))
        })?;
        cases.iter().try_for_each(|case| write_case(writer, case))
    })?;
    Ok(())
}

fn property(writer: &mut Xml, name: &str, value: &str) -> io::Result<()> {
    let value = legal(value);
    let element = writer.create_element("property");
    element.with_attributes([("name", name), ("value", value.as_str())]).write_empty()?;
    Ok(())
}

fn write_case(writer: &mut Xml, case: &Case) -> io::Result<()> {
    let (class, name) = (legal(&case.class), legal(&case.name));
    let attributes = [("classname", class.as_str()), ("name", name.as_str())];
    let element = writer.create_element("testcase").with_attributes(attributes);
    if case.note.is_empty() && case.verdict.element().is_none() {
        element.write_empty()?;
        return Ok(());
    }
    element.write_inner_content(|writer| {
        if let Some((name, kind, message)) = case.verdict.element() {
            let message = legal(message);
            let element = writer.create_element(name);
            let element = element.with_attributes(kind.map(|kind| ("type", kind)));
            let element = element.with_attribute(("message", message.as_str()));
            element.write_text_content(BytesText::new(&message))?;
        }
        if !case.note.is_empty() {
            let note = legal(&case.note);
            writer.create_element("system-out").write_text_content(BytesText::new(&note))?;
        }
        Ok(())
    })?;
    Ok(())
}

/// The text with what XML 1.0 cannot hold, not even escaped, replaced. Source: section 2.2, `Char`.
fn legal(text: &str) -> String {
    let is_legal = |c: char| match c {
        '\t' | '\n' | '\r' => true,
        '\u{fffe}' | '\u{ffff}' => false,
        _ => c >= ' ',
    };
    text.chars().map(|c| if is_legal(c) { c } else { char::REPLACEMENT_CHARACTER }).collect()
}
