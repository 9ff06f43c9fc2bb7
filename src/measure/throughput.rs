//! Throughput: back-to-back batches, n against 2n, all backends in turn, until each is known.
//!
//! A reading is T(2n) - T(n) over n batches. What a pair of clock reads costs is in both and
//! cancels; nothing is subtracted by guess. Which of the two comes first alternates, so that a
//! drift cancels too. n is chosen so that T(n) is at least 1,000 times the timer's resolution.
//!
//! Backends take one reading each per round, in alternating order. On a shared machine a core
//! can lose a third of its speed for seconds. Measured one after the other, two backends then
//! had ratios between 3.5 and 8.5; within a round both meet the same machine.
//!
//! What is read is also looked at: outputs are painted before each span and compared after it, so
//! that a backend cannot stop working, or be wrong in the middle, while it is timed. Rounds before
//! the steady state of all contestants are left out.
//!
//! Several threads start together and submit batches of their own, without waiting for one
//! another: T is from the first start to the last end.

use std::time::{Duration, Instant};

use super::{Bench, Steady, Stop, device::Shared, inputs::Rotation, team::Team};
use crate::{
    backend::{HostBackend, SubmitError},
    clock::HostNanos,
    host::timer::Reading,
    stats::{
        Samples,
        steady::{self, Onset},
    },
};

/// Multiple of the timer's resolution that the shorter reading must last.
const RESOLUTIONS_MIN: f64 = 1_000.0;

/// Part of a reading that is run unmeasured when a backend's turn comes: its code and tables
/// come back into the caches.
const SETTLE_PART: u64 = 4;

/// Shortest reading of several threads. They start within about a microsecond of one another.
const TEAM_READING: Duration = Duration::from_micros(500);

/// What was measured, and how.
#[derive(Clone, Debug)]
pub struct Throughput {
    /// Nanoseconds per record of all threads together, one reading per round.
    pub per_record: Samples<HostNanos>,
    /// The same of all rounds, those before the steady state too.
    pub all: Samples<HostNanos>,
    /// Nanoseconds per record of each thread by itself.
    pub per_thread: Vec<Samples<HostNanos>>,
    /// Batches that each thread submits in the shorter reading.
    pub repetitions: u64,
    /// Why measuring ended.
    pub stop: Stop,
    /// When all contestants became steady.
    pub steady: Steady,
}

/// How a member's batches are handed over.
enum Driver<'a> {
    /// One after the other.
    Batches(&'a mut HostBackend),
    /// Several in flight.
    Stream(Shared),
}

/// One thread's backend and inputs.
struct Member<'a, 'b> {
    driver: Driver<'a>,
    rotation: &'a mut Rotation<'b>,
    per_record: Samples<HostNanos>,
    outputs: Outputs,
}

/// What is done with what a contestant gives.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Outputs {
    /// Compared with what is golden, after each reading.
    Compared,
    /// It gives none: a roof, or a control.
    None,
}

/// What one thread, or all together, took.
type Span = (Reading, Reading);

impl<'a, 'b> Member<'a, 'b> {
    fn new(backend: &'a mut HostBackend, rotation: &'a mut Rotation<'b>) -> Self {
        Self::with(Driver::Batches(backend), rotation)
    }

    fn streaming(shared: &Shared, rotation: &'a mut Rotation<'b>) -> Self {
        Self::with(Driver::Stream(shared.clone()), rotation)
    }

    fn with(driver: Driver<'a>, rotation: &'a mut Rotation<'b>) -> Self {
        Self { driver, rotation, per_record: Samples::default(), outputs: Outputs::Compared }
    }

    fn paint(&mut self, repetitions: u64) {
        if self.outputs == Outputs::Compared {
            self.rotation.paint_next(repetitions);
        }
    }

    fn check(&mut self, repetitions: u64) {
        if self.outputs == Outputs::Compared {
            self.rotation.check_last(repetitions);
        }
    }

