//! A history as its users meet it: what is kept, joined, found and exported, and what is refused.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test may fail")]

use std::{
    fs,
    path::{Path, PathBuf},
};

use assert_cmd::{Command, assert::Assert};
use nanogate::report::{baseline::Baseline, record::RunRecord};
use predicates::{prelude::*, str::contains};
use serde_json::{Value, json};

/// The only metric of an entry that is set here.
const METRIC: &str = "host/per_record/p50";

/// The program in a folder, with the history `h` there.
fn history(folder: &Path, arguments: &[&str]) -> Assert {
    let mut command = Command::cargo_bin("nanogate").unwrap();
    command.current_dir(folder).env("TMPDIR", folder).arg("history").args(arguments);
    command.args(["--history", "h"]).assert()
}

fn stdout(assert: &Assert) -> String {
    String::from_utf8(assert.get_output().stdout.clone()).unwrap()
}

fn json_of(assert: &Assert) -> Value {
    serde_json::from_str(&stdout(assert)).unwrap()
}

/// The record of a run that began so many hours after the first, by a commit of its own.
fn record(hour: usize, value: f64) -> Value {
    let mut record: Value =
        serde_json::from_str(include_str!("fixtures/history-run.json")).unwrap();
    record["started_unix_s"] = json!(1_700_000_000 + 3_600 * hour);
    record["tool"]["commit"] = json!(format!("{hour:040x}"));
    let metrics = &mut record["entries"][0]["metrics"];
    metrics[METRIC] = json!(value);
    metrics[format!("{METRIC}_low")] = json!(0.99 * value);
    metrics[format!("{METRIC}_high")] = json!(1.01 * value);
    record
}

/// Writes records to files of their own, and gives their names.
fn write(folder: &Path, name: &str, records: &[Value]) -> Vec<String> {
    let write = |(index, record): (usize, &Value)| {
        let name = format!("{name}-{index}.json");
        fs::write(folder.join(&name), record.to_string()).unwrap();
        name
    };
    records.iter().enumerate().map(write).collect()
}

/// A folder with a history of these records.
fn filled(records: &[Value]) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    let names = write(folder.path(), "run", records);
    let arguments: Vec<&str> =
        std::iter::once("add").chain(names.iter().map(String::as_str)).collect();
    history(folder.path(), &arguments).success();
    folder
}

/// Values around `level` that lean to neither side: the digits of multiples of the golden ratio.
fn noise(hour: usize, level: f64) -> f64 {
    level * (1.0 + 0.01 * ((hour as f64 * 0.618_034).fract() - 0.5))
}

/// Runs are listed with their commits, the last ones first to stay; what is added twice is there
/// once, and a file that is no record adds nothing, nor do those beside it.
#[test]
fn runs_are_listed_and_kept_once() {
    let folder = filled(&[record(0, 4.0), record(1, 4.1), record(2, 4.2)]);
    let folder = folder.path();
    let listed = json_of(&history(folder, &["list", "--last", "2", "--json"]).success());
    assert_eq!(listed["runs_in_history"], 3);
    let commits: Vec<&str> = listed["runs"]
        .as_array()
        .unwrap()
        .iter()
        .map(|run| run["commit"].as_str().unwrap())
        .collect();
    assert_eq!(commits, [format!("{:040x}", 1), format!("{:040x}", 2)]);
    history(folder, &[])
        .success()
        .stdout(contains("shown     3 of 3 runs").and(contains("2023-11-14 22:13")));
    let again = ["add", "run-1.json", "--json"];
    let again = json_of(&history(folder, &again).success());
    assert_eq!(again, json!({"appended": 0, "already_there": 1}));
    write(folder, "new", &[record(9, 4.0)]);
    fs::write(folder.join("thesis"), "my thesis").unwrap();
    history(folder, &["add", "new-0.json", "thesis"]).code(2).stderr(contains("thesis: is no rec"));
    for newer in ["nanogate.run/2", "nanogate.comparison/2"] {
        fs::write(folder.join("newer"), json!({"schema": newer}).to_string()).unwrap();
        let says = format!("newer: its format is {newer}, which this nanogate does not know");
        history(folder, &["add", "new-0.json", "newer"]).code(2).stderr(contains(says));
    }
    let listed = json_of(&history(folder, &["list", "--json"]).success());
    assert_eq!(listed["runs_in_history"], 3);
}

