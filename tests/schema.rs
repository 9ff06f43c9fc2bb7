//! What a run writes is what the published schema says, and the schema refuses what it should.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test may fail")]

use std::{fs, path::Path, sync::atomic::AtomicBool, time::Duration};

use assert_cmd::Command;
use nanogate::{
    backend::{SimulatedBackend, mock::Simulated},
    corpus::Corpus,
    gate::outcome::{self, Outcome},
    host::{counters::Event, schedule::Disturbance, timer::Timer},
    measure::{Bench, Limits, cycles, inputs::Pool},
    op::Op,
    report::{
        baseline::Baseline,
        counters,
        record::{Entry, Header, RunRecord},
        screen::Screen,
        simulated::{SIMULATOR_HOME, SimulatedRecord},
        table::{self, Detail},
    },
};
use serde_json::{Value, json};

fn read(path: &str) -> Value {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(path);
    serde_json::from_str(&fs::read_to_string(path).unwrap()).unwrap()
}

fn validator(name: &str) -> jsonschema::Validator {
    let schema = read(&format!("schemas/{name}.schema.json"));
    jsonschema::draft202012::meta::validate(&schema).expect("the schema itself is valid");
    jsonschema::validator_for(&schema).unwrap()
}

fn schema() -> jsonschema::Validator {
    validator("nanogate.run-1")
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
        .args(["run", "--batch", "1,64", "--backend", "reference,scalar", "--footprint", "hot"])
        .args(["--threads", "2", "--budget", "0.02", "--out"])
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
    let events = record["counters"].as_array().unwrap();
    assert_eq!(events.len(), Event::ALL.len());
    let has = |entry: &Value, metric: &str| entry["metrics"].get(metric).is_some();
    for entry in record["entries"].as_array().unwrap() {
        assert!(entry["usage"]["cpu_utilisation"].as_f64().unwrap() > 0.0, "{entry}");
        // Counted is what the record says is counted, on one thread, unless others took turns.
        let is_pass = entry["method"] == "throughput" && entry["threads"] == 1;
        for counter in events.iter().take(6) {
            let metric = format!("host/{}/per_record", counter["event"].as_str().unwrap());
            let is_due = is_pass && counter["available"] == true;
            let is_there = has(entry, &metric) || entry["absent"].get(&metric).is_some();
            assert_eq!(is_there, is_due, "{metric} of {entry}");
        }
    }
    let mut counted = record.clone();
    let hardware = Event::ALL.into_iter().filter(|event| event.is_hardware());
    for metric in hardware.map(counters::per_record).chain([counters::IPC.into()]) {
        counted["entries"][0]["metrics"][&metric] = json!(1.5);
    }
    assert_valid(&counted);
    // Two backends and two batch lengths: throughput on one thread and on two, and latency.
    assert_eq!(record["entries"].as_array().unwrap().len(), 12);
    for entry in record["entries"].as_array().unwrap() {
        // A launch whose readings bear no interval, on a busy machine, adds nothing.
        let launches = entry["launches"].as_array().unwrap();
        let numbers = launches.iter().map(|one| one["number"].as_u64().unwrap());
        assert!(numbers.is_sorted_by(|one, next| one < next), "{entry}");
        let counts = launches.iter().map(|one| one["sample_count"].as_u64().unwrap());
        assert_eq!(counts.sum::<u64>(), entry["sample_count"].as_u64().unwrap());
    }
    for spoil in [
        |record: &mut Value| record["schema"] = json!("nanogate.run/2"),
        |record: &mut Value| record["entries"][0]["verified"] = json!(false),
        |record: &mut Value| record["entries"][0]["surprise"] = json!(1),
        |record: &mut Value| record["entries"][0]["metrics"]["per_record"] = json!(1.0),
        |record: &mut Value| record["entries"][0]["metrics"]["host/per_record/p50"] = json!("1"),
        |record: &mut Value| record["corpus"]["digest"] = json!("unknown"),
        |record: &mut Value| record["timer"]["resolution_ns"] = json!(0),
        |record: &mut Value| record["launches"] = json!([]),
        |record: &mut Value| record["entries"][0]["launches"][0]["number"] = json!(0),
        |record: &mut Value| record["entries"][0]["steady"]["state"] = json!("maybe"),
        |record: &mut Value| drop(record["timer"]["empty"]["latency"].take()),
        |record: &mut Value| record["timer"]["back_to_back"]["zero_share"] = json!(1.5),
        |record: &mut Value| record["timer"]["backward_steps"] = json!(-1),
        |record: &mut Value| record["counters"][0] = json!({"event": "cycles", "available": false}),
        |record: &mut Value| record["counters"][6]["event"] = json!("surprise"),
        |record: &mut Value| record["entries"][0]["usage"]["peak_since"] = json!("ever"),
        |record: &mut Value| drop(record.as_object_mut().unwrap().remove("host")),
    ] {
        let mut spoiled = record.clone();
        spoil(&mut spoiled);
        assert!(!schema().is_valid(&spoiled));
    }
}

