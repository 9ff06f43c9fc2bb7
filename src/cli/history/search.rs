//! How series are searched for change points, and what was found.

use std::fmt::Write as _;

use serde::Serialize;

use super::{date, failure, figure, short};
use crate::{
    cli::Failure,
    history::{
        Store,
        changes::{self, Change},
        query::{Ended, Point, Series},
    },
    plural::counted,
    report::{columns, screen::Screen},
    stats::change_points::Settings,
};

/// How to search.
#[derive(Debug, clap::Args)]
pub(super) struct Search {
    /// Points of each series to look at, the last ones; the time that it takes grows with the
    /// square of them
    #[arg(long, value_name = "N", default_value_t = 1_000,
          value_parser = clap::value_parser!(u32).range(1..=100_000))]
    last: u32,
    /// Probability of a change point where nothing changed, for each stretch that is searched
    #[arg(long, value_name = "P", default_value_t = Settings::default().alpha,
          value_parser = parse_alpha)]
    alpha: f64,
    /// Random orders that a change is compared with
    #[arg(long, value_name = "N", default_value_t = Settings::default().permutations,
          value_parser = clap::value_parser!(u32).range(19..=1_000_000))]
    permutations: u32,
    /// Fewest points on either side of a change
    #[arg(long, value_name = "N", default_value_t = Settings::default().segment_min as u32,
          value_parser = clap::value_parser!(u32).range(2..=100_000))]
    segment_min: u32,
    /// Seed from which the random orders are drawn
    #[arg(long, value_name = "S", default_value_t = Settings::default().seed)]
    seed: u64,
}

fn parse_alpha(text: &str) -> Result<f64, String> {
    match text.parse::<f64>() {
        Ok(alpha) if alpha > 0.0 && alpha <= 0.5 => Ok(alpha),
        _ => Err("not a probability above 0 and up to 0.5".into()),
    }
}

/// A series, and what was found in it.
#[derive(Debug, Serialize)]
pub(super) struct Found {
    #[serde(flatten)]
    pub(super) series: Series,
    /// Points that were searched.
    pub(super) searched: usize,
    pub(super) changes: Vec<Change>,
    #[serde(skip)]
    pub(super) points: Vec<Point>,
}

impl Search {
    /// The settings. Orders too few to be surprised by are refused.
    pub(super) fn settings(&self) -> Result<Settings, Failure> {
        let least = (1.0 / self.alpha).ceil() as u32 - 1;
        if self.permutations < least {
            let message = format!(
                "--permutations {}: with so few no p-value is as low as --alpha {}; give {least} \
                 or more",
                self.permutations, self.alpha
            );
            return Err(Failure::usage(message));
        }
        Ok(Settings {
            alpha: self.alpha,
            permutations: self.permutations,
            segment_min: self.segment_min as usize,
            seed: self.seed,
        })
    }

    /// Searches a series.
    pub(super) fn find(&self, store: &Store, series: Series) -> Result<Found, Failure> {
        let points = store.points(&series, Ended::Well, self.last).map_err(failure)?;
        let changes = changes::find(&points, &self.settings()?);
        Ok(Found { series, searched: points.len(), changes, points })
    }
}

impl Found {
    /// Whether there were points enough to find anything.
    pub(super) const fn is_long_enough(&self, settings: &Settings) -> bool {
        self.searched >= 2 * settings.segment_min
    }

    /// The series in a line.
    pub(super) fn title(&self) -> String {
        let Series { key, variant, .. } = &self.series;
        let mut text = format!(
            "{} {}, {}, {} per batch in {}, threads {}",
            key.backend,
            key.metric,
            key.method,
            counted(key.batch_len as u64, "record"),
            key.home,
            key.threads
        );
        if !variant.is_empty() {
            let _ = write!(text, ", {variant}");
        }
        text
    }

    /// The changes as a table. Empty where there are none.
    pub(super) fn table(&self, screen: &Screen) -> String {
        if self.changes.is_empty() {
            return String::new();
        }
        let header =
            ["", "first run", "began (UTC)", "commits", "before", "after", "change %", "p-value"];
        let row = |(which, change): (usize, &Change)| {
            let percent = change.ratio.map(|ratio| format!("{:+.2}", 100.0 * (ratio - 1.0)));
            vec![
                (which + 1).to_string(),
                change.run.to_string(),
                date::minute(change.first_after_unix_s),
                commits(change),
                figure(change.median_before),
                figure(change.median_after),
                percent.unwrap_or_else(|| "-".into()),
                format!("{:.4}", change.p_value),
            ]
        };
        let rows = columns::table(&header, 4, self.changes.iter().enumerate().map(row));
        rows.sparing(&["first run", "before", "after"]).on(screen)
    }
}

/// The commits that a change lies between: after the first, up to the second.
fn commits(change: &Change) -> String {
    format!("{}..{}", short(&change.last_commit_before), short(&change.first_commit_after))
}
