//! Counting: what a backend makes happen per record, in a pass of its own that nothing times.
//!
//! As with throughput, a count is that of 2n batches less that of n, over n batches: what
//! switching the counters on and off costs is in both and cancels.

use std::{
    collections::{BTreeMap, BTreeSet},
    time::{Duration, Instant},
};

use super::{inputs::Rotation, throughput::Throughput};
use crate::{
    backend::{HostBackend, SubmitError},
    host::counters::{Counters, Counts, Event},
    stats,
};

/// How long the shorter of two counts is to last: a count of one event more or less is far below
/// what is shown.
pub const COUNT_TARGET: Duration = Duration::from_micros(500);

/// How long a pass is to last that shows what work takes of the machine.
pub const USAGE_TARGET: Duration = Duration::from_millis(2);

/// Differences of counts whose median is given.
const ROUNDS_MAX: usize = 5;

/// When no more rounds begin. One there is always.
const BUDGET: Duration = Duration::from_millis(20);

/// What was counted.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Counted {
    /// How often each event happens per record: the median of the rounds.
    pub per_record: BTreeMap<Event, f64>,
    /// Events that the kernel did not count all the time, in any round.
    pub multiplexed: BTreeSet<Event>,
    /// What each round counted of an event per record, least first.
    pub rounds: BTreeMap<Event, Vec<f64>>,
}

/// Batches of a pass: as many as last for `target` by what was measured, and at least as many as
/// a reading had.
#[must_use]
pub fn batches(measured: &Throughput, batch_len: usize, target: Duration) -> u64 {
    let per_record_ns = measured.per_record.median().map_or(0.0, |median| median.value);
    let batch_ns = per_record_ns * batch_len as f64;
    let wanted = if batch_ns > 0.0 { target.as_nanos() as f64 / batch_ns } else { 0.0 };
    (wanted.ceil() as u64).max(measured.repetitions)
}

/// Counts a backend on this thread: `batches` of the rotation against twice as many.
pub fn count(
    counters: &mut Counters,
    backend: &mut HostBackend,
    rotation: &mut Rotation<'_>,
    batches: u64,
) -> Result<Counted, SubmitError> {
    let mut rounds = Vec::new();
    let clock = Instant::now();
    // Its code and tables come back into the caches.
    rotation.submit(backend, batches)?;
    while rounds.len() < ROUNDS_MAX && (rounds.is_empty() || clock.elapsed() < BUDGET) {
        let shorter = counters.count(|| rotation.submit(backend, batches))?;
        let longer = counters.count(|| rotation.submit(backend, 2 * batches))?;
        rounds.push((shorter, longer));
    }
    Ok(per_record(&rounds, batches * rotation.batch_len() as u64))
}

/// Of each event, the median of the differences per record.
fn per_record(rounds: &[(Counts, Counts)], records: u64) -> Counted {
    let mut differences: BTreeMap<Event, Vec<f64>> = BTreeMap::new();
    let mut counted = Counted::default();
    for (shorter, longer) in rounds {
        for (event, &count) in &longer.counts {
            if let Some(&less) = shorter.counts.get(event) {
                let each = (count as f64 - less as f64) / records as f64;
                differences.entry(*event).or_default().push(each);
            }
        }
        counted.multiplexed.extend(shorter.multiplexed.iter().chain(&longer.multiplexed));
    }
    for (event, mut each) in differences {
        each.sort_by(f64::total_cmp);
        counted.per_record.insert(event, stats::quantile(&each, 0.5));
        counted.multiplexed.remove(&event);
        counted.rounds.insert(event, each);
    }
    counted
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        backend::mock,
        corpus::Corpus,
        measure::{Steady, Stop, inputs::Pool},
        op::Op,
        stats::{Samples, steady::Onset},
    };

    fn counts(instructions: u64, multiplexed: &[Event]) -> Counts {
        let counts = BTreeMap::from([(Event::Instructions, instructions)]);
        Counts { counts, multiplexed: multiplexed.to_vec() }
    }

    /// What every count costs cancels, and one round that was disturbed does not show.
    #[test]
    fn constant_costs_cancel() {
        let overhead = 777;
        let round =
            |each: u64| (counts(100 * each + overhead, &[]), counts(200 * each + overhead, &[]));
        let counted = per_record(&[round(42), round(42), round(9_000)], 100);
        assert_eq!(counted.per_record, BTreeMap::from([(Event::Instructions, 42.0)]));
        assert!(counted.multiplexed.is_empty());
    }

    /// An event that the kernel took turns with has no figure, unless another round has it.
    #[test]
    fn multiplexed_events_have_no_figure() {
        let lost = Counts { counts: BTreeMap::new(), multiplexed: vec![Event::Instructions] };
        let counted = per_record(&[(counts(100, &[Event::LlcMisses]), lost.clone())], 100);
        assert!(counted.per_record.is_empty());
        assert_eq!(counted.multiplexed, [Event::Instructions, Event::LlcMisses].into());
        let round = (counts(100, &[]), counts(200, &[]));
        let counted = per_record(&[(lost.clone(), lost), round], 100);
        assert_eq!(counted.per_record.get(&Event::Instructions), Some(&1.0));
        assert!(counted.multiplexed.is_empty());
    }

    /// Counts last long enough: many short batches, or one long one, and never fewer than a
    /// reading had.
    #[test]
    fn batches_fill_the_time() {
        let of = |nanos, repetitions, batch_len| {
            let per_record = Samples::from_units([nanos; 6]);
            let (per_thread, stop) = (Vec::new(), Stop::Budget);
            let steady = Steady { onset: Onset::Unknown, after: Duration::ZERO };
            let all = per_record.clone();
            let measured = Throughput { per_record, all, per_thread, repetitions, stop, steady };
            batches(&measured, batch_len, COUNT_TARGET)
        };
        assert_eq!((of(5.0, 1, 100), of(5.0, 4_000, 100)), (1_000, 4_000));
        assert_eq!((of(5.0, 1, 1 << 20), of(0.0, 3, 1)), (1, 3));
    }

    /// Outputs of a pass can be verified, and what a pass promises are the events that there are.
    /// With counters, a record takes instructions.
    #[test]
    fn passes_are_verified() {
        let records = Corpus::embedded().unwrap().records().into_iter().cycle();
        let pool = Pool::new(Op::Decide, records, 512).unwrap();
        let mut rotation = pool.rotation(64, 8, 0).unwrap();
        let mut counters = Counters::open();
        let mut backend = mock::Host::golden(Op::Decide);
        let counted = count(&mut counters, &mut backend, &mut rotation, 2).unwrap();
        assert_eq!(rotation.verify_measured(), None);
        let instructions = counted.per_record.get(&Event::Instructions);
        assert!(instructions.is_none_or(|&each| each > 1.0), "{counted:?}");
        let all = counted.per_record.len() + counted.multiplexed.len();
        let available = counters.statuses().into_iter().filter(|one| one.overhead.is_some());
        assert!(all >= available.count(), "{counted:?}");
        count(&mut counters, &mut backend.wrong_at(3), &mut rotation, 2).unwrap();
        assert!(rotation.verify_measured().is_some());
    }
}
