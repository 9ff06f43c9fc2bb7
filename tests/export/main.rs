//! Every exporter against the documented shape of what reads it. Each module here reads the text of
//! one format again, by a parser of its own, and the hostile names below go through all of them.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test may fail")]

mod action_benchmark;
mod annotations;
mod bencher;
mod comma_separated;
mod documents;
mod go;
mod google;
mod html;
mod junit;
mod markdown;
mod openmetrics;

use nanogate::{
    export::{
        FORMATS, History,
        document::{Documents, Kind},
        find,
    },
    gate::outcome::Outcome,
    report::record::RunRecord,
};
use proptest::prelude::*;

const RUN: &str = include_str!("../fixtures/run.json");
const COMPARISON: &str = include_str!("../fixtures/comparison.json");
const DATA_JS: &str = include_str!("../fixtures/data.js");

fn run() -> RunRecord {
    serde_json::from_str(RUN).unwrap()
}

fn comparison() -> Outcome {
    serde_json::from_str(COMPARISON).unwrap()
}

fn history() -> History {
    History::parse(DATA_JS.as_bytes()).unwrap()
}

fn export(format: &str, documents: &Documents) -> String {
    find(format).unwrap().export(documents).unwrap()
}

fn of_run(format: &str, record: RunRecord) -> String {
    export(format, &Documents::Runs(vec![record]))
}

fn of_comparison(format: &str, outcome: Outcome) -> String {
    export(format, &Documents::Comparisons(vec![outcome]))
}

fn of_history(format: &str, history: History) -> String {
    export(format, &Documents::Histories(vec![history]))
}

/// Reads the text again, whatever its format, and gives the names that stand in it.
fn names(format: &str, kind: Kind, text: &str) -> Vec<String> {
    match format {
        "github-summary" | "github-comment" => markdown::names(text),
        "github-annotations" => annotations::names(text),
        "junit" => junit::names(text),
        "bencher" => bencher::names(text),
        "github-action-benchmark" => action_benchmark::names(text),
        "google-benchmark" => google::names(text),
        "html" => html::names(text),
        "go" => go::names(text),
        "csv" => comma_separated::names(text, kind),
        "openmetrics" => openmetrics::names(text),
        other => panic!("{other} has no test"),
    }
}

/// What each format makes of a small record and a small comparison: a change is seen, and meant.
/// Not that of pages, which hold their scripts: `tests/html.rs` looks at what is in them.
#[test]
fn formats_are_as_before() {
    let documents = [
        Documents::Runs(vec![run()]),
        Documents::Comparisons(vec![comparison()]),
        Documents::Histories(vec![history()]),
    ];
    for format in FORMATS.into_iter().filter(|format| format.name != "html") {
        for (documents, kind) in documents.iter().zip(["run", "comparison", "history"]) {
            if format.holds(documents.kind()) {
                let name = format!("{}-of-{kind}", format.name);
                insta::assert_snapshot!(name, format.export(documents).unwrap());
            }
        }
    }
}

/// A device that a driver imitates is labelled in every format of a record, and so is what nobody
/// measured, or it is not there; the figure that the samples do not bear is nowhere.
#[test]
fn labels_are_in_every_format() {
    for format in FORMATS {
        let text = of_run(format.name, run());
        if format.name != "github-annotations" {
            assert!(text.contains("software"), "{}: {text}", format.name);
        }
        let modelled = text.contains("model/") || text.contains("model-latency");
        assert!(!modelled || text.to_lowercase().contains("modelled"), "{}: {text}", format.name);
        let is_absent = |line: &str| !line.contains("p99.999") || line.contains("absent");
        assert!(text.lines().all(is_absent), "{}: {text}", format.name);
    }
}

/// Nothing in the fixtures is zero but what was counted as zero, and so nothing in any text is.
#[test]
fn what_is_absent_is_not_zero() {
    let mut record = run();
    record.entries.retain(|entry| entry.backend != "fpga-verilator");
    for format in ["csv", "openmetrics", "bencher", "github-action-benchmark", "go"] {
        let text = of_run(format, record.clone());
        let is_zero = |word: &str| word.parse::<f64>().is_ok_and(|number| number == 0.0);
        let words = |c: char| c.is_whitespace() || c == ',';
        let zeros = text.lines().filter(|line| line.split(words).any(is_zero)).count();
        assert_eq!(zeros, 0, "{format}: {text}");
    }
}

