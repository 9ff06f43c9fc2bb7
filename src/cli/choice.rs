//! Flags that take one of a few names: shells offer them, and a slip is answered with what was
//! meant.

use std::ffi::OsStr;

use clap::{
    Arg, Command, Error,
    builder::{PossibleValue, TypedValueParser},
};

use crate::nearest;

/// What a flag is read by, and the names that are offered for it.
#[derive(Clone)]
pub(super) struct Choice<T> {
    offered: Vec<String>,
    read: fn(&str) -> Result<T, String>,
}

/// A flag that is read by `read`, which may take more than what is offered.
pub(super) fn of<T>(
    offered: impl IntoIterator<Item: Into<String>>,
    read: fn(&str) -> Result<T, String>,
) -> Choice<T> {
    Choice { offered: offered.into_iter().map(Into::into).collect(), read }
}

impl<T: Clone + Send + Sync + 'static> TypedValueParser for Choice<T> {
    type Value = T;

    fn parse_ref(&self, command: &Command, arg: Option<&Arg>, value: &OsStr) -> Result<T, Error> {
        self.read.parse_ref(command, arg, value)
    }

    fn possible_values(&self) -> Option<Box<dyn Iterator<Item = PossibleValue> + '_>> {
        Some(Box::new(self.offered.iter().map(PossibleValue::new)))
    }
}

/// What has this name, of all that there is.
pub(super) fn find<'a, T>(
    what: &str,
    name: &str,
    all: impl IntoIterator<Item = (&'a str, T)>,
) -> Result<T, String> {
    let mut known = Vec::new();
    for (one, value) in all {
        if one == name {
            return Ok(value);
        }
        known.push(one);
    }
    let hint = nearest::hint(name, known.iter().copied());
    Err(format!("no such {what}; known: {}{hint}", known.join(", ")))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sides() -> [(&'static str, u8); 2] {
        [("left", 1), ("right", 2)]
    }

    /// A name finds its value, a slip what was meant, and all names are offered.
    #[test]
    fn names_are_found_and_offered() {
        let read = |name: &str| find("side", name, sides());
        assert_eq!(read("right"), Ok(2));
        assert_eq!(
            read("lfet"),
            Err("no such side; known: left, right; did you mean `left`?".into())
        );
        let choice = of(sides().map(|(name, _)| name), read);
        let offered: Vec<_> = choice.possible_values().unwrap().collect();
        assert_eq!(
            offered.iter().map(PossibleValue::get_name).collect::<Vec<_>>(),
            ["left", "right"]
        );
    }
}
