//! What a self-test does next: a pure function of what it has done, so that it can be resumed.
//!
//! First each planted slowdown is calibrated: how much extra work makes the candidate slower by
//! just so much is measured, not assumed. Then comparisons of identical programs and trials of each
//! slowdown are spread evenly over the run, so that all of them meet the same machine. An alarm
//! among identical programs is followed at once by a second comparison, as the gate would do.

use serde::{Deserialize, Serialize};

use super::{Verdict, selftest::Settings};
use crate::stats::Estimate;

/// Calibrating comparisons of one slowdown, before it is refused.
const CALIBRATIONS_MAX: usize = 6;

/// Launches of a calibrating comparison, as a multiple of an ordinary one.
const CALIBRATION_LAUNCHES: u32 = 8;

/// How far the calibrated slowdown may be off, as a fraction of it, and the half width of its
/// interval.
const OFF_MAX: f64 = 0.05;
const HALF_WIDTH_MAX: f64 = 0.2;

/// Most that one calibration changes the extra work by, as a factor: it may have been disturbed.
const STEP_MAX: f64 = 3.0;

/// What a comparison is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Kind {
    /// Identical programs: an alarm is false.
    Same,
    /// The second comparison after an alarm.
    Confirm,
    /// What the extra work really costs.
    Calibrate,
    /// Whether a planted slowdown is found.
    Trial,
}

/// One comparison, as it stands in the log.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Row {
    /// From 1 on.
    pub number: u64,
    /// What it is for.
    pub kind: Kind,
    /// Planted slowdown in parts per million of time; 0 for identical programs.
    pub planted_ppm: u32,
    /// Extra records of the candidate in parts per million.
    pub extra_ppm: u32,
    /// Launches.
    pub launches: u32,
    /// Median log ratio of candidate to baseline.
    pub log_ratio: f64,
    /// Lower end of its 95 % interval.
    pub low: f64,
    /// Upper end of its 95 % interval.
    pub high: f64,
    /// Probability of the sign test.
    pub p_value: f64,
    /// Verdict of the rule.
    pub verdict: Verdict,
    /// Wall-clock seconds, processes and their start included.
    pub seconds: f64,
    /// Median time of the baseline for one batch, in nanoseconds.
    pub baseline_ns: f64,
    /// Seconds since 1970 when it ended.
    pub at_unix_s: f64,
}

impl Row {
    /// How much longer the candidate took, as a fraction, with its interval.
    #[must_use]
    pub fn slowdown(&self) -> Estimate {
        let log = Estimate { value: self.log_ratio, low: self.low, high: self.high };
        log.map(f64::exp_m1)
    }
}

/// The next comparison.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Task {
    /// What it is for.
    pub kind: Kind,
    /// Planted slowdown in parts per million of time.
    pub planted_ppm: u32,
    /// Extra records of the candidate in parts per million.
    pub extra_ppm: u32,
    /// Launches, as a multiple of those of an ordinary comparison.
    pub launches_factor: u32,
}

/// How far the calibration of a slowdown is.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Calibration {
    /// This much extra work is to be tried next.
    Next(u32),
    /// This much extra work costs what it should.
    Done {
        /// Extra records in parts per million.
        extra_ppm: u32,
        /// Measured slowdown, a fraction.
        slowdown: Estimate,
    },
    /// No extra work was found that does, within the tries there are.
    Refused {
        /// The slowdown measured last, a fraction.
        slowdown: Estimate,
    },
}

/// The calibration of a slowdown by the comparisons so far. Whether extra work is right is judged
/// by a comparison that had no part in choosing it.
#[must_use]
pub fn calibration(planted_ppm: u32, rows: &[Row]) -> Calibration {
    let wanted = f64::from(planted_ppm) / 1e6;
    let is_of_it = |row: &&Row| row.kind == Kind::Calibrate && row.planted_ppm == planted_ppm;
    let mut next = planted_ppm;
    for (index, row) in rows.iter().filter(is_of_it).enumerate() {
        let slowdown = row.slowdown();
        let half_width = (slowdown.high - slowdown.low) / 2.0;
        let is_right = (slowdown.value - wanted).abs() <= OFF_MAX * wanted;
        if is_right && half_width <= HALF_WIDTH_MAX * wanted {
            return Calibration::Done { extra_ppm: row.extra_ppm, slowdown };
        }
        if index + 1 == CALIBRATIONS_MAX {
            return Calibration::Refused { slowdown };
        }
        let factor = wanted / slowdown.value.max(wanted / STEP_MAX);
        let factor = if is_right { 1.0 } else { factor.max(1.0 / STEP_MAX) };
        next = (f64::from(row.extra_ppm) * factor).round().max(1.0) as u32;
    }
    Calibration::Next(next)
}

