//! The schedule as the workers share it: who is free waits for the next request and takes it when
//! it is due.
//!
//! No thread hands out requests, so none can be late with it; and nobody takes a request before
//! it is due, so a worker that loses its core while it waits holds up no request that another
//! could serve. A request is never dropped: it is served, or it is counted as lost.

use std::{
    hint::spin_loop,
    sync::{
        OnceLock,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
    thread::yield_now,
    time::Duration,
};

use super::arrivals::Schedule;
use crate::host::{
    stamps::Stamps,
    timer::{Reading, Timer},
};

/// From when all workers are there to the first moment of the schedule.
const LEAD: Duration = Duration::from_micros(100);

/// What a worker does while nothing is due.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Wait {
    /// Looks at the clock again and again: it has a core of its own.
    Spin,
    /// Offers its core to others in between: another worker needs it.
    Yield,
}

/// A counter with cache lines of its own, and the pair that processors fetch together.
#[derive(Debug, Default)]
#[repr(align(128))]
struct Next(AtomicUsize);

/// A request that is this worker's now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Claim {
    /// Place in the schedule.
    pub index: usize,
    /// Whose it is.
    pub client: usize,
    /// Intended start.
    pub due: Reading,
    /// Whether a worker was free when it became due, and waited for it.
    pub was_awaited: bool,
}

/// A schedule that is being served.
#[derive(Debug)]
pub struct Queue<'a> {
    timer: &'a Timer,
    interrupted: &'a AtomicBool,
    schedule: Schedule,
    /// The request that is claimed next.
    next: Next,
    /// When the schedule begins: some time after the first worker asked.
    origin: OnceLock<Reading>,
    /// No request is claimed later than this after the beginning.
    patience: Duration,
    halted: AtomicBool,
    starts: Stamps,
    ends: Stamps,
}

impl<'a> Queue<'a> {
    /// A queue from which nothing was claimed yet. What is not claimed after `patience` never is.
    #[must_use]
    pub fn new(
        schedule: Schedule,
        timer: &'a Timer,
        interrupted: &'a AtomicBool,
        patience: Duration,
    ) -> Self {
        let (starts, ends) = (Stamps::new(schedule.len()), Stamps::new(schedule.len()));
        Self {
            timer,
            interrupted,
            schedule,
            next: Next::default(),
            origin: OnceLock::new(),
            patience,
            halted: AtomicBool::new(false),
            starts,
            ends,
        }
    }

    /// When the schedule begins. The first worker that asks decides it.
    pub fn begin(&self) -> Reading {
        let lead = LEAD.as_nanos() as u64;
        *self.origin.get_or_init(|| self.timer.after(self.timer.start(), lead))
    }

    /// Waits for the next request and takes it. `None` when there is none left, when the patience
    /// is at its end, or when somebody halted the queue.
    pub fn claim(&self, wait: Wait) -> Option<Claim> {
        let origin = self.begin();
        let last = self.timer.after(origin, self.patience.as_nanos() as u64);
        loop {
            let index = self.next.0.load(Ordering::Relaxed);
            let request = self.schedule.get(index)?;
            let due = self.timer.after(origin, request.due_ns);
            let mut now = self.timer.start();
            let was_awaited = now < due;
            while now < due && !self.is_halted() {
                match wait {
                    Wait::Spin => spin_loop(),
                    Wait::Yield => yield_now(),
                }
                now = self.timer.start();
            }
            if now > last || self.is_halted() {
                self.halt();
                return None;
            }
            let taken = self.next.0.compare_exchange(
                index,
                index + 1,
                Ordering::Relaxed,
                Ordering::Relaxed,
            );
            if taken.is_ok() {
                return Some(Claim { index, client: request.client, due, was_awaited });
            }
        }
    }

    /// Notes that a claimed request was served.
    #[inline]
    pub fn served(&self, claim: &Claim, start: Reading, end: Reading) {
        self.starts.put(claim.index, start);
        self.ends.put(claim.index, end);
    }

    /// Nobody claims anything any more.
    pub fn halt(&self) {
        self.halted.store(true, Ordering::Relaxed);
    }

