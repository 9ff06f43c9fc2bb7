//! What a flag says where it is not given: its environment variable, else the settings file, else
//! its default.

mod file;
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
    variables::added(Arguments::command())
}

/// What was asked for. Does not come back where that is help, or makes no sense.
pub(super) fn arguments() -> Result<Arguments, Failure> {
    let words: Vec<OsString> = env::args_os().collect();
    let command = command();
    let first = command.clone().try_get_matches_from(&words);
    // Help is had whatever the file says.
    let heeds_file = match &first {
        Ok(matches) => !is_settled(&command, matches),
        Err(error) => error.use_stderr(),
    };
    let file = if heeds_file { File::open()? } else { None };
    let text = file.as_ref().map(|file| file.text().to_owned()).unwrap_or_default();
    let parsed = match file {
        None => first,
        Some(file) => {
            let settings = file.settings(&command, first.as_ref().ok())?;
            let parsed = file::apply(command.clone(), &[], &settings).try_get_matches_from(&words);
            if let Ok(matches) = &parsed
                && terminal::is_watched()
                && !words.iter().any(|word| word == LAUNCH)
            {
                say(&file, &settings, matches);
            }
            parsed
        }
    };
    let mut matches = parsed.unwrap_or_else(|error| refuse(&error, &command, &words));
    let mut arguments = Arguments::from_arg_matches_mut(&mut matches).map_err(Failure::usage)?;
    arguments.settings = text;
    Ok(arguments)
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

/// Ends as clap does, and says where a flag comes from that nobody typed.
fn refuse(error: &clap::Error, command: &Command, words: &[OsString]) -> ! {
    // Where nothing can be shown, the exit code says enough.
    let _ = error.print();
    for variable in variables::behind(&error.to_string(), command, words) {
        eprintln!("nanogate: {variable} is set in the environment");
    }
    std::process::exit(error.exit_code())
}
