//! A run under a profile: what flags leave open, the profile says.

use std::time::Duration;

use super::{
    Arguments, Threads,
    plan::{Case, Plan},
};
use crate::{
    backend::BackendEntry,
    cli::{
        Exit, Failure,
        profile::{Found, Given, Obeyed},
    },
    host::fingerprint::Cache,
    measure::{Method, footprint::Wanted},
    op::Op,
    platform::{Profile, plan, record::ProfileRecord},
};

/// What a profile says of a run that no flag can say.
#[derive(Clone, Debug)]
pub(super) struct Under {
    /// Its text, comments and all.
    pub(super) text: String,
    /// What the record says of the profile.
    pub(super) record: ProfileRecord,
    /// What is measured of its backends, or of those that a flag names.
    backends: Vec<Found>,
    /// The operation.
    pub(super) op: Op,
    /// The cores that threads share out. Empty for all of the measuring core's kind.
    pub(super) team: Vec<usize>,
    /// The part whose timing report gives modelled time.
    pub(super) timing_report: Option<String>,
}

/// A backend that is not measured, and why.
pub(super) type Left = (&'static BackendEntry, String);

impl Arguments {
    /// The flags that take the place of what a profile says. A new flag does not compile before it
    /// is one of these, or none.
    pub(super) fn given(&self) -> Given<'_> {
        let Self {
            profile: _,
            backend,
            peers,
            batch,
            footprint,
            threads,
            method,
            quick,
            budget,
            launches,
            layout_seed: _,
            launch: _,
            steps: _,
            heeds: _,
            core,
            corpus,
            seed,
            faults,
            plant_device_loss,
            save_baseline: _,
            baseline: _,
            baseline_lenient: _,
            out: _,
            bundle: _,
            readings: _,
            history: _,
            details: _,
            json: _,
            under: _,
            load,
        } = self;
        let all = [
            ("--backend", !backend.is_empty()),
            ("--peers", *peers),
            ("--batch", !batch.is_empty()),
            ("--footprint", !footprint.is_empty()),
            ("--threads", !threads.is_empty()),
            ("--method", !method.is_empty()),
            ("--quick", *quick),
            ("--budget", budget.is_some()),
            ("--launches", launches.is_some()),
            ("--core", core.is_some()),
            ("--corpus", corpus.is_some()),
            ("--seed", seed.is_some()),
            ("--faults", faults.is_some()),
            ("--plant-device-loss", plant_device_loss.is_some()),
        ];
        let all = all.into_iter().chain(load.given_of_plan());
        let flags = all.filter(|(_, is_given)| *is_given).map(|(flag, _)| flag).collect();
        Given { flags, core: *core, backends: backend }
    }

    /// Fills in all that a profile says and no flag does.
    pub(super) fn fill(&mut self, obeyed: Obeyed) {
        let Obeyed { opened, record, chosen, backends } = obeyed;
        self.fill_plan(&opened.profile);
        self.core = chosen.core;
        self.under = Some(Under {
            text: opened.text,
            record,
            backends,
            op: opened.profile.plan.op(),
            team: chosen.team,
            timing_report: opened.profile.backends.fpga.timing_report.asked().map(str::to_owned),
        });
    }

    /// Fills in the plan. Its names are known: the profile was opened.
    fn fill_plan(&mut self, profile: &Profile) {
        let plan = &profile.plan;
        if self.batch.is_empty() {
            self.batch.clone_from(&plan.batch_lens);
        }
        if self.footprint.is_empty() && !self.quick {
            let wanted = plan.footprints.iter().filter_map(|name| Wanted::parse(name).ok());
            self.footprint = wanted.collect();
        }
        if self.threads.is_empty() {
            self.threads = plan.threads.iter().copied().map(Threads::from).collect();
        }
        if self.method.is_empty() {
            let is_asked = |method: &Method| plan.methods.iter().any(|name| name == method.name());
            self.method = Method::ALL.into_iter().filter(is_asked).collect();
        }
        if self.budget.is_none() && !self.quick {
            self.budget = Some(Duration::from_secs_f64(plan.budget_s));
        }
        self.launches = self.launches.or(Some(plan.launches));
        self.seed = self.seed.or(Some(plan.seed));
        self.faults = self.faults.or(Some(plan.faults_permille));
        if self.method.contains(&Method::Load) {
            self.load.fill(&plan.load);
        }
    }

    /// The flag that says something, or the key of the profile that says it in its place.
    pub(super) fn source(&self, flag: &str, key: &str) -> String {
        match self.under_for(flag) {
            Some(under) => format!("profile {}: {key}", under.record.id),
            None => flag.to_owned(),
        }
    }

    /// The profile, where it says what the flag leaves open.
    fn under_for(&self, flag: &str) -> Option<&Under> {
        let is_left = |under: &&Under| !under.record.overridden.iter().any(|one| one == flag);
        self.under.as_ref().filter(is_left)
    }

    /// What is measured on a host with these caches. A profile that leaves nothing is in order, and
    /// the host is not.
    pub(super) fn cases(&self, plan: &Plan, caches: &[Cache]) -> Result<Vec<Case>, Failure> {
        let cases = plan.cases(caches);
        if !cases.is_empty() {
            return Ok(cases);
        }
        let flag = "--footprint";
        let source = self.source(flag, "plan.footprints");
        let exit = if self.under_for(flag).is_some() { Exit::Unfit } else { Exit::Usage };
        let message = format!("{source}: no such batch fits here; add `cold`, or shorten batches");
        Err(Failure::new(exit, message))
    }
}

