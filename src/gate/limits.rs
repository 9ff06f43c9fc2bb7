//! Limits of a gate, from a strict TOML file: what is noise, what is allowed, what is muted.
//!
//! `for` says which rows are meant; what it leaves out fits everything. Of several limits that fit
//! a row the later one wins, field by field. An unknown key, a version that is not ours and names
//! that there are not are errors: a limit with a slip in its name limits nothing. One that only
//! fits no row of this gate is none, since hosts differ in their backends; it is told.

mod error;
mod within;

use std::fmt;

use serde::Deserialize;

use super::{
    Rule,
    outcome::{Key, Mute, RowLimit},
};
use crate::calendar::Date;
pub use error::LimitsError;

/// The tables of the file, in messages.
const LIMIT: &str = "[[limit]]";
const MUTE: &str = "[[mute]]";

/// The unit of times.
const TIME: &str = "ns";

/// The version of the format.
const VERSION: u32 = 1;

/// Bound on the probability that any row of a gate claims a difference where there is none.
pub const FAMILY_ERROR: f64 = 0.001;

/// Noise and margin of percentiles beyond the median, as fractions. They scatter more, and are
/// moved by what is rare.
const TAIL: (f64, f64) = (0.01, 0.1);

/// Growth of a program's file that is allowed unless a limit says otherwise, percent.
const SIZE_SOFT_PERCENT: f64 = 1.0;

/// All limits of a gate.
#[derive(Clone, Debug, PartialEq)]
pub struct Limits {
    /// Bound on the probability that any row claims a difference where there is none.
    pub family_error: f64,
    limits: Vec<Limit>,
    mutes: Vec<MuteEntry>,
}

impl Default for Limits {
    fn default() -> Self {
        Self { family_error: FAMILY_ERROR, limits: Vec::new(), mutes: Vec::new() }
    }
}

/// The names that rows of gates can have.
#[derive(Clone, Debug)]
pub struct Known {
    /// Backends.
    pub backends: Vec<String>,
    /// Methods.
    pub methods: Vec<String>,
    /// Metrics. One that ends in a slash stands for all that begin with it.
    pub metrics: Vec<String>,
}

/// What holds for one row.
#[derive(Clone, Debug, PartialEq)]
pub struct RowRule {
    /// Differences up to this fraction are noise.
    pub noise: f64,
    /// Within this fraction both are the same.
    pub margin: f64,
    /// What is allowed.
    pub limit: Option<RowLimit>,
    /// Why and until when it does not count.
    pub mute: Option<Mute>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    version: u32,
    family_error_percent: Option<f64>,
    #[serde(default)]
    limit: Vec<Limit>,
    #[serde(default)]
    mute: Vec<MuteEntry>,
}

#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
struct Limit {
    #[serde(default, rename = "for")]
    rows: Selector,
    noise_percent: Option<f64>,
    margin_percent: Option<f64>,
    soft_percent: Option<f64>,
    hard: Option<Hard>,
}

#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
struct MuteEntry {
    #[serde(default, rename = "for")]
    rows: Selector,
    reason: String,
    until: Date,
}

/// Which rows are meant.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
struct Selector {
    backend: Option<String>,
    method: Option<String>,
    batch: Option<usize>,
    threads: Option<usize>,
    metric: Option<String>,
}

/// `p99 <= 900 ns`: the last part of a metric's id, or all of it, and the most that it may be.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(try_from = "String")]
struct Hard {
    stat: String,
    at_most: f64,
    unit: String,
}

impl TryFrom<String> for Hard {
    type Error = LimitsError;

    fn try_from(text: String) -> Result<Self, LimitsError> {
        let words: Vec<&str> = text.split_whitespace().collect();
        let [stat, "<=", value, unit] = words.as_slice() else {
            return Err(LimitsError::Hard(text));
        };
        let (factor, unit) = match *unit {
            "ns" => (1.0, TIME),
            "us" => (1e3, TIME),
            "ms" => (1e6, TIME),
            "cycles" => (1.0, "cycles"),
            "count" => (1.0, "count"),
            "bytes" => (1.0, "bytes"),
            _ => return Err(LimitsError::Hard(text)),
        };
        match value.parse::<f64>() {
            Ok(value) if value.is_finite() && value > 0.0 => {
                Ok(Self { stat: (*stat).to_owned(), at_most: value * factor, unit: unit.into() })
            }
            _ => Err(LimitsError::Hard(text)),
        }
    }
}