    /// The way is chosen once for all batches of a reading.
    fn time(&mut self, bench: &Bench<'_>, repetitions: u64) -> Result<Span, SubmitError> {
        let start = bench.timer.start();
        match &mut self.driver {
            Driver::Batches(backend) => self.rotation.submit(*backend, repetitions)?,
            Driver::Stream(shared) => self.rotation.stream(&mut **shared.lock(), repetitions)?,
        }
        Ok((start, bench.timer.end()))
    }
}

/// A backend with its inputs and what was read of it so far.
pub struct Contestant<'a, 'b> {
    team: Option<&'a Team>,
    members: Vec<Member<'a, 'b>>,
    repetitions: u64,
    per_record: Samples<HostNanos>,
}

impl<'a, 'b> Contestant<'a, 'b> {
    /// A backend that nothing was read of yet, on this thread. Other clocks than the host's are
    /// other types, and are refused by the compiler.
    pub fn new(backend: &'a mut HostBackend, rotation: &'a mut Rotation<'b>) -> Self {
        Self::with(None, vec![Member::new(backend, rotation)])
    }

    /// A device that nothing was read of yet, with several batches in flight.
    pub fn streaming(shared: &Shared, rotation: &'a mut Rotation<'b>) -> Self {
        Self::with(None, vec![Member::streaming(shared, rotation)])
    }

    /// The same, of something that gives no output: a roof, or a control.
    #[must_use]
    pub fn without_output(mut self) -> Self {
        self.members.iter_mut().for_each(|one| one.outputs = Outputs::None);
        self
    }

