//! What a self-test found on a host, as `schemas/nanogate.selftest-1.schema.json` states it.
//!
//! Every figure follows from the settings and the comparisons alone.

use serde::{Deserialize, Serialize};

use super::{
    Rule, Verdict,
    trials::{Calibration, Kind, Row, calibration},
};
use crate::{
    host::fingerprint::Fingerprint,
    measure::empty::EmptyReadings,
    stats::{Estimate, binomial::Proportion, quantile, trend},
};

/// Name and version of the format.
pub const SCHEMA: &str = "nanogate.selftest/1";

/// What is asked of a self-test.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Settings {
    /// Id of the backend.
    pub backend: String,
    /// Records per batch.
    pub batch_len: usize,
    /// Seconds for one comparison.
    pub budget_s: f64,
    /// Core of both processes; absent where threads cannot be pinned.
    pub core: Option<usize>,
    /// Seed of inputs, layouts and orders.
    pub seed: u64,
    /// Processor features that were hidden.
    pub hidden_features: String,
    /// The rule that is tried out.
    pub rule: Rule,
    /// Slowdowns that are planted, in parts per million of time, smallest first.
    pub planted_ppm: Vec<u32>,
    /// Comparisons of identical programs.
    pub comparisons: u32,
    /// Trials of each slowdown.
    pub trials: u32,
}

/// How the budget of a comparison is divided. Measured once, and kept when a test is resumed.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Sizing {
    /// Launches of a comparison: pairs of processes.
    pub launches: u32,
    /// Blocks of four readings in a launch.
    pub blocks: u32,
    /// Batches in a reading.
    pub repetitions: u64,
    /// Batches in rotation.
    pub batch_count: usize,
    /// The smallest cache that holds them.
    pub home: String,
    /// Median time of a reading, in microseconds.
    pub reading_us: f64,
    /// Median time in which a pair of processes starts and ends, in milliseconds.
    pub start_ms: f64,
}

/// The program that was compared with itself.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Executable {
    /// Package version.
    pub version: String,
    /// Source revision.
    pub commit: String,
    /// `release` or `debug`.
    pub profile: String,
    /// SHA-256 of the file.
    pub digest: String,
}

/// How far a self-test got.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Status {
    /// All that was asked for is there.
    Complete,
    /// It was stopped, or failed: what was measured is there.
    Interrupted,
}

/// Comparisons of identical programs.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct FalseAlarms {
    /// Comparisons that claimed a difference.
    pub raw: Proportion,
    /// Comparisons that a second one bore out.
    pub confirmed: Proportion,
}

/// One planted slowdown.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Planted {
    /// Its size, percent of time.
    pub percent: f64,
    /// Extra records, percent. Absent where it could not be had.
    pub extra_percent: Option<f64>,
    /// What they cost when calibrated, percent of time.
    pub calibrated_percent: Option<Estimate>,
    /// Why it was not tried.
    pub refused: Option<String>,
    /// Trials in which the candidate was found slower.
    pub found: Proportion,
    /// Median of what the trials measured, percent of time.
    pub trials_percent: Option<Estimate>,
}

/// The smallest slowdown that is found 19 times of 20.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Smallest {
    /// Its size, percent of time.
    pub percent: f64,
    /// Median seconds of a trial of it, processes and their start included.
    pub seconds: f64,
}

/// How the speed of the machine changed over the run.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Drift {
    /// Minutes from the first comparison to the last.
    pub minutes: f64,
    /// Slope of the baseline's time, percent per minute. Neighbours are taken as independent.
    pub percent_per_minute: Estimate,
    /// Median of the last quarter against the first, percent.
    pub quarters_percent: f64,
}

/// A whole self-test.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct SelfTest {
    /// [`SCHEMA`].
    pub schema: String,
    /// How far it got.
    pub status: Status,
    /// Seconds since 1970 when it began.
    pub started_unix_s: u64,
    /// Seconds since 1970 when the last comparison ended.
    pub ended_unix_s: u64,
    /// The program.
    pub executable: Executable,
    /// The machine.
    pub host: Fingerprint,
    /// What was asked for.
    pub settings: Settings,
    /// How the budget was divided.
    pub sizing: Sizing,
    /// What the empty operation reads on this timer. Absent where the readings were too few.
    pub instrument: Option<EmptyReadings>,
    /// Identical programs.
    pub false_alarms: FalseAlarms,
    /// Planted slowdowns, smallest first.
    pub planted: Vec<Planted>,
    /// The smallest slowdown that is found 19 times of 20. Absent where none of them is.
    pub smallest: Option<Smallest>,
    /// Absent where there were too few comparisons.
    pub drift: Option<Drift>,
    /// Median seconds of a comparison of identical programs. Absent without any.
    pub comparison_s: Option<f64>,
}

/// What is known besides the comparisons.
#[derive(Clone, Debug)]
pub struct Circumstances {
    /// The program.
    pub executable: Executable,
    /// The machine.
    pub host: Fingerprint,
    /// What was asked for.
    pub settings: Settings,
    /// How the budget was divided.
    pub sizing: Sizing,
    /// What the empty operation reads.
    pub instrument: Option<EmptyReadings>,
    /// Seconds since 1970 when it began.
    pub started_unix_s: u64,
}

