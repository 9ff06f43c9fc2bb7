//! `nanogate completions`: what a shell needs to complete the command line.

use std::path::Path;

use clap::{ArgGroup, Command};
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
    let mut command = shown(&settings::command());
    clap_complete::generate(arguments.shell, &mut command, "nanogate", &mut script);
    let mut out = Output::open(Path::new("-"))?;
    out.write(&script)?;
    out.finish()?;
    Ok(Exit::Pass)
}

/// The command without what help does not show: the generators offer that too.
fn shown(command: &Command) -> Command {
    let args: Vec<_> = command.get_arguments().filter(|arg| !arg.is_hide_set()).collect();
    let is_shown = |id: &&clap::Id| args.iter().any(|arg| arg.get_id() == *id);
    let groups = command.get_groups().map(|group| {
        let members = group.get_args().filter(is_shown).cloned();
        ArgGroup::new(group.get_id().clone()).args(members).multiple(true)
    });
    let verbs = command.get_subcommands().filter(|verb| !verb.is_hide_set());
    let shown = Command::new(command.get_name().to_owned())
        .version(command.get_version().unwrap_or_default().to_owned())
        .about(command.get_about().cloned().unwrap_or_default())
        .groups(groups)
        .subcommands(verbs.map(shown));
    shown.args(args)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(command: &Command, words: &mut Vec<String>) {
        assert!(!command.is_hide_set(), "{}", command.get_name());
        assert!(!command.get_arguments().any(clap::Arg::is_hide_set), "{}", command.get_name());
        words.push(command.get_name().to_owned());
        command.get_subcommands().for_each(|verb| check(verb, words));
    }

    /// What is hidden is not there, all else is, and it holds together.
    #[test]
    fn hidden_things_are_left_out() {
        let mut words = Vec::new();
        check(&shown(&settings::command()), &mut words);
        assert!(words.iter().any(|word| word == "generate") && words.len() > 20, "{words:?}");
        shown(&settings::command()).debug_assert();
    }
}
