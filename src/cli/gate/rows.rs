//! Rows of the outcome: what was measured, judged, and held against limits.

use super::{
    contest::{Contest, Found, Series},
    exact::Exact,
};
use crate::{
    gate::{
        Verdict,
        effect::{self, Finding},
        family::{Judged, Measured, narrowing_factor, settling_factor},
        limits::RowRule,
        outcome::{Confirmation, Effect, Key, Reason, Row},
    },
    stats::{Estimate, interval},
};

/// A row that was measured, with what was measured.
pub(super) struct Timed {
    pub(super) key: Key,
    rule: RowRule,
    pub(super) measured: Measured,
    series: Series,
    /// Seconds that its case took.
    seconds: f64,
}

/// A second answer, and what it says by itself.
pub(super) type Again = (Timed, Judged);

/// The measured rows of all contests, in their order. `step_ns` is the resolution of the clock.
pub(super) fn timed(
    contests: &[&Contest],
    found: Vec<Found>,
    step_ns: f64,
    rule_of: impl Fn(&Key) -> RowRule,
) -> Vec<Timed> {
    let mut rows = Vec::new();
    for (contest, Found { series, seconds }) in contests.iter().zip(found) {
        let keys = contest.keys().zip(&contest.metrics);
        for ((key, metric), series) in keys.zip(series) {
            let rule = rule_of(&key);
            // Batches that are read one by one cannot be told apart by less than a step.
            let is_stepped = metric.percentile.is_some();
            let rule = if is_stepped { stepped(rule, step_ns, &series) } else { rule };
            let log_ratios = series.log_ratios.clone();
            let measured = Measured { log_ratios, noise: rule.noise, margin: rule.margin };
            rows.push(Timed { key, rule, measured, series, seconds });
        }
    }
    rows
}

/// A rule that takes a step of the clock for noise.
fn stepped(rule: RowRule, step_ns: f64, series: &Series) -> RowRule {
    let step = median(&series.baseline).map_or(0.0, |found| step_ns / found.value);
    let noise = rule.noise.max(step);
    RowRule { noise, margin: rule.margin.max(noise), ..rule }
}

impl Timed {
    /// Whether it claims what has to be asked twice: a slowdown, or more than a hard limit allows.
    pub(super) fn is_claim(&self, judged: &Judged) -> bool {
        let is_above = self.hard().zip(self.candidate()).is_some_and(|(hard, one)| one.low > hard);
        judged.verdict == Verdict::Slower || is_above
    }

    fn hard(&self) -> Option<f64> {
        self.rule.limit.and_then(|limit| limit.hard)
    }

    fn candidate(&self) -> Option<Estimate> {
        median(&self.series.candidate)
    }

    /// The row. Of one that was asked twice, what the first answer claimed counts only if the
    /// second claims it too.
    pub(super) fn row(self, judged: &Judged, again: Option<&Again>) -> Row {
        let is_borne_out = again.is_some_and(|(_, second)| second.verdict == Verdict::Slower);
        let (verdict, reason) = if judged.verdict == Verdict::Slower && !is_borne_out {
            (Verdict::CannotTell, Reason::NotConfirmed)
        } else {
            (judged.verdict, judged.reason)
        };
        // Asked twice, the candidate's value is anywhere in both intervals.
        let second = again.and_then(|(second, _)| second.candidate());
        let candidate = self.candidate().map(|one| second.map_or(one, |other| hull(one, other)));
        let finding = Finding { verdict, reason, ratio: judged.ratio, candidate };
        let (effect, reason) = effect::of(&finding, &self.rule);
        let is_open = effect == Effect::Undecided;
        let settle_budget_s = is_open.then(|| self.settle_s(&finding, reason, again)).flatten();
        let confirmation = again.and_then(|(_, judged)| confirmation(judged));
        Row {
            unit: "ns".into(),
            baseline: median(&self.series.baseline).map(|found| found.value),
            candidate: self.candidate().map(|found| found.value),
            ratio: judged.ratio,
            p_value: Some(judged.p_value),
            p_adjusted: Some(judged.p_adjusted),
            confirmation,
            launches: self.series.log_ratios.len() as u32,
            log_ratios: self.series.log_ratios,
            settle_budget_s,
            ..bare(self.key, self.rule, verdict, reason, effect)
        }
    }