impl Hard {
    /// A time has few statistics; what is counted has its own.
    fn check(&self, rows: &Selector, known: &Known) -> Result<(), LimitsError> {
        let times: Vec<&String> =
            known.metrics.iter().filter(|id| id.starts_with("host/")).collect();
        let is_one = |id: &&String| **id == self.stat || id.rsplit('/').next() == Some(&self.stat);
        if self.unit != TIME || times.iter().any(is_one) {
            return Ok(());
        }
        Err(LimitsError::Unknown {
            table: LIMIT,
            rows: rows.to_string(),
            what: "metric",
            name: self.stat.clone(),
            known: times.into_iter().cloned().collect(),
        })
    }

    fn fits(&self, key: &Key, unit: &str) -> bool {
        let stat = key.metric.rsplit('/').next();
        self.unit == unit && (self.stat == key.metric || Some(self.stat.as_str()) == stat)
    }
}

impl Selector {
    fn check(&self, table: &'static str, known: &Known) -> Result<(), LimitsError> {
        let parts = [
            ("backend", &self.backend, &known.backends),
            ("method", &self.method, &known.methods),
            ("metric", &self.metric, &known.metrics),
        ];
        for (what, name, known) in parts {
            let Some(name) = name else { continue };
            let is_one = |one: &String| one == name || one.ends_with('/') && name.starts_with(one);
            if !known.iter().any(is_one) {
                let (rows, name, known) = (self.to_string(), name.clone(), known.clone());
                return Err(LimitsError::Unknown { table, rows, what, name, known });
            }
        }
        Ok(())
    }

    fn fits(&self, key: &Key) -> bool {
        let is = |asked: &Option<String>, found: &str| {
            asked.as_deref().is_none_or(|asked| asked == found)
        };
        is(&self.backend, key.backend_id())
            && is(&self.method, &key.method)
            && is(&self.metric, &key.metric)
            && self.batch.is_none_or(|batch| batch == key.batch_len)
            && self.threads.is_none_or(|threads| threads == key.threads)
    }
}

impl fmt::Display for Selector {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let number = |value: Option<usize>| value.map(|value| value.to_string());
        let all = [
            ("backend", self.backend.clone()),
            ("method", self.method.clone()),
            ("batch", number(self.batch)),
            ("threads", number(self.threads)),
            ("metric", self.metric.clone()),
        ];
        let given = all.into_iter().filter_map(|(name, value)| Some(format!("{name} {}", value?)));
        let given: Vec<String> = given.collect();
        f.write_str(&if given.is_empty() { "all rows".to_owned() } else { given.join(", ") })
    }
}

impl Limits {
    /// Reads a file's text.
    pub fn parse(text: &str) -> Result<Self, LimitsError> {
        Self::checked(toml::from_str(text)?)
    }

    fn checked(file: File) -> Result<Self, LimitsError> {
        if file.version != VERSION {
            return Err(LimitsError::Version(file.version));
        }
        for limit in &file.limit {
            percent("noise_percent", limit.noise_percent, ABOVE_0)?;
            percent("margin_percent", limit.margin_percent, ABOVE_0)?;
            percent("soft_percent", limit.soft_percent, FROM_0)?;
        }
        if let Some(mute) = file.mute.iter().find(|mute| mute.reason.trim().is_empty()) {
            return Err(LimitsError::NoReason(mute.rows.to_string()));
        }
        let error = percent("family_error_percent", file.family_error_percent, ERROR)?;
        let family_error = error.map_or(FAMILY_ERROR, |percent| percent / 100.0);
        Ok(Self { family_error, limits: file.limit, mutes: file.mute })
    }

    /// Refuses names that no row of any gate has.
    pub fn check_names(&self, known: &Known) -> Result<(), LimitsError> {
        for limit in &self.limits {
            limit.rows.check(LIMIT, known)?;
            limit.hard.as_ref().map_or(Ok(()), |hard| hard.check(&limit.rows, known))?;
        }
        self.mutes.iter().try_for_each(|mute| mute.rows.check(MUTE, known))
    }

    /// Limits and mutes that fit none of these rows, each a key and its unit, in words.
    #[must_use]
    pub fn unused(&self, rows: &[(Key, &str)]) -> Vec<String> {
        let fits = |asked: &Selector, hard: Option<&Hard>| {
            let is_bounded = |key, unit| hard.is_none_or(|hard| hard.fits(key, unit));
            rows.iter().any(|(key, unit)| asked.fits(key) && is_bounded(key, unit))
        };
        let limits = self.limits.iter().filter(|one| !fits(&one.rows, one.hard.as_ref()));
        let mutes = self.mutes.iter().filter(|one| !fits(&one.rows, None));
        let limits = limits.map(|one| format!("{LIMIT} for {}", one.rows));
        limits.chain(mutes.map(|one| format!("{MUTE} for {}", one.rows))).collect()
    }

