//! `nanogate verify`: every available backend against the golden model.

mod trace;

use std::{
    io::{self, Write as _},
    path::PathBuf,
};

use serde::Serialize;

use super::{
    Exit, Failure, backend_id, backend_ids, backends_asked, choice, corpus_asked, output,
    progress::Progress, terminal, waveform::Waveform,
};
use crate::{
    backend::{
        BackendEntry, BackendKind, HostBackend, OpenOptions, Opened, ProbeContext, mock::Saboteur,
    },
    op::Op,
    plural::counted,
    registry,
    verify::{self, Coverage, VerifyError, suite::Suite},
};
use trace::{Trace, trace};

/// Arguments of `nanogate verify`.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Covers the golden vectors, the corpus, every single-bit error of some of its records, planted
faults of every kind, and every boundary length at every offset from alignment, with guard bytes
around each output. Simulated hardware also meets slow sources and sinks, and must count what it
did. Exits with 6 and shows the first divergence if any output differs, and with 5
if a device fails; the other backends are verified all the same.

Examples:
  nanogate verify
  nanogate verify --backend scalar --count 4194304
  nanogate verify --peers              # also the peers: published CRC crates
  nanogate verify --backend gpu-wgpu --gpu-variant table-tile
  nanogate verify --backend fpga-verilator --lanes 8 --fpga-build checked
  nanogate verify --plant-error 3      # must exit with 6: shows that verification can fail
  nanogate verify --backend fpga-verilator --plant-error 3 --trace upset.vcd")]
pub(super) struct Arguments {
    /// Only these backends; missing ones are then an error (repeatable, or comma-separated)
    #[arg(long, value_name = "ID", value_delimiter = ',', hide_possible_values = true,
          value_parser = choice::of(backend_ids(), backend_id))]
    backend: Vec<String>,
    /// Also verify the peers: published CRC crates behind the same parse
    #[arg(long)]
    peers: bool,
    /// Corpus file instead of the embedded snapshot
    #[arg(long, value_name = "FILE")]
    corpus: Option<PathBuf>,
    /// Records in the large batch
    #[arg(long, value_name = "N", default_value_t = 1_000_000,
          value_parser = clap::value_parser!(u32).range(1..=64 << 20))]
    count: u32,
    /// Spoil record INDEX of every output on purpose, to see that it is found; in simulated
    /// hardware by an upset of a bit
    #[arg(long, value_name = "INDEX")]
    plant_error: Option<usize>,
    /// Where the waveform of the first record goes on which simulated hardware differs
    #[arg(long, value_name = "FILE.vcd")]
    trace: Option<PathBuf>,
    /// Destroy the device after N submissions, to see that it is survived
    #[arg(long, value_name = "N")]
    plant_device_loss: Option<u64>,
    /// Print JSON instead of text
    #[arg(long)]
    json: bool,
}

/// What became of one backend.
#[derive(Serialize)]
struct Row {
    backend: &'static str,
    /// Whether a driver imitates the device.
    software: bool,
    #[serde(flatten)]
    outcome: Outcome,
    /// The waveform of what is wrong, where one was asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    trace: Option<Trace>,
}

#[derive(Serialize)]
#[serde(tag = "outcome", rename_all = "kebab-case")]
enum Outcome {
    Verified { batch_count: u64, record_count: u64 },
    Wrong { detail: String },
    Failed { detail: String },
    Skipped { reason: String },
}

pub(super) fn main(arguments: &Arguments, context: &ProbeContext) -> Result<Exit, Failure> {
    let mut context = context.clone();
    context.gpu.lose_after = arguments.plant_device_loss;
    let (available, skipped) = backends_asked(&arguments.backend, arguments.peers, &context)?;
    let mut waveform = waveform(arguments, &available)?;
    let corpus = corpus_asked(arguments.corpus.as_deref())?;
    let op = Op::Decide;
    let large_len = arguments.count as usize;
    let progress = Progress::new("preparing", available.len() as u64 * Suite::STEPS);
    let suite =
        Suite::new(op, &corpus, large_len).map_err(|error| Failure::new(Exit::Failed, error))?;
    let options = OpenOptions { op, batch_len_max: suite.batch_len_max() };
    let mut rows = Vec::new();
    for entry in available {
        let step = |case: &str| {
            progress.say(&format!("{}: {case}", entry.id));
            progress.step();
        };
        rows.push(match registry::open(entry, &context, options) {
            Ok(opened) => {
                let mut opened = sabotaged(opened, arguments.plant_error);
                let outcome = verify::run(&mut opened, &suite, step);
                let trace = traced(&mut opened, &outcome, arguments.plant_error, &mut waveform);
                Row { software: opened.is_software(), trace, ..Row::new(entry, outcome.into()) }
            }
            Err(error) => Row::new(entry, Outcome::Failed { detail: error.to_string() }),
        });
    }
    drop(progress);
    rows.extend(
        skipped.into_iter().map(|(entry, reason)| {
            Row::new(entry, Outcome::Skipped { reason: reason.to_string() })
        }),
    );
    report(&rows, arguments.json)?;
    if let Some(unused) = waveform {
        let text = format!(
            "{:<16} trace     no record differs in simulated hardware: {} was not written",
            "",
            unused.path().display()
        );
        output::report(&text, arguments.json)?;
    }
    Ok(exit(&rows))
}