/// The same record, with the cycles of a simulated design in place of what was measured.
fn with_cycles(mut record: RunRecord, len: usize) -> RunRecord {
    let records = Corpus::embedded().unwrap().records().into_iter().cycle();
    let pool = Pool::new(Op::Decide, records, len).unwrap();
    let (timer, interrupted) = (Timer::qualify(), AtomicBool::new(false));
    let limits = Limits { budget: Duration::from_millis(1), precision: 0.01 };
    let bench = Bench { timer: &timer, limits, interrupted: &interrupted };
    let rotation = pool.rotation(len, 1, 0).unwrap();
    let mut simulated = Simulated::golden(Op::Decide);
    let measured = cycles::measure(bench, &mut simulated, &rotation).unwrap();
    let header = Header {
        backend: "mock",
        software: false,
        op: Op::Decide,
        threads: 1,
        footprint_home: SIMULATOR_HOME.into(),
        disturbance: Disturbance::default(),
    };
    let facts = simulated.facts().clone();
    record.entries = vec![Entry::of_cycles(header, &rotation, &measured, &facts)];
    let counters = measured.counters;
    record.simulated = vec![SimulatedRecord { backend: "mock".into(), facts, counters }];
    record
}

/// A record of simulated hardware is valid, also of a single beat. Cycles that pass for time,
/// modelled time that passes for a metric, and a simulator's cost without its label are refused.
#[test]
fn cycles_follow_the_schema() {
    let run = short_run();
    let parsed: RunRecord = serde_json::from_value(run).unwrap();
    assert_valid(&serde_json::to_value(with_cycles(parsed.clone(), 1)).unwrap());
    let counted = with_cycles(parsed, 1_000);
    let shown = table::render(&counted, Detail::Figures, &Screen::PLAIN);
    assert!(shown.contains("simulated mock: mock x4") && shown.contains("not a result"), "{shown}");
    let record = serde_json::to_value(counted).unwrap();
    assert_valid(&record);
    for spoil in [
        |entry: &mut Value| entry["metrics"]["host/per_record/p50"] = json!(1.0),
        |entry: &mut Value| entry["metrics"]["model/latency/p50"] = json!(1.0),
        |entry: &mut Value| entry["method"] = json!("throughput"),
        |entry: &mut Value| entry["threads"] = json!(2),
        |entry: &mut Value| {
            entry["speedup"] = json!({"baseline": "reference", "value": 1, "low": 1, "high": 1});
        },
        |entry: &mut Value| entry["cycles"]["simulator_cost"]["label"] = json!("fast"),
        |entry: &mut Value| entry["cycles"]["backpressure"][0]["pace"] = json!(900),
        |entry: &mut Value| drop(entry.as_object_mut().unwrap().remove("cycles")),
    ] {
        let mut spoiled = record.clone();
        spoil(&mut spoiled["entries"][0]);
        assert!(!schema().is_valid(&spoiled));
    }
}