/// The next comparison after these, or that all is done.
#[must_use]
pub fn next(settings: &Settings, rows: &[Row]) -> Option<Task> {
    if rows.last().is_some_and(|row| row.kind == Kind::Same && row.verdict.is_alarm()) {
        return Some(Task::of_identical(Kind::Confirm));
    }
    let mut open = vec![(share(rows, Kind::Same, 0, settings.comparisons), {
        Task::of_identical(Kind::Same)
    })];
    for &planted_ppm in &settings.planted_ppm {
        match calibration(planted_ppm, rows) {
            Calibration::Next(extra_ppm) => {
                let launches_factor = CALIBRATION_LAUNCHES;
                return Some(Task {
                    kind: Kind::Calibrate,
                    planted_ppm,
                    extra_ppm,
                    launches_factor,
                });
            }
            Calibration::Done { extra_ppm, .. } => {
                let task = Task { kind: Kind::Trial, planted_ppm, extra_ppm, launches_factor: 1 };
                open.push((share(rows, Kind::Trial, planted_ppm, settings.trials), task));
            }
            Calibration::Refused { .. } => {}
        }
    }
    open.retain(|(share, _)| *share < 1.0);
    open.into_iter().min_by(|one, other| one.0.total_cmp(&other.0)).map(|(_, task)| task)
}

impl Task {
    const fn of_identical(kind: Kind) -> Self {
        Self { kind, planted_ppm: 0, extra_ppm: 0, launches_factor: 1 }
    }
}

/// Comparisons of a kind that are done, as a share of those that are wanted.
fn share(rows: &[Row], kind: Kind, planted_ppm: u32, wanted: u32) -> f64 {
    let is_one = |row: &&Row| row.kind == kind && row.planted_ppm == planted_ppm;
    let done = rows.iter().filter(is_one).count();
    if wanted == 0 { 1.0 } else { done as f64 / f64::from(wanted) }
}

/// Ordinary comparisons' time that is done, and all that will be needed at least.
#[must_use]
pub fn progress(settings: &Settings, rows: &[Row]) -> (u64, u64) {
    let cost = |kind| if kind == Kind::Calibrate { u64::from(CALIBRATION_LAUNCHES) } else { 1 };
    let done = rows.iter().map(|row| cost(row.kind)).sum();
    let mut left = missing(rows, Kind::Same, 0, settings.comparisons);
    for &planted_ppm in &settings.planted_ppm {
        left += match calibration(planted_ppm, rows) {
            Calibration::Refused { .. } => 0,
            Calibration::Done { .. } => missing(rows, Kind::Trial, planted_ppm, settings.trials),
            Calibration::Next(_) => cost(Kind::Calibrate) + u64::from(settings.trials),
        };
    }
    (done, done + left)
}

