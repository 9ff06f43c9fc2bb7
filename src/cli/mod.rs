//! The command line: one file per verb.

mod backends;
mod bundle;
mod choice;
mod compare;
mod completions;
mod corpus;
mod decide;
mod describe;
mod doctor;
mod exit;
mod gate;
mod history;
mod interrupt;
mod lockstep;
mod man;
mod output;
mod profile;
mod progress;
mod report;
mod run;
mod selftest;
mod settings;
mod terminal;
mod verify;
mod waveform;
mod worker;

use std::{path::Path, process::ExitCode};

use clap::{Parser, Subcommand};

use crate::{
    backend::{BackendEntry, BackendKind, FpgaBuild, FpgaChoice, ProbeContext, Unavailable},
    corpus::Corpus,
    host::cpu::Features,
    registry,
};
pub use exit::{Exit, Failure};

/// What is said below every help text.
const EXIT_CODES: &str = "\
Exit codes:
  0  pass
  1  nanogate failed (full disk, broken pipe, a bug)
  2  usage: a flag, or a file that is missing, unreadable or malformed
  3  regression: what is compared is slower
  4  cannot tell: the readings do not bear an answer, nothing is slower
  5  environment unfit: a backend, device or permission is missing;
     another run is going on
  6  wrong results: a backend differs from the golden model
  7  baseline not comparable: of another machine, input, build or format,
     or not whole; or a bundle that does not verify
  130  interrupted; what was measured is kept";

/// Where a flag comes from that is not given.
const SETTINGS: &str = "\
Settings:
A flag that is not given is taken from its environment variable, such as NANOGATE_RUN_BUDGET for
--budget of `run`, else from nanogate.toml in this folder, else from nanogate/config.toml below
$XDG_CONFIG_HOME or ~/.config. NANOGATE_CONFIG names another file; if it is empty, there is none.
  gpu = \"nvidia\"                 # flags of all verbs
  [run]                          # a verb, then its flags
  backend = [\"scalar\", \"simd-avx2\"]
  budget = 0.5
A key that is no flag is an error. What is typed wins over whatever excludes it.

Examples:
  nanogate run --quick
  nanogate doctor
  nanogate gate --against origin/main
  nanogate help run";

fn after_help() -> String {
    format!("{EXIT_CODES}\n\n{SETTINGS}")
}

/// Measures how fast capability descriptors can be classified, on every backend, verified first.
#[derive(Debug, Parser)]
#[command(name = "nanogate", version, after_help = after_help(), propagate_version = true)]
struct Arguments {
    /// Processor features to act as if they were missing, such as avx512f,gfni
    #[arg(long, global = true, value_name = "NAME",
          value_parser = choice::of(Features::all().names(), features),
          default_value = "", hide_default_value = true)]
    hide_cpu: Features,
    /// Graphics processor to use: its index or part of its name, as `nanogate backends` lists them
    /// [default: a discrete one, else the most capable kind]
    #[arg(long, global = true, value_name = "INDEX|NAME")]
    gpu: Option<String>,
    /// Variant of the compute shader, such as fold-vec4 [default: the fastest on the device]
    #[arg(long, global = true, value_name = "NAME",
          value_parser = choice::of(gpu_variants(), gpu_variant), hide_possible_values = true)]
    gpu_variant: Option<String>,
    /// Descriptors that one beat of the simulated design holds: 1, 2, 4 or 8 [default: the
    /// backend's, 4]
    #[arg(long, global = true, value_name = "N", hide_possible_values = true,
          value_parser = choice::of(FpgaChoice::LANES.map(|lanes| lanes.to_string()), lanes))]
    lanes: Option<u8>,
    /// How the simulated design is compiled: `fast`, or `checked` with assertions and unknown
    /// values drawn at random; both count the same cycles
    #[arg(long, global = true, value_name = "fast|checked", hide_possible_values = true,
          value_parser = choice::of(FpgaBuild::ALL.map(FpgaBuild::name), fpga_build),
          default_value = "fast", hide_default_value = true)]
    fpga_build: FpgaBuild,
    /// The text of the settings file that it was read with
    #[arg(skip)]
    settings: String,
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Debug, Subcommand)]
enum Verb {
    /// Measure every available backend, verified first
    Run(Box<run::Arguments>),
    /// Compare records of runs, such as saved baselines, and list these
    Compare(compare::Arguments),
    /// Say whether lab records are what was written, and what is in them
    Bundle(bundle::Arguments),
    /// Compare every available backend with the golden model
    Verify(verify::Arguments),
    /// Write records and comparisons in formats that CI and other tools read
    Report(report::Arguments),
    /// Measure what this host's comparisons are worth: false alarms, and slowdowns that are found
    Selftest(selftest::Arguments),
    /// Say whether this program is slower than another: for CI that fails for the right reason
    Gate(Box<gate::Arguments>),
    /// Show what was measured over time, and find where it changed
    History(history::Arguments),
    /// One side of a comparison, told what to do on standard input
    #[command(hide = true)]
    Worker(worker::Arguments),
    /// Say what this program is, for a gate
    #[command(hide = true)]
    Describe,
    /// Decide on raw records from a file or a pipe
    Decide(decide::Arguments),
    /// List the backends, and why some are missing
    Backends(backends::Arguments),
    /// Say whether this machine is fit to measure on, and make it fitter
    Doctor(doctor::Arguments),
    /// What a lab runs on a machine: list, show, check, detect and write profiles
    Profile(profile::Arguments),
    /// Build, describe, explain and multiply the corpus of real tools
    Corpus(corpus::Arguments),
    /// Print what a shell needs to complete the command line
    Completions(completions::Arguments),
    /// Print the manual, or write a page for each verb
    Man(man::Arguments),
}

