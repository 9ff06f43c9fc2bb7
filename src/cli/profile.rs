//! `nanogate profile`: what a lab runs on a machine, and whether this one is fit for it.

mod check;
mod detect;
mod host;
mod judge;
mod list;
mod names;
mod new;
mod obeyed;
mod open;

use super::{Exit, Failure, choice, output};
use crate::{backend::ProbeContext, platform::shipped};
pub(super) use judge::{Found, is_of_part};
pub(super) use obeyed::{Given, Obeyed, obey, warnings};
pub(super) use open::{Opened, named, open, text};

/// Arguments of `nanogate profile`.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
A profile says which hosts it is for, what such a host must have, where the measuring threads run,
what is measured and how, and what a gate allows. It is strict TOML: every key is there, and no
other. A path to a file is taken wherever an id is.

Examples:
  nanogate profile list
  nanogate profile detect                 # which one is for this host, and why not the others
  nanogate profile check                  # what this host lacks for it, and how to get it
  nanogate profile show ci-shared-2core > ours.toml
  nanogate profile new --out lab.toml     # one for this host, with a comment for every key
  nanogate run --profile lab.toml
  nanogate gate --profile ci-shared-2core --against origin/main")]
pub(super) struct Arguments {
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Debug, clap::Subcommand)]
enum Verb {
    /// List the profiles that come with this program
    List(list::Arguments),
    /// Print a profile, comments and all
    Show(Show),
    /// Say what this host lacks for a profile, and how to get it
    Check(check::Arguments),
    /// Name the profile that is for this host, and say why the others are not
    Detect(detect::Arguments),
    /// Write a profile for this host, with a comment for every key
    New(new::Arguments),
}

/// Arguments of `nanogate profile show`.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  nanogate profile show x86-server-isolated
  nanogate profile show lab.toml --json | jq .plan.batch_lens")]
struct Show {
    /// Its id, or a file
    #[arg(value_name = "ID|FILE", hide_possible_values = true,
          value_parser = choice::of(shipped::ids(), named))]
    profile: String,
    /// Print what it says as JSON, as schemas/nanogate.profile-1.schema.json states it
    #[arg(long)]
    json: bool,
}

pub(super) fn main(arguments: &Arguments, context: &ProbeContext) -> Result<Exit, Failure> {
    match &arguments.verb {
        Verb::List(arguments) => list::main(arguments),
        Verb::Show(arguments) => show(arguments),
        Verb::Check(arguments) => check::main(arguments, context),
        Verb::Detect(arguments) => detect::main(arguments, context),
        Verb::New(arguments) => new::main(arguments, context),
    }
}

fn show(arguments: &Show) -> Result<Exit, Failure> {
    let opened = open(&arguments.profile)?;
    if arguments.json {
        output::print_json(&opened.profile)?;
    } else {
        output::print(opened.text.trim_end())?;
    }
    Ok(Exit::Pass)
}
