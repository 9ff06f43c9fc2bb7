//! `nanogate gate`: is this program slower than another, and could this host tell?

mod contest;
mod exact;
mod plan;
mod program;
mod revision;
mod rows;
mod table;

use std::{
    fs,
    path::{Path, PathBuf},
    time::{SystemTime, UNIX_EPOCH},
};

use super::{
    Exit, Failure, history,
    interrupt::Interrupt,
    lockstep::{self, Programs, Spec},
    output::{self, Output},
};
use crate::{
    backend::ProbeContext,
    calendar::Date,
    gate::{
        Rule, Verdict,
        family::{self, Judged},
        fitness,
        limits::Limits,
        outcome::{Arming, Candidate, Confirmation, Effect, Key, Kind, Outcome, Row, SCHEMA},
        selftest::SelfTest,
    },
    host::{affinity, fingerprint::Fingerprint, lock::RunLock, timer::Timer},
};
use contest::Contest;
use plan::{Asked, Case, Method};
use program::Program;
use rows::Timed;

/// Arguments of `nanogate gate`.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Both programs run as pairs of fresh processes on one core, in lock step, with the same drawn
layout; the verdict of a row is by an exact sign test over launches, beyond noise, with the error
held over all rows (Holm). What is slower is measured a second time, and fails only if it is slower
again. Simulated cycles, lookup tables and sizes are compared exactly. Modelled time is not gated.

A revision is built with the features of the candidate in a worktree of its own, and kept in
.nanogate/builds. The gate arms only on a host whose `nanogate selftest` says that its verdicts hold.

Limits are TOML (--limits FILE):
  version = 1
  [[limit]]
  for = { backend = \"scalar\", batch = 256 }   # also method, threads, metric; without: all rows
  soft_percent = 2                            # slower by up to so much is allowed
  hard = \"p99 <= 900 ns\"                      # fails whatever the baseline says
  [[mute]]
  for = { backend = \"simd-avx2\" }
  reason = \"waits for the new driver\"
  until = \"2026-12-31\"

Exits with 0 if nothing is slower, 3 if something is, 4 if a row cannot be told, 5 if it may not
arm, 6 if a program is wrong, 7 if the programs cannot be compared.

Examples:
  nanogate gate --against origin/main
  nanogate gate --against ../old/nanogate --backend scalar --batch 256 --budget 10
  nanogate gate --against HEAD~1 --limits gate.toml --out gate.json
  nanogate gate --against HEAD~1 --method cycles      # exact: needs no self-test")]
pub(super) struct Arguments {
    /// What to compare with: a nanogate program, or a git revision, which is built
    #[arg(long, value_name = "PATH|REV")]
    against: String,
    /// The program that is judged [default: this one]
    #[arg(long, value_name = "PATH")]
    candidate: Option<PathBuf>,
    /// Only these backends, which both programs must have (repeatable, or comma-separated)
    /// [default: all that both have, without peers and imitated devices]
    #[arg(long, value_name = "ID", value_delimiter = ',')]
    backend: Vec<String>,
    /// Records per batch, in the smallest cache that holds two (repeatable, or comma-separated)
    /// [default: 1,256,4096; with --quick: 256]
    #[arg(long, value_name = "N", value_delimiter = ',',
          value_parser = clap::value_parser!(u32).range(1..=1 << 20))]
    batch: Vec<u32>,
    /// Only these methods (repeatable, or comma-separated) [default: all; with --quick:
    /// throughput,cycles]
    #[arg(long, value_name = "NAME", value_delimiter = ',')]
    method: Vec<Method>,
    /// Seconds for all that is measured, without what is asked twice [default: 1 for each
    /// backend, batch and method; with --quick: 0.5]
    #[arg(long, value_name = "SECONDS", value_parser = parse_budget)]
    budget: Option<f64>,
    /// Limits and mutes, TOML
    #[arg(long, value_name = "FILE")]
    limits: Option<PathBuf>,
    /// Few rows and small budgets
    #[arg(long)]
    quick: bool,
    /// Measure also where both programs are the same, byte for byte
    #[arg(long)]
    even_if_identical: bool,
    /// Judge although the self-test does not say that this host's verdicts hold; the result says so
    #[arg(long)]
    unarmed: bool,
    /// The self-test of this host
    #[arg(long, value_name = "FILE", default_value = super::selftest::DEFAULT_OUT)]
    selftest: PathBuf,
    /// Core of both programs [default: an isolated one, else the last]
    #[arg(long, value_name = "N")]
    core: Option<usize>,
    /// Seed of inputs, layouts and orders [default: drawn; the result has it]
    #[arg(long, value_name = "S")]
    seed: Option<u64>,
    /// Also keep the result here, JSON
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
    /// Append the result to this history
    #[arg(long, value_name = "FILE")]
    history: Option<PathBuf>,
    /// Print the result instead of a table
    #[arg(long)]
    json: bool,
}

