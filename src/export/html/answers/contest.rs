//! Who is first among entries that can be set beside one another.

use crate::{report::record::Entry, stats::Estimate};

/// The entries of one place, and who is first there.
pub(super) struct Contest<'r> {
    /// With the least value.
    pub(super) first: (&'r Entry, Estimate),
    /// Others, whose intervals reach into that of the first: nobody can say that they are slower.
    pub(super) tied: Vec<&'r Entry>,
    /// The least value that is greater for certain.
    pub(super) next: Option<(&'r Entry, Estimate)>,
}

impl<'r> Contest<'r> {
    /// Sets entries beside one another by what `value` says of them. `None` where it says nothing.
    pub(super) fn of(
        entries: impl IntoIterator<Item = &'r Entry>,
        value: impl Fn(&Entry) -> Option<Estimate>,
    ) -> Option<Self> {
        let told = entries.into_iter().filter_map(|entry| Some((entry, value(entry)?)));
        let mut all: Vec<(&Entry, Estimate)> = told.collect();
        all.sort_by(|(_, one), (_, other)| one.value.total_cmp(&other.value));
        let (first, others) = all.split_first()?;
        let is_tied = |(_, other): &&(&Entry, Estimate)| other.low <= first.1.high;
        let tied = others.iter().filter(is_tied).map(|(entry, _)| *entry).collect();
        let next = others.iter().find(|other| !is_tied(other)).copied();
        Some(Self { first: *first, tied, next })
    }

    /// The entry that is first for certain.
    pub(super) fn winner(&self) -> Option<&'r Entry> {
        self.tied.is_empty().then_some(self.first.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::record::RunRecord;

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
    }
}
