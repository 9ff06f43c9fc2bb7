//! Matrices of records whose figures are chosen.

use serde_json::{Value, json};

use super::*;
use crate::{
    bundle::{
        testing::record,
        verify::{SCHEMA as VERIFICATION, Verification},
    },
    report::record::RunRecord,
};

/// Throughput with this median, one percent sure on either side.
fn entry(backend: &str, batch_len: usize, bytes: u64, home: &str, nanos: f64) -> Value {
    json!({
        "backend": backend, "op": "decide", "method": "throughput", "batch_len": batch_len,
        "threads": 1, "verified": true, "footprint_bytes": bytes, "footprint_home": home,
        "sample_count": 9, "stop": "precise",
        "metrics": {"host/per_record/p50": nanos, "host/per_record/p50_low": 0.99 * nanos,
            "host/per_record/p50_high": 1.01 * nanos},
        "absent": {}, "warnings": [],
        "disturbance": {"core": 1, "moved": false, "involuntary_switches": 0, "migrations": 0,
            "steal_ms": 0}
    })
}

fn software(mut entry: Value) -> Value {
    entry["software"] = json!(true);
    entry
}

fn modelled(batch_len: usize) -> Value {
    let bound = json!({"records_per_cycle": 4.0, "fraction": 1.0});
    let paced = json!({"pace": {"permille": 500, "seed": 1}, "total": 1, "stalled": 0,
        "latency_min": 5, "records_per_cycle": 1.0, "bound": bound, "stall_runs": []});
    let mut entry = entry("fpga-verilator", batch_len, 1, "simulator", 1.0);
    entry["method"] = json!("cycles");
    entry["metrics"] = json!({});
    entry["cycles"] = json!({
        "lanes": 4, "bound": bound, "slow_source": paced, "backpressure": [],
        "modeled": [{"report": "ecp5 x4", "part": "ecp5", "fmax_mhz": [1.0, 2.0, 3.0],
            "latency_ns": 25.0, "per_record_ns": 0.001}],
        "simulator_cost": {"ns_per_record": 1.0, "records_per_s": 1.0,
            "label": "cost of simulating, not a result"}
    });
    entry
}

fn named(name: &str, record: RunRecord, verified: bool) -> Named {
    let verification = Verification {
        schema: VERIFICATION,
        bundle: name.into(),
        verified,
        files: 1,
        entries: record.entries.len(),
        statistics: 1,
        merged_tolerance: 0.0,
        stated: Vec::new(),
        stated_values: 0,
        status: Some(record.status),
        findings: Vec::new(),
    };
    let checked = Checked { verification, record: Some(record) };
    Named { name: name.into(), checked }
}

/// The words and figures of a row, with a star where it is marked.
fn shown(rows: &[Row<Figure>], platform: &str, home: &str) -> Vec<String> {
    let is_it = |row: &&Row<Figure>| row.platform == platform && row.home == home;
    let cell = |cell: &Cell<Figure>| match cell {
        Cell::Verified(figure) => {
            format!("{}{}", figure.ns_per_record, if figure.best { "*" } else { "" })
        }
        other => other.word().unwrap_or_default().into(),
    };
    rows.iter().filter(is_it).flat_map(|row| row.cells.values().map(cell)).collect()
}

/// The fastest of each column is marked, with what cannot be told from it, each home apart.
#[test]
fn columns_are_ranked() {
    let machine = |factor: f64| {
        let hot = |len, nanos: f64| entry("scalar", len, 100, "L1", factor * nanos);
        record("complete", &[hot(1, 10.0), hot(16, 5.0), entry("scalar", 16, 900, "memory", 8.0)])
    };
    let bundles = [
        named("a", machine(1.0), true),
        named("b", machine(1.015), true),
        named("c", machine(2.0), true),
    ];
    let matrix = of(&bundles);
    assert_eq!(matrix.batch_lens, [1, 16]);
    assert_eq!(shown(&matrix.measured, "a", "L1"), ["10*", "5*"]);
    assert_eq!(shown(&matrix.measured, "b", "L1").concat().matches('*').count(), 2);
    assert_eq!(shown(&matrix.measured, "c", "L1"), ["20", "10"]);
    assert_eq!(shown(&matrix.measured, "c", "memory"), ["8*"]);
}

/// What a driver imitates and what is modelled stand apart, and take no mark from what was
/// measured, however fast they are.
#[test]
fn other_kinds_are_not_ranked() {
    let entries = [
        entry("scalar", 16, 100, "L1", 5.0),
        software(entry("gpu-wgpu", 16, 100, "L1", 0.1)),
        modelled(16),
    ];
    let matrix = of(&[named("a", record("complete", &entries), true)]);
    assert_eq!(shown(&matrix.measured, "a", "L1"), ["5*"]);
    assert_eq!(shown(&matrix.software, "a", "L1"), ["0.1"]);
    assert_eq!(matrix.modelled[0].backend, "fpga-verilator [ecp5 x4]");
    let json = serde_json::to_value(&matrix).unwrap();
    assert_eq!(json["modelled"][0]["cells"]["16"]["ns_per_record"], 0.001);
    assert_eq!(json["modelled"][0]["cells"]["16"].get("best"), None);
}

/// A bundle that does not verify, a run with wrong results and one that did not end show words and
/// no number, and neither does an entry that was never compared; others are ranked without them.
#[test]
fn what_is_refused_has_no_number() {
    let one = |status| record(status, &[entry("scalar", 1, 100, "L1", 1.0)]);
    let mut never = one("complete");
    never.entries[0].verified = false;
    let slow = record("complete", &[entry("scalar", 1, 100, "L1", 9.0)]);
    let matrix = of(&[
        named("changed", one("complete"), false),
        named("wrong", one("wrong-results"), true),
        named("stopped", one("interrupted"), true),
        named("never", never, true),
        named("slow", slow, true),
    ]);
    let word = |platform| shown(&matrix.measured, platform, "L1").concat();
    let words = ["changed", "wrong", "stopped", "never", "slow"].map(word);
    assert_eq!(words, ["unverified", "wrong", "unfinished", "wrong", "9*"]);
    let json = serde_json::to_string(&matrix).unwrap();
    assert!(json.contains(r#"{"state":"unverified"}"#), "{json}");
}

/// Figures of a smaller cache are not set above those of a larger one, whichever is the smallest
/// that a machine measured, and the same run is no second machine.
#[test]
fn unlike_homes_are_not_ranked() {
    let near = record("complete", &[entry("scalar", 16, 100, "L1", 1.0)]);
    let far = record("complete", &[entry("scalar", 16, 900, "L3", 9.0)]);
    let matrix = of(&[named("near", near, true), named("far", far, true)]);
    assert_eq!(shown(&matrix.measured, "near", "L1"), ["1*"]);
    assert_eq!(shown(&matrix.measured, "far", "L3"), ["9*"]);
    let same: Vec<Option<&str>> =
        matrix.platforms.iter().map(|one| one.same_run_as.as_deref()).collect();
    assert_eq!(same, [None, Some("near")]);
}
