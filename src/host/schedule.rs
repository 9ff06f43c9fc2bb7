//! What the operating system did to the measuring thread: read before and after, and compared.

use std::fs;

use serde::{Deserialize, Serialize};

use super::{affinity, field};

/// Counters of the current thread and its core at one moment. `None` where not readable.
#[derive(Clone, Copy, Debug, Default)]
pub struct Snapshot {
    core: Option<usize>,
    involuntary_switches: Option<u64>,
    migrations: Option<u64>,
    steal_ticks: Option<u64>,
}

/// What happened between two snapshots. A field is absent where the system does not say.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Disturbance {
    /// Core at the end.
    pub core: Option<usize>,
    /// Whether that is another core than at the start.
    pub moved: bool,
    /// Times the scheduler took the core away.
    pub involuntary_switches: Option<u64>,
    /// Times the thread changed cores.
    pub migrations: Option<u64>,
    /// Time that the hypervisor gave to others, in steps of 10 ms.
    pub steal_ms: Option<u64>,
}

/// Milliseconds per tick of `/proc/stat`: `USER_HZ` is 100 on every Linux.
const TICK_MS: u64 = 10;

impl Snapshot {
    /// Reads the counters. Costs some tens of microseconds: never inside a measurement.
    #[must_use]
    pub fn take() -> Self {
        let core = affinity::current_core();
        let status = fs::read_to_string("/proc/thread-self/status").unwrap_or_default();
        let sched = fs::read_to_string("/proc/thread-self/sched").unwrap_or_default();
        let stat = fs::read_to_string("/proc/stat").unwrap_or_default();
        Self {
            core,
            involuntary_switches: number(field(&status, "nonvoluntary_ctxt_switches")),
            migrations: number(field(&sched, "se.nr_migrations")),
            steal_ticks: core.and_then(|core| steal_ticks(&stat, core)),
        }
    }

    /// What happened since `self` was taken.
    #[must_use]
    pub fn until(&self, end: &Self) -> Disturbance {
        let moved = self.core != end.core;
        let steal = since(self.steal_ticks, end.steal_ticks).filter(|_| !moved);
        Disturbance {
            core: end.core,
            moved,
            involuntary_switches: since(self.involuntary_switches, end.involuntary_switches),
            migrations: since(self.migrations, end.migrations),
            steal_ms: steal.map(|ticks| ticks * TICK_MS),
        }
    }
}

impl Disturbance {
    /// What happened to several threads together, each on a core of its own.
    #[must_use]
    pub fn of_all(threads: &[Self]) -> Self {
        let sum = |count: fn(&Self) -> Option<u64>| threads.iter().map(count).sum();
        Self {
            core: None,
            moved: threads.iter().any(|thread| thread.moved),
            involuntary_switches: sum(|thread| thread.involuntary_switches),
            migrations: sum(|thread| thread.migrations),
            steal_ms: sum(|thread| thread.steal_ms),
        }
    }
}

impl Disturbance {
    /// What happened to one thread in two stretches of time, such as two launches.
    #[must_use]
    pub fn and(&self, later: &Self) -> Self {
        let core = self.core.filter(|_| self.core == later.core);
        Self { core, ..Self::of_all(&[*self, *later]) }
    }
}

fn since(start: Option<u64>, end: Option<u64>) -> Option<u64> {
    Some(end?.saturating_sub(start?))
}

fn number(text: Option<&str>) -> Option<u64> {
    text?.parse().ok()
}

/// Eighth column of the core's line in `/proc/stat`.
fn steal_ticks(stat: &str, core: usize) -> Option<u64> {
    let name = format!("cpu{core}");
    let line = stat.lines().find(|line| line.split_whitespace().next() == Some(&name))?;
    line.split_whitespace().nth(8)?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The steal column belongs to the right core.
    #[test]
    fn steal_is_read_per_core() {
        let stat =
            "cpu  1 2 3 4 5 6 7 8 9 10\ncpu0 1 2 3 4 5 6 7 80 9 10\ncpu1 1 1 1 1 1 1 1 3 0 0\n";
        assert_eq!((steal_ticks(stat, 0), steal_ticks(stat, 1)), (Some(80), Some(3)));
        assert_eq!(steal_ticks(stat, 2), None);
    }

    /// Counts of several threads add up, unless one of them is not known.
    #[test]
    fn threads_add_up() {
        let one = Disturbance { involuntary_switches: Some(2), ..Disturbance::default() };
        let other = Disturbance { steal_ms: Some(10), moved: true, ..one };
        let all = Disturbance::of_all(&[one, other]);
        assert_eq!((all.involuntary_switches, all.steal_ms, all.moved), (Some(4), None, true));
    }

    /// Differences are taken, and a counter of another core is not compared.
    #[test]
    fn disturbance_is_the_difference() {
        let start = Snapshot {
            core: Some(1),
            involuntary_switches: Some(5),
            migrations: None,
            steal_ticks: Some(2),
        };
        let end = Snapshot { involuntary_switches: Some(7), steal_ticks: Some(5), ..start };
        let stayed = start.until(&end);
        assert_eq!((stayed.involuntary_switches, stayed.steal_ms), (Some(2), Some(30)));
        assert_eq!(stayed.migrations, None);
        let moved = start.until(&Snapshot { core: Some(0), ..end });
        assert_eq!((moved.moved, moved.steal_ms), (true, None));
    }
}
