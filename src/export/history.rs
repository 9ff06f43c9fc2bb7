//! What github-action-benchmark keeps: a list of results of one run, as its `custom*` tools read
//! it, or its whole history, `data.js` or the same as JSON.
//!
//! Source: README.md and `src/write.ts` of benchmark-action/github-action-benchmark, where
//! `SCRIPT_PREFIX` stands before the JSON of a `data.js`.

use serde::{Deserialize, Deserializer, de::Error as _};
use serde_json::{Map, Value, error::Category};
use thiserror::Error;

/// What stands before the JSON in a `data.js`.
const SCRIPT_PREFIX: &str = "window.BENCHMARK_DATA =";

/// Why a file is not one of github-action-benchmark's.
#[derive(Debug, Error)]
pub enum HistoryError {
    /// It is not text.
    #[error("is not UTF-8")]
    NotText,
    /// It ends too early.
    #[error("is cut off ({0})")]
    Truncated(serde_json::Error),
    /// It is no JSON.
    #[error("is neither JSON nor a data.js with JSON after `{SCRIPT_PREFIX}` ({0})")]
    NotJson(serde_json::Error),
    /// It is JSON of something else.
    #[error(
        "is neither a list of results nor an object with `entries`, as github-action-benchmark \
         writes them"
    )]
    Foreign,
    /// A result, or a run, is not as it should be.
    #[error("{place}: {error}")]
    Malformed {
        /// Where.
        place: String,
        /// What is wrong.
        error: serde_json::Error,
    },
}

/// Results of runs, by suite.
#[derive(Clone, Debug, PartialEq)]
pub struct History {
    /// In the order of the file.
    pub suites: Vec<Suite>,
}

/// Runs of one suite, the oldest first.
#[derive(Clone, Debug, PartialEq)]
pub struct Suite {
    /// As the workflow names it. Empty for a list of results alone.
    pub name: String,
    /// One per commit that was measured.
    pub runs: Vec<Run>,
}

/// Results of one run.
#[derive(Clone, Debug, PartialEq, Deserialize)]
pub struct Run {
    /// What was measured. Absent of a list of results alone.
    pub commit: Option<Commit>,
    /// Milliseconds since 1970. Absent likewise.
    pub date: Option<i64>,
    /// The tool that measured, by the name that the action has for it. Absent likewise.
    pub tool: Option<String>,
    /// The results.
    pub benches: Vec<Bench>,
}

/// What was measured.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct Commit {
    /// Its hash.
    pub id: String,
}

/// One result.
#[derive(Clone, Debug, PartialEq, Deserialize)]
pub struct Bench {
    /// What it is a figure of.
    pub name: String,
    /// The figure.
    pub value: f64,
    /// Its unit.
    pub unit: String,
    /// How it spreads, in the words of the tool: what it means differs from tool to tool.
    #[serde(default, deserialize_with = "text_or_number")]
    pub range: Option<String>,
    /// What else the tool says.
    pub extra: Option<String>,
}

/// The action keeps the range of a custom tool as it was given: text, or a bare number.
fn text_or_number<'de, D: Deserializer<'de>>(from: D) -> Result<Option<String>, D::Error> {
    match Option::<Value>::deserialize(from)? {
        None => Ok(None),
        Some(Value::String(text)) => Ok(Some(text)),
        Some(Value::Number(number)) => Ok(Some(number.to_string())),
        Some(_) => Err(D::Error::custom("`range` is neither text nor a number")),
    }
}

impl History {
    /// Reads a list of results, or a history.
    pub fn parse(bytes: &[u8]) -> Result<Self, HistoryError> {
        let text = str::from_utf8(bytes).map_err(|_| HistoryError::NotText)?.trim();
        let json = text.strip_prefix(SCRIPT_PREFIX).unwrap_or(text).trim_end_matches(';');
        let value = serde_json::from_str(json).map_err(|error| match error.classify() {
            Category::Eof => HistoryError::Truncated(error),
            _ => HistoryError::NotJson(error),
        })?;
        match value {
            Value::Array(benches) => Ok(Self { suites: vec![alone(benches)?] }),
            Value::Object(mut data) => match data.remove("entries") {
                Some(Value::Object(entries)) => Ok(Self { suites: suites(entries)? }),
                _ => Err(HistoryError::Foreign),
            },
            _ => Err(HistoryError::Foreign),
        }
    }
}

/// The results of a run that nothing else is known of.
fn alone(benches: Vec<Value>) -> Result<Suite, HistoryError> {
    let benches = benches.into_iter().zip(1..);
    let benches: Result<Vec<Bench>, HistoryError> =
        benches.map(|(bench, number)| typed(bench, || format!("result {number}"))).collect();
    let run = Run { commit: None, date: None, tool: None, benches: benches? };
    Ok(Suite { name: String::new(), runs: vec![run] })
}

fn suites(entries: Map<String, Value>) -> Result<Vec<Suite>, HistoryError> {
    let suite = |(name, runs): (String, Value)| {
        let runs: Vec<Value> = typed(runs, || format!("suite `{name}`"))?;
        let run = |(run, number)| typed(run, || format!("run {number} of suite `{name}`"));
        let runs: Result<Vec<Run>, HistoryError> = runs.into_iter().zip(1..).map(run).collect();
        Ok(Suite { runs: runs?, name })
    };
    entries.into_iter().map(suite).collect()
}

fn typed<T: serde::de::DeserializeOwned>(
    value: Value,
    place: impl FnOnce() -> String,
) -> Result<T, HistoryError> {
    serde_json::from_value(value).map_err(|error| HistoryError::Malformed { place: place(), error })
}
