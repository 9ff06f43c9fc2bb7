//! `nanogate history changes`: where series changed, and between which commits.

use std::fmt::Write as _;

use serde::Serialize;

use super::{
    heading,
    search::{Found, Search},
    select,
};
use crate::{
    cli::{Exit, Failure, output, progress::Progress, terminal},
    report::{prose, screen::Screen},
    stats::change_points::Settings,
};

/// Arguments of `history changes`.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Change points by E-divisive (Matteson and James, 2014): the split with the largest energy distance,
kept if so few random orders of the same points have one as good. Commits are those of the last run
before a change and the first run after it: `git log FIRST..SECOND` lists what may have made it. A
change needs points enough after it, and machines that drift change without any commit.

Examples:
  nanogate history changes
  nanogate history changes --backend scalar --last 500
  nanogate history changes --alpha 0.001 --permutations 9999 --json")]
pub(super) struct Arguments {
    #[command(flatten)]
    file: select::File,
    #[command(flatten)]
    which: select::Which,
    #[command(flatten)]
    search: Search,
    /// Print JSON instead of tables
    #[arg(long)]
    json: bool,
}

/// All that was searched.
#[derive(Serialize)]
struct Report {
    settings: Settings,
    /// Series with points enough.
    searched: usize,
    /// Series with too few points to find anything.
    too_short: usize,
    /// Most series with a change that are to be expected if nothing changed in any.
    false_series_at_most: f64,
    series: Vec<Found>,
}

pub(super) fn main(arguments: &Arguments) -> Result<Exit, Failure> {
    let store = arguments.file.open()?;
    let settings = arguments.search.settings()?;
    let series = arguments.which.series(&store)?;
    let progress = Progress::new("searching", series.len() as u64);
    let mut found = Vec::with_capacity(series.len());
    for series in series {
        found.push(arguments.search.find(&store, series)?);
        progress.step();
    }
    drop(progress);
    let report = Report::new(settings, found);
    if arguments.json {
        output::print_json(&report)?;
    } else {
        output::print(&report.render(&terminal::screen()))?;
    }
    Ok(Exit::Pass)
}

impl Report {
    fn new(settings: Settings, series: Vec<Found>) -> Self {
        let searched = series.iter().filter(|found| found.is_long_enough(&settings)).count();
        Self {
            settings,
            searched,
            too_short: series.len() - searched,
            false_series_at_most: settings.alpha * searched as f64,
            series,
        }
    }

    fn render(&self, screen: &Screen) -> String {
        let mut text = String::new();
        for of_setup in self.series.chunk_by(|one, next| one.series.setup == next.series.setup) {
            let changed = of_setup.iter().filter(|found| !found.changes.is_empty());
            let changed: Vec<&Found> = changed.collect();
            if changed.is_empty() {
                continue;
            }
            let heading = heading(&of_setup[0].series.setup);
            let _ = writeln!(text, "{}\n", prose::fit(&heading, screen));
            for found in changed {
                let title = prose::fit(&found.title(), screen);
                let _ = writeln!(text, "{title}\n{}\n", found.table(screen));
            }
        }
        text + &prose::fit(&self.footer(), screen)
    }

    fn footer(&self) -> String {
        let changed = self.series.iter().filter(|found| !found.changes.is_empty()).count();
        let Settings { alpha, permutations, segment_min, seed } = self.settings;
        let mut text = format!(
            "changed   {changed} of {} series; if nothing changed in any, {:.3} at most are to be \
             expected\n\
             searched  {permutations} random orders, alpha {alpha}, {segment_min} points or more \
             on either side, seed {seed}",
            self.searched, self.false_series_at_most
        );
        if self.too_short > 0 {
            let _ = write!(
                text,
                "\ntoo short {} series have fewer than {} points",
                self.too_short,
                2 * segment_min
            );
        }
        text
    }
}
