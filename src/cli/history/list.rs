//! `nanogate history list`: the last runs.

use std::collections::BTreeMap;

use serde_json::json;

use super::{date, failure, select, short};
use crate::{
    cli::{Exit, Failure, output, terminal},
    history::query::Run,
    plural::counted,
    report::{columns, screen::Screen},
};

/// Arguments of `history list`.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  nanogate history list --last 50
  nanogate history list --host epyc --json")]
pub(super) struct Arguments {
    #[command(flatten)]
    file: select::File,
    /// Only of this host: the digest from its beginning on, or a part of the name
    #[arg(long, value_name = "DIGEST|NAME")]
    host: Option<String>,
    /// Runs to list, the last ones
    #[arg(long, value_name = "N", default_value_t = 20)]
    last: u32,
    /// Print JSON instead of a table
    #[arg(long)]
    json: bool,
}

pub(super) fn main(arguments: &Arguments) -> Result<Exit, Failure> {
    let store = arguments.file.open()?;
    let runs = store.runs(arguments.host.as_deref(), arguments.last).map_err(failure)?;
    let count = store.run_count().map_err(failure)?;
    if arguments.json {
        output::print_json(&json!({"runs_in_history": count, "runs": runs}))?;
    } else {
        output::print(&render(&runs, count, &terminal::screen()))?;
    }
    Ok(Exit::Pass)
}

fn render(runs: &[Run], count: i64, screen: &Screen) -> String {
    let header =
        ["run", "began (UTC)", "of", "status", "version", "commit", "profile", "host", "figures"];
    let row = |run: &Run| {
        vec![
            run.number.to_string(),
            date::minute(run.started_unix_s),
            run.setup.source.clone(),
            run.status.clone(),
            run.version.clone(),
            short(&run.commit),
            run.setup.profile.clone(),
            short(&run.setup.host),
            run.points.to_string(),
        ]
    };
    let rows = columns::table(&header, 8, runs.iter().map(row));
    let mut lines = vec![rows.sparing(&["version", "profile", "host", "of"]).on(screen)];
    let hosts: BTreeMap<_, _> =
        runs.iter().map(|run| (short(&run.setup.host), &run.setup.host_name)).collect();
    lines.extend(hosts.iter().map(|(digest, name)| format!("host      {digest}  {name}")));
    lines.push(format!("shown     {} of {}", runs.len(), counted(count as u64, "run")));
    lines.join("\n")
}
