//! The file of a history: SQLite, marked as ours, in a format with a version.

use std::{
    fs::{self, File},
    io::{self, Read as _},
    path::{Path, PathBuf},
    time::Duration,
};

use rusqlite::{
    Connection, OpenFlags, OptionalExtension as _, Statement, Transaction, TransactionBehavior,
    params,
};

use super::{
    error::HistoryError,
    rows::{Figure, Rows, Setup},
};
use crate::{
    gate::outcome::{Kind, Outcome},
    report::record::RunRecord,
};

/// The format that this version writes.
pub const VERSION: i32 = 1;

/// Marks the file as a history, for us and for `file`: "NGHI".
const APPLICATION_ID: i32 = 0x4e47_4849;

/// Seconds that a writer waits for the others.
pub const BUSY_S: u64 = 10;

/// How every file of SQLite begins, and how long its header is.
const MAGIC: &[u8] = b"SQLite format 3\0";
const HEADER_BYTES: u64 = 100;

const SCHEMA: &str = include_str!("schema.sql");

/// An open history.
#[derive(Debug)]
pub struct Store {
    pub(super) path: PathBuf,
    pub(super) connection: Connection,
}

/// What became of a record.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Appended {
    /// It is in the history now.
    New,
    /// It was there before.
    Already,
}

impl Store {
    /// Opens a history to append to, and begins one where there is none.
    pub fn create(path: &Path) -> Result<Self, HistoryError> {
        check_file(path)?;
        let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_CREATE;
        let store = Self::connect(path, &absolute(path)?, flags)?;
        store.claim()?;
        // Readers need not wait for writers. Where it cannot be had, as on some network disks or
        // just now, the other journal does as well.
        let _ = store.connection.pragma_update(None, "journal_mode", "WAL");
        Ok(store)
    }

    /// Opens a history to read.
    pub fn open(path: &Path) -> Result<Self, HistoryError> {
        if !check_file(path)? {
            return Err(HistoryError::Missing(path.to_owned()));
        }
        let absolute = absolute(path)?;
        // One that could write takes its lock files away again when it is the last to close.
        let store = Self::connect(path, &absolute, OpenFlags::SQLITE_OPEN_READ_WRITE)?;
        let explain = |error| store.explain(&error);
        store.connection.pragma_update(None, "query_only", true).map_err(explain)?;
        match store.marks() {
            Err(HistoryError::Closed { .. }) if !has_log(&absolute) => {
                Self::open_immutable(path, &absolute)
            }
            marks => marks.and_then(|marks| marks.check(path)).map(|()| store),
        }
    }

    /// Beside a file in a folder that is closed to us SQLite has no place for its locks. Where no
    /// log is left to read, it can do without.
    fn open_immutable(path: &Path, absolute: &Path) -> Result<Self, HistoryError> {
        let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_URI;
        let store = Self::connect(path, Path::new(&immutable_uri(absolute)), flags)?;
        store.marks()?.check(path)?;
        Ok(store)
    }

    fn connect(path: &Path, name: &Path, flags: OpenFlags) -> Result<Self, HistoryError> {
        let explain = |error| HistoryError::explain(path, None, &error);
        let flags = flags | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        let connection = Connection::open_with_flags(name, flags).map_err(explain)?;
        connection.busy_timeout(Duration::from_secs(BUSY_S)).map_err(explain)?;
        Ok(Self { path: path.to_owned(), connection })
    }

    /// What an error of SQLite means for this file.
    pub(super) fn explain(&self, error: &rusqlite::Error) -> HistoryError {
        HistoryError::explain(&self.path, Some(&self.connection), error)
    }

    fn marks(&self) -> Result<Marks, HistoryError> {
        Marks::read(&self.connection).map_err(|error| self.explain(&error))
    }

    /// Makes the tables in an empty file; refuses what is not ours. Of several that find it empty
    /// one makes them, while the others wait.
    fn claim(&self) -> Result<(), HistoryError> {
        let explain = |error| self.explain(&error);
        if self.marks()?.is_empty() {
            let behavior = TransactionBehavior::Immediate;
            let transaction =
                Transaction::new_unchecked(&self.connection, behavior).map_err(explain)?;
            if Marks::read(&transaction).map_err(explain)?.is_empty() {
                transaction.execute_batch(SCHEMA).map_err(explain)?;
                transaction
                    .pragma_update(None, "application_id", APPLICATION_ID)
                    .and_then(|()| transaction.pragma_update(None, "user_version", VERSION))
                    .map_err(explain)?;
                transaction.commit().map_err(explain)?;
            }
        }
        self.marks()?.check(&self.path)
    }

