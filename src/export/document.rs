//! What is exported: read by its `schema` field, and refused by name and reason.

use std::fmt;

use serde::{Deserialize, de::DeserializeOwned};
use serde_json::error::Category;
use thiserror::Error;

use super::history::{History, HistoryError};
use crate::{
    gate::outcome::{self, Outcome},
    report::record::{self, RunRecord},
};

/// What a file holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// What `run` writes.
    Run,
    /// What `compare` and `gate` write.
    Comparison,
    /// What github-action-benchmark keeps.
    History,
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Run => "run record",
            Self::Comparison => "comparison",
            Self::History => "history of github-action-benchmark",
        })
    }
}

/// Documents of one kind, in the order in which they were given.
#[derive(Clone, Debug)]
pub enum Documents {
    /// Run records.
    Runs(Vec<RunRecord>),
    /// Comparisons.
    Comparisons(Vec<Outcome>),
    /// Histories.
    Histories(Vec<History>),
}

impl Documents {
    /// What they are.
    #[must_use]
    pub const fn kind(&self) -> Kind {
        match self {
            Self::Runs(_) => Kind::Run,
            Self::Comparisons(_) => Kind::Comparison,
            Self::Histories(_) => Kind::History,
        }
    }
}

/// A file by the name that it is known by.
#[derive(Clone, Debug)]
pub struct Source {
    /// Path, or what stands for it.
    pub name: String,
    /// What it holds.
    pub bytes: Vec<u8>,
}

/// Whose files they are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Origin {
    /// Ours: the `schema` field says what they hold.
    Nanogate,
    /// Those of github-action-benchmark.
    ActionBenchmark,
}

/// Why a file cannot be exported, without its name.
#[derive(Debug, Error)]
pub enum Refusal {
    /// It ends too early.
    #[error("is cut off ({0}); its writer may have died, or it was not copied whole")]
    Truncated(serde_json::Error),
    /// It is no JSON.
    #[error("is not JSON ({0}); give a file that `nanogate run`, `compare` or `gate` has written")]
    NotJson(serde_json::Error),
    /// It does not say what it is.
    #[error(
        "has no `schema`, so it is none of {reads}; add --from github-action-benchmark if it is \
         of that action",
        reads = reads()
    )]
    Unmarked,
    /// It says that it is something else.
    #[error("is `{0}`, and only {reads} can be exported", reads = reads())]
    Foreign(String),
    /// A later program has written it.
    #[error("is `{found}`, which is newer than `{known}`, all that this nanogate reads: update it")]
    Newer {
        /// Its schema.
        found: String,
        /// Ours.
        known: &'static str,
    },
    /// It is not what it says.
    #[error("says it is `{schema}`, and is not: {error}; write it again with this nanogate")]
    Malformed {
        /// Its schema.
        schema: &'static str,
        /// What is wrong.
        error: serde_json::Error,
    },
    /// It is not github-action-benchmark's.
    #[error(transparent)]
    History(#[from] HistoryError),
}

/// Why files cannot be exported together.
#[derive(Debug, Error)]
pub enum ReadError {
    /// One cannot be read.
    #[error("{name}: {refusal}")]
    Refused {
        /// The file.
        name: String,
        /// Why.
        refusal: Refusal,
    },
    /// They do not hold the same.
    #[error("{first} is a {first_kind} and {other} a {other_kind}: export them one at a time")]
    Mixed {
        /// The first file.
        first: String,
        /// What it holds.
        first_kind: Kind,
        /// The first that is different.
        other: String,
        /// What that holds.
        other_kind: Kind,
    },
    /// There is none.
    #[error("no file was given")]
    None,
}

/// Schemas that can be exported.
const READS: [&str; 2] = [record::SCHEMA, outcome::SCHEMA];

/// The same, for messages.
fn reads() -> String {
    READS.join(" and ")
}

/// As much of a file as says what it is.
#[derive(Deserialize)]
struct Marked {
    schema: Option<String>,
}

/// Reads files that hold the same kind of document.
pub fn read(sources: &[Source], origin: Origin) -> Result<Documents, ReadError> {
    let mut all: Option<(&str, Documents)> = None;
    for Source { name, bytes } in sources {
        let one = parse(bytes, origin)
            .map_err(|refusal| ReadError::Refused { name: name.clone(), refusal })?;
        match &mut all {
            None => all = Some((name, one)),
            Some((first, documents)) => {
                let kinds = (documents.kind(), one.kind());
                if !append(documents, one) {
                    let (first, other) = ((*first).to_owned(), name.clone());
                    let (first_kind, other_kind) = kinds;
                    return Err(ReadError::Mixed { first, first_kind, other, other_kind });
                }
            }
        }
    }
    all.map(|(_, documents)| documents).ok_or(ReadError::None)
}

/// Adds what is of the same kind. Says whether it was.
fn append(all: &mut Documents, one: Documents) -> bool {
    match (all, one) {
        (Documents::Runs(all), Documents::Runs(one)) => all.extend(one),
        (Documents::Comparisons(all), Documents::Comparisons(one)) => all.extend(one),
        (Documents::Histories(all), Documents::Histories(one)) => all.extend(one),
        _ => return false,
    }
    true
}

fn parse(bytes: &[u8], origin: Origin) -> Result<Documents, Refusal> {
    // Some editors and shells begin a file with the mark of its encoding.
    let bytes = bytes.strip_prefix("\u{feff}".as_bytes()).unwrap_or(bytes);
    if origin == Origin::ActionBenchmark {
        return Ok(Documents::Histories(vec![History::parse(bytes)?]));
    }
    let schema = schema_of(bytes)?;
    match schema.as_str() {
        record::SCHEMA => Ok(Documents::Runs(vec![body(bytes, record::SCHEMA)?])),
        outcome::SCHEMA => Ok(Documents::Comparisons(vec![body(bytes, outcome::SCHEMA)?])),
        _ => Err(unknown(schema)),
    }
}

fn schema_of(bytes: &[u8]) -> Result<String, Refusal> {
    match serde_json::from_slice::<Marked>(bytes) {
        Ok(Marked { schema: Some(schema) }) => Ok(schema),
        Ok(Marked { schema: None }) => Err(Refusal::Unmarked),
        Err(error) => Err(match error.classify() {
            Category::Eof if !bytes.is_empty() => Refusal::Truncated(error),
            Category::Data => Refusal::Unmarked,
            _ => Refusal::NotJson(error),
        }),
    }
}

fn body<T: DeserializeOwned>(bytes: &[u8], schema: &'static str) -> Result<T, Refusal> {
    serde_json::from_slice(bytes).map_err(|error| Refusal::Malformed { schema, error })
}

/// A schema of ours with a higher number, or something else.
fn unknown(schema: String) -> Refusal {
    let version = |schema: &str| {
        let (name, number) = schema.split_once('/')?;
        Some((name.to_owned(), number.parse::<u32>().ok()?))
    };
    let is_newer = |known: &&str| match (version(&schema), version(known)) {
        (Some((name, number)), Some((ours, known))) => name == ours && number > known,
        _ => false,
    };
    match READS.into_iter().find(is_newer) {
        Some(known) => Refusal::Newer { found: schema, known },
        None => Refusal::Foreign(schema),
    }
}
