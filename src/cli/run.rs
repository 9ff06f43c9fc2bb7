//! `nanogate run`: verifies, then measures, and keeps what is measured.

mod announcement;
mod baselines;
mod bundling;
mod counting;
mod device;
mod first_cache;
mod heeding;
mod keeping;
mod launch;
mod launches;
mod lineup;
mod load;
mod obey;
mod plan;
mod session;
mod simulated;

use std::{path::PathBuf, time::Duration};

use super::{Exit, Failure, backend_id, backend_ids, choice, history, profile, progress::Steps};
use crate::{
    backend::ProbeContext,
    host::fingerprint::Fingerprint,
    measure::{Method, footprint::Wanted},
    platform::{
        plan::{BATCH_LEN_MAX, BUDGET_S, LAUNCHES_MAX, THREADS_MAX},
        shipped,
    },
    report::baseline::BaselineName,
};
pub(super) use launches::drawn_seed;
use plan::Plan;

/// Arguments of `nanogate run`.
#[derive(Clone, Debug, clap::Args)]
#[command(after_help = "\
Each backend is compared with the golden model on the very input that is then measured, before
and after, and while it is measured. The record is rewritten after each entry, so that nothing
measured is ever lost.

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
  nanogate run --method load --clients 10000 --rate 1000000 --workers all --budget 2
  nanogate run --method load --backend scalar --clients 100 --knee-p99 50 --hlog lab/hlog
  nanogate run --save-baseline main      # and later, to compare with it:
  nanogate run --baseline main
  nanogate run --profile x86-server-isolated --bundle lab/today
  nanogate run --core 3 --budget 5 --launches 10 --out lab/today.json")]
pub(super) struct Arguments {
    /// Do what this profile says, unless other flags say otherwise; an id that `nanogate profile
    /// list` knows, or a file
    #[arg(long, value_name = "ID|FILE", hide_possible_values = true,
          value_parser = choice::of(shipped::ids(), profile::named))]
    profile: Option<String>,
    /// Only these backends; missing ones are then an error (repeatable, or comma-separated)
    #[arg(long, value_name = "ID", value_delimiter = ',', hide_possible_values = true,
          value_parser = choice::of(backend_ids(), backend_id))]
    backend: Vec<String>,
    /// Also measure the peers: published CRC crates behind the same parse
    #[arg(long)]
    peers: bool,
    /// Records per batch (repeatable, or comma-separated) [default: from 1 to 1048576; for load
    /// alone: 16]
    #[arg(long, value_name = "N", value_delimiter = ',',
          value_parser = clap::value_parser!(u32).range(1..=i64::from(BATCH_LEN_MAX)))]
    batch: Vec<u32>,
    /// Where inputs and outputs lie: hot (the smallest cache that holds two batches), cold (well
    /// beyond the last), memory, or a cache such as L2 [default: hot,cold; with --quick, or for
    /// load alone: hot]
    #[arg(long, value_name = "NAME", value_delimiter = ',', hide_possible_values = true,
          value_parser = choice::of(Wanted::NAMES, Wanted::parse))]
    footprint: Vec<Wanted>,
    /// Threads that submit batches at once, each on a core of its own: a number or `all`; 1 is
    /// measured too (repeatable, or comma-separated)
    #[arg(long, value_name = "N|all", value_delimiter = ',', value_parser = Threads::parse)]
    threads: Vec<Threads>,
    /// Only these methods: throughput, latency, for devices stages, stream, resident and
    /// break-even, for simulated hardware cycles; and load, which runs only when named here
    /// (repeatable, or comma-separated)
    #[arg(long, value_name = "NAME", value_delimiter = ',', hide_possible_values = true,
          value_parser = choice::of(Method::ALL.map(Method::name), parse_method))]
    method: Vec<Method>,
    /// All batch lengths and methods, hot only, with small budgets: a minute at most
    #[arg(long)]
    quick: bool,
    /// Most seconds for one entry, all launches together [default: 1, or 0.15 with --quick]
    #[arg(long, value_name = "SECONDS", value_parser = parse_seconds)]
    budget: Option<Duration>,
    /// Processes that measure one after the other, each with another layout of stack, environment
    /// and buffers; the budget is shared by them, and what differs between them is part of every
    /// interval [default: 3]
    #[arg(long, value_name = "N",
          value_parser = clap::value_parser!(u32).range(1..=i64::from(LAUNCHES_MAX)))]
    launches: Option<u32>,
    /// Seed from which the layouts are drawn [default: drawn; the record has it]
    #[arg(long, value_name = "S", overrides_with = "layout_seed")]
    layout_seed: Option<u64>,
    /// The launch that this process is, for the one that starts it
    #[arg(long, hide = true, requires = "layout_seed")]
    launch: Option<u32>,
    /// Steps of all launches, and those of the launches before this one
    #[arg(long, hide = true, requires = "launch", value_parser = Steps::parse)]
    steps: Option<Steps>,
    /// Digest of the texts that all launches go by
    #[arg(long, hide = true, requires = "launch")]
    heeds: Option<String>,
    /// Core to measure on [default: an isolated one, else the last]
    #[arg(long, value_name = "N")]
    core: Option<usize>,
    /// Corpus file instead of the embedded snapshot
    #[arg(long, value_name = "FILE")]
    corpus: Option<PathBuf>,
    /// Seed with which inputs are drawn from the corpus [default: 1]
    #[arg(long, value_name = "S")]
    seed: Option<u64>,
    /// Faulty records per thousand in the input [default: 1]
    #[arg(long, value_name = "PERMILLE", value_parser = clap::value_parser!(u16).range(0..=1000))]
    faults: Option<u16>,
    /// Destroy the device after N submissions, to see that the rest is kept
    #[arg(long, value_name = "N")]
    plant_device_loss: Option<u64>,
    /// Keep the record as a baseline of this name, in place of one that there is; what
    /// `nanogate compare` can do with it says more
    #[arg(long, value_name = "NAME", value_parser = BaselineName::parse)]
    save_baseline: Option<BaselineName>,
    /// Compare with this baseline afterwards: exits with 3 if a row is slower. That there is no
    /// such baseline is an error, and so is a row that it lacks (7)
    #[arg(long, value_name = "NAME", value_parser = BaselineName::parse)]
    baseline: Option<BaselineName>,
    /// The same, but what is missing is only said
    #[arg(long, value_name = "NAME", value_parser = BaselineName::parse,
          conflicts_with = "baseline")]
    baseline_lenient: Option<BaselineName>,
    /// Where the record goes
    #[arg(long, value_name = "FILE", default_value = "nanogate-run.json")]
    out: PathBuf,
    /// Also write all that shows what was measured to a new folder: the record, the readings that
    /// its figures follow from, what doctor finds, profile, environment, log and report;
    /// `nanogate bundle verify` holds it against its digests
    #[arg(long, value_name = "DIR")]
    bundle: Option<PathBuf>,
    /// Where this launch keeps its readings and what it says
    #[arg(long, hide = true, requires = "launch", value_name = "DIR")]
    readings: Option<PathBuf>,
    /// Also append the finished record to a history, for `nanogate history` [default, without
    /// FILE: .nanogate/history.sqlite]
    #[arg(long, value_name = "FILE", num_args = 0..=1, default_missing_value = history::DEFAULT)]
    history: Option<PathBuf>,
    /// Also show how the readings spread, when they became steady, and what each launch found
    #[arg(long)]
    details: bool,
    /// Print the record instead of tables
    #[arg(long)]
    json: bool,
    /// What the profile says beyond flags
    #[arg(skip)]
    under: Option<obey::Under>,
    // Last: its heading would hold for all flags that follow.
    #[command(flatten)]
    load: load::LoadArguments,
}