    /// Whether a hard limit bounds a time: then a time has to be measured.
    #[must_use]
    pub fn bounds_time(&self) -> bool {
        self.limits.iter().any(|one| one.hard.as_ref().is_some_and(|hard| hard.unit == TIME))
    }

    /// What holds for a row on a day.
    #[must_use]
    pub fn of(&self, key: &Key, unit: &str, today: Date) -> RowRule {
        let Rule { noise, margin, .. } = Rule::default();
        let is_tail = unit == TIME && !key.metric.ends_with("/p50");
        let (noise, margin) = if is_tail { TAIL } else { (noise, margin) };
        let mut rule = RowRule { noise, margin, limit: None, mute: None };
        let mut soft_percent = (unit == "bytes").then_some(SIZE_SOFT_PERCENT);
        let mut hard = None;
        for limit in self.limits.iter().filter(|limit| limit.rows.fits(key)) {
            rule.noise = limit.noise_percent.map_or(rule.noise, |percent| percent / 100.0);
            rule.margin = limit.margin_percent.map_or(rule.margin, |percent| percent / 100.0);
            soft_percent = limit.soft_percent.or(soft_percent);
            let bound = limit.hard.as_ref().filter(|bound| bound.fits(key, unit));
            hard = bound.map(|bound| bound.at_most).or(hard);
        }
        if soft_percent.is_some() || hard.is_some() {
            rule.limit = Some(RowLimit { soft_percent, hard });
        }
        let mute = self.mutes.iter().rev().find(|one| one.until >= today && one.rows.fits(key));
        rule.mute = mute
            .map(|one| Mute { reason: one.reason.trim().to_owned(), until: one.until.to_string() });
        rule
    }

    /// What was muted and no longer is, in words.
    #[must_use]
    pub fn expired(&self, today: Date) -> Vec<String> {
        let expired = self.mutes.iter().filter(|mute| mute.until < today);
        expired.map(|mute| format!("{}: {} ({})", mute.rows, mute.reason, mute.until)).collect()
    }
}

