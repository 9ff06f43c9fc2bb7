//! How late a sleeping thread wakes up: sleep states, timer slack, and a busy core.

use std::{thread, time::Duration};

use serde::Serialize;

use crate::{clock::Clock, host::timer::Timer, stats};

/// How long each sleep is to be.
const SLEEP: Duration = Duration::from_millis(1);
/// Sleeps: enough for ten beyond the 80th percentile.
const SLEEPS: usize = 50;

/// Overshoot of short sleeps.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Wakeup {
    /// Sleeps.
    pub sleeps: usize,
    /// Median overshoot, microseconds.
    pub late_us_p50: f64,
    /// 80th percentile: the furthest that so few sleeps bear.
    pub late_us_p80: f64,
    /// Latest.
    pub late_us_max: f64,
}

/// Sleeps fifty times for a millisecond.
#[must_use]
pub fn run(timer: &Timer) -> Option<Wakeup> {
    let late_us = |_| {
        let start = timer.start();
        thread::sleep(SLEEP);
        let slept_ns = timer.between(start, timer.end()).in_units();
        slept_ns / 1e3 - SLEEP.as_micros() as f64
    };
    of((0..SLEEPS).map(late_us).collect())
}

fn of(mut late_us: Vec<f64>) -> Option<Wakeup> {
    late_us.sort_by(f64::total_cmp);
    Some(Wakeup {
        sleeps: late_us.len(),
        late_us_max: *late_us.last()?,
        late_us_p50: stats::quantile(&late_us, 0.5),
        late_us_p80: stats::quantile(&late_us, 0.8),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Known lateness gives known figures, in whatever order it came; none gives none.
    #[test]
    fn lateness_is_summed_up() {
        let wakeup = of((0..=50).rev().map(f64::from).collect()).unwrap();
        assert_eq!((wakeup.late_us_p50, wakeup.late_us_p80), (25.0, 40.0));
        assert_eq!((wakeup.sleeps, wakeup.late_us_max), (51, 50.0));
        assert_eq!(of(Vec::new()), None);
    }
}
