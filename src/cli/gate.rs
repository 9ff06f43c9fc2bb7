//! `nanogate gate`: is this program slower than another, and could this host tell?

mod arming;
mod contest;
mod exact;
mod measuring;
mod obey;
mod plan;
mod program;
mod revision;
mod rows;
mod table;

use std::{
    fs,
    path::{Path, PathBuf},
};

use super::{
    Exit, Failure, backend_id, backend_ids, choice, compare, exit, history,
    output::{self, Output},
    profile, terminal,
};
use crate::{
    backend::{FpgaBuild, ProbeContext},
    calendar::Date,
    gate::{
        Rule,
        limits::Limits,
        outcome::{Candidate, Kind, Outcome, SCHEMA},
    },
    host::{cpu::HIDE_VARIABLE, fingerprint::Fingerprint},
    platform::{
        plan::{GATE_BATCH_LEN_MAX, GATE_BUDGET_S},
        shipped,
    },
    report::record::Tool,
};
use measuring::Gate;
use obey::Under;
use plan::{Asked, Method};
pub(super) use plan::{known, methods};
use program::Program;
use revision::Build;

/// Arguments of `nanogate gate`.
#[derive(Clone, Debug, clap::Args)]
#[command(after_help = "\
Both programs run as pairs of fresh processes on one core, in lock step, with the same drawn
layout; the verdict of a row is by an exact sign test over launches, beyond noise, with the error
held over all rows (Holm). What is slower is measured a second time, and fails only if it is slower
again. Simulated cycles, lookup tables and sizes are compared exactly. Modelled time is not gated.

A revision is built with the features of this program in a worktree, and kept in .nanogate/builds.
Where both sides are revisions they are built at one path, so that they differ by nothing but their
source; a program that was built elsewhere can differ by its layout. The gate arms only on a host
whose `nanogate selftest` says that its verdicts hold.

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
arm, 6 if a program decides wrongly, 7 if the programs cannot be compared, 130 if it was stopped;
then what was measured is shown and kept, and decides nothing.

Examples:
  nanogate gate --against origin/main
  nanogate gate --against ../old/nanogate --backend scalar --batch 256 --budget 10
  nanogate gate --against HEAD~1 --candidate HEAD --limits gate.toml --out gate.json
  nanogate gate --against origin/main --profile ci-shared-2core
  nanogate gate --against HEAD~1 --method cycles      # exact: needs no self-test")]
pub(super) struct Arguments {
    /// What to compare with: a nanogate program, or a git revision, which is built
    #[arg(long, value_name = "PATH|REV")]
    against: String,
    /// What is judged: a program, or a revision, which is built [default: this program]
    #[arg(long, value_name = "PATH|REV")]
    candidate: Option<String>,
    /// Where revisions are built, as cargo's --target-dir. This program's own saves building the
    /// dependencies twice; run a copy of it then, for its file there is replaced
    /// [default: .nanogate/builds/target]
    #[arg(long, value_name = "DIR")]
    target_dir: Option<PathBuf>,
    /// Measure what this profile says and allow what it allows, unless other flags say otherwise;
    /// an id that `nanogate profile list` knows, or a file
    #[arg(long, value_name = "ID|FILE", hide_possible_values = true,
          value_parser = choice::of(shipped::ids(), profile::named))]
    profile: Option<String>,
    /// Only these backends, which both programs must have (repeatable, or comma-separated)
    /// [default: all that both have, without peers and imitated devices]
    #[arg(long, value_name = "ID", value_delimiter = ',', hide_possible_values = true,
          value_parser = choice::of(backend_ids(), backend_id))]
    backend: Vec<String>,
    /// Records per batch, in the smallest cache that holds two (repeatable, or comma-separated)
    /// [default: 1,256,4096; with --quick: 256]
    #[arg(long, value_name = "N", value_delimiter = ',',
          value_parser = clap::value_parser!(u32).range(1..=i64::from(GATE_BATCH_LEN_MAX)))]
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

/// Batch lengths, unless --batch says otherwise.
const BATCH_LENS: [u32; 3] = [1, 256, 4_096];
const QUICK_BATCH_LENS: [u32; 1] = [256];

fn parse_budget(text: &str) -> Result<f64, String> {
    match text.parse::<f64>() {
        Ok(seconds) if GATE_BUDGET_S.contains(&seconds) => Ok(seconds),
        _ => {
            let (least, most) = (GATE_BUDGET_S.start(), GATE_BUDGET_S.end());
            Err(format!("not a number of seconds from {least} to {most}"))
        }
    }
}