/// A range of percents, and its name: whether a value is in it.
type Range = (fn(f64) -> bool, &'static str);

const ABOVE_0: Range = (|value| value > 0.0 && value <= 100.0, "above 0 and up to 100");
const FROM_0: Range = (|value| (0.0..=100.0).contains(&value), "from 0 to 100");
/// With more than this any row at all would be a claim.
const ERROR: Range = (|value| value > 0.0 && value < 50.0, "above 0 and below 50");

fn percent(
    name: &'static str,
    value: Option<f64>,
    (is_in, range): Range,
) -> Result<Option<f64>, LimitsError> {
    match value {
        Some(value) if !is_in(value) => Err(LimitsError::Percent { name, value, range }),
        _ => Ok(value),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::op::Op;

    fn key(backend: &str, batch_len: usize, metric: &str) -> Key {
        Key {
            backend: backend.into(),
            op: Op::Decide,
            method: "throughput".into(),
            batch_len,
            threads: 1,
            home: "L1".into(),
            metric: metric.into(),
        }
    }

    fn today() -> Date {
        "2026-11-25".parse().unwrap()
    }

    const FILE: &str = r#"
        version = 1
        family_error_percent = 1
        [[limit]]
        soft_percent = 2
        noise_percent = 0.5
        [[limit]]
        for = { backend = "scalar", batch = 256 }
        soft_percent = 5
        hard = "p99 <= 0.9 us"
        [[mute]]
        for = { backend = "simd-avx2" }
        reason = "waits for a fix of its tail"
        until = "2026-11-25"
    "#;

    /// The later limit that fits wins, field by field; a hard one holds for its statistic alone,
    /// in the row's own unit.
    #[test]
    fn limits_fit_rows() {
        let limits = Limits::parse(FILE).unwrap();
        assert!((limits.family_error - 0.01).abs() < 1e-12);
        let other = limits.of(&key("reference", 256, "host/per_record/p50"), "ns", today());
        let expected = RowLimit { soft_percent: Some(2.0), hard: None };
        assert_eq!((other.noise, other.margin, other.limit), (0.005, 0.01, Some(expected)));
        let median = limits.of(&key("scalar", 256, "host/per_record/p50"), "ns", today());
        assert_eq!(median.limit, Some(RowLimit { soft_percent: Some(5.0), hard: None }));
        let tail = limits.of(&key("scalar", 256, "host/end_to_end/p99"), "ns", today());
        assert_eq!(tail.limit, Some(RowLimit { soft_percent: Some(5.0), hard: Some(900.0) }));
        assert_eq!((tail.noise, tail.margin), (0.005, TAIL.1));
        let cycles = limits.of(&key("scalar", 256, "sim/latency/p99"), "cycles", today());
        assert_eq!(cycles.limit.and_then(|limit| limit.hard), None);
    }

    /// A mute holds through its last day and not one day longer, and then says so.
    #[test]
    fn mutes_expire() {
        let limits = Limits::parse(FILE).unwrap();
        let row = key("simd-avx2", 1, "host/per_record/p50");
        let tomorrow: Date = "2026-11-26".parse().unwrap();
        let mute = limits.of(&row, "ns", today()).mute.unwrap();
        assert_eq!(
            (mute.reason.as_str(), mute.until.as_str()),
            ("waits for a fix of its tail", "2026-11-25")
        );
        assert_eq!(limits.of(&row, "ns", tomorrow).mute, None);
        assert!(limits.expired(today()).is_empty());
        assert_eq!(limits.expired(tomorrow).len(), 1);
    }

    /// What is not understood is refused by name, never passed over.
    #[test]
    fn slips_are_errors() {
        for (text, says) in [
            ("version = 2", "version = 2"),
            ("limit = []", "version"),
            ("version = 1\n[[limit]]\nsoft = 2", "unknown field `soft`"),
            ("version = 1\n[[limit]]\nfor = { backends = \"scalar\" }", "backends"),
            ("version = 1\n[[limit]]\nsoft_percent = -1", "soft_percent = -1"),
            ("version = 1\n[[limit]]\nnoise_percent = 0", "above 0"),
            ("version = 1\nfamily_error_percent = 60", "below 50"),
            ("version = 1\n[[limit]]\nhard = \"p99 < 900 ns\"", "p99 < 900 ns"),
            ("version = 1\n[[limit]]\nhard = \"p99 <= 900 s\"", "p99 <= 900 s"),
            ("version = 1\n[[limit]]\nhard = \"p99 <= NaN ns\"", "p99 <= NaN ns"),
            ("version = 1\n[[mute]]\nreason = \" \"\nuntil = \"2026-12-31\"", "`reason` is empty"),
            ("version = 1\n[[mute]]\nreason = \"x\"\nuntil = \"2026-13-31\"", "2026-13-31"),
            ("version = 1\n[[mute]]\nreason = \"x\"", "until"),
            ("version = [", "TOML"),
        ] {
            let error = Limits::parse(text).unwrap_err().to_string();
            assert!(error.contains(says), "{text}: {error}");
        }
    }

    /// Names that there are not are refused; what fits no row of this gate is told, a hard limit
    /// too of whose statistic there is none.
    #[test]
    fn what_limits_nothing_is_told() {
        let names = |all: &[&str]| all.iter().map(|&name| name.into()).collect();
        let known = Known {
            backends: names(&["scalar", "simd-avx2"]),
            methods: names(&["throughput"]),
            metrics: names(&["host/end_to_end/p99", "sim/"]),
        };
        let checked = |text: &str| Limits::parse(text).unwrap().check_names(&known);
        assert!(checked(FILE).is_ok());
        assert!(checked("version = 1\n[[limit]]\nfor = { metric = \"sim/total/count\" }").is_ok());
        for (text, says) in [
            ("[[limit]]\nfor = { backend = \"scalr\" }", "the backend `scalr`; there are scalar"),
            ("[[limit]]\nhard = \"p98 <= 1 ns\"", "the metric `p98`"),
            ("[[mute]]\nfor = { method = \"x\" }\nreason = \"y\"\nuntil = \"2026-12-31\"", "`x`"),
        ] {
            let error = checked(&format!("version = 1\n{text}")).unwrap_err().to_string();
            assert!(error.contains(says), "{text}: {error}");
        }
        let limits = Limits::parse(FILE).unwrap();
        let unused = |rows: &[(Key, &str)]| limits.unused(rows);
        let limit = "[[limit]] for backend scalar, batch 256";
        let mute = "[[mute]] for backend simd-avx2";
        assert_eq!(unused(&[(key("scalar", 256, "host/per_record/p50"), "ns")]), [limit, mute]);
        let tail = (key("scalar", 256, "host/end_to_end/p99"), "ns");
        assert_eq!(unused(std::slice::from_ref(&tail)), [mute]);
        assert!(unused(&[tail, (key("simd-avx2", 1, "x"), "ns")]).is_empty());
        assert!(limits.bounds_time() && !Limits::default().bounds_time());
    }
}