    /// Appends a run. Other processes may append at the same time; each run is there whole or not
    /// at all.
    pub fn append_run(&mut self, record: &RunRecord) -> Result<Appended, HistoryError> {
        let appended = self.append(&[Rows::of_run(record)?])?;
        Ok(appended.first().copied().unwrap_or(Appended::Already))
    }

    /// Appends each candidate of a comparison, all or none. One from stored records measured
    /// nothing, and nothing is appended: its runs speak for themselves.
    pub fn append_outcome(&mut self, outcome: &Outcome) -> Result<Vec<Appended>, HistoryError> {
        if outcome.kind == Kind::Stored {
            return Ok(Vec::new());
        }
        let rows = outcome.candidates.iter().map(|one| Rows::of_candidate(outcome, one));
        self.append(&rows.collect::<Result<Vec<_>, _>>()?)
    }

    /// Appends all or none, and says which were there already.
    pub fn append(&mut self, rows: &[Rows]) -> Result<Vec<Appended>, HistoryError> {
        self.insert_all(rows).map_err(|error| self.explain(&error))
    }

    fn insert_all(&self, rows: &[Rows]) -> rusqlite::Result<Vec<Appended>> {
        let transaction =
            Transaction::new_unchecked(&self.connection, TransactionBehavior::Immediate)?;
        let mut inserts = Inserts::prepare(&transaction)?;
        let appended = rows.iter().map(|rows| inserts.run(rows)).collect::<Result<Vec<_>, _>>()?;
        drop(inserts);
        transaction.commit()?;
        Ok(appended)
    }
}

/// What tells a history from other files of SQLite.
#[derive(Clone, Copy, Debug)]
struct Marks {
    application_id: i32,
    version: i32,
    tables: i64,
}

impl Marks {
    fn read(connection: &Connection) -> rusqlite::Result<Self> {
        // One statement, since another process may claim the file between two.
        let marks = "SELECT application_id, user_version, (SELECT count(*) FROM sqlite_schema) \
                     FROM pragma_application_id, pragma_user_version";
        connection.query_row(marks, (), |row| {
            Ok(Self { application_id: row.get(0)?, version: row.get(1)?, tables: row.get(2)? })
        })
    }

    const fn is_empty(self) -> bool {
        self.application_id == 0 && self.version == 0 && self.tables == 0
    }

    fn check(self, path: &Path) -> Result<(), HistoryError> {
        let path = path.to_owned();
        match self {
            Self { application_id: APPLICATION_ID, version: VERSION, .. } => Ok(()),
            Self { application_id: APPLICATION_ID, version, .. } if version > VERSION => {
                Err(HistoryError::Newer { path, version })
            }
            _ if self.is_empty() => {
                let what = "an empty file: nothing was appended yet".into();
                Err(HistoryError::Foreign { path, what })
            }
            _ => Err(HistoryError::Foreign { path, what: "SQLite of another program".into() }),
        }
    }
}

/// Whether there is a file that may be a history. Others are refused without opening them.
fn check_file(path: &Path) -> Result<bool, HistoryError> {
    let foreign = |what: &str| HistoryError::Foreign { path: path.to_owned(), what: what.into() };
    let unreadable = |error: &io::Error| HistoryError::unreadable(path, error);
    let found = match fs::metadata(path) {
        Ok(found) => found,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(false),
        Err(error) => return Err(unreadable(&error)),
    };
    if !found.is_file() {
        return Err(foreign("no regular file"));
    }
    let mut start = Vec::new();
    let file = File::open(path).map_err(|error| unreadable(&error))?;
    file.take(MAGIC.len() as u64).read_to_end(&mut start).map_err(|error| unreadable(&error))?;
    if found.len() > 0 && start != MAGIC {
        return Err(foreign("not a file of SQLite"));
    }
    if (1..HEADER_BYTES).contains(&found.len()) {
        let detail = format!("cut off after {} bytes", found.len());
        return Err(HistoryError::Damaged { path: path.to_owned(), detail });
    }
    Ok(true)
}

