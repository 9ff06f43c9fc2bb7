//! What is known of the timer after measuring it. Printed and stored with every run.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::{Source, tsc};
use crate::stats;

/// What is known of the timer. Durations are nanoseconds.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Quality {
    /// Which clock is read.
    pub source: Source,
    /// Why it is not the time-stamp counter, where it is not.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tsc_unavailable: Option<String>,
    /// Whether the processor says that its time-stamp counter keeps one rate. Absent where it has
    /// none, or does not say.
    pub invariant: Option<bool>,
    /// Ticks per second as the processor or the hypervisor states them: not used, only shown.
    pub nominal_hz: Option<f64>,
    /// Ticks per second, measured against the monotonic clock.
    pub frequency_hz: f64,
    /// How far two measurements of the frequency lay apart, in parts per million.
    pub frequency_spread_ppm: f64,
    /// Least difference of two readings that is not zero, in nanoseconds.
    pub resolution_ns: f64,
    /// Median of what an empty pair of readings reads, in nanoseconds.
    pub overhead_ns: f64,
    /// All that empty pairs read.
    pub back_to_back: BackToBack,
    /// Readings that were earlier than the one before them. Never any, or the clock is unfit.
    pub backward_steps: u64,
}

/// What pairs of readings with nothing between them read.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct BackToBack {
    /// Pairs.
    pub count: u64,
    /// Share of the pairs that read nothing at all: the clock stood still.
    pub zero_share: f64,
    /// Median.
    pub ns_p50: f64,
    /// Ninth decile.
    pub ns_p90: f64,
    /// One pair in a hundred read more.
    pub ns_p99: f64,
    /// One pair in a thousand read more.
    pub ns_p99_9: f64,
    /// Longest: an interrupt, or the hypervisor.
    pub ns_max: f64,
}

impl BackToBack {
    /// Figures of sorted readings in nanoseconds, of which there must be one at least.
    fn of(sorted_ns: &[f64]) -> Self {
        let zeros = sorted_ns.iter().take_while(|&&ns| ns <= 0.0).count();
        let quantile = |q| stats::quantile(sorted_ns, q);
        Self {
            count: sorted_ns.len() as u64,
            zero_share: zeros as f64 / sorted_ns.len() as f64,
            ns_p50: quantile(0.5),
            ns_p90: quantile(0.9),
            ns_p99: quantile(0.99),
            ns_p99_9: quantile(0.999),
            ns_max: quantile(1.0),
        }
    }
}

/// What is known of a clock before pairs are read of it.
pub(super) struct Known {
    pub(super) tsc_unavailable: Option<String>,
    pub(super) frequency_hz: f64,
    pub(super) frequency_spread_ppm: f64,
}

impl Quality {
    /// What the processor says, before any pair was read.
    pub(super) fn unmeasured(source: Source, known: Known) -> Self {
        Self {
            source,
            tsc_unavailable: known.tsc_unavailable,
            invariant: tsc::is_invariant(),
            nominal_hz: tsc::nominal_hz(),
            frequency_hz: known.frequency_hz,
            frequency_spread_ppm: known.frequency_spread_ppm,
            resolution_ns: 0.0,
            overhead_ns: 0.0,
            back_to_back: BackToBack::default(),
            backward_steps: 0,
        }
    }

    /// Takes what empty pairs read, in nanoseconds; one at least.
    pub(super) fn measure(&mut self, mut empty_ns: Vec<f64>, backward_steps: u64) {
        empty_ns.sort_by(f64::total_cmp);
        let tick_ns = 1e9 / self.frequency_hz;
        self.back_to_back = BackToBack::of(&empty_ns);
        self.overhead_ns = self.back_to_back.ns_p50;
        self.resolution_ns = empty_ns.into_iter().find(|&ns| ns > 0.0).unwrap_or(tick_ns);
        self.backward_steps = backward_steps;
    }
}

