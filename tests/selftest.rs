//! The self-test as its users meet it: what it stores, how it goes on, and how it fails.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test may fail")]

use std::{fs, path::Path};

use assert_cmd::{Command, assert::Assert};
use nanogate::{
    gate::{
        fitness::{self, Unfit},
        selftest::SelfTest,
    },
    host::fingerprint::Fingerprint,
};
use predicates::{prelude::*, str::contains};
use serde_json::{Value, json};

/// The program in a folder of its own, with a slowdown that no busy machine hides.
fn selftest(folder: &Path, more: &[&str]) -> Assert {
    Command::cargo_bin("nanogate")
        .unwrap()
        .current_dir(folder)
        .env("TMPDIR", folder)
        .args(["selftest", "--batch", "64", "--budget", "0.05", "--plant", "60"])
        .args(more)
        .assert()
}

/// A busy machine may find identical programs different, or the plant not just so large: then the
/// codes are 5 and 4, and what is tested here holds all the same.
fn ended(assert: Assert) -> Assert {
    assert.code(predicate::in_iter([0, 4, 5]))
}

fn read(path: &Path) -> Value {
    serde_json::from_str(&fs::read_to_string(path).unwrap()).unwrap()
}

fn schema() -> jsonschema::Validator {
    let path =
        Path::new(env!("CARGO_MANIFEST_DIR")).join("schemas/nanogate.selftest-1.schema.json");
    let schema = read(&path);
    jsonschema::draft202012::meta::validate(&schema).expect("the schema itself is valid");
    jsonschema::validator_for(&schema).unwrap()
}

fn assert_valid(result: &Value) {
    let errors: Vec<String> = schema()
        .iter_errors(result)
        .map(|error| format!("{}: {error}", error.instance_path()))
        .collect();
    assert!(errors.is_empty(), "{}", errors.join("\n"));
}

/// Lines of a log that are comparisons.
fn rows(log: &Path) -> Vec<String> {
    let text = fs::read_to_string(log).unwrap();
    text.lines().filter(|line| !line.starts_with('#')).skip(1).map(str::to_owned).collect()
}

fn count(rows: &[String], kind: &str) -> usize {
    rows.iter().filter(|row| row.split(',').nth(1) == Some(kind)).count()
}

/// A small self-test stores a valid result where the gate looks for it, and each comparison in the
/// log. Spoiled results are refused by the schema. It goes on from its log with higher counts,
/// also from a line that was cut off, and does nothing twice.
#[test]
fn results_are_stored_and_tests_go_on() {
    let folder = tempfile::tempdir().unwrap();
    let small = ["--comparisons", "3", "--trials", "2", "--log", "log.csv"];
    ended(selftest(folder.path(), &small)).stdout(contains("Identical programs"));
    let result = read(&folder.path().join(".nanogate/selftest.json"));
    assert_valid(&result);
    assert_eq!(result["status"], "complete");
    assert_eq!(result["false_alarms"]["raw"]["of"], 3);
    for spoil in [
        |result: &mut Value| result["schema"] = json!("nanogate.selftest/2"),
        |result: &mut Value| result["executable"]["digest"] = json!("unknown"),
        |result: &mut Value| result["false_alarms"]["raw"]["at_most"] = json!(1.5),
        |result: &mut Value| result["planted"][0]["surprise"] = json!(1),
        |result: &mut Value| result["sizing"]["launches"] = json!(5),
        |result: &mut Value| drop(result["settings"].as_object_mut().unwrap().remove("core")),
    ] {
        let mut spoiled = result.clone();
        spoil(&mut spoiled);
        assert!(!schema().is_valid(&spoiled));
    }
    let log = folder.path().join("log.csv");
    let before = rows(&log);
    assert_eq!(count(&before, "same"), 3);
    fs::write(&log, fs::read_to_string(&log).unwrap() + "99,same,0").unwrap();
    let larger = ["--comparisons", "5", "--trials", "2", "--log", "log.csv", "--resume", "--json"];
    let output = ended(selftest(folder.path(), &larger));
    let resumed: Value = serde_json::from_slice(&output.get_output().stdout).unwrap();
    assert_valid(&resumed);
    assert_eq!(resumed["false_alarms"]["raw"]["of"], 5);
    let after = rows(&log);
    assert_eq!(after[..before.len()], before, "nothing is done twice");
    assert_eq!(count(&after, "same"), 5);
    assert_eq!(resumed["sizing"], result["sizing"]);
}

