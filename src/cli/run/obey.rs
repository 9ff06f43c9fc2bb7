//! A run under a profile: what flags leave open, the profile says.

use std::time::Duration;

use super::{Arguments, Threads};
use crate::{
    backend::{BackendEntry, ProbeContext},
    cli::{
        Exit, Failure,
        profile::{self, Devices, Found, Opened},
    },
    host::affinity,
    measure::{Method, footprint::Wanted},
    platform::{Profile, pinning::Chosen, plan},
    report::profile::ProfileRecord,
    warning::Warning,
};

/// What a profile says of a run that no flag can say.
#[derive(Clone, Debug)]
pub(super) struct Under {
    /// What the record says of the profile.
    pub(super) record: ProfileRecord,
    /// Its backends, unless a flag names others.
    pub(super) backends: Option<Vec<Found>>,
    /// The cores that threads share out. Empty for all.
    pub(super) team: Vec<usize>,
    /// The part whose timing report gives modelled time.
    pub(super) timing_report: Option<String>,
}

/// The arguments with all that the profile says and no flag does. Whoever starts the launches
/// refuses a host that lacks what is required; the first launch, which begins the record, puts down
/// what it finds.
pub(super) fn obey(
    arguments: &Arguments,
    asked: &str,
    context: &mut ProbeContext,
) -> Result<Arguments, Failure> {
    let opened = profile::open(asked)?;
    let profile = &opened.profile;
    let mut overridden = profile::apply(profile, context);
    overridden.extend(given(arguments));
    let mut filled = arguments.clone();
    fill(&mut filled, profile);
    let chosen = cores(arguments, &opened)?;
    filled.core = filled.core.or(chosen.core);
    let mut under = Under {
        record: opened.record(overridden),
        backends: backends(arguments, &opened, context)?,
        team: chosen.team,
        timing_report: profile.backends.fpga.timing_report.asked().map(str::to_owned),
    };
    match arguments.launch {
        None => {
            let requirements = profile::requirements(profile, filled.core);
            profile::refuse_unmet(opened.id(), &requirements)?;
        }
        Some(1) => put_down(&mut under.record, profile, filled.core, context),
        Some(_) => {}
    }
    filled.under = Some(under);
    Ok(filled)
}

/// The flags that take the place of what a profile says.
fn given(arguments: &Arguments) -> Vec<String> {
    let all = [
        ("--backend", !arguments.backend.is_empty()),
        ("--peers", arguments.peers),
        ("--batch", !arguments.batch.is_empty()),
        ("--footprint", !arguments.footprint.is_empty()),
        ("--threads", !arguments.threads.is_empty()),
        ("--method", !arguments.method.is_empty()),
        ("--quick", arguments.quick),
        ("--budget", arguments.budget.is_some()),
        ("--launches", arguments.launches.is_some()),
        ("--core", arguments.core.is_some()),
        ("--seed", arguments.seed.is_some()),
        ("--faults", arguments.faults.is_some()),
    ];
    let all = all.into_iter().chain(arguments.load.given_of_plan());
    all.filter(|(_, is_given)| *is_given).map(|(flag, _)| flag.to_owned()).collect()
}

