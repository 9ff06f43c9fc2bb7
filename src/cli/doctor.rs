//! `nanogate doctor`: whether this machine is fit to measure on, and what makes it fitter.

mod report;
mod tune;

use super::{Exit, Failure, choice, interrupt::Interrupt, output, progress::Progress, terminal};
use crate::{
    backend::{ProbeContext, Unavailable},
    host::{
        affinity::{self, PinError},
        counters::Counters,
        doctor::{
            Examination,
            devices::{Device, Devices, Presence},
            facts::Facts,
            finding::Finding,
            journal::Journal,
            judge::{self, tuning_finding},
            measure::{self, Plan, bandwidth},
            requirement::{ParseError, Requirement},
            root::Root,
        },
        lock::RunLock,
        timer::Timer,
    },
    registry,
};
use report::Report;

/// Arguments of `nanogate doctor`.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Each finding has a code, a severity (ok, note, warning, critical), the effect as measured here and
now where seconds can show it, and advice. What the system does not say is unknown, not fine.

--fix sets the governor to `performance`, turns turbo off and moves interrupts away from the
measuring core. It writes the exact previous state to a journal first; --restore puts back what
still holds our value, also after a crash. The journal lies in $NANOGATE_STATE_DIR, else in
/var/lib/nanogate (root) or in the user's state folder.

Requirements: cores=N, isolated, governor, turbo-off, smt-off, bare-metal, counters, load,
huge-pages, memory=GIB, vulkan (one that is not imitated), verilator, tsc, steal-free. One that is
not met, or of which the system says nothing, means exit code 5.

Examples:
  nanogate doctor
  nanogate doctor --quick --core 3
  nanogate doctor --require cores=4,governor,turbo-off,load
  nanogate doctor --json | jq -r '.findings[] | select(.severity != \"ok\") | .code'
  nanogate doctor --fix --dry-run
  sudo nanogate doctor --fix && nanogate run; sudo nanogate doctor --restore")]
pub(super) struct Arguments {
    /// Leave out what takes over a second together: bandwidth, wake-up, the rank of other cores
    #[arg(long, conflicts_with = "tuning")]
    quick: bool,
    /// Core to measure on [default: an isolated one, else the last]
    #[arg(long, value_name = "N", conflicts_with = "restore")]
    core: Option<usize>,
    /// What the machine must have; exit code 5 if it has not (repeatable, or comma-separated)
    #[arg(long, value_name = "NAME", value_delimiter = ',', hide_possible_values = true,
          value_parser = choice::of(Requirement::names(), requirement), conflicts_with = "tuning")]
    require: Vec<Requirement>,
    /// Make the machine fitter: governor, turbo, interrupts; the previous state is kept
    #[arg(long, group = "tuning")]
    fix: bool,
    /// Put back what --fix changed
    #[arg(long, group = "tuning")]
    restore: bool,
    /// With --fix or --restore: say what would be done, and do nothing
    #[arg(long, requires = "tuning")]
    dry_run: bool,
    /// Print JSON instead of tables
    #[arg(long)]
    json: bool,
}

fn requirement(text: &str) -> Result<Requirement, String> {
    text.parse().map_err(|error: ParseError| error.to_string())
}

pub(super) fn main(arguments: &Arguments, context: &ProbeContext) -> Result<Exit, Failure> {
    let root = Root::detect();
    // Both what is measured and what is changed would disturb a run.
    let _lock = RunLock::take().map_err(|error| Failure::new(Exit::Unfit, error))?;
    if arguments.restore {
        return tune::restore(arguments, &root);
    }
    let (core, usable) = cores(arguments.core)?;
    if arguments.fix {
        return tune::fix(arguments, &root, core);
    }
    let interrupt = Interrupt::catch()?;
    let examination = examine(arguments.quick, context, &root, (core, usable), &interrupt)?;
    let findings = findings(&examination, &root);
    let requirements =
        arguments.require.iter().map(|requirement| requirement.check(&examination)).collect();
    let report = Report::new(examination, findings, requirements);
    if arguments.json {
        output::print_json(&report)?;
    } else {
        output::print(report.render(&terminal::screen()).trim_end())?;
    }
    Ok(if report.is_fit() { Exit::Pass } else { Exit::Unfit })
}

