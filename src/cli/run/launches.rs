//! All launches of a run: one process after the other, each with a layout of its own.

use std::{
    io::Read as _,
    path::Path,
    process::{Child, Command, ExitStatus, Stdio},
    time::Duration,
};

use super::{
    Arguments, announcement,
    baselines::Baselines,
    bundling::Bundling,
    launch,
    plan::{Case, Plan},
};
use crate::{
    backend::ProbeContext,
    cli::{
        Exit, Failure, exit::settle, history, interrupt::Interrupt, output, progress::Steps,
        terminal,
    },
    host::{fingerprint::Fingerprint, layout::Layout, lock::RunLock},
    report::{
        prose,
        record::{RunRecord, Status},
        store::Store,
        table::{self, Detail},
    },
};

/// How often a launch is looked at. This process is not pinned, and must leave the cores alone.
const PATIENCE: Duration = Duration::from_millis(20);

pub(super) fn main(arguments: &Arguments, context: &ProbeContext) -> Result<Exit, Failure> {
    let plan = Plan::new(arguments, context)?;
    let bundling = Bundling::open(arguments)?;
    let store = Store::new(&arguments.out).map_err(Failure::usage)?;
    let baselines = Baselines::open(arguments, &plan)?;
    // What cannot be appended to is refused before anything is measured.
    arguments.history.as_deref().map(history::create).transpose()?;
    let _lock = RunLock::take().map_err(|error| Failure::new(Exit::Unfit, error))?;
    let interrupt = Interrupt::catch()?;
    let cases = arguments.cases(&plan, &Fingerprint::read().caches)?;
    let walk = terminal::is_watched().then(|| Walk::new(&plan, &cases));
    if walk.is_some() {
        let text = announcement::of(&plan, &cases, arguments);
        eprintln!("{}", prose::fit(&text, &terminal::screen()));
    }
    bundling.surround(context, &interrupt)?;
    let layout_seed = arguments.layout_seed.unwrap_or_else(drawn_seed);
    let heeds = arguments.heeds.as_deref();
    let (mut has_measured, mut exit) = (false, Exit::Pass);
    for number in 1..=plan.launches() {
        let steps = walk.as_ref().map(|walk| walk.steps(number));
        let readings = bundling.folder();
        let ended = Start { number, layout_seed, heeds, steps, readings }.launch(&interrupt)?;
        has_measured |= ended.has_measured;
        exit = ended.exit;
        bundling.say(&format!("launch {number} ended with exit code {}", exit as u8));
        if exit != Exit::Pass {
            break;
        }
    }
    if !has_measured {
        return Ok(exit);
    }
    let record = launch::read(&arguments.out)?;
    output::unless_closed(show(&record, &store, arguments))?;
    // Before appending, which may fail and must cost neither the comparison nor the baseline.
    let verdict =
        if exit == Exit::Pass { baselines.compare_and_save(record.clone()) } else { Ok(exit) };
    settle(settle(verdict, append(&record, arguments)), bundling.finish(&record, exit))
}

/// Appends a record that is not to grow any more. The record stays whatever comes of it.
fn append(record: &RunRecord, arguments: &Arguments) -> Result<(), Failure> {
    let path = arguments.history.as_deref().filter(|_| record.status != Status::Running);
    path.map_or(Ok(()), |path| history::append_run(path, record, &arguments.out))
}

/// A seed that no other run has: from the hasher that the standard library seeds anew.
pub(in crate::cli) fn drawn_seed() -> u64 {
    use std::hash::{BuildHasher as _, RandomState};
    RandomState::new().hash_one(std::process::id())
}

/// How a launch ended. What went wrong it has said itself.
struct Ended {
    exit: Exit,
    has_measured: bool,
}

/// The steps of all launches, for whoever watches: to begin, and each entry.
struct Walk {
    first: u64,
    /// Of each launch after the first.
    later: u64,
    launches: u32,
}

impl Walk {
    fn new(plan: &Plan, cases: &[Case]) -> Self {
        let launches = plan.launches();
        // Devices are not asked again where nothing is measured again.
        let later = if launches > 1 { plan.entries_repeated(cases) as u64 + 1 } else { 0 };
        Self { first: plan.entries(cases) as u64 + 1, later, launches }
    }

