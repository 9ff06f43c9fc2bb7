//! `nanogate corpus` from outside: what it prints, what it leaves behind, how it refuses.

#![allow(clippy::unwrap_used)]

use std::{fs, path::Path};

use assert_cmd::{Command, assert::Assert};
use predicates::{prelude::*, str::contains};
use serde_json::Value;

fn corpus(arguments: &[&str]) -> Command {
    let mut command = Command::new(assert_cmd::cargo::cargo_bin!("nanogate"));
    command.arg("corpus").args(arguments);
    command
}

fn json(arguments: &[&str]) -> Value {
    let output = corpus(arguments).assert().success().get_output().stdout.clone();
    serde_json::from_slice(&output).unwrap()
}

/// One line on standard error, nothing on standard output, exit code 2.
fn refused(arguments: &[&str]) -> Assert {
    let one_line = predicate::function(|text: &str| text.lines().count() == 1);
    corpus(arguments).assert().code(2).stdout("").stderr(one_line)
}

fn names_in(dir: &Path) -> Vec<String> {
    let entries = fs::read_dir(dir).unwrap();
    let names = entries.map(|entry| entry.unwrap().file_name().into_string().unwrap());
    let mut names: Vec<String> = names.collect();
    names.sort();
    names
}

fn path_of(dir: &tempfile::TempDir, name: &str) -> String {
    dir.path().join(name).to_str().unwrap().to_owned()
}

/// `info` counts every command once per risk and gives the ratio with its intervals.
#[test]
fn info_adds_up() {
    let info = json(&["info", "--json"]);
    let risks = info["risks"].as_array().unwrap();
    let sum: u64 = risks.iter().map(|risk| risk["count"].as_u64().unwrap()).sum();
    assert_eq!(sum, info["commands"].as_u64().unwrap());
    let median = &info["compression_ratio"]["median"];
    assert!(median["low"].as_f64() <= median["value"].as_f64());
    assert!(median["value"].as_f64() <= median["high"].as_f64());
    corpus(&["info"]).assert().success().stdout(contains("critical").and(contains("median")));
}

/// `explain rm` says what, how sure and why; an unknown name gets suggestions.
#[test]
fn explain_names_the_rules() {
    let text = corpus(&["explain", "rm"]).assert().success();
    text.stdout(
        contains("critical risk")
            .and(contains("0x13 reject"))
            .and(contains("deletes-files"))
            .and(contains("544350020002d67f249b000002d0138801f4003200026090")),
    );
    let explained = json(&["explain", "git-commit", "--json"]);
    assert_eq!(explained["risk"], "medium");
    assert_eq!(explained["rules"][0]["id"], "works-with-git");
    refused(&["explain", "chmdo"]).stderr(contains("chmod"));
}

/// `list` can be narrowed to one risk.
#[test]
fn list_is_narrowed() {
    let critical = json(&["list", "--risk", "critical", "--json"]);
    let rows = critical.as_array().unwrap();
    assert!(rows.iter().all(|row| row["risk"] == "critical"));
    assert!(rows.iter().any(|row| row["name"] == "mkfs.ext4"));
    corpus(&["list", "--risk", "safe"]).assert().success().stdout(contains("\n cat "));
}

/// The same seed gives the same bytes; the report counts what was planted.
#[test]
fn generate_is_reproducible() {
    let dir = tempfile::tempdir().unwrap();
    let file = path_of(&dir, "records.bin");
    let arguments = ["generate", "--count", "5000", "--seed", "7", "--faults", "100"];
    let piped = corpus(&arguments).assert().success().stderr(contains("5000 records"));
    let piped = piped.get_output().stdout.clone();
    assert_eq!(piped.len(), 5000 * 24);
    let with_file = [&arguments[..], &["--out", &file, "--json"]].concat();
    let report = json(&with_file);
    assert_eq!(fs::read(&file).unwrap(), piped);
    let planted = report["planted"].as_object().unwrap();
    let sum: u64 = planted.values().map(|count| count.as_u64().unwrap()).sum();
    assert_eq!(report["faulty"].as_u64(), Some(sum));
    assert_eq!(names_in(dir.path()), ["records.bin"]);
}

