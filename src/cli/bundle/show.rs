//! `nanogate bundle show`: what is in a bundle, whether or not it is still what was written.

use std::{fmt::Write as _, fs, path::PathBuf};

use serde::Serialize;

use super::verify::refusal;
use crate::{
    bundle::{MANIFEST, RECORD, manifest::Manifest},
    calendar::Date,
    cli::{Exit, Failure, output, terminal},
    host::fingerprint::Fingerprint,
    platform::record::ProfileRecord,
    report::{
        baseline, columns,
        record::{RunRecord, Status},
        screen::Screen,
    },
};

/// Arguments of `nanogate bundle show`.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Shows the manifest and the heads of the record, as they are; `nanogate bundle verify` says whether
they are what was written.

Examples:
  nanogate bundle show lab/server-a
  nanogate bundle show lab/server-a --json | jq .run.host.cpu_model")]
pub(super) struct Arguments {
    /// A folder that `nanogate run --bundle` wrote
    #[arg(value_name = "DIR")]
    bundle: PathBuf,
    /// Print JSON instead
    #[arg(long)]
    json: bool,
}

/// What is in a bundle.
#[derive(Debug, Serialize)]
struct Shown {
    bundle: String,
    manifest: Manifest,
    run: Run,
}

/// The heads of the record.
#[derive(Debug, Serialize)]
struct Run {
    status: Status,
    started_unix_s: u64,
    host: Fingerprint,
    profile: Option<ProfileRecord>,
    launches: usize,
    entries: usize,
    warnings: Vec<String>,
}

impl From<RunRecord> for Run {
    fn from(record: RunRecord) -> Self {
        Self {
            status: record.status,
            started_unix_s: record.started_unix_s,
            host: record.host,
            profile: record.profile,
            launches: record.launches.len(),
            entries: record.entries.len(),
            warnings: record.warnings.into_iter().map(|warning| warning.code).collect(),
        }
    }
}

pub(super) fn main(arguments: &Arguments) -> Result<Exit, Failure> {
    let shown = read(arguments)?;
    if arguments.json {
        output::print_json(&shown)?;
    } else {
        output::print(render(&shown, &terminal::screen()).trim_end())?;
    }
    Ok(Exit::Pass)
}

fn read(arguments: &Arguments) -> Result<Shown, Failure> {
    let folder = &arguments.bundle;
    let bytes = |name: &str| fs::read(folder.join(name));
    let spoiled = |name: &str, reason: &dyn std::fmt::Display| {
        let shown = folder.join(name).display().to_string();
        let remedy = "`nanogate bundle verify` says what else is wrong";
        Failure::new(Exit::NotComparable, format!("{shown}: {reason}; {remedy}"))
    };
    let manifest = bytes(MANIFEST).map_err(|error| refusal(&folder.join(MANIFEST), &error))?;
    let manifest = Manifest::open(&manifest).map_err(|error| spoiled(MANIFEST, &error))?;
    let record = bytes(RECORD).map_err(|error| spoiled(RECORD, &error))?;
    let record = baseline::open_record(&String::from_utf8_lossy(&record))
        .map_err(|error| spoiled(RECORD, &error))?;
    Ok(Shown { bundle: folder.display().to_string(), manifest, run: record.into() })
}

fn render(shown: &Shown, screen: &Screen) -> String {
    let Shown { bundle, manifest, run } = shown;
    let tool = &manifest.tool;
    let mut text = format!(
        "bundle    {bundle}, written on {} by nanogate {} ({})\n",
        Date::of_unix(manifest.made_unix_s as i64),
        tool.version,
        tool.commit
    );
    let host = &run.host;
    let model = host.cpu_model.as_deref().unwrap_or("unknown processor");
    let _ = writeln!(text, "host      {model}, {} cores, {}", host.cores_usable, host.platform);
    let profile = run.profile.as_ref().map_or("none: flags alone", |one| one.id.as_str());
    let _ = writeln!(text, "profile   {profile}");
    let _ = writeln!(
        text,
        "run       {}, {} entries in {} launches",
        name(run.status),
        run.entries,
        run.launches
    );
    if !run.warnings.is_empty() {
        let _ = writeln!(text, "warnings  {}", run.warnings.join(", "));
    }
    let rows = manifest.files.iter().map(|file| {
        vec![file.name.clone(), file.bytes.to_string(), format!("{:.12}", file.sha256)]
    });
    let table = columns::table(&["file", "bytes", "sha256"], 1, rows).on(screen);
    let _ = writeln!(text, "\n{table}");
    text
}

/// How far the run got, in a word or two.
const fn name(status: Status) -> &'static str {
    match status {
        Status::Running => "died",
        Status::Complete => "complete",
        Status::Incomplete => "complete but for a device that failed",
        Status::Interrupted => "interrupted",
        Status::WrongResults => "wrong results",
    }
}