    /// One backend and one rotation for each thread of a team.
    pub fn of_team(
        team: &'a Team,
        members: impl IntoIterator<Item = (&'a mut HostBackend, &'a mut Rotation<'b>)>,
    ) -> Self {
        let members = members.into_iter().map(|(backend, rotation)| Member::new(backend, rotation));
        Self::with(Some(team), members.collect())
    }

    fn with(team: Option<&'a Team>, members: Vec<Member<'a, 'b>>) -> Self {
        Self { team, members, repetitions: 1, per_record: Samples::default() }
    }

    /// Finds the batches that a reading needs, twice in a row: the first time is the slowest.
    fn calibrate(&mut self, bench: &Bench<'_>) -> Result<(), SubmitError> {
        let resolutions = bench.timer.quality().resolution_ns * RESOLUTIONS_MIN;
        let target_ns = match self.team {
            Some(_) => resolutions.max(TEAM_READING.as_nanos() as f64),
            None => resolutions,
        };
        let mut long_enough = 0;
        while long_enough < 2 {
            let (start, end) = whole(&self.time(bench, self.repetitions)?);
            let nanos = bench.timer.between(start, end).picos() as f64 / 1e3;
            if nanos < target_ns {
                (self.repetitions, long_enough) = (self.repetitions * 2, 0);
            } else {
                long_enough += 1;
            }
        }
        Ok(())
    }

    /// One reading: n and 2n batches, in the order that the round asks for.
    fn read(&mut self, bench: &Bench<'_>, round: usize) -> Result<(), SubmitError> {
        let repetitions = self.repetitions;
        self.time(bench, repetitions / SETTLE_PART)?;
        let (shorter, longer) = if round.is_multiple_of(2) {
            let shorter = self.time_checked(bench, repetitions)?;
            (shorter, self.time_checked(bench, 2 * repetitions)?)
        } else {
            let longer = self.time_checked(bench, 2 * repetitions)?;
            (self.time_checked(bench, repetitions)?, longer)
        };
        let nanos = |(start, end): Span| bench.timer.between(start, end);
        let records = (repetitions * self.members[0].rotation.batch_len() as u64) as f64;
        for ((member, &shorter), &longer) in self.members.iter_mut().zip(&shorter).zip(&longer) {
            member.per_record.push_difference(nanos(shorter), nanos(longer), records);
        }
        let all_records = records * self.members.len() as f64;
        let (shorter, longer) = (nanos(whole(&shorter)), nanos(whole(&longer)));
        self.per_record.push_difference(shorter, longer, all_records);
        Ok(())
    }

    /// Times batches whose outputs are painted before and compared after.
    fn time_checked(
        &mut self,
        bench: &Bench<'_>,
        repetitions: u64,
    ) -> Result<Vec<Span>, SubmitError> {
        self.each(|one| one.paint(repetitions));
        let spans = self.time(bench, repetitions)?;
        self.each(|one| one.check(repetitions));
        Ok(spans)
    }

    /// Does the same with each member on its own thread, where its outputs are near.
    fn each(&mut self, work: impl Fn(&mut Member<'a, 'b>) + Sync) {
        match self.team {
            None => self.members.iter_mut().for_each(work),
            Some(team) => drop(team.run(&mut self.members, work)),
        }
    }

    /// The batch that is next on each thread.
    fn position(&self) -> usize {
        self.members[0].rotation.position()
    }

    fn seek(&mut self, position: usize) {
        self.members.iter_mut().for_each(|one| one.rotation.seek(position));
    }

    /// Times `repetitions` batches on each thread.
    fn time(&mut self, bench: &Bench<'_>, repetitions: u64) -> Result<Vec<Span>, SubmitError> {
        match self.team {
            None => self.members.iter_mut().map(|one| one.time(bench, repetitions)).collect(),
            Some(team) => {
                let spans = team.run(&mut self.members, |one| one.time(bench, repetitions));
                spans.into_iter().collect()
            }
        }
    }

    fn finish(self, ending: Ending) -> Throughput {
        let from = ending.steady.onset.discarded();
        let members = self.members.into_iter();
        Throughput {
            per_record: self.per_record.from_index(from),
            all: self.per_record,
            per_thread: members.map(|one| one.per_record.from_index(from)).collect(),
            repetitions: self.repetitions,
            stop: ending.stop,
            steady: ending.steady,
        }
    }
}

/// How a contest ended, for all of its contestants.
#[derive(Clone, Copy, Debug)]
struct Ending {
    stop: Stop,
    steady: Steady,
}

/// From the first start to the last end.
fn whole(spans: &[Span]) -> Span {
    let (mut start, mut end) = spans[0];
    for span in spans {
        (start, end) = (start.min(span.0), end.max(span.1));
    }
    (start, end)
}

/// Measures backends against each other, and gives the outcomes in their order.
pub fn measure(
    bench: Bench<'_>,
    mut contestants: Vec<Contestant<'_, '_>>,
) -> Result<Vec<Throughput>, SubmitError> {
    let ending = contest(bench, &mut contestants)?;
    Ok(contestants.into_iter().map(|contestant| contestant.finish(ending)).collect())
}

/// Like [`measure`], where it is known how many there are.
pub fn measure_each<const N: usize>(
    bench: Bench<'_>,
    mut contestants: [Contestant<'_, '_>; N],
) -> Result<[Throughput; N], SubmitError> {
    let ending = contest(bench, &mut contestants)?;
    Ok(contestants.map(|contestant| contestant.finish(ending)))
}

/// Rounds until all contestants are known, or the budget of all is spent.
fn contest(
    bench: Bench<'_>,
    contestants: &mut [Contestant<'_, '_>],
) -> Result<Ending, SubmitError> {
    // All walk along the same inputs, each from where the one before it stopped: what one has
    // brought into a cache is not there for the next, unless all of it fits.
    let mut position = 0;
    for contestant in &mut *contestants {
        contestant.seek(position);
        contestant.calibrate(&bench)?;
        position = contestant.position();
    }
    let budget = bench.limits.budget * u32::try_from(contestants.len()).unwrap_or(u32::MAX);
    let clock = Instant::now();
    let mut rounds_at = Vec::new();
    loop {
        let round = rounds_at.len();
        rounds_at.push(clock.elapsed());
        // Each second pair of rounds goes backwards, so that both orders of n and 2n meet both
        // orders of backends.
        let backwards = round / 2 % 2 == 1;
        for index in 0..contestants.len() {
            let index = if backwards { contestants.len() - 1 - index } else { index };
            contestants[index].seek(position);
            contestants[index].read(&bench, round)?;
            position = contestants[index].position();
        }
        let all_precise = || match onset(contestants) {
            Onset::At(from) => {
                contestants.iter().all(|one| bench.is_precise(&one.per_record.from_index(from)))
            }
            Onset::Unknown | Onset::Never => false,
        };
        if let Some(stop) = bench.decide_stop(round + 1, clock, budget, all_precise) {
            let onset = onset(contestants);
            return Ok(Ending {
                stop,
                steady: Steady { onset, after: rounds_at[onset.discarded()] },
            });
        }
    }
}

/// The round from which on all contestants are steady. Readings of the same rounds are compared,
/// so that the same rounds are left out of all.
fn onset(contestants: &[Contestant<'_, '_>]) -> Onset {
    let each = contestants.iter().map(|one| steady::onset(one.per_record.units()));
    each.max().unwrap_or(Onset::Unknown)
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::AtomicBool;

    use super::*;
    use crate::{
        backend::mock,
        corpus::Corpus,
        host::{affinity, timer::Timer},
        measure::{Limits, ROUNDS_LEAST, inputs::Pool},
        op::Op,
    };

    fn measured(budget: Duration, interrupted: bool) -> Vec<Throughput> {
        let records = Corpus::embedded().unwrap().records().into_iter().cycle();
        let pool = Pool::new(Op::Decide, records, 1_024).unwrap();
        let (timer, interrupted) = (Timer::qualify(), AtomicBool::new(interrupted));
        let limits = Limits { budget, precision: 0.0 };
        let bench = Bench { timer: &timer, limits, interrupted: &interrupted };
        let (mut one, mut other) = (mock::Host::golden(Op::Decide), mock::Host::golden(Op::Decide));
        let (mut first, mut second) =
            (pool.rotation(64, 8, 0).unwrap(), pool.rotation(64, 8, 0).unwrap());
        let outcome = measure(
            bench,
            vec![Contestant::new(&mut one, &mut first), Contestant::new(&mut other, &mut second)],
        );
        let outcome = outcome.unwrap();
        assert_eq!((first.verify_measured(), second.verify_measured()), (None, None));
        outcome
    }

    /// All contestants have as many readings, enough for an interval even when the budget is
    /// spent at once, and every one of them is positive in the median.
    #[test]
    fn rounds_are_complete() {
        let outcome = measured(Duration::from_nanos(1), false);
        let counts: Vec<usize> = outcome.iter().map(|one| one.per_record.len()).collect();
        assert_eq!(counts, [ROUNDS_LEAST, ROUNDS_LEAST]);
        assert!(outcome.iter().all(|one| one.stop == Stop::Budget));
        assert!(outcome.iter().all(|one| one.per_record.median().unwrap().value > 0.0));
    }

    /// Ctrl-C ends measuring after the round that is going on.
    #[test]
    fn interrupting_ends_the_round() {
        let outcome = measured(Duration::from_secs(60), true);
        assert!(
            outcome.iter().all(|one| (one.stop, one.per_record.len()) == (Stop::Interrupted, 1))
        );
    }

    /// Threads of a team are read together and each by itself; what they did is verified.
    #[test]
    fn teams_are_read_together() {
        let records = Corpus::embedded().unwrap().records().into_iter().cycle();
        let pool = Pool::new(Op::Decide, records, 1_024).unwrap();
        let (timer, interrupted) = (Timer::qualify(), AtomicBool::new(false));
        let limits = Limits { budget: Duration::from_nanos(1), precision: 0.0 };
        let bench = Bench { timer: &timer, limits, interrupted: &interrupted };
        let core = affinity::usable().unwrap()[0];
        let team = Team::new(vec![core; 2]).unwrap();
        let mut backends = [mock::Host::golden(Op::Decide), mock::Host::golden(Op::Decide)];
        let mut rotations = [0, 1].map(|thread| pool.rotation(64, 8, thread).unwrap());
        let members = backends.iter_mut().map(|one| one as &mut HostBackend).zip(&mut rotations);
        let outcome = measure(bench, vec![Contestant::of_team(&team, members)]).unwrap();
        assert_eq!(outcome[0].per_thread.len(), 2);
        assert!(outcome[0].per_thread.iter().all(|one| one.len() == ROUNDS_LEAST));
        assert!(rotations.iter_mut().all(|one| one.verify_measured().is_none()));
    }
}
