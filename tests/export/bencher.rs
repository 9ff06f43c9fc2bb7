//! Bencher Metric Format against its own JSON schema, bencher.dev/bmf.json.

use serde_json::{Value, json};

use super::{comparison, history, of_comparison, of_history, of_run, run};

/// The schema, as its documentation prints it, with the limits that the text there adds.
fn read(text: &str) -> Value {
    let measure = json!({
        "type": "object",
        "properties": {
            "value": {"type": "number"},
            "lower_value": {"type": "number"},
            "upper_value": {"type": "number"},
        },
        "required": ["value"],
        "additionalProperties": false,
    });
    let schema = json!({
        "type": "object",
        "propertyNames": {"minLength": 1, "maxLength": 1024},
        "additionalProperties": {
            "type": "object",
            "minProperties": 1,
            "propertyNames": {"pattern": "^[a-z0-9]+(-[a-z0-9]+)*$", "maxLength": 64},
            "additionalProperties": measure,
        },
    });
    let value: Value = serde_json::from_str(text).unwrap();
    let validator = jsonschema::validator_for(&schema).unwrap();
    let errors: Vec<String> = validator.iter_errors(&value).map(|one| one.to_string()).collect();
    assert!(errors.is_empty(), "{errors:?} in {text}");
    value
}

pub(super) fn names(text: &str) -> Vec<String> {
    read(text).as_object().unwrap().keys().cloned().collect()
}

/// Medians keep their intervals; cycles have their unit in the measure; how readings spread has no
/// direction and does not go out.
#[test]
fn measures_have_units_and_intervals() {
    let read = read(&of_run("bencher", run()));
    let scalar = &read["scalar/decide/throughput/256/1/L1"];
    let median = json!({"value": 4.125, "lower_value": 3.75, "upper_value": 4.5});
    assert_eq!(scalar["host-per-record-p50-ns"], median);
    assert!(scalar["host-records-per-s-p50"]["value"].as_f64().unwrap() > 2e8);
    assert!(scalar.get("host-per-record-stdev-ns").is_none());
    let cycles = &read["fpga-verilator/decide/cycles/4000/1/simulator"];
    assert_eq!(cycles["sim-total-count-cycles"], json!({"value": 1005.0}));
    let modelled =
        read.as_object().unwrap().keys().filter(|name| name.contains("(modelled, ecp5-85f)"));
    assert_eq!(modelled.count(), 3);
    let software = "gpu-wgpu (software)/decide/throughput/256/1/L1";
    assert!(read.get(software).is_some(), "{read}");
}

/// A comparison gives the candidate's values, and the ratio with its interval where there is one.
#[test]
fn ratios_have_intervals() {
    let read = read(&of_comparison("bencher", comparison()));
    let slower = &read["fast-path: scalar/decide/throughput/256/1/L1/host/per_record/p50"];
    assert_eq!(slower["ns"], json!({"value": 4.25}));
    let ratio = json!({"value": 1.0625, "lower_value": 1.06, "upper_value": 1.065});
    assert_eq!(slower["ratio-to-baseline"], ratio);
    // The candidate does not have it, and there is no ratio: it is not there.
    assert!(!read.to_string().contains("sim/latency/max"));
    // Nor is what was not measured.
    assert!(!read.to_string().contains("no-change"));
    let size = &read["fast-path: program/decide/build/0/0/file/size/file/bytes"];
    assert_eq!(size["bytes"], json!({"value": 4_218_880.0}));
    let grown = &read["fast-path: fpga-verilator/decide/cycles/16/1/simulator/sim/stalled/count"];
    assert_eq!(*grown, json!({"cycles": {"value": 3.0}}), "from nothing there is no ratio");
}

/// Of a history the last run goes out, without intervals that nobody measured.
#[test]
fn the_last_run_of_a_history_goes_out() {
    let read = read(&of_history("bencher", history()));
    assert_eq!(read["Rust Benchmark/bench_fib_10"], json!({"ns-iter": {"value": 260.0}}));
    assert_eq!(read.as_object().unwrap().len(), 4);
}
