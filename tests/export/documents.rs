//! What can be exported, and how the rest is refused.

use nanogate::export::{
    History,
    document::{self, Documents, Origin, Source},
};

use super::{COMPARISON, DATA_JS, RUN};

fn source(name: &str, text: &str) -> Source {
    Source { name: name.into(), bytes: text.as_bytes().to_vec() }
}

fn refused(text: &str) -> String {
    document::read(&[source("file", text)], Origin::Nanogate).unwrap_err().to_string()
}

/// The schema says what a file holds; several of one kind go together, and two kinds do not.
#[test]
fn the_schema_decides() {
    let read = |all: &[Source]| document::read(all, Origin::Nanogate);
    let (run, comparison) = (source("a.json", RUN), source("b.json", COMPARISON));
    let both = read(&[run.clone(), run.clone()]).unwrap();
    assert!(matches!(both, Documents::Runs(all) if all.len() == 2));
    let with_mark = source("a.json", &format!("\u{feff}{COMPARISON}"));
    assert!(matches!(read(&[with_mark]).unwrap(), Documents::Comparisons(_)));
    let mixed = read(&[run, comparison]).unwrap_err().to_string();
    assert_eq!(mixed, "a.json is a run record and b.json a comparison: export them one at a time");
    assert!(read(&[]).is_err());
}

/// Files are refused by name and by what is wrong with them.
#[test]
fn foreign_files_are_refused() {
    for (text, says) in [
        ("", "is not JSON"),
        ("my thesis", "is not JSON"),
        ("{}", "has no `schema`"),
        ("[]", "has no `schema`"),
        (r#"{"schema": 1}"#, "has no `schema`"),
        (r#"{"schema": "nanogate.selftest/1"}"#, "is `nanogate.selftest/1`, and only"),
        (r#"{"schema": "other/9"}"#, "is `other/9`, and only"),
        (r#"{"schema": "nanogate.run/2"}"#, "newer than `nanogate.run/1`"),
        (r#"{"schema": "nanogate.comparison/7"}"#, "newer than `nanogate.comparison/1`"),
        (r#"{"schema": "nanogate.run/1"}"#, "says it is `nanogate.run/1`, and is not: missing"),
        (&RUN[..RUN.len() / 2], "is cut off"),
        (&COMPARISON[..COMPARISON.len() - 3], "is cut off"),
        (&RUN.replacen("\"method\": \"throughput\"", "\"method\": \"guesswork\"", 1), "guesswork"),
    ] {
        let refused = refused(text);
        assert!(refused.starts_with("file: ") && refused.contains(says), "{says}: {refused}");
        assert!(!refused.contains('\n'), "{refused}");
    }
}

/// A history is read from data.js, from the same as JSON, and from a list of results alone.
#[test]
fn histories_are_read_in_all_three_forms() {
    let history = History::parse(DATA_JS.as_bytes()).unwrap();
    assert_eq!(history.suites.len(), 2);
    assert_eq!(history.suites[0].name, "Rust Benchmark");
    assert_eq!(history.suites[0].runs[1].benches[0].value.to_string(), "260");
    let json = DATA_JS.strip_prefix("window.BENCHMARK_DATA = ").unwrap();
    assert_eq!(History::parse(json.as_bytes()).unwrap(), history);
    assert_eq!(History::parse(format!("{DATA_JS};\n").as_bytes()).unwrap(), history);
    let list = r#"[{"name": "cpu", "unit": "percent", "value": 50}]"#;
    let alone = History::parse(list.as_bytes()).unwrap();
    assert_eq!(alone.suites[0].runs[0].benches[0].unit, "percent");
    assert!(alone.suites[0].runs[0].commit.is_none());
}

/// The action keeps a range as it was given, which may be a number.
#[test]
fn ranges_are_text_or_numbers() {
    let range = |range: &str| {
        let list = format!(r#"[{{"name": "a", "unit": "ns", "value": 1, "range": {range}}}]"#);
        let history = History::parse(list.as_bytes());
        history.map(|history| history.suites[0].runs[0].benches[0].range.clone())
    };
    for (given, read) in
        [(r#""± 3""#, Some("± 3")), ("2.5", Some("2.5")), ("3", Some("3")), ("null", None)]
    {
        assert_eq!(range(given).unwrap().as_deref(), read, "{given}");
    }
    let refused = range("[1, 2]").unwrap_err().to_string();
    assert_eq!(refused, "result 1: `range` is neither text nor a number");
}

/// What is not the action's is refused with its place.
#[test]
fn foreign_histories_are_refused() {
    let cut = &DATA_JS[..DATA_JS.len() / 2];
    let no_unit = r#"[{"name": "a", "unit": "ns", "value": 1}, {"name": "b", "value": 1}]"#;
    let text_value = r#"[{"name": "a", "unit": "ns", "value": "1"}]"#;
    let no_benches = r#"{"entries": {"S": [{"benches": []}, {"tool": "go"}]}}"#;
    for (text, says) in [
        ("", "is cut off"),
        (cut, "is cut off"),
        ("window.BENCHMARK_DATA = maybe", "is neither JSON nor a data.js"),
        ("3", "is neither a list of results"),
        (RUN, "is neither a list of results"),
        (no_unit, "result 2: missing field `unit`"),
        (text_value, "result 1: invalid type: string"),
        (no_benches, "run 2 of suite `S`: missing field `benches`"),
        (r#"{"entries": {"S": 1}}"#, "suite `S`: invalid type"),
    ] {
        let refused = History::parse(text.as_bytes()).unwrap_err().to_string();
        assert!(refused.contains(says), "{says}: {refused}");
    }
    assert!(History::parse(&[0xff, 0xfe]).is_err());
}
