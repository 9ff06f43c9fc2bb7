use clap::{Arg, ArgMatches, Command, CommandFactory as _};

use super::{
    file::{self, File},
    variables::{flag_of, is_switch},
    *,
};

/// Values of which every flag takes one.
const SAMPLES: [&str; 9] =
    ["scalar", "x.json", "1", "0.5", "cores=2", "fold-vec4", "name", "2026-12-31", "20"];

/// The flag with a value that it takes, as words and as a line of a file.
fn sample(arg: &Arg, verbs: &[String], flag: &str) -> Option<(String, String)> {
    if is_switch(arg) {
        return Some((format!("--{flag}"), "true".into()));
    }
    let offered = arg.get_possible_values();
    let offered = offered.iter().map(|value| value.get_name().to_owned());
    let all = offered.chain(SAMPLES.map(str::to_owned));
    let mut all = all.map(|value| (format!("--{flag}={value}"), format!("{value:?}")));
    all.find(|(_, line)| settings(verbs, flag, line).is_ok())
}

fn settings(verbs: &[String], flag: &str, line: &str) -> Result<Vec<Setting>, Failure> {
    let text = format!("{}.{flag} = {line}", verbs.join("."));
    File::of(text.trim_start_matches('.')).settings(&Arguments::command(), None)
}

/// What a verb cannot do without, but for one flag.
fn required(verb: &Command, verbs: &[String], but: &str) -> Vec<String> {
    let all = verb.get_arguments().filter(|arg| arg.is_required_set() && arg.get_id() != but);
    let word = |arg: &Arg| match flag_of(arg) {
        Some(flag) => sample(arg, verbs, flag).map_or_else(String::new, |(word, _)| word),
        None => "bash".into(),
    };
    all.map(word).collect()
}

fn parsed(command: Command, verbs: &[String], more: &[String]) -> Option<ArgMatches> {
    let words = [&["nanogate".to_owned()], verbs, more].concat();
    command.try_get_matches_from(words).ok()
}

fn check(verb: &Command, verbs: &[String], checked: &mut usize) {
    for arg in verb.get_arguments() {
        let Some(flag) = flag_of(arg) else { continue };
        let (word, line) = sample(arg, verbs, flag).unwrap_or_else(|| panic!("{verbs:?} {flag}"));
        let settings = settings(verbs, flag, &line).unwrap();
        let required = required(verb, verbs, arg.get_id().as_str());
        let typed = [&required[..], &[word]].concat();
        let Some(typed) = parsed(Arguments::command(), verbs, &typed) else { continue };
        let command = file::apply(Arguments::command(), &[], &settings);
        let read = parsed(command, verbs, &required).unwrap_or_else(|| panic!("{verbs:?} {flag}"));
        let raw = |all: &ArgMatches| -> Vec<OsString> {
            let found = conflict::of(verbs, all).unwrap().get_raw(arg.get_id().as_str());
            found.into_iter().flatten().map(ToOwned::to_owned).collect()
        };
        // A switch has no text of its own.
        assert!(is_switch(arg) || raw(&typed) == raw(&read), "{verbs:?} {flag}");
        *checked += 1;
    }
    for below in verb.get_subcommands().filter(|below| !below.is_hide_set()) {
        check(below, &[verbs, &[below.get_name().to_owned()]].concat(), checked);
    }
}

/// Whatever can be typed can stand in the file: it is taken, it is what would be typed, and nothing
/// is missing with it that would not be missing without.
#[test]
fn every_flag_can_stand_in_the_file() {
    let mut checked = 0;
    check(&Arguments::command(), &[], &mut checked);
    assert!(checked > 100, "{checked}");
}

/// What was typed excludes the variables and the settings that it conflicts with, also where
/// something else is wrong or missing.
#[test]
fn what_is_typed_excludes_by_verb() {
    let words = ["nanogate", "report", "--html", "--nonsense"].map(OsString::from);
    let typed = known(Arguments::command(), &words).unwrap();
    let mut built = Arguments::command();
    built.build();
    let is_excluded = |id: &str| conflict::is_excluded(&built, &["report".into()], id, &typed);
    assert!(is_excluded("format") && !is_excluded("out") && !is_excluded("html"));
    assert!(!conflict::is_excluded(&built, &["run".into()], "baseline", &typed));
    assert!(
        known(Arguments::command(), &["nanogate", "run", "--help"].map(OsString::from)).is_none()
    );
}
