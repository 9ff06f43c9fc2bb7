//! A baseline: a record that later ones are compared with, in an envelope that shows whether it is
//! still what was saved, as `schemas/nanogate.baseline-1.schema.json` states it.

mod folder;
mod name;

use serde::{Deserialize, Serialize};
use serde_json::Value;
use sha2::{Digest as _, Sha256};
use thiserror::Error;

pub use folder::{Folder, FolderError, Saved};
pub use name::{BaselineName, NameError};

use super::record::{self, RunRecord};

/// Name and version of the format.
pub const SCHEMA: &str = "nanogate.baseline/1";

/// A record in its envelope.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Baseline {
    /// [`SCHEMA`].
    pub schema: String,
    /// Seconds since 1970 when it was saved.
    pub saved_unix_s: u64,
    /// SHA-256 of the record: as JSON without blanks, the names of each object sorted.
    pub record_sha256: String,
    /// The record.
    pub record: RunRecord,
}

/// Why a document is no baseline and no record that could be compared.
#[derive(Debug, Error)]
pub enum Refused {
    /// It ends too early.
    #[error("it is cut off: {0}")]
    CutOff(serde_json::Error),
    /// It is no JSON, or not in the form that its name and version promise.
    #[error("it is not in the right form: {0}")]
    Malformed(serde_json::Error),
    /// It is a record without an envelope, where only a baseline will do.
    #[error("it is no baseline, but the record of a run")]
    Bare,
    /// It is something else.
    #[error("it is neither a baseline nor a run record of nanogate")]
    Foreign,
    /// It is of a version that this program does not know.
    #[error(
        "its format is {found}, and this nanogate knows {known}: use the version that wrote it"
    )]
    OtherVersion {
        /// Name and version of its format.
        found: String,
        /// The version that is known.
        known: &'static str,
    },
    /// The record is not the one that was saved.
    #[error(
        "it was changed after it was saved: the digest of its record is {found:.12}, and it was \
         {stated:.12}"
    )]
    Tampered {
        /// Digest of the record as it is.
        found: String,
        /// Digest that was saved.
        stated: String,
    },
}

impl Refused {
    /// Whether it is a document of nanogate that must not be compared, and not just no such
    /// document.
    #[must_use]
    pub const fn is_incomparable(&self) -> bool {
        matches!(self, Self::OtherVersion { .. } | Self::Tampered { .. })
    }

    /// What follows the reason: `remedy`, where the reason does not say one itself.
    #[must_use]
    pub fn remedy(&self, remedy: &str) -> String {
        match self {
            Self::OtherVersion { .. } => String::new(),
            _ => format!("; {remedy}"),
        }
    }
}

impl Baseline {
    /// A record in an envelope that holds its digest.
    pub fn seal(record: RunRecord, saved_unix_s: u64) -> Result<Self, Refused> {
        let value = serde_json::to_value(&record).map_err(Refused::Malformed)?;
        let record_sha256 = digest(&value);
        Ok(Self { schema: SCHEMA.into(), saved_unix_s, record_sha256, record })
    }

    /// Opens the text of an envelope, and checks that the record in it is the one that was saved.
    pub fn open(text: &str) -> Result<Self, Refused> {
        let value = parse(text)?;
        if family_of(&value) == family(record::SCHEMA) {
            return Err(Refused::Bare);
        }
        check_format(&value, SCHEMA)?;
        Self::of(value)
    }

    fn of(value: Value) -> Result<Self, Refused> {
        let record = value.get("record").unwrap_or(&Value::Null);
        check_format(record, record::SCHEMA)?;
        let found = digest(record);
        match value.get("record_sha256").and_then(Value::as_str) {
            Some(stated) if stated != found => {
                Err(Refused::Tampered { found, stated: stated.into() })
            }
            _ => serde_json::from_value(value).map_err(Refused::Malformed),
        }
    }
}

/// The record in a text that holds one: by itself, or in an envelope.
pub fn open_record(text: &str) -> Result<RunRecord, Refused> {
    let value = parse(text)?;
    if family_of(&value) == family(SCHEMA) {
        check_format(&value, SCHEMA)?;
        return Ok(Baseline::of(value)?.record);
    }
    check_format(&value, record::SCHEMA)?;
    serde_json::from_value(value).map_err(Refused::Malformed)
}

