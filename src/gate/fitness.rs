//! May the gate arm on this host? Only where a self-test of this host says that its verdicts hold.

use thiserror::Error;

use super::selftest::{SelfTest, Status};
use crate::host::fingerprint::Fingerprint;

/// Oldest result that counts, in days.
pub const AGE_DAYS_MAX: u64 = 30;

/// Fewest comparisons of identical programs.
pub const COMPARISONS_MIN: u64 = 20;

/// Highest bound on the share of comparisons of identical programs that raise an alarm by
/// themselves, before they are asked twice, 0 to 1: none of 20 bears 0.14, and one of 40 0.12.
pub const FALSE_ALARMS_MAX: f64 = 0.15;

const DAY_S: u64 = 24 * 60 * 60;

/// Why the gate may not arm.
#[derive(Clone, Debug, PartialEq, Error)]
pub enum Unfit {
    /// The result is of another machine, or of this one as it was before it changed.
    #[error("the self-test is of another host ({0}); run `nanogate selftest` here")]
    OtherHost(String),
    /// The result is too old.
    #[error("the self-test is {0} days old, more than {AGE_DAYS_MAX}; run `nanogate selftest`")]
    TooOld(u64),
    /// The clock of the machine was put back.
    #[error("the self-test is dated in the future; set the clock, then run `nanogate selftest`")]
    FromTheFuture,
    /// It was stopped.
    #[error("the self-test did not end; run `nanogate selftest` again, or go on with --resume")]
    Incomplete,
    /// A debug build is not what is compared.
    #[error("the self-test is of a debug build; run it on one that was built with --release")]
    DebugBuild,
    /// Both processes may have wandered.
    #[error("the self-test was not pinned to a core; run it where threads can be pinned")]
    NotPinned,
    /// Too few comparisons.
    #[error(
        "the self-test has {0} comparisons of identical programs, fewer than {COMPARISONS_MIN}; \
         raise --comparisons"
    )]
    TooFew(u64),
    /// Identical programs were told apart too often, or too few were compared to know.
    #[error(
        "the self-test bears at most {} % false alarms, and a gate needs at most {} %: run \
         `nanogate selftest` with more --comparisons, or on a quieter host",
        (100.0 * .0).round(), 100.0 * FALSE_ALARMS_MAX
    )]
    FalseAlarms(f64),
    /// Identical programs were told apart twice in a row.
    #[error(
        "identical programs were told apart, and again when asked twice, in {0} comparisons: this \
         host's verdicts do not hold; `nanogate doctor` says what disturbs it"
    )]
    ConfirmedAlarms(u64),
}

/// What the gate may say of its own verdicts.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Armed {
    /// Bound on the share of comparisons of identical programs that raise an alarm, one-sided
    /// 95 %, 0 to 1.
    pub false_alarms_at_most: f64,
    /// The smallest slowdown found 19 times of 20, percent of time, where there is one.
    pub smallest_percent: Option<f64>,
    /// Days since the self-test.
    pub age_days: u64,
}

/// Whether a stored result lets the gate arm on this host at this time, in seconds since 1970.
pub fn may_arm(result: &SelfTest, host: &Fingerprint, now_unix_s: u64) -> Result<Armed, Unfit> {
    if let Some(what) = differing(&result.host, host) {
        return Err(Unfit::OtherHost(what));
    }
    let Some(age_s) = now_unix_s.checked_sub(result.ended_unix_s) else {
        return Err(Unfit::FromTheFuture);
    };
    let age_days = age_s / DAY_S;
    let alarms = &result.false_alarms;
    if age_s > AGE_DAYS_MAX * DAY_S {
        Err(Unfit::TooOld(age_days))
    } else if result.status != Status::Complete {
        Err(Unfit::Incomplete)
    } else if result.executable.profile != "release" {
        Err(Unfit::DebugBuild)
    } else if result.settings.core.is_none() {
        Err(Unfit::NotPinned)
    } else if alarms.raw.of < COMPARISONS_MIN {
        Err(Unfit::TooFew(alarms.raw.of))
    } else if alarms.confirmed.count > 0 {
        Err(Unfit::ConfirmedAlarms(alarms.confirmed.count))
    } else if alarms.raw.at_most > FALSE_ALARMS_MAX {
        Err(Unfit::FalseAlarms(alarms.raw.at_most))
    } else {
        let smallest_percent = result.smallest.map(|smallest| smallest.percent);
        Ok(Armed { false_alarms_at_most: alarms.raw.at_most, smallest_percent, age_days })
    }
}

