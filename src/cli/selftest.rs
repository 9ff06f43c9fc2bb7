//! `nanogate selftest`: what this host's comparisons are worth.

mod comparer;
mod log;
mod table;

use std::{
    fs,
    path::{Path, PathBuf},
    sync::atomic::AtomicBool,
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use sha2::{Digest as _, Sha256};

use super::{
    Exit, Failure, backend_id, backend_ids, choice,
    interrupt::Interrupt,
    lockstep::{self, Programs, Reading, Side, Spec, Terms},
    output::{self, Output},
    progress::Progress,
    terminal,
};
use crate::{
    backend::{BackendKind, ProbeContext},
    corpus::Corpus,
    gate::{
        Rule,
        comparison::LAUNCHES_MIN,
        selftest::{Circumstances, Executable, SelfTest, Settings, Sizing, Status},
        trials::{self, Kind, Row, Task},
    },
    host::{affinity, fingerprint::Fingerprint, lock::RunLock, timer::Timer},
    measure::{Bench, Limits, empty, inputs::Pool},
    op::Op,
    registry,
    report::record::Tool,
};
use comparer::Comparer;
use log::Log;

/// Arguments of `nanogate selftest`.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
A comparison is what the gate does: for some tens of launches two fresh processes on one core, in
lock step, with the same drawn layout; the verdict by an exact sign test over launches. The
self-test compares this program with itself: as it is, where any difference is a false alarm, and
with extra records for one side, calibrated to a slowdown of known size, which must be found.

A result is of this host and of 30 days. Exits with 5 if identical programs were told apart twice
in a row, and with 4 if a slowdown could not be planted as asked.

Examples:
  nanogate selftest
  nanogate selftest --quick                  # does it work at all: half a minute
  nanogate selftest --comparisons 3000 --log lab/selftest.csv
  nanogate selftest --comparisons 3000 --log lab/selftest.csv --resume
  nanogate selftest --plant 0.5 --budget 10 --comparisons 20
  nanogate selftest --backend simd-avx2 --core 3 --json")]
pub(super) struct Arguments {
    /// Backend that is compared with itself
    #[arg(long, value_name = "ID", default_value = "scalar", hide_possible_values = true,
          value_parser = choice::of(backend_ids(), backend_id))]
    backend: String,
    /// Records per batch
    #[arg(long, value_name = "N", default_value_t = 256,
          value_parser = clap::value_parser!(u32).range(1..=1 << 20))]
    batch: u32,
    /// Comparisons of identical programs [default: 200; with --quick: 20]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(..=1_000_000))]
    comparisons: Option<u32>,
    /// Trials of each planted slowdown [default: 20; with --quick: 5]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(..=1_000_000))]
    trials: Option<u32>,
    /// Slowdowns to plant, percent of time (repeatable, or comma-separated) [default: 0.5,1,2,5;
    /// with --quick: 5; with --trials 0: none]
    #[arg(long, value_name = "P", value_delimiter = ',', value_parser = parse_percent)]
    plant: Vec<u32>,
    /// Seconds for one comparison [default: 1; with --quick: 0.3]
    #[arg(long, value_name = "SECONDS", value_parser = parse_budget)]
    budget: Option<f64>,
    /// Core of both processes [default: an isolated one, else the last]
    #[arg(long, value_name = "N")]
    core: Option<usize>,
    /// Seed of inputs, layouts and orders
    #[arg(long, value_name = "S", default_value_t = 1)]
    seed: u64,
    /// Keep each comparison here as a line of CSV, as soon as it is done
    #[arg(long, value_name = "FILE")]
    log: Option<PathBuf>,
    /// Go on with the log of the same program, host and settings; there may be more comparisons
    /// and trials than before
    #[arg(long, requires = "log")]
    resume: bool,
    /// Small numbers: half a minute, to see that it works
    #[arg(long)]
    quick: bool,
    /// Kill a worker in comparison N, to see that it is said
    #[arg(long, value_name = "N")]
    plant_death: Option<u64>,
    /// Where the result goes
    #[arg(long, value_name = "FILE", default_value = DEFAULT_OUT)]
    out: PathBuf,
    /// Print the result instead of a table
    #[arg(long)]
    json: bool,
}

/// Where the gate looks for the result.
pub(super) const DEFAULT_OUT: &str = ".nanogate/selftest.json";

