//! Several launches make one result: what a user sees of them, also when one of them dies.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test may fail")]

use std::{fs, path::Path};

use assert_cmd::Command;
use predicates::{prelude::*, str::contains};
use serde_json::Value;

/// A run of one small entry, and how it ends.
fn run(folder: &Path, more: &[&str]) -> assert_cmd::assert::Assert {
    Command::cargo_bin("nanogate")
        .unwrap()
        .current_dir(folder)
        .env("TMPDIR", folder)
        .args(["run", "--backend", "scalar", "--batch", "64", "--footprint", "hot"])
        .args(["--budget", "0.03", "--method", "throughput"])
        .args(more)
        .assert()
}

fn record(folder: &Path) -> Value {
    let text = fs::read_to_string(folder.join("nanogate-run.json")).unwrap();
    serde_json::from_str(&text).unwrap()
}

/// Each launch is a process of its own with a layout of its own; a seed brings the layouts back.
#[test]
fn a_seed_brings_the_layouts_back() {
    let folder = tempfile::tempdir().unwrap();
    let layouts = |seed: &str| {
        run(folder.path(), &["--layout-seed", seed]).success();
        let launches = record(folder.path())["launches"].as_array().unwrap().clone();
        launches.iter().map(|launch| launch["layout"].clone()).collect::<Vec<_>>()
    };
    let first = layouts("7");
    assert_eq!(first.len(), 3);
    assert!(first[0] != first[1] && first[1] != first[2], "{first:?}");
    assert_eq!(layouts("7"), first);
    assert_ne!(layouts("8"), first);
}

/// The median of an entry lies among those of its launches, and its interval holds no less than
/// what any two of them differ by when there are two.
#[test]
fn what_differs_between_launches_is_in_the_interval() {
    let folder = tempfile::tempdir().unwrap();
    run(folder.path(), &["--launches", "2"]).success();
    let entry = &record(folder.path())["entries"][0];
    let of = |holder: &Value, stat: &str| {
        holder["metrics"][format!("host/per_record/{stat}")].as_f64().unwrap()
    };
    let launches = entry["launches"].as_array().unwrap();
    let each: Vec<f64> = launches.iter().map(|launch| of(launch, "p50")).collect();
    let (low, high) = (each[0].min(each[1]), each[0].max(each[1]));
    assert!((low..=high).contains(&of(entry, "p50")), "{each:?}");
    // Student's quantile for two launches is 12.7, so their own difference is well inside.
    assert!(of(entry, "p50_low") <= low && of(entry, "p50_high") >= high, "{entry}");
}

/// One launch is one process, and the table says so; details show each.
#[test]
fn one_launch_is_enough_when_asked_for() {
    let folder = tempfile::tempdir().unwrap();
    run(folder.path(), &["--launches", "1", "--details"])
        .success()
        .stdout(contains("launches  1 of 1").and(contains("p50 of each launch")));
    assert_eq!(record(folder.path())["status"], "complete");
    run(folder.path(), &["--launches", "0"]).code(2).stderr(contains("--launches"));
    run(folder.path(), &["--launches", "101"]).code(2).stderr(contains("--launches"));
}

/// A launch that is killed costs no more than itself: what was measured before is in the record,
/// and the run says which launch died.
#[cfg(target_os = "linux")]
#[test]
fn a_killed_launch_costs_itself_only() {
    use rustix::process::{Pid, Signal, kill_process};
    let folder = tempfile::tempdir().unwrap();
    let mut parent = std::process::Command::new(assert_cmd::cargo::cargo_bin!("nanogate"))
        .current_dir(folder.path())
        .env("TMPDIR", folder.path())
        .args(["run", "--backend", "scalar", "--batch", "64,128,256", "--footprint", "hot"])
        .args(["--budget", "6", "--method", "latency", "--launches", "2"])
        .stderr(std::process::Stdio::piped())
        .spawn()
        .unwrap();
    let children = format!("/proc/{0}/task/{0}/children", parent.id());
    let has_two_launches = || {
        let text = fs::read_to_string(folder.path().join("nanogate-run.json")).ok()?;
        let record: Value = serde_json::from_str(&text).ok()?;
        (record["launches"].as_array()?.len() == 2).then_some(())
    };
    while has_two_launches().is_none() {
        assert!(parent.try_wait().unwrap().is_none(), "ended too early");
        std::thread::sleep(std::time::Duration::from_millis(5));
    }
    let child = fs::read_to_string(children).unwrap().trim().parse::<i32>().unwrap();
    kill_process(Pid::from_raw(child).unwrap(), Signal::KILL).unwrap();
    let output = parent.wait_with_output().unwrap();
    assert_eq!(output.status.code(), Some(1));
    let said = String::from_utf8(output.stderr).unwrap();
    assert!(said.contains("launch 2 died") && said.contains("kept"), "{said}");
    let record = record(folder.path());
    assert_eq!(record["status"], "running");
    assert_eq!(record["entries"].as_array().unwrap().len(), 3);
}