/// The file of a `--trace` flag. Only simulated hardware has signals.
fn waveform(
    arguments: &Arguments,
    available: &[&BackendEntry],
) -> Result<Option<Waveform>, Failure> {
    let Some(path) = &arguments.trace else { return Ok(None) };
    let waveform = Waveform::new(path)?;
    if available.iter().all(|entry| entry.kind != BackendKind::Fpga) {
        return Err(Failure::usage(
            "--trace: none of these backends is simulated hardware, and others have no signals; \
             `nanogate backends` says what there is",
        ));
    }
    Ok(Some(waveform))
}

/// The waveform of the first record that differs, if it is still to be made.
fn traced(
    opened: &mut Opened,
    outcome: &Result<Coverage, VerifyError>,
    planted: Option<usize>,
    waveform: &mut Option<Waveform>,
) -> Option<Trace> {
    let (Opened::Simulated(simulated), Err(VerifyError::Diverges(divergence))) = (opened, outcome)
    else {
        return None;
    };
    Some(trace(simulated.as_mut(), divergence, planted, &waveform.take()?))
}

/// A wrong result weighs more than a device that fails.
fn exit(rows: &[Row]) -> Exit {
    let any = |is_it: fn(&Outcome) -> bool| rows.iter().any(|row| is_it(&row.outcome));
    if any(|outcome| matches!(outcome, Outcome::Wrong { .. })) {
        Exit::WrongResults
    } else if any(|outcome| matches!(outcome, Outcome::Failed { .. })) {
        Exit::Unfit
    } else {
        Exit::Pass
    }
}

/// The backend itself, or the backend with one wrong output. In simulated hardware the error is
/// in the hardware.
fn sabotaged(opened: Opened, index: Option<usize>) -> Opened {
    let spoiled =
        |inner: Box<HostBackend>, index| Opened::Host(Box::new(Saboteur::new(inner, index)));
    match (opened, index) {
        (opened, None) => opened,
        (Opened::Host(inner), Some(index)) => spoiled(inner, index),
        (Opened::Device(inner), Some(index)) => spoiled(inner, index),
        (Opened::Simulated(mut inner), Some(index)) => {
            inner.plant_upset(index);
            Opened::Simulated(inner)
        }
    }
}

impl Outcome {
    /// In a word, and with all that is known.
    fn shown(&self, software: bool) -> (&'static str, String) {
        match self {
            Self::Verified { batch_count, record_count } => {
                let label = if software { " (software, no GPU)" } else { "" };
                (
                    "verified",
                    format!(
                        "{} in {}{label}",
                        counted(*record_count, "record"),
                        counted(*batch_count, "batch")
                    ),
                )
            }
            Self::Wrong { detail } => ("WRONG", detail.clone()),
            Self::Failed { detail } => ("FAILED", detail.clone()),
            Self::Skipped { reason } => ("skipped", reason.clone()),
        }
    }
}

impl Row {
    fn new(entry: &'static BackendEntry, outcome: Outcome) -> Self {
        Self { backend: entry.id, software: false, outcome, trace: None }
    }
}

impl From<Result<Coverage, VerifyError>> for Outcome {
    fn from(outcome: Result<Coverage, VerifyError>) -> Self {
        match outcome {
            Ok(Coverage { batch_count, record_count }) => {
                Self::Verified { batch_count, record_count }
            }
            Err(error @ VerifyError::Submit { .. }) => Self::Failed { detail: error.to_string() },
            Err(error) => Self::Wrong { detail: error.to_string() },
        }
    }
}

fn report(rows: &[Row], json: bool) -> Result<(), Failure> {
    if json {
        return output::print_json(rows);
    }
    let screen = terminal::screen();
    let mut out = io::stdout().lock();
    for row in rows {
        let (word, detail) = row.outcome.shown(row.software);
        let word = screen.verdict(&format!("{word:<9}"));
        writeln!(out, "{:<16} {word} {detail}", row.backend)?;
        if let Some(trace) = &row.trace {
            writeln!(out, "{:<16} trace     {trace}", "")?;
        }
    }
    Ok(())
}