/// A format that does not hold a kind of document says so, and names those that do.
#[test]
fn misfits_name_what_fits() {
    let comparisons = Documents::Comparisons(vec![comparison()]);
    let refused = find("go").unwrap().export(&comparisons).unwrap_err().to_string();
    assert!(refused.starts_with("go does not hold a comparison"), "{refused}");
    assert!(refused.contains("junit") && !refused.contains("google-benchmark"), "{refused}");
}

/// Figures that consumers would take for one another are refused, and documents without any too.
#[test]
fn names_are_given_once() {
    let twice = Documents::Runs(vec![run(), run()]);
    for format in ["bencher", "github-action-benchmark", "google-benchmark", "openmetrics"] {
        let refused = find(format).unwrap().export(&twice).unwrap_err().to_string();
        assert!(refused.contains("two figures have the name"), "{format}: {refused}");
    }
    let empty = Documents::Runs(vec![RunRecord { entries: Vec::new(), ..run() }]);
    for format in ["bencher", "github-action-benchmark", "google-benchmark", "go", "csv"] {
        let refused = find(format).unwrap().export(&empty).unwrap_err().to_string();
        assert!(refused.contains("nothing in the file"), "{format}: {refused}");
        assert_eq!(refused.contains("--format csv"), format != "csv", "{refused}");
    }
}

/// Characters that mean something to one of the formats, and any other.
fn hostile() -> impl Strategy<Value = String> {
    let special = proptest::sample::select(vec![
        '"', '\'', '\n', '\r', '\t', '|', '%', '<', '>', '&', ':', ',', '#', '@', '`', '\\', '*',
        '_', '{', '}', '=', '/', '-', ' ', '\u{0}', '\u{1b}', '\u{85}', '\u{2028}', '\u{fffe}',
    ]);
    let some = prop_oneof![3 => special, 1 => any::<char>()];
    proptest::collection::vec(some, 1..24).prop_map(|chars| chars.into_iter().collect())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(96))]

    /// Names that hold what is special to a format come out of it as they went in, and everything
    /// around them is still in form.
    #[test]
    fn hostile_names_come_through(name in hostile(), other in hostile()) {
        let name = format!("x{name}x");
        let mut record = run();
        record.tool.commit.clone_from(&other);
        record.host.cpu_model = Some(other.clone());
        record.skipped[0].reason.clone_from(&other);
        record.warnings[0].message.clone_from(&other);
        record.entries[0].warnings[0].message.clone_from(&other);
        for entry in &mut record.entries[..2] {
            entry.backend.clone_from(&name);
        }
        let mut outcome = comparison();
        outcome.baseline.name.clone_from(&other);
        outcome.candidates[0].side.name.clone_from(&other);
        outcome.candidates[0].rows[0].key.backend.clone_from(&name);
        outcome.candidates[0].rows[5].mute.as_mut().unwrap().reason.clone_from(&other);
        let mut past = history();
        past.suites[0].runs[1].benches[0].name.clone_from(&name);
        past.suites[0].runs[1].benches[1].extra = Some(other);
        let all = [
            Documents::Runs(vec![record]),
            Documents::Comparisons(vec![outcome]),
            Documents::Histories(vec![past]),
        ];
        for format in FORMATS {
            for documents in all.iter().filter(|one| format.holds(one.kind())) {
                let text = format.export(documents).unwrap();
                let found = names(format.name, documents.kind(), &text);
                let wanted = seen_by(format.name, &name);
                prop_assert!(
                    found.iter().any(|found| found.contains(&wanted)),
                    "{}: {wanted:?} is not in {found:?} of\n{text}",
                    format.name
                );
            }
        }
    }
}

/// A name as a format can hold it: some have no line breaks, and XML has no control characters.
fn seen_by(format: &str, name: &str) -> String {
    match format {
        "github-summary" | "github-comment" => markdown::seen(name),
        "junit" => junit::seen(name),
        _ => name.to_owned(),
    }
}
