//! The environment variable of each flag: `NANOGATE_RUN_BUDGET` is `--budget` of `nanogate run`.
//!
//! One that is empty is not set, so that CI can pass on what it was not given.

use std::{
    env,
    ffi::{OsStr, OsString},
};

use clap::{Arg, ArgAction, Command, builder::BoolishValueParser};

/// What all of them begin with.
const PREFIX: &str = "NANOGATE";

/// What turns a switch off, whatever the case.
const NO: [&str; 6] = ["0", "f", "false", "n", "no", "off"];

/// Gives every flag its variable.
pub(super) fn added(command: Command) -> Command {
    walk(command, PREFIX)
}

fn walk(command: Command, prefix: &str) -> Command {
    let command = command.mut_args(|arg| with_variable(arg, prefix));
    command.mut_subcommands(|verb| {
        if verb.is_hide_set() {
            return verb;
        }
        let prefix = joined(prefix, verb.get_name());
        walk(verb, &prefix)
    })
}

fn joined(prefix: &str, name: &str) -> String {
    format!("{prefix}_{}", name.to_uppercase().replace('-', "_"))
}

/// The name by which a flag is set elsewhere. `None` for what stands alone, and for what is hidden.
pub(super) fn flag_of(arg: &Arg) -> Option<&str> {
    arg.get_long().filter(|_| !arg.is_hide_set())
}

/// Whether a flag has no value.
pub(super) fn is_switch(arg: &Arg) -> bool {
    matches!(arg.get_action(), ArgAction::SetTrue)
}

/// The variable of a flag of nested verbs.
pub(super) fn name_of(verbs: &[String], flag: &str) -> String {
    let prefix = verbs.iter().fold(PREFIX.to_owned(), |prefix, verb| joined(&prefix, verb));
    joined(&prefix, flag)
}

/// Whether a variable says anything.
pub(super) fn is_set(name: &str) -> bool {
    env::var_os(name).is_some_and(|value| !value.is_empty())
}

fn with_variable(arg: Arg, prefix: &str) -> Arg {
    let Some(name) = flag_of(&arg).map(|flag| joined(prefix, flag)) else { return arg };
    let is_switch = is_switch(&arg);
    let arg = if is_switch { arg.value_parser(BoolishValueParser::new()) } else { arg };
    match env::var_os(&name) {
        // What is off excludes nothing, as clap would have it.
        Some(value) if value.is_empty() || (is_switch && is_no(&value)) => arg,
        _ => arg.env(name),
    }
}

fn is_no(value: &OsStr) -> bool {
    NO.iter().any(|no| value.eq_ignore_ascii_case(no))
}

/// The variables that are set for flags that an error names.
pub(super) fn behind(error: &str, command: &Command, words: &[OsString]) -> Vec<String> {
    let mut found = Vec::new();
    collect(error, command, words, PREFIX, &mut found);
    found
}

fn collect(
    error: &str,
    command: &Command,
    words: &[OsString],
    prefix: &str,
    found: &mut Vec<String>,
) {
    let named = command.get_arguments().filter_map(flag_of);
    let named = named.filter(|flag| error.contains(&format!("--{flag}")));
    found.extend(named.map(|flag| joined(prefix, flag)).filter(|name| is_set(name)));
    for verb in command.get_subcommands() {
        if words.iter().any(|word| word.as_os_str() == verb.get_name()) {
            collect(error, verb, words, &joined(prefix, verb.get_name()), found);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use clap::CommandFactory as _;

    use super::*;
    use crate::cli::Arguments;

    /// Every variable of the command and of all below it.
    fn all(command: &Command, found: &mut Vec<String>) {
        let own = command.get_arguments().filter_map(Arg::get_env);
        found.extend(own.map(|name| name.to_string_lossy().into_owned()));
        command.get_subcommands().for_each(|verb| all(verb, found));
    }

    /// Every flag that is shown has a variable, no two have the same, and what has none is hidden
    /// or stands alone.
    #[test]
    fn every_flag_has_a_variable_of_its_own() {
        let mut found = Vec::new();
        all(&added(Arguments::command()), &mut found);
        let different: BTreeSet<&String> = found.iter().collect();
        assert_eq!(different.len(), found.len());
        for name in [
            "NANOGATE_GPU",
            "NANOGATE_HIDE_CPU",
            "NANOGATE_RUN_BUDGET",
            "NANOGATE_RUN_SAVE_BASELINE",
            "NANOGATE_CORPUS_BUILD_OUT",
        ] {
            assert!(different.contains(&name.to_owned()), "{name}: {found:?}");
        }
        for name in ["NANOGATE_RUN_LAUNCH", "NANOGATE_WORKER_BATCH", "NANOGATE_DECIDE_INPUT"] {
            assert!(!different.contains(&name.to_owned()), "{name}");
        }
    }

    /// Variables that are none of a flag are not taken for one.
    #[test]
    fn other_variables_stay_apart() {
        let mut found = Vec::new();
        all(&added(Arguments::command()), &mut found);
        for other in ["CONFIG", "LAYOUT", "STATE_DIR", "SYSTEM_ROOT", "FEATURES", "RESULT"] {
            assert!(!found.contains(&joined(PREFIX, other)), "{other}");
        }
    }

    /// Names are those of the verbs and the flag.
    #[test]
    fn names_follow_the_verbs() {
        let verbs = ["corpus".to_owned(), "build".to_owned()];
        assert_eq!(name_of(&verbs, "out"), "NANOGATE_CORPUS_BUILD_OUT");
        assert_eq!(name_of(&[], "gpu-variant"), "NANOGATE_GPU_VARIANT");
        assert!(["No", "0", "OFF"].iter().all(|word| is_no(OsStr::new(word))));
        assert!(!is_no(OsStr::new("yes")));
    }
}