/// Seconds for a case, unless --budget says otherwise.
const CASE_S: f64 = 1.0;
const QUICK_CASE_S: f64 = 0.5;

/// Batch lengths, unless --batch says otherwise.
const BATCH_LENS: [u32; 3] = [1, 256, 4_096];
const QUICK_BATCH_LENS: [u32; 1] = [256];

/// Most seconds of a budget.
const BUDGET_MAX_S: f64 = 86_400.0;

fn parse_budget(text: &str) -> Result<f64, String> {
    match text.parse::<f64>() {
        Ok(seconds) if (0.1..=BUDGET_MAX_S).contains(&seconds) => Ok(seconds),
        _ => Err(format!("not a number of seconds from 0.1 to {BUDGET_MAX_S}")),
    }
}

pub(super) fn main(arguments: &Arguments, context: &ProbeContext) -> Result<Exit, Failure> {
    let started_unix_s = unix_s();
    let today = Date::of_unix(started_unix_s as i64);
    let limits = limits(arguments.limits.as_deref())?;
    if let Some(out) = &arguments.out {
        Output::check(out)?;
    }
    // What cannot be appended to is refused before anything is measured.
    arguments.history.as_deref().map(history::create).transpose()?;
    let flags = flags(context);
    let (baseline, candidate) = programs(arguments, &flags)?;
    let asked = asked(arguments);
    let (cases, simulated) = plan::cases(&asked, &baseline.about, &candidate.about)?;
    let is_identical = baseline.digest == candidate.digest && !arguments.even_if_identical;
    let host = Fingerprint::read();
    let is_timed = !cases.is_empty() && !is_identical;
    let arming = is_timed.then(|| arm(arguments, &host, started_unix_s)).transpose()?;
    for expired in limits.expired(today) {
        eprintln!("nanogate: a mute has expired, and counts no more: {expired}");
    }
    let gate = Gate { arguments, flags: &flags, limits: &limits, today, host: &host };
    let mut rows = gate.exact_rows((&baseline, &candidate), &simulated, &asked, is_identical)?;
    if is_identical {
        rows.extend(gate.identical_rows(&cases));
    } else if is_timed {
        let programs =
            Programs { baseline: baseline.path.clone(), candidate: candidate.path.clone() };
        rows.extend(gate.timed_rows(&cases, &programs)?);
    }
    let keys: Vec<Key> = rows.iter().map(|row| row.key.clone()).collect();
    limits.check_used(&keys).map_err(|error| refused_limits(arguments, &error))?;
    let outcome = Outcome {
        schema: SCHEMA.into(),
        kind: Kind::Interleaved,
        started_unix_s,
        host: host.clone(),
        rule: Rule { alpha: limits.family_error, ..Rule::default() },
        family_error: limits.family_error,
        baseline: baseline.side(started_unix_s),
        candidates: vec![Candidate {
            side: candidate.side(started_unix_s),
            identical: is_identical,
            rows,
        }],
        arming,
    };
    show(&outcome, arguments)?;
    if let Some(path) = &arguments.history {
        history::append_outcome(path, &outcome)?;
    }
    Ok(exit_of(&outcome))
}

