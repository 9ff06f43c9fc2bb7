//! Flags that exclude what was given.

use clap::{Arg, ArgGroup, ArgMatches, Command, parser::ValueSource};

/// Whether a flag of nested verbs excludes something that was given to them, by name or by group.
/// The command is built, for its groups.
pub(super) fn is_excluded(
    command: &Command,
    verbs: &[String],
    id: &str,
    given: &ArgMatches,
) -> bool {
    let verb = verbs.iter().try_fold(command, |above, name| above.find_subcommand(name));
    let (Some(verb), Some(given)) = (verb, of(verbs, given)) else { return false };
    let Some(own) = verb.get_arguments().find(|arg| arg.get_id() == id) else { return false };
    let is_given = |arg: &&Arg| {
        let source = given.value_source(arg.get_id().as_str());
        source.is_some_and(|source| source != ValueSource::DefaultValue)
    };
    let others = verb.get_arguments().filter(|arg| arg.get_id() != own.get_id());
    others.filter(is_given).any(|other| excludes(verb, own, other))
}

/// What was given to nested verbs. `None` where others were asked for.
pub(super) fn of<'m>(verbs: &[String], given: &'m ArgMatches) -> Option<&'m ArgMatches> {
    verbs.iter().try_fold(given, |above, verb| above.subcommand_matches(verb))
}

/// Whether two flags of a verb exclude one another.
fn excludes(verb: &Command, one: &Arg, other: &Arg) -> bool {
    let names = |one: &Arg, other: &Arg| {
        verb.get_arg_conflicts_with(one).iter().any(|arg| arg.get_id() == other.get_id())
    };
    let holds_both = |group: &ArgGroup| {
        let mut ids = group.get_args().filter(|id| [one.get_id(), other.get_id()].contains(id));
        ids.nth(1).is_some() && !group.clone().is_multiple()
    };
    names(one, other) || names(other, one) || verb.get_groups().any(holds_both)
}
