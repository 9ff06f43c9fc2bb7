//! The rows that one bundle gives.

use std::collections::BTreeMap;

use super::{Cell, Figure, ModelledFigure, Row};
use crate::{
    bundle::rebuild::is_imitated,
    measure::Method,
    report::record::{Entry, PER_RECORD, RunRecord, Status},
};

/// What is behind a backend.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Device {
    /// Hardware.
    Real,
    /// A driver that imitates it.
    Imitated,
}

/// Why no figure of a bundle is shown.
#[derive(Clone, Copy, Debug)]
enum Refusal {
    Unverified,
    Wrong,
    Unfinished,
}

impl Refusal {
    const fn of(is_verified: bool, status: Status) -> Option<Self> {
        match status {
            _ if !is_verified => Some(Self::Unverified),
            Status::WrongResults => Some(Self::Wrong),
            Status::Running | Status::Interrupted => Some(Self::Unfinished),
            // What was measured of others than the device that failed stands.
            Status::Complete | Status::Incomplete => None,
        }
    }

    const fn cell<F>(self) -> Cell<F> {
        match self {
            Self::Unverified => Cell::Unverified,
            Self::Wrong => Cell::Wrong,
            Self::Unfinished => Cell::Unfinished,
        }
    }
}

/// A bundle's record.
pub(super) struct Source<'a> {
    name: &'a str,
    record: &'a RunRecord,
    refusal: Option<Refusal>,
}

impl<'a> Source<'a> {
    pub(super) const fn new(name: &'a str, record: &'a RunRecord, is_verified: bool) -> Self {
        Self { name, record, refusal: Refusal::of(is_verified, record.status) }
    }

    /// Rows of time that was measured. A device is imitated if anything says so.
    pub(super) fn timed(&self, device: Device) -> Vec<Row<Figure>> {
        let is_imitated =
            |entry: &Entry| entry.software || is_imitated(&entry.backend, self.record);
        let entries = self.of_method(Method::Throughput);
        let own = entries.filter(|entry| is_imitated(entry) == (device == Device::Imitated));
        let mut rows = Rows::new();
        for entry in own {
            rows.put(self.name, entry, entry.backend.clone(), self.cell(entry, figure));
        }
        rows.all()
    }

    /// Rows of time that follows from cycles, one for each timing report.
    pub(super) fn modelled(&self) -> Vec<Row<ModelledFigure>> {
        let mut rows = Rows::new();
        for entry in self.of_method(Method::Cycles) {
            for modelled in entry.cycles.iter().flat_map(|cycles| &cycles.modeled) {
                let cell = self.cell(entry, |_| match modelled.per_record_ns {
                    Some(ns_per_record) => Cell::Verified(ModelledFigure { ns_per_record }),
                    None => Cell::Absent { reason: "a single beat has no steady state".into() },
                });
                let backend = format!("{} [{}]", entry.backend, modelled.report);
                rows.put(self.name, entry, backend, cell);
            }
        }
        rows.all()
    }

    fn of_method(&self, method: Method) -> impl Iterator<Item = &'a Entry> {
        self.record.entries.iter().filter(move |entry| entry.method == method)
    }

    fn cell<F>(&self, entry: &Entry, figure: impl FnOnce(&Entry) -> Cell<F>) -> Cell<F> {
        match self.refusal {
            Some(refusal) => refusal.cell(),
            None if !entry.verified => Cell::Wrong,
            None => figure(entry),
        }
    }
}

/// Rows by operation, backend, threads and home.
struct Rows<F>(BTreeMap<(&'static str, String, usize, String), Row<F>>);

impl<F> Rows<F> {
    const fn new() -> Self {
        Self(BTreeMap::new())
    }

    fn put(&mut self, platform: &str, entry: &Entry, backend: String, cell: Cell<F>) {
        let (op, threads, home) = (entry.op, entry.threads, entry.footprint_home.clone());
        let place = (op.name(), backend.clone(), threads, home.clone());
        let row = self.0.entry(place).or_insert_with(|| {
            let (platform, cells) = (platform.into(), BTreeMap::new());
            Row { platform, op, backend, threads, home, cells }
        });
        row.cells.insert(entry.batch_len, cell);
    }

    fn all(self) -> Vec<Row<F>> {
        self.0.into_values().collect()
    }
}

fn figure(entry: &Entry) -> Cell<Figure> {
    let Some(median) = entry.median() else {
        let absent = entry.absent.get(&format!("{PER_RECORD}/p50")).cloned();
        return Cell::Absent { reason: absent.unwrap_or_else(|| "there is no median".into()) };
    };
    Cell::Verified(Figure {
        ns_per_record: median.value,
        low: median.low,
        high: median.high,
        best: false,
    })
}
