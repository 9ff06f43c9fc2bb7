//! What a flag says where it is not given: its environment variable, else the settings file, else
//! its default.

mod conflict;
mod file;
mod suggestion;
mod variables;

use std::{env, ffi::OsString};

use clap::{ArgMatches, Command, CommandFactory as _, FromArgMatches as _};

use super::{Arguments, Failure, terminal};
use file::{File, Setting};

/// Verbs that say the same on every machine and in every folder. Hidden ones are told all by flags:
/// a program of another version starts them, which has other settings.
const SETTLED: [&str; 2] = ["completions", "man"];

/// The flag by which a run starts its launches, which have nothing to add to what it says.
const LAUNCH: &str = "--launch";

/// The command line, with the variable of each flag: what help and manuals are made of.
pub(super) fn command() -> Command {
    variables::added(Arguments::command(), None)
}

/// What was asked for. Does not come back where that is help, or makes no sense.
pub(super) fn arguments() -> Result<Arguments, Failure> {
    let words: Vec<OsString> = env::args_os().collect();
    let typed = known(Arguments::command(), &words);
    let mut command = variables::added(Arguments::command(), typed.as_ref());
    let given = known(command.clone(), &words);
    // Help is had whatever the file says.
    let heeds_file = given.as_ref().is_some_and(|given| !is_settled(&command, given));
    let file = if heeds_file { File::open()? } else { None };
    let text = file.as_ref().map(|file| file.text().to_owned()).unwrap_or_default();
    let mut settings = Vec::new();
    if let Some(file) = &file {
        settings = file.settings(&command, given.as_ref())?;
        command = file::apply(command, &[], &settings);
    }
    let parsed = command.clone().try_get_matches_from(&words);
    let mut matches = parsed.unwrap_or_else(|error| refuse(error, &command, &words));
    if heeds_file && !words.iter().any(|word| word == LAUNCH) {
        if let Some(file) = file.filter(|_| terminal::is_watched()) {
            say(&file, &settings, &matches);
        }
        for slip in variables::slips(&command) {
            eprintln!("nanogate: {slip}");
        }
    }
    let mut arguments = Arguments::from_arg_matches_mut(&mut matches).map_err(Failure::usage)?;
    arguments.settings = text;
    Ok(arguments)
}

/// What is given, though it may be wrong, or not enough yet. `None` where it asks for help.
fn known(command: Command, words: &[OsString]) -> Option<ArgMatches> {
    command.ignore_errors(true).try_get_matches_from(words).ok()
}

fn is_settled(command: &Command, matches: &ArgMatches) -> bool {
    let Some(name) = matches.subcommand_name() else { return false };
    SETTLED.contains(&name) || command.find_subcommand(name).is_some_and(Command::is_hide_set)
}

/// Which flags are as the file has them: nobody should look for them elsewhere.
fn say(file: &File, settings: &[Setting], matches: &ArgMatches) {
    let used: Vec<String> = settings
        .iter()
        .filter(|setting| setting.is_used(matches))
        .map(ToString::to_string)
        .collect();
    if !used.is_empty() {
        eprintln!("settings  {} from {}", used.join(", "), file.path().display());
    }
}

/// Ends as clap does, with what was probably meant, and says where a flag comes from that nobody
/// typed.
fn refuse(mut error: clap::Error, command: &Command, words: &[OsString]) -> ! {
    suggestion::add(&mut error, command, words);
    // Where nothing can be shown, the exit code says enough.
    let _ = error.print();
    for variable in variables::behind(&error.to_string(), command, words) {
        eprintln!("nanogate: {variable} is set in the environment");
    }
    std::process::exit(error.exit_code())
}

#[cfg(test)]
mod tests;
