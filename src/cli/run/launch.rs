//! One launch of a run: a process that verifies, measures, and adds what it measured to the record.

use std::{
    fs::File,
    io::BufReader,
    path::Path,
    time::{SystemTime, UNIX_EPOCH},
};

use super::{
    Arguments,
    keeping::Keeper,
    lineup::Lineups,
    plan::Plan,
    session::{Event, Session},
};
use crate::{
    backend::ProbeContext,
    bundle::log::Log,
    cli::{
        Exit, Failure,
        interrupt::Interrupt,
        output,
        progress::{Progress, Steps},
    },
    host::{affinity, fingerprint::Fingerprint, layout::Layout, timer::Timer},
    measure::team::Team,
    report::{
        launch::LaunchRecord,
        merge,
        record::{RunRecord, SCHEMA, Skipped, Status, TimerRecord, Tool},
        store::Store,
    },
    warning::{self, Warning},
};

/// What this process says on standard output once there is a record of what it measured.
pub(super) const MEASURED: &str = "measured";

pub(super) fn main(
    arguments: &Arguments,
    context: &ProbeContext,
    number: u32,
    layout_seed: u64,
) -> Result<Exit, Failure> {
    end_with_parent();
    let interrupt = Interrupt::catch()?;
    let plan = Plan::new(arguments, context)?.of_launch(number);
    let layout = Layout::draw(layout_seed, number);
    let launch = LaunchRecord { number, of: plan.launches(), layout_seed, layout, core: None };
    let log = arguments.readings.as_deref().map(Log::open).transpose();
    let log = log.map_err(|error| Failure::internal(format!("--bundle: {error}")))?;
    let log = log.unwrap_or_default();
    let launch = Launch { arguments, plan: &plan, interrupt: &interrupt, launch, log: &log };
    let done = layout.with_stack(|| launch.measure());
    if let Err(failure) = &done {
        log.say(&format!("launch {number}: {}", failure.message()));
    }
    done
}

/// Nobody waits for the record of a launch whose run was killed.
fn end_with_parent() {
    #[cfg(target_os = "linux")]
    let _ = rustix::process::set_parent_process_death_signal(Some(rustix::process::Signal::TERM));
}

struct Launch<'a> {
    arguments: &'a Arguments,
    plan: &'a Plan,
    interrupt: &'a Interrupt,
    launch: LaunchRecord,
    /// Of the bundle that is being made.
    log: &'a Log,
}

impl Launch<'_> {
    fn measure(mut self) -> Result<Exit, Failure> {
        let (plan, core) = (self.plan, self.arguments.core);
        let store = Store::new(&self.arguments.out).map_err(Failure::usage)?;
        let earlier = self.earlier()?;
        // Before pinning, which leaves this process a single core.
        let host = Fingerprint::read();
        let cases = plan.cases(&host.caches);
        let left_out = plan.left_out(&cases);
        let own = Steps { done: 0, all: plan.entries(&cases) as u64 + 1 };
        let steps = self.arguments.steps.unwrap_or(own);
        let progress = Progress::after(&self.says("starting"), steps);
        let teams = teams(plan, core)?;
        progress.say(&self.says("opening the backends"));
        let mut lineups = Lineups::open(plan)?;
        progress.say(&self.says("qualifying the timer"));
        let pinned = pin(core)?;
        self.launch.core = affinity::current_core();
        let timer = Timer::qualify();
        let mut record = begin(plan, host, &timer, pinned, &self.launch);
        record.warnings.extend(left_out.iter().map(Warning::record));
        progress.say(&self.says("drawing inputs"));
        let caches = record.host.caches.clone();
        let flag = self.interrupt.flag();
        let mut session = Session::new(plan, &caches, cases, &teams, &self.launch, &timer, flag)?;
        session.keeper = Keeper::open(self.arguments.readings.as_deref(), self.launch.number)?;
        record.timer = session.timer_record(&mut record)?;
        record.counters = session.counters.borrow().statuses();
        progress.step();
        progress.say(&self.says("verifying, and measuring in the first cache"));
        let write = |record: &RunRecord| self.write(&store, earlier.as_ref(), record);
        let measured = session.measure(&mut lineups, &mut record, &mut |event| match event {
            Event::Begins(what) => {
                progress.say(&self.says(what));
                Ok(())
            }
            Event::Measured(record) => {
                progress.step();
                write(record)
            }
        });
        drop(progress);
        record.skipped.extend(lineups.failed.iter().cloned());
        record.status = self.status(&measured, &lineups);
        let stored = write(&record);
        let kept = session.keeper.finish(record.status);
        output::print(MEASURED)?;
        measured?;
        stored?;
        kept?;
        if let Some(Skipped { backend, reason }) = lineups.failed.first() {
            let message = format!("{backend}: {reason}; what was measured of the others is kept");
            return Err(Failure::new(Exit::Unfit, message));
        }
        Ok(if record.status == Status::Interrupted { Exit::Interrupted } else { Exit::Pass })
    }

    /// What is going on, and in which launch. It is put down too.
    fn says(&self, what: &str) -> String {
        let said = format!("launch {} of {}: {what}", self.launch.number, self.launch.of);
        self.log.say(&said);
        said
    }

    /// What the launches before this one measured.
    fn earlier(&self) -> Result<Option<RunRecord>, Failure> {
        (self.launch.number > 1).then(|| read(&self.arguments.out)).transpose()
    }

    /// Replaces the record by one that holds the launches before this one too.
    fn write(
        &self,
        store: &Store,
        earlier: Option<&RunRecord>,
        record: &RunRecord,
    ) -> Result<(), Failure> {
        let failed = |error: &dyn std::fmt::Display| Failure::new(Exit::Failed, error);
        match earlier {
            None => store.write(record),
            Some(earlier) => {
                let merged = merge::merge(earlier, record, self.plan.limits.precision);
                store.write(&merged.map_err(|error| failed(&error))?)
            }
        }
        .map_err(|error| failed(&error))
    }

    fn status(&self, measured: &Result<(), Failure>, lineups: &Lineups) -> Status {
        match measured {
            _ if self.interrupt.is_set() => Status::Interrupted,
            Err(failure) if failure.exit() == Exit::WrongResults => Status::WrongResults,
            Err(_) => Status::Running,
            Ok(()) if !lineups.failed.is_empty() => Status::Incomplete,
            Ok(()) if self.launch.number < self.launch.of => Status::Running,
            Ok(()) => Status::Complete,
        }
    }
}

