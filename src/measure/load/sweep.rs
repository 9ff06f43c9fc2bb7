//! The knee: the highest rate at which the 99th percentile of the response time stays below a
//! bound and the rate is kept.
//!
//! The rate doubles until it fails (or is halved until it holds), then the gap is bisected on a
//! logarithmic scale. A moment at which the machine is taken away can make any rate fail, so one
//! counts as failed only if it fails twice. Every attempt is kept.

use serde::{Deserialize, Serialize};

/// The search ends when the lowest rate that fails is at most this many times the highest that
/// holds.
pub const RESOLUTION: f64 = 1.05;

/// Factor between rates before the knee is enclosed.
const GROWTH: f64 = 2.0;

/// Attempts that must fail before a rate counts as failed.
const ATTEMPTS: usize = 2;

/// What came of one attempt at one rate.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Point {
    /// Requests per second offered.
    pub rate_per_s: f64,
    /// Requests per second served.
    pub achieved_per_s: f64,
    /// Response time, 99th percentile, in nanoseconds. Absent where it is not earned, or requests
    /// were lost.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub response_ns_p99: Option<f64>,
    /// Requests never served.
    pub lost: u64,
    /// Whether the rate was not kept.
    pub saturated: bool,
    /// Whether the rate was kept and the percentile is below the bound.
    pub holds: bool,
}

/// The rates that are tried, in requests per second.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Rates {
    /// Tried first.
    pub first: f64,
    /// The lowest: below it a percentile would not be earned.
    pub least: f64,
    /// The highest: above it the schedule would not fit.
    pub most: f64,
}

/// Where the knee lies.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Knee {
    /// Most nanoseconds that the percentile may be.
    pub response_ns_p99_max: f64,
    /// Highest rate that held, in requests per second. Absent where none did.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub holds_per_s: Option<f64>,
    /// Lowest rate that failed. Absent where none did.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub fails_per_s: Option<f64>,
    /// Every attempt, in order.
    pub points: Vec<Point>,
}

/// A search that is going on.
struct Search<A> {
    attempt: A,
    knee: Knee,
}

/// Looks for the knee. `attempt` measures at a rate, and gives `None` when the user asks to stop;
/// what is known then is the outcome.
pub fn find<E>(
    rates: Rates,
    response_ns_p99_max: f64,
    attempt: impl FnMut(f64) -> Result<Option<Point>, E>,
) -> Result<Knee, E> {
    let knee =
        Knee { response_ns_p99_max, holds_per_s: None, fails_per_s: None, points: Vec::new() };
    let mut search = Search { attempt, knee };
    let mut next = Some(rates.first.clamp(rates.least, rates.most));
    while let Some(rate) = next {
        let Some(holds) = search.holds(rate)? else { break };
        if holds {
            search.knee.holds_per_s = Some(rate);
        } else {
            search.knee.fails_per_s = Some(rate);
        }
        next = search.knee.next(rates);
    }
    Ok(search.knee)
}

impl Knee {
    /// What attempts in their order say: a rate holds where one does, and fails where so many fail
    /// as are made at most.
    #[must_use]
    pub fn of(points: Vec<Point>, response_ns_p99_max: f64) -> Self {
        let (mut holds_per_s, mut fails_per_s, mut failed) = (None, None, 0);
        for point in &points {
            failed = if point.holds { 0 } else { failed + 1 };
            if point.holds {
                holds_per_s = Some(point.rate_per_s);
            } else if failed == ATTEMPTS {
                (fails_per_s, failed) = (Some(point.rate_per_s), 0);
            }
        }
        Self { response_ns_p99_max, holds_per_s, fails_per_s, points }
    }

    /// The rate to be tried next. `None` when the knee is known, or lies outside of the rates.
    fn next(&self, rates: Rates) -> Option<f64> {
        match (self.holds_per_s, self.fails_per_s) {
            (Some(holds), Some(fails)) => {
                (fails > holds * RESOLUTION).then(|| (holds * fails).sqrt())
            }
            (Some(holds), None) => (holds < rates.most).then(|| (holds * GROWTH).min(rates.most)),
            (None, Some(fails)) => (fails > rates.least).then(|| (fails / GROWTH).max(rates.least)),
            (None, None) => None,
        }
    }
}