    /// Seconds for its case that would settle it, by the spread that was met.
    fn settle_s(&self, finding: &Finding, reason: Reason, again: Option<&Again>) -> Option<f64> {
        let soft_percent = self.rule.limit.and_then(|limit| limit.soft_percent);
        let allowed = soft_percent.map(|percent| (percent / 100.0).ln_1p());
        match (reason, again) {
            (Reason::HardLimitUnclear, _) => {
                let (hard, found) = self.hard().zip(finding.candidate)?;
                Some(self.seconds * narrowing_factor(found, (found.value - hard).abs())?)
            }
            (Reason::NotConfirmed, Some((second, _))) => {
                let mut both = self.measured.clone();
                both.log_ratios.extend(&second.measured.log_ratios);
                Some((self.seconds + second.seconds) * settling_factor(&both)?)
            }
            // Slower, and perhaps by more than is allowed.
            (Reason::BeyondNoise, _) => {
                let (logs, allowed) = finding.ratio.map(|ratio| ratio.map(f64::ln)).zip(allowed)?;
                Some(self.seconds * narrowing_factor(logs, (logs.value - allowed).abs())?)
            }
            _ => Some(self.seconds * settling_factor(&self.measured)?),
        }
    }
}

fn confirmation(second: &Judged) -> Option<Confirmation> {
    let Judged { ratio, p_value, verdict, .. } = *second;
    Some(Confirmation { ratio: ratio?, p_value, verdict })
}

/// The first of two estimates, with an interval that holds both.
fn hull(one: Estimate, other: Estimate) -> Estimate {
    Estimate { low: one.low.min(other.low), high: one.high.max(other.high), ..one }
}

/// The row of an exact figure.
pub(super) fn exact(
    baseline: Option<Exact>,
    candidate: Option<Exact>,
    rule_of: impl Fn(&Key, &str) -> RowRule,
) -> Option<Row> {
    let about = candidate.as_ref().or(baseline.as_ref())?.clone();
    let rule = rule_of(&about.key, about.unit);
    let values = baseline.as_ref().zip(candidate.as_ref());
    let values = values.map(|(one, other)| (one.value, other.value));
    let (verdict, reason) = match values {
        Some((one, other)) if one < other => (Verdict::Slower, Reason::ExactlyDifferent),
        Some((one, other)) if one > other => (Verdict::Faster, Reason::ExactlyDifferent),
        Some(_) => (Verdict::Same, Reason::ExactlyEqual),
        None if baseline.is_some() => (Verdict::CannotTell, Reason::MissingInCandidate),
        None => (Verdict::CannotTell, Reason::NewInCandidate),
    };
    let ratio = values.and_then(|(one, other)| match (one > 0.0, other > 0.0) {
        (true, _) => Some(sharp(other / one)),
        (false, false) => Some(sharp(1.0)),
        // From nothing to something is no ratio.
        (false, true) => None,
    });
    let (one, other) = (baseline.map(|one| one.value), candidate.map(|one| one.value));
    let finding = Finding { verdict, reason, ratio, candidate: other.map(sharp) };
    let (effect, reason) = effect::of(&finding, &rule);
    let row = bare(about.key, rule, verdict, reason, effect);
    Some(Row { unit: about.unit.into(), baseline: one, candidate: other, ratio, ..row })
}

/// The row of a time that was not taken, and why not.
pub(super) fn untimed(key: Key, rule: RowRule, verdict: Verdict, reason: Reason) -> Row {
    let finding = Finding { verdict, reason, ratio: None, candidate: None };
    let (effect, reason) = effect::of(&finding, &rule);
    Row { unit: "ns".into(), ..bare(key, rule, verdict, reason, effect) }
}

/// An exact value, as an estimate.
const fn sharp(value: f64) -> Estimate {
    Estimate { value, low: value, high: value }
}

fn median(values: &[f64]) -> Option<Estimate> {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    interval::median(&sorted)
}

