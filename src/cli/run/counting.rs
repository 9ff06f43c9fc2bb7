//! The pass after measuring: what a backend makes happen per record, and what it takes of the
//! machine. Its outputs are verified with those that were measured.

use super::{
    lineup::Lineup,
    session::{Session, Trouble},
};
use crate::{
    backend::HostBackend,
    host::{
        counters::{Counters, SoftwareTotals},
        usage::{Begin, End, Usage},
    },
    measure::{
        counts::{self, COUNT_TARGET, Counted, USAGE_TARGET},
        inputs::Rotation,
        throughput::Throughput,
    },
    report::record::Entry,
};

/// What the pass found.
pub(super) struct Pass {
    /// Only of backends of the host on one thread.
    counted: Option<Counted>,
    usage: Usage,
}

impl Pass {
    /// What was counted, where it was.
    pub(super) fn counted(&self) -> Option<&Counted> {
        self.counted.as_ref()
    }

    /// Puts it where it belongs.
    pub(super) fn put(self, entry: &mut Entry) {
        if let Some(counted) = &self.counted {
            entry.put_events(counted);
        }
        entry.usage = Some(self.usage);
    }
}

impl Session<'_> {
    /// A pass for each line-up that has an entry, in their order. None when the user stopped.
    pub(super) fn passes(
        &self,
        lineups: &mut [&mut Lineup],
        rotations: &mut [Vec<Rotation<'_>>],
        measured: &[Throughput],
    ) -> Result<Vec<Option<Pass>>, Trouble> {
        let all = lineups.iter_mut().zip(rotations).zip(measured);
        all.map(|((lineup, rotations), measured)| {
            if lineup.is_roof() || self.is_interrupted() {
                return Ok(None);
            }
            self.pass(lineup, rotations, measured).map(Some)
        })
        .collect()
    }

    fn pass(
        &self,
        lineup: &mut Lineup,
        rotations: &mut [Rotation<'_>],
        measured: &Throughput,
    ) -> Result<Pass, Trouble> {
        let batch_len = rotations[0].batch_len();
        let lasting = |target| counts::batches(measured, batch_len, target);
        let (to_count, to_use) = (lasting(COUNT_TARGET), lasting(USAGE_TARGET));
        for rotation in &mut *rotations {
            // As far as can be from what those before it have just brought into a cache.
            rotation.seek(rotation.position() + rotation.batch_count() / 2);
        }
        let (is_of_host, threads) = (lineup.is_of_host(), lineup.threads());
        let mut backends = lineup.host_backends()?;
        if threads > 1 {
            let usage = self.usage_of_team(backends, rotations, to_use)?;
            return Ok(Pass { counted: None, usage });
        }
        let (backend, rotation) = (&mut *backends[0], &mut rotations[0]);
        let mut counters = self.counters.borrow_mut();
        let counted = if is_of_host && counters.has_hardware() {
            Some(counts::count(&mut counters, backend, rotation, to_count)?)
        } else {
            None
        };
        let ((), usage) = usage_of_thread(&mut counters, || rotation.submit(backend, to_use))?;
        Ok(Pass { counted, usage })
    }

    /// What all threads of a team take together.
    fn usage_of_team(
        &self,
        backends: Vec<&mut HostBackend>,
        rotations: &mut [Rotation<'_>],
        batches: u64,
    ) -> Result<Usage, Trouble> {
        let mut members: Vec<_> = backends.into_iter().zip(rotations).collect();
        let begin = Begin::now(SoftwareTotals::of_process());
        if let Some(team) = self.team(members.len()) {
            let work = |(backend, rotation): &mut (&mut HostBackend, &mut Rotation<'_>)| {
                rotation.submit(&mut **backend, batches)
            };
            team.run(&mut members, work).into_iter().collect::<Result<(), _>>()?;
        }
        Ok(begin.until(&End::now(SoftwareTotals::of_process)))
    }
}

/// Does work on this thread, and says what it took.
pub(super) fn usage_of_thread<R, E>(
    counters: &mut Counters,
    work: impl FnOnce() -> Result<R, E>,
) -> Result<(R, Usage), E> {
    let begin = Begin::now(counters.software());
    let done = work()?;
    Ok((done, begin.until(&End::now(|| counters.software()))))
}
