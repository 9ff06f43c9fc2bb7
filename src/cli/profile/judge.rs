//! A profile set against this host: what it asks for, and the backends that it names.

use super::open::Opened;
use crate::{
    backend::{
        BackendEntry, BackendKind, Capability, FpgaBuild, FpgaChoice, GpuChoice, ProbeContext,
    },
    cli::{Exit, Failure},
    host::{
        affinity,
        counters::Counters,
        doctor::{
            Examination,
            devices::{Device, Devices, Presence},
            facts::Facts,
            measure::Measured,
            root::Root,
        },
        timer::Timer,
    },
    platform::{
        Profile,
        backends::DeviceRule,
        pinning::{Chosen, PinningError},
        record::RequirementRecord,
        requirements::Condition,
    },
    registry,
};

/// What a profile asks of this host, measuring on `core`. Takes a fraction of a second.
pub(super) fn requirements(profile: &Profile, core: Option<usize>) -> Vec<RequirementRecord> {
    let conditions = profile.requirements.conditions();
    let examination = examine(core);
    let checked =
        |one: Condition| RequirementRecord::new(one.need, one.requirement.check(&examination));
    conditions.into_iter().map(checked).collect()
}

/// The cores that a profile chooses on this host, where a flag may have asked for one.
pub(super) fn cores(opened: &Opened, asked: Option<usize>) -> Result<Chosen, Failure> {
    let usable = affinity::usable().unwrap_or_default();
    opened.profile.pinning.choose(asked, &usable).map_err(|error| {
        let exit = match error {
            PinningError::NotUsable { .. } => Exit::Unfit,
            PinningError::NotListed { .. } => Exit::Usage,
        };
        Failure::new(exit, format!("profile {}: {error}", opened.asked))
    })
}

/// Refuses to measure where something is required and not so.
pub(in crate::cli) fn refuse_unmet(
    opened: &Opened,
    requirements: &[RequirementRecord],
) -> Result<(), Failure> {
    let unmet = requirements.iter().filter(|one| one.forbids());
    let said = |one: &RequirementRecord| {
        let remedy = one.remedy.as_deref().unwrap_or("no remedy is known");
        format!("{} ({}; {remedy})", one.requirement, one.found)
    };
    let unmet: Vec<String> = unmet.map(said).collect();
    if unmet.is_empty() {
        return Ok(());
    }
    let unmet = unmet.join("; ");
    let asked = &opened.asked;
    let message = format!(
        "profile {asked} requires what is not so here: {unmet}; `nanogate profile check {asked}` \
         says more"
    );
    Err(Failure::new(Exit::Unfit, message))
}

/// As much of an examination as a profile can ask for: nothing that a doctor measures.
pub(super) fn examine(core: Option<usize>) -> Examination {
    let usable = affinity::usable().unwrap_or_default();
    let core = affinity::pick(core).ok().or(core).unwrap_or(0);
    let left_out = || Device {
        presence: Presence::Missing,
        detail: "not looked for".into(),
        adapters: Vec::new(),
    };
    Examination {
        core,
        quick: true,
        facts: Facts::read(&Root::detect(), core, &usable),
        timer: Timer::qualify().quality().clone(),
        counters: Counters::open().statuses(),
        measured: Measured::default(),
        devices: Devices { vulkan: left_out(), verilator: left_out() },
    }
}

/// A backend of a profile.
#[derive(Clone, Debug)]
pub(in crate::cli) struct Found {
    pub(in crate::cli) entry: &'static BackendEntry,
    pub(in crate::cli) required: bool,
    /// What will do the work, or why it cannot.
    pub(in crate::cli) probed: Result<String, String>,
}