impl From<plan::Threads> for Threads {
    fn from(threads: plan::Threads) -> Self {
        match threads {
            plan::Threads::Count(count) => Self::Count(count.get() as usize),
            plan::Threads::All(_) => Self::All,
        }
    }
}

impl Under {
    /// The backends that are measured, and those that are not with the reason.
    pub(super) fn backends(&self) -> (Vec<&'static BackendEntry>, Vec<Left>) {
        let able = self.backends.iter().filter(|one| one.probed.is_ok()).map(|one| one.entry);
        let left =
            self.backends.iter().filter_map(|one| Some((one.entry, one.probed.clone().err()?)));
        (able.collect(), left.collect())
    }

    /// The ids without which there is no run.
    pub(super) fn required(&self) -> Vec<String> {
        let all = self.backends.iter().filter(|one| one.required);
        all.map(|one| one.entry.id.to_owned()).collect()
    }
}

#[cfg(test)]
mod tests {
    use clap::Parser as _;

    use super::*;
    use crate::{
        backend::ProbeContext,
        cli::{profile, run::Bare},
        host::affinity,
        platform::shipped,
    };

    fn obeyed_text(text: &str, flags: &[&str]) -> Result<Arguments, Failure> {
        let Bare { mut arguments } = Bare::parse_from(["run"].iter().chain(flags));
        let opened = profile::Opened::of("mine.toml", text.to_owned())?;
        let obeyed = profile::obey(opened, arguments.given(), &mut ProbeContext::default())?;
        arguments.fill(obeyed);
        Ok(arguments)
    }

    fn obeyed(flags: &[&str]) -> Arguments {
        let filled = obeyed_text(shipped::find("ci-shared-2core").unwrap(), flags);
        filled.unwrap_or_else(|failure| panic!("{}", failure.message()))
    }

    /// What no flag says, the profile says.
    #[test]
    fn gaps_are_filled() {
        let filled = obeyed(&[]);
        assert_eq!(filled.batch, [1, 256, 16_384]);
        assert_eq!(filled.footprint, [Wanted::Hot]);
        assert_eq!(filled.method, [Method::Throughput, Method::Latency, Method::Cycles]);
        assert_eq!((filled.budget, filled.launches), (Some(Duration::from_millis(300)), Some(3)));
        assert_eq!((filled.seed, filled.faults), (Some(1), Some(1)));
        assert_eq!(filled.threads.len(), 2);
        let under = filled.under.unwrap();
        assert_eq!(under.required(), ["scalar", "reference"]);
        let (able, left) = under.backends();
        assert!(able.iter().any(|entry| entry.id == "scalar"));
        assert!(left.iter().any(|(entry, why)| entry.id == "simd-avx2" && !why.is_empty()));
        assert_eq!(under.record.overridden, [""; 0]);
    }

