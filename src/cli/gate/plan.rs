//! What a gate measures: the combinations that both programs can run.

use crate::{
    cli::{
        Exit, Failure,
        describe::{Described, Description},
        lockstep::Reading,
    },
    gate::{limits::Known, outcome::Key},
    op::Op,
    registry,
    report::record::{END_TO_END, PER_RECORD},
    stats::latency::{BEYOND_MIN, PERCENTILES},
};

/// What is asked of a gate.
#[derive(Clone, Debug)]
pub(super) struct Asked {
    pub(super) backends: Vec<String>,
    pub(super) batch_lens: Vec<usize>,
    pub(super) methods: Vec<Method>,
    /// Whether latencies were asked for by name.
    pub(super) is_latency_named: bool,
}

/// What both programs are to do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Plan {
    /// What takes host time.
    pub(super) cases: Vec<Case>,
    /// What the candidate no longer has.
    pub(super) lost: Vec<Case>,
    /// Backends whose cycles are counted.
    pub(super) simulated: Vec<String>,
}

/// What is compared of a program besides its backends, in place of a backend and of a method.
pub(super) const PROGRAM: &str = "program";
pub(super) const BUILD: &str = "build";
pub(super) const SYNTHESIS: &str = "synthesis";

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
    /// Whether a driver imitates its device.
    pub(super) software: bool,
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
            backend: Key::name_of_backend(&self.backend, self.software),
            op: Op::Decide,
            method: self.method.name().into(),
            batch_len: self.batch_len,
            threads: 1,
            home: home.into(),
            metric: metric.id.clone(),
        }
    }
}

/// The names of the methods.
pub(in crate::cli) fn methods() -> [&'static str; 3] {
    Method::ALL.map(Method::name)
}

/// The names that limits can have.
pub(in crate::cli) fn known() -> Known {
    let case = |method| Case { backend: String::new(), software: false, batch_len: 1, method };
    let times = Method::ALL.into_iter().flat_map(|method| case(method).metrics());
    let exact = ["size/", "rtl/", "sim/"].map(String::from);
    Known {
        backends: registry::all().map(|entry| entry.id.into()).chain([PROGRAM.into()]).collect(),
        methods: Method::ALL
            .map(Method::name)
            .into_iter()
            .chain([BUILD, SYNTHESIS])
            .map(String::from)
            .collect(),
        metrics: times.map(|metric| metric.id).chain(exact).collect(),
    }
}

/// What is measured: what both programs have, of what is asked.
pub(super) fn plan(
    asked: &Asked,
    baseline: &Description,
    candidate: &Description,
) -> Result<Plan, Failure> {
    for id in &asked.backends {
        for (side, about) in [("baseline", baseline), ("candidate", candidate)] {
            if !has(about, id) {
                let message = format!(
                    "--backend {id}: the {side} has none that can run here; `nanogate backends` \
                     says why"
                );
                return Err(Failure::new(Exit::Unfit, message));
            }
        }
    }
    let is_wanted = |one: &&Described| {
        let is_default = one.kind != "peer" && !one.software;
        let is_named = asked.backends.contains(&one.id);
        is_named || asked.backends.is_empty() && is_default
    };
    let wanted = |of: &'_ Description| of.backends.iter().filter(is_wanted).cloned().collect();
    let (ours, theirs): (Vec<Described>, Vec<Described>) = (wanted(candidate), wanted(baseline));
    let (both, lost): (Vec<_>, Vec<_>) =
        theirs.into_iter().partition(|one| has(candidate, &one.id));
    let both: Vec<Described> =
        ours.into_iter().filter(|one| both.iter().any(|other| other.id == one.id)).collect();
    let has_cycles = asked.methods.contains(&Method::Cycles);
    let simulated = both.iter().filter(|one| has_cycles && is_simulated(one));
    let plan = Plan {
        cases: cases(asked, &both),
        lost: cases(asked, &lost),
        simulated: simulated.map(|one| one.id.clone()).collect(),
    };
    if plan.cases.is_empty() && plan.simulated.is_empty() && !has_cycles {
        let message = "no backend that both programs have can be timed as asked: change --backend, \
                       --batch or --method";
        return Err(Failure::new(Exit::NotComparable, message));
    }
    Ok(plan)
}

