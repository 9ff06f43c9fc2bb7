//! Who is first among entries that can be set beside one another.

use crate::{export::html::places::is_peer, report::record::Entry, stats::Estimate};

/// An entry with what is said of it.
type Told<'r> = (&'r Entry, Estimate);

/// The entries of one place, and who is first there.
pub(super) struct Contest<'r> {
    /// With the least value.
    pub(super) first: Told<'r>,
    /// Others, whose intervals reach into that of the first: nobody can say that they are slower.
    pub(super) tied: Vec<&'r Entry>,
    /// The least value that is greater for certain.
    pub(super) next: Option<Told<'r>>,
    /// Peers that are before the first for certain. They take no part.
    pub(super) ahead: Vec<Told<'r>>,
}

impl<'r> Contest<'r> {
    /// Sets entries beside one another by what `value` says of them. `None` where it says nothing
    /// of a backend of ours.
    pub(super) fn of(
        entries: impl IntoIterator<Item = &'r Entry>,
        value: impl Fn(&Entry) -> Option<Estimate>,
    ) -> Option<Self> {
        let told = entries.into_iter().filter_map(|entry| Some((entry, value(entry)?)));
        let mut all: Vec<Told<'_>> = told.collect();
        all.sort_by(|(_, one), (_, other)| one.value.total_cmp(&other.value));
        let (peers, ours): (Vec<_>, Vec<_>) = all.into_iter().partition(|(one, _)| is_peer(one));
        let (first, others) = ours.split_first()?;
        let is_tied = |(_, other): &&Told<'_>| other.low <= first.1.high;
        let tied = others.iter().filter(is_tied).map(|(entry, _)| *entry).collect();
        let next = others.iter().find(|other| !is_tied(other)).copied();
        let ahead = peers.into_iter().filter(|(_, peer)| peer.high < first.1.low).collect();
        Some(Self { first: *first, tied, next, ahead })
    }

    /// Whether nobody else was measured there.
    pub(super) const fn is_alone(&self) -> bool {
        self.tied.is_empty() && self.next.is_none()
    }

    /// The entry that is first for certain, of several.
    pub(super) fn winner(&self) -> Option<&'r Entry> {
        (self.tied.is_empty() && self.next.is_some()).then_some(self.first.0)
    }

    /// All that a sentence about it names.
    pub(super) fn named(&self) -> impl Iterator<Item = &'r Entry> {
        let told = self.next.iter().chain(&self.ahead).map(|(entry, _)| *entry);
        [self.first.0].into_iter().chain(self.tied.iter().copied()).chain(told)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{registry, report::record::RunRecord};

    const RUN: &str = include_str!("../../../../tests/fixtures/run.json");

    /// Only who is first with the whole interval has won; who reaches into it is tied, and is not
    /// the next.
    #[test]
    fn intervals_decide() {
        let record: RunRecord = serde_json::from_str(RUN).unwrap();
        let values = [(2.0, 1.9, 2.1), (1.0, 0.9, 1.1), (1.2, 1.05, 1.3)];
        let contest = |count: usize| {
            let value = |entry: &Entry| {
                let at = record.entries.iter().position(|one| std::ptr::eq(one, entry)).unwrap();
                let (value, low, high) = *values.get(at)?;
                Some(Estimate { value, low, high })
            };
            Contest::of(&record.entries[..count], value).unwrap()
        };
        let first = |contest: &Contest<'_>| contest.first.1.value;
        let two = contest(2);
        assert!((first(&two) - 1.0).abs() < 1e-12 && two.winner().is_some());
        assert!((two.next.unwrap().1.value - 2.0).abs() < 1e-12);
        let three = contest(3);
        assert!(three.winner().is_none() && three.tied.len() == 1);
        assert!((three.next.unwrap().1.value - 2.0).abs() < 1e-12);
        assert!(Contest::of(&record.entries, |_| None).is_none());
        let alone = contest(1);
        assert!(alone.is_alone() && alone.winner().is_none(), "nobody was beaten");
    }

    /// A peer neither wins nor keeps another from it; where it is before the first, it is named.
    #[test]
    fn peers_take_no_part() {
        let record: RunRecord = serde_json::from_str(RUN).unwrap();
        let entry = |backend: &str| Entry { backend: backend.into(), ..record.entries[0].clone() };
        let entries = [entry(registry::PEERS[0].id), entry("scalar"), entry("reference")];
        let value = |peer: f64| {
            move |entry: &Entry| {
                let value = match entry.backend.as_str() {
                    "scalar" => 2.0,
                    "reference" => 3.0,
                    _ => peer,
                };
                Some(Estimate { value, low: value - 0.1, high: value + 0.1 })
            }
        };
        let contest = |peer| Contest::of(&entries, value(peer)).unwrap();
        assert_eq!(contest(1.0).winner().unwrap().backend, "scalar");
        assert_eq!(contest(1.0).ahead.len(), 1);
        assert!(contest(2.05).ahead.is_empty() && contest(2.05).winner().is_some());
        assert!(Contest::of(&entries[..1], value(1.0)).is_none());
    }
}