/// Time for what the empty operation reads, by each method.
const EMPTY_BUDGET: Duration = Duration::from_millis(100);

/// Batches of the empty operation, and records in each.
const EMPTY: (usize, usize) = (1, 256);

/// Least and greatest seconds for a comparison.
const BUDGET_S: (f64, f64) = (0.05, 600.0);

/// Least and greatest slowdown, percent.
const PERCENT: (f64, f64) = (0.01, 200.0);

fn parse_percent(text: &str) -> Result<u32, String> {
    match text.parse::<f64>() {
        Ok(percent) if (PERCENT.0..=PERCENT.1).contains(&percent) => {
            Ok((percent * 1e4).round() as u32)
        }
        _ => Err(format!("not a percentage from {} to {}", PERCENT.0, PERCENT.1)),
    }
}

fn parse_budget(text: &str) -> Result<f64, String> {
    match text.parse::<f64>() {
        Ok(seconds) if (BUDGET_S.0..=BUDGET_S.1).contains(&seconds) => Ok(seconds),
        _ => Err(format!("not a number of seconds from {} to {}", BUDGET_S.0, BUDGET_S.1)),
    }
}

pub(super) fn main(arguments: &Arguments, context: &ProbeContext) -> Result<Exit, Failure> {
    check_backend(&arguments.backend, context)?;
    check_out(&arguments.out)?;
    let _lock = RunLock::take().map_err(|error| Failure::new(Exit::Unfit, error))?;
    let interrupt = Interrupt::catch()?;
    // Before pinning, which leaves this process a single core.
    let host = Fingerprint::read();
    let core = pin(arguments.core)?;
    let settings = settings(arguments, context, core);
    let executable = executable()?;
    let resumed = match (&arguments.log, arguments.resume) {
        (Some(path), true) => Some(Log::resume(path, &executable, &host, &settings)?),
        (Some(path), false) => {
            Log::check_new(path)?;
            None
        }
        (None, _) => None,
    };
    let timer = Timer::qualify();
    let instrument = instrument(&timer, &interrupt)?;
    let folder = tempfile::tempdir()?;
    let (spec, footprint) = spec(&settings, &host, &timer, folder.path())?;
    let (mut log, rows, sizing) = if let Some(resumed) = resumed {
        (Some(resumed.log), resumed.rows, resumed.sizing)
    } else {
        let terms = Terms {
            reading: Reading::BackToBack,
            budget_s: settings.budget_s,
            seed: settings.seed,
            launches_min: LAUNCHES_MIN,
        };
        let sizing = lockstep::size(&spec, terms, &timer, footprint)?;
        let new = |path: &PathBuf| Log::create(path, &executable, &host, &settings, &sizing);
        (arguments.log.as_ref().map(new).transpose()?, Vec::new(), sizing)
    };
    let started_unix_s = rows.first().map_or_else(unix_s, |row: &Row| row.at_unix_s) as u64;
    let about = Circumstances { executable, host, settings, sizing, instrument, started_unix_s };
    let mut test = Test { about: &about, spec: &spec, rows, interrupt: &interrupt };
    let ended = test.run(&mut log, arguments.plant_death);
    let status = match ended {
        Ok(()) if !interrupt.is_set() => Status::Complete,
        _ => Status::Interrupted,
    };
    let result = SelfTest::of(&about, &test.rows, status);
    output::write_json(&arguments.out, &result)?;
    show(&result, arguments)?;
    ended?;
    Ok(exit_of(&result))
}

/// What the result means for whoever asked.
fn exit_of(result: &SelfTest) -> Exit {
    if result.status == Status::Interrupted {
        Exit::Interrupted
    } else if result.false_alarms.confirmed.count > 0 {
        Exit::Unfit
    } else if result.planted.iter().any(|one| one.refused.is_some()) {
        Exit::CannotTell
    } else {
        Exit::Pass
    }
}

/// Refuses what does not take host time on a processor.
fn check_backend(id: &str, context: &ProbeContext) -> Result<(), Failure> {
    let entry = registry::find(id).map_err(Failure::usage)?;
    if matches!(entry.kind, BackendKind::Gpu | BackendKind::Fpga | BackendKind::Bound) {
        let message = format!(
            "--backend {id}: the self-test is of processor backends, such as scalar; cycles are \
             exact and need none"
        );
        return Err(Failure::usage(message));
    }
    (entry.probe)(context)
        .map(drop)
        .map_err(|error| Failure::new(Exit::Unfit, format!("--backend {id}: {error}")))
}