fn bare(key: Key, rule: RowRule, verdict: Verdict, reason: Reason, effect: Effect) -> Row {
    Row {
        key,
        unit: String::new(),
        baseline: None,
        candidate: None,
        ratio: None,
        p_value: None,
        p_adjusted: None,
        noise: rule.noise,
        margin: rule.margin,
        verdict,
        reason,
        effect,
        limit: rule.limit,
        confirmation: None,
        mute: rule.mute,
        launches: 0,
        log_ratios: Vec::new(),
        settle_budget_s: None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        gate::{family, limits::Limits, outcome::RowLimit},
        op::Op,
    };

    fn figure(value: f64) -> Exact {
        let key = Key {
            backend: "fpga-verilator".into(),
            op: Op::Decide,
            method: "cycles".into(),
            batch_len: 16,
            threads: 1,
            home: "simulator".into(),
            metric: "sim/latency/max".into(),
        };
        Exact { key, unit: "cycles", value }
    }

    fn row(one: Option<Exact>, other: Option<Exact>) -> Row {
        let today = crate::calendar::Date::of_unix(0);
        exact(one, other, |key, unit| Limits::default().of(key, unit, today)).unwrap()
    }

    fn timed_row(log_ratio: f64, candidate_ns: f64, hard: Option<f64>) -> (Timed, Judged) {
        let limit = hard.map(|hard| RowLimit { soft_percent: None, hard: Some(hard) });
        let rule = RowRule { noise: 0.001, margin: 0.01, limit, mute: None };
        let series = Series {
            log_ratios: vec![log_ratio; 30],
            baseline: vec![candidate_ns / log_ratio.exp(); 30],
            candidate: vec![candidate_ns; 30],
        };
        let log_ratios = series.log_ratios.clone();
        let measured = Measured { log_ratios, noise: rule.noise, margin: rule.margin };
        let judged = family::judge(std::slice::from_ref(&measured), 0.001)[0];
        (Timed { key: figure(0.0).key, rule, measured, series, seconds: 2.0 }, judged)
    }

    /// What is slower fails only if it is slower again; else it is open, and says what both took.
    #[test]
    fn claims_are_asked_twice() {
        let row = |again: Option<f64>| {
            let (timed, judged) = timed_row(0.02, 100.0, None);
            assert!(timed.is_claim(&judged));
            timed.row(&judged, again.map(|log_ratio| timed_row(log_ratio, 100.0, None)).as_ref())
        };
        let confirmed = row(Some(0.03));
        assert_eq!((confirmed.verdict, confirmed.effect), (Verdict::Slower, Effect::Fails));
        let open = row(Some(0.0));
        assert_eq!((open.reason, open.effect), (Reason::NotConfirmed, Effect::Undecided));
        assert!(open.settle_budget_s.is_some_and(|seconds| seconds >= 4.0), "{open:?}");
        // A gate that was stopped before it could ask again claims nothing.
        assert_eq!(row(None).reason, Reason::NotConfirmed);
    }

    /// What is above a hard limit fails only if it is above it twice.
    #[test]
    fn hard_limits_are_asked_twice() {
        let row = |again_ns: f64| {
            let (timed, judged) = timed_row(0.0, 100.0, Some(90.0));
            assert!(timed.is_claim(&judged));
            timed.row(&judged, Some(&timed_row(0.0, again_ns, Some(90.0))))
        };
        assert_eq!((row(95.0).reason, row(95.0).effect), (Reason::AboveHardLimit, Effect::Fails));
        let open = row(80.0);
        assert_eq!((open.reason, open.effect), (Reason::HardLimitUnclear, Effect::Undecided));
    }

    /// A step of the clock is noise, whatever is smaller.
    #[test]
    fn steps_of_the_clock_are_noise() {
        let (timed, _) = timed_row(0.0, 100.0, None);
        let fine = stepped(timed.rule.clone(), 0.01, &timed.series);
        assert_eq!((fine.noise, fine.margin), (0.001, 0.01));
        let coarse = stepped(timed.rule, 10.0, &timed.series);
        assert_eq!((coarse.noise, coarse.margin), (0.1, 0.1));
    }

    /// One cycle more fails, one less passes; what the candidate lost fails, and what is new
    /// passes.
    #[test]
    fn exact_figures_are_held_exactly() {
        let ends = |one, other| {
            let row = row(Some(figure(one)), Some(figure(other)));
            (row.verdict, row.effect)
        };
        assert_eq!(ends(10.0, 11.0), (Verdict::Slower, Effect::Fails));
        assert_eq!(ends(10.0, 10.0), (Verdict::Same, Effect::Passes));
        assert_eq!(ends(10.0, 9.0), (Verdict::Faster, Effect::Passes));
        assert_eq!(ends(0.0, 3.0), (Verdict::Slower, Effect::Fails));
        let lost = row(Some(figure(1.0)), None);
        assert_eq!((lost.reason, lost.effect), (Reason::MissingInCandidate, Effect::Fails));
        let new = row(None, Some(figure(1.0)));
        assert_eq!((new.reason, new.effect), (Reason::NewInCandidate, Effect::Passes));
    }
}