/// Fills in the plan. Its names are known: the profile was opened.
fn fill(arguments: &mut Arguments, profile: &Profile) {
    let plan = &profile.plan;
    if arguments.batch.is_empty() {
        arguments.batch.clone_from(&plan.batch_lens);
    }
    if arguments.footprint.is_empty() && !arguments.quick {
        let wanted = plan.footprints.iter().filter_map(|name| Wanted::parse(name).ok());
        arguments.footprint = wanted.collect();
    }
    if arguments.threads.is_empty() {
        arguments.threads = plan.threads.iter().copied().map(Threads::from).collect();
    }
    if arguments.method.is_empty() {
        let is_asked = |method: &Method| plan.methods.iter().any(|name| name == method.name());
        arguments.method = Method::ALL.into_iter().filter(is_asked).collect();
    }
    if arguments.budget.is_none() && !arguments.quick {
        arguments.budget = Some(Duration::from_secs_f64(plan.budget_s));
    }
    arguments.launches = arguments.launches.or(Some(plan.launches));
    arguments.seed = arguments.seed.or(Some(plan.seed));
    arguments.faults = arguments.faults.or(Some(plan.faults_permille));
    if arguments.method.contains(&Method::Load) {
        arguments.load.fill(&plan.load);
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

/// The cores, unless a flag names the measuring one.
fn cores(arguments: &Arguments, opened: &Opened) -> Result<Chosen, Failure> {
    if arguments.core.is_some() {
        return Ok(Chosen::default());
    }
    let usable = affinity::usable().unwrap_or_default();
    let refused = |error| Failure::new(Exit::Unfit, format!("profile {}: {error}", opened.id()));
    opened.profile.pinning.choose(&usable).map_err(refused)
}

/// The backends, unless flags name others. Without one that is required there is no run.
fn backends(
    arguments: &Arguments,
    opened: &Opened,
    context: &mut ProbeContext,
) -> Result<Option<Vec<Found>>, Failure> {
    if !arguments.backend.is_empty() {
        return Ok(None);
    }
    let found = profile::backends(&opened.profile, context);
    profile::refuse_missing(opened.id(), &found)?;
    Ok(Some(found))
}

/// Sets the host against the profile, for the record.
fn put_down(
    record: &mut ProfileRecord,
    profile: &Profile,
    core: Option<usize>,
    context: &ProbeContext,
) {
    let rules = &profile.rules;
    let devices = if rules.asks_for_gpu() { Devices::Probed } else { Devices::LeftOut };
    let fit = rules.fit(&profile::facts(context, devices));
    record.mismatches = fit.mismatches.iter().map(ToString::to_string).collect();
    record.requirements = profile::requirements(profile, core);
}

impl Under {
    /// The backends that are measured, and those that are not with the reason. `None` where flags
    /// name them.
    pub(super) fn backends(&self) -> Option<(Vec<&'static BackendEntry>, Vec<Left>)> {
        let found = self.backends.as_ref()?;
        let able = found.iter().filter(|one| one.probed.is_ok()).map(|one| one.entry);
        let left = found.iter().filter_map(|one| Some((one.entry, one.probed.clone().err()?)));
        Some((able.collect(), left.collect()))
    }

    /// The ids without which there is no run.
    pub(super) fn required(&self) -> Vec<String> {
        let all = self.backends.iter().flatten().filter(|one| one.required);
        all.map(|one| one.entry.id.to_owned()).collect()
    }
}

/// A backend that is not measured, and why.
pub(super) type Left = (&'static BackendEntry, String);

/// What speaks against a run under a profile.
pub(super) fn warnings(record: &ProfileRecord) -> Vec<Warning> {
    let ProfileRecord { id, mismatches, overridden, .. } = record;
    let said =
        |all: &[String], separator: &str| Some(all.join(separator)).filter(|said| !said.is_empty());
    let id = || id.clone();
    let mismatch = said(mismatches, "; ").map(|what| Warning::ProfileMismatch { id: id(), what });
    let unmet = said(&record.unmet(), "; ").map(|what| Warning::ProfileUnmet { id: id(), what });
    let flags = said(overridden, ", ").map(|flags| Warning::ProfileOverridden { id: id(), flags });
    [mismatch, unmet, flags].into_iter().flatten().collect()
}

#[cfg(test)]
mod tests {
    use clap::Parser as _;

    use super::*;
    use crate::platform::identity::Status;

    #[derive(clap::Parser)]
    struct Line {
        #[command(flatten)]
        arguments: Arguments,
    }

    fn obeyed(flags: &[&str]) -> Arguments {
        // A later launch: whether this host is fit is not asked.
        let line = ["run", "--launch", "2", "--layout-seed", "1", "--profile", "ci-shared-2core"];
        let Line { arguments } = Line::parse_from(line.iter().chain(flags));
        let asked = arguments.profile.clone().unwrap();
        let filled = obey(&arguments, &asked, &mut ProbeContext::default());
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
        let (able, left) = under.backends().unwrap();
        assert!(able.iter().any(|entry| entry.id == "scalar"));
        assert!(left.iter().any(|(entry, why)| entry.id == "simd-avx2" && !why.is_empty()));
        assert_eq!(under.record.overridden, [""; 0]);
    }

    /// What a flag says counts, and the record says so.
    #[test]
    fn flags_win() {
        let filled = obeyed(&["--batch", "7", "--backend", "scalar", "--seed", "5", "--quick"]);
        assert_eq!((filled.batch.as_slice(), filled.seed), ([7].as_slice(), Some(5)));
        assert!(filled.footprint.is_empty() && filled.budget.is_none());
        let under = filled.under.unwrap();
        assert!(under.backends().is_none() && under.required().is_empty());
        assert_eq!(under.record.overridden, ["--backend", "--batch", "--quick", "--seed"]);
    }

    /// Each reason to distrust a run under a profile has its own warning, and a clean run has none.
    #[test]
    fn reasons_become_warnings() {
        let mut record = ProfileRecord {
            id: "x".into(),
            status: Status::Supported,
            digest: "0".repeat(64),
            overridden: Vec::new(),
            mismatches: Vec::new(),
            requirements: Vec::new(),
        };
        assert_eq!(warnings(&record), []);
        record.overridden = vec!["--batch".into(), "--core".into()];
        record.mismatches = vec!["os: wants macos, found linux".into()];
        let codes: Vec<&str> = warnings(&record).iter().map(Warning::code).collect();
        assert_eq!(codes, ["profile-mismatch", "profile-overridden"]);
        assert!(warnings(&record)[1].to_string().contains("--batch, --core"));
    }
}
