//! Where inputs lie, and which entries are set beside one another.

use std::collections::BTreeMap;

use crate::{
    backend::BackendKind,
    measure::{Method, footprint::MEMORY},
    registry,
    report::record::{Entry, RunRecord, Skipped},
};

/// Whether figures are of something real.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Realm {
    /// They are.
    Measured,
    /// A driver imitates the device: they are set beside nothing else.
    Imitated,
}

/// Where the input of an entry lies, as far as its batch length leaves a choice.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Warmth {
    /// In the smallest store that holds it.
    Hot,
    /// Beyond all caches.
    Cold,
}

impl Warmth {
    /// Both, in the order in which they are shown.
    pub(super) const ALL: [Self; 2] = [Self::Hot, Self::Cold];

    /// What stands above a panel.
    pub(super) const fn title(self) -> &'static str {
        match self {
            Self::Hot => "hot: input in the smallest store that holds it",
            Self::Cold => "cold: input in memory",
        }
    }
}

/// The order of stores: the nearest to the core comes first.
pub(super) fn distance(home: &str) -> u32 {
    match home.strip_prefix('L').and_then(|level| level.parse().ok()) {
        Some(level) => level,
        None if home == MEMORY => u32::MAX - 1,
        None => u32::MAX,
    }
}

/// Entries of a method in a realm. What was not verified is no result.
pub(super) fn of(
    record: &RunRecord,
    method: Method,
    realm: Realm,
) -> impl Iterator<Item = &Entry> + Clone {
    let is_wanted = move |entry: &&Entry| {
        entry.verified && entry.method == method && entry.software == (realm == Realm::Imitated)
    };
    record.entries.iter().filter(is_wanted)
}

/// Entries of throughput on one thread, which can be set beside one another.
pub(super) fn single(record: &RunRecord, realm: Realm) -> impl Iterator<Item = &Entry> + Clone {
    of(record, Method::Throughput, realm).filter(|entry| entry.threads == 1)
}

/// Of entries that differ in where their input lies only, those where it is nearest.
pub(super) fn nearest<'r>(
    entries: impl Iterator<Item = &'r Entry> + Clone,
) -> impl Iterator<Item = &'r Entry> {
    let of = |entry: &'r Entry| (entry.backend.as_str(), entry.batch_len);
    let mut least: BTreeMap<(&str, usize), u32> = BTreeMap::new();
    for entry in entries.clone() {
        let distance = distance(&entry.footprint_home);
        let known = least.entry(of(entry)).or_insert(distance);
        *known = distance.min(*known);
    }
    entries.filter(move |entry| least.get(&of(entry)) == Some(&distance(&entry.footprint_home)))
}

/// Which entries of throughput are hot, and which cold. What lies in memory because nothing nearer
/// holds it is both, unless the run has nothing nearer at all.
pub(super) struct Warmths {
    /// The nearest store for each batch length.
    nearest: BTreeMap<usize, u32>,
    /// Whether anything is nearer than memory.
    has_hot: bool,
}

impl Warmths {
    /// What the entries on one thread say.
    pub(super) fn new(record: &RunRecord) -> Self {
        let mut nearest = BTreeMap::new();
        let all = record.entries.iter();
        for entry in all.filter(|entry| entry.method == Method::Throughput && entry.threads == 1) {
            let distance = distance(&entry.footprint_home);
            let least = nearest.entry(entry.batch_len).or_insert(distance);
            *least = distance.min(*least);
        }
        let has_hot = nearest.values().any(|nearest| *nearest != distance(MEMORY));
        Self { nearest, has_hot }
    }

    /// Whether an entry is of that warmth.
    pub(super) fn is(&self, warmth: Warmth, entry: &Entry) -> bool {
        let found = distance(&entry.footprint_home);
        match warmth {
            Warmth::Hot => self.has_hot && self.nearest.get(&entry.batch_len) == Some(&found),
            Warmth::Cold => entry.footprint_home == MEMORY,
        }
    }
}

/// The first backend of a kind that was left out, with the reason.
pub(super) fn left_out(record: &RunRecord, kind: BackendKind) -> Option<&Skipped> {
    let is_of = |id: &str| registry::find(id).is_ok_and(|entry| entry.kind == kind);
    record.skipped.iter().find(|skipped| is_of(&skipped.backend))
}

/// Whether it is no backend of ours, but what people would use instead.
pub(super) fn is_peer(entry: &Entry) -> bool {
    registry::find(&entry.backend).is_ok_and(|found| found.kind == BackendKind::Peer)
}

#[cfg(test)]
mod tests {
    use super::*;

    const RUN: &str = include_str!("../../../tests/fixtures/run.json");

    fn run(homes: &[(usize, &str)]) -> RunRecord {
        let mut record: RunRecord = serde_json::from_str(RUN).unwrap();
        let entry = record.entries[0].clone();
        record.entries = homes
            .iter()
            .map(|(batch_len, home)| Entry {
                batch_len: *batch_len,
                footprint_home: (*home).to_owned(),
                ..entry.clone()
            })
            .collect();
        record
    }

    fn warmths(homes: &[(usize, &str)]) -> Vec<Vec<Warmth>> {
        let record = run(homes);
        let warmths = Warmths::new(&record);
        let of = |entry| Warmth::ALL.into_iter().filter(|one| warmths.is(*one, entry)).collect();
        record.entries.iter().map(of).collect()
    }

    /// The nearest store is hot, memory is cold, and what is between is neither. What fits memory
    /// only is both; a run from memory alone is cold.
    #[test]
    fn warmth_is_by_batch_length() {
        use Warmth::{Cold, Hot};
        let both = [(16, "L1"), (16, "L2"), (16, "memory"), (1 << 20, "memory")];
        assert_eq!(warmths(&both), [vec![Hot], vec![], vec![Cold], vec![Hot, Cold]]);
        assert_eq!(warmths(&[(16, "memory")]), [[Cold]]);
        assert_eq!(warmths(&[(16, "unknown")]), [[Hot]]);
    }

    /// What was not verified is nowhere.
    #[test]
    fn results_are_verified() {
        let mut record = run(&[(1, "L1"), (2, "L1")]);
        record.entries[0].verified = false;
        let method = record.entries[0].method;
        assert_eq!(of(&record, method, Realm::Measured).count(), 1);
    }

    /// Stores are in the order of their distance, and a peer is known by its id.
    #[test]
    fn stores_have_an_order() {
        let order = ["L1", "L2", "L3", "memory", "device"].map(distance);
        assert!(order.is_sorted(), "{order:?}");
        let mut record = run(&[(1, "L1")]);
        assert!(!is_peer(&record.entries[0]));
        record.entries[0].backend = registry::PEERS[0].id.into();
        assert!(is_peer(&record.entries[0]));
    }
}
