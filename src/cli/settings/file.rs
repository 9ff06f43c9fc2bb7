//! The settings file: what flags say where neither the command line nor the environment does.
//!
//! Tables are verbs, keys are flags by their names, values are what the flag would be given. A key
//! that is none, and a value that the flag would not take, are errors with line and column.

use std::{
    env, fmt, fs,
    path::{Path, PathBuf},
};

use clap::{
    Arg, ArgAction, ArgMatches, Command, CommandFactory as _, error::ErrorKind, parser::ValueSource,
};
use toml::{
    Spanned,
    de::{DeTable, DeValue},
};

use super::{
    conflict,
    variables::{self, flag_of, is_switch},
};
use crate::{
    cli::{Arguments, Failure},
    nearest,
};

/// Where it is looked for: here first, then below the user's folder of settings.
const HERE: &str = "nanogate.toml";
const AT_HOME: &str = "nanogate/config.toml";

/// Names another file, or, if it is empty, none.
const VARIABLE: &str = "NANOGATE_CONFIG";

/// A file of settings.
pub(super) struct File {
    path: PathBuf,
    text: String,
}

/// What a file says of one flag.
#[derive(Debug)]
pub(super) struct Setting {
    /// The verb, and the verbs above it.
    verbs: Vec<String>,
    /// As the command line has it.
    flag: String,
    /// As clap has it.
    id: String,
    is_switch: bool,
    values: Vec<String>,
    /// Bytes before it.
    at: usize,
}

impl fmt::Display for Setting {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.verbs.iter().try_for_each(|verb| write!(f, "{verb}."))?;
        f.write_str(&self.flag)
    }
}

impl File {
    /// The file of this folder, else that of the user. `None` where there is none.
    pub(super) fn open() -> Result<Option<Self>, Failure> {
        locate().map(|path| Self::read(&path)).transpose()
    }

    fn read(path: &Path) -> Result<Self, Failure> {
        let refused = |why: &dyn fmt::Display| {
            let shown = path.display();
            Failure::usage(format!(
                "{shown}: cannot read the settings: {why}; mend it, or name another with \
                 {VARIABLE}"
            ))
        };
        if !path.is_file() {
            return Err(refused(&"no such file"));
        }
        let text = fs::read_to_string(path).map_err(|error| refused(&error))?;
        Ok(Self { path: path.to_owned(), text })
    }

    /// A file with this text.
    #[cfg(test)]
    pub(super) fn of(text: &str) -> Self {
        Self { path: HERE.into(), text: text.into() }
    }

    pub(super) fn text(&self) -> &str {
        &self.text
    }

    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    /// All that it says, but for what yields to the environment or to what was given.
    pub(super) fn settings(
        &self,
        command: &Command,
        given: Option<&ArgMatches>,
    ) -> Result<Vec<Setting>, Failure> {
        let table = DeTable::parse(&self.text).map_err(|error| {
            self.refused(error.span().map_or(0, |span| span.start), error.message())
        })?;
        let mut settings = Vec::new();
        self.read_table(table.get_ref(), command, &[], &mut settings)?;
        // Groups are known once it is built.
        let mut built = command.clone();
        built.build();
        settings.retain(|setting| !setting.yields(&built, given));
        Ok(settings)
    }

    fn read_table(
        &self,
        table: &DeTable<'_>,
        command: &Command,
        verbs: &[String],
        found: &mut Vec<Setting>,
    ) -> Result<(), Failure> {
        let first = found.len();
        for (key, value) in table {
            let name: &str = key.get_ref();
            let refused = |why: &str| self.refused(key.span().start, why);
            if let DeValue::Table(inner) = value.get_ref() {
                let verb = visible(command).find(|verb| verb.get_name() == name);
                let verb = verb.ok_or_else(|| refused(&unknown_verb(name, command)))?;
                let path = [verbs, &[name.to_owned()]].concat();
                self.read_table(inner, verb, &path, found)?;
            } else {
                let arg = command.get_arguments().find(|arg| flag_of(arg) == Some(name));
                let arg = arg.ok_or_else(|| refused(&unknown_flag(name, command)))?;
                let setting = Setting {
                    verbs: verbs.to_vec(),
                    flag: name.to_owned(),
                    id: arg.get_id().to_string(),
                    is_switch: is_switch(arg),
                    values: self.values(value, arg)?,
                    at: value.span().start,
                };
                self.check(&[&setting])?;
                found.push(setting);
            }
        }
        // What is right alone may exclude one another.
        let own = found.iter().skip(first).filter(|setting| setting.verbs == verbs);
        self.check(&own.collect::<Vec<_>>())
    }

    /// The words that the flag would be given.
    fn values(&self, value: &Spanned<DeValue<'_>>, arg: &Arg) -> Result<Vec<String>, Failure> {
        let refused = |why: &str| self.refused(value.span().start, why);
        let is_list = matches!(arg.get_action(), ArgAction::Append);
        match value.get_ref() {
            DeValue::Boolean(is_on) if is_switch(arg) => Ok(vec![is_on.to_string()]),
            _ if is_switch(arg) => Err(refused("give true or false: the flag has no value")),
            DeValue::Array(all) if is_list => all.iter().map(|one| self.word(one)).collect(),
            DeValue::Array(_) => Err(refused("give one value: the flag takes no list")),
            _ => Ok(vec![self.word(value)?]),
        }
    }

