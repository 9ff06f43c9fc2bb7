//! Formats that others read: each is one file, from a run record or from a comparison.
//!
//! [`document`] reads what is exported, [`measurement`] is a record as rows, [`row`] puts rows of a
//! comparison into words. [`FORMATS`] lists the formats; a new one is a file here and a line there.
//!
//! No format says more than the file: what a record does not hold is absent, never zero; imitated
//! devices and modelled figures are labelled in each; intervals go wherever a format can hold them.

mod action_benchmark;
mod annotations;
mod bencher;
mod csv;
mod date;
pub mod document;
mod go;
mod google;
mod history;
mod html;
mod junit;
mod markdown;
pub mod measurement;
mod number;
mod openmetrics;
pub mod row;
mod status;

use std::collections::BTreeSet;

use thiserror::Error;

use crate::{gate::outcome::Outcome, report::record::RunRecord};
use document::{Documents, Kind};
pub use history::History;

/// Why documents do not become a format.
#[derive(Debug, Error)]
pub enum ExportError {
    /// The format is of other documents.
    #[error("{format} does not hold a {kind}; formats that do: {}", fitting.join(", "))]
    WrongKind {
        /// Name of the format.
        format: &'static str,
        /// What was to be exported.
        kind: Kind,
        /// Formats that hold it.
        fitting: Vec<&'static str>,
    },
    /// Consumers know figures by their names, and would take one for the other.
    #[error(
        "two figures have the name `{0}`: export one file at a time, and compare candidates of \
         different names"
    )]
    Duplicate(String),
    /// The format is a page of one document.
    #[error("{0} shows one file: export one at a time")]
    Several(&'static str),
    /// Nothing in the documents can be said in this format.
    #[error("nothing in the file can be said in {format}: {why}{}", elsewhere(format))]
    Nothing {
        /// Name of the format.
        format: &'static str,
        /// What it holds.
        why: &'static str,
    },
    /// A library that writes a format failed.
    #[error("cannot write {format}: {why}")]
    Write {
        /// Name of the format.
        format: &'static str,
        /// What the library says.
        why: String,
    },
}

/// Where to look for what a format cannot say.
fn elsewhere(format: &str) -> &'static str {
    if format == csv::NAME { "" } else { "; --format csv has every figure" }
}

type Export<Document> = fn(&[Document]) -> Result<String, ExportError>;

/// A format, and how each kind of document becomes it.
#[derive(Clone, Copy, Debug)]
pub struct Format {
    /// The name of the flag.
    pub name: &'static str,
    /// What it is, and what reads it.
    pub consumer: &'static str,
    run: Option<Export<RunRecord>>,
    comparison: Option<Export<Outcome>>,
    history: Option<Export<History>>,
}

/// Every format, those of GitHub first.
pub const FORMATS: [Format; 11] = [
    Format {
        name: "github-summary",
        consumer: "Markdown for a job's page: append it to $GITHUB_STEP_SUMMARY",
        run: Some(markdown::summary_of_runs),
        comparison: Some(markdown::summary_of_comparisons),
        history: Some(markdown::summary_of_histories),
    },
    Format {
        name: "github-comment",
        consumer: "Markdown for a pull request, with a hidden marker by which a bot finds it",
        run: Some(markdown::comment_of_runs),
        comparison: Some(markdown::comment_of_comparisons),
        history: Some(markdown::comment_of_histories),
    },
    Format {
        name: "github-annotations",
        consumer: "workflow commands (::error, ::warning, ::notice) that GitHub Actions shows",
        run: Some(annotations::of_runs),
        comparison: Some(annotations::of_comparisons),
        history: None,
    },
    Format {
        name: "junit",
        consumer: "JUnit XML for the test pages of Jenkins, GitLab and others",
        run: Some(junit::of_runs),
        comparison: Some(junit::of_comparisons),
        history: None,
    },
    Format {
        name: "bencher",
        consumer: "Bencher Metric Format: `bencher run --adapter json --file FILE`",
        run: Some(bencher::of_runs),
        comparison: Some(bencher::of_comparisons),
        history: Some(bencher::of_histories),
    },
    Format {
        name: action_benchmark::NAME,
        consumer: "JSON for the action of this name with `tool: customSmallerIsBetter`",
        run: Some(action_benchmark::of_runs),
        comparison: None,
        history: None,
    },
    Format {
        name: "google-benchmark",
        consumer: "JSON of google/benchmark: its tools/compare.py, and what else reads it",
        run: Some(google::of_runs),
        comparison: None,
        history: None,
    },
    Format {
        name: "go",
        consumer: "Go benchmark text for benchstat, a line per launch",
        run: Some(go::of_runs),
        comparison: None,
        history: None,
    },
    Format {
        name: csv::NAME,
        consumer: "a table for spreadsheets, pandas, R and the like: every figure",
        run: Some(csv::of_runs),
        comparison: Some(csv::of_comparisons),
        history: Some(csv::of_histories),
    },
    Format {
        name: html::NAME,
        consumer: "one page for people, with charts: open it in a browser",
        run: Some(html::of_runs),
        comparison: None,
        history: None,
    },
    Format {
        name: "openmetrics",
        consumer: "OpenMetrics text for Prometheus and others: every figure",
        run: Some(openmetrics::of_runs),
        comparison: Some(openmetrics::of_comparisons),
        history: None,
    },
];

/// The format of a name.
#[must_use]
pub fn find(name: &str) -> Option<&'static Format> {
    FORMATS.iter().find(|format| format.name == name)
}

impl Format {
    /// Whether documents of this kind become it.
    #[must_use]
    pub const fn holds(&self, kind: Kind) -> bool {
        match kind {
            Kind::Run => self.run.is_some(),
            Kind::Comparison => self.comparison.is_some(),
            Kind::History => self.history.is_some(),
        }
    }

    /// The documents in this format.
    pub fn export(&self, documents: &Documents) -> Result<String, ExportError> {
        let found = match documents {
            Documents::Runs(all) => self.run.map(|export| export(all)),
            Documents::Comparisons(all) => self.comparison.map(|export| export(all)),
            Documents::Histories(all) => self.history.map(|export| export(all)),
        };
        found.unwrap_or_else(|| Err(self.misfit(documents.kind())))
    }

    fn misfit(&self, kind: Kind) -> ExportError {
        let fitting = FORMATS.iter().filter(|format| format.holds(kind));
        let fitting = fitting.map(|format| format.name).collect();
        ExportError::WrongKind { format: self.name, kind, fitting }
    }
}

/// Names that have been given to figures. None is given twice.
#[derive(Debug, Default)]
struct Names(BTreeSet<String>);

impl Names {
    /// The name, if no figure had it before.
    fn take(&mut self, name: String) -> Result<String, ExportError> {
        if self.0.insert(name.clone()) { Ok(name) } else { Err(ExportError::Duplicate(name)) }
    }
}

/// JSON as consumers of all sorts can show it to people.
fn pretty(format: &'static str, value: &serde_json::Value) -> Result<String, ExportError> {
    let written = serde_json::to_string_pretty(value).map(|text| text + "\n");
    written.map_err(|error| ExportError::Write { format, why: error.to_string() })
}
