//! What a history holds: runs, series, and the points of a series.

use rusqlite::{Row, named_params, params, types::Type};
use serde::Serialize;

use super::{error::HistoryError, rows::Setup, store::Store};
use crate::{gate::outcome::Key, op::Op};

/// A run as it is listed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Run {
    /// Its number in this history.
    pub number: i64,
    /// What it shares with those that it may be joined with.
    #[serde(flatten)]
    pub setup: Setup,
    /// Seconds since 1970 when it began.
    pub started_unix_s: i64,
    /// Version of the package.
    pub version: String,
    /// Source revision.
    pub commit: String,
    /// How it ended.
    pub status: String,
    /// Figures of it that are kept.
    pub points: i64,
}

/// One metric of one combination, under one setup.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Series {
    #[serde(skip)]
    id: i64,
    /// What all of its runs share.
    #[serde(flatten)]
    pub setup: Setup,
    /// What it is about.
    #[serde(flatten)]
    pub key: Key,
    /// What else tells it from others, such as device, lanes or load. Mostly empty.
    pub variant: String,
    /// Points in it, those of unfinished runs included.
    pub points: i64,
}

/// A value of a series, and the run that it is from.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Point {
    /// Number of the run in this history.
    pub run: i64,
    /// Seconds since 1970 when the run began.
    pub started_unix_s: i64,
    /// Version of the package.
    pub version: String,
    /// Source revision.
    pub commit: String,
    /// How the run ended.
    pub status: String,
    /// The value.
    pub value: f64,
    /// Lower end of its 95 % interval.
    pub low: Option<f64>,
    /// Upper end of its 95 % interval.
    pub high: Option<f64>,
}

/// Which series are asked for. What is not said is not asked.
#[derive(Clone, Debug, Default)]
pub struct Selection {
    /// Id of the backend.
    pub backend: Option<String>,
    /// Name of the method.
    pub method: Option<String>,
    /// Records per batch.
    pub batch_len: Option<u32>,
    /// Threads that work.
    pub threads: Option<u32>,
    /// Smallest cache that holds the input.
    pub home: Option<String>,
    /// Which metrics.
    pub metric: Metric,
    /// The digest of the host from its beginning on, or a part of its name.
    pub host: Option<String>,
    /// `release` or `debug`.
    pub profile: Option<String>,
}

/// Which metrics are asked for.
#[derive(Clone, Debug, Default)]
pub enum Metric {
    /// Every one.
    #[default]
    All,
    /// What is compared: medians of times, and what is counted in cycles. Rates say the same as
    /// times, and modelled time the same as cycles.
    Main,
    /// Those that fit a pattern with `*` and `?`.
    Like(String),
}

/// Which of a series' points are asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ended {
    /// Those of runs that did what they were to do.
    Well,
    /// All.
    Anyhow,
}

/// Hosts by the beginning of the digest or a part of the name.
const IS_HOST: &str = "(:host IS NULL OR substr(setup.host, 1, length(:host)) = :host \
                       OR instr(lower(setup.host_name), lower(:host)) > 0)";

/// Medians of times, and what is counted in cycles. Modelled time and rates follow from these.
const IS_MAIN: &str = "(metric GLOB '*/p50' OR metric GLOB 'sim/*') \
                       AND metric NOT GLOB '*_per_s/*' AND metric NOT GLOB 'model/*' \
                       AND metric NOT GLOB 'sim/records_per_cycle/*'";

impl Store {
    /// The last runs, the oldest of them first.
    pub fn runs(&self, host: Option<&str>, last: u32) -> Result<Vec<Run>, HistoryError> {
        let sql = format!(
            "SELECT {SETUP}, run.id, started_unix_s, version, commit_id, status, points FROM run \
             JOIN setup ON setup.id = run.setup WHERE {IS_HOST} \
             ORDER BY started_unix_s DESC, run.id DESC LIMIT :last"
        );
        let read = || -> rusqlite::Result<Vec<Run>> {
            let mut statement = self.connection.prepare(&sql)?;
            let found = statement.query_map(named_params! {":host": host, ":last": last}, run)?;
            found.collect()
        };
        let mut runs = read().map_err(|error| self.explain(&error))?;
        runs.reverse();
        Ok(runs)
    }

    /// How many runs there are.
    pub fn run_count(&self) -> Result<i64, HistoryError> {
        let count = "SELECT count(*) FROM run";
        let read = self.connection.query_row(count, (), |row| row.get(0));
        read.map_err(|error| self.explain(&error))
    }

