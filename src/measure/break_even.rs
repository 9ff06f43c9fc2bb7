//! Break-even: the batch length from which a device beats the best processor backend.
//!
//! A call to a device costs tens of microseconds whatever the batch, so short batches belong to
//! the processor. Each length tried is a contest of the two; its speedup has an interval, and only
//! an interval that lies on one side of 1 says who wins. Each is wrong once in 20 times, so the
//! points are kept beside the outcome.

use std::iter;

use serde::{Deserialize, Serialize};

use super::{
    Bench,
    inputs::Rotation,
    throughput::{self, Contestant, Throughput},
};
use crate::{
    backend::{HostBackend, RaggedBatch, SubmitError},
    stats::Estimate,
    verify::Divergence,
};

/// Factor between the lengths that are tried first.
const STRIDE: usize = 4;

/// Neighbours by whose factor the bracket is narrow enough.
const NARROW: f64 = 1.25;

/// A batch length that was tried.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Point {
    /// Records in each batch.
    pub batch_len: usize,
    /// How many times as fast as the processor the device is.
    pub speedup: Estimate,
}

/// Who wins for certain.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Winner {
    Processor,
    Device,
    Unknown,
}

impl Point {
    fn winner(&self) -> Winner {
        match self.speedup {
            Estimate { high, .. } if high < 1.0 => Winner::Processor,
            Estimate { low, .. } if low > 1.0 => Winner::Device,
            _ => Winner::Unknown,
        }
    }
}

/// From where on the device wins. Who wins is said only of the lengths tried.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "kebab-case")]
pub enum Outcome {
    /// From some length on.
    From {
        /// Where the speedup is 1, between the lengths tried. `None` where it is never below.
        batch_len: Option<f64>,
        /// The longest at which the processor wins for certain. `None` where it nowhere does.
        low: Option<usize>,
        /// The shortest from which on the device always wins for certain.
        high: usize,
        /// Whether the device wins for certain nowhere below `low`. If it does, this is the last
        /// of several crossings.
        is_only: bool,
    },
    /// From the shortest on.
    Always {
        /// The shortest.
        from: usize,
    },
    /// Nowhere for certain; at the longest the processor wins for certain.
    Never {
        /// The longest.
        up_to: usize,
    },
    /// Somewhere for certain, but not at the longest.
    Between {
        /// The shortest at which the device wins for certain.
        from: usize,
        /// The longest at which the device wins for certain.
        to: usize,
    },
    /// Nowhere for certain, but at the longest nor does the processor.
    CannotTell {
        /// The longest at which the processor wins for certain. `None` where it nowhere does.
        low: Option<usize>,
        /// The longest.
        up_to: usize,
    },
}

/// The outcome with what it rests on.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct BreakEven {
    /// From where on the device wins.
    pub outcome: Outcome,
    /// Every length tried, shortest first.
    pub points: Vec<Point>,
}

/// Searches up to `len_max`, by what `speedup_at` says of a batch length.
///
/// Tries lengths by the factor 4, and then between the last win of the processor and the
/// first of the device after which it always wins, until neither has a neighbour on that side
/// that is farther than the factor 1.25.
pub fn search<E>(
    len_max: usize,
    mut speedup_at: impl FnMut(usize) -> Result<Estimate, E>,
) -> Result<BreakEven, E> {
    let mut at = |batch_len| Ok(Point { batch_len, speedup: speedup_at(batch_len)? });
    let mut points = first_lens(len_max).map(&mut at).collect::<Result<Vec<_>, E>>()?;
    while let Some((index, batch_len)) = next_len(&points) {
        points.insert(index, at(batch_len)?);
    }
    Ok(BreakEven { outcome: outcome(&points), points })
}

/// 1, 4, 16, ... and the longest.
fn first_lens(len_max: usize) -> impl Iterator<Item = usize> {
    iter::successors(Some(1), |len: &usize| len.checked_mul(STRIDE))
        .take_while(move |&len| len < len_max)
        .chain(iter::once(len_max))
}

/// Index of the last point at which the processor wins for certain.
fn last_of_processor(points: &[Point]) -> Option<usize> {
    points.iter().rposition(|point| point.winner() == Winner::Processor)
}

/// Index of the first point from which on the device always wins for certain.
fn start_of_device(points: &[Point]) -> Option<usize> {
    let before = points.iter().rposition(|point| point.winner() != Winner::Device);
    let start = before.map_or(0, |index| index + 1);
    (start < points.len()).then_some(start)
}

