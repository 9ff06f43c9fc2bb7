//! JSON of google/benchmark, read as `tools/gbench` of its compare.py reads it.

use nanogate::export::{ExportError, document::Documents, find};
use serde_json::Value;

use super::{of_run, run};

/// What compare.py needs of every line, and what it sorts by.
fn read(text: &str) -> Vec<Value> {
    let value: Value = serde_json::from_str(text).unwrap();
    assert_eq!(value["context"]["json_schema_version"], 1);
    let lines = value["benchmarks"].as_array().unwrap().clone();
    for line in &lines {
        assert!(line["name"].as_str().unwrap().starts_with(line["run_name"].as_str().unwrap()));
        assert!(line["real_time"].is_number() && line["cpu_time"].is_number(), "{line}");
        assert_eq!(line["time_unit"], "ns");
        for field in ["family_index", "per_family_instance_index", "repetitions", "threads"] {
            assert!(line[field].is_u64(), "{field} of {line}");
        }
        assert!(line["iterations"].is_u64(), "{line}");
        match line["run_type"].as_str().unwrap() {
            "iteration" => assert!(line["repetition_index"].is_u64(), "{line}"),
            "aggregate" => {
                let name = line["aggregate_name"].as_str().unwrap();
                let whole = format!("{}_{name}", line["run_name"].as_str().unwrap());
                assert_eq!(line["name"], whole);
                let unit = if name == "cv" { "percentage" } else { "time" };
                assert_eq!(line["aggregate_unit"], unit);
            }
            other => panic!("{other} of {line}"),
        }
    }
    lines
}

pub(super) fn names(text: &str) -> Vec<String> {
    read(text).iter().map(|line| line["name"].as_str().unwrap().to_owned()).collect()
}

/// A launch is a repetition, and their mean, median and spread follow; the mean is the record's,
/// with its interval.
#[test]
fn launches_are_repetitions() {
    let lines = read(&of_run("google-benchmark", run()));
    let scalar: Vec<&Value> = lines
        .iter()
        .filter(|line| line["run_name"].as_str().unwrap().starts_with("scalar/decide/throughput"))
        .collect();
    let times: Vec<f64> = scalar.iter().map(|line| line["real_time"].as_f64().unwrap()).collect();
    assert_eq!(times[..5], [4.0, 4.25, 4.125, 4.125, 4.125]);
    assert!((times[5] - 0.125).abs() < 1e-12 && (times[6] - 0.125 / 4.125).abs() < 1e-12);
    assert_eq!(scalar[0]["items_per_second"], 2.5e8);
    assert_eq!(
        (&scalar[3]["nanogate_low"], &scalar[3]["nanogate_high"]),
        (&3.75.into(), &4.5.into())
    );
    assert_eq!(scalar[3]["name"], "scalar/decide/throughput/256/1/L1/per_record_mean");
}

/// Cycles are no time and are left out; an imitated device is labelled; a single launch is one
/// repetition without aggregates, which it could not bear.
#[test]
fn only_times_go_out() {
    let text = of_run("google-benchmark", run());
    let lines = read(&text);
    assert!(!text.contains("fpga-verilator"), "{text}");
    let software: Vec<&Value> = lines.iter().filter(|line| line.get("label").is_some()).collect();
    assert_eq!(software.len(), 1);
    assert!(software[0]["name"].as_str().unwrap().starts_with("gpu-wgpu (software)/"));
    assert_eq!(software[0]["run_type"], "iteration");
    let value: Value = serde_json::from_str(&text).unwrap();
    assert!(value["context"]["nanogate_cpu_time"].as_str().unwrap().contains("not measured"));
}

/// Two records with the same entries are refused: compare.py would take the launches of both for
/// repetitions of one.
#[test]
fn records_are_not_merged() {
    let twice = Documents::Runs(vec![run(), run()]);
    let refused = find("google-benchmark").unwrap().export(&twice).unwrap_err();
    let whole = "scalar/decide/throughput/256/1/L1/per_record";
    assert!(matches!(&refused, ExportError::Duplicate(name) if name == whole), "{refused}");
}
