//! Load: requests of many clients, on a schedule that waits for nobody, and a bounded pool of
//! pinned workers.
//!
//! A request is one batch. When it is due was settled before measuring began; a worker that is
//! late, or busy, changes nothing of that. Method: Tene, "How NOT to measure latency".

pub mod arrivals;
pub mod outcome;
pub mod queue;
pub mod sweep;

use std::{
    sync::atomic::AtomicBool,
    time::{Duration, Instant, SystemTime},
};

use super::{Bench, inputs::Rotation, team::Team};
use crate::{
    backend::{HostBackend, SubmitError},
    clock::HostNanos,
    host::timer::Timer,
    stats::latency::{Histogram, HistogramError},
    verify::Divergence,
};
use arrivals::{Offered, Schedule, ScheduleError};
use outcome::{Frame, Load};
use queue::{Queue, Wait};

/// Times the scheduled duration after which no request is begun any more.
const PATIENCE: u32 = 2;

/// Batches between two looks at the clock while a worker is measured alone.
const STRETCH: u64 = 16;

/// What went wrong while measuring.
#[derive(Debug, thiserror::Error)]
pub enum LoadError {
    /// The backend gave up.
    #[error(transparent)]
    Submit(#[from] SubmitError),
    /// There is no such schedule.
    #[error(transparent)]
    Schedule(#[from] ScheduleError),
    /// No histogram.
    #[error(transparent)]
    Histogram(#[from] HistogramError),
}

/// One thread's backend and inputs. All workers have the same inputs, and outputs of their own.
struct Worker<'a, 'b> {
    backend: &'a mut HostBackend,
    rotation: &'a mut Rotation<'b>,
    place: usize,
}

/// The workers: the threads of a team, or this thread alone.
pub struct Crew<'a, 'b> {
    team: Option<&'a Team>,
    workers: Vec<Worker<'a, 'b>>,
}

impl<'a, 'b> Crew<'a, 'b> {
    /// One backend and one rotation for each worker. Without a team only the first works, on this
    /// thread.
    pub fn new(
        team: Option<&'a Team>,
        members: impl IntoIterator<Item = (&'a mut HostBackend, &'a mut Rotation<'b>)>,
    ) -> Self {
        let worker = |(place, (backend, rotation))| Worker { backend, rotation, place };
        let mut workers: Vec<_> = members.into_iter().enumerate().map(worker).collect();
        if team.is_none() {
            workers.truncate(1);
        }
        Self { team, workers }
    }

    /// Number of workers.
    #[must_use]
    pub fn len(&self) -> usize {
        self.workers.len()
    }

    /// Whether there is nobody to work.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.workers.is_empty()
    }

    /// The inputs and outputs of the first worker.
    #[must_use]
    pub fn rotation(&self) -> Option<&Rotation<'b>> {
        self.workers.first().map(|worker| &*worker.rotation)
    }

    /// Compares what the workers left in their outputs with what is golden.
    pub fn verify_measured(&mut self) -> Option<Divergence> {
        self.workers.iter_mut().find_map(|worker| worker.rotation.verify_measured())
    }

    /// Requests per second that one worker serves back to back, by the first one; it warms up all
    /// of them. Takes about `window`.
    pub fn closed_loop_per_s(
        &mut self,
        bench: Bench<'_>,
        window: Duration,
    ) -> Result<f64, SubmitError> {
        let rates = self.each(|worker| worker.closed_loop_per_s(bench, window));
        let mut first = 0.0;
        for (place, rate) in rates.into_iter().enumerate() {
            let rate = rate?;
            if place == 0 {
                first = rate;
            }
        }
        Ok(first)
    }

    /// Serves what is offered for `duration`, and until the backlog is worked off.
    pub fn serve(
        &mut self,
        bench: Bench<'_>,
        offered: &Offered,
        duration: Duration,
    ) -> Result<Load, LoadError> {
        let schedule = Schedule::new(offered, duration)?;
        let queue = Queue::new(schedule, bench.timer, bench.interrupted, duration * PATIENCE);
        let wait = match self.team {
            Some(team) if team.core_count() < team.cores().len() => Wait::Yield,
            _ => Wait::Spin,
        };
        let began = SystemTime::now();
        let served = self.each(|worker| worker.serve(&queue, bench.timer, wait));
        let mut late_start = Histogram::new()?;
        for of_worker in served {
            late_start.add(&of_worker?)?;
        }
        let workers = self.len();
        let frame = Frame { offered: *offered, workers, began, late_start };
        Ok(Load::new(bench.timer, frame, queue.into_trace())?)
    }

    fn each<R: Send>(&mut self, work: impl Fn(&mut Worker<'_, '_>) -> R + Sync) -> Vec<R> {
        match self.team {
            Some(team) => team.run(&mut self.workers, |worker| work(worker)),
            None => self.workers.iter_mut().map(work).collect(),
        }
    }
}

impl Worker<'_, '_> {
    /// Workers beyond the first only warm up, for a tenth of the time: they would share what the
    /// first is to have alone.
    fn closed_loop_per_s(
        &mut self,
        bench: Bench<'_>,
        window: Duration,
    ) -> Result<f64, SubmitError> {
        let window = if self.place == 0 { window } else { window / 10 };
        let (clock, mut count) = (Instant::now(), 0);
        loop {
            self.rotation.submit(self.backend, STRETCH)?;
            count += STRETCH;
            let elapsed = clock.elapsed();
            if elapsed >= window || is_set(bench.interrupted) {
                return Ok(count as f64 / elapsed.as_secs_f64());
            }
        }
    }

    /// Serves until nothing is left. Gives how late it began what it had waited for.
    fn serve(
        &mut self,
        queue: &Queue<'_>,
        timer: &Timer,
        wait: Wait,
    ) -> Result<Histogram<HostNanos>, LoadError> {
        let mut late_start = Histogram::new().inspect_err(|_| queue.halt())?;
        let batch_count = self.rotation.batch_count();
        while let Some(claim) = queue.claim(wait) {
            // The input is the client's, whoever serves it.
            self.rotation.seek(claim.client % batch_count);
            let start = timer.start();
            let submitted = self.rotation.submit(self.backend, 1);
            let end = timer.end();
            submitted.inspect_err(|_| queue.halt())?;
            queue.served(&claim, start, end);
            // Whoever waited has time: nobody stands in line.
            if claim.was_awaited {
                late_start.record(timer.between(claim.due, start));
            }
        }
        Ok(late_start)
    }
}

fn is_set(flag: &AtomicBool) -> bool {
    flag.load(std::sync::atomic::Ordering::Relaxed)
}

#[cfg(test)]
mod tests;