    /// What is done before launch `number` begins, and what there is to do.
    fn steps(&self, number: u32) -> Steps {
        let before = |launches: u32| match launches {
            0 => 0,
            _ => self.first + self.later * u64::from(launches - 1),
        };
        Steps { done: before(number - 1), all: before(self.launches) }
    }
}

/// A launch that is to be started.
struct Start<'a> {
    number: u32,
    layout_seed: u64,
    heeds: Option<&'a str>,
    steps: Option<Steps>,
    readings: Option<&'a Path>,
}

impl Start<'_> {
    /// Starts a process with the same arguments, and waits for it.
    fn launch(self, interrupt: &Interrupt) -> Result<Ended, Failure> {
        let Self { number, layout_seed, heeds, steps, readings } = self;
        let failed = |error| Failure::internal(format!("cannot start launch {number}: {error}"));
        let program = std::env::current_exe().map_err(failed)?;
        let (variable, value) = Layout::draw(layout_seed, number).environment();
        let mut child = Command::new(program)
            .args(std::env::args_os().skip(1))
            .args(["--launch", &number.to_string(), "--layout-seed", &layout_seed.to_string()])
            .args(heeds.iter().flat_map(|digest| ["--heeds", *digest]))
            .args(steps.iter().flat_map(|steps| ["--steps".to_owned(), steps.to_string()]))
            .args(readings.iter().flat_map(|folder| [Path::new("--readings"), *folder]))
            .env(variable, value)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .spawn()
            .map_err(failed)?;
        let status = wait(&mut child, interrupt).map_err(failed)?;
        let mut said = String::new();
        if let Some(mut out) = child.stdout.take() {
            out.read_to_string(&mut said).map_err(failed)?;
        }
        let has_measured = said.trim() == launch::MEASURED;
        Ok(Ended { exit: exit_of(number, status)?, has_measured })
    }
}

/// Waits for a launch, and passes on what asks this process to stop.
fn wait(child: &mut Child, interrupt: &Interrupt) -> std::io::Result<ExitStatus> {
    let mut is_told = false;
    loop {
        if let Some(status) = child.try_wait()? {
            return Ok(status);
        }
        if interrupt.is_set() && !is_told {
            is_told = true;
            stop(child);
        }
        std::thread::sleep(PATIENCE);
    }
}

/// Asks it to stop. A launch that has just ended is no longer there.
#[cfg(unix)]
fn stop(child: &Child) {
    use rustix::process::{Pid, Signal, kill_process};
    let pid = i32::try_from(child.id()).ok().and_then(Pid::from_raw);
    let _ = pid.map(|pid| kill_process(pid, Signal::INT));
}

#[cfg(not(unix))]
fn stop(_: &Child) {}

/// The exit code of a launch, or that it was killed.
fn exit_of(number: u32, status: ExitStatus) -> Result<Exit, Failure> {
    let code = status.code().and_then(|code| u8::try_from(code).ok());
    code.and_then(Exit::of_code).ok_or_else(|| {
        let message = format!("launch {number} died ({status}); what was measured before is kept");
        Failure::internal(message)
    })
}

fn show(record: &RunRecord, store: &Store, arguments: &Arguments) -> Result<(), Failure> {
    if arguments.json {
        return output::print_json(record);
    }
    let detail = if arguments.details { Detail::Spread } else { Detail::Figures };
    output::print(table::render(record, detail, &terminal::screen()).trim_end())?;
    output::print(&format!("record    {}", store.path().display()))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Each launch begins where the one before it ended, and the last ends at the end.
    #[test]
    fn launches_follow_one_another() {
        let walk = Walk { first: 10, later: 4, launches: 3 };
        let done = [1, 2, 3].map(|number| walk.steps(number).done);
        assert_eq!((done, walk.steps(2).all), ([0, 10, 14], 18));
        assert_eq!(Walk { launches: 1, ..walk }.steps(1), Steps { done: 0, all: 10 });
    }
}
