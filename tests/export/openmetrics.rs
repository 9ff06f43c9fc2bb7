//! OpenMetrics by a small strict reader of its text format, version 1.0.0.

use std::collections::{BTreeMap, BTreeSet};

use super::{comparison, of_comparison, of_run, run};

#[derive(Debug, Default)]
struct Family {
    kind: String,
    unit: Option<String>,
    samples: Vec<(BTreeMap<String, String>, String)>,
}

fn is_name(text: &str, colon: bool) -> bool {
    let is_start = |c: char| c.is_ascii_alphabetic() || c == '_' || (colon && c == ':');
    text.starts_with(is_start) && text.chars().all(|c| is_start(c) || c.is_ascii_digit())
}

/// Text with backslashes taken out: only those before a backslash, a quote and an `n`.
fn unescaped(text: &str) -> String {
    let mut out = String::new();
    let mut rest = text.chars();
    while let Some(c) = rest.next() {
        match c {
            '\\' => out.push(match rest.next() {
                Some('n') => '\n',
                Some(c @ ('\\' | '"')) => c,
                other => panic!("escape of {other:?} in {text:?}"),
            }),
            '"' => panic!("bare quote in {text:?}"),
            c => out.push(c),
        }
    }
    out
}

/// `{name="value",...}` and what follows.
fn labels(text: &str) -> (BTreeMap<String, String>, &str) {
    let mut found = BTreeMap::new();
    let mut rest = text.strip_prefix('{').unwrap_or_else(|| panic!("no labels: {text:?}"));
    while !rest.starts_with('}') {
        let (name, after) = rest.split_once("=\"").unwrap();
        assert!(is_name(name, false), "{name:?}");
        let bytes = after.as_bytes();
        let is_end = |&at: &usize| {
            let slashes = bytes[..at].iter().rev().take_while(|byte| **byte == b'\\').count();
            bytes[at] == b'"' && slashes % 2 == 0
        };
        let end = (0..bytes.len()).find(is_end).unwrap();
        let twice = found.insert(name.to_owned(), unescaped(&after[..end]));
        assert!(twice.is_none(), "{name} twice in {text}");
        rest = &after[end + 1..];
        rest = rest.strip_prefix(',').unwrap_or(rest);
    }
    (found, &rest[1..])
}

fn read(text: &str) -> BTreeMap<String, Family> {
    let body = text.strip_suffix("# EOF\n").expect("ends with # EOF");
    let mut families: BTreeMap<String, Family> = BTreeMap::new();
    let mut series = BTreeSet::new();
    let mut current = String::new();
    for line in body.split_terminator('\n') {
        if let Some(metadata) = line.strip_prefix("# ") {
            let mut parts = metadata.splitn(3, ' ');
            let [word, name, value] = [(); 3].map(|()| parts.next().unwrap());
            assert!(is_name(name, true), "{line}");
            if word == "TYPE" {
                assert!(["gauge", "info", "stateset"].contains(&value), "{line}");
                name.clone_into(&mut current);
                let family = Family { kind: value.to_owned(), ..Family::default() };
                assert!(families.insert(current.clone(), family).is_none(), "interleaved: {line}");
            }
            let family = families.get_mut(&current).unwrap();
            assert!(name == current && family.samples.is_empty(), "{line}");
            match word {
                "TYPE" => {}
                "UNIT" => {
                    assert!(name.ends_with(&format!("_{value}")), "{line}");
                    family.unit = Some(value.to_owned());
                }
                "HELP" => drop(unescaped(value)),
                _ => panic!("{line}"),
            }
            continue;
        }
        let family = families.get_mut(&current).unwrap();
        let (name, _) = line.split_once('{').unwrap();
        let suffix = if family.kind == "info" { "_info" } else { "" };
        assert_eq!(name, format!("{current}{suffix}"), "{line}");
        let (labels, rest) = labels(&line[name.len()..]);
        let value = rest.strip_prefix(' ').unwrap();
        assert!(value.starts_with(|c: char| c.is_ascii_digit() || c == '-'), "{line}");
        assert!(series.insert((name.to_owned(), labels.clone())), "twice: {line}");
        assert!(value.parse::<f64>().is_ok(), "{line}");
        family.samples.push((labels, value.to_owned()));
    }
    for (name, family) in families.iter().filter(|(_, family)| family.kind == "stateset") {
        for set in family.samples.chunks(5) {
            assert!(set.iter().all(|(labels, _)| labels.contains_key(name)), "{set:?}");
            assert_eq!(set.iter().filter(|(_, value)| value == "1").count(), 1, "{set:?}");
            assert_eq!(set.iter().filter(|(_, value)| value == "0").count(), 4, "{set:?}");
        }
    }
    families
}