/// The length to be tried next, with its place among the points.
fn next_len(points: &[Point]) -> Option<(usize, usize)> {
    let start = start_of_device(points)?;
    let above_low = last_of_processor(points).map(|low| low + 1);
    let below_high = (start > 0).then_some(start);
    above_low.into_iter().chain(below_high).find_map(|index| {
        let middle = middle(points[index - 1].batch_len, points[index].batch_len)?;
        Some((index, middle))
    })
}

/// The geometric mean, if the two are not yet near enough and there is a length between them.
fn middle(shorter: usize, longer: usize) -> Option<usize> {
    let (less, more) = (shorter as f64, longer as f64);
    let middle = (less * more).sqrt().round() as usize;
    (more / less > NARROW && shorter < middle && middle < longer).then_some(middle)
}

/// What the points, shortest first and at least one, say together.
#[must_use]
pub fn outcome(points: &[Point]) -> Outcome {
    let len_of = |index: usize| points[index].batch_len;
    let is_device = |point: &Point| point.winner() == Winner::Device;
    let (last, processor) = (points.len() - 1, last_of_processor(points));
    let first_win = points.iter().position(is_device);
    let last_win = points.iter().rposition(is_device);
    match (start_of_device(points), first_win.zip(last_win)) {
        (Some(0), _) => Outcome::Always { from: len_of(0) },
        (Some(start), _) => Outcome::From {
            batch_len: crossing(points),
            low: processor.map(len_of),
            high: len_of(start),
            is_only: processor.is_none_or(|low| !points[..low].iter().any(is_device)),
        },
        (None, Some((first, last))) => Outcome::Between { from: len_of(first), to: len_of(last) },
        (None, None) if processor == Some(last) => Outcome::Never { up_to: len_of(last) },
        (None, None) => Outcome::CannotTell { low: processor.map(len_of), up_to: len_of(last) },
    }
}

/// Where the speedup rises above 1 for the last time, by a line through the logarithms. `None`
/// where it is never below.
fn crossing(points: &[Point]) -> Option<f64> {
    let rises = |pair: &&[Point]| pair[0].speedup.value <= 1.0 && pair[1].speedup.value > 1.0;
    let pair = points.windows(2).rfind(rises)?;
    let [below, above] = [0, 1].map(|index| pair[index].speedup.value.max(f64::MIN_POSITIVE).ln());
    let [shorter, longer] = [0, 1].map(|index| (pair[index].batch_len as f64).ln());
    Some((shorter + (longer - shorter) * below / (below - above)).exp())
}

/// Why there is no outcome.
#[derive(Debug, thiserror::Error)]
pub enum BreakEvenError {
    /// A backend gave up.
    #[error(transparent)]
    Submit(#[from] SubmitError),
    /// No inputs.
    #[error(transparent)]
    Ragged(#[from] RaggedBatch),
    /// What was measured is wrong.
    #[error("the {who} differs from the golden model: {divergence}")]
    Wrong {
        /// `processor` or `device`.
        who: &'static str,
        /// The first difference.
        divergence: Divergence,
    },
    /// The user asked to stop.
    #[error("interrupted")]
    Interrupted,
    /// No contest of a length gave a ratio.
    #[error(
        "{CONTESTS} contests with {0} records bore no ratio: stop other work, and repeat the run"
    )]
    NoRatio(usize),
}

/// Contests of one length before it is given up: on a machine that is busy with other things, the
/// longer of two readings can take less than the shorter.
const CONTESTS: usize = 5;

/// Searches by contests of `processor` and `device`, for each length on rotations of their own in
/// that order. What they leave behind is compared with the golden outputs. `keep` is told of every
/// contest.
pub fn measure<'p>(
    bench: Bench<'_>,
    [processor, device]: [&mut HostBackend; 2],
    len_max: usize,
    mut rotations: impl FnMut(usize) -> Result<[Rotation<'p>; 2], BreakEvenError>,
    mut keep: impl FnMut(usize, &[Throughput; 2]),
) -> Result<BreakEven, BreakEvenError> {
    search(len_max, |batch_len| {
        for _ in 0..CONTESTS {
            let [mut first, mut second] = rotations(batch_len)?;
            let contestants = [
                Contestant::new(&mut *processor, &mut first),
                Contestant::new(&mut *device, &mut second),
            ];
            let measured = throughput::measure_each(bench, contestants)?;
            for (who, rotation) in [("processor", &mut first), ("device", &mut second)] {
                if let Some(divergence) = rotation.verify_measured() {
                    return Err(BreakEvenError::Wrong { who, divergence });
                }
            }
            if bench.is_interrupted() {
                return Err(BreakEvenError::Interrupted);
            }
            keep(batch_len, &measured);
            let [baseline, candidate] = &measured;
            if let Some(speedup) = baseline.per_record.speedup_of(&candidate.per_record) {
                return Ok(speedup);
            }
        }
        Err(BreakEvenError::NoRatio(batch_len))
    })
}