/// A step planted between two commits is found there with its size, in JSON and on the terminal,
/// and drawn; the same seed finds the same again.
#[test]
fn a_planted_step_is_found() {
    let level = |hour: usize| if hour < 25 { 4.0 } else { 4.2 };
    let records: Vec<Value> = (0..40).map(|hour| record(hour, noise(hour, level(hour)))).collect();
    let folder = filled(&records);
    let folder = folder.path();
    let found = history(folder, &["changes", "--json"]).success();
    let report = json_of(&found);
    assert_eq!(report["searched"], 1, "rates and deviations are no main metrics: {report}");
    assert_eq!(report["settings"]["permutations"], 1_999);
    let changes = report["series"][0]["changes"].as_array().unwrap();
    assert_eq!(changes.len(), 1, "{report}");
    assert_eq!(changes[0]["index"], 25);
    assert_eq!(changes[0]["last_commit_before"], json!(format!("{:040x}", 24)));
    assert_eq!(changes[0]["first_commit_after"], json!(format!("{:040x}", 25)));
    let ratio = changes[0]["ratio"].as_f64().unwrap();
    assert!((1.04..1.06).contains(&ratio), "{ratio}");
    assert!(changes[0]["p_value"].as_f64().unwrap() <= 0.001);
    assert_eq!(stdout(&history(folder, &["changes", "--json"]).success()), stdout(&found));
    let range = "000000000000..000000000000";
    history(folder, &["changes"]).success().stdout(contains(range).and(contains("changed   1")));
    history(folder, &["plot"]).success().stdout(contains("┊").and(contains("40 runs from")));
    let few = ["changes", "--permutations", "99"];
    history(folder, &few).code(2).stderr(contains("give 999 or more"));
    let last = json_of(&history(folder, &["changes", "--last", "9", "--json"]).success());
    assert_eq!((&last["searched"], &last["too_short"]), (&json!(0), &json!(1)));
}

/// In pure noise no more series change than is stated: of 100 at 0.02 each 2 are to be expected,
/// and 9 or more come once in ten thousand times. At 0.5 there are many, so that it can be seen.
#[test]
fn noise_changes_no_more_than_stated() {
    let mut drawn = 1u64;
    let mut uniform = || {
        // Knuth's MMIX generator; its upper bits are as good as is needed here.
        drawn =
            drawn.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (drawn >> 40) as f64 / f64::from(1 << 24)
    };
    let mut with_series = |hour: usize| {
        let mut record = record(hour, 4.0);
        let entry = record["entries"][0].clone();
        let batch = |len: usize, value: f64| {
            let mut entry = entry.clone();
            entry["batch_len"] = json!(len);
            entry["metrics"] = json!({METRIC: 4.0 + value});
            entry
        };
        record["entries"] = (1..=100).map(|len| batch(len, uniform())).collect();
        record
    };
    let records: Vec<Value> = (0..30).map(&mut with_series).collect();
    let folder = filled(&records);
    let changed = |alpha: &str| {
        let arguments = ["changes", "--alpha", alpha, "--permutations", "99", "--json"];
        let report = json_of(&history(folder.path(), &arguments).success());
        assert_eq!(report["searched"], 100);
        let expected = 100.0 * alpha.parse::<f64>().unwrap();
        assert!((report["false_series_at_most"].as_f64().unwrap() - expected).abs() < 1e-9);
        let series = report["series"].as_array().unwrap().clone();
        series.iter().filter(|one| !one["changes"].as_array().unwrap().is_empty()).count()
    };
    let (at_most, many) = (changed("0.02"), changed("0.5"));
    assert!(at_most <= 8 && (30..=70).contains(&many), "{at_most} {many}");
    history(folder.path(), &["plot"]).code(2).stderr(contains("100 series"));
}

/// A device of the entries' backend, with this driver.
fn device(driver: &str) -> Value {
    json!([{
        "backend": "scalar",
        "adapter": {
            "index": 0, "name": "Imagined", "device_type": "discrete", "driver": driver,
            "api": "vulkan", "binding_bytes_max": 1, "buffer_bytes_max": 1,
            "subgroup_size": [32, 32], "has_timestamps": false
        },
        "variants": [], "variant": "fold-vec4", "shader_sha256": "00",
        "piece_records_max": 1, "pieces_in_flight_max": 1
    }])
}