/// A large planted slowdown is measured as what it was calibrated to, and found each time.
#[test]
fn planted_work_is_found() {
    let folder = tempfile::tempdir().unwrap();
    let quick = ["--comparisons", "0", "--trials", "3"];
    // Calibration itself may fail on a machine that is busy all the time: three tries.
    let found = (0..3).any(|_| {
        ended(selftest(folder.path(), &quick));
        let planted = &read(&folder.path().join(".nanogate/selftest.json"))["planted"][0];
        let calibrated = planted["calibrated_percent"]["value"].as_f64();
        let trials = planted["trials_percent"]["value"].as_f64();
        calibrated.is_some_and(|percent| (54.0..=66.0).contains(&percent))
            && trials.is_none_or(|percent| (40.0..80.0).contains(&percent))
            && planted["found"]["count"] == 3
    });
    assert!(found, "{}", read(&folder.path().join(".nanogate/selftest.json")));
}

/// A log of other settings, of another program or of nothing like it is refused, by what differs,
/// and an existing one is not written over.
#[test]
fn foreign_logs_are_refused() {
    let folder = tempfile::tempdir().unwrap();
    let log = folder.path().join("log.csv");
    let small = ["--comparisons", "1", "--trials", "0", "--log", "log.csv"];
    let again =
        |more: &[&str]| selftest(folder.path(), &[&small[..], &["--resume"], more].concat());
    again(&[]).code(2).stderr(contains("log.csv: cannot be read"));
    ended(selftest(folder.path(), &small));
    let text = fs::read_to_string(&log).unwrap();
    selftest(folder.path(), &small).code(2).stderr(contains("exists; add --resume"));
    again(&["--seed", "2"]).code(2).stderr(contains("other settings (seed was 1, is 2)"));
    for (from, to, says) in [
        ("\"digest\":\"", "\"digest\":\"0", "another build"),
        ("\"cores_usable\":", "\"cores_usable\":9", "another host (cores_usable"),
        ("# sizing", "# sizes", "has no `# sizing` line"),
        ("\n1,", "\n2,", "lines missing"),
        ("# nanogate selftest log 1", "# my thesis", "is no log of a self-test"),
    ] {
        fs::write(&log, text.replacen(from, to, 1)).unwrap();
        again(&[]).code(2).stderr(contains(says).and(contains("\n").count(1)));
    }
    assert_eq!(rows(&log).len(), rows_of(&text), "a refused log is left as it is");
}

fn rows_of(text: &str) -> usize {
    text.lines().filter(|line| !line.starts_with('#')).count() - 1
}

/// A worker that dies is one line that names it, and what was measured before is stored as
/// interrupted; no worker is left behind to hold the next one up.
#[test]
fn a_dead_worker_is_one_line() {
    let folder = tempfile::tempdir().unwrap();
    let dying = ["--comparisons", "4", "--trials", "0", "--plant-death", "3"];
    selftest(folder.path(), &dying)
        .code(1)
        .stderr(contains("the candidate worker died (signal: 9").and(contains("\n").count(1)));
    let result = read(&folder.path().join(".nanogate/selftest.json"));
    assert_valid(&result);
    assert_eq!(result["status"], "interrupted");
}

/// Ctrl-C keeps what was measured, in the log and in the result, and exits with 130.
#[cfg(unix)]
#[test]
fn interrupted_tests_keep_what_they_have() {
    use rustix::process::{Pid, Signal, kill_process};
    let folder = tempfile::tempdir().unwrap();
    let log = folder.path().join("log.csv");
    let mut child = std::process::Command::new(env!("CARGO_BIN_EXE_nanogate"))
        .current_dir(folder.path())
        .env("TMPDIR", folder.path())
        .args(["selftest", "--batch", "64", "--budget", "0.05", "--plant", "60"])
        .args(["--comparisons", "100000", "--trials", "0", "--log", "log.csv"])
        .stdout(std::process::Stdio::null())
        .spawn()
        .unwrap();
    let has_begun = (0..6_000).any(|_| {
        std::thread::sleep(std::time::Duration::from_millis(10));
        log.exists() && fs::read_to_string(&log).unwrap().lines().count() > 8
    });
    kill_process(Pid::from_raw(child.id() as i32).unwrap(), Signal::INT).unwrap();
    assert_eq!(child.wait().unwrap().code(), Some(130));
    assert!(has_begun);
    let result = read(&folder.path().join(".nanogate/selftest.json"));
    assert_valid(&result);
    assert_eq!(result["status"], "interrupted");
    let compared = count(&rows(&log), "same");
    assert_eq!(result["false_alarms"]["raw"]["of"], compared);
    assert!(compared >= 1);
}

