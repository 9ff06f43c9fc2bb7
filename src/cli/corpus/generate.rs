//! `nanogate corpus generate`: a file of raw 24-byte records with planted faults.

use std::path::PathBuf;

use serde_json::{Map, Value, json};

use super::{
    super::{
        Exit, Failure,
        interrupt::Interrupt,
        output::{self, Output},
        progress::Progress,
    },
    Source,
};
use crate::{
    corpus::generate::{FAULTS_PERMILLE_MAX, Generator, Plant, Planted},
    plural::counted,
};

/// Records between two looks at the progress bar.
const RECORDS_PER_STEP: u64 = 1 << 16;

const EXAMPLES: &str = "\
The output is raw: COUNT records of 24 bytes, nothing between them. The same corpus, seed and
share of faults give the same bytes everywhere.

Examples:
  nanogate corpus generate --count 1000000 --seed 7 --faults 50 --out records.bin
  nanogate corpus generate --count 4096 | sha256sum";

/// Arguments of `corpus generate`.
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub(super) struct Arguments {
    /// How many records
    #[arg(long)]
    count: u64,
    /// Seed of the random choices
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// How many of 1000 records have a fault
    #[arg(long, value_name = "PERMILLE", default_value_t = 0,
          value_parser = clap::value_parser!(u16).range(..=i64::from(FAULTS_PERMILLE_MAX)))]
    faults: u16,
    #[command(flatten)]
    source: Source,
    /// File to write; `-` is standard output
    #[arg(long, value_name = "FILE", default_value = "-")]
    out: PathBuf,
    /// Print the report as JSON
    #[arg(long)]
    json: bool,
}

pub(super) fn main(arguments: &Arguments) -> Result<Exit, Failure> {
    let corpus = arguments.source.open()?;
    let interrupt = Interrupt::catch()?;
    let mut out = Output::open(&arguments.out)?;
    if out.is_terminal() {
        return Err(Failure::usage(
            "--out: the records are binary and standard output is a terminal; give --out a file \
             or pipe them on",
        ));
    }
    let on_standard_output = out.is_standard();
    let mut generator = Generator::new(&corpus, arguments.seed, arguments.faults);
    let progress = Progress::new("writing records", arguments.count);
    for done in 0..arguments.count {
        if done % RECORDS_PER_STEP == 0 {
            progress.at(done, arguments.count);
            // Returning drops the output, and with it the unfinished file.
            if interrupt.is_set() {
                return Ok(Exit::Interrupted);
            }
        }
        out.write(generator.next_record().as_bytes())?;
    }
    drop(progress);
    out.finish()?;
    let planted = generator.planted();
    let report = if arguments.json {
        output::to_json(&json(planted, arguments, corpus.digest()))?
    } else {
        text(planted)
    };
    output::report(&report, on_standard_output)?;
    Ok(Exit::Pass)
}

fn json(planted: &Planted, arguments: &Arguments, digest: &str) -> Value {
    let kind = |kind: Plant| (kind.name().to_owned(), json!(planted.count(kind)));
    let kinds: Map<String, Value> = Plant::ALL.into_iter().map(kind).collect();
    json!({
        "corpus": { "digest": digest },
        "seed": arguments.seed,
        "faults_permille": arguments.faults,
        "records": planted.records,
        "varied": planted.varied,
        "faulty": planted.faulty(),
        "planted": kinds,
    })
}

fn text(planted: &Planted) -> String {
    let kinds = Plant::ALL.map(|kind| format!("{} {}", planted.count(kind), kind.name()));
    format!(
        "{}: {} as in the corpus, {} varied, {} with a fault ({})",
        counted(planted.records, "record"),
        planted.records - planted.varied - planted.faulty(),
        planted.varied,
        planted.faulty(),
        kinds.join(", ")
    )
}