/// A baseline is a valid envelope around a valid record, and each way to spoil it is refused.
#[test]
fn baselines_follow_the_schema() {
    let record: RunRecord = serde_json::from_value(short_run()).unwrap();
    let baseline = serde_json::to_value(Baseline::seal(record, 1).unwrap()).unwrap();
    let schema = validator("nanogate.baseline-1");
    assert!(schema.is_valid(&baseline), "{:?}", schema.iter_errors(&baseline).next());
    assert_valid(&baseline["record"]);
    for spoil in [
        |baseline: &mut Value| baseline["schema"] = json!("nanogate.baseline/2"),
        |baseline: &mut Value| baseline["record_sha256"] = json!("unknown"),
        |baseline: &mut Value| baseline["saved_unix_s"] = json!(-1),
        |baseline: &mut Value| baseline["surprise"] = json!(1),
        |baseline: &mut Value| baseline["record"]["status"] = json!("running"),
        |baseline: &mut Value| drop(baseline["record"].take()),
    ] {
        let mut spoiled = baseline.clone();
        spoil(&mut spoiled);
        assert!(!schema.is_valid(&spoiled), "{spoiled}");
    }
}

fn row(comparison: &mut Value, index: usize) -> &mut serde_json::Map<String, Value> {
    comparison["candidates"][0]["rows"][index].as_object_mut().unwrap()
}

/// The fixtures of the exporters' tests are valid, so that these are tests of real files; and a
/// comparison says all that [`Outcome`] can hold. Each way to spoil it is refused.
#[test]
fn fixtures_follow_the_schemas() {
    assert_valid(&read("tests/fixtures/run.json"));
    let valid = |comparison: &Value| validator("nanogate.comparison-1").is_valid(comparison);
    let comparison = read("tests/fixtures/comparison.json");
    let errors: Vec<String> = validator("nanogate.comparison-1")
        .iter_errors(&comparison)
        .map(|error| format!("{}: {error}", error.instance_path()))
        .collect();
    assert!(errors.is_empty(), "{}", errors.join("\n"));
    // What is read and written again has nothing more and nothing less.
    let mut whole = comparison.clone();
    whole["interrupted"] = json!(true);
    let outcome: Outcome = serde_json::from_value(whole.clone()).unwrap();
    let written = serde_json::to_value(&outcome).unwrap();
    assert!(valid(&whole) && valid(&written), "{written}");
    let schema = read("schemas/nanogate.comparison-1.schema.json");
    for field in schema["properties"].as_object().unwrap().keys() {
        assert!(written.get(field).is_some(), "{field} is not in {written}");
    }
    assert_eq!((&written["flags"], &written["interrupted"]), (&whole["flags"], &json!(true)));
    let stored = Outcome { arming: None, kind: outcome::Kind::Stored, ..outcome.clone() };
    assert!(valid(&serde_json::to_value(&stored).unwrap()));
    assert!(valid(&serde_json::to_value(Outcome { candidates: Vec::new(), ..outcome }).unwrap()));
    for spoil in [
        |one: &mut Value| one["schema"] = json!("nanogate.comparison/2"),
        |one: &mut Value| one["kind"] = json!("guessed"),
        |one: &mut Value| one["surprise"] = json!(1),
        |one: &mut Value| one["family_error"] = json!(0),
        |one: &mut Value| one["baseline"]["digest"] = json!("unknown"),
        |one: &mut Value| one["candidates"][0]["rows"][0]["verdict"] = json!("worse"),
        |one: &mut Value| one["candidates"][0]["rows"][0]["ratio"]["low"] = json!(null),
        |one: &mut Value| one["candidates"][0]["rows"][0]["p_value"] = json!(1.5),
        |one: &mut Value| one["candidates"][0]["rows"][0]["metric"] = json!("per_record"),
        |one: &mut Value| one["candidates"][0]["rows"][0]["verdict"] = json!("same"),
        |one: &mut Value| one["candidates"][0]["rows"][5]["mute"]["until"] = json!("some day"),
        |one: &mut Value| drop(row(one, 5).remove("mute")),
        |one: &mut Value| drop(row(one, 0).remove("unit")),
        |one: &mut Value| one["candidates"][0]["rows"][9]["batch_len"] = json!(-1),
        |one: &mut Value| one["candidates"][0]["rows"][9]["metric"] = json!("model/latency/p50"),
        |one: &mut Value| one["arming"] = json!({}),
        |one: &mut Value| one["flags"] = json!("--lanes 4"),
        |one: &mut Value| one["interrupted"] = json!("yes"),
    ] {
        let mut spoiled = comparison.clone();
        spoil(&mut spoiled);
        assert!(!valid(&spoiled), "{spoiled}");
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
