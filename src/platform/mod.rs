//! Profiles: what a lab runs on a machine, and what the machine must be for it.
//!
//! A profile is strict TOML: every key is there, and no other, so that two profiles can be read
//! side by side. Parsing and matching are pure. What a name of a backend, a method or a metric
//! means is known to higher layers, which check it.

pub mod backends;
pub mod draft;
pub mod facts;
pub mod identity;
pub mod limits;
pub mod matching;
pub mod pattern;
pub mod pinning;
pub mod place;
pub mod plan;
pub mod record;
pub mod requirements;
pub mod shipped;

use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};
use thiserror::Error;

use backends::Backends;
use identity::Identity;
use limits::LimitsTable;
use matching::Rules;
use pinning::Pinning;
use place::{Place, Syntax};
use plan::{GatePlan, Plan};
use requirements::Requirements;

/// Name and version of the format.
pub const SCHEMA: &str = "nanogate.profile/1";

/// A profile.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Profile {
    /// [`SCHEMA`].
    pub schema: String,
    /// What it is called, and what it is for.
    pub identity: Identity,
    /// The hosts that it is for.
    #[serde(rename = "match")]
    pub rules: Rules,
    /// What a host must have, or should.
    pub requirements: Requirements,
    /// Where the measuring threads run.
    pub pinning: Pinning,
    /// What is measured.
    pub backends: Backends,
    /// How a run measures it.
    pub plan: Plan,
    /// How a gate does.
    pub gate: GatePlan,
    /// What a gate allows.
    pub limits: LimitsTable,
}

/// Why a text is no profile.
#[derive(Debug, Error)]
pub enum ProfileError {
    /// No TOML, a key too many or too few, or a value of another kind.
    #[error("{0}")]
    Syntax(Syntax),
    /// Another format, or another version of it.
    #[error("schema = \"{0}\": this nanogate reads \"{SCHEMA}\"")]
    Schema(String),
    /// A value that makes no sense.
    #[error("{}{key}: {says}", place.map(|place| format!("{place}: ")).unwrap_or_default())]
    Value {
        /// Where in the text, once that is known.
        place: Option<Place>,
        /// Where it stands, such as `plan.batch_lens`.
        key: &'static str,
        /// What is wrong with it.
        says: String,
    },
}

impl ProfileError {
    /// A value that makes no sense.
    pub fn value(key: &'static str, says: impl Into<String>) -> Self {
        Self::Value { place: None, key, says: says.into() }
    }

    /// With the place in the text of the profile.
    #[must_use]
    pub fn placed(mut self, text: &str) -> Self {
        if let Self::Value { place, key, .. } = &mut self {
            *place = place::of_key(text, key);
        }
        self
    }
}

/// As much of a profile as tells its version.
#[derive(Deserialize)]
struct Head {
    schema: String,
}

impl Profile {
    /// Reads a profile.
    pub fn parse(text: &str) -> Result<Self, ProfileError> {
        // First: of another version other keys are right.
        let syntax = |error| ProfileError::Syntax(Syntax::of(&error, text));
        let Head { schema } = toml::from_str(text).map_err(syntax)?;
        if schema != SCHEMA {
            return Err(ProfileError::Schema(schema));
        }
        let profile: Self = toml::from_str(text).map_err(syntax)?;
        profile.check().map_err(|error| error.placed(text))?;
        Ok(profile)
    }

    fn check(&self) -> Result<(), ProfileError> {
        self.identity.check()?;
        self.rules.check()?;
        self.requirements.check()?;
        self.pinning.check()?;
        self.backends.check()?;
        self.plan.check()?;
        self.gate.check()
    }
}

/// SHA-256 of a profile's text, comments and all.
#[must_use]
pub fn digest(text: &str) -> String {
    hex::encode(Sha256::digest(text.as_bytes()))
}

/// Refuses a value unless it is in order.
fn refuse_unless(
    in_order: bool,
    key: &'static str,
    says: impl Into<String>,
) -> Result<(), ProfileError> {
    if in_order { Ok(()) } else { Err(ProfileError::value(key, says)) }
}

