//! `nanogate history add`: appends records that are in files.

use std::{
    fs,
    path::{Path, PathBuf},
};

use serde::Deserialize;
use serde_json::json;

use super::{create, failure, select};
use crate::{
    cli::{Exit, Failure, output, progress::Progress},
    gate::outcome::{self, Kind, Outcome},
    history::{Appended, rows::Rows},
    report::{baseline, record},
};

/// Arguments of `history add`.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
All files are appended, or none. What is in the history already is not appended again.

Examples:
  nanogate history add nanogate-run.json
  nanogate history add lab/*.json --history lab/history.sqlite")]
pub(super) struct Arguments {
    /// Records of runs, baselines, and comparisons that the gate measured
    #[arg(value_name = "RECORD", required = true)]
    records: Vec<PathBuf>,
    #[command(flatten)]
    file: select::File,
    /// Print JSON instead of text
    #[arg(long)]
    json: bool,
}

pub(super) fn main(arguments: &Arguments) -> Result<Exit, Failure> {
    let mut rows = Vec::new();
    let progress = Progress::new("reading", arguments.records.len() as u64);
    for path in &arguments.records {
        rows.extend(read(path)?);
        progress.step();
    }
    drop(progress);
    let mut store = create(&arguments.file.history)?;
    let appended = store.append(&rows).map_err(failure)?;
    let new = appended.iter().filter(|one| **one == Appended::New).count();
    let already = appended.len() - new;
    if arguments.json {
        output::print_json(&json!({"appended": new, "already_there": already}))?;
    } else {
        let shown = arguments.file.history.display();
        output::print(&format!("{new} appended, {already} already there    {shown}"))?;
    }
    Ok(Exit::Pass)
}

/// As much of a record as tells which it is.
#[derive(Deserialize)]
struct Marked {
    schema: String,
}

/// What a file would append.
fn read(path: &Path) -> Result<Vec<Rows>, Failure> {
    let shown = path.display();
    let refused = |why: String| Failure::usage(format!("{shown}: {why}"));
    let text = fs::read_to_string(path)
        .map_err(|error| refused(format!("cannot be read: {error}; give a record")))?;
    let malformed = |error: serde_json::Error| {
        refused(format!("is no record that this nanogate can read: {error}"))
    };
    let Marked { schema } = serde_json::from_str(&text).map_err(malformed)?;
    match schema.as_str() {
        record::SCHEMA | baseline::SCHEMA => {
            let record = baseline::open_record(&text).map_err(|error| {
                let remedy = error.remedy("give one that is whole");
                refused(format!("{error}{remedy}"))
            })?;
            Ok(vec![Rows::of_run(&record).map_err(Failure::internal)?])
        }
        outcome::SCHEMA => {
            let outcome: Outcome = serde_json::from_str(&text).map_err(malformed)?;
            if outcome.kind == Kind::Stored {
                return Err(refused("compares stored records; add those instead".into()));
            }
            let rows = outcome.candidates.iter().map(|one| Rows::of_candidate(&outcome, one));
            rows.collect::<Result<_, _>>().map_err(Failure::internal)
        }
        other if is_of_another_version(other) => Err(refused(format!(
            "its format is {other}, which this nanogate does not know: use the version that wrote \
             it"
        ))),
        other => Err(refused(format!("is `{other}`; give the record of a run or a comparison"))),
    }
}

/// Whether a format is one of those that can be appended, as another version writes it.
fn is_of_another_version(format: &str) -> bool {
    let known = [record::SCHEMA, baseline::SCHEMA, outcome::SCHEMA];
    known.into_iter().any(|known| known.split('/').next() == format.split('/').next())
}