/// Refuses a place that cannot be written, or that holds something else than a result.
fn check_out(path: &Path) -> Result<(), Failure> {
    if path == Path::new(DEFAULT_OUT)
        && let Some(folder) = path.parent()
    {
        fs::create_dir_all(folder).map_err(|error| {
            Failure::usage(format!("cannot create {}: {error}; name --out", folder.display()))
        })?;
    }
    if path.is_file() && fs::metadata(path).is_ok_and(|file| file.len() > 0) {
        let marked = fs::read_to_string(path).ok().and_then(|text| {
            let value: serde_json::Value = serde_json::from_str(&text).ok()?;
            value.get("schema")?.as_str().map(|schema| schema.starts_with("nanogate.selftest/"))
        });
        if marked != Some(true) {
            let shown = path.display();
            let message = format!("--out {shown}: exists and is no self-test; name another file");
            return Err(Failure::usage(message));
        }
    }
    Output::check(path)
}

/// Pins this process, and with it all that it starts. A core that was asked for must be had.
fn pin(core: Option<usize>) -> Result<Option<usize>, Failure> {
    match affinity::pin(core) {
        Ok(core) => Ok(Some(core)),
        Err(error @ affinity::PinError::NoSuchCore { .. }) => {
            Err(Failure::usage(format!("--core: {error}")))
        }
        Err(error) if core.is_some() => Err(Failure::new(Exit::Unfit, format!("--core: {error}"))),
        Err(_) => Ok(None),
    }
}

fn settings(arguments: &Arguments, context: &ProbeContext, core: Option<usize>) -> Settings {
    let quick = arguments.quick;
    let trials = arguments.trials.unwrap_or(if quick { 5 } else { 20 });
    let mut planted_ppm = arguments.plant.clone();
    // Without trials nothing has to be calibrated, unless it is asked for by name.
    if planted_ppm.is_empty() && trials > 0 {
        let all = [5_000, 10_000, 20_000, 50_000];
        planted_ppm.extend(if quick { &all[3..] } else { &all[..] });
    }
    planted_ppm.sort_unstable();
    planted_ppm.dedup();
    Settings {
        backend: arguments.backend.clone(),
        batch_len: arguments.batch as usize,
        budget_s: arguments.budget.unwrap_or(if quick { 0.3 } else { 1.0 }),
        core,
        seed: arguments.seed,
        hidden_features: (context.hidden & context.present).to_string(),
        rule: Rule::default(),
        planted_ppm,
        comparisons: arguments.comparisons.unwrap_or(if quick { 20 } else { 200 }),
        trials,
    }
}

fn program() -> Result<PathBuf, Failure> {
    let failed = |error| Failure::internal(format!("cannot find this program's file: {error}"));
    std::env::current_exe().map_err(failed)
}

fn executable() -> Result<Executable, Failure> {
    let bytes = fs::read(program()?)
        .map_err(|error| Failure::internal(format!("cannot read this program's file: {error}")))?;
    let Tool { version, commit, profile, .. } = Tool::current();
    Ok(Executable { version, commit, profile, digest: hex::encode(Sha256::digest(bytes)) })
}

/// What the empty operation reads on this timer: whether the instrument itself is fit.
fn instrument(
    timer: &Timer,
    interrupt: &Interrupt,
) -> Result<Option<empty::EmptyReadings>, Failure> {
    let records = Corpus::embedded().map_err(Failure::internal)?.records().into_iter().cycle();
    let pool = Pool::new(Op::Decide, records, EMPTY.0 * EMPTY.1).map_err(Failure::internal)?;
    let rotation = || pool.rotation(EMPTY.0, EMPTY.1, 0).map_err(Failure::internal);
    let (mut one, mut other) = (rotation()?, rotation()?);
    let interrupted: &AtomicBool = interrupt.flag();
    let limits = Limits { budget: EMPTY_BUDGET, precision: 0.0 };
    let bench = Bench { timer, limits, interrupted };
    let raw = empty::measure(bench, [&mut one, &mut other]).map_err(Failure::internal)?;
    Ok(raw.readings())
}