    fn is_halted(&self) -> bool {
        self.halted.load(Ordering::Relaxed) || self.interrupted.load(Ordering::Relaxed)
    }

    /// What was noted. To be called when all workers are done.
    #[must_use]
    pub fn into_trace(self) -> Trace {
        let origin = self.begin();
        let claimed = self.next.0.into_inner();
        let is_interrupted = self.interrupted.load(Ordering::Relaxed);
        let (schedule, starts, ends) = (self.schedule, self.starts, self.ends);
        Trace { schedule, origin, starts, ends, claimed, is_interrupted }
    }
}

/// All that was noted of a schedule while it was served.
#[derive(Debug)]
pub struct Trace {
    /// The requests.
    pub schedule: Schedule,
    /// When the schedule began.
    pub origin: Reading,
    /// Start of service of each request.
    pub starts: Stamps,
    /// End of service of each request.
    pub ends: Stamps,
    /// Requests that some worker took.
    pub claimed: usize,
    /// Whether the user stopped it.
    pub is_interrupted: bool,
}

#[cfg(test)]
mod tests {
    use std::thread;

    use super::*;
    use crate::measure::load::arrivals::{Arrivals, Offered};

    fn schedule(rate_per_s: f64, duration: Duration) -> Schedule {
        let arrivals = Arrivals::Constant;
        let offered = Offered { clients: 4, rate_per_s, arrivals, seed: 1 };
        Schedule::new(&offered, duration).unwrap()
    }

    const PATIENCE: Duration = Duration::from_secs(600);

    /// Four workers that share cores claim every request, each of them once, in order each, and
    /// none before it is due.
    #[test]
    fn requests_are_claimed_once() {
        let (timer, interrupted) = (Timer::qualify(), AtomicBool::new(false));
        let requests = schedule(2e5, Duration::from_millis(100));
        let len = requests.len();
        let queue = Queue::new(requests, &timer, &interrupted, PATIENCE);
        let work = || {
            let mut claimed = Vec::new();
            while let Some(claim) = queue.claim(Wait::Yield) {
                let now = timer.start();
                assert!(now >= claim.due, "claimed before it was due");
                assert_eq!(claim.client, claim.index % 4);
                queue.served(&claim, now, timer.end());
                claimed.push(claim.index);
            }
            claimed
        };
        let claimed: Vec<Vec<usize>> = thread::scope(|scope| {
            let workers = [(); 4].map(|()| scope.spawn(work));
            workers.map(|worker| worker.join().unwrap()).into()
        });
        assert!(claimed.iter().all(|indexes| indexes.is_sorted()));
        let mut all = claimed.concat();
        all.sort_unstable();
        assert_eq!((len, all), (20_000, (0..20_000).collect()));
        let trace = queue.into_trace();
        assert_eq!((trace.claimed, trace.is_interrupted), (len, false));
        assert!((0..len).all(|index| trace.starts.get(index) <= trace.ends.get(index)));
        assert!((0..len).all(|index| trace.ends.get(index).is_some()));
    }

    /// After the patience is at its end nothing is claimed, and what was not is left over.
    #[test]
    fn patience_ends() {
        let (timer, interrupted) = (Timer::qualify(), AtomicBool::new(false));
        let requests = schedule(1e3, Duration::from_millis(50));
        let queue = Queue::new(requests, &timer, &interrupted, Duration::from_millis(10));
        let mut claimed = 0;
        while queue.claim(Wait::Spin).is_some() {
            claimed += 1;
        }
        let trace = queue.into_trace();
        assert_eq!(trace.claimed, claimed);
        assert!(claimed <= 11, "{claimed}: later ones are due after the patience");
    }

    /// Ctrl-C ends a wait for a request that is far away.
    #[test]
    fn interrupting_ends_the_wait() {
        let (timer, interrupted) = (Timer::qualify(), AtomicBool::new(true));
        let queue =
            Queue::new(schedule(0.01, Duration::from_secs(3_600)), &timer, &interrupted, PATIENCE);
        assert_eq!(queue.claim(Wait::Spin), None);
        assert!(queue.into_trace().is_interrupted);
    }
}
