//! `nanogate history`: what was measured over time.

mod add;
mod changes;
mod chart;
mod date;
mod export;
mod list;
mod plot;
mod search;
mod select;
mod series;

use std::{fs, path::Path};

use clap::Subcommand;

use super::{Exit, Failure};
use crate::{
    gate::outcome::Outcome,
    history::{HistoryError, Store, rows::Setup},
    report::record::RunRecord,
};

/// Where a history is, unless told otherwise.
pub(super) const DEFAULT: &str = ".nanogate/history.sqlite";

/// Digits of a digest or a commit that are shown.
const DIGEST_DIGITS: usize = 12;

const EXAMPLES: &str = "\
A history is one file of SQLite, to which `run --history FILE` appends, and `history add` what was
measured without it. Only what was measured on the same host (load aside), by the same profile and
on the same input is joined to a series. Several processes may append and read at the same time.

Examples:
  nanogate run --history .nanogate/history.sqlite
  nanogate history
  nanogate history series --backend scalar
  nanogate history plot --backend scalar --batch 4096 --metric 'host/per_record/p50'
  nanogate history changes --last 500
  nanogate history export --metric '*' --out history.csv
  nanogate history add nanogate-run.json --history other.sqlite";

/// Arguments of `nanogate history`.
#[derive(Debug, clap::Args)]
#[command(args_conflicts_with_subcommands = true, after_help = EXAMPLES)]
// Without it, its group would have the name of the one of `list`.
#[group(skip)]
pub(super) struct Arguments {
    #[command(subcommand)]
    verb: Option<Verb>,
    #[command(flatten)]
    list: list::Arguments,
}

#[derive(Debug, Subcommand)]
enum Verb {
    /// List the last runs
    List(list::Arguments),
    /// List the series that they make
    Series(series::Arguments),
    /// Draw series on the terminal, change points marked
    Plot(plot::Arguments),
    /// Find where series changed, and between which commits
    Changes(changes::Arguments),
    /// Write all points as CSV
    Export(export::Arguments),
    /// Append records that are in files
    Add(add::Arguments),
}

pub(super) fn main(arguments: &Arguments) -> Result<Exit, Failure> {
    match &arguments.verb {
        None => list::main(&arguments.list),
        Some(Verb::List(arguments)) => list::main(arguments),
        Some(Verb::Series(arguments)) => series::main(arguments),
        Some(Verb::Plot(arguments)) => plot::main(arguments),
        Some(Verb::Changes(arguments)) => changes::main(arguments),
        Some(Verb::Export(arguments)) => export::main(arguments),
        Some(Verb::Add(arguments)) => add::main(arguments),
    }
}

/// Opens a history to append to. The folder of the default one is made.
pub(super) fn create(path: &Path) -> Result<Store, Failure> {
    if path == Path::new(DEFAULT)
        && let Some(folder) = path.parent()
    {
        fs::create_dir_all(folder).map_err(|error| {
            let shown = folder.display();
            Failure::usage(format!("cannot create {shown}: {error}; name --history"))
        })?;
    }
    Store::create(path).map_err(failure)
}

/// Appends the record of a run, which lies at `out` whatever becomes of this.
pub(super) fn append_run(path: &Path, record: &RunRecord, out: &Path) -> Result<(), Failure> {
    let appended =
        create(path).and_then(|mut store| store.append_run(record).map(drop).map_err(failure));
    let out = out.display();
    let remedy = format!("the record is in {out}: `nanogate history add` appends it later");
    appended.map_err(|failure| with_remedy(&failure, &remedy))
}

/// Appends what came of a gate.
pub(super) fn append_outcome(path: &Path, outcome: &Outcome) -> Result<(), Failure> {
    let appended =
        create(path).and_then(|mut store| store.append_outcome(outcome).map(drop).map_err(failure));
    let remedy = "keep the result with --out, and `nanogate history add` appends it later";
    appended.map_err(|failure| with_remedy(&failure, remedy))
}

/// A failure to append, and how it is made good.
fn with_remedy(failure: &Failure, remedy: &str) -> Failure {
    Failure::new(failure.exit(), format!("{}; {remedy}", failure.message()))
}

/// What went wrong, with the exit code that it has.
fn failure(error: HistoryError) -> Failure {
    let exit = match error {
        HistoryError::Missing(_)
        | HistoryError::Foreign { .. }
        | HistoryError::Newer { .. }
        | HistoryError::Damaged { .. }
        | HistoryError::Closed { .. } => Exit::Usage,
        HistoryError::Busy(_) => Exit::Unfit,
        HistoryError::Disk { .. } | HistoryError::Record(_) => Exit::Failed,
    };
    Failure::new(exit, error)
}

/// Four significant digits, and no more than are there.
fn figure(value: f64) -> String {
    let before_point = match value.abs() {
        magnitude if magnitude >= 1.0 => (magnitude.log10() as usize).saturating_add(1),
        _ => 1,
    };
    format!("{value:.*}", 4usize.saturating_sub(before_point))
}

/// The beginning of a digest or a commit, with what follows a dash.
fn short(digest: &str) -> String {
    let (digest, rest) = digest.split_once('-').unwrap_or((digest, ""));
    let digest: String = digest.chars().take(DIGEST_DIGITS).collect();
    if rest.is_empty() { digest } else { format!("{digest}-{rest}") }
}

/// What all runs of a series share, in a line.
fn heading(setup: &Setup) -> String {
    let Setup { source, host, host_name, profile, corpus, corpus_seed, faults_permille } = setup;
    let input = if corpus.is_empty() {
        String::new()
    } else {
        format!(", corpus {} seed {corpus_seed} faults {faults_permille}", short(corpus))
    };
    format!("{source} on {} ({host_name}), {profile}{input}", short(host))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Four digits, wherever the point is.
    #[test]
    fn figures_have_four_digits() {
        let shown = [0.012_34, 1.234_56, 12.345_6, 999.96, 45_678.9, 0.0, -3.0].map(figure);
        assert_eq!(shown, ["0.012", "1.235", "12.35", "1000.0", "45679", "0.000", "-3.000"]);
    }

    /// A commit keeps the word that says that it is not quite it.
    #[test]
    fn commits_keep_their_suffix() {
        assert_eq!(short("0123456789abcdef-dirty"), "0123456789ab-dirty");
        assert_eq!(short("unknown"), "unknown");
    }
}
