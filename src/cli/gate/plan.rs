//! What a gate measures: the combinations that both programs can run.

use crate::{
    cli::{
        Failure,
        describe::{Described, Description},
        lockstep::Reading,
    },
    gate::outcome::Key,
    op::Op,
    report::record::{END_TO_END, PER_RECORD},
    stats::latency::{BEYOND_MIN, PERCENTILES},
};

/// What is asked of a gate.
#[derive(Clone, Debug)]
pub(super) struct Asked {
    pub(super) backends: Vec<String>,
    pub(super) batch_lens: Vec<usize>,
    pub(super) methods: Vec<Method>,
}

/// The methods of a gate.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub(super) enum Method {
    /// Batches back to back.
    Throughput,
    /// Batches one by one.
    Latency,
    /// Exact cycles of simulated hardware.
    Cycles,
}

impl Method {
    pub(super) const ALL: [Self; 3] = [Self::Throughput, Self::Latency, Self::Cycles];

    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::Throughput => "throughput",
            Self::Latency => "latency",
            Self::Cycles => "cycles",
        }
    }
}

/// Percentiles of a latency that a gate looks at, as indices of [`PERCENTILES`].
const LOOKED_AT: [usize; 2] = [0, 2];

/// Batches that are longer have no latency unless asked for: a launch would take too long.
pub(super) const LATENCY_BATCH_LEN_MAX: usize = 1_024;

/// What is measured by pairs of processes of its own. It gives a row for each metric.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Case {
    pub(super) backend: String,
    pub(super) batch_len: usize,
    pub(super) method: Method,
}

/// One metric of a case.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Metric {
    pub(super) id: String,
    /// Index of its percentile, of a latency.
    pub(super) percentile: Option<usize>,
}

impl Case {
    /// How it is read.
    pub(super) fn reading(&self) -> Reading {
        // As many samples as bear the highest percentile that is looked at.
        let (_, highest) = PERCENTILES[LOOKED_AT[LOOKED_AT.len() - 1]];
        let samples_min = (BEYOND_MIN as f64 / (1.0 - highest)).ceil() as u64;
        match self.method {
            Method::Latency => Reading::OneByOne { samples_min },
            Method::Throughput | Method::Cycles => Reading::BackToBack,
        }
    }

    /// Its metrics.
    pub(super) fn metrics(&self) -> Vec<Metric> {
        match self.method {
            Method::Throughput => {
                vec![Metric { id: format!("{PER_RECORD}/p50"), percentile: None }]
            }
            Method::Latency => LOOKED_AT
                .map(|index| {
                    let id = format!("{END_TO_END}/{}", PERCENTILES[index].0);
                    Metric { id, percentile: Some(index) }
                })
                .into(),
            Method::Cycles => Vec::new(),
        }
    }

    /// The key of a metric of it.
    pub(super) fn key(&self, metric: &Metric, home: &str) -> Key {
        Key {
            backend: self.backend.clone(),
            op: Op::Decide,
            method: self.method.name().into(),
            batch_len: self.batch_len,
            threads: 1,
            home: home.into(),
            metric: metric.id.clone(),
        }
    }
}

/// The cases that take host time and the simulated backends, of what both programs have.
pub(super) fn cases(
    asked: &Asked,
    baseline: &Description,
    candidate: &Description,
) -> Result<(Vec<Case>, Vec<String>), Failure> {
    for id in &asked.backends {
        for (side, about) in [("baseline", baseline), ("candidate", candidate)] {
            if !about.backends.iter().any(|one| one.id == *id) {
                let message = format!("--backend {id}: the {side} has none that can run here");
                return Err(Failure::usage(message));
            }
        }
    }
    let is_wanted = |one: &&Described| {
        let is_default = one.kind != "peer" && !one.software;
        let is_named = asked.backends.contains(&one.id);
        is_named || asked.backends.is_empty() && is_default
    };
    let both = |one: &&Described| baseline.backends.iter().any(|other| other.id == one.id);
    let wanted: Vec<&Described> =
        candidate.backends.iter().filter(both).filter(is_wanted).collect();
    let is_simulated = |one: &Described| one.kind == "fpga";
    let mut cases = Vec::new();
    for one in wanted.iter().filter(|one| !is_simulated(one)) {
        for &batch_len in &asked.batch_lens {
            for method in [Method::Throughput, Method::Latency] {
                let is_short = method != Method::Latency || batch_len <= LATENCY_BATCH_LEN_MAX;
                if asked.methods.contains(&method) && is_short {
                    cases.push(Case { backend: one.id.clone(), batch_len, method });
                }
            }
        }
    }
    let simulated = wanted.iter().filter(|one| is_simulated(one)).map(|one| one.id.clone());
    let has_cycles = asked.methods.contains(&Method::Cycles);
    Ok((cases, if has_cycles { simulated.collect() } else { Vec::new() }))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{cli::worker::PROTOCOL, report::record::Tool};

    fn described(backends: &[(&str, &str, bool)]) -> Description {
        let one = |&(id, kind, software): &(&str, &str, bool)| Described {
            id: id.into(),
            kind: kind.into(),
            software,
        };
        Description {
            protocol: PROTOCOL,
            tool: Tool::current(),
            features: Vec::new(),
            backends: backends.iter().map(one).collect(),
        }
    }

    fn asked(backends: &[&str]) -> Asked {
        Asked {
            backends: backends.iter().map(|&id| id.into()).collect(),
            batch_lens: vec![16, 65_536],
            methods: Method::ALL.into(),
        }
    }

    /// Only what both have is measured; peers and imitated devices only when named; what is too
    /// long has no latency; simulated hardware is apart.
    #[test]
    fn cases_are_what_both_have() {
        let candidate = described(&[
            ("scalar", "cpu", false),
            ("simd-new", "simd", false),
            ("gpu-wgpu", "gpu", true),
            ("peer-crc", "peer", false),
            ("fpga-verilator", "fpga", false),
        ]);
        let mut baseline = candidate.clone();
        baseline.backends.remove(1);
        let (found, simulated) = cases(&asked(&[]), &baseline, &candidate).unwrap();
        let shown: Vec<String> = found
            .iter()
            .map(|case| format!("{} {} {}", case.backend, case.batch_len, case.method.name()))
            .collect();
        assert_eq!(shown, ["scalar 16 throughput", "scalar 16 latency", "scalar 65536 throughput"]);
        assert_eq!(simulated, ["fpga-verilator"]);
        let (found, _) = cases(&asked(&["gpu-wgpu"]), &baseline, &candidate).unwrap();
        assert!(found.iter().all(|case| case.backend == "gpu-wgpu") && !found.is_empty());
        let failure = cases(&asked(&["simd-new"]), &baseline, &candidate).unwrap_err();
        assert!(failure.message().contains("--backend simd-new: the baseline"));
    }

    /// A latency takes the samples that its highest percentile needs, and has a row for each.
    #[test]
    fn latencies_bear_their_percentiles() {
        let case = Case { backend: "x".into(), batch_len: 1, method: Method::Latency };
        assert_eq!(case.reading(), Reading::OneByOne { samples_min: 1_000 });
        let ids: Vec<String> = case.metrics().into_iter().map(|metric| metric.id).collect();
        assert_eq!(ids, ["host/end_to_end/p50", "host/end_to_end/p99"]);
    }
}
