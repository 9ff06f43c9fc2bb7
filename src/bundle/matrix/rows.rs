//! The rows that one bundle gives.

use std::collections::BTreeMap;

use super::{Cell, Figure, Footprint, ModelledFigure, Row};
use crate::{
    measure::{Method, footprint::MEMORY},
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

    /// Rows of time that was measured.
    pub(super) fn timed(&self, device: Device) -> Vec<Row<Figure>> {
        let is_software = device == Device::Imitated;
        let mut places: BTreeMap<(&str, usize, usize), Vec<&Entry>> = BTreeMap::new();
        for entry in self.of_method(Method::Throughput) {
            if entry.software == is_software {
                let place = (entry.backend.as_str(), entry.threads, entry.batch_len);
                places.entry(place).or_default().push(entry);
            }
        }
        let mut rows: BTreeMap<(Footprint, &str, usize), BTreeMap<usize, Cell<Figure>>> =
            BTreeMap::new();
        for ((backend, threads, batch_len), entries) in places {
            for (footprint, entry) in ends(entries) {
                let row = rows.entry((footprint, backend, threads)).or_default();
                row.insert(batch_len, self.cell(entry, figure));
            }
        }
        let row = |((footprint, backend, threads), cells)| Row {
            platform: self.name.into(),
            backend: String::from(backend),
            threads,
            footprint,
            cells,
        };
        rows.into_iter().map(row).collect()
    }

    /// Rows of time that follows from cycles, one for each timing report.
    pub(super) fn modelled(&self) -> Vec<Row<ModelledFigure>> {
        let mut rows: BTreeMap<String, BTreeMap<usize, Cell<ModelledFigure>>> = BTreeMap::new();
        for entry in self.of_method(Method::Cycles) {
            for modelled in entry.cycles.iter().flat_map(|cycles| &cycles.modeled) {
                let cell = self.cell(entry, |_| match modelled.per_record_ns {
                    Some(ns_per_record) => Cell::Verified(ModelledFigure { ns_per_record }),
                    None => Cell::Absent { reason: "a single beat has no steady state".into() },
                });
                let backend = format!("{} [{}]", entry.backend, modelled.report);
                rows.entry(backend).or_default().insert(entry.batch_len, cell);
            }
        }
        let row = |(backend, cells)| Row {
            platform: self.name.into(),
            backend,
            threads: 1,
            footprint: Footprint::Simulated,
            cells,
        };
        rows.into_iter().map(row).collect()
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

/// The smallest footprint of a length, and the largest if there are more.
fn ends(mut entries: Vec<&Entry>) -> Vec<(Footprint, &Entry)> {
    entries.sort_by_key(|entry| entry.footprint_bytes);
    match entries.as_slice() {
        [] => Vec::new(),
        [only] if only.footprint_home == MEMORY => vec![(Footprint::Cold, *only)],
        [only] => vec![(Footprint::Hot, *only)],
        [smallest, .., largest] => {
            vec![(Footprint::Hot, *smallest), (Footprint::Cold, *largest)]
        }
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
        home: entry.footprint_home.clone(),
        best: false,
    })
}