/// What the outcome means for whoever asked.
fn exit_of(outcome: &Outcome) -> Exit {
    match outcome.effect() {
        Effect::Fails => Exit::Regression,
        Effect::Undecided => Exit::CannotTell,
        Effect::Passes | Effect::Allowed | Effect::Muted => Exit::Pass,
    }
}

/// Flags for every process that is started, as this one has them.
fn flags(context: &ProbeContext) -> Vec<String> {
    let mut flags = vec!["--hide-cpu".into(), (context.hidden & context.present).to_string()];
    if let Some(adapter) = &context.gpu.adapter {
        flags.extend(["--gpu".into(), adapter.clone()]);
    }
    if let Some(lanes) = context.fpga.lanes {
        flags.extend(["--lanes".into(), lanes.to_string()]);
    }
    flags
}

fn programs(arguments: &Arguments, flags: &[String]) -> Result<(Program, Program), Failure> {
    let this = std::env::current_exe()
        .map_err(|error| Failure::internal(format!("cannot find this program's file: {error}")))?;
    let candidate = match &arguments.candidate {
        Some(path) => Program::open(&path.display().to_string(), path, flags)?,
        None => Program::open("this program", &this, flags)?,
    };
    let against = Path::new(&arguments.against);
    let baseline = if against.is_file() {
        Program::open(&arguments.against, against, flags)?
    } else {
        let features = &candidate.about.features;
        let path = revision::program(&arguments.against, &without_plants(features))?;
        Program::open(&arguments.against, &path, flags)?
    };
    let profiles = [&baseline, &candidate].map(|one| one.about.tool.profile.clone());
    if profiles[0] != profiles[1] {
        let [one, other] = profiles;
        let message = format!("the baseline is a {one} build, the candidate a {other} build");
        return Err(Failure::new(Exit::NotComparable, message));
    }
    Ok((baseline, candidate))
}

/// A planted slowdown is the candidate's alone.
fn without_plants(features: &[String]) -> Vec<String> {
    features.iter().filter(|name| !name.starts_with("planted-")).cloned().collect()
}

fn asked(arguments: &Arguments) -> Asked {
    let quick = arguments.quick;
    let batch_lens = match arguments.batch.as_slice() {
        [] if quick => &QUICK_BATCH_LENS,
        [] => &BATCH_LENS[..],
        given => given,
    };
    let methods = match arguments.method.as_slice() {
        [] if quick => vec![Method::Throughput, Method::Cycles],
        [] => Method::ALL.into(),
        given => given.to_vec(),
    };
    let batch_lens = batch_lens.iter().map(|&len| len as usize).collect();
    Asked { backends: arguments.backend.clone(), batch_lens, methods }
}

fn limits(path: Option<&Path>) -> Result<Limits, Failure> {
    let Some(path) = path else { return Ok(Limits::default()) };
    let refused = |error: &dyn std::fmt::Display| {
        Failure::usage(format!("--limits {}: {error}", path.display()))
    };
    let text = fs::read_to_string(path).map_err(|error| refused(&error))?;
    Limits::parse(&text).map_err(|error| refused(&error))
}

fn refused_limits(arguments: &Arguments, error: &dyn std::fmt::Display) -> Failure {
    let path = arguments.limits.as_deref().unwrap_or(Path::new("")).display();
    Failure::usage(format!("--limits {path}: {error}"))
}

