//! `nanogate history series`: what there is to plot.

use std::fmt::Write as _;

use super::{heading, select};
use crate::{
    cli::{Exit, Failure, output, terminal},
    history::query::Series,
    report::{columns, prose, screen::Screen},
};

/// Arguments of `history series`.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  nanogate history series --backend scalar
  nanogate history series --metric '*' --batch 4096 --json")]
pub(super) struct Arguments {
    #[command(flatten)]
    file: select::File,
    #[command(flatten)]
    which: select::Which,
    /// Print JSON instead of tables
    #[arg(long)]
    json: bool,
}

pub(super) fn main(arguments: &Arguments) -> Result<Exit, Failure> {
    let series = arguments.which.series(&arguments.file.open()?)?;
    if arguments.json {
        output::print_json(&series)?;
    } else {
        output::print(render(&series, &terminal::screen()).trim_end())?;
    }
    Ok(Exit::Pass)
}

/// A table for each setup.
fn render(series: &[Series], screen: &Screen) -> String {
    let header = ["backend", "method", "metric", "in", "", "batch", "threads", "points"];
    let row = |one: &Series| {
        let key = &one.key;
        vec![
            key.backend.clone(),
            key.method.clone(),
            key.metric.clone(),
            key.home.clone(),
            one.variant.clone(),
            key.batch_len.to_string(),
            key.threads.to_string(),
            one.points.to_string(),
        ]
    };
    let mut text = String::new();
    for of_setup in series.chunk_by(|one, next| one.setup == next.setup) {
        let rows = columns::table(&header, 5, of_setup.iter().map(row));
        let heading = prose::fit(&heading(&of_setup[0].setup), screen);
        let _ = writeln!(text, "{heading}\n{}\n", rows.on(screen));
    }
    text
}
