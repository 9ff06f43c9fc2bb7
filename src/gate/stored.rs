//! Verdicts on stored records: each figure of a run against the same figure of an earlier one.
//!
//! The launch is the unit. Times are compared by Welch's test on the logarithms of the launches'
//! figures, with the error of all rows together held by Holm's procedure; counted cycles are
//! compared exactly. What happened to the machine between two runs is in the launches of neither,
//! so that `slower` is a hint here: comparing side by side is the judge.

use super::{
    Rule, Verdict, holm,
    outcome::{Effect, Key, Reason, Row},
};
use crate::stats::{
    Estimate,
    welch::{Difference, Mean},
};

/// Most launches that a run can be asked for.
pub const LAUNCHES_MAX: usize = 100;

/// When a difference is one.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Criteria {
    /// Bound on the probability that any row claims a difference where there is none.
    pub family_error: f64,
    /// Differences up to this fraction are noise, however sure.
    pub noise: f64,
    /// Within this fraction both are the same.
    pub margin: f64,
}

impl Default for Criteria {
    /// A run stops when it knows a figure to within 1 %, so that two of them may be 2 % apart for
    /// no reason at all. Three launches of each rarely know a difference to within 2 %, but 5 %.
    fn default() -> Self {
        Self { family_error: 0.05, noise: 0.02, margin: 0.05 }
    }
}

impl Criteria {
    /// As a comparison states it.
    #[must_use]
    pub const fn rule(&self) -> Rule {
        Rule { alpha: self.family_error, noise: self.noise, margin: self.margin }
    }
}

/// A figure as a record has it.
#[derive(Clone, Debug, PartialEq)]
pub enum Figure {
    /// Counted, and the same in every run.
    Exact(f64),
    /// Measured by launches.
    Measured {
        /// What each launch found, with its own interval.
        launches: Vec<Estimate>,
        /// Least difference of two readings, in the same unit.
        resolution: f64,
    },
}

impl Figure {
    /// The figure of all launches: the mean of their logarithms.
    fn value(&self) -> Option<f64> {
        match self {
            Self::Exact(value) => Some(*value),
            Self::Measured { launches, .. } => {
                let logs: f64 = launches.iter().map(|one| one.value.ln()).sum();
                (!launches.is_empty()).then(|| (logs / launches.len() as f64).exp())
            }
        }
    }

    fn launches(&self) -> usize {
        match self {
            Self::Exact(_) => 1,
            Self::Measured { launches, .. } => launches.len(),
        }
    }

    fn mean(&self) -> Option<Mean> {
        match self {
            Self::Exact(_) => None,
            Self::Measured { launches, resolution } => Mean::of(launches, *resolution),
        }
    }
}

/// One figure of both sides. At least one of them has it.
#[derive(Clone, Debug, PartialEq)]
pub struct Pair {
    /// What it is about.
    pub key: Key,
    /// `ns` or `cycles`.
    pub unit: &'static str,
    /// The baseline's.
    pub baseline: Option<Figure>,
    /// The candidate's.
    pub candidate: Option<Figure>,
    /// Seconds of budget that a launch of the candidate had, where the record says.
    pub launch_budget_s: Option<f64>,
}

/// How a verdict came about, for who wants to follow it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Steps {
    /// The baseline's mean.
    pub baseline: Mean,
    /// The candidate's mean.
    pub candidate: Mean,
    /// Candidate less baseline.
    pub difference: Difference,
    /// Rows that were tested.
    pub family: usize,
    /// What its probability was multiplied by, at least, to hold the error of the family.
    pub factor: usize,
    /// The most that its own probability may be.
    pub threshold: f64,
    /// The difference with the interval of that error: it must lie beyond noise.
    pub strict: Estimate,
    /// Launches of each side that would settle what cannot be told, where any number would.
    pub settle_launches: Option<usize>,
}

/// A row, and how its verdict came about. Exact values and those that cannot be compared have no
/// steps.
#[derive(Clone, Debug, PartialEq)]
pub struct Judged {
    /// The row.
    pub row: Row,
    /// How it came about.
    pub steps: Option<Steps>,
}

/// The verdicts on all pairs, which are one family: those of all candidates together.
#[must_use]
pub fn judge(pairs: &[Pair], criteria: &Criteria) -> Vec<Judged> {
    let tested: Vec<Option<Tested>> = pairs.iter().map(Tested::of).collect();
    let p_values: Vec<f64> =
        tested.iter().flatten().map(|tested| tested.difference.p_value()).collect();
    let (factors, adjusted) = (holm::factors(&p_values), holm::adjust(&p_values));
    let mut held = factors.into_iter().zip(adjusted);
    let mut judged = Vec::with_capacity(pairs.len());
    for (pair, tested) in pairs.iter().zip(tested) {
        let held = tested.and_then(|tested| Some((tested, held.next()?)));
        judged.push(match held {
            Some((tested, (factor, adjusted))) => {
                let family = Family { tests: p_values.len(), factor, adjusted };
                tested.judge(pair, &family, criteria)
            }
            None => Judged { row: untested(pair, criteria), steps: None },
        });
    }
    judged
}

/// Two figures of launches enough.
#[derive(Clone, Copy)]
struct Tested {
    baseline: Mean,
    candidate: Mean,
    difference: Difference,
}

/// What a row owes to the others.
struct Family {
    tests: usize,
    factor: usize,
    adjusted: f64,
}

impl Tested {
    fn of(pair: &Pair) -> Option<Self> {
        let baseline = pair.baseline.as_ref()?.mean()?;
        let candidate = pair.candidate.as_ref()?.mean()?;
        Some(Self { baseline, candidate, difference: Difference::of(&baseline, &candidate) })
    }

