//! Small records with figures that are chosen, for tests of what is done with records.

use serde_json::{Map, Value, json};

/// A complete record of two launches and more, one minute after another if `minute` is larger.
pub(crate) fn record(minute: u64, entries: &[Value]) -> Value {
    json!({
        "schema": "nanogate.run/1",
        "status": "complete",
        "started_unix_s": 1_700_000_000 + 60 * minute,
        "tool": {
            "version": "0.1.0", "commit": "0123456789ab", "profile": "release",
            "rustc": "1.89.0", "target": "x86_64-unknown-linux-gnu", "rustflags": ""
        },
        "host": {
            "platform": "linux-x86_64", "kernel": "6.1", "cpu_model": "Example 9000",
            "cpu_features": ["avx2"], "cores_usable": 2, "cores_isolated": [],
            "caches": [{"level": 1, "kind": "Data", "size_bytes": 32_768}],
            "memory_bytes": 8_589_934_592u64, "governor": "performance", "smt_active": false,
            "virtualised": false, "load_1min": 0.1 * minute as f64
        },
        "launches": [{
            "number": 1, "of": 3, "layout_seed": 7, "core": 1,
            "layout": {"environment_bytes": 0, "stack_bytes": 0, "buffer_offset_bytes": 0}
        }],
        "budget_s": 1.5,
        "timer": {
            "source": "tsc", "invariant": true, "nominal_hz": 3e9, "frequency_hz": 3e9,
            "frequency_spread_ppm": 1.0, "resolution_ns": 0.5, "overhead_ns": 10.0,
            "back_to_back": {
                "count": 20_000, "zero_share": 0.0, "ns_p50": 10.0, "ns_p90": 10.0,
                "ns_p99": 10.0, "ns_p99_9": 20.0, "ns_max": 100.0
            },
            "backward_steps": 0,
            "empty": null
        },
        "corpus": {
            "source": "debian-12 (embedded)", "digest": "ab".repeat(32),
            "descriptor_count": 2_070, "seed": 1, "faults_permille": 1
        },
        "warnings": [],
        "entries": entries,
        "skipped": []
    })
}

/// Figures of one launch: each with an interval of half a percent on either side.
fn figures(metric: &str, stats: &[(&str, f64)]) -> Value {
    let mut metrics = Map::new();
    for (stat, value) in stats {
        for (suffix, factor) in [("", 1.0), ("_low", 0.995), ("_high", 1.005)] {
            metrics.insert(format!("{metric}/{stat}{suffix}"), json!(value * factor));
        }
    }
    Value::Object(metrics)
}

fn entry(backend: &str, method: &str, batch_len: usize, launches: &[Value]) -> Value {
    let launch = |(index, metrics): (usize, &Value)| {
        json!({
            "number": index + 1, "sample_count": 100, "stop": "precise", "steady": null,
            "metrics": metrics
        })
    };
    json!({
        "backend": backend, "op": "decide", "method": method, "batch_len": batch_len,
        "threads": 1, "verified": true, "footprint_bytes": 50 * batch_len,
        "footprint_home": "L1", "sample_count": 300, "stop": "precise",
        "launches": launches.iter().enumerate().map(launch).collect::<Vec<_>>(),
        "metrics": launches.first().cloned().unwrap_or(json!({})),
        "absent": {},
        "disturbance": {
            "core": 1, "moved": false, "involuntary_switches": 0, "migrations": 0, "steal_ms": 0
        },
        "warnings": []
    })
}

/// Throughput with these medians of its launches, in nanoseconds per record.
pub(crate) fn throughput(backend: &str, batch_len: usize, medians: &[f64]) -> Value {
    let launch = |&median: &f64| figures("host/per_record", &[("p50", median)]);
    let launches: Vec<Value> = medians.iter().map(launch).collect();
    entry(backend, "throughput", batch_len, &launches)
}

/// Latency with these medians of its launches, in nanoseconds per batch. The first `earned`
/// launches have a 99th percentile too, three times as long.
pub(crate) fn latency(backend: &str, batch_len: usize, medians: &[f64], earned: usize) -> Value {
    let launch = |(index, &median): (usize, &f64)| {
        let all = [("p50", median), ("p99", 3.0 * median)];
        figures("host/end_to_end", &all[..if index < earned { 2 } else { 1 }])
    };
    let launches: Vec<Value> = medians.iter().enumerate().map(launch).collect();
    entry(backend, "latency", batch_len, &launches)
}

/// Cycles of a simulated design.
pub(crate) fn cycles(batch_len: usize, total: u64) -> Value {
    let mut entry = entry("fpga-verilator", "cycles", batch_len, &[]);
    entry["footprint_home"] = json!("simulator");
    entry["metrics"] = json!({
        "sim/latency/max": 5.0,
        "sim/total/count": total as f64,
        "sim/records_per_cycle/mean": batch_len as f64 / total as f64
    });
    entry.as_object_mut().unwrap().remove("launches");
    entry
}
