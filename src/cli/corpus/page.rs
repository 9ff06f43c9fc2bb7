//! `nanogate corpus page`: a manual page as the corpus counts it.

use std::path::{Path, PathBuf};

use serde::Serialize;

use super::super::{Exit, Failure, output};
use crate::corpus::{
    page::{self, Pages},
    scan::Places,
};

const EXAMPLES: &str = "\
The page is rendered by nanogate itself: no other program is run.

Examples:
  nanogate corpus page ls
  nanogate corpus page --bytes ./tool.1.gz other.8";

/// Arguments of `corpus page`.
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub(super) struct Arguments {
    /// Names of commands, or files (with a slash in the name)
    #[arg(required = true, value_name = "NAME|FILE")]
    pages: Vec<String>,
    /// Print the number of documentation bytes and the name instead of the text
    #[arg(long)]
    bytes: bool,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

#[derive(Serialize)]
struct Shown<'a> {
    page: &'a str,
    documentation_bytes: u64,
    summary: String,
    text: String,
}

pub(super) fn main(arguments: &Arguments) -> Result<Exit, Failure> {
    for page in &arguments.pages {
        let path = find(page)?;
        let root = Path::new("/");
        let path = std::path::absolute(&path).unwrap_or(path);
        let rendered = page::render(&path, root).map_err(|error| {
            Failure::usage(format!("{page}: {error}; give a manual page, plain or gzip"))
        })?;
        let documentation_bytes = page::documentation_bytes(&rendered.text);
        if arguments.json {
            let (summary, text) = (rendered.summary, rendered.text);
            output::print_json(&Shown { page, documentation_bytes, summary, text })?;
        } else if arguments.bytes {
            output::print(&format!("{documentation_bytes}\t{page}"))?;
        } else {
            output::print(rendered.text.trim_end())?;
        }
    }
    Ok(Exit::Pass)
}

fn find(page: &str) -> Result<PathBuf, Failure> {
    if page.contains('/') {
        return Ok(PathBuf::from(page));
    }
    let path = std::env::var_os("PATH").unwrap_or_default();
    let pages = Pages::find(&Places::of_path(&path).manual_dirs);
    let found = pages.get(page).map(|file| file.path.clone());
    found.ok_or_else(|| {
        Failure::usage(format!(
            "{page}: no manual page of section 1 or 8; give a file with a slash in its name"
        ))
    })
}