    fn judge(&self, pair: &Pair, family: &Family, criteria: &Criteria) -> Judged {
        let difference = self.difference;
        let threshold = criteria.family_error / family.factor as f64;
        let strict = difference.estimate_at(threshold);
        let rejects = family.adjusted <= criteria.family_error;
        let verdict = verdict(&difference.estimate(), &strict, rejects, criteria);
        let settle_launches =
            (verdict == Verdict::CannotTell).then(|| self.settle(threshold, criteria)).flatten();
        let budget_s = settle_launches.zip(pair.launch_budget_s);
        let reason = match verdict {
            Verdict::Faster | Verdict::Slower => Reason::BeyondNoise,
            Verdict::Same => Reason::WithinMargin,
            Verdict::CannotTell => Reason::TooWide,
        };
        let row = Row {
            ratio: Some(difference.estimate().map(f64::exp)),
            p_value: Some(difference.p_value()),
            p_adjusted: Some(family.adjusted),
            settle_budget_s: budget_s.map(|(launches, budget_s)| launches as f64 * budget_s),
            ..row(pair, criteria, verdict, reason)
        };
        let steps = Steps {
            baseline: self.baseline,
            candidate: self.candidate,
            difference,
            family: family.tests,
            factor: family.factor,
            threshold,
            strict,
            settle_launches,
        };
        Judged { row, steps: Some(steps) }
    }

    /// The fewest launches of each side that would settle it, if the difference and what launches
    /// differ by stay as they are. `None` where as many as can be asked for would not.
    fn settle(&self, threshold: f64, criteria: &Criteria) -> Option<usize> {
        let is_settled = |launches: usize| {
            let then = Difference::at_launches(&self.baseline, &self.candidate, launches);
            let strict = then.estimate_at(threshold);
            let rejects = then.p_value() <= threshold;
            verdict(&then.estimate(), &strict, rejects, criteria) != Verdict::CannotTell
        };
        // More launches only narrow the intervals: what is settled stays settled.
        let most = self.baseline.launches.max(self.candidate.launches);
        let more: Vec<usize> = (most + 1..=LAUNCHES_MAX).collect();
        let open = more.partition_point(|&launches| !is_settled(launches));
        more.get(open).copied()
    }
}

/// The verdict on a difference of logarithms, by its 95 % interval and that of its own threshold.
fn verdict(interval: &Estimate, strict: &Estimate, rejects: bool, criteria: &Criteria) -> Verdict {
    let (noise, margin) = (criteria.noise.ln_1p(), criteria.margin.ln_1p());
    if rejects && strict.low > noise {
        Verdict::Slower
    } else if rejects && strict.high < -noise {
        Verdict::Faster
    } else if interval.low >= -margin && interval.high <= margin {
        Verdict::Same
    } else {
        Verdict::CannotTell
    }
}

/// A row of figures that are exact, too few, or missing on one side.
fn untested(pair: &Pair, criteria: &Criteria) -> Row {
    match (&pair.baseline, &pair.candidate) {
        (Some(Figure::Exact(baseline)), Some(Figure::Exact(candidate))) => {
            let (verdict, reason) = exact(*baseline, *candidate);
            let ratio = (*baseline > 0.0).then_some(candidate / baseline);
            Row {
                ratio: ratio.map(|value| Estimate { value, low: value, high: value }),
                ..row(pair, criteria, verdict, reason)
            }
        }
        (None, _) => row(pair, criteria, Verdict::CannotTell, Reason::NewInCandidate),
        (_, None) => row(pair, criteria, Verdict::CannotTell, Reason::MissingInCandidate),
        _ => row(pair, criteria, Verdict::CannotTell, Reason::TooFewLaunches),
    }
}

/// Counts: less is faster.
fn exact(baseline: f64, candidate: f64) -> (Verdict, Reason) {
    match candidate.total_cmp(&baseline) {
        std::cmp::Ordering::Less => (Verdict::Faster, Reason::ExactlyDifferent),
        std::cmp::Ordering::Equal => (Verdict::Same, Reason::ExactlyEqual),
        std::cmp::Ordering::Greater => (Verdict::Slower, Reason::ExactlyDifferent),
    }
}

/// A row without any statistics.
fn row(pair: &Pair, criteria: &Criteria, verdict: Verdict, reason: Reason) -> Row {
    let is_exact = matches!(reason, Reason::ExactlyEqual | Reason::ExactlyDifferent);
    let launches = [&pair.baseline, &pair.candidate].into_iter().flatten().map(Figure::launches);
    Row {
        key: pair.key.clone(),
        unit: pair.unit.into(),
        baseline: pair.baseline.as_ref().and_then(Figure::value),
        candidate: pair.candidate.as_ref().and_then(Figure::value),
        ratio: None,
        p_value: None,
        p_adjusted: None,
        noise: if is_exact { 0.0 } else { criteria.noise },
        margin: if is_exact { 0.0 } else { criteria.margin },
        verdict,
        reason,
        effect: effect(verdict, reason),
        limit: None,
        confirmation: None,
        mute: None,
        launches: launches.min().unwrap_or(0) as u32,
        log_ratios: Vec::new(),
        settle_budget_s: None,
    }
}

/// What is new is no fault; what is missing is not known to be one.
const fn effect(verdict: Verdict, reason: Reason) -> Effect {
    match (verdict, reason) {
        (Verdict::Slower, _) => Effect::Fails,
        (Verdict::Faster | Verdict::Same, _) | (_, Reason::NewInCandidate) => Effect::Passes,
        (Verdict::CannotTell, _) => Effect::Undecided,
    }
}

#[cfg(test)]
mod tests;
