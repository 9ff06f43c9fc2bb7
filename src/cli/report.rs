//! `nanogate report`: records and comparisons in formats that others read.

use std::{
    fs,
    io::{self, Read as _},
    path::{Path, PathBuf},
};

use serde_json::json;

use super::{
    Exit, Failure, choice,
    output::{self, Output},
    terminal,
};
use crate::{
    export::{
        self, FORMATS, Format,
        document::{self, Kind, Origin, Source},
    },
    report::columns,
};

/// Arguments of `nanogate report`.
#[derive(Debug, clap::Args)]
#[command(after_help = after_help())]
pub(super) struct Arguments {
    /// Run records or comparisons, all of one kind; their `schema` says which; `-` is standard
    /// input
    #[arg(value_name = "FILE")]
    files: Vec<PathBuf>,
    /// Format to write; `list` lists them all, with what reads them
    #[arg(long, value_name = "NAME", hide_possible_values = true,
          value_parser = choice::of(names().chain([LIST]), wanted))]
    format: Option<Wanted>,
    /// One page with charts for a browser: the same as `--format html`
    #[arg(long, conflicts_with = "format")]
    html: bool,
    /// Read a file of this tool instead: a list of results, or its history, data.js
    #[arg(long, value_name = "TOOL", value_parser = [FOREIGN])]
    from: Option<String>,
    /// Where the text goes
    #[arg(long, value_name = "FILE", default_value = "-")]
    out: PathBuf,
    /// With `--format list`: as JSON
    #[arg(long)]
    json: bool,
}

/// What `--format` lists them with.
const LIST: &str = "list";

/// The format of `--html`.
const HTML: &str = "html";

/// The tool whose files are read beside our own.
const FOREIGN: &str = "github-action-benchmark";

/// What `--format` asks for.
#[derive(Clone, Copy, Debug)]
enum Wanted {
    List,
    One(&'static Format),
}

fn names() -> impl Iterator<Item = &'static str> {
    FORMATS.iter().map(|format| format.name)
}

fn wanted(name: &str) -> Result<Wanted, String> {
    if name == LIST {
        return Ok(Wanted::List);
    }
    choice::find("format", name, FORMATS.iter().map(|one| (one.name, Wanted::One(one))))
}

fn after_help() -> String {
    format!(
        "\
Formats:
{}
A report says what is in the file and does not judge: it exits with 0 also where a comparison found
a regression. `compare` and `gate` judge.

Examples:
  nanogate report --html nanogate-run.json --out report.html
  nanogate report comparison.json --format github-summary >> \"$GITHUB_STEP_SUMMARY\"
  nanogate report comparison.json --format github-annotations
  nanogate report comparison.json --format junit --out junit.xml
  nanogate report nanogate-run.json --format go > new.txt && benchstat old.txt new.txt
  nanogate report a.json b.json --format csv --out figures.csv
  nanogate report data.js --from github-action-benchmark --format csv",
        table()
    )
}

/// A line per format.
fn table() -> String {
    let width = FORMATS.iter().map(|format| format.name.len()).max().unwrap_or_default();
    let line = |format: &Format| {
        format!("  {:width$}  {} [{}]\n", format.name, format.consumer, holds(format).join(", "))
    };
    FORMATS.iter().map(line).collect()
}

/// What becomes a format, in a word each.
fn holds(format: &Format) -> Vec<&'static str> {
    let kinds = [(Kind::Run, "run"), (Kind::Comparison, "comparison"), (Kind::History, "history")];
    kinds.into_iter().filter(|(kind, _)| format.holds(*kind)).map(|(_, word)| word).collect()
}

pub(super) fn main(arguments: &Arguments) -> Result<Exit, Failure> {
    let format = match arguments.format {
        Some(Wanted::List) => return list(arguments.json),
        Some(Wanted::One(format)) => Some(format),
        None => export::find(HTML).filter(|_| arguments.html),
    };
    let format = format.ok_or_else(|| {
        Failure::usage("--format: none is given; `--format list` lists them, --html is one")
    })?;
    if arguments.json {
        let message = "--json: only with --format list; a format is what it is";
        return Err(Failure::usage(message));
    }
    if arguments.files.is_empty() {
        return Err(Failure::usage(
            "FILE: none is given; name what `run` or `compare` has written",
        ));
    }
    let origin = arguments.from.as_ref().map_or(Origin::Nanogate, |_| Origin::ActionBenchmark);
    let sources: Result<Vec<Source>, Failure> =
        arguments.files.iter().map(|path| source(path)).collect();
    let sources = sources?;
    let documents = document::read(&sources, origin).map_err(Failure::usage)?;
    let text = format.export(&documents).map_err(|error| {
        let names: Vec<&str> = sources.iter().map(|one| one.name.as_str()).collect();
        Failure::usage(format!("--format {}: {error} ({})", format.name, names.join(", ")))
    })?;
    let mut out = Output::open(&arguments.out)?;
    if format.name == HTML && out.is_terminal() {
        return Err(Failure::usage("--out: a page is for a browser: name a file, such as x.html"));
    }
    out.write(text.as_bytes())?;
    out.finish()?;
    Ok(Exit::Pass)
}

fn list(as_json: bool) -> Result<Exit, Failure> {
    if as_json {
        let format =
            |one: &Format| json!({"name": one.name, "consumer": one.consumer, "holds": holds(one)});
        output::print_json(&FORMATS.iter().map(format).collect::<Vec<_>>())?;
    } else {
        let row = |one: &Format| vec![one.name.into(), one.consumer.into(), holds(one).join(", ")];
        let table = columns::table(&["format", "read by", "made of"], 3, FORMATS.iter().map(row));
        output::print(&table.on(&terminal::screen()))?;
    }
    Ok(Exit::Pass)
}

fn source(path: &Path) -> Result<Source, Failure> {
    let (name, bytes) = if path == Path::new("-") {
        let mut bytes = Vec::new();
        let read = io::stdin().lock().read_to_end(&mut bytes);
        ("standard input".into(), read.map(|_| bytes))
    } else {
        (path.display().to_string(), fs::read(path))
    };
    let bytes =
        bytes.map_err(|error| Failure::usage(format!("{name}: cannot be read: {error}")))?;
    Ok(Source { name, bytes })
}