fn missing(rows: &[Row], kind: Kind, planted_ppm: u32, wanted: u32) -> u64 {
    let is_one = |row: &&Row| row.kind == kind && row.planted_ppm == planted_ppm;
    u64::from(wanted).saturating_sub(rows.iter().filter(is_one).count() as u64)
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;
    use crate::gate::selftest::tests::settings;

    /// A row of a task whose candidate is slower by so much, a fraction.
    pub(in crate::gate) fn row(number: u64, task: Task, slowdown: f64, verdict: Verdict) -> Row {
        let log = f64::ln_1p(slowdown);
        Row {
            number,
            kind: task.kind,
            planted_ppm: task.planted_ppm,
            extra_ppm: task.extra_ppm,
            launches: 50 * task.launches_factor,
            log_ratio: log,
            low: log - 1e-5,
            high: log + 1e-5,
            p_value: 0.5,
            verdict,
            seconds: 1.0,
            baseline_ns: 1_000.0,
            at_unix_s: 1e9 + number as f64,
        }
    }

    /// Does all that is asked for, on a machine where extra work costs `cost` times its share.
    pub(in crate::gate) fn all(settings: &Settings, cost: f64, alarms: &[u64]) -> Vec<Row> {
        let mut rows = Vec::new();
        while let Some(task) = next(settings, &rows) {
            let number = rows.len() as u64 + 1;
            let slowdown = cost * f64::from(task.extra_ppm) / 1e6;
            let verdict = match task.kind {
                Kind::Same if alarms.contains(&number) => Verdict::Faster,
                Kind::Trial => Verdict::Slower,
                _ => Verdict::Same,
            };
            rows.push(row(number, task, slowdown, verdict));
            assert!(number < 1_000, "it comes to an end");
        }
        rows
    }

    fn count(rows: &[Row], kind: Kind) -> usize {
        rows.iter().filter(|row| row.kind == kind).count()
    }

    /// Extra work that costs less than its share is raised until it costs what it should, and the
    /// trials then use that; the last calibration is one that did not choose it.
    #[test]
    fn extra_work_is_calibrated() {
        let settings = settings();
        let rows = all(&settings, 0.7, &[]);
        let Calibration::Done { extra_ppm, slowdown } = calibration(10_000, &rows) else {
            panic!("{rows:?}")
        };
        assert!((slowdown.value - 0.01).abs() < 0.001, "{slowdown:?}");
        assert!((f64::from(extra_ppm) - 10_000.0 / 0.7).abs() < 2.0, "{extra_ppm}");
        let trials = rows.iter().filter(|row| row.kind == Kind::Trial && row.planted_ppm == 10_000);
        assert!(trials.clone().all(|row| row.extra_ppm == extra_ppm) && trials.count() == 20);
        assert_eq!(count(&all(&settings, 1.0, &[]), Kind::Calibrate), settings.planted_ppm.len());
    }

    /// Where extra work does not cost more, the slowdown is refused and not tried.
    #[test]
    fn what_cannot_be_planted_is_refused() {
        let settings = settings();
        let rows = all(&settings, 0.0, &[]);
        assert!(matches!(calibration(10_000, &rows), Calibration::Refused { .. }));
        assert_eq!(count(&rows, Kind::Trial), 0);
        assert_eq!(count(&rows, Kind::Calibrate), CALIBRATIONS_MAX * settings.planted_ppm.len());
        let mut wide = rows[0].clone();
        (wide.log_ratio, wide.low, wide.high) = (0.0099, 0.0, 0.02);
        wide.planted_ppm = 10_000;
        let again = calibration(10_000, &[wide.clone()]);
        assert_eq!(again, Calibration::Next(wide.extra_ppm), "an interval too wide says nothing");
    }

    /// An alarm is followed by a confirmation at once, and by one only.
    #[test]
    fn alarms_are_confirmed() {
        let rows = all(&settings(), 1.0, &[9, 30]);
        let alarms: Vec<usize> =
            (0..rows.len() - 1).filter(|&index| rows[index].verdict == Verdict::Faster).collect();
        assert!(!alarms.is_empty());
        assert!(alarms.iter().all(|&index| rows[index + 1].kind == Kind::Confirm));
        assert_eq!(count(&rows, Kind::Confirm), alarms.len());
    }

    /// Identical programs and trials are spread over the whole run, and progress ends at its end.
    #[test]
    fn kinds_are_spread() {
        let settings = settings();
        let rows = all(&settings, 1.0, &[]);
        let measured = &rows[settings.planted_ppm.len()..];
        let (first, second) = measured.split_at(measured.len() / 2);
        for kind in [Kind::Same, Kind::Trial] {
            assert!(count(first, kind).abs_diff(count(second, kind)) <= 2, "{kind:?}");
        }
        let (done, all) = progress(&settings, &rows);
        assert_eq!(done, all);
        assert_eq!(progress(&settings, &[]).1, all);
    }
}
