//! The verb or the flag that was probably meant, where clap does not see it.

use std::ffi::OsString;

use clap::{
    Command, Error,
    error::{ContextKind, ContextValue, ErrorKind},
};

use crate::nearest;

/// Adds it to an error about a verb that there is not.
pub(super) fn add(error: &mut Error, command: &Command, words: &[OsString]) {
    let Some(ContextValue::String(given)) = error.get(ContextKind::InvalidSubcommand) else {
        return;
    };
    if error.kind() != ErrorKind::InvalidSubcommand {
        return;
    }
    let given = given.clone();
    let mut built = command.clone();
    built.build();
    let above = words.iter().take_while(|word| **word != *given);
    let verb = above.fold(&built, |verb, word| verb.find_subcommand(word).unwrap_or(verb));
    let verbs = verb.get_subcommands().filter(|verb| !verb.is_hide_set());
    if verb.get_arguments().any(|arg| arg.get_long() == Some(&given)) {
        error.remove(ContextKind::SuggestedSubcommand);
        error.insert(ContextKind::SuggestedArg, ContextValue::String(format!("--{given}")));
    } else if error.get(ContextKind::SuggestedSubcommand).is_none()
        && let Some(meant) = nearest::nearest(&given, verbs.map(Command::get_name))
    {
        let meant = ContextValue::Strings(vec![meant.to_owned()]);
        error.insert(ContextKind::SuggestedSubcommand, meant);
    }
}