#[cfg(test)]
mod tests {
    use std::{convert::Infallible, sync::atomic::AtomicBool, time::Duration};

    use proptest::prelude::*;

    use super::*;
    use crate::{
        backend::mock,
        corpus::Corpus,
        host::timer::Timer,
        measure::{
            Limits,
            device::{EndToEnd, Shared},
            inputs::Pool,
        },
        op::Op,
    };

    const LEN_MAX: usize = 1 << 20;

    fn estimate(value: f64, half_width: f64) -> Estimate {
        let (low, high) = (value * (1.0 - half_width), value * (1.0 + half_width));
        Estimate { value, low, high }
    }

    fn searched(mut speedup_at: impl FnMut(usize) -> Estimate) -> BreakEven {
        let done = search(LEN_MAX, |len| Ok::<_, Infallible>(speedup_at(len))).unwrap();
        let lens: Vec<usize> = done.points.iter().map(|point| point.batch_len).collect();
        assert!(lens.is_sorted_by(|one, next| one < next), "{lens:?}");
        assert_eq!((lens[0], lens[lens.len() - 1]), (1, LEN_MAX));
        assert!(lens.len() <= 11 + 8, "{lens:?}");
        done
    }

    /// Speedup of a device that takes `call + per_record * n` over a processor that takes `n`.
    fn model(call: f64, per_record: f64, len: usize) -> f64 {
        len as f64 / (call + per_record * len as f64)
    }

    proptest! {
        /// The crossing of two cost models is found between its bounds, which are near each
        /// other, whatever the noise within the intervals.
        #[test]
        fn crossings_are_found(
            (call, per_record) in (10.0..100_000.0, 0.01..0.5),
            noise in proptest::collection::vec(-0.01..0.01, 64),
        ) {
            let truth = call / (1.0 - per_record);
            let done = searched(|len| {
                estimate(model(call, per_record, len) * (1.0 + noise[len % 64]), 0.02)
            });
            let Outcome::From { batch_len: Some(batch_len), low: Some(low), high, is_only } =
                done.outcome
            else {
                panic!("{:?}", done.outcome);
            };
            prop_assert!(is_only && low as f64 <= truth && truth <= high as f64);
            prop_assert!(low as f64 <= batch_len && batch_len <= high as f64);
            prop_assert!((batch_len / truth - 1.0).abs() < 0.15, "{batch_len} of {truth}");
            prop_assert!(high as f64 / low as f64 <= 1.25 * 1.25 * 1.25, "{low} to {high}");
        }

        /// A device that never catches up, or is ahead at once, is said to.
        #[test]
        fn one_sided_contests_are_told(call in 0.0..1_000.0, ahead in 1.1..50.0) {
            let never = searched(|len| estimate(model(call, ahead, len), 0.02));
            prop_assert_eq!(never.outcome, Outcome::Never { up_to: LEN_MAX });
            let always = searched(|len| estimate(1.0 / model(call, ahead, len), 0.02));
            prop_assert_eq!(always.outcome, Outcome::Always { from: 1 });
            prop_assert_eq!(always.points.len(), 11);
        }

        /// Whatever the points, the outcome says nothing that they do not bear out.
        #[test]
        fn outcomes_are_borne_out(
            noise in proptest::collection::vec((0.1..3.0, 0.0..0.5), 64),
        ) {
            let done = search(LEN_MAX, |len| {
                let (value, half_width) = noise[len.ilog2() as usize * 3 % 64];
                Ok::<_, Infallible>(estimate(value, half_width))
            });
            let BreakEven { outcome, points } = done.unwrap();
            let wins = |winner, from: usize, to: usize| {
                let mut within = points.iter().filter(|one| (from..=to).contains(&one.batch_len));
                within.all(|one| one.winner() == winner)
            };
            let nowhere = |winner| points.iter().all(|one| one.winner() != winner);
            match outcome {
                Outcome::From { batch_len, low, high, is_only } => {
                    prop_assert!(wins(Winner::Device, high, LEN_MAX) && high > 1);
                    prop_assert!(low.is_none_or(|low| wins(Winner::Processor, low, low)));
                    prop_assert!(low.is_some() || nowhere(Winner::Processor));
                    let is_within = batch_len.is_none_or(|batch_len| {
                        low.unwrap_or(1) as f64 <= batch_len && batch_len <= high as f64
                    });
                    prop_assert!(is_within);
                    let below = points.iter().take_while(|one| Some(one.batch_len) < low);
                    let is_alone = below.clone().all(|one| one.winner() != Winner::Device);
                    prop_assert_eq!(is_only, is_alone);
                }
                Outcome::Always { from } => prop_assert!(wins(Winner::Device, from, LEN_MAX)),
                Outcome::Never { up_to } => {
                    prop_assert!(nowhere(Winner::Device) && wins(Winner::Processor, up_to, up_to));
                }
                Outcome::Between { from, to } => {
                    prop_assert!(wins(Winner::Device, from, from) && wins(Winner::Device, to, to));
                    prop_assert!(!wins(Winner::Device, LEN_MAX, LEN_MAX));
                }
                Outcome::CannotTell { up_to, .. } => {
                    prop_assert!(nowhere(Winner::Device) && wins(Winner::Unknown, up_to, up_to));
                }
            }
        }
    }