/// Another host, profile, corpus, seed, set of hidden features, label or driver makes another
/// series; the load of the host does not. Interrupted runs are in no series, though they are
/// exported.
#[test]
fn only_what_is_alike_is_joined() {
    let with = |hour: usize, pointer: &str, value: Value| {
        let mut record = record(hour, 4.0);
        record["devices"] = json!([]);
        *record.pointer_mut(pointer).unwrap() = value;
        record
    };
    let mut software = record(10, 4.0);
    software["entries"][0]["software"] = json!(true);
    let folder = filled(&[
        record(0, 4.0),
        with(1, "/host/load_1min", json!(7.5)),
        with(2, "/host/kernel", json!("6.2.0")),
        with(3, "/tool/profile", json!("debug")),
        with(4, "/corpus/digest", json!("00")),
        with(5, "/corpus/seed", json!(u64::MAX)),
        with(6, "/corpus/faults_permille", json!(2)),
        with(7, "/entries/0/footprint_home", json!("memory")),
        with(8, "/status", json!("interrupted")),
        with(9, "/warnings", json!([{"code": "hidden-features", "message": "gfni was hidden"}])),
        software,
        with(11, "/devices", device("525.1")),
        with(12, "/devices", device("525.2")),
    ]);
    let series = json_of(&history(folder.path(), &["series", "--json"]).success());
    let points = |series: &Value| {
        let counts = series.as_array().unwrap().iter().map(|one| one["points"].as_u64().unwrap());
        let mut counts: Vec<u64> = counts.collect();
        counts.sort_unstable();
        counts
    };
    assert_eq!(points(&series), [1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 3], "{series}");
    let seeds: Vec<_> = series.as_array().unwrap().iter().map(|one| &one["corpus_seed"]).collect();
    assert!(seeds.contains(&&json!(u64::MAX)), "{seeds:?}");
    let drawn = json_of(&history(folder.path(), &["plot", "--json"]).success());
    let plotted = drawn.as_array().unwrap().iter().map(|one| &one["points"]);
    assert_eq!(plotted.map(|points| points.as_array().unwrap().len()).max(), Some(2));
    let exported = stdout(&history(folder.path(), &["export"]).success());
    assert_eq!(exported.matches(",interrupted,").count(), 1, "{exported}");
    let home = ["series", "--home", "memory", "--json"];
    assert_eq!(points(&json_of(&history(folder.path(), &home).success())), [1]);
    let none = ["series", "--backend", "nonesuch"];
    history(folder.path(), &none).code(2).stderr(contains("no series fits all that was asked for"));
    let host = ["list", "--host", "imagined", "--json"];
    let listed = json_of(&history(folder.path(), &host).success());
    assert_eq!(listed["runs"].as_array().unwrap().len(), 13);
}

/// What is exported is what was measured, to the last digit, in CSV and in JSON.
#[test]
fn exports_come_round() {
    let values = [1.0 / 3.0, 0.1 + 0.2, 4e-9, 123_456_789.123_456_78];
    let records: Vec<Value> =
        values.iter().enumerate().map(|(hour, value)| record(hour, *value)).collect();
    let folder = filled(&records);
    history(folder.path(), &["export", "--out", "h"]).code(2).stderr(contains("is the history"));
    history(folder.path(), &["export", "--last", "0"]).code(2).stderr(contains("--last"));
    let all = ["export", "--metric", "*", "--out", "all.csv"];
    history(folder.path(), &all).success().stdout(contains("12 points of 3 series"));
    let mut reader = csv::Reader::from_path(folder.path().join("all.csv")).unwrap();
    let header = reader.headers().unwrap().clone();
    let at = |name: &str| header.iter().position(|found| found == name).unwrap();
    let rows: Vec<csv::StringRecord> = reader.records().map(Result::unwrap).collect();
    let (metric, value, low, commit) = (at("metric"), at("value"), at("low"), at("commit"));
    for (hour, expected) in records.iter().enumerate() {
        let entry = &expected["entries"][0]["metrics"];
        let of_run: Vec<_> =
            rows.iter().filter(|row| row[commit] == format!("{hour:040x}")).collect();
        for row in &of_run {
            assert_eq!(row[value].parse::<f64>().ok(), entry[&row[metric]].as_f64());
            let end = entry[format!("{}_low", &row[metric])].as_f64();
            assert_eq!(row[low].parse::<f64>().ok(), end);
        }
        assert_eq!(of_run.len(), 3);
    }
    let lines = stdout(&history(folder.path(), &["export", "--json"]).success());
    let exported: Vec<Value> =
        lines.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let found: Vec<f64> = exported.iter().map(|row| row["value"].as_f64().unwrap()).collect();
    assert_eq!(found, values);
}

