//! `nanogate bundle show`: what is in a bundle, whether or not it is still what was written.

use std::{fmt::Write as _, path::PathBuf};

use serde::Serialize;

use super::verify::refusal;
use crate::{
    bundle::{
        MANIFEST, RECORD, file,
        manifest::{self, Manifest},
    },
    calendar::Date,
    cli::{Exit, Failure, output, terminal},
    host::fingerprint::Fingerprint,
    platform::record::ProfileRecord,
    report::{
        baseline, columns,
        record::{RunRecord, Status},
        screen::{Screen, harmless},
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
    let bytes = |name: &str, max| file::read(&folder.join(name), max);
    let spoiled = |name: &str, reason: &dyn std::fmt::Display| {
        let shown = harmless(&folder.join(name).display().to_string());
        let remedy = "`nanogate bundle verify` says what else is wrong";
        Failure::new(Exit::NotComparable, format!("{shown}: {reason}; {remedy}"))
    };
    let manifest = bytes(MANIFEST, manifest::BYTES_MAX);
    let manifest = manifest.map_err(|error| refusal(&folder.join(MANIFEST), error))?;
    let manifest = Manifest::open(&manifest).map_err(|error| spoiled(MANIFEST, &error))?;
    let record_bytes = manifest.file(RECORD).map_or(0, |listed| listed.bytes);
    let record = bytes(RECORD, record_bytes).map_err(|error| spoiled(RECORD, &error))?;
    let record = baseline::open_record(&String::from_utf8_lossy(&record))
        .map_err(|error| spoiled(RECORD, &error))?;
    Ok(Shown { bundle: folder.display().to_string(), manifest, run: record.into() })
}

fn render(shown: &Shown, screen: &Screen) -> String {
    let Shown { bundle, manifest, run } = shown;
    let tool = &manifest.tool;
    let mut text = format!(
        "bundle    {}, written on {} by nanogate {} ({})\n",
        harmless(bundle),
        Date::of_unix(manifest.made_unix_s as i64),
        harmless(&tool.version),
        harmless(&tool.commit)
    );
    let host = &run.host;
    let model = host.cpu_model.as_deref().unwrap_or("unknown processor");
    let (model, platform) = (harmless(model), harmless(&host.platform));
    let _ = writeln!(text, "host      {model}, {} cores, {platform}", host.cores_usable);
    let profile = run.profile.as_ref().map_or("none: flags alone", |one| one.id.as_str());
    let _ = writeln!(text, "profile   {}", harmless(profile));
    let _ = writeln!(
        text,
        "run       {}, {} entries in {} launches",
        run.status.words(),
        run.entries,
        run.launches
    );
    if !run.warnings.is_empty() {
        let _ = writeln!(text, "warnings  {}", harmless(&run.warnings.join(", ")));
    }
    let rows = manifest.files.iter().map(|file| {
        vec![
            harmless(&file.name),
            file.bytes.to_string(),
            harmless(&format!("{:.12}", file.sha256)),
        ]
    });
    let table = columns::table(&["file", "bytes", "sha256"], 1, rows).on(screen);
    let _ = writeln!(text, "\n{table}");
    text
}