/// Two lines: the clock, and what it reads of nothing.
impl fmt::Display for Quality {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let name = match self.source {
            Source::Tsc => "time-stamp counter",
            Source::Monotonic => "monotonic clock of the system",
        };
        let invariant = match self.invariant {
            Some(true) => "invariant",
            Some(false) => "not invariant",
            None => "invariance unknown",
        };
        let mhz = self.frequency_hz / 1e6;
        write!(f, "{name}, {invariant}, {mhz:.3} MHz +-{:.1} ppm", self.frequency_spread_ppm)?;
        if let Some(nominal) = self.nominal_hz.filter(|_| self.source == Source::Tsc) {
            let off = (self.frequency_hz / nominal - 1.0) * 1e6;
            write!(f, " ({off:+.0} ppm off the stated {:.3} MHz)", nominal / 1e6)?;
        }
        let BackToBack { count, zero_share, ns_p50, ns_p90, ns_p99, ns_p99_9, ns_max } =
            self.back_to_back;
        write!(
            f,
            "\nresolution {:.1} ns; {count} empty pairs: p50 {ns_p50:.1}, p90 {ns_p90:.1}, p99 \
             {ns_p99:.1}, p99.9 {ns_p99_9:.1}, max {ns_max:.1} ns; {:.1} % read zero, {} backwards",
            self.resolution_ns,
            100.0 * zero_share,
            self.backward_steps,
        )
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn quality(pairs_ns: Vec<f64>) -> Quality {
        let known = Known { tsc_unavailable: None, frequency_hz: 2e9, frequency_spread_ppm: 3.0 };
        let mut quality = Quality::unmeasured(Source::Tsc, known);
        quality.measure(pairs_ns, 0);
        quality
    }

    proptest! {
        /// Whatever the pairs read, the figures are ordered, fit one another, and come back the
        /// same from a record.
        #[test]
        fn stored_figures_fit_one_another(
            pairs_ns in proptest::collection::vec(prop_oneof![Just(0.0), 0.1..1e6], 1..500),
        ) {
            let longest = pairs_ns.iter().copied().fold(0.0, f64::max);
            let quality = quality(pairs_ns.clone());
            let pairs = quality.back_to_back;
            let order = [0.0, pairs.ns_p50, pairs.ns_p90, pairs.ns_p99, pairs.ns_p99_9];
            prop_assert!(order.is_sorted() && pairs.ns_p99_9 <= pairs.ns_max, "{pairs:?}");
            prop_assert!((pairs.ns_max - longest).abs() < 1e-9);
            prop_assert_eq!(pairs.count, pairs_ns.len() as u64);
            prop_assert!((quality.overhead_ns - pairs.ns_p50).abs() < 1e-9);
            prop_assert!(quality.resolution_ns > 0.0);
            let zeros = pairs_ns.iter().filter(|ns| **ns <= 0.0).count() as f64;
            prop_assert!((pairs.zero_share * pairs.count as f64 - zeros).abs() < 1e-6);
            let stored = serde_json::to_string(&quality).unwrap();
            let read: Quality = serde_json::from_str(&stored).unwrap();
            prop_assert_eq!(read.source, quality.source);
            prop_assert!((read.back_to_back.ns_p90 - pairs.ns_p90).abs() < 1e-6);
        }
    }

    /// A clock that stands still has the resolution of one tick, and says how often it stood.
    #[test]
    fn standing_clocks_show() {
        let still = quality(vec![0.0; 10]);
        assert!((still.back_to_back.zero_share - 1.0).abs() < 1e-12);
        assert!((still.resolution_ns - 0.5).abs() < 1e-12);
        let coarse = quality(vec![0.0, 0.0, 0.0, 10.0]);
        assert!((coarse.back_to_back.zero_share - 0.75).abs() < 1e-12);
        assert!((coarse.resolution_ns - 10.0).abs() < 1e-12);
    }

    /// What is printed names the clock, how far it is off, and the distribution.
    #[test]
    fn quality_is_printed() {
        let stated = Quality {
            nominal_hz: Some(1.999e9),
            invariant: Some(true),
            backward_steps: 7,
            ..quality(vec![10.0; 100])
        };
        let text = stated.to_string();
        let first = "time-stamp counter, invariant, 2000.000 MHz +-3.0 ppm \
                     (+500 ppm off the stated 1999.000 MHz)\n";
        assert!(text.starts_with(first), "{text}");
        assert!(
            text.contains("100 empty pairs: p50 10.0") && text.contains("7 backwards"),
            "{text}"
        );
        let other = Quality { source: Source::Monotonic, invariant: None, ..stated };
        assert!(other.to_string().starts_with("monotonic clock of the system, invariance unknown"));
    }
}