/// Modelled time, and rates of cycles, are no main metrics: what they follow from is. A baseline is
/// appended like the record in it, and is there once with it.
#[test]
fn what_follows_is_no_main_metric() {
    let folder = tempfile::tempdir().unwrap();
    let mut record = record(0, 4.0);
    record["entries"][0]["metrics"] = json!({
        METRIC: 4.0, "sim/latency/max": 5.0, "sim/records_per_cycle/mean": 3.9,
        "model/latency/p50": 9.0
    });
    let typed: RunRecord = serde_json::from_value(record.clone()).unwrap();
    let baseline = serde_json::to_value(Baseline::seal(typed, 1).unwrap()).unwrap();
    let names = write(folder.path(), "new", &[baseline, record]);
    let added = history(folder.path(), &["add", &names[0], &names[1], "--json"]).success();
    assert_eq!(json_of(&added), json!({"appended": 1, "already_there": 1}));
    let series = json_of(&history(folder.path(), &["series", "--json"]).success());
    let metrics = series.as_array().unwrap().iter().map(|one| one["metric"].as_str().unwrap());
    assert_eq!(metrics.collect::<Vec<_>>(), [METRIC, "sim/latency/max"]);
}

/// Two processes that append at the same time, to a history that neither has made yet, lose
/// nothing; a third reads all the while.
#[test]
fn writers_do_not_hinder_one_another() {
    const RUNS: usize = 25;
    let folder = tempfile::tempdir().unwrap();
    let writer = |which: usize| {
        let folder: PathBuf = folder.path().into();
        std::thread::spawn(move || {
            for run in 0..RUNS {
                let hour = 1_000 * which + run;
                let names = write(&folder, &format!("w{which}-{run}"), &[record(hour, 4.0)]);
                history(&folder, &["add", &names[0]]).success();
            }
        })
    };
    let writers = [writer(1), writer(2)];
    while !writers.iter().all(std::thread::JoinHandle::is_finished) {
        if folder.path().join("h").metadata().is_ok_and(|found| found.len() > 0) {
            let read = history(folder.path(), &["list"]);
            // It may have been there for so short a time that its tables are not.
            read.code(predicate::in_iter([0, 2]));
        }
    }
    writers.into_iter().for_each(|writer| writer.join().unwrap());
    let listed = json_of(&history(folder.path(), &["list", "--last", "999", "--json"]).success());
    assert_eq!(listed["runs"].as_array().unwrap().len(), 2 * RUNS);
    let series = json_of(&history(folder.path(), &["series", "--json"]).success());
    assert_eq!(series[0]["points"], 2 * RUNS);
}

/// A file that is no history, one of another program, one of a newer version, and one that is not
/// there are refused by name and reason, by readers and writers, and left as they are.
#[test]
fn foreign_files_are_refused() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("h");
    write(folder.path(), "run", &[record(0, 4.0)]);
    let refused = |says: &str| {
        let before = fs::read(&file).unwrap();
        for arguments in [&["list"][..], &["changes"], &["add", "run-0.json"]] {
            let one_line = contains(says.to_owned()).and(contains("--history h: "));
            history(folder.path(), arguments).code(2).stderr(one_line.and(contains("\n").count(1)));
        }
        assert_eq!(fs::read(&file).unwrap(), before);
    };
    history(folder.path(), &["list"]).code(2).stderr(contains("--history h: no such file"));
    fs::write(&file, "my thesis, which is no database at all").unwrap();
    refused("not a file of SQLite");
    fs::remove_file(&file).unwrap();
    let other = rusqlite::Connection::open(&file).unwrap();
    other.execute_batch("CREATE TABLE recipe (name TEXT)").unwrap();
    drop(other);
    refused("SQLite of another program");
    fs::remove_file(&file).unwrap();
    history(folder.path(), &["add", "run-0.json"]).success();
    let newer = rusqlite::Connection::open(&file).unwrap();
    newer.pragma_update(None, "user_version", 99).unwrap();
    // Leaves all of it in one file.
    newer.pragma_update(None, "journal_mode", "DELETE").unwrap();
    drop(newer);
    refused("has format 99");
    fs::remove_file(&file).unwrap();
    fs::create_dir(&file).unwrap();
    history(folder.path(), &["list"]).code(2).stderr(contains("no regular file"));
    history(folder.path(), &["add", "run-0.json"]).code(2).stderr(contains("no regular file"));
}