    /// What a flag says counts, and the record says so: also where it is no part of the plan.
    #[test]
    fn flags_win() {
        let filled = obeyed(&["--batch", "7", "--backend", "scalar", "--seed", "5", "--quick"]);
        assert_eq!((filled.batch.as_slice(), filled.seed), ([7].as_slice(), Some(5)));
        assert!(filled.footprint.is_empty() && filled.budget.is_none());
        let under = filled.under.unwrap();
        assert_eq!(under.required(), ["scalar"]);
        assert_eq!(under.record.overridden, ["--backend", "--batch", "--quick", "--seed"]);
        let under = obeyed(&["--corpus", "x", "--plant-device-loss", "1"]).under.unwrap();
        assert_eq!(under.record.overridden, ["--corpus", "--plant-device-loss"]);
    }

    /// A flag names backends; what devices must be stays as the profile says.
    #[test]
    fn rules_on_devices_stay() {
        let text = shipped::find("fpga-ice40").unwrap().replace("lanes = 4", "lanes = 2");
        let refused = obeyed_text(&text, &["--backend", "fpga-verilator"]).unwrap_err();
        assert_eq!(refused.exit(), Exit::Unfit);
        assert!(refused.message().starts_with("--backend: under profile mine.toml"));
        let unknown = obeyed_text(&text, &["--backend", "fpga"]).unwrap_err();
        assert_eq!(unknown.exit(), Exit::Usage);
    }

    fn plan(text: &str, flags: &[&str]) -> Result<Plan, Failure> {
        Plan::new(&obeyed_text(text, flags)?, &ProbeContext::default())
    }

    /// Of a list, `all` is as many threads as it has cores, whatever else the host has.
    #[test]
    fn a_list_bounds_all() {
        let core = affinity::pick(None).unwrap();
        let text = shipped::find("ci-shared-2core").unwrap();
        let text = text.replace("\"isolated-else-last\"", "\"list\"");
        let text = text.replace("cores = []", &format!("cores = [{core}]"));
        let found = plan(&text, &["--workers", "all", "--method", "load,throughput"]).unwrap();
        assert_eq!((found.thread_counts, found.team), (vec![1], vec![core]));
        let refused = plan(&text, &["--core", &(core + 1).to_string()]).map(drop).unwrap_err();
        assert_eq!(refused.exit(), Exit::Usage);
    }

    /// What no method measures is left out with the reason.
    #[test]
    fn idle_backends_are_told() {
        let text = shipped::find("ci-shared-2core").unwrap();
        let found = plan(text, &["--backend", "scalar,reference", "--method", "cycles"]);
        assert_eq!(found.map(drop).unwrap_err().exit(), Exit::Unfit);
        let text = text.replace("\"latency\", \"cycles\"", "\"latency\"");
        let found = plan(&text, &[]).unwrap();
        let is_simulated = |backend: &str| backend == "fpga-verilator";
        assert!(found.backends.iter().all(|entry| !is_simulated(entry.id)));
        assert!(found.skipped().iter().any(|one| is_simulated(&one.backend)));
    }

    /// A place that the host does not have is told by the key that asks for it, and the host is at
    /// fault; by the flag, and the request is, where one asks.
    #[test]
    fn sources_are_named() {
        let text = shipped::find("ci-shared-2core").unwrap();
        let text = text.replace("footprints = [\"hot\"]", "footprints = [\"L9\"]");
        let caches = crate::host::fingerprint::Fingerprint::read().caches;
        if caches.is_empty() {
            return;
        }
        let refused = |flags: &[&str]| {
            let arguments = obeyed_text(&text, flags).unwrap();
            let plan = Plan::new(&arguments, &ProbeContext::default()).unwrap();
            arguments.cases(&plan, &caches).map(drop).unwrap_err()
        };
        let of_profile = refused(&[]);
        assert_eq!(of_profile.exit(), Exit::Unfit);
        assert!(of_profile.message().starts_with("profile ci-shared-2core: plan.footprints: "));
        let of_flag = refused(&["--footprint", "L8"]);
        assert_eq!(of_flag.exit(), Exit::Usage);
        assert!(of_flag.message().starts_with("--footprint: "), "{}", of_flag.message());
    }
}