/// Whether verdicts count on this host. Told to, it arms all the same, and the result says so.
fn arm(arguments: &Arguments, host: &Fingerprint, now_unix_s: u64) -> Result<Arming, Failure> {
    let path = arguments.selftest.display();
    let read = || {
        let text = fs::read_to_string(&arguments.selftest).map_err(|error| {
            format!("no self-test in {path} ({error}); run `nanogate selftest`")
        })?;
        let result: SelfTest = serde_json::from_str(&text).map_err(|error| {
            format!("{path} is no self-test ({error}); run `nanogate selftest`")
        })?;
        fitness::may_arm(&result, host, now_unix_s).map_err(|unfit| unfit.to_string())
    };
    match read() {
        Ok(armed) => Ok(Arming {
            forced: false,
            false_alarms_at_most: Some(armed.false_alarms_at_most),
            self_test_age_days: Some(armed.age_days),
            unfit: None,
        }),
        Err(unfit) if arguments.unarmed => Ok(Arming {
            forced: true,
            false_alarms_at_most: None,
            self_test_age_days: None,
            unfit: Some(unfit),
        }),
        Err(unfit) => {
            let message = format!("the gate may not arm: {unfit}; or add --unarmed");
            Err(Failure::new(Exit::Unfit, message))
        }
    }
}

/// A gate under way.
struct Gate<'a> {
    arguments: &'a Arguments,
    flags: &'a [String],
    limits: &'a Limits,
    today: Date,
    host: &'a Fingerprint,
}