/// A number of threads.
#[derive(Clone, Copy, Debug)]
enum Threads {
    Count(usize),
    /// One for each core that threads share out.
    All,
}

impl Threads {
    fn parse(text: &str) -> Result<Self, String> {
        match text.parse() {
            _ if text == "all" => Ok(Self::All),
            Ok(count @ 1..=THREADS_MAX) => Ok(Self::Count(count as usize)),
            _ => Err(format!("neither `all` nor a number from 1 to {THREADS_MAX}")),
        }
    }

    /// How many those are that `team` shares out.
    fn count(self, team: &[usize]) -> usize {
        match self {
            Self::Count(count) => count,
            Self::All => team.len().max(1),
        }
    }
}

fn parse_method(text: &str) -> Result<Method, String> {
    choice::find("method", text, Method::ALL.map(|method| (method.name(), method)))
}

fn parse_seconds(text: &str) -> Result<Duration, String> {
    let seconds: f64 = text.parse().map_err(|_| "not a number of seconds".to_owned())?;
    if BUDGET_S.contains(&seconds) {
        Ok(Duration::from_secs_f64(seconds))
    } else {
        Err(format!("must be between {} and {} seconds", BUDGET_S.start(), BUDGET_S.end()))
    }
}

/// One launch, or all of them.
pub(super) fn main(
    arguments: &Arguments,
    settings: &str,
    context: &ProbeContext,
) -> Result<Exit, Failure> {
    let mut context = context.clone();
    context.gpu.lose_after = arguments.plant_device_loss;
    let mut arguments = arguments.clone();
    if let Some(opened) = heeding::heed(&mut arguments, settings)? {
        let mut obeyed = profile::obey(opened, arguments.given(), &mut context)?;
        match arguments.launch {
            // Whoever starts the launches refuses; the first, which begins the record, puts down
            // what it finds.
            None => obeyed.refuse_unmet()?,
            Some(1) => obeyed.put_down(&context),
            Some(_) => {}
        }
        arguments.fill(obeyed);
    }
    match (arguments.launch, arguments.layout_seed) {
        (Some(number), Some(seed)) => launch::main(&arguments, &context, number, seed),
        _ => launches::main(&arguments, &context),
    }
}

/// The verb without any flag.
#[derive(clap::Parser)]
struct Bare {
    #[command(flatten)]
    arguments: Arguments,
}

/// What keeps a run under a profile from measuring on this host, with no flag but `--core`.
/// Nothing is measured.
pub(super) fn rehearse(
    opened: profile::Opened,
    core: Option<usize>,
    context: &ProbeContext,
) -> Result<(), Failure> {
    let mut context = context.clone();
    let Bare { mut arguments } =
        clap::Parser::try_parse_from(["run"]).map_err(Failure::internal)?;
    arguments.core = core;
    let obeyed = profile::obey(opened, arguments.given(), &mut context)?;
    arguments.fill(obeyed);
    let plan = Plan::new(&arguments, &context)?;
    arguments.cases(&plan, &Fingerprint::read().caches).map(drop)
}