pub(super) fn main(arguments: &Arguments, context: &ProbeContext) -> Result<Exit, Failure> {
    let started_unix_s = compare::now_unix_s();
    let mut context = context.clone();
    let under = arguments.profile.as_deref();
    let under = under.map(|asked| obey::obey(arguments, asked, &mut context)).transpose()?;
    let under = under.as_ref();
    let arguments = under.map_or(arguments, |under| &under.arguments);
    let limits = limits(arguments.limits.as_deref(), under)?;
    if let Some(out) = &arguments.out {
        Output::check(out)?;
    }
    // What cannot be appended to is refused before anything is measured.
    arguments.history.as_deref().map(history::create).transpose()?;
    let flags = flags(&context);
    let (baseline, candidate) = programs(arguments, &flags)?;
    let mut asked = asked(arguments);
    let left_out = match under {
        Some(under) => under.narrow(&mut asked, &baseline.about, &candidate.about)?,
        None => Vec::new(),
    };
    let plan = plan::plan(&asked, &baseline.about, &candidate.about)?;
    let host = Fingerprint::read();
    let gate = Gate {
        arguments,
        baseline: &baseline,
        candidate: &candidate,
        flags: &flags,
        limits: &limits,
        today: Date::of_unix(started_unix_s as i64),
        host: &host,
    };
    let is_timed = !plan.cases.is_empty() && !gate.is_identical();
    let arming = is_timed.then(|| arming::arm(arguments, &host, started_unix_s)).transpose()?;
    let (rows, stopped) = gate.rows(&plan, &asked)?;
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
            identical: gate.is_identical(),
            rows,
        }],
        arming,
        profile: under.map(Under::record),
        left_out,
        flags,
        interrupted: stopped.is_some(),
    };
    let verdict = match stopped {
        Some(failure) => Err(failure),
        None => Ok(compare::exit(outcome.effect())),
    };
    keep(&outcome, arguments, verdict)
}

/// Appends, writes and shows the outcome. One that fails does not keep the others from it.
fn keep(
    outcome: &Outcome,
    arguments: &Arguments,
    verdict: Result<Exit, Failure>,
) -> Result<Exit, Failure> {
    let all = [
        arguments.history.as_ref().map_or(Ok(()), |path| history::append_outcome(path, outcome)),
        arguments.out.as_ref().map_or(Ok(()), |path| output::write_json(path, outcome)),
        output::unless_closed(show(outcome, arguments)),
    ];
    all.into_iter().fold(verdict, exit::settle)
}

fn show(outcome: &Outcome, arguments: &Arguments) -> Result<(), Failure> {
    let on_standard_output = arguments.out.as_deref() == Some(Path::new("-"));
    if arguments.json && !on_standard_output {
        return output::print_json(outcome);
    }
    let shown = table::render(outcome, &terminal::screen());
    output::report(shown.trim_end(), on_standard_output)
}

/// Flags for every process that is started, as this one has them.
fn flags(context: &ProbeContext) -> Vec<String> {
    let hidden = context.hidden & context.present;
    // They have our variable, too: what is not hidden from us must not be hidden from them.
    let is_said = !hidden.is_empty() || std::env::var_os(HIDE_VARIABLE).is_some();
    let gpu = &context.gpu;
    let build = context.fpga.build;
    let all = [
        ("--hide-cpu", is_said.then(|| hidden.to_string())),
        ("--gpu", gpu.adapter.clone()),
        ("--gpu-variant", gpu.variant.clone()),
        ("--lanes", context.fpga.lanes.map(|lanes| lanes.to_string())),
        ("--fpga-build", (build != FpgaBuild::Fast).then(|| build.name().to_owned())),
    ];
    let given = all.into_iter().filter_map(|(flag, value)| Some([flag.to_owned(), value?]));
    given.flatten().collect()
}

fn programs(arguments: &Arguments, flags: &[String]) -> Result<(Program, Program), Failure> {
    let this = std::env::current_exe()
        .map_err(|error| Failure::internal(format!("cannot find this program's file: {error}")))?;
    let this = Program::open("this program", &this, flags)?;
    // Revisions are built in another folder.
    let target = arguments.target_dir.as_ref().map(std::path::absolute).transpose()?;
    let side = |flag, name: &str| {
        let path = if Path::new(name).is_file() {
            PathBuf::from(name)
        } else {
            Build { flag, revision: name, this: &this, target: target.clone() }.program()?
        };
        Program::open(name, &path, flags)
    };
    let baseline = side("--against", &arguments.against)?;
    let candidate = match &arguments.candidate {
        Some(name) => side("--candidate", name)?,
        None => this,
    };
    check_builds(&baseline, &candidate)?;
    Ok((baseline, candidate))
}

/// Refuses builds of two profiles, and tells of two compilers.
fn check_builds(baseline: &Program, candidate: &Program) -> Result<(), Failure> {
    let (one, other) = (&baseline.about.tool, &candidate.about.tool);
    if one.profile != other.profile {
        let message = format!(
            "the baseline is a {} build, the candidate a {} build; build both alike",
            one.profile, other.profile
        );
        return Err(Failure::new(Exit::NotComparable, message));
    }
    let made_by = |tool: &Tool| format!("{} {}", tool.rustc, tool.rustflags).trim().to_owned();
    if made_by(one) != made_by(other) {
        eprintln!(
            "nanogate: the baseline was built by {}, the candidate by {}: a difference may be \
             theirs",
            made_by(one),
            made_by(other)
        );
    }
    Ok(())
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
    Asked {
        backends: arguments.backend.clone(),
        batch_lens: batch_lens.iter().map(|&len| len as usize).collect(),
        methods,
        is_latency_named: arguments.method.contains(&Method::Latency),
    }
}

/// The limits of a file, else of a profile. None without either.
fn limits(path: Option<&Path>, under: Option<&Under>) -> Result<Limits, Failure> {
    let Some(path) = path else { return Ok(under.map(Under::limits).unwrap_or_default()) };
    let refused = |error: &dyn std::fmt::Display| {
        Failure::usage(format!("--limits {}: {error}", path.display()))
    };
    let text = fs::read_to_string(path).map_err(|error| refused(&error))?;
    let limits = Limits::parse(&text).map_err(|error| refused(&error))?;
    limits.check_names(&known()).map_err(|error| refused(&error))?;
    Ok(limits)
}
