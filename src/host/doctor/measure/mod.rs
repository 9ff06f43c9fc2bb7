//! Effects that can be measured in seconds, each on a pinned thread of its own.

pub mod bandwidth;
pub mod jitter;
pub mod steadiness;
pub mod wakeup;
pub mod watch;

use std::{
    sync::atomic::{AtomicBool, Ordering},
    thread,
    time::Duration,
};

use serde::Serialize;

use super::root::Root;
use crate::host::{
    affinity::{self, PinError},
    timer::Timer,
};
use bandwidth::Bandwidth;
use jitter::Jitter;
use steadiness::Steadiness;
use wakeup::Wakeup;
use watch::{Watch, Watched};

/// How long a core spins for its gaps, and the most that all cores spin together.
const JITTER_SPAN: Duration = Duration::from_millis(200);
const JITTER_SPAN_ALL: Duration = Duration::from_secs(6);
/// How long the chain of steadiness runs.
const STEADINESS_SPAN: Duration = Duration::from_millis(200);

/// What is to be measured, and where.
#[derive(Clone, Debug)]
pub struct Plan {
    /// The measuring core.
    pub core: usize,
    /// Cores to compare it with: all that this process may use.
    pub usable: Vec<usize>,
    /// Whether to leave out what takes over a second together.
    pub quick: bool,
    /// Bytes of one buffer for bandwidth.
    pub buffer_bytes: usize,
}

/// All that was measured. Absent where it was left out or could not be done.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Measured {
    /// Gaps of spinning cores, the calmest core first.
    pub jitter: Vec<Jitter>,
    /// Speed of a chain of dependent instructions.
    pub steadiness: Option<Steadiness>,
    /// How late a sleeping thread wakes up.
    pub wakeup: Option<Wakeup>,
    /// Bandwidth of memory.
    pub bandwidth: Option<Bandwidth>,
    /// What the system did to the measuring core meanwhile.
    pub watched: Option<Watched>,
    /// What could not be measured, and why.
    pub failed: Vec<String>,
}

impl Plan {
    /// The cores whose gaps are measured.
    fn cores(&self) -> Vec<usize> {
        if self.quick { vec![self.core] } else { self.usable.clone() }
    }

    /// Number of steps that [`measure`] announces.
    #[must_use]
    pub fn steps(&self) -> u64 {
        let others = if self.quick { 1 } else { 3 };
        self.cores().len() as u64 + others
    }

    fn jitter_span(&self) -> Duration {
        let cores = u32::try_from(self.cores().len()).unwrap_or(u32::MAX).max(1);
        JITTER_SPAN.min(JITTER_SPAN_ALL / cores)
    }
}

/// Measures. `announce` is called before each step. Stops between two steps once `interrupted`.
pub fn measure(
    plan: &Plan,
    timer: &Timer,
    root: &Root,
    interrupted: &AtomicBool,
    announce: &mut dyn FnMut(&str),
) -> Measured {
    let mut measured = Measured::default();
    let is_over = || interrupted.load(Ordering::Relaxed);
    let watch = Watch::begin(root);
    for core in plan.cores() {
        if is_over() {
            return measured;
        }
        announce(&format!("spinning on core {core}"));
        let spun = on_core(core, || jitter::spin(core, timer, plan.jitter_span()));
        measured.keep(spun, |measured, jitter| match jitter {
            Ok(jitter) => measured.jitter.push(jitter),
            Err(error) => measured.failed.push(format!("histogram: {error}")),
        });
    }
    measured.jitter.sort_by(Jitter::calmest_first);
    if !is_over() {
        announce("timing a chain of instructions");
        let chained = on_core(plan.core, || steadiness::run(timer, STEADINESS_SPAN));
        measured.keep(chained, |measured, steadiness| measured.steadiness = steadiness);
    }
    if !plan.quick && !is_over() {
        announce("sleeping and waking up");
        let woken = on_core(plan.core, || wakeup::run(timer));
        measured.keep(woken, |measured, wakeup| measured.wakeup = wakeup);
    }
    if !plan.quick && !is_over() {
        announce("reading and copying memory");
        let moved = on_core(plan.core, || bandwidth::run(timer, plan.buffer_bytes));
        measured.keep(moved, |measured, bandwidth| measured.bandwidth = Some(bandwidth));
    }
    measured.watched = Some(watch.end(root, plan.core));
    measured
}

impl Measured {
    fn keep<T>(&mut self, result: Result<T, PinError>, put: impl FnOnce(&mut Self, T)) {
        match result {
            Ok(value) => put(self, value),
            Err(error) => self.failed.push(error.to_string()),
        }
    }
}

/// Runs `work` on a thread that is pinned to `core`. The calling thread keeps all its cores, since
/// a thread inherits those of the one that starts it.
fn on_core<T: Send>(core: usize, work: impl FnOnce() -> T + Send) -> Result<T, PinError> {
    let pinned = || affinity::pin(Some(core)).map(|_| work());
    thread::scope(|scope| match scope.spawn(pinned).join() {
        Ok(result) => result,
        Err(panic) => std::panic::resume_unwind(panic),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Each thread runs where it was pinned, and the caller keeps its cores.
    #[test]
    fn threads_are_pinned_and_the_caller_is_not() {
        let Ok(usable) = affinity::usable() else { return };
        for &core in &usable {
            let seen = on_core(core, affinity::current_core).unwrap();
            assert!(seen.is_none_or(|seen| seen == core));
        }
        assert_eq!(affinity::usable().unwrap(), usable);
        assert!(on_core(99_999, || ()).is_err());
    }

    /// A quick plan spins on the measuring core alone; many cores share the time there is.
    #[test]
    fn the_plan_bounds_the_time() {
        let plan = |quick, cores| Plan {
            core: 1,
            usable: (0..cores).collect(),
            quick,
            buffer_bytes: 1 << 20,
        };
        assert_eq!(plan(true, 8).cores(), [1]);
        assert_eq!((plan(true, 8).steps(), plan(false, 8).steps()), (2, 11));
        assert_eq!(plan(false, 8).jitter_span(), JITTER_SPAN);
        assert!(plan(false, 256).jitter_span() * 256 <= JITTER_SPAN_ALL);
    }

    /// Every step is announced, and after Ctrl-C there is no further one.
    #[test]
    fn steps_are_announced_until_interrupted() {
        let Ok(usable) = affinity::usable() else { return };
        let plan = Plan { core: usable[0], usable, quick: true, buffer_bytes: 1 << 20 };
        let (timer, flag) = (Timer::qualify(), AtomicBool::new(false));
        let root = Root::new("/");
        let mut said = Vec::new();
        let mut announce = |what: &str| said.push(what.to_owned());
        let measured = measure(&plan, &timer, &root, &flag, &mut announce);
        assert_eq!(said.len() as u64, plan.steps());
        assert_eq!((measured.jitter.len(), measured.failed.len()), (1, 0));
        assert!(measured.steadiness.is_some() && measured.bandwidth.is_none());
        flag.store(true, Ordering::Relaxed);
        let measured = measure(&plan, &timer, &root, &flag, &mut |_| panic!("a step after all"));
        assert_eq!(measured, Measured::default());
    }
}