/// A record of this run.
pub(super) fn read(path: &Path) -> Result<RunRecord, Failure> {
    let refused = |error: &dyn std::fmt::Display| {
        let shown = path.display();
        Failure::new(Exit::Failed, format!("--out {shown}: cannot be read again: {error}"))
    };
    let file = File::open(path).map_err(|error| refused(&error))?;
    serde_json::from_reader(BufReader::new(file)).map_err(|error| refused(&error))
}

/// Pins the thread. A core that was asked for by number must be had; otherwise it is a warning.
fn pin(core: Option<usize>) -> Result<Option<Warning>, Failure> {
    match affinity::pin(core) {
        Ok(_) => Ok(None),
        Err(error @ affinity::PinError::NoSuchCore { .. }) => {
            Err(Failure::usage(format!("--core: {error}")))
        }
        Err(error) if core.is_some() => Err(Failure::new(Exit::Unfit, format!("--core: {error}"))),
        Err(error) => Ok(Some(Warning::NotPinned(error.to_string()))),
    }
}

/// One team for each thread count above one. Made before the main thread is pinned, for a new
/// thread may only use the cores of the one that starts it.
fn teams(plan: &Plan, core: Option<usize>) -> Result<Vec<Team>, Failure> {
    let unfit = |error: &dyn std::fmt::Display| {
        Failure::new(Exit::Unfit, format!("--threads {}: {error}", plan.threads_max()))
    };
    let counts = plan.thread_counts.iter().copied().filter(|&count| count > 1);
    let team = |count| {
        let listed = (!plan.team.is_empty()).then(|| Ok(plan.team.clone()));
        let cores = listed.unwrap_or_else(affinity::usable).map_err(|error| unfit(&error))?;
        let first =
            affinity::pick(core).map_err(|error| Failure::usage(format!("--core: {error}")))?;
        Team::new(affinity::spread(&cores, first, count)).map_err(|error| unfit(&error))
    };
    counts.map(team).collect()
}

/// A record with all that is known before anything is measured.
pub(super) fn begin(
    plan: &Plan,
    host: Fingerprint,
    timer: &Timer,
    pinned: Option<Warning>,
    launch: &LaunchRecord,
) -> RunRecord {
    let cores = if plan.team.is_empty() { host.cores_usable } else { plan.team.len() };
    let threads = plan.threads_max();
    let shared = (threads > cores).then_some(Warning::Oversubscribed { threads, cores });
    let of_plan = pinned.into_iter().chain(shared).chain(plan.hidden()).chain(plan.of_profile());
    let warnings = of_plan.chain(warning::of_host(&host, timer.quality()));
    let since_epoch = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    RunRecord {
        schema: SCHEMA.into(),
        status: Status::Running,
        started_unix_s: since_epoch.as_secs(),
        tool: Tool::current(),
        warnings: warnings.map(|warning| warning.record()).collect(),
        host,
        launches: vec![launch.clone()],
        budget_s: Some(plan.limits.budget.as_secs_f64()),
        profile: plan.profile.clone(),
        timer: TimerRecord { quality: timer.quality().clone(), empty: None },
        counters: Vec::new(),
        corpus: plan.corpus_record(),
        repeats: Vec::new(),
        devices: Vec::new(),
        simulated: Vec::new(),
        entries: Vec::new(),
        break_even: Vec::new(),
        skipped: plan.skipped(),
    }
}
