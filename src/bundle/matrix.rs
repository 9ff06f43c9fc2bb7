//! Bundles of many machines side by side: platform by backend by batch length.
//!
//! A number stands only where its bundle verifies. Rows of one kind are in one section: what was
//! measured on hardware, what a driver imitates, and what is modelled from cycles. Only the first
//! is ranked; modelled figures are of a type that cannot be.

mod rows;
#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;

use super::verify::{Checked, Finding};
use crate::{
    clock::Modeled,
    op::Op,
    report::record::{Status, Tool},
};
use rows::{Device, Source};

/// Name and version of the format.
pub const SCHEMA: &str = "nanogate.matrix/1";

/// A bundle, and what it is called.
#[derive(Clone, Debug)]
pub struct Named {
    /// Its name among the others.
    pub name: String,
    /// What was found when it was looked at.
    pub checked: Checked,
}

/// All bundles side by side.
#[derive(Clone, Debug, Serialize)]
pub struct Matrix {
    /// [`SCHEMA`].
    pub schema: &'static str,
    /// The machines.
    pub platforms: Vec<Platform>,
    /// Batch lengths of which any bundle has a row, the columns.
    pub batch_lens: Vec<usize>,
    /// Measured on hardware. Ranked.
    pub measured: Vec<Row<Figure>>,
    /// Measured on a device that a driver imitates. Not ranked.
    pub software: Vec<Row<Figure>>,
    /// Cycles of simulated hardware at the clock of a timing report. Not ranked.
    pub modelled: Vec<Row<ModelledFigure>>,
}

/// A machine.
#[derive(Clone, Debug, Serialize)]
pub struct Platform {
    /// The bundle's name.
    pub name: String,
    /// The bundle's folder.
    pub bundle: String,
    /// Whether it verifies.
    pub verified: bool,
    /// What was found against it.
    pub findings: Vec<Finding>,
    /// How far the run got. Null where there is no record that can be read.
    pub status: Option<Status>,
    /// Processor.
    pub cpu_model: Option<String>,
    /// Cores that the run could use.
    pub cores: Option<usize>,
    /// Kernel release.
    pub kernel: Option<String>,
    /// Id of the profile that it was measured under. Null where flags alone said what to measure.
    pub profile: Option<String>,
    /// Flags that took the place of the profile.
    pub overridden: Vec<String>,
    /// Codes of what may be wrong with the machine as a whole.
    pub warnings: Vec<String>,
    /// The program that measured.
    pub tool: Option<Tool>,
    /// The first bundle of the very same run: a copy is no other machine.
    pub same_run_as: Option<String>,
}

/// A backend on a machine.
#[derive(Clone, Debug, Serialize)]
pub struct Row<F> {
    /// The machine.
    pub platform: String,
    /// Operation.
    pub op: Op,
    /// The backend; of a modelled one with the report in brackets.
    pub backend: String,
    /// Threads that work.
    pub threads: usize,
    /// The smallest cache that holds the input, or `memory`. Only rows of one home are ranked.
    pub home: String,
    /// By batch length. What was not measured is not there.
    pub cells: BTreeMap<usize, Cell<F>>,
}

/// What is in a place of the matrix.
#[derive(Clone, Debug, Serialize)]
#[serde(tag = "state", rename_all = "kebab-case")]
pub enum Cell<F> {
    /// A figure of a bundle that verifies.
    Verified(F),
    /// The bundle does not verify.
    Unverified,
    /// The run found wrong results, or never compared.
    Wrong,
    /// The run did not come to its end.
    Unfinished,
    /// The readings bear no figure.
    Absent {
        /// Why.
        reason: String,
    },
}

impl<F> Cell<F> {
    /// What is shown in place of a figure.
    #[must_use]
    pub const fn word(&self) -> Option<&'static str> {
        match self {
            Self::Verified(_) => None,
            Self::Unverified => Some("unverified"),
            Self::Wrong => Some("wrong"),
            Self::Unfinished => Some("unfinished"),
            Self::Absent { .. } => Some("absent"),
        }
    }
}

/// A measured figure.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Figure {
    /// Median nanoseconds per record.
    pub ns_per_record: f64,
    /// Lower end of its interval.
    pub low: f64,
    /// Upper end of its interval.
    pub high: f64,
    /// The fastest of its column, operation and home, or not to be told from it.
    pub best: bool,
}

