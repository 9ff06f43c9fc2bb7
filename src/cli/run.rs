//! `nanogate run`: verifies, then measures, and keeps what is measured.

mod plan;
mod session;

use std::{
    path::PathBuf,
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use super::{Exit, Failure, interrupt::Interrupt, output, progress::Progress};
use crate::{
    backend::ProbeContext,
    host::{affinity, fingerprint::Fingerprint, lock::RunLock, timer::Timer},
    measure::Method,
    report::{
        record::{RunRecord, SCHEMA, Status, TimerRecord, Tool},
        store::Store,
        table,
    },
    warning::{self, Warning},
};
use plan::Plan;
use session::Session;

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
          value_parser = clap::value_parser!(u32).range(1..=16 << 20))]
    batch: Vec<u32>,
    /// Only these methods (repeatable, or comma-separated)
    #[arg(long, value_name = "NAME", value_delimiter = ',', value_parser = parse_method)]
    method: Vec<Method>,
    /// All batch lengths and methods with small budgets: under 15 seconds
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
    /// Where the record goes
    #[arg(long, value_name = "FILE", default_value = "nanogate-run.json")]
    out: PathBuf,
    /// Print the record instead of tables
    #[arg(long)]
    json: bool,
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
    let plan = Plan::new(arguments, context)?;
    let store = Store::new(&arguments.out).map_err(Failure::usage)?;
    let _lock = RunLock::take().map_err(|error| Failure::new(Exit::Unfit, error))?;
    let interrupt = Interrupt::catch()?;
    let progress = Progress::new("qualifying the timer", plan.step_count());
    // Before pinning, which leaves this process a single core.
    let host = Fingerprint::read();
    let pinned = pin(arguments.core)?;
    let timer = Timer::qualify();
    let mut record = begin(&plan, host, &timer, pinned);
    let mut session = Session::new(&plan, &timer, interrupt.flag())?;
    record.timer = session.timer_record()?;
    progress.step("verifying");
    let measured = session.measure(&mut record, &mut |record, what| {
        progress.step(what);
        store.write(record).map_err(|error| Failure::new(Exit::Failed, error))
    });
    drop(progress);
    record.status = match &measured {
        _ if interrupt.is_set() => Status::Interrupted,
        Err(failure) if failure.exit() == Exit::WrongResults => Status::WrongResults,
        Err(_) => Status::Running,
        Ok(()) => Status::Complete,
    };
    let stored = store.write(&record).map_err(|error| Failure::new(Exit::Failed, error));
    show(&record, &store, arguments.json)?;
    measured?;
    stored?;
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

/// A record with all that is known before anything is measured.
fn begin(plan: &Plan, host: Fingerprint, timer: &Timer, pinned: Option<Warning>) -> RunRecord {
    let warnings = pinned.into_iter().chain(warning::of_host(&host, timer.quality()));
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
        corpus: plan.corpus_record(),
        entries: Vec::new(),
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
