//! What the system did to the measuring core while it was examined.

use std::time::Instant;

use serde::Serialize;

use crate::host::doctor::{
    facts::{
        frequency::throttled_count,
        interrupts::{Arrivals, Counts},
    },
    root::Root,
};

/// Milliseconds per tick of `/proc/stat`: `USER_HZ` is 100 on every Linux.
const TICK_MS: u64 = 10;

/// Counters at one moment.
#[derive(Debug)]
pub struct Watch {
    began: Instant,
    counts: Counts,
    stat: String,
    throttled: Option<u64>,
}

/// What changed meanwhile. Absent where the system does not count.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Watched {
    /// How long, seconds.
    pub seconds: f64,
    /// Interrupts that came to the measuring core, most first.
    pub interrupts: Option<Vec<Arrivals>>,
    /// Time that the hypervisor took from the core, in steps of 10 ms.
    pub steal_ms: Option<u64>,
    /// Share of the core's time since the machine started that the hypervisor took, percent.
    pub steal_percent_since_boot: Option<f64>,
    /// Times that any core was slowed by heat.
    pub throttled_count: Option<u64>,
}

impl Watched {
    /// Interrupts on the core per second.
    #[must_use]
    pub fn interrupts_per_second(&self) -> Option<f64> {
        let count: u64 = self.interrupts.as_ref()?.iter().map(|arrivals| arrivals.count).sum();
        Some(count as f64 / self.seconds)
    }
}

impl Watch {
    /// Reads all counters.
    #[must_use]
    pub fn begin(root: &Root) -> Self {
        Self {
            began: Instant::now(),
            counts: Counts::read(root),
            stat: root.exact("/proc/stat").unwrap_or_default(),
            throttled: throttled_count(root),
        }
    }

    /// Reads them again.
    #[must_use]
    pub fn end(self, root: &Root, core: usize) -> Watched {
        let stat = root.exact("/proc/stat").unwrap_or_default();
        let (before, after) = (ticks(&self.stat, core), ticks(&stat, core));
        let steal = |ticks: &[u64]| ticks.get(STEAL).copied();
        let throttled = throttled_count(root);
        Watched {
            seconds: self.began.elapsed().as_secs_f64(),
            interrupts: self.counts.until(&Counts::read(root), core),
            steal_ms: since(before.as_deref().and_then(steal), after.as_deref().and_then(steal))
                .map(|ticks| ticks * TICK_MS),
            steal_percent_since_boot: after.as_deref().and_then(steal_percent),
            throttled_count: since(self.throttled, throttled),
        }
    }
}

fn since(start: Option<u64>, end: Option<u64>) -> Option<u64> {
    Some(end?.saturating_sub(start?))
}

/// Place of steal among the ticks of a core: user, nice, system, idle, iowait, irq, softirq, steal.
const STEAL: usize = 7;

/// The ticks of a core. What guests ran is in `user` already, so only eight are read.
fn ticks(stat: &str, core: usize) -> Option<Vec<u64>> {
    let name = format!("cpu{core}");
    let line = stat.lines().find(|line| line.split_whitespace().next() == Some(&name))?;
    Some(line.split_whitespace().skip(1).take(8).map_while(|word| word.parse().ok()).collect())
}

fn steal_percent(ticks: &[u64]) -> Option<f64> {
    let all: u64 = ticks.iter().sum();
    (all > 0).then_some(*ticks.get(STEAL)? as f64 / all as f64 * 100.0)
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;
    use crate::host::doctor::root::fake::tree;

    /// Steal, interrupts and throttling are differences, of the right core.
    #[test]
    fn changes_are_seen() {
        let throttle = "/sys/devices/system/cpu/cpu0/thermal_throttle/core_throttle_count";
        let stat = |steal| format!("cpu 9 9\ncpu0 9 9\ncpu1 10 0 10 70 0 0 0 {steal} 5 0\n");
        let (_folder, root) = tree(&[
            ("/proc/interrupts", "CPU0 CPU1\nLOC: 1 2 Local timer\n"),
            ("/proc/stat", &stat(7)),
            (throttle, "1"),
        ]);
        let watch = Watch::begin(&root);
        fs::write(root.path("/proc/interrupts"), "CPU0 CPU1\nLOC: 9 5 Local timer\n").unwrap();
        fs::write(root.path("/proc/stat"), stat(10)).unwrap();
        fs::write(root.path(throttle), "3").unwrap();
        let watched = watch.end(&root, 1);
        assert_eq!(watched.steal_ms, Some(30));
        assert_eq!(watched.steal_percent_since_boot, Some(10.0));
        assert_eq!(watched.throttled_count, Some(2));
        let arrivals = watched.interrupts.as_ref().unwrap();
        assert_eq!((arrivals.len(), arrivals[0].count), (1, 3));
        let rate = Watched { seconds: 2.0, ..watched }.interrupts_per_second();
        assert_eq!(rate, Some(1.5));
    }

    /// What is not counted is not zero.
    #[test]
    fn silence_is_unknown() {
        let (_folder, root) = tree(&[]);
        let watched = Watch::begin(&root).end(&root, 0);
        assert_eq!((watched.steal_ms, watched.throttled_count), (None, None));
        assert_eq!((&watched.interrupts, watched.steal_percent_since_boot), (&None, None));
        assert_eq!(watched.interrupts_per_second(), None);
    }
}