/// A scan of a small tree gives a snapshot that can be used, with its digest beside it, and runs
/// nothing of what it finds.
#[cfg(unix)]
#[test]
fn build_writes_a_snapshot_and_runs_nothing() {
    use std::os::unix::fs::PermissionsExt;
    let dir = tempfile::tempdir().unwrap();
    let root = dir.path().join("root");
    fs::create_dir_all(root.join("usr/bin")).unwrap();
    fs::create_dir_all(root.join("usr/share/man/man1")).unwrap();
    let trap = dir.path().join("was-executed");
    for name in ["groff", "man", "tool", "gzip"] {
        let script = format!("#!/bin/sh\n# usage: none\ntouch {}\n", trap.display());
        let path = root.join("usr/bin").join(name);
        fs::write(&path, script).unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).unwrap();
    }
    let page = ".TH TOOL 1\n.SH NAME\ntool \\- remove things\n";
    fs::write(root.join("usr/share/man/man1/tool.1"), page).unwrap();
    let (root, out) = (root.to_str().unwrap(), path_of(&dir, "x.csv"));
    let mut build = corpus(&["build", "--root", root, "--out", &out, "--json"]);
    build.env("PATH", format!("{root}/usr/bin")).assert().success();
    assert_eq!(names_in(dir.path()), ["root", "x.csv", "x.csv.sha256"]);
    let explained = json(&["explain", "tool", "--corpus", &out, "--json"]);
    assert_eq!(explained["risk"], "medium");
    assert_eq!(explained["rules"][0]["id"], "destroys-words");
    fs::write(&out, fs::read_to_string(&out).unwrap() + " ").unwrap();
    refused(&["info", "--corpus", &out]).stderr(contains("x.csv.sha256"));
}

/// Every bad file or flag is one line that names it, with exit code 2.
#[test]
fn bad_requests_are_refused() {
    let dir = tempfile::tempdir().unwrap();
    let bad_rules = path_of(&dir, "rules.toml");
    fs::write(&bad_rules, "version = 1\nfamilys = []\n").unwrap();
    let bad_csv = path_of(&dir, "bad.csv");
    fs::write(&bad_csv, "name\nrm\n").unwrap();
    let (missing, empty) = (path_of(&dir, "no/such"), dir.path().to_str().unwrap());
    refused(&["info", "--corpus", &missing]).stderr(contains("no/such"));
    refused(&["info", "--corpus", &bad_csv]).stderr(contains("bad.csv line 1"));
    refused(&["info", "--corpus", empty]).stderr(contains("--corpus"));
    refused(&["build", "--rules", &bad_rules]).stderr(contains("rules.toml: line 2"));
    refused(&["build", "--rules", &missing]).stderr(contains("--rules"));
    refused(&["build", "--root", &missing]).stderr(contains("--root"));
    refused(&["build", "--root", &bad_csv]).stderr(contains("not a directory"));
    refused(&["build", "--root", empty]).stderr(contains("no commands found"));
    refused(&["generate", "--count", "1", "--out", &missing]).stderr(contains("--out"));
    refused(&["generate", "--count", "1", "--out", empty]).stderr(contains("--out"));
    refused(&["page", &bad_csv.replace("bad", "none")]).stderr(contains("none.csv"));
    refused(&["page", "no-such-page-at-all"]).stderr(contains("no-such-page-at-all"));
    corpus(&["generate", "--count", "1", "--faults", "1001"])
        .assert()
        .code(2)
        .stderr(contains("--faults"));
}

/// A full disk is exit code 1 and one line that names the file.
#[cfg(target_os = "linux")]
#[test]
fn full_disk_is_a_failure() {
    let generate = corpus(&["generate", "--count", "100000", "--out", "/dev/full"]).assert();
    generate.code(1).stderr(contains("/dev/full"));
    let full = fs::File::options().write(true).open("/dev/full").unwrap();
    let mut command = std::process::Command::new(assert_cmd::cargo::cargo_bin!("nanogate"));
    let status = command.args(["corpus", "list"]).stdout(full).status().unwrap();
    assert_eq!(status.code(), Some(1));
    assert!(Path::new("/dev/full").exists());
}