/// Refuses to measure where a backend is required, or named by a flag, and cannot run.
pub(super) fn refuse_missing(
    opened: &Opened,
    named: &[String],
    found: &[Found],
) -> Result<(), Failure> {
    let missing = found.iter().filter(|one| one.required).filter_map(|one| {
        let reason = one.probed.as_ref().err()?;
        Some(format!("{} ({reason})", one.entry.id))
    });
    let missing: Vec<String> = missing.collect();
    if missing.is_empty() {
        return Ok(());
    }
    let (missing, asked) = (missing.join("; "), &opened.asked);
    let message = if named.is_empty() {
        format!(
            "profile {asked} requires backends that cannot run here: {missing}; `nanogate profile \
             check {asked}` says more, and --backend names others"
        )
    } else {
        format!("--backend: under profile {asked} these cannot run here: {missing}")
    };
    Err(Failure::new(Exit::Unfit, message))
}

/// Takes over what a profile says of devices, and gives the flags that say otherwise. A new choice
/// does not compile before it is one of these, or none.
pub(super) fn apply(profile: &Profile, context: &mut ProbeContext) -> Vec<String> {
    let (gpu, fpga) = (&profile.backends.gpu, &profile.backends.fpga);
    let hides = !(context.hidden & context.present).is_empty();
    let GpuChoice { adapter, variant, lose_after: _ } = &context.gpu;
    let FpgaChoice { lanes, build } = &context.fpga;
    let given = [
        ("--gpu", adapter.is_some()),
        ("--gpu-variant", variant.is_some()),
        ("--lanes", lanes.is_some()),
        ("--fpga-build", *build != FpgaBuild::Fast),
        ("--hide-cpu", hides),
    ];
    let or = |own: Option<String>, asked: Option<&str>| own.or_else(|| asked.map(str::to_owned));
    context.gpu.adapter = or(context.gpu.adapter.take(), gpu.adapter.asked());
    context.gpu.variant = or(context.gpu.variant.take(), gpu.variant.asked());
    context.fpga.lanes = context.fpga.lanes.or(Some(fpga.lanes));
    let overriding = given.into_iter().filter(|(_, is_given)| *is_given);
    overriding.map(|(flag, _)| flag.to_owned()).collect()
}

/// The backends of a profile, or those that a flag names in their place, best first as the registry
/// has them. What the profile says of devices holds for these too. Where it asks for a kind of
/// device and names none, one of that kind is chosen in `context`.
pub(super) fn backends(
    profile: &Profile,
    named: &[String],
    context: &mut ProbeContext,
) -> Result<Vec<Found>, Failure> {
    let required = |id: &str| {
        let mut all = profile.backends.all();
        match named {
            [] => all.find(|(one, _)| *one == id).map(|(_, required)| required),
            _ => named.iter().any(|one| one == id).then_some(true),
        }
    };
    let asked = registry::all().filter_map(|entry| Some((entry, required(entry.id)?)));
    let found = |(entry, required): (&'static BackendEntry, bool)| {
        let probed = match entry.kind {
            BackendKind::Gpu => gpu(entry, profile.backends.gpu.device, context),
            BackendKind::Fpga => fpga(entry, profile, context),
            _ => probe(entry, context).map(|found| found.detail),
        };
        Found { entry, required, probed }
    };
    Ok(asked.map(found).collect())
}

fn probe(entry: &BackendEntry, context: &ProbeContext) -> Result<Capability, String> {
    (entry.probe)(context).map_err(|reason| reason.to_string())
}

/// A device of the kind that is asked for.
fn gpu(
    entry: &BackendEntry,
    rule: DeviceRule,
    context: &mut ProbeContext,
) -> Result<String, String> {
    let found = probe(entry, context)?;
    if rule.allows(found.software) {
        return Ok(found.detail);
    }
    let is_free = context.gpu.adapter.is_none();
    let mut others = found.adapters.iter();
    if let Some(other) = others.find(|one| is_free && rule.allows(one.is_software())) {
        context.gpu.adapter = Some(other.index.to_string());
        return probe(entry, context).map(|found| found.detail);
    }
    let kind = if found.software { "imitated by a driver" } else { "a real device" };
    Err(format!("{} is {kind}, and the profile asks for {rule}", found.detail))
}