    /// Of several crossings the last is given, and that there are others.
    #[test]
    fn the_last_crossing_counts() {
        let done = searched(|len| match len {
            0..8 => estimate(0.5, 0.1),
            8..100 | 5_000.. => estimate(2.0, 0.1),
            _ => estimate(0.5, 0.1),
        });
        let Outcome::From { low: Some(low), high, is_only, .. } = done.outcome else {
            panic!("{:?}", done.outcome);
        };
        assert!(!is_only && (3_900..5_000).contains(&low) && (5_000..6_300).contains(&high));
    }

    /// A device that wins only in between is said to; so is one that can nowhere be told apart,
    /// and one that wins wherever it can be told.
    #[test]
    fn unclear_contests_are_told() {
        let hump = |len| if (8..5_000).contains(&len) { 2.0 } else { 0.5 };
        let between = searched(|len| estimate(hump(len), 0.1));
        assert_eq!(between.outcome, Outcome::Between { from: 16, to: 4_096 });
        let alike = searched(|_| estimate(1.01, 0.1));
        assert_eq!(alike.outcome, Outcome::CannotTell { low: None, up_to: LEN_MAX });
        let slow = searched(|len| estimate(model(100.0, 1.0, len), 0.02));
        let Outcome::CannotTell { low: Some(low), .. } = slow.outcome else {
            panic!("{:?}", slow.outcome);
        };
        assert_eq!(low, 4_096);
        let fast = searched(|len| estimate(if len < 64 { 1.01 } else { 2.0 }, 0.1));
        let Outcome::From { batch_len: None, low: None, high, .. } = fast.outcome else {
            panic!("{:?}", fast.outcome);
        };
        assert!((64..80).contains(&high));
    }

    /// An outcome is written with its kind, and read again.
    #[test]
    fn outcomes_are_written() {
        let done = searched(|len| estimate(model(100.0, 0.5, len), 0.02));
        let json = serde_json::to_value(&done).unwrap();
        assert_eq!(json["outcome"]["kind"], "from");
        assert_eq!(serde_json::from_value::<BreakEven>(json).unwrap(), done);
        let json = serde_json::to_value(Outcome::CannotTell { low: None, up_to: 4 }).unwrap();
        assert_eq!(json["kind"], "cannot-tell");
    }

    fn contested(device: mock::Device, interrupted: bool) -> Result<BreakEven, BreakEvenError> {
        let records = Corpus::embedded().unwrap().records().into_iter().cycle();
        let pool = Pool::new(Op::Decide, records, 64).unwrap();
        let (timer, interrupted) = (Timer::qualify(), AtomicBool::new(interrupted));
        let limits = Limits { budget: Duration::from_nanos(1), precision: 0.0 };
        let bench = Bench { timer: &timer, limits, interrupted: &interrupted };
        let mut device = EndToEnd(Shared::new(Box::new(device)));
        let rotations = |len| Ok([pool.rotation(len, 2, 0)?, pool.rotation(len, 2, 0)?]);
        let mut contests = 0;
        let contestants: [&mut HostBackend; 2] = [&mut mock::Host::golden(Op::Decide), &mut device];
        let found = measure(bench, contestants, 16, rotations, |_, _| contests += 1);
        assert!(found.is_err() || contests >= found.as_ref().map_or(0, |one| one.points.len()));
        found
    }

    /// Contests of real readings find a device that waits slower; wrong outputs and Ctrl-C end
    /// the search.
    #[test]
    fn contests_are_searched() {
        let device = mock::Device::without_timestamps(Op::Decide);
        let slow = device.clone().lasting(Duration::from_micros(100));
        assert_eq!(contested(slow, false).unwrap().outcome, Outcome::Never { up_to: 16 });
        let wrong = contested(device.clone().wrong_at(0), false);
        assert!(matches!(wrong, Err(BreakEvenError::Wrong { who: "device", .. })), "{wrong:?}");
        let stopped = contested(device, true);
        assert!(matches!(stopped, Err(BreakEvenError::Interrupted)), "{stopped:?}");
    }
}
