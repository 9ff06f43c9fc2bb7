//! What a run writes is what the published schema says, and the schema refuses what it should.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test may fail")]

use std::{fs, path::Path};

use assert_cmd::Command;
use serde_json::{Value, json};

fn schema() -> jsonschema::Validator {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("schemas/nanogate.run-1.schema.json");
    let schema: Value = serde_json::from_str(&fs::read_to_string(path).unwrap()).unwrap();
    jsonschema::draft202012::meta::validate(&schema).expect("the schema itself is valid");
    jsonschema::validator_for(&schema).unwrap()
}

fn assert_valid(record: &Value) {
    let errors: Vec<String> = schema()
        .iter_errors(record)
        .map(|error| format!("{}: {error}", error.instance_path()))
        .collect();
    assert!(errors.is_empty(), "{}", errors.join("\n"));
}

/// A short run. Measuring runs exclude one another, so each has a lock folder of its own.
fn short_run() -> Value {
    let folder = tempfile::tempdir().unwrap();
    let out = folder.path().join("run.json");
    Command::cargo_bin("nanogate")
        .unwrap()
        .env("TMPDIR", folder.path())
        .args(["run", "--batch", "1,64", "--budget", "0.02", "--out"])
        .arg(&out)
        .assert()
        .success();
    serde_json::from_str(&fs::read_to_string(out).unwrap()).unwrap()
}

/// A real record is valid, complete, and every entry is verified. Then each way to spoil it is
/// refused.
#[test]
fn records_follow_the_schema() {
    let record = short_run();
    assert_valid(&record);
    assert_eq!(record["status"], "complete");
    let context = nanogate::backend::ProbeContext::detect().unwrap();
    let backends = nanogate::registry::probe_all(&context).filter(|(_, probed)| probed.is_ok());
    // Two batch lengths, two methods.
    assert_eq!(record["entries"].as_array().unwrap().len(), 2 * 2 * backends.count());
    for spoil in [
        |record: &mut Value| record["schema"] = json!("nanogate.run/2"),
        |record: &mut Value| record["entries"][0]["verified"] = json!(false),
        |record: &mut Value| record["entries"][0]["surprise"] = json!(1),
        |record: &mut Value| record["entries"][0]["metrics"]["per_record"] = json!(1.0),
        |record: &mut Value| record["entries"][0]["metrics"]["host/per_record/p50"] = json!("1"),
        |record: &mut Value| record["corpus"]["digest"] = json!("unknown"),
        |record: &mut Value| record["timer"]["resolution_ns"] = json!(0),
        |record: &mut Value| drop(record.as_object_mut().unwrap().remove("host")),
    ] {
        let mut spoiled = record.clone();
        spoil(&mut spoiled);
        assert!(!schema().is_valid(&spoiled));
    }
}

/// The record that `NANOGATE_RECORD` names is valid: how scripts check a real run.
#[test]
fn named_record_follows_the_schema() {
    let Ok(path) = std::env::var("NANOGATE_RECORD") else { return };
    let record: Value = serde_json::from_str(&fs::read_to_string(&path).unwrap()).unwrap();
    assert_valid(&record);
    assert_eq!(record["status"], "complete", "{path}");
    assert!(!record["entries"].as_array().unwrap().is_empty(), "{path}");
}
