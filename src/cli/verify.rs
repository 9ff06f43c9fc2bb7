//! `nanogate verify`: every available backend against the golden model.

use std::io::{self, Write as _};

use serde::Serialize;

use super::{Exit, Failure, backends_asked, corpus_asked, output, progress::Progress};
use crate::{
    backend::{BackendEntry, OpenOptions, Opened, ProbeContext, mock::Saboteur},
    op::Op,
    registry,
    verify::{self, Coverage, VerifyError, suite::Suite},
};

/// Arguments of `nanogate verify`.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Covers the golden vectors, the corpus, every single-bit error of some of its records, planted
faults of every kind, and every boundary length at every offset from alignment, with guard bytes
around each output. Exits with 6 and shows the first divergence if any output differs.

Examples:
  nanogate verify
  nanogate verify --backend scalar --count 4194304
  nanogate verify --peers              # also the peers: published CRC crates
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
    /// Print JSON instead of text
    #[arg(long)]
    json: bool,
}

/// What became of one backend.
#[derive(Serialize)]
struct Row {
    backend: &'static str,
    #[serde(flatten)]
    outcome: Outcome,
}

#[derive(Serialize)]
#[serde(tag = "outcome", rename_all = "kebab-case")]
enum Outcome {
    Verified { batch_count: u64, record_count: u64 },
    Failed { detail: String },
    Skipped { reason: String },
}

pub(super) fn main(arguments: &Arguments, context: &ProbeContext) -> Result<Exit, Failure> {
    let (available, skipped) = backends_asked(&arguments.backend, arguments.peers, context)?;
    let corpus = corpus_asked(arguments.corpus.as_deref())?;
    let op = Op::Decide;
    let large_len = arguments.count as usize;
    let progress = Progress::new("preparing", available.len() as u64 * Suite::STEPS);
    let suite =
        Suite::new(op, &corpus, large_len).map_err(|error| Failure::new(Exit::Failed, error))?;
    let options = OpenOptions { op, batch_len_max: suite.batch_len_max() };
    let mut rows = Vec::new();
    for entry in available {
        let opened = registry::open(entry, context, options)
            .map_err(|error| Failure::new(Exit::Unfit, format!("{}: {error}", entry.id)))?;
        let mut opened = sabotaged(opened, arguments.plant_error)?;
        let step = |case: &str| {
            progress.say(&format!("{}: {case}", entry.id));
            progress.step();
        };
        rows.push(row(entry, verify::run(&mut opened, &suite, step)));
    }
    drop(progress);
    rows.extend(skipped.into_iter().map(|(entry, reason)| Row {
        backend: entry.id,
        outcome: Outcome::Skipped { reason: reason.to_string() },
    }));
    report(&rows, arguments.json)?;
    let failed = rows.iter().any(|row| matches!(row.outcome, Outcome::Failed { .. }));
    Ok(if failed { Exit::WrongResults } else { Exit::Pass })
}

/// The backend itself, or the backend with one wrong output.
fn sabotaged(opened: Opened, index: Option<usize>) -> Result<Opened, Failure> {
    match (opened, index) {
        (opened, None) => Ok(opened),
        (Opened::Host(inner), Some(index)) => {
            Ok(Opened::Host(Box::new(Saboteur::new(inner, index))))
        }
        (_, Some(_)) => Err(Failure::usage(
            "--plant-error works on host backends only: narrow with --backend scalar",
        )),
    }
}

fn row(entry: &'static BackendEntry, result: Result<Coverage, VerifyError>) -> Row {
    let outcome = match result {
        Ok(Coverage { batch_count, record_count }) => {
            Outcome::Verified { batch_count, record_count }
        }
        Err(error) => Outcome::Failed { detail: error.to_string() },
    };
    Row { backend: entry.id, outcome }
}

fn report(rows: &[Row], json: bool) -> Result<(), Failure> {
    if json {
        return output::print_json(rows);
    }
    let mut out = io::stdout().lock();
    for row in rows {
        match &row.outcome {
            Outcome::Verified { batch_count, record_count } => writeln!(
                out,
                "{:<16} verified  {record_count} records in {batch_count} batches",
                row.backend
            )?,
            Outcome::Failed { detail } => writeln!(out, "{:<16} WRONG     {detail}", row.backend)?,
            Outcome::Skipped { reason } => {
                writeln!(out, "{:<16} skipped   {reason}", row.backend)?;
            }
        }
    }
    Ok(())
}
