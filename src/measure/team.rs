//! Several threads that measure together, each on a core of its own.

use std::{
    collections::BTreeSet,
    hint::spin_loop,
    sync::{
        Mutex, PoisonError,
        atomic::{AtomicUsize, Ordering},
    },
    thread::yield_now,
};

use rayon::{ThreadPool, ThreadPoolBuildError, ThreadPoolBuilder};

use crate::host::affinity::{self, PinError};

/// Why there is no team.
#[derive(Debug, thiserror::Error)]
pub enum TeamError {
    /// The operating system gives no more threads.
    #[error("cannot start the threads: {0}")]
    Threads(#[from] ThreadPoolBuildError),
    /// A thread cannot have its core.
    #[error(transparent)]
    Pin(#[from] PinError),
}

/// Threads, each pinned. Where there are more threads than cores, some share one.
#[derive(Debug)]
pub struct Team {
    pool: ThreadPool,
    cores: Vec<usize>,
}

/// Turns of the wait for the others before a thread offers its core to one of them: those that
/// wait may have no core of their own.
const SPINS_MAX: u32 = 2_000;

impl Team {
    /// Starts one thread for each of `cores`, and pins it there.
    pub fn new(cores: Vec<usize>) -> Result<Self, TeamError> {
        let pool = ThreadPoolBuilder::new()
            .num_threads(cores.len())
            .thread_name(|index| format!("measure-{index}"))
            .build()?;
        let pinned = pool.broadcast(|worker| affinity::pin(Some(cores[worker.index()])));
        pinned.into_iter().collect::<Result<Vec<_>, _>>()?;
        Ok(Self { pool, cores })
    }

    /// The core of each thread.
    #[must_use]
    pub fn cores(&self) -> &[usize] {
        &self.cores
    }

    /// How many cores those are: fewer than threads where some share one.
    #[must_use]
    pub fn core_count(&self) -> usize {
        self.cores.iter().collect::<BTreeSet<_>>().len()
    }

    /// Does the same on each thread. Results come in order of threads.
    pub fn each<R: Send>(&self, work: impl Fn() -> R + Sync) -> Vec<R> {
        self.pool.broadcast(|_| work())
    }

    /// Hands each thread its member and starts all at once. Results come in order of members.
    ///
    /// # Panics
    ///
    /// Unless there are as many members as threads.
    pub fn run<M: Send, R: Send>(
        &self,
        members: &mut [M],
        work: impl Fn(&mut M) -> R + Sync,
    ) -> Vec<R> {
        assert_eq!(members.len(), self.cores.len(), "one member for each thread");
        let members: Vec<Mutex<&mut M>> = members.iter_mut().map(Mutex::new).collect();
        let arrived = AtomicUsize::new(0);
        self.pool.broadcast(|worker| {
            let mut member = members[worker.index()].lock().unwrap_or_else(PoisonError::into_inner);
            arrived.fetch_add(1, Ordering::AcqRel);
            let mut spins = 0;
            while arrived.load(Ordering::Acquire) < members.len() {
                spins += 1;
                if spins % SPINS_MAX == 0 { yield_now() } else { spin_loop() }
            }
            work(&mut member)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Every member is worked on by the thread of its place, also with more threads than cores.
    #[test]
    fn members_keep_their_places() {
        let core = affinity::usable().unwrap()[0];
        let team = Team::new(vec![core; 3]).unwrap();
        assert_eq!((team.cores().len(), team.core_count()), (3, 1));
        let mut members = [1, 2, 3];
        let doubled = team.run(&mut members, |member| {
            *member *= 2;
            (*member, affinity::current_core())
        });
        assert_eq!(members, [2, 4, 6]);
        for (place, (member, current)) in doubled.into_iter().enumerate() {
            assert_eq!(member, members[place]);
            assert!(current.is_none_or(|current| current == core));
        }
    }
}
