//! `nanogate report` as its users meet it: every format, and how it refuses.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test may fail")]

use std::{fs, path::Path};

use assert_cmd::{Command, assert::Assert};
use predicates::{
    prelude::*,
    str::{contains, starts_with},
};
use serde_json::Value;

fn fixture(name: &str) -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures").join(name);
    path.to_str().unwrap().to_owned()
}

fn report(arguments: &[&str]) -> Assert {
    Command::cargo_bin("nanogate").unwrap().arg("report").args(arguments).assert()
}

fn formats() -> Vec<Value> {
    let output = report(&["--format", "list", "--json"]).success();
    serde_json::from_slice(&output.get_output().stdout).unwrap()
}

/// The list names every format with what reads it and what becomes it, as text and as JSON, and
/// the help has it too.
#[test]
fn formats_are_listed() {
    let listed = formats();
    assert_eq!(listed.len(), 11);
    let text = report(&["--format", "list"]).success();
    let text = String::from_utf8(text.get_output().stdout.clone()).unwrap();
    // A line of headings.
    assert_eq!(text.lines().count(), listed.len() + 1);
    let help = report(&["--help"]).success();
    let help = String::from_utf8(help.get_output().stdout.clone()).unwrap();
    for format in listed {
        let name = format["name"].as_str().unwrap();
        assert!(text.contains(name) && help.contains(name), "{name}");
        assert!(text.contains(format["consumer"].as_str().unwrap()), "{text}");
    }
}

/// Every format takes what the list says it takes, and refuses the rest with 2 and what fits.
#[test]
fn formats_take_what_they_say() {
    let (run, comparison) = (fixture("run.json"), fixture("comparison.json"));
    for format in formats() {
        let name = format["name"].as_str().unwrap();
        let holds = format["holds"].as_array().unwrap();
        for (file, kind) in [(&run, "run"), (&comparison, "comparison")] {
            let assert = report(&[file, "--format", name]);
            if holds.contains(&kind.into()) {
                assert.success().stdout(predicate::str::is_empty().not()).stderr("");
            } else {
                let says = format!("--format {name}: {name} does not hold a {kind}");
                let refused = assert.code(2).stdout("").stderr(contains(says));
                let refused = refused.stderr(contains(format!("({file})\n")));
                refused.stderr(contains("formats that do: ").and(contains("\n").count(1)));
            }
        }
    }
}

/// A comparison with a regression is exported with 0: only `compare` and `gate` judge. The file
/// appears whole under its name.
#[test]
fn output_goes_where_it_is_asked_for() {
    let folder = tempfile::tempdir().unwrap();
    let out = folder.path().join("junit.xml");
    let shown = out.to_str().unwrap();
    report(&[&fixture("comparison.json"), "--format", "junit", "--out", shown])
        .success()
        .stdout("");
    assert!(fs::read_to_string(&out).unwrap().ends_with("</testsuites>\n"));
    report(&[&fixture("run.json"), "--format", "csv", "--out", "/no/such/folder/x"])
        .code(2)
        .stderr(contains("--out: cannot create"));
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1, "nothing is left behind");
}

/// Several records go into one table, and a record comes from a pipe too.
#[test]
fn files_go_together() {
    let (run, comparison) = (fixture("run.json"), fixture("comparison.json"));
    let lines = |files: &[&str]| {
        let arguments = [files, &["--format", "csv"]].concat();
        let output = report(&arguments).success();
        String::from_utf8(output.get_output().stdout.clone()).unwrap().lines().count()
    };
    let one = lines(&[&run]);
    assert_eq!(lines(&[&run, &run]), 2 * one - 1, "one header");
    report(&[&run, &comparison, "--format", "csv"])
        .code(2)
        .stderr(contains("run.json is a run record and").and(contains("one at a time")));
    // What cannot be exported is refused with the files' names.
    report(&[&run, &run, "--format", "bencher"])
        .code(2)
        .stdout("")
        .stderr(contains("two figures").and(contains(format!("({run}, {run})\n"))));
    Command::cargo_bin("nanogate")
        .unwrap()
        .args(["report", "-", "--format", "go"])
        .write_stdin(fs::read_to_string(&run).unwrap())
        .assert()
        .success()
        .stdout(contains("BenchmarkNanogate/op=decide/backend=scalar/"));
}