fn findings(examination: &Examination, root: &Root) -> Vec<Finding> {
    let mut findings = judge::findings(examination);
    findings.extend(Journal::locate().ok().and_then(|journal| tuning_finding(&journal, root)));
    findings
}

/// What doctor says of this machine without being asked for anything, as JSON: for a verb that
/// measures, and has the lock.
pub(super) fn document(
    core: Option<usize>,
    quick: bool,
    context: &ProbeContext,
    interrupt: &Interrupt,
) -> Result<String, Failure> {
    let root = Root::detect();
    let examination = examine(quick, context, &root, cores(core)?, interrupt)?;
    let findings = findings(&examination, &root);
    output::to_json(&Report::new(examination, findings, Vec::new()))
}

/// The measuring core, and all that this process may use. None where the system lists none.
fn cores(asked: Option<usize>) -> Result<(usize, Vec<usize>), Failure> {
    match affinity::pick(asked) {
        Ok(core) => Ok((core, affinity::usable().unwrap_or_default())),
        Err(PinError::NoCores) => Ok((asked.unwrap_or(0), Vec::new())),
        Err(error) => Err(Failure::usage(format!("--core: {error}"))),
    }
}

fn examine(
    quick: bool,
    context: &ProbeContext,
    root: &Root,
    (core, usable): (usize, Vec<usize>),
    interrupt: &Interrupt,
) -> Result<Examination, Failure> {
    let facts = Facts::read(root, core, &usable);
    let cache_bytes = facts.processor.last_cache_bytes();
    let buffer_bytes = bandwidth::buffer_bytes(cache_bytes, facts.memory.available_bytes);
    let plan = Plan { core, usable, quick, buffer_bytes };
    let progress = Progress::new("looking for devices", plan.steps() + 2);
    let devices = devices(context);
    progress.step();
    progress.say("qualifying the timer");
    let timer = Timer::qualify();
    let mut announce = |what: &str| {
        progress.step();
        progress.say(what);
    };
    let measured = measure::measure(&plan, &timer, root, interrupt.flag(), &mut announce);
    drop(progress);
    if interrupt.is_set() {
        let message = "interrupted: no report, and nothing was changed";
        return Err(Failure::new(Exit::Interrupted, message));
    }
    let (timer, counters) = (timer.quality().clone(), Counters::open().statuses());
    Ok(Examination { core, quick, facts, timer, counters, measured, devices })
}

/// What the probes of the backends say that need a device or a tool.
fn devices(context: &ProbeContext) -> Devices {
    Devices { vulkan: device("gpu-wgpu", context), verilator: device("fpga-verilator", context) }
}

fn device(id: &str, context: &ProbeContext) -> Device {
    let missing = |presence, detail| Device { presence, detail, adapters: Vec::new() };
    let entry = match registry::find(id) {
        Ok(entry) => entry,
        Err(error) => return missing(Presence::NotCompiled, error.to_string()),
    };
    match (entry.probe)(context) {
        Ok(found) => Device {
            presence: if found.software { Presence::Software } else { Presence::Present },
            detail: found.detail,
            adapters: found.adapters.iter().map(ToString::to_string).collect(),
        },
        Err(reason @ Unavailable::NotCompiled { .. }) => {
            missing(Presence::NotCompiled, reason.to_string())
        }
        Err(reason) => missing(Presence::Missing, reason.to_string()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The backends that doctor asks are in the registry, and what is not built in says so.
    #[test]
    fn devices_are_probed() {
        let devices = devices(&ProbeContext::detect().unwrap());
        for (device, built) in
            [(devices.vulkan, cfg!(feature = "gpu")), (devices.verilator, cfg!(feature = "fpga"))]
        {
            assert!(!device.detail.contains("no backend"), "{device:?}");
            assert_eq!(device.presence == Presence::NotCompiled, !built, "{device:?}");
        }
    }
}