fn parse(text: &str) -> Result<Value, Refused> {
    let refused = |error: serde_json::Error| {
        if error.is_eof() { Refused::CutOff(error) } else { Refused::Malformed(error) }
    };
    serde_json::from_str(text).map_err(refused)
}

/// `nanogate.run` of `nanogate.run/1`.
fn family(format: &str) -> &str {
    format.split('/').next().unwrap_or_default()
}

fn format_of(value: &Value) -> &str {
    value.get("schema").and_then(Value::as_str).unwrap_or_default()
}

fn family_of(value: &Value) -> &str {
    family(format_of(value))
}

fn check_format(value: &Value, known: &'static str) -> Result<(), Refused> {
    match format_of(value) {
        found if found == known => Ok(()),
        found if family(found) == family(known) => {
            Err(Refused::OtherVersion { found: found.into(), known })
        }
        _ => Err(Refused::Foreign),
    }
}

/// SHA-256 of the canonical form of a value: JSON without blanks, names sorted.
fn digest(value: &Value) -> String {
    hex::encode(Sha256::digest(canonical(value).to_string()))
}

fn canonical(value: &Value) -> Value {
    match value {
        Value::Object(members) => {
            let mut sorted: Vec<(&String, &Value)> = members.iter().collect();
            sorted.sort_by_key(|(name, _)| *name);
            let members = sorted.into_iter().map(|(name, value)| (name.clone(), canonical(value)));
            Value::Object(members.collect())
        }
        Value::Array(items) => Value::Array(items.iter().map(canonical).collect()),
        other => other.clone(),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        /// Figures of any size read back as they were written, so that a digest does not depend on
        /// who wrote the file last; neither does it depend on the order of names.
        #[test]
        fn digests_survive_reading_and_writing(
            figures in prop::collection::vec(prop::num::f64::NORMAL, 1..20),
            count in any::<u64>(),
        ) {
            let value = serde_json::json!({"b": figures, "a": {"d": count, "c": null}});
            let again: Value = serde_json::from_str(&value.to_string()).unwrap();
            prop_assert_eq!(&again, &value);
            let pretty = serde_json::to_string_pretty(&value).unwrap();
            prop_assert_eq!(digest(&serde_json::from_str(&pretty).unwrap()), digest(&value));
            let turned = serde_json::json!({"a": {"c": null, "d": count}, "b": figures});
            prop_assert_eq!(digest(&turned), digest(&value));
            let other = serde_json::json!({"a": {"c": null, "d": count ^ 1}, "b": figures});
            prop_assert_ne!(digest(&other), digest(&value));
        }
    }

    /// What is no document of ours is refused by what it is: cut off, no JSON, foreign, or newer.
    #[test]
    fn documents_are_refused_by_reason() {
        let refused = |text: &str| open_record(text).unwrap_err();
        assert!(matches!(refused(r#"{"schema": "nanogate.run/1", "#), Refused::CutOff(_)));
        assert!(matches!(refused("my thesis"), Refused::Malformed(_)));
        assert!(matches!(refused(r#"{"schema": "nanogate.run/1"}"#), Refused::Malformed(_)));
        assert!(matches!(refused(r#"{"schema": "nanogate.doctor/1"}"#), Refused::Foreign));
        assert!(matches!(refused("[1]"), Refused::Foreign));
        for newer in [
            r#"{"schema": "nanogate.run/2"}"#,
            r#"{"schema": "nanogate.baseline/2"}"#,
            r#"{"schema": "nanogate.baseline/1", "record": {"schema": "nanogate.run/2"}}"#,
        ] {
            let refused = refused(newer);
            assert!(refused.is_incomparable() && refused.to_string().contains("/2"), "{refused}");
        }
        let record = Baseline::open(r#"{"schema": "nanogate.run/1"}"#).unwrap_err();
        assert!(matches!(record, Refused::Bare), "a record is no envelope");
    }
}
