//! `nanogate corpus list`: the commands of a corpus, one a line.

use clap::ValueEnum;
use serde::Serialize;

use super::{
    super::{Exit, Failure, output, terminal},
    Source,
};
use crate::{corpus::Entry, report::columns, verdict::Risk};

const EXAMPLES: &str = "\
Examples:
  nanogate corpus list
  nanogate corpus list --risk critical
  nanogate corpus list --risk high --json";

/// Arguments of `corpus list`.
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub(super) struct Arguments {
    #[command(flatten)]
    source: Source,
    /// Only commands of this risk
    #[arg(long, value_enum)]
    risk: Option<RiskName>,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

/// A risk as a flag names it.
#[derive(Clone, Copy, Debug, ValueEnum)]
enum RiskName {
    Safe,
    Low,
    Medium,
    High,
    Critical,
}

impl RiskName {
    const fn risk(self) -> Risk {
        match self {
            Self::Safe => Risk::Safe,
            Self::Low => Risk::Low,
            Self::Medium => Risk::Medium,
            Self::High => Risk::High,
            Self::Critical => Risk::Critical,
        }
    }
}

#[derive(Serialize)]
struct Row<'a> {
    name: &'a str,
    section: &'a str,
    risk: &'static str,
    capabilities: Vec<String>,
    documentation_bytes: u64,
    descriptor: String,
}

pub(super) fn main(arguments: &Arguments) -> Result<Exit, Failure> {
    let corpus = arguments.source.open()?;
    let wanted = arguments.risk.map(RiskName::risk);
    let entries = corpus.entries().iter();
    let entries =
        entries.filter(|entry| wanted.is_none_or(|wanted| entry.descriptor.risk() == wanted));
    if arguments.json {
        output::print_json(&entries.map(row).collect::<Vec<_>>())?;
    } else {
        let header = ["command", "section", "risk", "documented", "capabilities"];
        let table = columns::table(&header, 3, entries.map(cells));
        let table = table.reading(&["capabilities"]).judging(&["risk"]);
        output::print(&table.sparing(&["section"]).on(&terminal::screen()))?;
    }
    Ok(Exit::Pass)
}

fn row(entry: &Entry) -> Row<'_> {
    Row {
        name: &entry.name,
        section: &entry.section,
        risk: entry.descriptor.risk().name(),
        capabilities: entry.descriptor.flags().capabilities().names().collect(),
        documentation_bytes: entry.documentation_bytes,
        descriptor: hex::encode(entry.descriptor.record().as_bytes()),
    }
}

fn cells(entry: &Entry) -> Vec<String> {
    let Row { name, section, risk, capabilities, documentation_bytes, .. } = row(entry);
    let documented = documentation_bytes.to_string();
    vec![name.into(), section.into(), risk.into(), documented, capabilities.join(", ")]
}