impl<E, A: FnMut(f64) -> Result<Option<Point>, E>> Search<A> {
    /// Whether a rate holds. `None` when the user asks to stop.
    fn holds(&mut self, rate: f64) -> Result<Option<bool>, E> {
        for _ in 0..ATTEMPTS {
            let Some(point) = (self.attempt)(rate)? else { return Ok(None) };
            let holds = point.holds;
            self.knee.points.push(point);
            if holds {
                return Ok(Some(true));
            }
        }
        Ok(Some(false))
    }
}

#[cfg(test)]
mod tests {
    use std::convert::Infallible;

    use super::*;

    const RATES: Rates = Rates { first: 1e4, least: 1e2, most: 1e7 };

    /// Response of a single server with one waiting line: 99th percentile of an exponential
    /// distribution that grows without bound towards the capacity.
    fn point(rate: f64, capacity: f64, bound_ns: f64) -> Point {
        let saturated = rate >= capacity;
        let p99 = (!saturated).then(|| 1e9 * 100f64.ln() / (capacity - rate));
        Point {
            rate_per_s: rate,
            achieved_per_s: rate.min(capacity),
            response_ns_p99: p99,
            lost: 0,
            saturated,
            holds: p99.is_some_and(|p99| p99 <= bound_ns),
        }
    }

    fn knee(capacity: f64, bound_ns: f64) -> Knee {
        let attempt = |rate| Ok::<_, Infallible>(Some(point(rate, capacity, bound_ns)));
        find(RATES, bound_ns, attempt).unwrap()
    }

    /// The knee of a model is enclosed as narrowly as stated, from below and from above.
    #[test]
    fn the_knee_is_enclosed() {
        for (capacity, bound_ns) in [(1e6, 1e5), (1e6, 1e7), (5e3, 5e6), (1.3e4, 4e6)] {
            let truth = capacity - 1e9 * 100f64.ln() / bound_ns;
            let knee = knee(capacity, bound_ns);
            let (holds, fails) = (knee.holds_per_s.unwrap(), knee.fails_per_s.unwrap());
            assert!(holds <= truth && truth < fails, "{holds} <= {truth} < {fails}");
            assert!(fails / holds <= RESOLUTION, "{holds} to {fails}");
            assert!(knee.points.len() < 40, "{} attempts", knee.points.len());
            assert_eq!(Knee::of(knee.points.clone(), bound_ns), knee, "attempts say all");
        }
    }

    /// A knee outside of the rates has one end only, and says so.
    #[test]
    fn ends_may_be_missing() {
        let all_hold = knee(1e12, 1e5);
        assert_eq!((all_hold.holds_per_s, all_hold.fails_per_s), (Some(RATES.most), None));
        let none_holds = knee(50.0, 1e5);
        assert_eq!((none_holds.holds_per_s, none_holds.fails_per_s), (None, Some(RATES.least)));
    }

    /// A rate that fails once and then holds, holds; both attempts are kept. Without the second
    /// attempt the knee would lie lower.
    #[test]
    fn one_failure_is_no_failure() {
        let mut attempts = 0;
        let knee = find(RATES, 1e5, |rate| {
            attempts += 1;
            let mut point = point(rate, 1e6, 1e5);
            point.holds &= attempts != 2;
            Ok::<_, Infallible>(Some(point))
        });
        let knee = knee.unwrap();
        assert_eq!((knee.points[1].rate_per_s, knee.points[1].holds), (2e4, false));
        assert_eq!((knee.points[2].rate_per_s, knee.points[2].holds), (2e4, true));
        assert!(knee.holds_per_s.unwrap() > 9e5);
    }

    /// When the user stops the search, what is known so far is the outcome.
    #[test]
    fn stopping_keeps_what_is_known() {
        let mut left = 3;
        let knee = find(RATES, 1e5, |rate| {
            left -= 1;
            Ok::<_, Infallible>((left >= 0).then(|| point(rate, 1e6, 1e5)))
        });
        let knee = knee.unwrap();
        assert_eq!((knee.holds_per_s, knee.fails_per_s, knee.points.len()), (Some(4e4), None, 3));
    }
}
