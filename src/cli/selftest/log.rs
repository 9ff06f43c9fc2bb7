//! The log: a line of CSV for each comparison, flushed when it is done, so that a test can go on.

use std::{
    fs::{File, OpenOptions},
    io::{self, Write as _},
    path::{Path, PathBuf},
};

use serde_json::{Value, json};

use crate::{
    cli::{Exit, Failure},
    gate::{
        fitness,
        selftest::{Executable, Settings, Sizing},
        trials::Row,
    },
    host::fingerprint::Fingerprint,
};

/// The first line.
const TITLE: &str = "# nanogate selftest log 1";

/// An open log.
#[derive(Debug)]
pub(super) struct Log {
    path: PathBuf,
    file: File,
}

/// A log that was there, with what it says.
#[derive(Debug)]
pub(super) struct Resumed {
    pub(super) log: Log,
    pub(super) rows: Vec<Row>,
    pub(super) sizing: Sizing,
}

impl Log {
    /// Refuses a file that is there, before anything is measured.
    pub(super) fn check_new(path: &Path) -> Result<(), Failure> {
        if path.exists() {
            return Err(refusal(path, "exists; add --resume to go on, or name another file"));
        }
        Ok(())
    }

    /// A new log, with the circumstances at its head.
    pub(super) fn create(
        path: &Path,
        executable: &Executable,
        host: &Fingerprint,
        settings: &Settings,
        sizing: &Sizing,
    ) -> Result<Self, Failure> {
        let file = OpenOptions::new().write(true).create_new(true).open(path);
        let file = file.map_err(|error| refusal(path, &format!("cannot be created: {error}")))?;
        let mut log = Self { path: path.to_owned(), file };
        let lines = [
            TITLE.to_owned(),
            format!("# executable {}", text(executable)?),
            format!("# host {}", text(host)?),
            format!("# settings {}", text(settings)?),
            format!("# sizing {}", text(sizing)?),
        ];
        log.write(&format!("{}\n{}", lines.join("\n"), csv(None)?))?;
        Ok(log)
    }

    /// A log of the same program, host and settings. A last line that was cut off is dropped.
    pub(super) fn resume(
        path: &Path,
        executable: &Executable,
        host: &Fingerprint,
        settings: &Settings,
    ) -> Result<Resumed, Failure> {
        let bytes = crate::corpus::read_file(path)
            .map_err(|error| refusal(path, &format!("cannot be read: {error}")))?;
        let whole = bytes.iter().rposition(|&byte| byte == b'\n').map_or(0, |last| last + 1);
        let text = std::str::from_utf8(&bytes[..whole])
            .map_err(|_| refusal(path, "is no log of a self-test; name another file"))?;
        let (rows, sizing) =
            parse(text, executable, host, settings).map_err(|problem| refusal(path, &problem))?;
        let unwritable = |error: io::Error| refusal(path, &format!("cannot be written: {error}"));
        let file = OpenOptions::new().append(true).open(path).map_err(unwritable)?;
        file.set_len(whole as u64).map_err(unwritable)?;
        Ok(Resumed { log: Self { path: path.to_owned(), file }, rows, sizing })
    }

    /// Adds a comparison, at once and whole.
    pub(super) fn append(&mut self, row: &Row) -> Result<(), Failure> {
        self.write(&csv(Some(row))?)
    }

    fn write(&mut self, text: &str) -> Result<(), Failure> {
        let written = self.file.write_all(text.as_bytes()).and_then(|()| self.file.flush());
        written.map_err(|error| {
            let shown = self.path.display();
            Failure::new(Exit::Failed, format!("--log: cannot write {shown}: {error}; free space"))
        })
    }
}

fn refusal(path: &Path, problem: &str) -> Failure {
    Failure::usage(format!("--log {}: {problem}", path.display()))
}

fn text(value: &impl serde::Serialize) -> Result<String, Failure> {
    serde_json::to_string(value).map_err(Failure::internal)
}

/// The line of a comparison, or of the names of its columns.
fn csv(row: Option<&Row>) -> Result<String, Failure> {
    let mut writer = csv::WriterBuilder::new().has_headers(false).from_writer(Vec::new());
    match row {
        Some(row) => writer.serialize(row).map_err(Failure::internal)?,
        None => writer.write_record(COLUMNS).map_err(Failure::internal)?,
    }
    let bytes = writer.into_inner().map_err(Failure::internal)?;
    String::from_utf8(bytes).map_err(Failure::internal)
}

/// The names of the columns, in the order of [`Row`].
const COLUMNS: [&str; 13] = [
    "number",
    "kind",
    "planted_ppm",
    "extra_ppm",
    "launches",
    "log_ratio",
    "low",
    "high",
    "p_value",
    "verdict",
    "seconds",
    "baseline_ns",
    "at_unix_s",
];

/// The comparisons of a log, if it is of these circumstances.
fn parse(
    text: &str,
    executable: &Executable,
    host: &Fingerprint,
    settings: &Settings,
) -> Result<(Vec<Row>, Sizing), String> {
    let mut lines = text.lines();
    if lines.next() != Some(TITLE) {
        return Err("is no log of a self-test; name another file".into());
    }
    let mut header = |name: &str| -> Result<Value, String> {
        let line = lines.next().and_then(|line| line.strip_prefix(&format!("# {name} ")));
        let value = line.and_then(|line| serde_json::from_str(line).ok());
        value.ok_or_else(|| format!("has no `# {name}` line; name another file"))
    };
    let (was_executable, was_host) = (header("executable")?, header("host")?);
    let (was_settings, sizing) = (header("settings")?, header("sizing")?);
    if was_executable != json!(executable) {
        return Err("is of another build of nanogate; name another file".into());
    }
    let was_host: Fingerprint = serde_json::from_value(was_host)
        .map_err(|error| format!("has no host that can be read: {error}"))?;
    if let Some(what) = fitness::differing(&was_host, host) {
        return Err(format!("is of another host ({what}); name another file"));
    }
    if let Some(name) = differing(&was_settings, &json!(settings)) {
        let (was, is) = (&was_settings[&name], &json!(settings)[&name]);
        return Err(format!("is of other settings ({name} was {was}, is {is})"));
    }
    let sizing = serde_json::from_value(sizing)
        .map_err(|error| format!("has no sizing that can be read: {error}"))?;
    let mut reader = csv::ReaderBuilder::new().comment(Some(b'#')).from_reader(text.as_bytes());
    let rows: Result<Vec<Row>, _> = reader.deserialize().collect();
    let rows = rows.map_err(|error| format!("has a line that cannot be read: {error}"))?;
    let are_all = rows.iter().zip(1u64..).all(|(row, number)| row.number == number);
    if are_all { Ok((rows, sizing)) } else { Err("has lines missing; name another file".into()) }
}

/// The first setting that two tests do not share. How many comparisons are wanted may change.
fn differing(one: &Value, other: &Value) -> Option<String> {
    let is_count = |name: &str| ["comparisons", "trials"].contains(&name);
    let mut names = other.as_object()?.keys();
    names
        .find(|name| !is_count(name) && one.get(name.as_str()) != other.get(name.as_str()))
        .cloned()
}
