//! `nanogate verify`: every available backend against the golden model.

use std::io::{self, Write as _};

use serde::Serialize;

use super::{Exit, Failure, backends_asked, corpus_asked, output, progress::Progress};
use crate::{
    backend::{BackendEntry, HostBackend, OpenOptions, Opened, ProbeContext, mock::Saboteur},
    op::Op,
    registry,
    verify::{self, Coverage, VerifyError, suite::Suite},
};

/// Arguments of `nanogate verify`.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Covers the golden vectors, the corpus, every single-bit error of some of its records, planted
faults of every kind, and every boundary length at every offset from alignment, with guard bytes
around each output. Exits with 6 and shows the first divergence if any output differs, and with 5
if a device fails; the other backends are verified all the same.

Examples:
  nanogate verify
  nanogate verify --backend scalar --count 4194304
  nanogate verify --peers              # also the peers: published CRC crates
  nanogate verify --backend gpu-wgpu --gpu-variant table-tile
  nanogate verify --plant-error 3      # must exit with 6: shows that verification can fail")]
pub(super) struct Arguments {
    /// Only these backends; missing ones are then an error (repeatable, or comma-separated)
    #[arg(long, value_name = "ID", value_delimiter = ',')]
    backend: Vec<String>,
    /// Also verify the peers: published CRC crates behind the same parse
    #[arg(long)]
    peers: bool,
    /// Corpus file instead of the embedded snapshot
    #[arg(long, value_name = "FILE")]
    corpus: Option<std::path::PathBuf>,
    /// Records in the large batch
    #[arg(long, value_name = "N", default_value_t = 1_000_000,
          value_parser = clap::value_parser!(u32).range(1..=64 << 20))]
    count: u32,
    /// Spoil record INDEX of every output on purpose, to see that it is found
    #[arg(long, value_name = "INDEX")]
    plant_error: Option<usize>,
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
            Ok(opened) => row(entry, sabotaged(opened, arguments.plant_error)?, &suite, step),
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
    Ok(exit(&rows))
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

/// The backend itself, or the backend with one wrong output.
fn sabotaged(opened: Opened, index: Option<usize>) -> Result<Opened, Failure> {
    let inner: Box<HostBackend> = match (opened, index) {
        (opened, None) => return Ok(opened),
        (Opened::Host(inner), Some(_)) => inner,
        (Opened::Device(inner), Some(_)) => inner,
        (Opened::Simulated(_), Some(_)) => {
            return Err(Failure::usage(
                "--plant-error does not work on simulated backends: narrow with --backend scalar",
            ));
        }
    };
    Ok(Opened::Host(Box::new(Saboteur::new(inner, index.unwrap_or_default()))))
}

impl Row {
    fn new(entry: &'static BackendEntry, outcome: Outcome) -> Self {
        Self { backend: entry.id, software: false, outcome }
    }
}

fn row(
    entry: &'static BackendEntry,
    mut opened: Opened,
    suite: &Suite,
    step: impl FnMut(&str),
) -> Row {
    let outcome = match verify::run(&mut opened, suite, step) {
        Ok(Coverage { batch_count, record_count }) => {
            Outcome::Verified { batch_count, record_count }
        }
        Err(error @ VerifyError::Submit { .. }) => Outcome::Failed { detail: error.to_string() },
        Err(error) => Outcome::Wrong { detail: error.to_string() },
    };
    Row { software: opened.is_software(), ..Row::new(entry, outcome) }
}

fn report(rows: &[Row], json: bool) -> Result<(), Failure> {
    if json {
        return output::print_json(rows);
    }
    let mut out = io::stdout().lock();
    for row in rows {
        match &row.outcome {
            Outcome::Verified { batch_count, record_count } => {
                let label = if row.software { " (software, no GPU)" } else { "" };
                writeln!(
                    out,
                    "{:<16} verified  {record_count} records in {batch_count} batches{label}",
                    row.backend
                )?;
            }
            Outcome::Wrong { detail } => writeln!(out, "{:<16} WRONG     {detail}", row.backend)?,
            Outcome::Failed { detail } => writeln!(out, "{:<16} FAILED    {detail}", row.backend)?,
            Outcome::Skipped { reason } => {
                writeln!(out, "{:<16} skipped   {reason}", row.backend)?;
            }
        }
    }
    Ok(())
}
