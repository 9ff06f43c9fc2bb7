//! `nanogate corpus`: one file per verb.

mod build;
mod explain;
mod generate;
mod info;
mod list;
mod page;

use std::{
    io,
    path::{Path, PathBuf},
};

use clap::Subcommand;

use super::{Exit, Failure};
use crate::corpus::{Corpus, read_file, rules::Rules};

const EXAMPLES: &str = "\
Examples:
  nanogate corpus info
  nanogate corpus explain rm
  nanogate corpus list --risk critical
  nanogate corpus build --out mine.csv
  nanogate corpus generate --count 1000000 --seed 7 --faults 50 --out records.bin";

/// Arguments of `nanogate corpus`.
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub(super) struct Arguments {
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Debug, Subcommand)]
enum Verb {
    /// Derive a descriptor for every command of this machine; nothing that is found is executed
    Build(build::Arguments),
    /// Print counts per risk and capability, and the compression ratio
    Info(info::Arguments),
    /// Say what is known of a command and which rules fired
    Explain(explain::Arguments),
    /// List the commands
    List(list::Arguments),
    /// Make larger inputs by drawing from the corpus and planting faults
    Generate(generate::Arguments),
    /// Print a manual page as it is counted
    Page(page::Arguments),
}

pub(super) fn main(arguments: Arguments) -> Result<Exit, Failure> {
    match arguments.verb {
        Verb::Build(arguments) => build::main(&arguments),
        Verb::Info(arguments) => info::main(&arguments),
        Verb::Explain(arguments) => explain::main(&arguments),
        Verb::List(arguments) => list::main(&arguments),
        Verb::Generate(arguments) => generate::main(&arguments),
        Verb::Page(arguments) => page::main(&arguments),
    }
}

/// Which corpus a verb works on.
#[derive(Debug, clap::Args)]
struct Source {
    /// A corpus that `corpus build` wrote [default: the embedded snapshot of Debian 12]
    #[arg(long, value_name = "FILE")]
    corpus: Option<PathBuf>,
}

impl Source {
    fn open(&self) -> Result<Corpus, Failure> {
        match &self.corpus {
            Some(path) => {
                Corpus::open(path).map_err(|error| Failure::usage(format!("--corpus: {error}")))
            }
            None => Corpus::embedded().map_err(|error| Failure::new(Exit::Failed, error)),
        }
    }
}

/// Rules from a file, or those that come with the program.
fn rules(path: Option<&Path>) -> Result<Rules, Failure> {
    let Some(path) = path else {
        return Rules::embedded().map_err(|error| Failure::new(Exit::Failed, error));
    };
    let shown = path.display();
    let bytes = read_file(path);
    let toml = bytes.and_then(|bytes| String::from_utf8(bytes).map_err(io::Error::other));
    let toml = toml.map_err(|error| {
        Failure::usage(format!("--rules: cannot read {shown}: {error}; give a rules file in UTF-8"))
    })?;
    Rules::parse(&toml).map_err(|error| Failure::usage(format!("--rules: {shown}: {error}")))
}
