//! Texts that may stand for anything.

use std::fmt;

use serde::{Deserialize, Serialize};
use thiserror::Error;

/// The word for anything.
const ANY: &str = "any";

/// A part of a name, or `any`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Pattern(Option<String>);

/// A pattern without a text: every name would contain it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[error("is empty; write \"{ANY}\" for anything")]
pub struct EmptyPattern;

impl Pattern {
    /// The text that is asked for. `None` where anything goes.
    #[must_use]
    pub fn asked(&self) -> Option<&str> {
        self.0.as_deref()
    }

    /// Whether a name contains it, whatever the case of its letters.
    #[must_use]
    pub fn is_in(&self, name: &str) -> bool {
        let contains = |text: &str| name.to_lowercase().contains(&text.to_lowercase());
        self.asked().is_none_or(contains)
    }
}

impl TryFrom<String> for Pattern {
    type Error = EmptyPattern;

    fn try_from(text: String) -> Result<Self, EmptyPattern> {
        match text.trim() {
            "" => Err(EmptyPattern),
            ANY => Ok(Self(None)),
            _ => Ok(Self(Some(text))),
        }
    }
}

impl From<Pattern> for String {
    fn from(pattern: Pattern) -> Self {
        pattern.to_string()
    }
}

impl fmt::Display for Pattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.asked().unwrap_or(ANY))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A part of a name is found in any case; an empty one would be found everywhere.
    #[test]
    fn patterns_are_found() {
        let pattern = |text: &str| Pattern::try_from(text.to_owned());
        assert!(pattern("amd").unwrap().is_in("AuthenticAMD"));
        assert!(!pattern("Intel").unwrap().is_in("AuthenticAMD"));
        let any = pattern("any").unwrap();
        assert!(any.is_in("") && any.asked().is_none());
        assert_eq!(String::from(any), "any");
        assert_eq!(pattern(" "), Err(EmptyPattern));
    }
}
