//! What users see of graphics processors: lists, labels, and devices that are missing or get lost.

#![cfg(feature = "gpu")]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test may fail")]

use std::{fs, path::Path};

use assert_cmd::Command;
use predicates::{prelude::PredicateBooleanExt, str::contains};
use serde_json::Value;
use tempfile::TempDir;

/// The program, with a lock folder of its own.
fn nanogate(folder: &Path) -> Command {
    let mut command = Command::cargo_bin("nanogate").unwrap();
    command.env("TMPDIR", folder).env("NODEVICE_SELECT", "1").current_dir(folder);
    command
}

fn folder() -> TempDir {
    tempfile::tempdir().unwrap()
}

/// The row of the backend, as JSON. A machine without any adapter has nothing to be tested.
fn row(folder: &Path) -> Option<Value> {
    let mut command = nanogate(folder);
    let output = command.args(["backends", "--json"]).assert().success().get_output().clone();
    let rows: Vec<Value> = serde_json::from_slice(&output.stdout).unwrap();
    let row = rows.into_iter().find(|row| row["id"] == "gpu-wgpu").unwrap();
    if row["available"] == false {
        assert!(std::env::var_os("CI").is_none(), "CI needs an adapter: {row}");
        return None;
    }
    Some(row)
}

fn short_run(folder: &Path) -> Command {
    let mut command = nanogate(folder);
    command.args(["run", "--batch", "1,300", "--footprint", "hot", "--budget", "0.02"]);
    command
}

fn record(folder: &Path) -> Value {
    serde_json::from_slice(&fs::read(folder.join("nanogate-run.json")).unwrap()).unwrap()
}

/// A driver that is not there is a reason, not a panic: in the list, when it is asked for by name,
/// and in a run of all backends, which goes on without.
#[test]
fn a_missing_adapter_is_a_reason() {
    let folder = folder();
    let without = |mut command: Command| {
        command.env("VK_DRIVER_FILES", "/none").env("VK_ICD_FILENAMES", "/none");
        command
    };
    let mut list = without(nanogate(folder.path()));
    list.arg("backends").assert().success().stdout(contains("missing    no adapter"));
    let mut named = without(short_run(folder.path()));
    named.args(["--backend", "gpu-wgpu"]).assert().code(5).stderr(contains("no adapter"));
    let mut all = without(short_run(folder.path()));
    all.args(["--method", "throughput"]).assert().success().stdout(contains("skipped   gpu-wgpu"));
    short_run(folder.path())
        .args(["--backend", "scalar", "--method", "stages"])
        .assert()
        .code(5)
        .stderr(contains("--method stages: for devices only"));
    nanogate(folder.path())
        .args(["decide", "--backend", "gpu-wgpu", "--gpu", "no such name"])
        .assert()
        .code(5)
        .stderr(contains("no adapter").and(contains("panicked").not()));
    let mut variant = nanogate(folder.path());
    variant.args(["backends", "--gpu-variant", "x"]).assert().code(2).stderr(contains("fold-vec4"));
}

/// A lost device ends its own measuring with exit code 5 and a reason. What was measured of the
/// others before is kept, and what comes after is measured.
#[test]
fn a_lost_device_leaves_the_others() {
    let folder = folder();
    if row(folder.path()).is_none() {
        return;
    }
    // Early, so that it happens while the first rows are measured.
    short_run(folder.path())
        .args(["--backend", "scalar,gpu-wgpu", "--plant-device-loss", "700"])
        .assert()
        .code(5)
        .stderr(contains("gpu-wgpu").and(contains("lost")).and(contains("kept")));
    let record = record(folder.path());
    let entries = record["entries"].as_array().unwrap();
    let of_scalar = entries.iter().filter(|entry| entry["backend"] == "scalar").count();
    assert_eq!(of_scalar, 4, "two methods at two lengths");
    assert!(record["skipped"][0]["reason"].as_str().unwrap().contains("lost"), "{record}");
    assert_eq!(record["status"], "incomplete");
    nanogate(folder.path())
        .args(["verify", "--backend", "scalar,gpu-wgpu", "--plant-device-loss", "9"])
        .assert()
        .code(5)
        .stdout(contains("scalar           verified").and(contains("FAILED")));
    nanogate(folder.path())
        .args(["verify", "--backend", "gpu-wgpu", "--plant-error", "3"])
        .assert()
        .code(6)
        .stdout(contains("WRONG"));
}

/// Every method has its rows, verified and on the clock that their ids name. A software driver is
/// labelled in every row, and compared with nothing.
#[test]
fn every_method_has_its_rows() {
    let folder = folder();
    let Some(row) = row(folder.path()) else { return };
    short_run(folder.path()).args(["--backend", "reference,gpu-wgpu"]).assert().success();
    let record = record(folder.path());
    let entries = record["entries"].as_array().unwrap();
    let of = |method: &str| {
        let is_it = |entry: &&Value| entry["backend"] == "gpu-wgpu" && entry["method"] == method;
        entries.iter().filter(is_it).collect::<Vec<_>>()
    };
    for method in ["throughput", "latency", "stages", "stream", "resident"] {
        assert_eq!(of(method).len(), 2, "{method}");
        assert!(of(method).iter().all(|entry| entry["verified"] == true));
    }
    for entry in of("stages") {
        let stages = &entry["stages"];
        assert!(stages["sum_ns"].as_f64().unwrap() > 0.0);
        assert!(stages["histograms"]["host/write"]["data"].is_string(), "{stages}");
    }
    let is_software = row["software"] == true;
    for entry in entries.iter().filter(|entry| entry["backend"] == "gpu-wgpu") {
        assert_eq!(entry["software"] == true, is_software, "{entry}");
        assert_eq!(entry["speedup"].is_object(), !is_software && entry["method"] == "throughput");
    }
    let break_even = record["break_even"].as_array().unwrap();
    assert_eq!(break_even.len(), 2);
    assert!(break_even.iter().all(|one| one["absent"].is_string() == is_software));
    assert_eq!(record["devices"][0]["variants"].as_array().unwrap().len(), 9);
}
