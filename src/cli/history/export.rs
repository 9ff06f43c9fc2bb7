//! `nanogate history export`: all points as CSV, or as JSON.

use std::{fs, path::PathBuf};

use serde::Serialize;

use super::{failure, select};
use crate::{
    cli::{
        Exit, Failure,
        output::{self, Output},
        progress::Progress,
    },
    history::query::{Ended, Point, Series},
};

/// Arguments of `history export`.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Values have all their digits. Points of runs that were interrupted are there too, which plots and
change points leave out: the column `status` tells them.

Examples:
  nanogate history export --metric '*' --out history.csv
  nanogate history export --backend scalar --last 100 --json | jq .value")]
pub(super) struct Arguments {
    #[command(flatten)]
    file: select::File,
    #[command(flatten)]
    which: select::Which,
    /// Points of each series, the last ones [default: all]
    #[arg(long, value_name = "N", default_value_t = u32::MAX, hide_default_value = true,
          value_parser = clap::value_parser!(u32).range(1..))]
    last: u32,
    /// File to write; `-` is standard output
    #[arg(long, value_name = "FILE", default_value = "-")]
    out: PathBuf,
    /// Write a JSON document for each point, a line each, instead of CSV
    #[arg(long)]
    json: bool,
}

/// A point with all that is known of it.
#[derive(Serialize)]
struct Row<'a> {
    run: i64,
    started_unix_s: i64,
    source: &'a str,
    status: &'a str,
    version: &'a str,
    commit: &'a str,
    profile: &'a str,
    host: &'a str,
    host_name: &'a str,
    corpus: &'a str,
    corpus_seed: u64,
    faults_permille: u16,
    backend: &'a str,
    op: &'a str,
    method: &'a str,
    batch_len: usize,
    threads: usize,
    home: &'a str,
    variant: &'a str,
    metric: &'a str,
    value: f64,
    low: Option<f64>,
    high: Option<f64>,
}

impl<'a> Row<'a> {
    fn new(series: &'a Series, point: &'a Point) -> Self {
        let Series { setup, key, .. } = series;
        Self {
            run: point.run,
            started_unix_s: point.started_unix_s,
            source: &setup.source,
            status: &point.status,
            version: &point.version,
            commit: &point.commit,
            profile: &setup.profile,
            host: &setup.host,
            host_name: &setup.host_name,
            corpus: &setup.corpus,
            corpus_seed: setup.corpus_seed,
            faults_permille: setup.faults_permille,
            backend: &key.backend,
            op: key.op.name(),
            method: &key.method,
            batch_len: key.batch_len,
            threads: key.threads,
            home: &key.home,
            variant: &series.variant,
            metric: &key.metric,
            value: point.value,
            low: point.low,
            high: point.high,
        }
    }
}

pub(super) fn main(arguments: &Arguments) -> Result<Exit, Failure> {
    let store = arguments.file.open()?;
    refuse_itself(arguments)?;
    let all = arguments.which.series(&store)?;
    let mut out = Output::open(&arguments.out)?;
    let is_standard = out.is_standard();
    // A bar among the lines would be in the way.
    let progress = (!out.is_terminal()).then(|| Progress::new("writing", all.len() as u64));
    let mut count = 0;
    for (index, series) in all.iter().enumerate() {
        let points = store.points(series, Ended::Anyhow, arguments.last).map_err(failure)?;
        let rows: Vec<Row<'_>> = points.iter().map(|point| Row::new(series, point)).collect();
        let text = if arguments.json { lines(&rows) } else { csv(&rows, index == 0) };
        out.write(&text.map_err(Failure::internal)?)?;
        count += rows.len();
        progress.iter().for_each(Progress::step);
    }
    drop(progress);
    out.finish()?;
    let shown = arguments.out.display();
    if !is_standard {
        output::print(&format!("{count} points of {} series    {shown}", all.len()))?;
    }
    Ok(Exit::Pass)
}

/// The file that appears would take the place of the history.
fn refuse_itself(arguments: &Arguments) -> Result<(), Failure> {
    let [out, history] = [&arguments.out, &arguments.file.history].map(fs::canonicalize);
    if matches!((out, history), (Ok(out), Ok(history)) if out == history) {
        let shown = arguments.out.display();
        return Err(Failure::usage(format!("--out {shown}: is the history; name another file")));
    }
    Ok(())
}

fn csv(rows: &[Row<'_>], has_header: bool) -> Result<Vec<u8>, String> {
    let mut writer = csv::WriterBuilder::new().has_headers(has_header).from_writer(Vec::new());
    for row in rows {
        writer.serialize(row).map_err(|error| error.to_string())?;
    }
    writer.into_inner().map_err(|error| error.to_string())
}

fn lines(rows: &[Row<'_>]) -> Result<Vec<u8>, String> {
    let mut text = Vec::new();
    for row in rows {
        serde_json::to_writer(&mut text, row).map_err(|error| error.to_string())?;
        text.push(b'\n');
    }
    Ok(text)
}