/// A result of a debug build, or with few comparisons, does not arm the gate; the same result
/// would not arm it on another host either.
#[test]
fn small_results_do_not_arm() {
    let folder = tempfile::tempdir().unwrap();
    ended(selftest(folder.path(), &["--comparisons", "1", "--trials", "0"]))
        .stdout(contains("may not arm"));
    let text = fs::read_to_string(folder.path().join(".nanogate/selftest.json")).unwrap();
    let result: SelfTest = serde_json::from_str(&text).unwrap();
    let host = Fingerprint::read();
    let refused = fitness::may_arm(&result, &host, result.ended_unix_s).unwrap_err();
    assert!(matches!(refused, Unfit::DebugBuild | Unfit::TooFew(1)), "{refused}");
    let other = Fingerprint { cores_usable: host.cores_usable + 1, ..host };
    let refused = fitness::may_arm(&result, &other, result.ended_unix_s).unwrap_err();
    assert!(matches!(refused, Unfit::OtherHost(_)), "{refused}");
}

/// Without trials no slowdown is calibrated, unless one is asked for by name.
#[test]
fn nothing_is_planted_where_nothing_is_tried() {
    let folder = tempfile::tempdir().unwrap();
    let small = ["selftest", "--batch", "64", "--budget", "0.05", "--comparisons", "1"];
    let assert = Command::cargo_bin("nanogate")
        .unwrap()
        .current_dir(folder.path())
        .env("TMPDIR", folder.path())
        .args(small)
        .args(["--trials", "0", "--json"])
        .assert();
    let result: Value = serde_json::from_slice(&ended(assert).get_output().stdout).unwrap();
    assert_eq!(result["planted"], Value::Array(Vec::new()), "{result}");
    assert_eq!(result["false_alarms"]["raw"]["of"], 1);
}

/// What cannot be asked for is refused by the name of its flag, before anything is measured.
#[test]
fn bad_flags_are_refused() {
    let folder = tempfile::tempdir().unwrap();
    let refused = |more: &[&str], says: &str| {
        let mut command = Command::cargo_bin("nanogate").unwrap();
        command.current_dir(folder.path()).env("TMPDIR", folder.path()).arg("selftest");
        command.args(more).assert().code(2).stderr(contains(says.to_owned()));
    };
    refused(&["--backend", "nonesuch"], "no backend `nonesuch`");
    refused(&["--backend", "fpga-verilator"], "processor backends");
    refused(&["--plant", "0"], "not a percentage");
    refused(&["--budget", "nan"], "not a number of seconds");
    refused(&["--core", "99999"], "--core: core 99999 is not available");
    refused(&["--resume"], "--log");
    fs::write(folder.path().join("thesis"), "my thesis").unwrap();
    refused(&["--out", "thesis"], "exists and is no self-test");
}

/// A worker by itself verifies, answers and ends, and refuses what it does not understand.
#[test]
fn workers_answer() {
    let folder = tempfile::tempdir().unwrap();
    let records = nanogate::corpus::Corpus::embedded().unwrap().records();
    let bytes: Vec<u8> = records.iter().take(128).flat_map(|one| *one.as_bytes()).collect();
    fs::write(folder.path().join("input"), &bytes).unwrap();
    let worker = |input: &str, batch: &str| {
        let mut command = Command::cargo_bin("nanogate").unwrap();
        let fixed = ["worker", "--backend", "scalar", "--layout-seed", "1", "--launch", "1"];
        let timer = ["--timer", "monotonic:1000000000"];
        command.current_dir(folder.path()).args(fixed).args(timer);
        command.args(["--input", "input", "--batch", batch]).write_stdin(input).assert()
    };
    let output = worker("read 4 0\nread 4 500000\nend\n", "64").success();
    let said = String::from_utf8(output.get_output().stdout.clone()).unwrap();
    let lines: Vec<&str> = said.lines().collect();
    assert_eq!((lines.len(), lines[0], lines[3]), (4, "ready", "verified"));
    assert!(lines[1..3].iter().all(|picos| picos.parse::<u64>().unwrap() > 0), "{said}");
    worker("jump\n", "64").code(2).stderr(contains("`jump` is none of"));
    worker("end\n", "100").code(2).stderr(contains("no whole batches of 100"));
    worker("", "64").code(1).stderr(contains("ended without `end`"));
}