pub(super) fn names(text: &str) -> Vec<String> {
    let families = read(text);
    let samples = families.values().flat_map(|family| &family.samples);
    samples.filter_map(|(labels, _)| labels.get("backend").cloned()).collect()
}

/// Times are in seconds with the unit in the name, cycles and rates in units of their own; the ends
/// of an interval are families beside; modelled figures say that they are.
#[test]
fn units_are_suffixes() {
    let text = of_run("openmetrics", run());
    let families = read(&text);
    let value = |family: &str, backend: &str, metric: &str| {
        let found = families[family]
            .samples
            .iter()
            .find(|(labels, _)| labels["backend"] == backend && labels["metric"] == metric);
        found.unwrap_or_else(|| panic!("{family} {backend} {metric}")).1.as_str()
    };
    let median = |family: &str| value(family, "scalar", "host/per_record/p50");
    assert_eq!(median("nanogate_host_per_record_seconds"), "4.125e-9");
    assert_eq!(median("nanogate_host_per_record_low_seconds"), "3.75e-9");
    assert_eq!(median("nanogate_host_per_record_high_seconds"), "4.5e-9");
    assert_eq!(value("nanogate_sim_total_cycles", "fpga-verilator", "sim/total/count"), "1005.0");
    let rate = "nanogate_host_records_per_second";
    assert_eq!(families[rate].unit.as_deref(), Some("records_per_second"));
    assert!(families.contains_key("nanogate_host_input_bytes_per_second"), "{text}");
    assert!(families.contains_key("nanogate_host_per_record_ratio"), "{text}");
    assert!(families.contains_key("nanogate_sim_records_per_cycle"), "{text}");
    let modelled = &families["nanogate_model_latency_seconds"].samples[0].0;
    assert_eq!(modelled["report"], "ecp5-85f");
    assert!(text.contains("# HELP nanogate_model_latency_seconds model/latency: modelled"));
    let is_software = |(labels, _): &(BTreeMap<String, String>, String)| {
        labels["backend"] != "gpu-wgpu" || labels["software"] == "true"
    };
    assert!(families["nanogate_host_per_record_seconds"].samples.iter().all(is_software));
}

/// A comparison has both values, the ratio with its interval, and one state per row; a value that
/// is not there has no sample.
#[test]
fn rows_have_one_state() {
    let families = read(&of_comparison("openmetrics", comparison()));
    let ratio = |end: &str| &families[&format!("nanogate_comparison_slowdown{end}_ratio")];
    assert_eq!(ratio("").samples.len(), 11);
    assert_eq!(ratio("_low").samples.len(), 11);
    let cycles = &families["nanogate_comparison_cycles"].samples;
    let latency = cycles.iter().filter(|(labels, _)| labels["metric"] == "sim/latency/max");
    let sides: Vec<&str> = latency.map(|(labels, _)| labels["side"].as_str()).collect();
    assert_eq!(sides, ["baseline"]);
    let effects = &families["nanogate_comparison_effect"].samples;
    assert_eq!(effects.len(), 15 * 5);
    let program_bytes = &families["nanogate_comparison_bytes"].samples;
    let are_sizes = program_bytes.iter().all(|(labels, _)| labels["metric"] == "size/file/bytes");
    assert!(are_sizes, "{program_bytes:?}");
    // A count has no unit.
    let counts = &families["nanogate_comparison"];
    assert_eq!((counts.unit.as_deref(), counts.samples.len()), (None, 2));
}