/// A name that SQLite takes as it is, whatever it begins with.
fn absolute(path: &Path) -> Result<PathBuf, HistoryError> {
    std::path::absolute(path).map_err(|error| HistoryError::unreadable(path, &error))
}

/// Whether there is a log beside the file with what is not in it yet.
fn has_log(path: &Path) -> bool {
    let mut name = path.as_os_str().to_owned();
    name.push("-wal");
    fs::metadata(name).is_ok_and(|found| found.len() > 0)
}

/// The file as one that nobody changes.
fn immutable_uri(path: &Path) -> String {
    let name = path.to_string_lossy().replace('%', "%25").replace('?', "%3f").replace('#', "%23");
    format!("file:{name}?immutable=1")
}

/// Statements that are used again and again.
struct Inserts<'a> {
    setup: Statement<'a>,
    run: Statement<'a>,
    series: Statement<'a>,
    point: Statement<'a>,
}

impl<'a> Inserts<'a> {
    fn prepare(connection: &'a Connection) -> rusqlite::Result<Self> {
        Ok(Self {
            // The update changes nothing, and returns the row that is there.
            setup: connection.prepare(
                "INSERT INTO setup (source, host, host_name, profile, corpus, corpus_seed, \
                 faults_permille) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7) \
                 ON CONFLICT (source, host, profile, corpus, corpus_seed, faults_permille) \
                 DO UPDATE SET host = host RETURNING id",
            )?,
            run: connection.prepare(
                "INSERT INTO run (digest, setup, started_unix_s, version, commit_id, status, \
                 points) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7) \
                 ON CONFLICT (digest) DO NOTHING RETURNING id",
            )?,
            series: connection.prepare(
                "INSERT INTO series (setup, backend, op, method, batch_len, threads, home, \
                 metric, variant, points) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, 1) \
                 ON CONFLICT (setup, backend, op, method, batch_len, threads, home, metric, \
                 variant) DO UPDATE SET points = points + 1 RETURNING id",
            )?,
            point: connection.prepare(
                "INSERT INTO point (series, run, value, low, high) VALUES (?1, ?2, ?3, ?4, ?5)",
            )?,
        })
    }

    fn run(&mut self, rows: &Rows) -> rusqlite::Result<Appended> {
        let setup = self.setup(&rows.setup)?;
        let values = params![
            rows.digest,
            setup,
            rows.started_unix_s as i64,
            rows.version,
            rows.commit,
            rows.status,
            rows.figures.len() as i64
        ];
        let run: Option<i64> = self.run.query_row(values, |row| row.get(0)).optional()?;
        let Some(run) = run else { return Ok(Appended::Already) };
        for figure in &rows.figures {
            self.figure(setup, run, figure)?;
        }
        Ok(Appended::New)
    }

    fn setup(&mut self, setup: &Setup) -> rusqlite::Result<i64> {
        let values = params![
            setup.source,
            setup.host,
            setup.host_name,
            setup.profile,
            setup.corpus,
            setup.corpus_seed.to_string(),
            setup.faults_permille
        ];
        self.setup.query_row(values, |row| row.get(0))
    }

