//! Rows of the outcome: what was measured, judged, and held against limits.

use super::{
    contest::{Contest, Series},
    exact::Exact,
};
use crate::{
    gate::{
        Verdict,
        effect::{self, Finding},
        family::{Judged, Measured, settling_factor},
        limits::RowRule,
        outcome::{Confirmation, Effect, Key, Reason, Row},
    },
    stats::{Estimate, interval},
};

/// A row that was measured, with what was measured.
pub(super) struct Timed {
    pub(super) key: Key,
    pub(super) rule: RowRule,
    pub(super) measured: Measured,
    series: Series,
    /// Seconds that its case took of the budget.
    budget_s: f64,
}

/// The measured rows of all contests, in their order.
pub(super) fn timed(
    contests: &[&Contest],
    found: Vec<Vec<Series>>,
    budget_s: f64,
    rule_of: impl Fn(&Key) -> RowRule,
) -> Vec<Timed> {
    let mut rows = Vec::new();
    for (contest, all) in contests.iter().zip(found) {
        for (metric, series) in contest.metrics.iter().zip(all) {
            let key = contest.case.key(metric, &contest.sizing.home);
            let rule = rule_of(&key);
            let measured = Measured {
                log_ratios: series.log_ratios.clone(),
                noise: rule.noise,
                margin: rule.margin,
            };
            rows.push(Timed { key, rule, measured, series, budget_s });
        }
    }
    rows
}

impl Timed {
    /// The row. Of one that was asked twice, `again` is the second answer: what the first claimed
    /// counts only if the second claims it too.
    pub(super) fn row(self, judged: &Judged, again: Option<Confirmation>) -> Row {
        let is_borne_out = again.is_none_or(|again| again.verdict == judged.verdict);
        let (verdict, reason) = if is_borne_out {
            (judged.verdict, judged.reason)
        } else {
            (Verdict::CannotTell, Reason::NotConfirmed)
        };
        let candidate = median(&self.series.candidate);
        let finding = Finding { verdict, reason, ratio: judged.ratio, candidate };
        let (effect, reason) = effect::of(&finding, &self.rule);
        let is_open = effect == Effect::Undecided;
        let settling = is_open.then(|| settling_factor(&self.measured)).flatten();
        Row {
            unit: "ns".into(),
            baseline: median(&self.series.baseline).map(|found| found.value),
            candidate: candidate.map(|found| found.value),
            ratio: judged.ratio,
            p_value: Some(judged.p_value),
            p_adjusted: Some(judged.p_adjusted),
            confirmation: again,
            launches: self.series.log_ratios.len() as u32,
            log_ratios: self.series.log_ratios,
            settle_budget_s: settling.map(|factor| factor * self.budget_s),
            ..bare(self.key, self.rule, verdict, reason, effect)
        }
    }
}

/// The row of an exact figure.
pub(super) fn exact(
    baseline: Option<Exact>,
    candidate: Option<Exact>,
    rule_of: impl Fn(&Key, &str) -> RowRule,
) -> Option<Row> {
    let about = candidate.as_ref().or(baseline.as_ref())?.clone();
    let rule = rule_of(&about.key, about.unit);
    let values = baseline.as_ref().zip(candidate.as_ref()).map(|(one, other)| {
        // Of what there should be more, half as much is twice as bad.
        if about.is_gain { (other.value, one.value) } else { (one.value, other.value) }
    });
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

/// The row of a metric of programs that are the same, byte for byte.
pub(super) fn identical(key: Key, unit: &str, rule: RowRule) -> Row {
    let same = bare(key, rule, Verdict::Same, Reason::IdenticalCode, Effect::Passes);
    Row { unit: unit.into(), ..same }
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
    use crate::{gate::limits::Limits, op::Op};

    fn figure(value: f64, is_gain: bool) -> Exact {
        let key = Key {
            backend: "fpga-verilator".into(),
            op: Op::Decide,
            method: "cycles".into(),
            batch_len: 16,
            threads: 1,
            home: "simulator".into(),
            metric: "sim/latency/max".into(),
        };
        Exact { key, unit: "cycles", value, is_gain }
    }

    fn row(one: Option<Exact>, other: Option<Exact>) -> Row {
        let today = crate::calendar::Date::of_unix(0);
        exact(one, other, |key, unit| Limits::default().of(key, unit, today)).unwrap()
    }

    /// One cycle more fails, one less passes; of what is a gain it is the other way round; what
    /// the candidate lost fails, and what is new passes.
    #[test]
    fn exact_figures_are_held_exactly() {
        let ends = |one, other, is_gain| {
            let row = row(Some(figure(one, is_gain)), Some(figure(other, is_gain)));
            (row.verdict, row.effect)
        };
        assert_eq!(ends(10.0, 11.0, false), (Verdict::Slower, Effect::Fails));
        assert_eq!(ends(10.0, 10.0, false), (Verdict::Same, Effect::Passes));
        assert_eq!(ends(10.0, 9.0, false), (Verdict::Faster, Effect::Passes));
        assert_eq!(ends(1.0, 0.9, true), (Verdict::Slower, Effect::Fails));
        assert_eq!(ends(1.0, 1.1, true), (Verdict::Faster, Effect::Passes));
        assert_eq!(ends(0.0, 3.0, false), (Verdict::Slower, Effect::Fails));
        let lost = row(Some(figure(1.0, false)), None);
        assert_eq!((lost.reason, lost.effect), (Reason::MissingInCandidate, Effect::Fails));
        let new = row(None, Some(figure(1.0, false)));
        assert_eq!((new.reason, new.effect), (Reason::NewInCandidate, Effect::Passes));
    }
}
