//! What a profile is called, and what it is for.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::{ProfileError, refuse_unless};

/// The identity of a profile.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Identity {
    /// What flags call it: lower-case letters, digits and hyphens.
    pub id: String,
    /// What people call it.
    pub name: String,
    /// How far it is tried.
    pub status: Status,
    /// Whether it describes a whole machine.
    pub scope: Scope,
    /// For whom it is, and what its results mean.
    pub description: String,
}

/// How far a profile is tried.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Status {
    /// On such a machine, again and again.
    Supported,
    /// Not yet on the machine that it is for, or its plan may still change.
    Experimental,
}

impl fmt::Display for Status {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Supported => "supported",
            Self::Experimental => "experimental",
        })
    }
}

/// What a profile describes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Scope {
    /// A whole machine: the best match of a host is one of these.
    Machine,
    /// One backend, on whatever machine has it: it runs only where somebody names it.
    Part,
}

impl fmt::Display for Scope {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Machine => "machine",
            Self::Part => "part",
        })
    }
}

/// Whether a text may be an id: it is part of file names and of commands.
#[must_use]
pub fn is_id(text: &str) -> bool {
    let is_allowed = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
    !text.is_empty() && !text.starts_with('-') && text.chars().all(is_allowed)
}

impl Identity {
    pub(super) fn check(&self) -> Result<(), ProfileError> {
        let says = format!("`{}`: use lower-case letters, digits and hyphens", self.id);
        refuse_unless(is_id(&self.id), "identity.id", says)?;
        let texts = [("identity.name", &self.name), ("identity.description", &self.description)];
        texts.into_iter().try_for_each(|(key, text)| {
            refuse_unless(!text.trim().is_empty(), key, "is empty; say it for people")
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::platform::tests::refusal;

    /// Ids are names of files and words of commands; texts for people are there.
    #[test]
    fn identities_are_checked() {
        assert!(is_id("fpga-ecp5-85f") && is_id("2core"));
        assert!(!is_id("") && !is_id("-x") && !is_id("a/b") && !is_id("A"));
        let error = refusal("id = \"ci-shared-2core\"", "id = \"CI\"");
        assert!(error.contains("identity.id: `CI`"), "{error}");
    }
}
