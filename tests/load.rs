//! `nanogate run --method load` as its users meet it: real runs, and the wrong flags.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test may fail")]

use std::{fs, path::Path};

use assert_cmd::{Command, assert::Assert};
use predicates::{prelude::*, str::contains};
use serde_json::{Value, json};

/// A load with a folder of its own for its lock, its record and its logs.
fn load(folder: &Path, flags: &[&str]) -> Assert {
    Command::cargo_bin("nanogate")
        .unwrap()
        .env("TMPDIR", folder)
        .args(["run", "--method", "load", "--backend", "scalar", "--out"])
        .arg(folder.join("run.json"))
        .args(flags)
        .assert()
}

fn record(folder: &Path) -> Value {
    serde_json::from_str(&fs::read_to_string(folder.join("run.json")).unwrap()).unwrap()
}

fn schema() -> jsonschema::Validator {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("schemas/nanogate.run-1.schema.json");
    let schema: Value = serde_json::from_str(&fs::read_to_string(path).unwrap()).unwrap();
    jsonschema::validator_for(&schema).unwrap()
}

fn assert_valid(record: &Value) {
    let errors: Vec<String> = schema()
        .iter_errors(record)
        .map(|error| format!("{}: {error}", error.instance_path()))
        .collect();
    assert!(errors.is_empty(), "{}", errors.join("\n"));
}

/// A real run has an entry for each number of clients and each rate, every request accounted for,
/// both distributions, the percentiles that are earned and reasons for the others, and both logs.
#[test]
fn loads_are_measured() {
    let folder = tempfile::tempdir().unwrap();
    let logs = folder.path().join("logs");
    let flags = ["--clients", "3,1", "--rate", "4000,2000", "--arrivals", "constant"];
    let flags = [&flags[..], &["--workers", "2", "--budget", "0.5"]].concat();
    let flags = [&flags[..], &["--hlog", logs.to_str().unwrap()]].concat();
    load(folder.path(), &flags)
        .success()
        .stdout(contains("Load: requests on a schedule").and(contains("Knee").not()));
    let record = record(folder.path());
    assert_valid(&record);
    assert_eq!(record["status"], "complete");
    let entries = record["entries"].as_array().unwrap();
    let kinds: Vec<(u64, u64)> = entries
        .iter()
        .map(|entry| {
            let load = &entry["load"];
            (load["clients"].as_u64().unwrap(), load["rate_offered_per_s"].as_f64().unwrap() as u64)
        })
        .collect();
    assert_eq!(kinds, [(1, 2_000), (1, 4_000), (3, 2_000), (3, 4_000)]);
    for (entry, (_, rate)) in entries.iter().zip(kinds) {
        let load = &entry["load"];
        assert_eq!((&entry["method"], &entry["threads"]), (&json!("load"), &json!(2)));
        assert_eq!(load["requests"], rate / 2, "half a second of {rate}");
        let lost = load["lost"].as_u64().unwrap();
        assert_eq!(entry["sample_count"], load["requests"].as_u64().unwrap() - lost);
        assert_eq!((&load["silent_clients"], &load["rate_source"]), (&json!(0), &json!("stated")));
        let metrics = &entry["metrics"];
        let nanos = |id: &str| metrics[id].as_f64().unwrap_or_else(|| panic!("{id}: {entry}"));
        assert!(nanos("host/response/min") >= nanos("host/service/min"));
        if lost == 0 {
            assert!(nanos("host/response/p99") >= nanos("host/service/p99"));
        }
        let absent = entry["absent"]["host/service/p99.999"].as_str().unwrap();
        assert!(absent.starts_with("needs 1000000 samples, has "), "{absent}");
    }
    let mut names: Vec<_> = fs::read_dir(&logs)
        .unwrap()
        .map(|file| file.unwrap().file_name().into_string().unwrap())
        .collect();
    names.sort();
    assert_eq!(names.len(), 8, "{names:?}");
    assert!(names[0].ends_with("-workers2-clients1-rate2000-response.hlog"), "{names:?}");
    let log = fs::read_to_string(logs.join(&names[0])).unwrap();
    assert_eq!(log.lines().filter(|line| line.contains(",HIST")).count(), 10, "{log}");
}

