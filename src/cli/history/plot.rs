//! `nanogate history plot`: series on the terminal.

use std::fmt::Write as _;

use serde_json::json;

use super::{
    chart, date, heading,
    search::{Found, Search},
    select,
};
use crate::{
    cli::{Exit, Failure, output, progress::Progress, terminal},
    history::query::Series,
    report::{prose, screen::Screen},
};

/// Most series that are drawn at once.
const SERIES_MAX: usize = 20;

/// Arguments of `history plot`.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Runs are drawn in equal steps, whatever the time between them. A dotted line is a change point; its
number is that of the table below it.

Examples:
  nanogate history plot --backend scalar --batch 4096
  nanogate history plot --backend simd-avx2 --method latency --metric 'host/*/p99' --last 200")]
pub(super) struct Arguments {
    #[command(flatten)]
    file: select::File,
    #[command(flatten)]
    which: select::Which,
    #[command(flatten)]
    search: Search,
    /// Print points and change points as JSON
    #[arg(long)]
    json: bool,
}

pub(super) fn main(arguments: &Arguments) -> Result<Exit, Failure> {
    let store = arguments.file.open()?;
    let series = arguments.which.series(&store)?;
    if series.len() > SERIES_MAX {
        let message = format!(
            "{} series fit what was asked for, more than {SERIES_MAX}; narrow them by \
             --backend, --method, --batch, --home, --metric or --host",
            series.len()
        );
        return Err(Failure::usage(message));
    }
    let progress = Progress::new("searching", series.len() as u64);
    let find = |series: Series| {
        let found = arguments.search.find(&store, series);
        progress.step();
        found
    };
    let found = series.into_iter().map(find).collect::<Result<Vec<_>, _>>()?;
    drop(progress);
    if arguments.json {
        let with_points = |found: &Found| json!({"series": found, "points": found.points});
        let plots: Vec<_> = found.iter().map(with_points).collect();
        output::print_json(&plots)?;
    } else {
        let screen = terminal::screen();
        let plots: Vec<String> = found.iter().map(|found| render(found, &screen)).collect();
        output::print(plots.join("\n").trim_end())?;
    }
    Ok(Exit::Pass)
}

fn render(found: &Found, screen: &Screen) -> String {
    let above = format!("{}\n{}\n", heading(&found.series.setup), found.title());
    let mut text = prose::fit(&above, screen);
    let (Some(first), Some(last)) = (found.points.first(), found.points.last()) else {
        text.push_str("no run that ended well\n");
        return text;
    };
    let values: Vec<f64> = found.points.iter().map(|point| point.value).collect();
    let changes: Vec<usize> = found.changes.iter().map(|change| change.index).collect();
    text.push_str(&chart::render(&values, &changes, screen.glyphs));
    let _ = writeln!(
        text,
        "{} runs from {} to {} (UTC)",
        values.len(),
        date::minute(first.started_unix_s),
        date::minute(last.started_unix_s)
    );
    let table = found.table(screen);
    if !table.is_empty() {
        let _ = writeln!(text, "{table}");
    }
    text
}
