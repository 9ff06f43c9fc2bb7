//! `nanogate run`: verifies, then measures, and keeps what is measured.

mod counting;
mod device;
mod lineup;
mod plan;
mod session;
mod simulated;

use std::{
    path::PathBuf,
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use super::{Exit, Failure, interrupt::Interrupt, output, progress::Progress};
use crate::{
    backend::ProbeContext,
    host::{affinity, fingerprint::Fingerprint, lock::RunLock, timer::Timer},
    measure::{Method, footprint::Wanted, team::Team},
    report::{
        record::{RunRecord, SCHEMA, Skipped, Status, TimerRecord, Tool},
        store::Store,
        table,
    },
    warning::{self, Warning},
};
use lineup::Lineups;
use plan::Plan;
use session::{Event, Session};

/// Arguments of `nanogate run`.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Each backend is compared with the golden model on the very input that is then measured, before
and after. The record is rewritten after each entry, so that nothing measured is ever lost.

Examples:
  nanogate run
  nanogate run --quick
  nanogate run --backend scalar,reference --batch 4096 --method throughput
  nanogate run --peers                  # also what people would use instead
  nanogate run --footprint L1,L2,L3,memory --batch 256 --method throughput
  nanogate run --backend gpu-wgpu,simd-avx2 --gpu nvidia
  nanogate run --backend gpu-wgpu --method stages,resident,stream --batch 1048576
  nanogate run --method break-even       # from which length the GPU pays
  nanogate run --backend fpga-verilator --lanes 8 --batch 1,4096
  nanogate run --threads all --batch 16384 --method throughput
  nanogate run --core 3 --budget 5 --out lab/today.json")]
pub(super) struct Arguments {
    /// Only these backends; missing ones are then an error (repeatable, or comma-separated)
    #[arg(long, value_name = "ID", value_delimiter = ',')]
    backend: Vec<String>,
    /// Also measure the peers: published CRC crates behind the same parse
    #[arg(long)]
    peers: bool,
    /// Records per batch (repeatable, or comma-separated)
    #[arg(long, value_name = "N", value_delimiter = ',',
          value_parser = clap::value_parser!(u32).range(1..=64 << 20))]
    batch: Vec<u32>,
    /// Where inputs and outputs lie: hot (the smallest cache that holds two batches), cold (well
    /// beyond the last), memory, or a cache such as L2 [default: hot,cold; with --quick: hot]
    #[arg(long, value_name = "NAME", value_delimiter = ',', value_parser = Wanted::parse)]
    footprint: Vec<Wanted>,
    /// Threads that submit batches at once, each on a core of its own: a number or `all`; 1 is
    /// measured too (repeatable, or comma-separated)
    #[arg(long, value_name = "N|all", value_delimiter = ',', value_parser = Threads::parse)]
    threads: Vec<Threads>,
    /// Only these methods: throughput, latency, for devices stages, stream, resident and
    /// break-even, for simulated hardware cycles (repeatable, or comma-separated)
    #[arg(long, value_name = "NAME", value_delimiter = ',', value_parser = parse_method)]
    method: Vec<Method>,
    /// All batch lengths and methods, hot only, with small budgets: half a minute at most
    #[arg(long)]
    quick: bool,
    /// Most seconds for one entry, warm-up not counted [default: 1, or 0.15 with --quick]
    #[arg(long, value_name = "SECONDS", value_parser = parse_seconds)]
    budget: Option<Duration>,
    /// Core to measure on [default: an isolated one, else the last]
    #[arg(long, value_name = "N")]
    core: Option<usize>,
    /// Corpus file instead of the embedded snapshot
    #[arg(long, value_name = "FILE")]
    corpus: Option<PathBuf>,
    /// Seed with which inputs are drawn from the corpus
    #[arg(long, value_name = "S", default_value_t = 1)]
    seed: u64,
    /// Faulty records per thousand in the input
    #[arg(long, value_name = "PERMILLE", default_value_t = 1,
          value_parser = clap::value_parser!(u16).range(0..=1000))]
    faults: u16,
    /// Destroy the device after N submissions, to see that the rest is kept
    #[arg(long, value_name = "N")]
    plant_device_loss: Option<u64>,
    /// Where the record goes
    #[arg(long, value_name = "FILE", default_value = "nanogate-run.json")]
    out: PathBuf,
    /// Print the record instead of tables
    #[arg(long)]
    json: bool,
}

/// A number of threads.
#[derive(Clone, Copy, Debug)]
enum Threads {
    Count(usize),
    /// One for each core that this process may use.
    All,
}

/// Most threads that may be asked for.
const THREADS_MAX: usize = 1_024;

impl Threads {
    fn parse(text: &str) -> Result<Self, String> {
        match text.parse() {
            _ if text == "all" => Ok(Self::All),
            Ok(count @ 1..=THREADS_MAX) => Ok(Self::Count(count)),
            _ => Err(format!("neither `all` nor a number from 1 to {THREADS_MAX}")),
        }
    }

    fn count(self) -> usize {
        match self {
            Self::Count(count) => count,
            Self::All => affinity::usable().map_or(1, |cores| cores.len()),
        }
    }
}

