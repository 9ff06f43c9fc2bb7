//! `nanogate bundle`: whether lab records are what was written, and what is in them.

mod show;
mod verify;

use super::{Exit, Failure};

/// Arguments of `nanogate bundle`.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
`nanogate run --bundle DIR` writes a folder that holds a run whole: the record, the readings that
its figures follow from, what doctor found, the profile, the environment, the log, the report, and
a manifest with the SHA-256 of each.

Examples:
  nanogate run --profile x86-server-isolated --bundle lab/server-a
  nanogate bundle show lab/server-a
  nanogate bundle verify lab/*
  nanogate compare lab/server-a lab/server-b")]
pub(super) struct Arguments {
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Debug, clap::Subcommand)]
enum Verb {
    /// Hold each file against its digest, and each figure against the readings
    Verify(verify::Arguments),
    /// Say what is in a bundle
    Show(show::Arguments),
}

pub(super) fn main(arguments: &Arguments) -> Result<Exit, Failure> {
    match &arguments.verb {
        Verb::Verify(arguments) => verify::main(arguments),
        Verb::Show(arguments) => show::main(arguments),
    }
}