/// A modelled figure: it can be shown, and nothing else.
#[derive(Clone, Debug, Serialize)]
pub struct ModelledFigure {
    /// Nanoseconds per record at the clock of the report.
    pub ns_per_record: Modeled,
}

/// Sets bundles side by side.
#[must_use]
pub fn of(bundles: &[Named]) -> Matrix {
    let (mut measured, mut software, mut modelled) = (Vec::new(), Vec::new(), Vec::new());
    for Named { name, checked } in bundles {
        let Some(record) = &checked.record else { continue };
        let source = Source::new(name, record, checked.verification.verified);
        measured.extend(source.timed(Device::Real));
        software.extend(source.timed(Device::Imitated));
        modelled.extend(source.modelled());
    }
    rank(&mut measured);
    let lens = lens(&measured).chain(lens(&software)).chain(lens(&modelled));
    let batch_lens = lens.collect::<BTreeSet<usize>>().into_iter().collect();
    Matrix {
        schema: SCHEMA,
        platforms: bundles.iter().map(|one| platform(one, bundles)).collect(),
        batch_lens,
        measured: in_order(measured),
        software: in_order(software),
        modelled: in_order(modelled),
    }
}

fn lens<F>(rows: &[Row<F>]) -> impl Iterator<Item = usize> {
    rows.iter().flat_map(|row| row.cells.keys().copied())
}

/// Machines below one another, where all else is the same.
fn in_order<F>(mut rows: Vec<Row<F>>) -> Vec<Row<F>> {
    let key = |row: &Row<F>| (row.op.name(), row.home.clone(), row.backend.clone(), row.threads);
    rows.sort_by_key(key);
    rows
}

/// Marks the fastest of each column, operation and home, and what cannot be told from it.
fn rank(rows: &mut [Row<Figure>]) {
    let mut fastest: BTreeMap<(&str, String, usize), (f64, f64)> = BTreeMap::new();
    let place = |row: &Row<Figure>, len| (row.op.name(), row.home.clone(), len);
    for row in &*rows {
        for (&len, cell) in &row.cells {
            if let Cell::Verified(Figure { ns_per_record, high, .. }) = cell {
                let best = fastest.entry(place(row, len)).or_insert((*ns_per_record, *high));
                if *ns_per_record < best.0 {
                    *best = (*ns_per_record, *high);
                }
            }
        }
    }
    for row in rows {
        let place = |len| (row.op.name(), row.home.clone(), len);
        for (&len, cell) in &mut row.cells {
            if let Cell::Verified(figure) = cell {
                let best = fastest.get(&place(len));
                figure.best = best.is_some_and(|(_, high)| figure.low <= *high);
            }
        }
    }
}

fn platform(named: &Named, all: &[Named]) -> Platform {
    let Named { name, checked } = named;
    let (record, verification) = (checked.record.as_ref(), &checked.verification);
    Platform {
        name: name.clone(),
        bundle: verification.bundle.clone(),
        verified: verification.verified,
        findings: verification.findings.clone(),
        status: record.map(|record| record.status),
        cpu_model: record.and_then(|record| record.host.cpu_model.clone()),
        cores: record.map(|record| record.host.cores_usable),
        kernel: record.and_then(|record| record.host.kernel.clone()),
        profile: record.and_then(|record| Some(record.profile.as_ref()?.id.clone())),
        overridden: record
            .and_then(|record| Some(record.profile.as_ref()?.overridden.clone()))
            .unwrap_or_default(),
        warnings: record
            .map(|record| record.warnings.iter().map(|one| one.code.clone()).collect())
            .unwrap_or_default(),
        tool: record.map(|record| record.tool.clone()),
        same_run_as: all
            .iter()
            .take_while(|other| other.name != *name)
            .find(|other| run(other).is_some() && run(other) == run(named))
            .map(|other| other.name.clone()),
    }
}

/// What no two runs share: when they began, and the seed that they drew.
fn run(named: &Named) -> Option<(u64, u64)> {
    let record = named.checked.record.as_ref()?;
    Some((record.started_unix_s, record.launches.first()?.layout_seed))
}