impl Gate<'_> {
    fn exact_rows(
        &self,
        (baseline, candidate): (&Program, &Program),
        simulated: &[String],
        asked: &Asked,
        is_identical: bool,
    ) -> Result<Vec<Row>, Failure> {
        let folder = tempfile::tempdir()?;
        let figures = |program| {
            exact::figures(program, simulated, &asked.batch_lens, self.flags, folder.path())
        };
        let of_candidate = figures(candidate)?;
        // The same program counts the same: that is what exact means.
        let of_baseline = if is_identical { of_candidate.clone() } else { figures(baseline)? };
        let rule_of = |key: &Key, unit: &str| self.limits.of(key, unit, self.today);
        let pairs = exact::paired(of_baseline, of_candidate).into_iter();
        Ok(pairs.filter_map(|(one, other)| rows::exact(one, other, rule_of)).collect())
    }

    fn identical_rows(&self, cases: &[Case]) -> Vec<Row> {
        let each = cases.iter().flat_map(|case| {
            let (_, home) = lockstep::footprint(case.batch_len, self.host);
            case.metrics().into_iter().map(move |metric| {
                let key = case.key(&metric, &home);
                let rule = self.limits.of(&key, "ns", self.today);
                rows::identical(key, "ns", rule)
            })
        });
        each.collect()
    }

    /// Measures all cases, judges them together, and asks again what is slower.
    fn timed_rows(&self, cases: &[Case], programs: &Programs) -> Result<Vec<Row>, Failure> {
        let _lock = RunLock::take().map_err(|error| Failure::new(Exit::Unfit, error))?;
        let interrupt = Interrupt::catch()?;
        pin(self.arguments.core)?;
        let timer = Timer::qualify();
        let folder = tempfile::tempdir()?;
        let seed = self.arguments.seed.unwrap_or_else(super::run::drawn_seed);
        let each_s = if self.arguments.quick { QUICK_CASE_S } else { CASE_S };
        let budget_s = self.arguments.budget.map_or(each_s, |all| all / cases.len() as f64);
        let ready =
            |case: &Case| self.contest(case, programs, &timer, folder.path(), (budget_s, seed));
        let contests: Vec<Contest> = cases.iter().map(ready).collect::<Result<_, _>>()?;
        let all: Vec<&Contest> = contests.iter().collect();
        let found = contest::run(&all, seed, interrupt.flag())?;
        let rule_of = |key: &Key| self.limits.of(key, "ns", self.today);
        let measured = rows::timed(&all, found, budget_s, rule_of);
        let judged = judge(&measured, self.limits.family_error);
        let again = if interrupt.is_set() {
            Vec::new()
        } else {
            self.ask_again(&contests, &measured, &judged, (seed, &interrupt))?
        };
        if interrupt.is_set() {
            let message = "stopped: a gate that has not measured all of it says nothing";
            return Err(Failure::new(Exit::Interrupted, message));
        }
        let mut rows = Vec::new();
        for (one, judged) in measured.into_iter().zip(&judged) {
            let answer = again.iter().find(|(key, _)| *key == one.key).map(|(_, answer)| *answer);
            rows.push(one.row(judged, answer));
        }
        Ok(rows)
    }

    fn contest(
        &self,
        case: &Case,
        programs: &Programs,
        timer: &Timer,
        folder: &Path,
        budget: (f64, u64),
    ) -> Result<Contest, Failure> {
        let footprint = lockstep::footprint(case.batch_len, self.host);
        let input = folder.join(case.batch_len.to_string());
        if !input.exists() {
            lockstep::write_input(&input, footprint.0 * case.batch_len, budget.1)?;
        }
        let spec = Spec {
            programs: programs.clone(),
            backend: case.backend.clone(),
            batch_len: case.batch_len,
            input,
            flags: self.flags.to_vec(),
            timer: timer.calibration(),
        };
        let sizing = lockstep::size(&spec, case.reading(), budget, timer, footprint)?;
        Ok(Contest { case: case.clone(), spec, sizing, metrics: case.metrics() })
    }

    /// A second, independent measurement of the cases of which a row claims to be slower. Nothing
    /// of the first is in it but the programs, and it is judged by itself.
    fn ask_again(
        &self,
        contests: &[Contest],
        timed: &[Timed],
        judged: &[Judged],
        (seed, interrupt): (u64, &Interrupt),
    ) -> Result<Vec<(Key, Confirmation)>, Failure> {
        let slower: Vec<&Key> = timed
            .iter()
            .zip(judged)
            .filter(|(_, judged)| judged.verdict == Verdict::Slower)
            .map(|(row, _)| &row.key)
            .collect();
        let is_slower = |contest: &&Contest| {
            let home = &contest.sizing.home;
            contest.metrics.iter().any(|metric| slower.contains(&&contest.case.key(metric, home)))
        };
        let asked: Vec<&Contest> = contests.iter().filter(is_slower).collect();
        let found = contest::run(&asked, !seed, interrupt.flag())?;
        let rule_of = |key: &Key| self.limits.of(key, "ns", self.today);
        let second = rows::timed(&asked, found, 0.0, rule_of);
        let rejudged = judge(&second, self.limits.family_error);
        let answers = second.into_iter().zip(rejudged).filter_map(|(row, judged)| {
            let Judged { ratio, p_value, verdict, .. } = judged;
            slower
                .contains(&&row.key)
                .then_some((row.key, Confirmation { ratio: ratio?, p_value, verdict }))
        });
        Ok(answers.collect())
    }
}

fn judge(rows: &[Timed], family_error: f64) -> Vec<Judged> {
    let measured: Vec<_> = rows.iter().map(|row| row.measured.clone()).collect();
    family::judge(&measured, family_error)
}

/// Pins this process, and with it all that it starts.
fn pin(core: Option<usize>) -> Result<(), Failure> {
    match affinity::pin(core) {
        Ok(_) => Ok(()),
        Err(error @ affinity::PinError::NoSuchCore { .. }) => {
            Err(Failure::usage(format!("--core: {error}")))
        }
        Err(error) => {
            let message = format!("{error}; a gate needs both programs on one core");
            Err(Failure::new(Exit::Unfit, message))
        }
    }
}

fn unix_s() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_secs()
}

fn show(outcome: &Outcome, arguments: &Arguments) -> Result<(), Failure> {
    if let Some(path) = &arguments.out {
        let mut out = Output::open(path)?;
        out.write(output::to_json(outcome)?.as_bytes())?;
        out.write(b"\n")?;
        out.finish()?;
    }
    if arguments.json {
        return output::print_json(outcome);
    }
    let on_standard_output = arguments.out.as_deref() == Some(Path::new("-"));
    output::report(table::render(outcome).trim_end(), on_standard_output)
}