/// A design whose timing report is there, where one is asked for.
fn fpga(entry: &BackendEntry, profile: &Profile, context: &ProbeContext) -> Result<String, String> {
    let found = probe(entry, context)?;
    let fpga = &profile.backends.fpga;
    let lanes = context.fpga.lanes.unwrap_or(fpga.lanes);
    match fpga.timing_report.asked() {
        Some(part) if !has_report(part, lanes) => Err(format!(
            "there is no timing report `{part}` of this RTL with {lanes} lanes; see fpga/timing, \
             change --lanes or backends.fpga, or run scripts/fpga-timing"
        )),
        _ => Ok(found.detail),
    }
}

#[cfg(feature = "fpga")]
fn has_report(part: &str, lanes: u8) -> bool {
    let reports = crate::backend::fpga::timing::reports(usize::from(lanes));
    reports.iter().any(|report| is_of_part(&report.report, part))
}

#[cfg(not(feature = "fpga"))]
fn has_report(_: &str, _: u8) -> bool {
    false
}

/// Whether a report, called `ecp5-85f-6 x4`, is of this part.
pub(in crate::cli) fn is_of_part(report: &str, part: &str) -> bool {
    report.split_whitespace().next() == Some(part)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        host::{cpu::Features, doctor::requirement::Requirement},
        platform::shipped,
    };

    fn profile(id: &str) -> Profile {
        Profile::parse(shipped::find(id).unwrap()).unwrap()
    }

    /// What a profile says of devices is taken over; flags win, and are told.
    #[test]
    fn flags_win() {
        let h200 = profile("h200-node");
        let mut context = ProbeContext::default();
        assert_eq!(apply(&h200, &mut context), [""; 0]);
        assert_eq!(context.gpu.adapter.as_deref(), Some("H200"));
        assert_eq!(context.fpga.lanes, Some(4));
        let mut context = ProbeContext::with(Features::AVX2).hiding(Features::AVX2);
        context.gpu.adapter = Some("1".into());
        context.fpga = FpgaChoice { lanes: Some(8), build: FpgaBuild::Checked };
        assert_eq!(apply(&h200, &mut context), ["--gpu", "--lanes", "--fpga-build", "--hide-cpu"]);
        assert_eq!((context.gpu.adapter.as_deref(), context.fpga.lanes), (Some("1"), Some(8)));
    }

    /// Backends come in the registry's order, each with whether it is required and why it is
    /// missing.
    #[test]
    fn backends_are_probed() {
        let mut plain = profile("ci-shared-2core");
        plain.backends.optional = vec!["simd-neon".into(), "simd-avx2".into()];
        let found = backends(&plain, &[], &mut ProbeContext::default()).unwrap();
        let ids: Vec<&str> = found.iter().map(|one| one.entry.id).collect();
        assert_eq!(ids, ["simd-avx2", "simd-neon", "scalar", "reference"]);
        assert_eq!(found.iter().filter(|one| one.required).count(), 2);
        let of = |id: &str| found.iter().find(|one| one.entry.id == id).unwrap();
        assert!(of("scalar").probed.is_ok() && of("simd-avx2").probed.is_err());
        let named = ["reference".to_owned()];
        let found = backends(&plain, &named, &mut ProbeContext::default()).unwrap();
        assert!(found.len() == 1 && found[0].required);
    }

    /// A report is known by its part, not by a beginning of it.
    #[test]
    fn reports_are_known_by_their_part() {
        assert!(is_of_part("ecp5-85f-6 x4", "ecp5-85f-6"));
        assert!(!is_of_part("ecp5-85f-6 x4", "ecp5-85f") && !is_of_part("", "x"));
    }

    /// What is asked of a host is checked by name, and nothing else is.
    #[test]
    fn requirements_are_checked() {
        let of = |id: &str| requirements(&profile(id), None);
        let found: Vec<Requirement> =
            of("fpga-ice40").into_iter().map(|one| one.requirement).collect();
        assert_eq!(found, [Requirement::Cores(1), Requirement::Memory(2)]);
        let isolated = of("x86-server-isolated");
        assert!(isolated.iter().all(|one| one.met == one.remedy.is_none()), "{isolated:?}");
        assert_eq!(isolated.len(), 10);
    }
}