    /// The series that are asked for, those of one setup together.
    pub fn series(&self, selection: &Selection) -> Result<Vec<Series>, HistoryError> {
        let (pattern, is_wanted) = match &selection.metric {
            Metric::All => (None, "1"),
            Metric::Main => (None, IS_MAIN),
            Metric::Like(pattern) => (Some(pattern), "1"),
        };
        let sql = format!(
            "SELECT {SETUP}, series.id, backend, op, method, batch_len, threads, home, \
             metric, variant, points FROM series JOIN setup ON setup.id = series.setup \
             WHERE {IS_HOST} AND ({is_wanted}) \
             AND (:metric IS NULL OR metric GLOB :metric) \
             AND (:backend IS NULL OR backend = :backend) \
             AND (:method IS NULL OR method = :method) \
             AND (:batch_len IS NULL OR batch_len = :batch_len) \
             AND (:threads IS NULL OR threads = :threads) \
             AND (:home IS NULL OR home = :home) \
             AND (:profile IS NULL OR profile = :profile) \
             ORDER BY host_name, host, source, profile, corpus, corpus_seed, faults_permille, \
             method, batch_len, home, threads, backend, metric, variant"
        );
        let values = named_params! {
            ":host": selection.host,
            ":metric": pattern,
            ":backend": selection.backend,
            ":method": selection.method,
            ":batch_len": selection.batch_len,
            ":threads": selection.threads,
            ":home": selection.home,
            ":profile": selection.profile,
        };
        let read = || -> rusqlite::Result<Vec<Series>> {
            self.connection.prepare(&sql)?.query_map(values, series)?.collect()
        };
        read().map_err(|error| self.explain(&error))
    }

    /// The last points of a series, by the times at which their runs began.
    pub fn points(
        &self,
        series: &Series,
        ended: Ended,
        last: u32,
    ) -> Result<Vec<Point>, HistoryError> {
        let sql = "SELECT run.id, started_unix_s, version, commit_id, status, value, low, high \
                   FROM point JOIN run ON run.id = point.run WHERE point.series = ?1 \
                   AND (?2 OR status NOT IN ('running', 'interrupted', 'wrong-results')) \
                   ORDER BY started_unix_s DESC, run.id DESC LIMIT ?3";
        let read = || -> rusqlite::Result<Vec<Point>> {
            let values = params![series.id, ended == Ended::Anyhow, last];
            self.connection.prepare(sql)?.query_map(values, point)?.collect()
        };
        let mut points = read().map_err(|error| self.explain(&error))?;
        points.reverse();
        Ok(points)
    }
}

fn run(row: &Row<'_>) -> rusqlite::Result<Run> {
    Ok(Run {
        setup: setup(row)?,
        number: row.get(7)?,
        started_unix_s: row.get(8)?,
        version: row.get(9)?,
        commit: row.get(10)?,
        status: row.get(11)?,
        points: row.get(12)?,
    })
}

/// The columns that [`setup`] reads, which are the first.
const SETUP: &str = "source, host, host_name, profile, corpus, corpus_seed, faults_permille";

fn setup(row: &Row<'_>) -> rusqlite::Result<Setup> {
    let seed: String = row.get(5)?;
    Ok(Setup {
        source: row.get(0)?,
        host: row.get(1)?,
        host_name: row.get(2)?,
        profile: row.get(3)?,
        corpus: row.get(4)?,
        corpus_seed: seed.parse().map_err(|_| unknown("corpus_seed", &seed))?,
        faults_permille: row.get(6)?,
    })
}

fn series(row: &Row<'_>) -> rusqlite::Result<Series> {
    let name: String = row.get(9)?;
    let op = Op::ALL.into_iter().find(|op| op.name() == name);
    let key = Key {
        backend: row.get(8)?,
        op: op.ok_or_else(|| unknown("op", &name))?,
        method: row.get(10)?,
        batch_len: row.get::<_, i64>(11)? as usize,
        threads: row.get::<_, i64>(12)? as usize,
        home: row.get(13)?,
        metric: row.get(14)?,
    };
    let (id, variant, points) = (row.get(7)?, row.get(15)?, row.get(16)?);
    Ok(Series { id, setup: setup(row)?, key, variant, points })
}

fn point(row: &Row<'_>) -> rusqlite::Result<Point> {
    Ok(Point {
        run: row.get(0)?,
        started_unix_s: row.get(1)?,
        version: row.get(2)?,
        commit: row.get(3)?,
        status: row.get(4)?,
        value: row.get(5)?,
        low: row.get(6)?,
        high: row.get(7)?,
    })
}

/// A text that we never wrote.
fn unknown(column: &str, text: &str) -> rusqlite::Error {
    let error = format!("{column} is `{text}`").into();
    rusqlite::Error::FromSqlConversionFailure(0, Type::Text, error)
}