/// What of a profile is not measured although the programs have it, and why.
pub(super) fn left_out(asked: &Asked, about: &Description) -> Vec<String> {
    let named = about.backends.iter().filter(|one| asked.backends.contains(&one.id));
    let has_cycles = asked.methods.contains(&Method::Cycles);
    let is_timed = asked.methods.iter().any(|method| *method != Method::Cycles);
    let idle = named.filter_map(|one| match is_simulated(one) {
        true if !has_cycles => Some(format!("{}: cycles are not among the methods", one.id)),
        false if !is_timed => Some(format!("{}: cycles are the only method", one.id)),
        _ => None,
    });
    let has_latency = asked.methods.contains(&Method::Latency) && !asked.is_latency_named;
    let long = asked.batch_lens.iter().filter(|&&len| len > LATENCY_BATCH_LEN_MAX);
    let slow = long.filter(|_| has_latency).map(|len| {
        format!("latency of batches of {len}: takes long, and only --method latency asks for it")
    });
    idle.chain(slow).collect()
}

fn has(about: &Description, id: &str) -> bool {
    about.backends.iter().any(|one| one.id == id)
}

fn is_simulated(one: &Described) -> bool {
    one.kind == "fpga"
}

/// What takes host time, of these backends.
fn cases(asked: &Asked, backends: &[Described]) -> Vec<Case> {
    let mut cases = Vec::new();
    for one in backends.iter().filter(|one| !is_simulated(one)) {
        for &batch_len in &asked.batch_lens {
            let is_short = batch_len <= LATENCY_BATCH_LEN_MAX || asked.is_latency_named;
            for method in [Method::Throughput, Method::Latency] {
                if asked.methods.contains(&method) && (method != Method::Latency || is_short) {
                    let (backend, software) = (one.id.clone(), one.software);
                    cases.push(Case { backend, software, batch_len, method });
                }
            }
        }
    }
    cases
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
            is_latency_named: false,
        }
    }

    /// Only what both have is measured; what the candidate lost is said; peers and imitated devices
    /// only when named; what is too long has no latency; simulated hardware is apart.
    #[test]
    fn cases_are_what_both_have() {
        let all = [
            ("scalar", "cpu", false),
            ("simd-avx2", "simd", false),
            ("gpu-wgpu", "gpu", true),
            ("peer-crc", "peer", false),
            ("fpga-verilator", "fpga", false),
        ];
        let (full, fewer) = (described(&all), described(&[all[0], all[2], all[3], all[4]]));
        let shown = |cases: &[Case]| -> Vec<String> {
            let one =
                |case: &Case| format!("{} {} {}", case.backend, case.batch_len, case.method.name());
            cases.iter().map(one).collect()
        };
        let found = plan(&asked(&[]), &fewer, &full).unwrap();
        let scalar = ["scalar 16 throughput", "scalar 16 latency", "scalar 65536 throughput"];
        assert_eq!(shown(&found.cases), scalar);
        assert_eq!(found.simulated, ["fpga-verilator"]);
        assert!(found.lost.is_empty());
        let found = plan(&asked(&[]), &full, &fewer).unwrap();
        assert_eq!(shown(&found.cases), scalar);
        assert!(found.lost.iter().all(|case| case.backend == "simd-avx2"));
        assert_eq!(found.lost.len(), 3);
        let found = plan(&asked(&["gpu-wgpu"]), &full, &full).unwrap().cases;
        assert!(found.iter().all(|case| case.backend == "gpu-wgpu") && !found.is_empty());
        let key = found[0].key(&found[0].metrics()[0], "L1");
        assert_eq!((key.backend.as_str(), key.backend_id()), ("gpu-wgpu (software)", "gpu-wgpu"));
    }

    /// What cannot be measured as asked is refused, each by its own exit.
    #[test]
    fn what_cannot_be_is_refused() {
        let all = described(&[("scalar", "cpu", false), ("fpga-verilator", "fpga", false)]);
        let exit = |asked: &Asked| plan(asked, &all, &all).unwrap_err().exit();
        assert_eq!(exit(&asked(&["simd-avx2"])), Exit::Unfit);
        let simulated = Asked { methods: vec![Method::Throughput], ..asked(&["fpga-verilator"]) };
        assert_eq!(exit(&simulated), Exit::NotComparable);
        let long = Asked { batch_lens: vec![65_536], methods: vec![Method::Latency], ..asked(&[]) };
        assert_eq!(exit(&long), Exit::NotComparable);
        let named = Asked { is_latency_named: true, ..long };
        assert_eq!(plan(&named, &all, &all).unwrap().cases.len(), 1);
    }

    /// A latency takes the samples that its highest percentile needs, and has a row for each.
    #[test]
    fn latencies_bear_their_percentiles() {
        let (backend, software) = ("x".into(), false);
        let case = Case { backend, software, batch_len: 1, method: Method::Latency };
        assert_eq!(case.reading(), Reading::OneByOne { samples_min: 1_000 });
        let ids: Vec<String> = case.metrics().into_iter().map(|metric| metric.id).collect();
        assert_eq!(ids, ["host/end_to_end/p50", "host/end_to_end/p99"]);
    }
}
