//! A profile by its id or from a file, with all of its names known.

use std::{
    fmt, fs,
    path::{MAIN_SEPARATOR, Path},
};

use super::names;
use crate::{
    cli::Failure,
    gate::limits::{Limits, LimitsError},
    nearest::hint,
    platform::{
        self, Profile, ProfileError,
        place::{self, Syntax},
        record::ProfileRecord,
        shipped,
    },
};

/// A profile that can be obeyed.
#[derive(Clone, Debug)]
pub(in crate::cli) struct Opened {
    /// What a user called it: an id, or a file.
    pub(in crate::cli) asked: String,
    /// What it says.
    pub(in crate::cli) profile: Profile,
    /// Its text, comments and all.
    pub(in crate::cli) text: String,
    /// SHA-256 of the text.
    pub(in crate::cli) digest: String,
    /// What a gate allows under it.
    pub(in crate::cli) limits: Limits,
}

/// Opens the profile that a user named.
pub(in crate::cli) fn open(asked: &str) -> Result<Opened, Failure> {
    Opened::of(asked, text(asked)?)
}

/// The limits in the text of a profile. What the syntax allows is told by the table.
fn limits(text: &str) -> Result<Limits, String> {
    let limits = Limits::within(text).and_then(|limits| {
        names::check_limits(&limits)?;
        Ok(limits)
    });
    limits.map_err(|error| match error {
        LimitsError::Syntax(error) => Syntax::of(&error, text).to_string(),
        error => match place::of_key(text, error.key()) {
            Some(place) => format!("{place}: limits: {error}"),
            None => format!("limits: {error}"),
        },
    })
}

/// The text of a shipped profile, or of a file.
pub(in crate::cli) fn text(asked: &str) -> Result<String, Failure> {
    if let Some(text) = shipped::find(asked) {
        return Ok(text.to_owned());
    }
    let path = named(asked).map_err(Failure::usage)?;
    fs::read_to_string(path)
        .map_err(|error| Failure::usage(format!("profile {asked}: cannot read the file: {error}")))
}

/// What is an id, or can be a file.
pub(in crate::cli) fn named(asked: &str) -> Result<String, String> {
    let path = Path::new(asked);
    let is_path = asked.contains(['/', MAIN_SEPARATOR]) || path.extension().is_some();
    if shipped::find(asked).is_some() || is_path || path.is_file() {
        return Ok(asked.to_owned());
    }
    let known: Vec<&str> = shipped::ids().collect();
    let hint = hint(asked, known.iter().copied());
    Err(format!("no profile `{asked}`; known: {}; or name a file{hint}", known.join(", ")))
}

impl Opened {
    /// Reads the text of the profile that a user called `asked`.
    pub(in crate::cli) fn of(asked: &str, text: String) -> Result<Self, Failure> {
        let refused =
            |error: &dyn fmt::Display| Failure::usage(format!("profile {asked}: {error}"));
        let profile = Profile::parse(&text).map_err(|error| refused(&error))?;
        names::check(&profile).map_err(|error| refused(&error.placed(&text)))?;
        let limits = limits(&text).map_err(|error| refused(&error))?;
        let digest = platform::digest(&text);
        Ok(Self { asked: asked.to_owned(), profile, text, digest, limits })
    }

    /// Its id.
    pub(in crate::cli) fn id(&self) -> &str {
        &self.profile.identity.id
    }

    /// What a record says of it before anything is known of the host.
    pub(in crate::cli) fn record(&self, overridden: Vec<String>) -> ProfileRecord {
        ProfileRecord {
            id: self.id().to_owned(),
            status: self.profile.identity.status,
            digest: self.digest.clone(),
            overridden,
            mismatches: Vec::new(),
            requirements: Vec::new(),
        }
    }
}

impl From<ProfileError> for Failure {
    /// Of a profile that comes with this program.
    fn from(error: ProfileError) -> Self {
        Self::internal(error)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::Exit;

    /// Every shipped profile can be obeyed: all its names are known here.
    #[test]
    fn shipped_profiles_open() {
        for id in shipped::ids() {
            let opened = open(id).unwrap_or_else(|error| panic!("{id}: {}", error.message()));
            assert_eq!(opened.id(), id);
            assert_eq!(opened.digest.len(), 64);
        }
    }

    /// A slip is answered by the ids there are and the one that was meant; a file that is missing
    /// by its name.
    #[test]
    fn slips_are_answered() {
        let refused = |asked: &str| {
            let failure = open(asked).unwrap_err();
            assert_eq!(failure.exit(), Exit::Usage);
            failure.message().to_owned()
        };
        assert!(refused("ci-shared-2cores").ends_with("did you mean `ci-shared-2core`?"));
        assert!(refused("quux").ends_with("or name a file"));
        assert!(refused("none.toml").contains("none.toml: cannot read the file"));
    }
}