/// A history that is cut off, or overwritten in the middle, is said to be damaged, with what is
/// wrong and what to do; one that is cut off within its header too.
#[test]
fn damage_is_said() {
    let records: Vec<Value> = (0..60).map(|hour| record(hour, 4.0)).collect();
    let folder = filled(&records);
    let file = folder.path().join("h");
    let whole = fs::read(&file).unwrap();
    assert!(whole.len() > 3 * 4_096, "{}", whole.len());
    let damaged = |bytes: &[u8]| {
        fs::write(&file, bytes).unwrap();
        for arguments in [&["series"][..], &["export", "--metric", "*"], &["add", "new-0.json"]] {
            let says = contains("--history h: is damaged (").and(contains("history add"));
            let says = says.and(contains("\n").count(1));
            history(folder.path(), arguments).code(2).stderr(says);
        }
    };
    write(folder.path(), "new", &[record(99, 4.0)]);
    damaged(&whole[..whole.len() / 2]);
    damaged(&whole[..50]);
    let mut overwritten = whole.clone();
    overwritten[4_096..].fill(0xa5);
    damaged(&overwritten);
    fs::write(&file, &whole).unwrap();
    history(folder.path(), &["series"]).success();
}

/// A run appends its record, and says where the record is if the history fails meanwhile; a
/// history that cannot be used is refused before anything is measured.
#[test]
fn runs_append_themselves() {
    let folder = tempfile::tempdir().unwrap();
    let run = |more: &[&str]| {
        let mut command = Command::cargo_bin("nanogate").unwrap();
        command.current_dir(folder.path()).env("TMPDIR", folder.path());
        command.args(["run", "--backend", "scalar", "--batch", "64", "--footprint", "hot"]);
        command.args(["--budget", "0.03", "--method", "throughput", "--launches", "1"]);
        command.args(more).assert()
    };
    run(&["--history", "h"]).success();
    run(&["--history", "h"]).success();
    let listed = json_of(&history(folder.path(), &["list", "--json"]).success());
    assert_eq!(listed["runs_in_history"], 2);
    assert_eq!(listed["runs"][0]["status"], "complete");
    run(&["--history"]).success();
    assert!(folder.path().join(".nanogate/history.sqlite").is_file());
    fs::remove_file(folder.path().join("nanogate-run.json")).unwrap();
    fs::write(folder.path().join("thesis"), "my thesis").unwrap();
    run(&["--history", "thesis"]).code(2).stderr(contains("not a file of SQLite"));
    run(&["--history", "no/such/folder/h"]).code(2).stderr(contains("--history no/such/folder/h"));
    assert!(!folder.path().join("nanogate-run.json").exists(), "nothing was measured");
}

/// A disk that is full while a run is appended leaves the record, says where it is, and leaves
/// what was in the history.
#[cfg(target_os = "linux")]
#[test]
fn a_full_disk_loses_nothing() {
    let folder = filled(&[record(0, 4.0)]);
    write(folder.path(), "new", &[record(1, 4.0)]);
    // Files may not grow beyond what there is: what a full disk does, without a disk.
    let limited = |limit_kib: u64, arguments: &str| {
        let program = assert_cmd::cargo::cargo_bin("nanogate");
        let script = format!(
            "trap '' XFSZ; ulimit -f {limit_kib}; exec {} history {arguments}",
            program.display()
        );
        Command::new("bash").current_dir(folder.path()).args(["-c", &script]).assert()
    };
    let full = limited(0, "add new-0.json --history h");
    full.code(1).stderr(contains("--history h: ").and(contains("free some space")));
    let listed = json_of(&history(folder.path(), &["list", "--json"]).success());
    assert_eq!(listed["runs_in_history"], 1);
    limited(4_096, "add new-0.json --history h").success();
}