fn parse_method(text: &str) -> Result<Method, String> {
    Method::ALL.into_iter().find(|method| method.name() == text).ok_or_else(|| {
        let known = Method::ALL.map(Method::name).join(", ");
        format!("no such method; known: {known}")
    })
}

fn parse_seconds(text: &str) -> Result<Duration, String> {
    let seconds: f64 = text.parse().map_err(|_| "not a number of seconds".to_owned())?;
    if (0.01..=3_600.0).contains(&seconds) {
        Ok(Duration::from_secs_f64(seconds))
    } else {
        Err("must be between 0.01 and 3600 seconds".into())
    }
}

pub(super) fn main(arguments: &Arguments, context: &ProbeContext) -> Result<Exit, Failure> {
    let mut context = context.clone();
    context.gpu.lose_after = arguments.plant_device_loss;
    let plan = Plan::new(arguments, &context)?;
    let store = Store::new(&arguments.out).map_err(Failure::usage)?;
    let _lock = RunLock::take().map_err(|error| Failure::new(Exit::Unfit, error))?;
    let interrupt = Interrupt::catch()?;
    // Before pinning, which leaves this process a single core.
    let host = Fingerprint::read();
    let cases = plan.cases(&host.caches);
    if cases.is_empty() {
        return Err(Failure::usage(
            "--footprint: no such batch fits; add `cold`, or lower --batch",
        ));
    }
    let steps = plan.entries(&cases) as u64 + 1;
    let left_out = plan.left_out(&cases);
    let progress = Progress::new("starting", steps);
    let teams = teams(&plan, arguments.core)?;
    progress.say("opening the backends");
    let mut lineups = Lineups::open(&plan)?;
    progress.say("qualifying the timer");
    let pinned = pin(arguments.core)?;
    let timer = Timer::qualify();
    let mut record = begin(&plan, host, &timer, pinned);
    record.warnings.extend(left_out.iter().map(Warning::record));
    progress.say("drawing inputs");
    let mut session =
        Session::new(&plan, &record.host.caches, cases, &teams, &timer, interrupt.flag())?;
    record.timer = session.timer_record()?;
    record.counters = session.counters.borrow().statuses();
    progress.step();
    progress.say("verifying, and measuring in the first cache");
    let measured = session.measure(&mut lineups, &mut record, &mut |event| match event {
        Event::Begins(what) => {
            progress.say(what);
            Ok(())
        }
        Event::Measured(record) => {
            progress.step();
            store.write(record).map_err(|error| Failure::new(Exit::Failed, error))
        }
    });
    drop(progress);
    record.skipped.extend(lineups.failed.iter().cloned());
    record.status = match &measured {
        _ if interrupt.is_set() => Status::Interrupted,
        Err(failure) if failure.exit() == Exit::WrongResults => Status::WrongResults,
        Err(_) => Status::Running,
        Ok(()) if !lineups.failed.is_empty() => Status::Incomplete,
        Ok(()) => Status::Complete,
    };
    let stored = store.write(&record).map_err(|error| Failure::new(Exit::Failed, error));
    show(&record, &store, arguments.json)?;
    measured?;
    stored?;
    if let Some(Skipped { backend, reason }) = lineups.failed.first() {
        let message = format!("{backend}: {reason}; what was measured of the others is kept");
        return Err(Failure::new(Exit::Unfit, message));
    }
    Ok(if record.status == Status::Interrupted { Exit::Interrupted } else { Exit::Pass })
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
        let cores = affinity::usable().map_err(|error| unfit(&error))?;
        let first =
            affinity::pick(core).map_err(|error| Failure::usage(format!("--core: {error}")))?;
        Team::new(affinity::spread(&cores, first, count)).map_err(|error| unfit(&error))
    };
    counts.map(team).collect()
}

/// A record with all that is known before anything is measured.
fn begin(plan: &Plan, host: Fingerprint, timer: &Timer, pinned: Option<Warning>) -> RunRecord {
    let (threads, cores) = (plan.threads_max(), host.cores_usable);
    let shared = (threads > cores).then_some(Warning::Oversubscribed { threads, cores });
    let hidden = plan.context.hidden & plan.context.present;
    let hidden = (!hidden.is_empty()).then(|| Warning::HiddenFeatures(hidden.to_string()));
    let of_plan = pinned.into_iter().chain(shared).chain(hidden);
    let warnings = of_plan.chain(warning::of_host(&host, timer.quality()));
    let since_epoch = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    RunRecord {
        schema: SCHEMA.into(),
        status: Status::Running,
        started_unix_s: since_epoch.as_secs(),
        tool: Tool::current(),
        warnings: warnings.map(|warning| warning.record()).collect(),
        host,
        timer: TimerRecord {
            quality: timer.quality().clone(),
            empty_throughput_ns: None,
            empty_latency_ns: None,
        },
        counters: Vec::new(),
        corpus: plan.corpus_record(),
        devices: Vec::new(),
        simulated: Vec::new(),
        entries: Vec::new(),
        break_even: Vec::new(),
        skipped: plan.skipped(),
    }
}

fn show(record: &RunRecord, store: &Store, json: bool) -> Result<(), Failure> {
    if json {
        return output::print_json(record);
    }
    output::print(table::render(record).trim_end())?;
    output::print(&format!("record    {}", store.path().display()))
}
