//! `nanogate completions`: what a shell needs to complete the command line.

use std::path::Path;

use clap_complete::Shell;

use super::{Exit, Failure, output::Output, settings};

/// Arguments of `nanogate completions`.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  nanogate completions bash > ~/.local/share/bash-completion/completions/nanogate
  nanogate completions zsh > ~/.zfunc/_nanogate         # with ~/.zfunc in fpath
  nanogate completions fish > ~/.config/fish/completions/nanogate.fish
  nanogate completions powershell >> $PROFILE")]
pub(super) struct Arguments {
    /// The shell that is to complete
    #[arg(value_name = "SHELL")]
    shell: Shell,
}

pub(super) fn main(arguments: &Arguments) -> Result<Exit, Failure> {
    // Into memory first: the generator takes no for an answer badly.
    let mut script = Vec::new();
    clap_complete::generate(arguments.shell, &mut settings::command(), "nanogate", &mut script);
    let mut out = Output::open(Path::new("-"))?;
    out.write(&script)?;
    out.finish()?;
    Ok(Exit::Pass)
}