/// Whether no value stands twice.
fn is_distinct<T: PartialEq>(values: &[T]) -> bool {
    values.iter().enumerate().all(|(index, value)| !values[..index].contains(value))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A profile that is in order.
    pub(super) fn text() -> &'static str {
        shipped::find("ci-shared-2core").unwrap()
    }

    /// What one line in place of another makes of a profile that is in order.
    pub(super) fn refusal(line: &str, other: &str) -> String {
        assert!(text().contains(line), "{line}");
        let changed = text().replacen(line, other, 1);
        Profile::parse(&changed).unwrap_err().to_string()
    }

    /// A key too many, one too few, a slip in a value and a broken line are told with their place.
    #[test]
    fn slips_have_a_line_and_a_column() {
        let one_line = |start: &str| {
            let mut lines = text().lines().filter(|line| line.starts_with(start));
            lines.next().unwrap().to_owned()
        };
        for (line, other, says) in [
            ("[pinning]", "[pinning]\nnode = 1", "unknown field `node`"),
            ("[gate]", "[gates]", "unknown field `gates`"),
            (&one_line("launches"), "", "missing field `launches`"),
            (&one_line("name"), "", "missing field `name`"),
            (&one_line("lanes"), "", "missing field `lanes`"),
            (&one_line("status"), "status = \"fine\"", "unknown variant `fine`"),
            (&one_line("turbo"), "turbo = { need = \"wanted\" }", "missing field `value`"),
            (&one_line("threads"), "threads = [\"most\"]", "or \"all\""),
            (&one_line("cpu_features"), "cpu_features = [\"avx9\"]", "avx9"),
            (&one_line("policy"), "policy =", "must be quoted"),
        ] {
            let error = refusal(line, other);
            assert!(error.contains(says), "{other}: {error}");
            assert!(error.contains("line ") && error.contains(", column "), "{other}: {error}");
        }
        let error = Profile::parse(&text().replace("schema =", "scheme =")).unwrap_err();
        assert!(error.to_string().contains("line 1"), "{error}");
    }

    /// A value that makes no sense has a place too, and a key that is none the one that was meant.
    #[test]
    fn values_have_a_place() {
        let error = refusal("launches = 3", "launches = 0");
        let line = text().lines().position(|line| line == "launches = 3").unwrap() + 1;
        assert!(error.starts_with(&format!("line {line}, column 12: plan.launches")), "{error}");
        let error = refusal("launches = 3", "launch = 3");
        assert!(error.ends_with("did you mean `launches`?"), "{error}");
        let error = refusal("seed = 1", "seed = \"x\"");
        assert!(error.ends_with("expected a whole number from 0"), "{error}");
    }

    /// Another version is told as such, whatever else it says.
    #[test]
    fn other_versions_are_told() {
        let error = Profile::parse("schema = \"nanogate.profile/2\"\nnew = 1").unwrap_err();
        assert!(error.to_string().contains("reads \"nanogate.profile/1\""), "{error}");
    }

    /// What is read is written with the same keys and values: JSON loses nothing of a profile.
    #[test]
    fn nothing_is_lost() {
        for (id, text) in shipped::ALL {
            let table: toml::Table = toml::from_str(text).unwrap();
            let profile = Profile::parse(text).unwrap();
            let (written, given) =
                (serde_json::to_value(&profile).unwrap(), serde_json::to_value(&table).unwrap());
            assert_eq!(numbers_alike(written), numbers_alike(given), "{id}");
        }
    }

    /// `1` and `1.0` are the same budget.
    fn numbers_alike(value: serde_json::Value) -> serde_json::Value {
        use serde_json::Value;
        match value {
            Value::Number(number) => number.as_f64().into(),
            Value::Array(values) => values.into_iter().map(numbers_alike).collect(),
            Value::Object(map) => {
                map.into_iter().map(|(key, value)| (key, numbers_alike(value))).collect()
            }
            other => other,
        }
    }
}
