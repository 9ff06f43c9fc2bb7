//! Gaps in a loop that does nothing but read the clock: time that the core spent on others.
//!
//! Method: the operating-system noise of a fixed quantum of work, here one reading of the clock. A
//! gap is far longer than the median step; what it is longer by is lost.

use std::{
    cmp::Ordering,
    time::{Duration, Instant},
};

use hdrhistogram::{CreationError, Histogram};
use serde::Serialize;

use crate::host::timer::Timer;

/// A step this many times as long as the median is a gap: interrupts take microseconds, a step
/// tens of nanoseconds.
const GAP_MEDIANS: f64 = 10.0;
/// Samples that must lie beyond a percentile for it to be told.
const BEYOND_MIN: f64 = 10.0;
/// Most that a histogram holds, picoseconds: 100 s. What is longer counts as this.
const PICOS_MAX: u64 = 100_000_000_000_000;
/// Steps between two looks at the end of the span.
const STEPS_PER_LOOK: usize = 1_024;

/// Gaps of one core.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Jitter {
    /// The core.
    pub core: usize,
    /// How long it spun, milliseconds.
    pub span_ms: f64,
    /// Readings of the clock.
    pub steps: u64,
    /// Median step, nanoseconds.
    pub step_ns_p50: f64,
    /// 99th percentile of the steps. Absent with fewer than ten steps beyond it.
    pub step_ns_p99: Option<f64>,
    /// 99.9th percentile.
    pub step_ns_p99_9: Option<f64>,
    /// 99.99th percentile.
    pub step_ns_p99_99: Option<f64>,
    /// Longest step.
    pub step_ns_max: f64,
    /// From which length on a step is a gap, nanoseconds.
    pub gap_ns_min: f64,
    /// Gaps per second.
    pub gaps_per_second: f64,
    /// Share of the time lost in gaps, percent.
    pub lost_percent: f64,
}

/// Spins for `span` on the core that the thread is pinned to.
pub fn spin(core: usize, timer: &Timer, span: Duration) -> Result<Jitter, CreationError> {
    let mut steps = histogram()?;
    let start = Instant::now();
    let mut last = timer.start();
    loop {
        for _ in 0..STEPS_PER_LOOK {
            let now = timer.start();
            steps.saturating_record(timer.between(last, now).picos());
            last = now;
        }
        if start.elapsed() >= span {
            return Ok(Jitter::of(core, &steps, start.elapsed()));
        }
        // The look itself is no gap.
        last = timer.start();
    }
}

/// Allocates all that it will ever need: growing would be a gap of its own.
fn histogram() -> Result<Histogram<u64>, CreationError> {
    Histogram::new_with_max(PICOS_MAX, 3)
}

impl Jitter {
    fn of(core: usize, steps: &Histogram<u64>, span: Duration) -> Self {
        let ns = |picos: u64| picos as f64 / 1e3;
        let percentile = |percent: f64| {
            let beyond = steps.len() as f64 * (1.0 - percent / 100.0);
            (beyond >= BEYOND_MIN).then(|| ns(steps.value_at_percentile(percent)))
        };
        let median_ns = ns(steps.value_at_percentile(50.0));
        let gap_ns_min = median_ns * GAP_MEDIANS;
        let gaps = steps.iter_recorded().filter(|step| ns(step.value_iterated_to()) > gap_ns_min);
        let (count, lost_ns) = gaps.fold((0, 0.0), |(count, lost_ns), step| {
            let times = step.count_since_last_iteration();
            (count + times, lost_ns + times as f64 * (ns(step.value_iterated_to()) - median_ns))
        });
        let seconds = span.as_secs_f64();
        Self {
            core,
            span_ms: seconds * 1e3,
            steps: steps.len(),
            step_ns_p50: median_ns,
            step_ns_p99: percentile(99.0),
            step_ns_p99_9: percentile(99.9),
            step_ns_p99_99: percentile(99.99),
            step_ns_max: ns(steps.max()),
            gap_ns_min,
            gaps_per_second: count as f64 / seconds,
            lost_percent: lost_ns / (seconds * 1e9) * 100.0,
        }
    }

    /// Orders by the share of time lost, then by the longest step.
    #[must_use]
    pub fn calmest_first(&self, other: &Self) -> Ordering {
        let lost = self.lost_percent.total_cmp(&other.lost_percent);
        lost.then(self.step_ns_max.total_cmp(&other.step_ns_max))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Planted gaps are counted, and what is lost is what they are longer than a step.
    #[test]
    fn planted_gaps_are_found() {
        let mut steps = histogram().unwrap();
        // A million steps of 20 ns, and 500 gaps of 1 us, of which 20 ns are a step: 0.49 ms lost.
        steps.record_n(20_000, 1_000_000).unwrap();
        steps.record_n(1_000_000, 500).unwrap();
        let jitter = Jitter::of(3, &steps, Duration::from_millis(21));
        assert_eq!((jitter.core, jitter.steps), (3, 1_000_500));
        assert!((jitter.lost_percent - 100.0 * 0.49 / 21.0).abs() < 0.01, "{jitter:?}");
        assert!((jitter.gaps_per_second - 500.0 / 0.021).abs() < 1.0, "{jitter:?}");
        assert!((jitter.step_ns_p50 - 20.0).abs() < 0.1, "{jitter:?}");
        assert!((jitter.step_ns_max - 1_000.0).abs() < 2.0, "{jitter:?}");
        assert!(jitter.step_ns_p99_9.is_some_and(|ns| ns < 21.0), "{jitter:?}");
        assert!(jitter.step_ns_p99_99.is_some_and(|ns| ns > 999.0), "{jitter:?}");
    }

    /// A core that is never disturbed loses nothing, and few steps bear no far percentile.
    #[test]
    fn calm_cores_lose_nothing() {
        let mut steps = histogram().unwrap();
        steps.record_n(20_000, 5_000).unwrap();
        let jitter = Jitter::of(0, &steps, Duration::from_micros(100));
        assert_eq!((jitter.lost_percent, jitter.gaps_per_second), (0.0, 0.0));
        assert!(jitter.step_ns_p99.is_some());
        assert_eq!((jitter.step_ns_p99_9, jitter.step_ns_p99_99), (None, None));
    }

    /// The core that loses least comes first; of two alike, the one with the shorter worst step.
    #[test]
    fn cores_are_ranked() {
        let mut steps = histogram().unwrap();
        steps.record_n(20_000, 5_000).unwrap();
        let calm = Jitter::of(0, &steps, Duration::from_millis(1));
        let lossy = Jitter { core: 1, lost_percent: 1.0, ..calm.clone() };
        let worse = Jitter { core: 2, step_ns_max: 1e6, ..calm.clone() };
        let mut all = [lossy, worse, calm];
        all.sort_by(Jitter::calmest_first);
        assert_eq!(all.map(|jitter| jitter.core), [0, 2, 1]);
    }
}