impl SelfTest {
    /// All figures of these comparisons.
    #[must_use]
    pub fn of(about: &Circumstances, rows: &[Row], status: Status) -> Self {
        let settings = &about.settings;
        let planted: Vec<Planted> =
            settings.planted_ppm.iter().map(|&ppm| planted(ppm, rows)).collect();
        Self {
            schema: SCHEMA.into(),
            status,
            started_unix_s: about.started_unix_s,
            ended_unix_s: rows.last().map_or(about.started_unix_s, |row| row.at_unix_s as u64),
            executable: about.executable.clone(),
            host: about.host.clone(),
            settings: settings.clone(),
            sizing: about.sizing.clone(),
            instrument: about.instrument,
            false_alarms: false_alarms(rows),
            smallest: smallest(&planted, rows),
            planted,
            drift: drift(rows),
            comparison_s: median(of_kind(rows, Kind::Same).map(|row| row.seconds)),
        }
    }
}

fn of_kind(rows: &[Row], kind: Kind) -> impl Iterator<Item = &Row> + Clone {
    rows.iter().filter(move |row| row.kind == kind)
}

fn median(values: impl Iterator<Item = f64>) -> Option<f64> {
    let mut sorted: Vec<f64> = values.collect();
    sorted.sort_by(f64::total_cmp);
    (!sorted.is_empty()).then(|| quantile(&sorted, 0.5))
}

fn false_alarms(rows: &[Row]) -> FalseAlarms {
    let compared = of_kind(rows, Kind::Same).count() as u64;
    let raw = of_kind(rows, Kind::Same).filter(|row| row.verdict.is_alarm()).count() as u64;
    let confirmed = rows.windows(2).filter(|pair| {
        pair[1].kind == Kind::Confirm
            && pair[0].verdict.is_alarm()
            && pair[0].verdict == pair[1].verdict
    });
    FalseAlarms {
        raw: Proportion::exact(raw, compared),
        confirmed: Proportion::exact(confirmed.count() as u64, compared),
    }
}

fn planted(ppm: u32, rows: &[Row]) -> Planted {
    let percent = |estimate: Estimate| estimate.map(|fraction| 100.0 * fraction);
    let percent_of_ppm = |ppm: u32| f64::from(ppm) / 1e4;
    let trials = of_kind(rows, Kind::Trial).filter(|row| row.planted_ppm == ppm);
    let found = trials.clone().filter(|row| row.verdict == Verdict::Slower).count() as u64;
    let mut measured: Vec<f64> = trials.clone().map(|row| row.slowdown().value).collect();
    measured.sort_by(f64::total_cmp);
    let (extra_percent, calibrated_percent, refused) = match calibration(ppm, rows) {
        Calibration::Done { extra_ppm, slowdown } => {
            (Some(percent_of_ppm(extra_ppm)), Some(percent(slowdown)), None)
        }
        Calibration::Next(_) => (None, None, Some("not calibrated when it ended".to_owned())),
        Calibration::Refused { slowdown } => {
            let Estimate { value, low, high } = percent(slowdown);
            let why = format!(
                "calibrated to {value:.2} % ({low:.2} to {high:.2}) at best: not within a tenth, \
                 or not known well enough; raise --budget or quiet the machine"
            );
            (None, None, Some(why))
        }
    };
    Planted {
        percent: percent_of_ppm(ppm),
        extra_percent,
        calibrated_percent,
        refused,
        found: Proportion::exact(found, trials.count() as u64),
        trials_percent: crate::stats::interval::median(&measured).map(percent),
    }
}

/// Trials without which nothing is found 19 times of 20: three of three is no more than luck.
const TRIALS_MIN: u64 = 20;

/// The smallest of those that were tried from which on all are found 19 times of 20. What lies
/// between two of them was not tried, and is not guessed.
fn smallest(planted: &[Planted], rows: &[Row]) -> Option<Smallest> {
    let is_found =
        |one: &&Planted| one.found.of >= TRIALS_MIN && 20 * one.found.count >= 19 * one.found.of;
    let tried = planted.iter().filter(|one| one.refused.is_none()).rev();
    let percent = tried.take_while(is_found).last()?.percent;
    let ppm = (percent * 1e4).round() as u32;
    let trials = of_kind(rows, Kind::Trial).filter(|row| row.planted_ppm == ppm);
    Some(Smallest { percent, seconds: median(trials.map(|row| row.seconds))? })
}