/// Without a rate it is half of what one worker does; more clients than requests are told; and
/// each way to spoil such an entry is refused by the schema.
#[test]
fn rates_have_a_source() {
    let folder = tempfile::tempdir().unwrap();
    let flags = ["--clients", "10000", "--batch", "16384", "--budget", "0.05"];
    load(folder.path(), &flags).success().stdout(contains("clients-silent"));
    let record = record(folder.path());
    assert_valid(&record);
    let load = &record["entries"][0]["load"];
    assert_eq!(
        (&load["rate_source"], &load["arrivals"]),
        (&json!("half-of-one-worker"), &json!("poisson"))
    );
    let (rate, most) = (&load["rate_offered_per_s"], &load["one_worker_per_s"]);
    let share = rate.as_f64().unwrap() / most.as_f64().unwrap();
    assert!((share - 0.5).abs() < 1e-9, "{share}");
    for spoil in [
        |entry: &mut Value| entry["load"]["lost"] = json!(-1),
        |entry: &mut Value| entry["load"]["clients"] = json!(10_001),
        |entry: &mut Value| drop(entry["load"].as_object_mut().unwrap().remove("histograms")),
        |entry: &mut Value| entry["metrics"]["host/per_record/p50"] = json!(1.0),
        |entry: &mut Value| entry["method"] = json!("latency"),
        |entry: &mut Value| drop(entry.as_object_mut().unwrap().remove("load")),
    ] {
        let mut spoiled = record.clone();
        spoil(&mut spoiled["entries"][0]);
        assert!(!schema().is_valid(&spoiled));
    }
}

/// A bound that everything holds, or nothing, gives a knee with one end, and the latter a warning;
/// the rate that is then measured is the knee's.
#[test]
fn knees_are_looked_for() {
    let folder = tempfile::tempdir().unwrap();
    let flags = ["--clients", "1", "--budget", "0.1", "--knee-p99", "0.001"];
    load(folder.path(), &flags)
        .success()
        .stdout(contains("Knee: the highest").and(contains("no-knee")));
    let record = record(folder.path());
    assert_valid(&record);
    let load = &record["entries"][0]["load"];
    let knee = &load["knee"];
    assert_eq!((&knee["response_ns_p99_max"], &load["rate_source"]), (&json!(1.0), &json!("knee")));
    assert!(knee["holds_per_s"].is_null(), "no request takes a nanosecond");
    assert_eq!(knee["fails_per_s"], load["rate_offered_per_s"]);
    let points = knee["points"].as_array().unwrap();
    assert!(points.len() >= 4 && points.iter().all(|point| point["holds"] == false));
}

/// What makes no sense is refused in one line that names the flag, before anything is measured.
#[test]
fn wrong_flags_are_refused() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("file");
    fs::write(&file, "").unwrap();
    for (flags, told) in [
        (&["--clients", "10001"][..], "--clients"),
        (&["--clients", "0"], "--clients"),
        (&["--rate", "0"], "requests per second above 0"),
        (&["--rate=-1"], "--rate"),
        (&["--arrivals", "bursts"], "known: poisson, constant"),
        (&["--workers", "0"], "--workers"),
        (&["--knee-p99", "never"], "microseconds above 0"),
        (&["--rate", "1e6", "--budget", "60"], "more than the 16777216 that fit"),
        (&["--hlog", file.to_str().unwrap()], "--hlog"),
    ] {
        load(folder.path(), flags).code(2).stderr(contains(told));
    }
    for flag in [&["--clients", "5"][..], &["--rate", "5"], &["--workers", "1"]] {
        let mut command = Command::cargo_bin("nanogate").unwrap();
        command.env("TMPDIR", folder.path()).args(["run", "--method", "latency"]).args(flag);
        let told = format!("{}: add --method load", flag[0]);
        command.assert().code(2).stderr(contains(told));
    }
    for (backend, instead) in
        [("gpu-wgpu", "--method stream"), ("fpga-verilator", "--method cycles")]
    {
        let mut command = Command::cargo_bin("nanogate").unwrap();
        command.env("TMPDIR", folder.path()).args([
            "run",
            "--method",
            "load",
            "--backend",
            backend,
        ]);
        let told = contains("backends of the host only").and(contains(instead));
        command.assert().code(2).stderr(told.and(contains(backend)));
    }
    assert!(!folder.path().join("run.json").exists());
}

/// A log that is none of ours is not replaced.
#[test]
fn foreign_logs_are_kept() {
    let folder = tempfile::tempdir().unwrap();
    let logs = folder.path().join("logs");
    let flags = ["--clients", "1", "--rate", "2000", "--budget", "0.05", "--hlog"];
    let flags = [&flags[..], &[logs.to_str().unwrap()]].concat();
    load(folder.path(), &flags).success();
    load(folder.path(), &flags).success();
    let log = fs::read_dir(&logs).unwrap().next().unwrap().unwrap().path();
    fs::write(&log, "mine").unwrap();
    load(folder.path(), &flags).code(2).stderr(contains("is no log of nanogate"));
    assert_eq!(fs::read_to_string(&log).unwrap(), "mine");
}
