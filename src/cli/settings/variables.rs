//! The environment variable of each flag: `NANOGATE_RUN_BUDGET` is `--budget` of `nanogate run`.
//!
//! One that is empty is not set, so that CI can pass on what it was not given.

use std::{
    env,
    ffi::{OsStr, OsString},
};

use clap::{Arg, ArgAction, ArgMatches, Command, builder::BoolishValueParser};

use super::conflict;
use crate::nearest;

/// What all of them begin with.
const PREFIX: &str = "NANOGATE";

/// What turns a switch off, whatever the case.
const NO: [&str; 6] = ["0", "f", "false", "n", "no", "off"];

/// Variables that no flag has, without what all begin with: of the program, then of its build, its
/// tests and its scripts.
const OTHERS: [&str; 14] = [
    "CONFIG",
    "LAYOUT",
    "STATE_DIR",
    "SYSTEM_ROOT",
    "COMMIT",
    "RTL_SHA256",
    "RUSTC",
    "RUSTFLAGS",
    "TARGET",
    "VERILATOR",
    "REQUIRE_VERILATOR",
    "FEATURES",
    "RECORD",
    "RESULT",
];

/// Gives every flag its variable, but for those that what was typed excludes.
pub(super) fn added(command: Command, typed: Option<&ArgMatches>) -> Command {
    // Groups are known once it is built.
    let mut built = command.clone();
    built.build();
    let is_excluded = |verbs: &[String], arg: &Arg| {
        let id = arg.get_id().as_str();
        typed.is_some_and(|typed| conflict::is_excluded(&built, verbs, id, typed))
    };
    walk(command, &[], &is_excluded)
}

fn walk(
    command: Command,
    verbs: &[String],
    is_excluded: &dyn Fn(&[String], &Arg) -> bool,
) -> Command {
    let command = command
        .mut_args(|arg| if is_excluded(verbs, &arg) { arg } else { with_variable(arg, verbs) });
    command.mut_subcommands(|verb| {
        if verb.is_hide_set() {
            return verb;
        }
        let below = [verbs, &[verb.get_name().to_owned()]].concat();
        walk(verb, &below, is_excluded)
    })
}

fn joined(prefix: &str, name: &str) -> String {
    format!("{prefix}_{}", name.to_uppercase().replace('-', "_"))
}

/// Variables that are set as if they were of a flag, and are of none.
pub(super) fn slips(command: &Command) -> Vec<String> {
    let mut known = Vec::new();
    names(command, PREFIX, &mut known);
    known.extend(OTHERS.map(|other| joined(PREFIX, other)));
    let set = env::vars_os().filter(|(_, value)| !value.is_empty());
    let set = set.filter_map(|(name, _)| name.into_string().ok());
    let mut slips: Vec<String> = set.filter_map(|name| slip(&name, &known)).collect();
    slips.sort();
    slips
}

fn slip(name: &str, known: &[String]) -> Option<String> {
    let own = |name: &'_ str| Some(name.strip_prefix(PREFIX)?.strip_prefix('_')?.to_owned());
    let short = own(name)?;
    if known.iter().any(|known| known == name) {
        return None;
    }
    // What all begin with makes nothing alike.
    let all: Vec<String> = known.iter().filter_map(|known| own(known)).collect();
    let meant = nearest::nearest(&short, all.iter().map(String::as_str));
    let hint =
        meant.map_or_else(String::new, |meant| format!("; did you mean `{PREFIX}_{meant}`?"));
    Some(format!("{name} is set, and is the variable of no flag{hint}"))
}

/// The variable of every flag that is shown.
fn names(command: &Command, prefix: &str, found: &mut Vec<String>) {
    found.extend(command.get_arguments().filter_map(flag_of).map(|flag| joined(prefix, flag)));
    for verb in command.get_subcommands().filter(|verb| !verb.is_hide_set()) {
        names(verb, &joined(prefix, verb.get_name()), found);
    }
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

fn with_variable(arg: Arg, verbs: &[String]) -> Arg {
    let Some(name) = flag_of(&arg).map(|flag| name_of(verbs, flag)) else { return arg };
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
        all(&added(Arguments::command(), None), &mut found);
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
        all(&added(Arguments::command(), None), &mut found);
        for other in OTHERS {
            assert!(!found.contains(&joined(PREFIX, other)), "{other}");
        }
    }

    /// What is like a variable of a flag is said, with the flag's; what others read is not.
    #[test]
    fn slips_are_found() {
        let known = ["NANOGATE_RUN_BUDGET".to_owned(), "NANOGATE_CONFIG".to_owned()];
        let said = slip("NANOGATE_RUN_BUDGT", &known).unwrap();
        assert!(said.ends_with("did you mean `NANOGATE_RUN_BUDGET`?"), "{said}");
        let said = slip("NANOGATE_QUUX", &known).unwrap();
        assert!(said.ends_with("of no flag"), "{said}");
        for fine in ["NANOGATE_CONFIG", "NANOGATES", "HOME"] {
            assert_eq!(slip(fine, &known), None);
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