/// Reads the command line, does what it says, prints at most one line of error.
#[must_use]
pub fn main() -> ExitCode {
    #[cfg(feature = "gpu")]
    crate::backend::gpu::hush_layers();
    match settings::arguments().and_then(act) {
        Ok(exit) => exit.into(),
        Err(failure) => failure.report(),
    }
}

fn features(list: &str) -> Result<Features, String> {
    Features::parse(list).map_err(|error| error.to_string())
}

/// The variants of the shader. None where it is not compiled in.
fn gpu_variants() -> Vec<String> {
    #[cfg(feature = "gpu")]
    return crate::backend::gpu::shader::Variant::all().map(|one| one.to_string()).collect();
    #[cfg(not(feature = "gpu"))]
    Vec::new()
}

#[cfg(feature = "gpu")]
fn gpu_variant(name: &str) -> Result<String, String> {
    let known = gpu_variants();
    choice::find("variant", name, known.iter().map(|known| (known.as_str(), name.to_owned())))
}

#[cfg(not(feature = "gpu"))]
fn gpu_variant(_: &str) -> Result<String, String> {
    Err(Unavailable::NotCompiled { feature: "gpu" }.to_string())
}

fn lanes(text: &str) -> Result<u8, String> {
    let known = FpgaChoice::LANES;
    let found = known.into_iter().find(|lanes| lanes.to_string() == text);
    found.ok_or_else(|| format!("there are designs with {known:?} lanes"))
}

fn fpga_build(text: &str) -> Result<FpgaBuild, String> {
    choice::find("build", text, FpgaBuild::ALL.map(|build| (build.name(), build)))
}

/// The ids that `--backend` takes.
fn backend_ids() -> impl Iterator<Item = &'static str> {
    registry::all().map(|entry| entry.id)
}

/// The id of a backend that there is, whether it runs here or not.
fn backend_id(id: &str) -> Result<String, String> {
    let found = registry::find(id).map(|entry| entry.id.to_owned());
    found.map_err(|error| format!("{error} (`nanogate backends` says more)"))
}

fn act(arguments: Arguments) -> Result<Exit, Failure> {
    // Its variable is in the flag, which takes its place where both are given.
    let mut context = ProbeContext::with(Features::detect()).hiding(arguments.hide_cpu);
    context.gpu.adapter = arguments.gpu;
    context.gpu.variant = arguments.gpu_variant;
    context.fpga = FpgaChoice { lanes: arguments.lanes, build: arguments.fpga_build };
    match arguments.verb {
        Verb::Run(one) => run::main(&one, &arguments.settings, &context),
        Verb::Compare(arguments) => compare::main(&arguments),
        Verb::Bundle(arguments) => bundle::main(&arguments),
        Verb::Verify(arguments) => verify::main(&arguments, &context),
        Verb::Report(arguments) => report::main(&arguments),
        Verb::Selftest(arguments) => selftest::main(&arguments, &context),
        Verb::Gate(arguments) => gate::main(&arguments, &context),
        Verb::History(arguments) => history::main(&arguments),
        Verb::Worker(arguments) => worker::main(&arguments, &context),
        Verb::Describe => describe::main(&context),
        Verb::Decide(arguments) => decide::main(&arguments, &context),
        Verb::Backends(arguments) => backends::main(&arguments, &context),
        Verb::Doctor(arguments) => doctor::main(&arguments, &context),
        Verb::Profile(arguments) => profile::main(&arguments, &context),
        Verb::Corpus(arguments) => corpus::main(arguments),
        Verb::Completions(arguments) => completions::main(&arguments),
        Verb::Man(arguments) => man::main(&arguments),
    }
}

type Available = Vec<&'static BackendEntry>;
type Missing = Vec<(&'static BackendEntry, Unavailable)>;

/// The backends of a `--backend` flag: all if it names none. What it names must be available.
/// `peers` adds the peers to them; naming a peer needs no such flag.
fn backends_asked(
    ids: &[String],
    peers: bool,
    context: &ProbeContext,
) -> Result<(Available, Missing), Failure> {
    let mut available = Vec::new();
    let mut missing = Vec::new();
    for entry in registry::all() {
        let is_named = ids.iter().any(|id| id == entry.id);
        let is_added = match entry.kind {
            BackendKind::Peer => peers,
            _ => ids.is_empty(),
        };
        // What is not asked for is not even probed: a driver takes its time to start.
        if !is_named && !is_added {
            continue;
        }
        match (entry.probe)(context) {
            Ok(_) => available.push(entry),
            Err(reason) if is_named => {
                let message = format!("--backend {}: {reason}", entry.id);
                return Err(Failure::new(Exit::Unfit, message));
            }
            Err(reason) => missing.push((entry, reason)),
        }
    }
    Ok((available, missing))
}

/// The corpus of a `--corpus` flag, or the embedded one.
fn corpus_asked(path: Option<&Path>) -> Result<Corpus, Failure> {
    match path {
        Some(path) => {
            Corpus::open(path).map_err(|error| Failure::usage(format!("--corpus: {error}")))
        }
        None => Corpus::embedded().map_err(Failure::internal),
    }
}