/// What every worker is started with, and where its input lies.
fn spec(
    settings: &Settings,
    host: &Fingerprint,
    timer: &Timer,
    folder: &Path,
) -> Result<(Spec, (usize, String)), Failure> {
    let footprint = lockstep::footprint(settings.batch_len, host);
    let input = folder.join("input");
    lockstep::write_input(&input, footprint.0 * settings.batch_len, settings.seed)?;
    let program = program()?;
    let spec = Spec {
        programs: Programs { baseline: program.clone(), candidate: program },
        backend: settings.backend.clone(),
        batch_len: settings.batch_len,
        input,
        flags: vec!["--hide-cpu".into(), settings.hidden_features.clone()],
        timer: timer.calibration(),
    };
    Ok((spec, footprint))
}

/// Seconds since 1970.
fn unix_s() -> f64 {
    SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_secs_f64()
}

/// A self-test under way.
struct Test<'a> {
    about: &'a Circumstances,
    spec: &'a Spec,
    rows: Vec<Row>,
    interrupt: &'a Interrupt,
}

impl Test<'_> {
    /// Does what is left to do. What was done is in `rows` and in the log, however it ends.
    fn run(&mut self, log: &mut Option<Log>, plant_death: Option<u64>) -> Result<(), Failure> {
        let Circumstances { settings, sizing, .. } = self.about;
        let progress = Progress::new("", trials::progress(settings, &self.rows).1);
        while let Some(task) = trials::next(settings, &self.rows) {
            let (done, all) = trials::progress(settings, &self.rows);
            progress.at(done, all);
            progress.say(&says(&task));
            let number = self.rows.len() as u64 + 1;
            let dies = plant_death == Some(number);
            let Some(row) = self.compare(number, task, sizing, dies)? else { break };
            if let Some(log) = log {
                log.append(&row)?;
            }
            self.rows.push(row);
        }
        Ok(())
    }

    /// One comparison. `None` where the user stopped it.
    fn compare(
        &self,
        number: u64,
        task: Task,
        sizing: &Sizing,
        dies: bool,
    ) -> Result<Option<Row>, Failure> {
        let settings = &self.about.settings;
        let comparer = Comparer { spec: self.spec, sizing, seed: seed_of(settings.seed, number) };
        let launches = sizing.launches * task.launches_factor;
        let plan = comparer::Plan {
            launches,
            extra_ppm: task.extra_ppm,
            dying: dies.then_some(Side::Candidate),
        };
        let Some(found) = comparer.compare(&plan, self.interrupt.flag())? else {
            return Ok(None);
        };
        let judged = settings
            .rule
            .judge(&found.log_ratios)
            .ok_or_else(|| Failure::internal("a comparison has too few launches for a verdict"))?;
        Ok(Some(Row {
            number,
            kind: task.kind,
            planted_ppm: task.planted_ppm,
            extra_ppm: task.extra_ppm,
            launches,
            log_ratio: judged.log_ratio.value,
            low: judged.log_ratio.low,
            high: judged.log_ratio.high,
            p_value: judged.p_value,
            verdict: judged.verdict,
            seconds: found.seconds,
            baseline_ns: found.baseline_ns,
            at_unix_s: unix_s(),
        }))
    }
}

/// A seed of its own for each comparison.
fn seed_of(seed: u64, number: u64) -> u64 {
    // The multiplier of Knuth's MMIX generator: odd, so that no two numbers share a seed.
    seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(number)
}

fn says(task: &Task) -> String {
    let percent = f64::from(task.planted_ppm) / 1e4;
    match task.kind {
        Kind::Same => "comparing identical programs".into(),
        Kind::Confirm => "asking again after an alarm".into(),
        Kind::Calibrate => format!("calibrating a slowdown of {percent} %"),
        Kind::Trial => format!("looking for a slowdown of {percent} %"),
    }
}

fn show(result: &SelfTest, arguments: &Arguments) -> Result<(), Failure> {
    let on_standard_output = arguments.out == Path::new("-");
    if arguments.json {
        return if on_standard_output { Ok(()) } else { output::print_json(result) };
    }
    let shown = table::render(result, &terminal::screen());
    let text = format!("{shown}result    {}", arguments.out.display());
    output::report(&text, on_standard_output)
}
