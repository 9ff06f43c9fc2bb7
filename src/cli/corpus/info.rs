//! `nanogate corpus info`: counts and the compression ratio.

use super::{
    super::{Exit, Failure, output, terminal},
    Source,
};
use crate::{
    corpus::summary::{self, Distribution, Interval, Summary, Tally},
    descriptor::RECORD_BYTES,
    plural::counted,
    report::{
        columns::{self, Columns},
        prose,
    },
};

const EXAMPLES: &str = "\
Examples:
  nanogate corpus info
  nanogate corpus info --corpus mine.csv --json";

/// Arguments of `corpus info`.
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub(super) struct Arguments {
    #[command(flatten)]
    source: Source,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

pub(super) fn main(arguments: &Arguments) -> Result<Exit, Failure> {
    let summary = summary::summarize(&arguments.source.open()?);
    if arguments.json {
        output::print_json(&summary)?;
    } else {
        output::print(&prose::fit(&text(&summary), &terminal::screen()))?;
    }
    Ok(Exit::Pass)
}

fn text(summary: &Summary) -> String {
    let ratio = summary.compression_ratio.as_ref().map_or_else(
        || "No command is documented, so there is no compression ratio.".to_owned(),
        |ratio| ratio_text(ratio, summary),
    );
    format!(
        "{} from {}\nsha256 {}\n\n{}\n\n{}\n\n{ratio}",
        counted(summary.commands, "command"),
        summary.source,
        summary.digest,
        tally_table("risk", &summary.risks, summary.commands),
        tally_table("capability", &summary.capabilities, summary.commands),
    )
}

fn tally_table(title: &str, tallies: &[Tally], all: usize) -> Columns {
    let row = |tally: &Tally| {
        let share = format!("{:.1} %", 100.0 * tally.count as f64 / all.max(1) as f64);
        vec![tally.name.clone(), tally.count.to_string(), share]
    };
    columns::table(&[title, "commands", "share"], 1, tallies.iter().map(row))
}

fn ratio_text(ratio: &Distribution, summary: &Summary) -> String {
    format!(
        "Compression ratio: documentation bytes to {RECORD_BYTES} bytes, {} \
         ({} undocumented left out)\n  \
         median  {}\n  mean    {}\n  quartiles {:.1} and {:.1}; least {:.1}, most {:.1}\n\
         Intervals are 95 %: sign test for the median, normal for the mean.",
        counted(ratio.count, "documented command"),
        summary.undocumented,
        interval_text(&ratio.median),
        interval_text(&ratio.mean),
        ratio.quartile_1,
        ratio.quartile_3,
        ratio.min,
        ratio.max,
    )
}

fn interval_text(interval: &Interval) -> String {
    format!("{:.1} : 1  [{:.1}, {:.1}]", interval.value, interval.low, interval.high)
}