fn drift(rows: &[Row]) -> Option<Drift> {
    let compared: Vec<&Row> = of_kind(rows, Kind::Same).collect();
    let (first, last) = (compared.first()?, compared.last()?);
    let whole = median(compared.iter().map(|row| row.baseline_ns))?;
    let quarter = compared.len() / 4;
    let of = |rows: &[&Row]| median(rows.iter().map(|row| row.baseline_ns));
    let (early, late) = (of(&compared[..quarter])?, of(&compared[compared.len() - quarter..])?);
    let minutes = |row: &Row| (row.at_unix_s - first.at_unix_s) / 60.0;
    let points: Vec<(f64, f64)> =
        compared.iter().map(|row| (minutes(row), 100.0 * row.baseline_ns / whole)).collect();
    Some(Drift {
        minutes: minutes(last),
        percent_per_minute: trend::slope(&points)?,
        quarters_percent: 100.0 * (late / early - 1.0),
    })
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;
    use crate::gate::trials::tests::all;

    pub(in crate::gate) fn settings() -> Settings {
        Settings {
            backend: "scalar".into(),
            batch_len: 256,
            budget_s: 1.0,
            core: Some(1),
            seed: 1,
            hidden_features: String::new(),
            rule: Rule::default(),
            planted_ppm: vec![5_000, 10_000, 20_000],
            comparisons: 40,
            trials: 20,
        }
    }

    pub(in crate::gate) fn result(rows: &[Row], status: Status) -> SelfTest {
        let about = Circumstances {
            executable: Executable {
                version: "1".into(),
                commit: "c".into(),
                profile: "release".into(),
                digest: "d".into(),
            },
            host: Fingerprint::read(),
            settings: settings(),
            sizing: Sizing {
                launches: 50,
                blocks: 10,
                repetitions: 64,
                batch_count: 3,
                home: "L1".into(),
                reading_us: 150.0,
                start_ms: 8.0,
            },
            instrument: None,
            started_unix_s: 1_000_000_000,
        };
        SelfTest::of(&about, rows, status)
    }

    /// Alarms count among the comparisons of identical programs, and as confirmed only where the
    /// second comparison claims the same.
    #[test]
    fn alarms_are_counted() {
        let mut rows = all(&settings(), 1.0, &[4]);
        assert_eq!(rows[3].verdict, Verdict::Faster);
        let count = |rows: &[Row]| {
            let alarms = false_alarms(rows);
            (alarms.raw.count, alarms.confirmed.count, alarms.raw.of)
        };
        assert_eq!(count(&rows), (1, 0, 40));
        rows[4].verdict = Verdict::Slower;
        assert_eq!(count(&rows), (1, 0, 40), "the other direction bears nothing out");
        rows[4].verdict = Verdict::Faster;
        assert_eq!(count(&rows), (1, 1, 40));
    }

    /// 19 of 20 are enough, 18 are not; a larger slowdown that is missed disqualifies the smaller.
    #[test]
    fn the_smallest_is_found_nineteen_times_of_twenty() {
        let missing = |missed: &[(u32, usize)]| {
            let mut rows = all(&settings(), 1.0, &[]);
            for &(ppm, count) in missed {
                let of_it = rows.iter_mut().filter(|row| row.kind == Kind::Trial);
                let of_it = of_it.filter(|row| row.planted_ppm == ppm).take(count);
                of_it.for_each(|row| row.verdict = Verdict::CannotTell);
            }
            result(&rows, Status::Complete).smallest.map(|smallest| smallest.percent)
        };
        assert_eq!(missing(&[(5_000, 1)]), Some(0.5));
        assert_eq!(missing(&[(5_000, 2)]), Some(1.0));
        assert_eq!(missing(&[(10_000, 2)]), Some(2.0));
        assert_eq!(missing(&[(20_000, 2)]), None);
        let mut few = all(&settings(), 1.0, &[]);
        few.retain(|row| row.kind != Kind::Trial || row.number % 2 == 0);
        assert_eq!(result(&few, Status::Complete).smallest, None, "too few trials");
    }

    /// A machine that slows down by 6 % over an hour is seen to.
    #[test]
    fn drift_is_seen() {
        let mut rows = all(&settings(), 1.0, &[]);
        let last = rows.len() as f64 - 1.0;
        for (index, row) in rows.iter_mut().enumerate() {
            let part = index as f64 / last;
            row.at_unix_s = 1e9 + 3_600.0 * part;
            row.baseline_ns = 1_000.0 * (1.0 + 0.06 * part);
        }
        let drift = drift(&rows).unwrap();
        let slope = drift.percent_per_minute;
        assert!((slope.value - 0.097).abs() < 0.005 && slope.low > 0.0, "{drift:?}");
        assert!((drift.quarters_percent - 4.4).abs() < 0.5, "{drift:?}");
        assert_eq!(result(&rows[..8], Status::Interrupted).drift, None);
    }

    /// Every number of a result is a number, also of one that ended before it began.
    #[test]
    fn results_of_nothing_are_results() {
        let nothing = result(&[], Status::Interrupted);
        assert_eq!((nothing.smallest, nothing.comparison_s), (None, None));
        assert!(nothing.planted.iter().all(|one| one.refused.is_some() && one.found.of == 0));
        let again: SelfTest =
            serde_json::from_str(&serde_json::to_string(&nothing).unwrap()).unwrap();
        assert_eq!(again, nothing);
    }
}
