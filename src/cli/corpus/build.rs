//! `nanogate corpus build`: scan, apply the rules, write a snapshot.

use std::path::{Path, PathBuf};

use serde::Serialize;

use super::{
    super::{
        Exit, Failure,
        output::{self, Output},
        progress::Progress,
    },
    rules,
};
use crate::{
    corpus::{
        Corpus,
        scan::{self, Counts, Places},
        snapshot,
    },
    plural::counted,
};

const EXAMPLES: &str = "\
Nothing that is found is ever executed: files and manual pages are only read.
Documentation bytes are the UTF-8 bytes of the rendered page, each run of blanks counted as one;
without a page, those of the usage and option lines among the strings of the executable file.

Examples:
  nanogate corpus build --out mine.csv
  nanogate corpus build --root /mnt/image --rules my-rules.toml --out image.csv
  nanogate corpus build | head";

/// Arguments of `corpus build`.
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub(super) struct Arguments {
    /// Scan the standard directories below DIR instead of the PATH of this machine
    #[arg(long, value_name = "DIR")]
    root: Option<PathBuf>,
    /// Rules to apply [default: those that come with the program]
    #[arg(long, value_name = "FILE")]
    rules: Option<PathBuf>,
    /// Snapshot to write, with its digest in FILE.sha256; `-` is standard output
    #[arg(long, value_name = "FILE", default_value = "-")]
    out: PathBuf,
    /// Print the report as JSON
    #[arg(long)]
    json: bool,
}

#[derive(Serialize)]
struct Report<'a> {
    digest: &'a str,
    #[serde(flatten)]
    counts: Counts,
}

pub(super) fn main(arguments: &Arguments) -> Result<Exit, Failure> {
    let places = places(arguments.root.as_deref())?;
    let rules = rules(arguments.rules.as_deref())?;
    Output::check(&arguments.out)?;
    let progress = Progress::new("reading manual pages", 0);
    let (corpus, counts) = scan::scan(&places, &rules, "build", &mut |done, all| {
        progress.at(done as u64, all as u64);
    });
    drop(progress);
    if corpus.entries().is_empty() {
        let given = if arguments.root.is_some() { "--root" } else { "PATH" };
        return Err(Failure::usage(format!(
            "{given}: no commands found; give --root a directory with usr/bin or bin in it"
        )));
    }
    let mut out = Output::open(&arguments.out)?;
    let on_standard_output = out.is_standard();
    let is_file = matches!(out, Output::File { .. });
    out.write(&corpus.to_csv())?;
    out.finish()?;
    if is_file {
        write_digest(&arguments.out, &corpus)?;
    }
    let report = if arguments.json {
        output::to_json(&Report { digest: corpus.digest(), counts })?
    } else {
        report_text(&corpus, &counts)
    };
    output::report(&report, on_standard_output)?;
    Ok(Exit::Pass)
}

fn places(root: Option<&Path>) -> Result<Places, Failure> {
    if let Some(root) = root {
        let shown = root.display();
        let root = std::fs::canonicalize(root).map_err(|error| {
            Failure::usage(format!("--root: cannot read {shown}: {error}; give a directory"))
        })?;
        if !root.is_dir() {
            let message = format!("--root: {shown} is not a directory; give a directory");
            return Err(Failure::usage(message));
        }
        return Ok(Places::below(&root));
    }
    let path = std::env::var_os("PATH").unwrap_or_default();
    Ok(Places::of_path(&path))
}

fn write_digest(path: &Path, corpus: &Corpus) -> Result<(), Failure> {
    let file_name = path.file_name().unwrap_or_default().to_string_lossy();
    let mut out = Output::open(&snapshot::digest_path(path))?;
    out.write(snapshot::digest_line(corpus.digest(), &file_name).as_bytes())?;
    out.finish()
}

fn report_text(corpus: &Corpus, counts: &Counts) -> String {
    let mut lines = vec![format!(
        "{}: {} with a manual page, {} with help text only, {} undocumented",
        counted(counts.commands, "command"),
        counts.with_page,
        counts.with_help,
        counts.undocumented
    )];
    let left_out = [
        (counts.odd_names, "files left out: their names cannot be shown"),
        (counts.unreadable_pages, "manual pages could not be read"),
        (counts.other_compressions, "manual pages left out: neither plain nor gzip"),
    ];
    for (count, what) in left_out.into_iter().filter(|(count, _)| *count > 0) {
        lines.push(format!("{count} {what}"));
    }
    lines.push(format!("sha256 {}", corpus.digest()));
    lines.join("\n")
}
