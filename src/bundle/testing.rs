//! A record whose entries are chosen, for tests.

use serde_json::{Value, json};

use crate::report::record::RunRecord;

/// A record of one launch with these entries.
pub(super) fn record(status: &str, entries: &[Value]) -> RunRecord {
    let zero = json!({"net_ns": {"value": 0.0, "low": 0.0, "high": 0.0},
        "resolution_ns": 1.0, "gross_ns": 1.0});
    serde_json::from_value(json!({
        "schema": "nanogate.run/1", "status": status, "started_unix_s": 1,
        "tool": {"version": "0.1.0", "commit": "0123456789ab", "profile": "release",
            "rustc": "", "target": "", "rustflags": ""},
        "host": {"platform": "linux-x86_64", "kernel": "6.1", "cpu_model": "Example 9000",
            "cpu_features": [], "cores_usable": 2, "cores_isolated": [], "caches": [],
            "memory_bytes": null, "governor": null, "smt_active": null, "virtualised": null,
            "load_1min": null},
        "launches": [{"number": 1, "of": 1, "layout_seed": 7, "core": 1, "layout": {
            "environment_bytes": 0, "stack_bytes": 0, "buffer_offset_bytes": 0}}],
        "timer": {"source": "tsc", "invariant": true, "nominal_hz": 3e9, "frequency_hz": 3e9,
            "frequency_spread_ppm": 1.0, "resolution_ns": 0.5, "overhead_ns": 10.0,
            "back_to_back": {"count": 20_000, "zero_share": 0.0, "ns_p50": 10.0,
                "ns_p90": 10.0, "ns_p99": 10.0, "ns_p99_9": 20.0, "ns_max": 100.0},
            "backward_steps": 0, "empty": {"throughput": zero, "latency": zero}},
        "corpus": {"source": "", "digest": "", "descriptor_count": 1, "seed": 1,
            "faults_permille": 1},
        "warnings": [], "entries": entries, "skipped": []
    }))
    .unwrap()
}