    fn figure(&mut self, setup: i64, run: i64, figure: &Figure) -> rusqlite::Result<()> {
        let key = &figure.key;
        let values = params![
            setup,
            key.backend,
            key.op.name(),
            key.method,
            key.batch_len as i64,
            key.threads as i64,
            key.home,
            key.metric,
            figure.variant
        ];
        let series: i64 = self.series.query_row(values, |row| row.get(0))?;
        let (low, high) = figure.interval.unzip();
        self.point.execute(params![series, run, figure.value, low, high]).map(drop)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::history::{
        query::{Ended, Metric, Selection, Series},
        rows::tests::{outcome, record},
    };

    fn series(store: &Store) -> Vec<Series> {
        store.series(&Selection { metric: Metric::All, ..Selection::default() }).unwrap()
    }

    /// A run is there once, whole, and in the order of the times; the file says whose it is.
    #[test]
    fn runs_are_kept_once_and_in_order() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("h");
        let mut store = Store::create(&path).unwrap();
        let later = record();
        let mut earlier = record();
        earlier.started_unix_s -= 60;
        assert_eq!(store.append_run(&later).unwrap(), Appended::New);
        assert_eq!(store.append_run(&earlier).unwrap(), Appended::New);
        assert_eq!(store.append_run(&later).unwrap(), Appended::Already);
        drop(store);
        let store = Store::open(&path).unwrap();
        let all = series(&store);
        assert_eq!(all.iter().map(|one| one.points).collect::<Vec<_>>(), [2, 2, 2]);
        let points = store.points(&all[0], Ended::Well, 9).unwrap();
        let times: Vec<_> = points.iter().map(|point| point.started_unix_s).collect();
        assert_eq!(times, [1_699_999_940, 1_700_000_000]);
        assert_eq!((points[0].low, points[0].high), (Some(3.96), Some(4.04)));
        let last = store.points(&all[0], Ended::Well, 1).unwrap();
        assert_eq!(last[0].started_unix_s, 1_700_000_000);
        assert!(store.connection.execute("DELETE FROM point", ()).is_err(), "readers only read");
        drop(store);
        let file = fs::read(&path).unwrap();
        // Journal modes of writer and reader: 2 is WAL.
        assert_eq!((&file[18..20], &file[68..72]), (&[2u8, 2][..], &b"NGHI"[..]));
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1, "nothing is left beside it");
    }

    /// Of several records all are appended or none: here the second breaks a rule of the tables.
    #[test]
    fn all_or_none_are_appended() {
        let folder = tempfile::tempdir().unwrap();
        let mut store = Store::create(&folder.path().join("h")).unwrap();
        let first = Rows::of_run(&record()).unwrap();
        let mut twice = Rows { digest: "other".into(), ..first.clone() };
        twice.figures.push(twice.figures[0].clone());
        assert!(store.append(&[first, twice]).is_err());
        assert_eq!((store.run_count().unwrap(), series(&store).len()), (0, 0));
    }

    /// A gate's candidates are appended; a comparison of stored records has nothing of its own.
    #[test]
    fn outcomes_that_measured_are_appended() {
        let folder = tempfile::tempdir().unwrap();
        let mut store = Store::create(&folder.path().join("h")).unwrap();
        let appended = store.append_outcome(&outcome(Kind::Interleaved)).unwrap();
        assert_eq!(appended, [Appended::New]);
        assert_eq!(store.append_outcome(&outcome(Kind::Stored)).unwrap(), []);
        assert_eq!((store.run_count().unwrap(), series(&store).len()), (1, 2));
        assert_eq!(store.runs(None, 9).unwrap()[0].status, "fails");
    }

    /// A reader sees what is there while a writer is in the middle of something, and a writer that
    /// waits too long says so.
    #[test]
    fn a_held_lock_is_said() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("h");
        let writer = Store::create(&path).unwrap();
        let transaction =
            Transaction::new_unchecked(&writer.connection, TransactionBehavior::Immediate).unwrap();
        transaction.execute("UPDATE run SET status = 'running'", ()).unwrap();
        assert_eq!(Store::open(&path).unwrap().run_count().unwrap(), 0);
        let mut second = Store::create(&path).unwrap();
        second.connection.busy_timeout(Duration::from_millis(1)).unwrap();
        let refused = second.append_run(&record());
        assert!(matches!(refused, Err(HistoryError::Busy(_))), "{refused:?}");
        transaction.commit().unwrap();
        assert_eq!(second.append_run(&record()).unwrap(), Appended::New);
    }

    /// A history that nobody can write to is read, whatever its name.
    #[test]
    fn immutable_files_are_read() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("50% of #1?");
        Store::create(&path).unwrap().append_run(&record()).unwrap();
        assert!(!has_log(&path), "the last writer empties the log");
        let store = Store::open_immutable(&path, &path).unwrap();
        assert_eq!(store.run_count().unwrap(), 1);
    }

    /// A table that is missing is damage, and so is a value that we never wrote.
    #[test]
    fn strange_tables_are_damage() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("h");
        let mut store = Store::create(&path).unwrap();
        store.append_run(&record()).unwrap();
        store.connection.execute("UPDATE series SET op = 'fly'", ()).unwrap();
        let read = store.series(&Selection::default()).unwrap_err();
        assert!(read.to_string().contains("op is `fly`"), "{read}");
        store.connection.execute_batch("DROP TABLE point").unwrap();
        let refused = store.append_run(&RunRecord { started_unix_s: 1, ..record() }).unwrap_err();
        assert!(matches!(refused, HistoryError::Damaged { .. }), "{refused}");
        assert!(refused.to_string().contains("no such table"), "{refused}");
    }
}
