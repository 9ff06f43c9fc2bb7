//! Limits of a gate, from a strict TOML file: what is noise, what is allowed, what is muted.
//!
//! `for` says which rows are meant; what it leaves out fits everything. Of several limits that fit
//! a row the later one wins, field by field. An unknown key, a version that is not ours and a limit
//! that fits no row are errors: a limit with a slip in its name limits nothing.

use std::fmt;

use serde::Deserialize;
use thiserror::Error;

use super::{
    Rule,
    outcome::{Key, Mute, RowLimit},
};
use crate::calendar::Date;

/// The version of the format.
const VERSION: u32 = 1;

/// Bound on the probability that any row of a gate claims a difference where there is none.
pub const FAMILY_ERROR: f64 = 0.001;

/// Noise and margin of percentiles beyond the median, as fractions. They scatter more, and are
/// moved by what is rare.
const TAIL: (f64, f64) = (0.01, 0.1);

/// Growth of a program's file that is allowed unless a limit says otherwise, percent.
const SIZE_SOFT_PERCENT: f64 = 1.0;

/// Why a file of limits is refused.
#[derive(Debug, Error)]
pub enum LimitsError {
    /// No TOML, or keys that there are not. The message names line and column.
    #[error("{}", .0.to_string().trim_end())]
    Syntax(#[from] toml::de::Error),
    /// Another version.
    #[error("version = {0}: this nanogate reads version {VERSION}")]
    Version(u32),
    /// A number out of its range.
    #[error("{name} = {value}: must be a number of percent above 0 and up to 100")]
    Percent {
        /// The key.
        name: &'static str,
        /// What it says.
        value: f64,
    },
    /// A hard limit that cannot be read.
    #[error("hard = \"{0}\": write it as `p99 <= 900 ns`, in ns, us, ms, cycles, count or bytes")]
    Hard(String),
    /// A mute without a reason.
    #[error("[[mute]] for {0}: `reason` is empty; say why, for whoever reads it next")]
    NoReason(String),
    /// A limit or a mute that fits no row.
    #[error("{table} for {rows}: fits no row of this gate; correct it, or remove it")]
    Unused {
        /// `[[limit]]` or `[[mute]]`.
        table: &'static str,
        /// What it selects.
        rows: String,
    },
}

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
            "ns" => (1.0, "ns"),
            "us" => (1e3, "ns"),
            "ms" => (1e6, "ns"),
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
    fn fits(&self, key: &Key, unit: &str) -> bool {
        let stat = key.metric.rsplit('/').next();
        self.unit == unit && (self.stat == key.metric || Some(self.stat.as_str()) == stat)
    }
}

impl Selector {
    fn fits(&self, key: &Key) -> bool {
        let is = |asked: &Option<String>, found: &str| {
            asked.as_deref().is_none_or(|asked| asked == found)
        };
        is(&self.backend, &key.backend)
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
        let file: File = toml::from_str(text)?;
        if file.version != VERSION {
            return Err(LimitsError::Version(file.version));
        }
        for limit in &file.limit {
            percent("noise_percent", limit.noise_percent)?;
            percent("margin_percent", limit.margin_percent)?;
            percent("soft_percent", limit.soft_percent)?;
        }
        if let Some(mute) = file.mute.iter().find(|mute| mute.reason.trim().is_empty()) {
            return Err(LimitsError::NoReason(mute.rows.to_string()));
        }
        let error = percent("family_error_percent", file.family_error_percent)?;
        let family_error = error.map_or(FAMILY_ERROR, |percent| percent / 100.0);
        Ok(Self { family_error, limits: file.limit, mutes: file.mute })
    }

    /// Refuses a limit or a mute that fits none of these rows.
    pub fn check_used(&self, keys: &[Key]) -> Result<(), LimitsError> {
        let is_unused = |rows: &Selector| !keys.iter().any(|key| rows.fits(key));
        let refused =
            |table, rows: &Selector| Err(LimitsError::Unused { table, rows: rows.to_string() });
        if let Some(limit) = self.limits.iter().find(|limit| is_unused(&limit.rows)) {
            return refused("[[limit]]", &limit.rows);
        }
        match self.mutes.iter().find(|mute| is_unused(&mute.rows)) {
            Some(mute) => refused("[[mute]]", &mute.rows),
            None => Ok(()),
        }
    }

    /// What holds for a row on a day.
    #[must_use]
    pub fn of(&self, key: &Key, unit: &str, today: Date) -> RowRule {
        let Rule { noise, margin, .. } = Rule::default();
        let is_tail = unit == "ns" && !key.metric.ends_with("/p50");
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

fn percent(name: &'static str, value: Option<f64>) -> Result<Option<f64>, LimitsError> {
    match value {
        Some(value) if !(value > 0.0 && value <= 100.0) => {
            Err(LimitsError::Percent { name, value })
        }
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
        assert_eq!(tail.margin, TAIL.1);
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
        let limits = Limits::parse(FILE).unwrap();
        let error = limits.check_used(&[key("scalar", 16, "x")]).unwrap_err().to_string();
        assert!(error.contains("[[limit]] for backend scalar, batch 256"), "{error}");
        let error = limits.check_used(&[key("scalar", 256, "x")]).unwrap_err().to_string();
        assert!(error.contains("[[mute]] for backend simd-avx2"), "{error}");
        assert!(limits.check_used(&[key("scalar", 256, "x"), key("simd-avx2", 1, "x")]).is_ok());
    }
}