/// The first thing in which two hosts differ, load aside. `None` where they are the same.
#[must_use]
pub fn differing(one: &Fingerprint, other: &Fingerprint) -> Option<String> {
    let facts = |host: &Fingerprint| {
        let mut host = host.clone();
        host.load_1min = None;
        serde_json::to_value(host).ok()
    };
    let (one, other) = (facts(one)?, facts(other)?);
    let mut names = one.as_object()?.iter();
    let (name, was) = names.find(|(name, value)| other.get(name.as_str()) != Some(*value))?;
    let is = other.get(name).map(ToString::to_string).unwrap_or_default();
    Some(format!("{name} was {was}, is {is}"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::gate::{
        Verdict,
        selftest::tests::{result, settings},
        trials::tests::all,
    };

    const NOW: u64 = 1_000_000_000 + 5 * DAY_S;

    fn good() -> SelfTest {
        result(&all(&settings(), 1.0, &[]), Status::Complete)
    }

    /// A complete, recent result of this host lets the gate arm, and says what it can promise.
    #[test]
    fn good_results_arm() {
        let good = good();
        let mut host = good.host.clone();
        host.load_1min = Some(99.0);
        let armed = may_arm(&good, &host, NOW).unwrap();
        assert_eq!((armed.age_days, armed.smallest_percent), (4, Some(0.5)));
        // None of 40: 1 - 0.05^(1/40).
        assert!((armed.false_alarms_at_most - 0.0722).abs() < 1e-4, "{armed:?}");
    }

    /// Each thing that can be wrong with a result keeps the gate from arming, by its own name.
    #[test]
    fn bad_results_do_not_arm() {
        let refused = |spoil: fn(&mut SelfTest)| {
            let mut result = good();
            let host = result.host.clone();
            spoil(&mut result);
            may_arm(&result, &host, NOW).unwrap_err()
        };
        let other = refused(|result| result.host.cores_usable += 1);
        assert!(other.to_string().contains("cores_usable"), "{other}");
        assert_eq!(refused(|result| result.ended_unix_s -= 27 * DAY_S), Unfit::TooOld(31));
        assert_eq!(refused(|result| result.ended_unix_s = NOW + 1), Unfit::FromTheFuture);
        assert_eq!(refused(|result| result.status = Status::Interrupted), Unfit::Incomplete);
        let debug = refused(|result| result.executable.profile = "debug".into());
        assert_eq!(debug, Unfit::DebugBuild);
        assert_eq!(refused(|result| result.settings.core = None), Unfit::NotPinned);
        assert_eq!(refused(|result| result.false_alarms.raw.of = 19), Unfit::TooFew(19));
        let often = refused(|result| result.false_alarms.raw.at_most = 0.2);
        assert!(often.to_string().contains("at most 20 % false alarms"), "{often}");
        let alarm = refused(|result| result.false_alarms.confirmed.count = 1);
        assert_eq!(alarm, Unfit::ConfirmedAlarms(1));
    }

    /// An alarm that was not borne out does not disarm, but it shows in the bound.
    #[test]
    fn raw_alarms_show_in_the_bound() {
        let rows = all(&settings(), 1.0, &[4]);
        assert_eq!(rows[3].verdict, Verdict::Faster);
        let one = result(&rows, Status::Complete);
        let armed = may_arm(&one, &one.host, NOW).unwrap();
        assert!(armed.false_alarms_at_most > 0.1, "{armed:?}");
    }
}
