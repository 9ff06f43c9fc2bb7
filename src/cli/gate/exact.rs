//! Exact figures of both programs: simulated cycles, what synthesis says, and the file's size.

use std::{
    collections::BTreeMap,
    path::Path,
    process::{Command, Stdio},
};

use super::{
    plan::{BUILD, PROGRAM, SYNTHESIS},
    program::Program,
};
use crate::{
    cli::{Exit, Failure},
    gate::outcome::Key,
    op::Op,
    report::{record::RunRecord, simulated},
};

/// An exact figure.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Exact {
    pub(super) key: Key,
    pub(super) unit: &'static str,
    pub(super) value: f64,
}

/// The exact figures of a program: those of each simulated backend, and its own size.
pub(super) fn figures(
    program: &Program,
    simulated: &[String],
    batch_lens: &[usize],
    flags: &[String],
    folder: &Path,
) -> Result<Vec<Exact>, Failure> {
    let mut found = vec![size(program)];
    if !simulated.is_empty() {
        let record = count(program, simulated, batch_lens, flags, folder)?;
        found.extend(cycles(&record));
        found.extend(synthesis(&record));
    }
    Ok(found)
}

/// Rows of figures that one or both programs have, in the order of their keys.
pub(super) fn paired(
    baseline: Vec<Exact>,
    candidate: Vec<Exact>,
) -> Vec<(Option<Exact>, Option<Exact>)> {
    let mut all: BTreeMap<Key, (Option<Exact>, Option<Exact>)> = BTreeMap::new();
    for one in baseline {
        let pair = all.entry(one.key.clone()).or_default();
        pair.0 = Some(one);
    }
    for one in candidate {
        let pair = all.entry(one.key.clone()).or_default();
        pair.1 = Some(one);
    }
    all.into_values().collect()
}

fn size(program: &Program) -> Exact {
    let key = Key {
        backend: PROGRAM.into(),
        op: Op::Decide,
        method: BUILD.into(),
        batch_len: 0,
        threads: 0,
        home: "file".into(),
        metric: "size/file/bytes".into(),
    };
    Exact { key, unit: "bytes", value: program.size_bytes as f64 }
}

/// Has the program count cycles, by its own `run`.
fn count(
    program: &Program,
    simulated: &[String],
    batch_lens: &[usize],
    flags: &[String],
    folder: &Path,
) -> Result<RunRecord, Failure> {
    let out = folder.join(format!("{}.json", program.digest));
    let batch_lens: Vec<String> = batch_lens.iter().map(ToString::to_string).collect();
    let failed = |what: &str| {
        let message = format!("{}: cannot count the cycles of {simulated:?}: {what}", program.name);
        Failure::new(Exit::Failed, message)
    };
    let output = Command::new(&program.path)
        .args(flags)
        .args(["run", "--method", "cycles", "--launches", "1"])
        .args(["--backend", &simulated.join(",")])
        .args(["--batch", &batch_lens.join(",")])
        .arg("--out")
        .arg(&out)
        .stdin(Stdio::null())
        .output()
        .map_err(|error| failed(&error.to_string()))?;
    if !output.status.success() {
        let code = output.status.code().and_then(|code| u8::try_from(code).ok());
        let exit = code.and_then(Exit::of_code).unwrap_or(Exit::Failed);
        let said = String::from_utf8_lossy(&output.stderr);
        let said = said.trim().trim_start_matches("nanogate: ").replace('\n', "; ");
        return Err(Failure::new(exit, format!("{}: {said}", program.name)));
    }
    let text = std::fs::read_to_string(&out).map_err(|error| failed(&error.to_string()))?;
    serde_json::from_str(&text).map_err(|error| {
        let message = format!("{}: its record cannot be read here: {error}", program.name);
        Failure::new(Exit::NotComparable, message)
    })
}

fn cycles(record: &RunRecord) -> Vec<Exact> {
    let each = record.entries.iter().flat_map(|entry| {
        let simulated = entry.metrics.iter().filter(|(id, _)| simulated::is_count(id));
        simulated.map(|(id, value)| Exact {
            key: Key {
                backend: entry.backend.clone(),
                op: entry.op,
                method: entry.method.name().into(),
                batch_len: entry.batch_len,
                threads: entry.threads,
                home: entry.footprint_home.clone(),
                metric: id.clone(),
            },
            unit: "cycles",
            value: *value,
        })
    });
    each.collect()
}

/// Lookup tables and flip-flops, as the report of place and route states them.
fn synthesis(record: &RunRecord) -> Vec<Exact> {
    let reports = record
        .simulated
        .iter()
        .flat_map(|one| one.facts.timing.iter().map(move |timing| (one, timing)));
    let each = reports.flat_map(|(one, timing)| {
        [("luts", timing.luts), ("flip_flops", timing.flip_flops)].map(|(what, value)| Exact {
            key: Key {
                backend: one.backend.clone(),
                op: Op::Decide,
                method: SYNTHESIS.into(),
                batch_len: one.facts.lanes,
                threads: 0,
                home: timing.report.clone(),
                metric: format!("rtl/{what}/count"),
            },
            unit: "count",
            value: value as f64,
        })
    });
    each.collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn exact(metric: &str, value: f64) -> Exact {
        let key = Key {
            backend: "fpga-verilator".into(),
            op: Op::Decide,
            method: "cycles".into(),
            batch_len: 16,
            threads: 1,
            home: "simulator".into(),
            metric: metric.into(),
        };
        Exact { key, unit: "cycles", value }
    }

    /// Figures meet by their keys; one that only one side has stands alone.
    #[test]
    fn figures_meet_by_key() {
        let baseline = vec![exact("a", 1.0), exact("b", 2.0)];
        let candidate = vec![exact("c", 3.0), exact("b", 2.5)];
        let value = |one: Option<Exact>| one.map(|one| one.value);
        let found: Vec<_> = paired(baseline, candidate)
            .into_iter()
            .map(|(one, other)| (value(one), value(other)))
            .collect();
        assert_eq!(found, [(Some(1.0), None), (Some(2.0), Some(2.5)), (None, Some(3.0))]);
    }
}
