//! Names of baselines: each is the name of a file too, so little is allowed.

use std::fmt;

use serde::Serialize;
use thiserror::Error;

/// Longest name, in bytes.
const LENGTH_MAX: usize = 64;

/// A name that is safe as the name of a file.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(transparent)]
pub struct BaselineName(String);

/// Why a text is no name.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum NameError {
    /// There is nothing.
    #[error("a name of a baseline cannot be empty")]
    Empty,
    /// It is too long.
    #[error("a name of a baseline has at most {LENGTH_MAX} bytes")]
    TooLong,
    /// It begins with something else than a letter or a digit.
    #[error("a name of a baseline begins with a letter or a digit, not with {0:?}")]
    Beginning(char),
    /// It holds what could be part of a path, or worse.
    #[error("a name of a baseline holds letters, digits, `.`, `-` and `_`, not {0:?}")]
    Character(char),
    /// It could not be told from a file.
    #[error("a name of a baseline does not end in `.json`: that would be a file")]
    LooksLikeFile,
}

impl BaselineName {
    /// A name of letters, digits, `.`, `-` and `_`.
    pub fn parse(text: &str) -> Result<Self, NameError> {
        let first = text.chars().next().ok_or(NameError::Empty)?;
        let is_plain = |c: char| c.is_ascii_alphanumeric();
        let is_odd = |c: &char| !is_plain(*c) && !".-_".contains(*c);
        if text.len() > LENGTH_MAX {
            Err(NameError::TooLong)
        } else if let Some(odd) = text.chars().find(is_odd) {
            Err(NameError::Character(odd))
        } else if !is_plain(first) {
            Err(NameError::Beginning(first))
        } else if Self::is_file(text) {
            Err(NameError::LooksLikeFile)
        } else {
            Ok(Self(text.into()))
        }
    }

    /// Whether a text means a file and no name: it holds a slash, or ends in `.json`.
    #[must_use]
    pub fn is_file(text: &str) -> bool {
        text.contains(['/', std::path::MAIN_SEPARATOR])
            || text.to_ascii_lowercase().ends_with(".json")
    }
}

impl fmt::Display for BaselineName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Ordinary names pass; what leaves the folder, hides, or cannot be told from a file does not.
    #[test]
    fn names_are_plain() {
        for good in ["main", "v1.2.3", "2026-12-31_before", "a", &"x".repeat(LENGTH_MAX)] {
            assert_eq!(BaselineName::parse(good).unwrap().to_string(), good);
        }
        for (bad, reason) in [
            ("", NameError::Empty),
            ("../x", NameError::Character('/')),
            ("a/b", NameError::Character('/')),
            ("a\\b", NameError::Character('\\')),
            ("..", NameError::Beginning('.')),
            (".hidden", NameError::Beginning('.')),
            ("-v", NameError::Beginning('-')),
            ("a b", NameError::Character(' ')),
            ("a\0", NameError::Character('\0')),
            ("gr\u{f6}sse", NameError::Character('\u{f6}')),
            ("run.json", NameError::LooksLikeFile),
            ("run.JSON", NameError::LooksLikeFile),
            (&"x".repeat(LENGTH_MAX + 1), NameError::TooLong),
        ] {
            assert_eq!(BaselineName::parse(bad), Err(reason), "{bad:?}");
        }
    }
}
