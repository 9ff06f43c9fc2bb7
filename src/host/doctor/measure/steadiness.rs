//! Whether a core keeps its speed: a chain of dependent instructions, timed again and again.
//!
//! The chain touches no memory, so its time follows the frequency of the core alone, and whoever
//! takes the core away. Of each few timings the shortest is kept: it is free of interrupts.

use std::{hint::black_box, time::Duration};

use serde::Serialize;

use crate::{
    clock::{Clock, HostNanos},
    host::timer::Timer,
    stats::median,
};

/// Steps of the chain in one timing: some tens of microseconds.
const STEPS: u32 = 16_384;
/// Timings of which the shortest is kept.
const TIMINGS: usize = 8;
/// Fewest values that a coefficient of variation is told of.
const VALUES_MIN: usize = 16;

/// How steady the speed of a core is.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Steadiness {
    /// Values, each the shortest of eight timings.
    pub values: usize,
    /// Median time of one step of the chain, nanoseconds.
    pub step_ns_p50: f64,
    /// Standard deviation over mean, percent.
    pub variation_percent: f64,
    /// Median of the last quarter over that of the first, less one, percent. Above zero the core
    /// became slower.
    pub drift_percent: f64,
}

/// Runs the chain for `span`. `None` when the core was hardly ours.
#[must_use]
pub fn run(timer: &Timer, span: Duration) -> Option<Steadiness> {
    let mut values_ns = Vec::new();
    let first = timer.start();
    let span_ns = span.as_nanos() as f64;
    while timer.between(first, timer.end()).in_units() < span_ns {
        let shortest = (0..TIMINGS).map(|_| timing_ns(timer)).fold(f64::INFINITY, f64::min);
        values_ns.push(shortest / f64::from(STEPS));
    }
    of(&values_ns)
}

fn timing_ns(timer: &Timer) -> f64 {
    let start = timer.start();
    black_box(chain(black_box(1)));
    let elapsed: HostNanos = timer.between(start, timer.end());
    elapsed.in_units()
}

/// Each step needs the result of the one before. The shift keeps compilers from folding several
/// steps into one, which they do to products and sums alone.
fn chain(mut value: u64) -> u64 {
    for _ in 0..STEPS {
        value = (value ^ (value >> 29)).wrapping_mul(6_364_136_223_846_793_005);
    }
    value
}

fn of(values_ns: &[f64]) -> Option<Steadiness> {
    if values_ns.len() < VALUES_MIN {
        return None;
    }
    let count = values_ns.len() as f64;
    let mean = values_ns.iter().sum::<f64>() / count;
    let squares: f64 = values_ns.iter().map(|value| (value - mean).powi(2)).sum();
    let quarter = values_ns.len() / 4;
    let (first, last) = (&values_ns[..quarter], &values_ns[values_ns.len() - quarter..]);
    Some(Steadiness {
        values: values_ns.len(),
        step_ns_p50: median(values_ns),
        variation_percent: (squares / (count - 1.0)).sqrt() / mean * 100.0,
        drift_percent: (median(last) / median(first) - 1.0) * 100.0,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A core that slows down by a tenth halfway drifts by a tenth; a steady one by nothing.
    #[test]
    fn drift_is_found() {
        let steady = of(&[2.0; 40]).unwrap();
        assert!(steady.variation_percent < 1e-9 && steady.drift_percent.abs() < 1e-9);
        let mut values = vec![2.0; 40];
        values[20..].fill(2.2);
        let slowing = of(&values).unwrap();
        assert!((slowing.drift_percent - 10.0).abs() < 1e-9, "{slowing:?}");
        // Half of 2 and half of 2.2: deviation 0.1 from a mean of 2.1, n - 1 in the divisor.
        let expected = 0.1 * (40.0_f64 / 39.0).sqrt() / 2.1 * 100.0;
        assert!((slowing.variation_percent - expected).abs() < 1e-9, "{slowing:?}");
        assert_eq!(of(&[2.0; 15]), None);
    }

    /// The chain is the recurrence that it claims to be, so that no step is left out.
    #[test]
    fn every_step_counts() {
        let step = |value: u64| (value ^ (value >> 29)).wrapping_mul(6_364_136_223_846_793_005);
        assert_eq!(chain(7), (0..STEPS).fold(7, |value, _| step(value)));
        assert_ne!(chain(7), chain(8));
    }
}
