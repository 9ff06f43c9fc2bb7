//! What a verdict means for whoever asked: limits and mutes applied to a row.

use super::{
    Verdict,
    limits::RowRule,
    outcome::{Effect, Reason, RowLimit},
};
use crate::stats::Estimate;

/// What is known of a row before limits and mutes.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Finding {
    /// What can be said of the difference.
    pub verdict: Verdict,
    /// Why.
    pub reason: Reason,
    /// Candidate over baseline, with its 95 % interval.
    pub ratio: Option<Estimate>,
    /// The candidate's value, with its 95 % interval, in the row's unit.
    pub candidate: Option<Estimate>,
}

/// The effect of a finding, and the reason, which a hard limit replaces by its own.
#[must_use]
pub fn of(finding: &Finding, rule: &RowRule) -> (Effect, Reason) {
    let limit = rule.limit.unwrap_or(RowLimit { soft_percent: None, hard: None });
    let (effect, reason) = by_limits(finding, limit);
    let counts = matches!(effect, Effect::Fails | Effect::Undecided);
    if counts && rule.mute.is_some() { (Effect::Muted, reason) } else { (effect, reason) }
}

fn by_limits(finding: &Finding, limit: RowLimit) -> (Effect, Reason) {
    let by_ratio = by_ratio(finding, limit.soft_percent);
    let Some(hard) = limit.hard else { return (by_ratio, finding.reason) };
    let Some(candidate) = finding.candidate else {
        // What was not measured may be above it.
        let is_worse = by_ratio == Effect::Fails;
        let unclear = (Effect::Undecided, Reason::HardLimitUnclear);
        return if is_worse { (by_ratio, finding.reason) } else { unclear };
    };
    if candidate.low > hard {
        (Effect::Fails, Reason::AboveHardLimit)
    } else if candidate.high > hard && by_ratio != Effect::Fails {
        (Effect::Undecided, Reason::HardLimitUnclear)
    } else {
        (by_ratio, finding.reason)
    }
}

fn by_ratio(finding: &Finding, soft_percent: Option<f64>) -> Effect {
    let allowed = soft_percent.map(|percent| 1.0 + percent / 100.0);
    let is_surely_within = allowed.zip(finding.ratio).is_some_and(|(most, r)| r.high <= most);
    let may_be_within = allowed.zip(finding.ratio).is_some_and(|(most, r)| r.low <= most);
    match (finding.verdict, finding.reason) {
        (Verdict::Faster | Verdict::Same, _) | (_, Reason::NewInCandidate) => Effect::Passes,
        (_, Reason::MissingInCandidate) => Effect::Fails,
        (Verdict::Slower | Verdict::CannotTell, _) if is_surely_within => Effect::Allowed,
        // It is slower, and only the question whether by more than is allowed is open.
        (Verdict::Slower, _) if may_be_within => Effect::Undecided,
        (Verdict::Slower, _) => Effect::Fails,
        (Verdict::CannotTell, _) => Effect::Undecided,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::gate::outcome::Mute;

    fn estimate(low: f64, high: f64) -> Estimate {
        Estimate { value: f64::midpoint(low, high), low, high }
    }

    fn rule(soft_percent: Option<f64>, hard: Option<f64>) -> RowRule {
        let limit = Some(RowLimit { soft_percent, hard });
        RowRule { noise: 0.001, margin: 0.01, limit, mute: None }
    }

    fn finding(verdict: Verdict, reason: Reason, ratio: (f64, f64)) -> Finding {
        let ratio = Some(estimate(ratio.0, ratio.1));
        Finding { verdict, reason, ratio, candidate: Some(estimate(95.0, 105.0)) }
    }

    /// A slowdown fails, is allowed where all of its interval is, and is open where part of it is.
    #[test]
    fn soft_limits_allow() {
        let slower = finding(Verdict::Slower, Reason::BeyondNoise, (1.015, 1.025));
        let effect = |percent| of(&slower, &rule(percent, None)).0;
        assert_eq!(effect(None), Effect::Fails);
        assert_eq!(effect(Some(1.0)), Effect::Fails);
        assert_eq!(effect(Some(2.0)), Effect::Undecided);
        assert_eq!(effect(Some(3.0)), Effect::Allowed);
        let open = finding(Verdict::CannotTell, Reason::TooWide, (0.98, 1.02));
        assert_eq!(of(&open, &rule(None, None)).0, Effect::Undecided);
        assert_eq!(of(&open, &rule(Some(5.0), None)).0, Effect::Allowed);
    }

    /// A hard limit fails whatever the baseline says, and leaves open what straddles it.
    #[test]
    fn hard_limits_bound() {
        let same = finding(Verdict::Same, Reason::WithinMargin, (0.999, 1.001));
        let at = |hard| of(&same, &rule(None, Some(hard)));
        assert_eq!(at(110.0), (Effect::Passes, Reason::WithinMargin));
        assert_eq!(at(100.0), (Effect::Undecided, Reason::HardLimitUnclear));
        assert_eq!(at(90.0), (Effect::Fails, Reason::AboveHardLimit));
        let slower = finding(Verdict::Slower, Reason::BeyondNoise, (1.1, 1.2));
        let straddling = of(&slower, &rule(None, Some(100.0)));
        assert_eq!(straddling, (Effect::Fails, Reason::BeyondNoise), "a failure is not softened");
        let unmeasured = Finding { candidate: None, ratio: None, ..same };
        let unclear = of(&unmeasured, &rule(None, Some(100.0)));
        assert_eq!(unclear, (Effect::Undecided, Reason::HardLimitUnclear));
    }

    /// A mute silences what would fail or is open, and nothing else.
    #[test]
    fn mutes_silence() {
        let mute = Some(Mute { reason: "known".into(), until: "2026-12-31".into() });
        let muted = RowRule { mute, ..rule(None, None) };
        for (verdict, reason, expected) in [
            (Verdict::Slower, Reason::BeyondNoise, Effect::Muted),
            (Verdict::CannotTell, Reason::TooWide, Effect::Muted),
            (Verdict::Same, Reason::WithinMargin, Effect::Passes),
            (Verdict::CannotTell, Reason::MissingInCandidate, Effect::Muted),
            (Verdict::CannotTell, Reason::NewInCandidate, Effect::Passes),
        ] {
            assert_eq!(of(&finding(verdict, reason, (1.1, 1.2)), &muted).0, expected);
        }
    }
}