    fn word(&self, value: &Spanned<DeValue<'_>>) -> Result<String, Failure> {
        match value.get_ref() {
            DeValue::String(text) => Ok(text.to_string()),
            DeValue::Integer(number) => Ok(number.to_string()),
            DeValue::Float(number) => Ok(number.as_str().to_owned()),
            _ => Err(self.refused(value.span().start, "give a text or a number")),
        }
    }

    /// Whether the command line would take these flags of one verb.
    fn check(&self, settings: &[&Setting]) -> Result<(), Failure> {
        let [first, ..] = settings else { return Ok(()) };
        let flags = settings.iter().flat_map(|setting| setting.words());
        let words = std::iter::once("nanogate".to_owned()).chain(first.verbs.clone()).chain(flags);
        match Arguments::command().try_get_matches_from(words) {
            // What else is missing is given elsewhere.
            Err(error) if is_of_values(error.kind()) => Err(self.refused(first.at, &why(&error))),
            _ => Ok(()),
        }
    }

    fn refused(&self, at: usize, why: &str) -> Failure {
        let (line, column) = position(&self.text, at);
        Failure::usage(format!("{}:{line}:{column}: {why}", self.path.display()))
    }
}

fn locate() -> Option<PathBuf> {
    if let Some(named) = env::var_os(VARIABLE) {
        return (!named.is_empty()).then(|| named.into());
    }
    let at_home = home().map(|folder| folder.join(AT_HOME));
    [Some(HERE.into()), at_home].into_iter().flatten().find(|path| path.is_file())
}

/// The user's folder of settings. Source: XDG Base Directory Specification.
fn home() -> Option<PathBuf> {
    let absolute = |name| env::var_os(name).map(PathBuf::from).filter(|path| path.is_absolute());
    absolute("XDG_CONFIG_HOME").or_else(|| absolute("HOME").map(|home| home.join(".config")))
}

fn visible(command: &Command) -> impl Iterator<Item = &Command> {
    command.get_subcommands().filter(|verb| !verb.is_hide_set())
}

fn unknown_verb(name: &str, command: &Command) -> String {
    let hint = nearest::hint(name, visible(command).map(Command::get_name));
    format!("`{}` has no verb `{name}`{hint}", command.get_name())
}

fn unknown_flag(name: &str, command: &Command) -> String {
    if visible(command).any(|verb| verb.get_name() == name) {
        return format!("`{name}` is a verb: write its flags below [{name}], once");
    }
    let hint = nearest::hint(name, command.get_arguments().filter_map(flag_of));
    format!("`{}` has no flag `--{name}`{hint}", command.get_name())
}

/// Whether an error is of what was given, and not of what was not.
const fn is_of_values(kind: ErrorKind) -> bool {
    matches!(
        kind,
        ErrorKind::ArgumentConflict
            | ErrorKind::InvalidUtf8
            | ErrorKind::InvalidValue
            | ErrorKind::NoEquals
            | ErrorKind::TooFewValues
            | ErrorKind::TooManyValues
            | ErrorKind::ValueValidation
            | ErrorKind::WrongNumberOfValues
    )
}

/// What clap says of an error, in one line without the help that follows it.
fn why(error: &clap::Error) -> String {
    let said = error.to_string();
    let lines = said.lines().map(str::trim).take_while(|line| !line.starts_with("Usage"));
    let lines: Vec<&str> =
        lines.filter(|line| !line.is_empty() && !line.starts_with("For more")).collect();
    lines.join(" ").trim_start_matches("error: ").to_owned()
}

/// Line and column of a byte, both from 1 on.
fn position(text: &str, at: usize) -> (usize, usize) {
    let before = text.get(..at).unwrap_or(text);
    let line = before.rsplit('\n').next().unwrap_or_default();
    (before.matches('\n').count() + 1, line.chars().count() + 1)
}

impl Setting {
    /// What would be typed.
    fn words(&self) -> Vec<String> {
        let flag = format!("--{}", self.flag);
        if !self.is_switch {
            return self.values.iter().map(|value| format!("{flag}={value}")).collect();
        }
        if self.values == ["true"] { vec![flag] } else { Vec::new() }
    }

    /// Whether something weighs more: its variable, or what was given and excludes it.
    fn yields(&self, command: &Command, given: Option<&ArgMatches>) -> bool {
        if variables::is_set(&variables::name_of(&self.verbs, &self.flag)) {
            return true;
        }
        given.is_some_and(|given| conflict::is_excluded(command, &self.verbs, &self.id, given))
    }

    /// Whether a flag of the verb that was asked for is as the file has it.
    pub(super) fn is_used(&self, matches: &ArgMatches) -> bool {
        let verb = conflict::of(&self.verbs, matches);
        let source = verb.and_then(|verb| verb.value_source(&self.id));
        source == Some(ValueSource::DefaultValue)
    }
}