/// The page has a flag of its own, and is the same as its format.
#[test]
fn pages_have_a_flag() {
    let run = fixture("run.json");
    let page = report(&["--html", &run]).success().stdout(starts_with("<!doctype html>"));
    let same = report(&[&run, "--format", "html"]).success();
    assert_eq!(page.get_output().stdout, same.get_output().stdout);
    report(&[&run, "--html", "--format", "csv"]).code(2).stderr(contains("cannot be used with"));
    report(&[&run, &run, "--html"]).code(2).stderr(contains("html shows one file"));
}

/// Files that are missing, foreign, cut off or newer are refused with 2, by name and reason, in one
/// line.
#[test]
fn wrong_files_are_refused() {
    let folder = tempfile::tempdir().unwrap();
    let run = fs::read_to_string(fixture("run.json")).unwrap();
    for (name, text, says) in [
        ("thesis.txt", "my thesis", "is not JSON"),
        ("cut.json", &run[..run.len() / 3], "is cut off"),
        ("new.json", &run.replacen("nanogate.run/1", "nanogate.run/2", 1), "newer than"),
        ("test.json", r#"{"schema": "nanogate.selftest/1"}"#, "nanogate.selftest/1"),
        ("other.json", r#"{"results": []}"#, "has no `schema`"),
    ] {
        let path = folder.path().join(name);
        fs::write(&path, text).unwrap();
        report(&[path.to_str().unwrap(), "--format", "csv"])
            .code(2)
            .stdout("")
            .stderr(contains(name).and(contains(says)).and(contains("\n").count(1)));
    }
    report(&["/no/such/run.json", "--format", "csv"])
        .code(2)
        .stderr(contains("/no/such/run.json: cannot be read"));
    report(&[folder.path().to_str().unwrap(), "--format", "csv"])
        .code(2)
        .stderr(contains("cannot be read"));
}

/// Flags that make no sense are refused by their names.
#[test]
fn wrong_flags_are_refused() {
    let run = fixture("run.json");
    report(&[&run]).code(2).stderr(contains("--format"));
    report(&[&run, "--format", "yaml"]).code(2).stderr(contains("known: github-summary"));
    report(&["--format", "csv"]).code(2).stderr(contains("FILE: none is given"));
    report(&[&run, "--format", "csv", "--json"]).code(2).stderr(contains("--json: only with"));
    report(&[&run, "--format", "csv", "--from", "thesis"]).code(2).stderr(contains("--from"));
}

/// The history of github-action-benchmark becomes other formats; without the flag its file is
/// refused with the flag named, and ours is refused with it.
#[test]
fn histories_are_converted() {
    let data = fixture("data.js");
    let from = ["--from", "github-action-benchmark"];
    let converted =
        |format: &str| report(&[&[data.as_str(), "--format", format], &from[..]].concat());
    converted("csv")
        .success()
        .stdout(starts_with("suite,commit,date_unix_ms,tool,name,unit,value"));
    converted("github-comment").success().stdout(contains("last over before"));
    converted("bencher").success().stdout(contains("Custom/bench_fib_10"));
    converted("junit").code(2).stderr(contains("formats that do: github-summary"));
    let folder = tempfile::tempdir().unwrap();
    let json = folder.path().join("data.json");
    fs::write(&json, r#"{"entries": {}, "repoUrl": ""}"#).unwrap();
    report(&[json.to_str().unwrap(), "--format", "csv"])
        .code(2)
        .stderr(contains("--from github-action-benchmark"));
    let run = fixture("run.json");
    report(&[&[run.as_str(), "--format", "csv"], &from[..]].concat())
        .code(2)
        .stderr(contains("is neither a list of results nor an object with `entries`"));
}
