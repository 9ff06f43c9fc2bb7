//! The command line: one file per verb.

mod corpus;
mod exit;

use std::process::ExitCode;

use clap::{Parser, Subcommand};

pub use exit::{Exit, Failure};

/// What is said below every help text.
const EXIT_CODES: &str = "\
Exit codes:
  0  pass
  1  nanogate failed (full disk, broken pipe, a bug)
  2  usage: a flag, a file that is missing, unreadable or not in the right form
  3  regression
  4  cannot tell
  5  environment unfit: a backend, device or permission is missing; another run is going on
  6  wrong results: a backend differs from the golden model
  7  baseline not comparable
  130  interrupted; what was measured is kept";

/// Measures how fast capability descriptors can be classified, on every backend, verified first.
#[derive(Debug, Parser)]
#[command(name = "nanogate", version, after_help = EXIT_CODES, propagate_version = true)]
struct Arguments {
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Debug, Subcommand)]
enum Verb {
    /// Build, describe, explain and multiply the corpus of real tools
    Corpus(corpus::Arguments),
}

/// Reads the command line, does what it says, prints at most one line of error.
#[must_use]
pub fn main() -> ExitCode {
    let arguments = Arguments::parse();
    let outcome = match arguments.verb {
        Verb::Corpus(arguments) => corpus::main(arguments),
    };
    match outcome {
        Ok(exit) => exit.into(),
        Err(failure) => failure.report(),
    }
}