/// Makes what a file says the default of each flag.
pub(super) fn apply(command: Command, verbs: &[String], settings: &[Setting]) -> Command {
    let set = |arg: Arg| {
        let is_own = |one: &&Setting| one.verbs == verbs && one.id == arg.get_id().as_str();
        match settings.iter().find(is_own) {
            Some(own) => arg.required(false).default_values(own.values.clone()),
            None => arg,
        }
    };
    command.mut_args(set).mut_subcommands(|verb| {
        let path = [verbs, &[verb.get_name().to_owned()]].concat();
        apply(verb, &path, settings)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parsed(text: &str, words: &[&str]) -> ArgMatches {
        let command = Arguments::command();
        let first = command.clone().try_get_matches_from(words).ok();
        let settings = File::of(text).settings(&command, first.as_ref()).map_err(|_| ()).unwrap();
        apply(command, &[], &settings).try_get_matches_from(words).unwrap()
    }

    fn texts(matches: &ArgMatches, flag: &str) -> Vec<String> {
        let raw = matches.get_raw(flag).into_iter().flatten();
        raw.map(|value| value.to_string_lossy().into_owned()).collect()
    }

    /// What the file says holds where nothing is given, and nowhere else.
    #[test]
    fn a_file_is_the_default() {
        let text = "gpu = 'one'\n[run]\nbackend = ['scalar', 'reference']\nbudget = 0.5\n\
                    quick = true\n[gate]\nagainst = 'main'\n[corpus.build]\nout = 'mine.csv'\n";
        let all = parsed(text, &["nanogate", "run", "--budget", "2"]);
        let run = all.subcommand_matches("run").unwrap();
        assert_eq!(texts(run, "backend"), ["scalar", "reference"]);
        assert_eq!(texts(run, "budget"), ["2"]);
        assert!(run.get_flag("quick"));
        assert_eq!(texts(run, "gpu"), ["one"]);
        let gate = parsed(text, &["nanogate", "gate"]);
        assert_eq!(texts(gate.subcommand_matches("gate").unwrap(), "against"), ["main"]);
        let verify = parsed(text, &["nanogate", "verify"]);
        assert!(texts(verify.subcommand_matches("verify").unwrap(), "backend").is_empty());
    }

    /// What was given excludes what the file says against it, by name and by group.
    #[test]
    fn what_is_given_weighs_more() {
        let text = "[run]\nbaseline = 'main'\n[doctor]\nfix = true\n";
        let run = parsed(text, &["nanogate", "run", "--baseline-lenient", "other"]);
        assert!(texts(run.subcommand_matches("run").unwrap(), "baseline").is_empty());
        let doctor = parsed(text, &["nanogate", "doctor", "--restore"]);
        assert!(!doctor.subcommand_matches("doctor").unwrap().get_flag("fix"));
        let doctor = parsed(text, &["nanogate", "doctor"]);
        assert!(doctor.subcommand_matches("doctor").unwrap().get_flag("fix"));
    }

    /// Whatever is wrong is said with its place, and what was probably meant.
    #[test]
    fn slips_are_errors_with_their_place() {
        for (text, says) in [
            ("[run]\nbudgt = 1", "nanogate.toml:2:1: `run` has no flag `--budgt`; did you mean"),
            ("[runn]\nbudget = 1", ":1:2: `nanogate` has no verb `runn`; did you mean `run`?"),
            ("[worker]\nbatch = 1", "has no verb `worker`"),
            ("[run]\nlaunch = 1", "has no flag `--launch`"),
            ("[run]\n  budget = 'much'", ":2:12: invalid value 'much' for '--budget"),
            ("[run]\nbudget = [1, 2]", ":2:10: give one value"),
            ("[run]\nquick = 'yes'", ":2:9: give true or false"),
            ("[run]\nbatch = [1, [2]]", ":2:13: give a text or a number"),
            ("[run]\nbatch = [0]", ":2:9: "),
            ("[decide]\nraw = true\nsummary = true", "cannot be used with"),
            ("[report]\nfrom = 'elsewhere'", "github-action-benchmark"),
            ("run = 1", ":1:1: `run` is a verb: write its flags below [run]"),
            ("[[run]]\nbudget = 1", "`run` is a verb"),
            ("[run]\nbackend = ['scaler']", ":2:11: invalid value 'scaler'"),
            ("[run]\nprofile = 'h200'", ":2:11: "),
            ("[run\n", ":1:"),
        ] {
            let refused = File::of(text).settings(&Arguments::command(), None).unwrap_err();
            assert!(refused.message().contains(says), "{text}: {}", refused.message());
            assert!(!refused.message().contains('\n'), "{}", refused.message());
        }
    }

    /// A place is counted in lines and characters.
    #[test]
    fn places_are_counted_in_characters() {
        assert_eq!(position("", 0), (1, 1));
        assert_eq!(position("a\nµs = 1", 4), (2, 2));
    }
}
