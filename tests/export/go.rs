//! Go benchmark text by the grammar of golang.org/design/14313-benchmark-format, as
//! `benchfmt/reader.go` of golang/perf has it.

use std::collections::BTreeSet;

use super::{of_run, run};

/// A result: name, iterations, values with their units.
struct Line {
    name: String,
    iterations: u64,
    values: Vec<(f64, String)>,
}

/// Every line is a result, a unit, a setting, or one that benchstat skips and we mean it to.
fn read(text: &str) -> Vec<Line> {
    let mut lines = Vec::new();
    for line in text.split_terminator('\n') {
        let fields: Vec<&str> = line.split_whitespace().collect();
        if line.starts_with("Benchmark") {
            let mut values = fields[2..].chunks_exact(2);
            let pairs = values.by_ref().map(|pair| (pair[0].parse().unwrap(), pair[1].to_owned()));
            let values_read: Vec<(f64, String)> = pairs.collect();
            assert!(values.remainder().is_empty() && !values_read.is_empty(), "{line}");
            let units: BTreeSet<&String> = values_read.iter().map(|(_, unit)| unit).collect();
            assert_eq!(units.len(), values_read.len(), "a unit twice: {line}");
            let (name, iterations) = (fields[0].to_owned(), fields[1].parse().unwrap());
            lines.push(Line { name, iterations, values: values_read });
        } else if line.starts_with("Unit ") {
            assert!(fields[2..].iter().all(|field| field.contains('=')), "{line}");
        } else if let Some((key, value)) = line.split_once(':') {
            let is_key = key.starts_with(|c: char| c.is_lowercase())
                && !key.contains(|c: char| c.is_whitespace() || c.is_uppercase());
            assert!(is_key || line.starts_with("# "), "{line}");
            assert!(value.is_empty() || value.starts_with(' ') || line.starts_with("# "), "{line}");
        } else {
            assert!(line.starts_with("# "), "{line:?}");
        }
    }
    lines
}

/// Names with what stands for a byte decoded again.
pub(super) fn names(text: &str) -> Vec<String> {
    read(text).into_iter().map(|line| decoded(&line.name)).collect()
}

fn decoded(name: &str) -> String {
    let mut bytes = Vec::new();
    let mut rest = name.bytes();
    while let Some(byte) = rest.next() {
        if byte == b'%' {
            let digits = [rest.next().unwrap(), rest.next().unwrap()];
            let digits = String::from_utf8(digits.to_vec()).unwrap();
            bytes.push(u8::from_str_radix(&digits, 16).unwrap());
        } else {
            bytes.push(byte);
        }
    }
    String::from_utf8(bytes).unwrap()
}

/// benchstat gets a sample per launch under one name, and an exact line of what is exact.
#[test]
fn launches_are_samples() {
    let lines = read(&of_run("go", run()));
    let scalar: Vec<&Line> =
        lines.iter().filter(|line| line.name.contains("scalar/method=throughput")).collect();
    assert_eq!(scalar.len(), 3);
    assert!(scalar.iter().all(|line| line.name == scalar[0].name && line.iterations == 30));
    assert!(scalar[0].name.ends_with("/per=record/batch=256/home=L1-1"), "{}", scalar[0].name);
    let times: Vec<f64> = scalar.iter().map(|line| line.values[0].0).collect();
    assert_eq!(times, [4.0, 4.25, 4.125]);
    assert_eq!(scalar[0].values[0].1, "ns/op");
    let cycles = lines.iter().find(|line| line.name.contains("fpga")).unwrap();
    assert_eq!(cycles.values[0], (1005.0, "cycles/op".into()));
    let latency = lines.iter().find(|line| line.name.contains("method=latency")).unwrap();
    assert!(latency.values.contains(&(1210.5, "p99-ns/op".into())));
    let software = lines.iter().find(|line| line.name.contains("gpu-wgpu")).unwrap();
    assert!(software.name.contains("/device=software/"));
    // An entry whose samples bear no figure has no line.
    assert_eq!(lines.len(), 6);
}

/// What has to differ between two files is no setting: benchstat would put each in its own table.
#[test]
fn the_commit_is_no_setting() {
    let text = of_run("go", run());
    assert!(text.contains("\n# commit b2c58cd825f8\n") && !text.contains("commit:"), "{text}");
    assert!(text.contains("\ngoos: linux\ngoarch: amd64\npkg: nanogate\n"), "{text}");
    assert!(text.starts_with("Unit records/s better=higher\n"), "{text}");
}
