//! The CSV form of a corpus, and the digest in a file beside it.
//!
//! Columns: name, section, documentation bytes, flags, descriptor, rules. Rows are sorted by the
//! bytes of the name. `FILE.sha256` holds the digest in the form of sha256sum(1).

use std::{
    fs, io,
    path::{Path, PathBuf},
};

use sha2::{Digest, Sha256};
use thiserror::Error;

use super::{Corpus, Entry, read_file, rules::Fired};
use crate::descriptor::Descriptor;

/// The snapshot that comes with the program.
pub const EMBEDDED: &str = include_str!("../../corpus/debian-12.csv");

/// The digest file of the snapshot that comes with the program.
pub const EMBEDDED_DIGEST: &str = include_str!("../../corpus/debian-12.csv.sha256");

/// What the embedded snapshot is called.
pub const EMBEDDED_SOURCE: &str = "debian-12 (embedded)";

/// The first line of every snapshot.
const HEADER: [&str; 6] =
    ["name", "section", "documentation_bytes", "flags", "descriptor", "rules"];

/// Why a snapshot cannot be used. Each message names the file and ends with the remedy.
#[derive(Debug, Error)]
pub enum SnapshotError {
    /// The file cannot be read.
    #[error("cannot read {}: {source}; check the path", path.display())]
    Io {
        /// The file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// The digest file says something else.
    #[error(
        "{file} does not match {file}.sha256: it has {computed}, not {stated}; build it again \
         with `nanogate corpus build --out`, or remove the .sha256 file if you changed it yourself"
    )]
    Digest {
        /// The snapshot.
        file: String,
        /// Digest of the file.
        computed: String,
        /// Digest that was written down.
        stated: String,
    },
    /// A row that cannot be right.
    #[error("{file} line {line}: {problem}; build it again with `nanogate corpus build --out`")]
    Row {
        /// The snapshot.
        file: String,
        /// One-based.
        line: u64,
        /// What is wrong.
        problem: String,
    },
    /// No command at all.
    #[error("{file} has no commands; build it again with `nanogate corpus build --out`")]
    Empty {
        /// The snapshot.
        file: String,
    },
}

/// The snapshot that comes with the program.
pub(super) fn embedded() -> Result<Corpus, SnapshotError> {
    check_digest(EMBEDDED.as_bytes(), EMBEDDED_DIGEST, EMBEDDED_SOURCE)?;
    read(EMBEDDED.as_bytes(), EMBEDDED_SOURCE)
}

/// Reads `path`, and checks it against `path.sha256` if that exists.
pub(super) fn open(path: &Path) -> Result<Corpus, SnapshotError> {
    let failed = |path: &Path, source| SnapshotError::Io { path: path.to_owned(), source };
    let bytes = read_file(path).map_err(|source| failed(path, source))?;
    let file = path.display().to_string();
    let sidecar = digest_path(path);
    match fs::read_to_string(&sidecar) {
        Ok(stated) => check_digest(&bytes, &stated, &file)?,
        Err(error) if error.kind() == io::ErrorKind::NotFound => {}
        Err(error) => return Err(failed(&sidecar, error)),
    }
    read(&bytes, &file)
}

/// The digest file of a snapshot: its path with `.sha256` added.
#[must_use]
pub fn digest_path(path: &Path) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(".sha256");
    PathBuf::from(name)
}

/// The content of the digest file of a snapshot with the file name `file_name`.
#[must_use]
pub fn digest_line(digest: &str, file_name: &str) -> String {
    format!("{digest}  {file_name}\n")
}

/// SHA-256 in lower-case hexadecimal digits.
#[must_use]
pub fn digest(bytes: &[u8]) -> String {
    hex::encode(Sha256::digest(bytes))
}

fn check_digest(bytes: &[u8], stated: &str, file: &str) -> Result<(), SnapshotError> {
    let stated = stated.split_whitespace().next().unwrap_or_default().to_owned();
    let computed = digest(bytes);
    if computed == stated {
        return Ok(());
    }
    Err(SnapshotError::Digest { file: file.to_owned(), computed, stated })
}

/// The CSV form of `entries`, header included.
pub(super) fn write(entries: &[Entry]) -> Vec<u8> {
    let mut out = (HEADER.join(",") + "\n").into_bytes();
    for entry in entries {
        let fired: Vec<String> = entry.fired.iter().map(Fired::to_string).collect();
        let fields = [
            quoted(&entry.name),
            quoted(&entry.section),
            entry.documentation_bytes.to_string(),
            flags_text(&entry.descriptor),
            hex::encode(entry.descriptor.record().as_bytes()),
            quoted(&fired.join(";")),
        ];
        out.extend_from_slice(fields.join(",").as_bytes());
        out.push(b'\n');
    }
    out
}

/// A field as RFC 4180 quotes it.
fn quoted(field: &str) -> String {
    if field.contains([',', '"', '\n', '\r']) {
        return format!("\"{}\"", field.replace('"', "\"\""));
    }
    field.to_owned()
}

fn flags_text(descriptor: &Descriptor) -> String {
    format!("{:#010x}", descriptor.flags().bits())
}

/// Reads the CSV form. `file` is the name that errors give.
pub fn read(bytes: &[u8], file: &str) -> Result<Corpus, SnapshotError> {
    let row_error =
        |line: u64, problem: String| SnapshotError::Row { file: file.to_owned(), line, problem };
    let mut reader = csv::ReaderBuilder::new().has_headers(false).flexible(true).from_reader(bytes);
    let mut entries: Vec<Entry> = Vec::new();
    for (index, row) in reader.records().enumerate() {
        let row = row.map_err(|error| {
            let line = error.position().map_or(index as u64 + 1, csv::Position::line);
            row_error(line, "it is no CSV in UTF-8".to_owned())
        })?;
        let line = row.position().map_or(index as u64 + 1, csv::Position::line);
        if index == 0 {
            if !row.iter().eq(HEADER) {
                return Err(row_error(line, format!("the header is not `{}`", HEADER.join(","))));
            }
            continue;
        }
        let entry = entry(&row).map_err(|problem| row_error(line, problem))?;
        if entries.last().is_some_and(|previous| previous.name >= entry.name) {
            return Err(row_error(line, format!("`{}` is not after the row before", entry.name)));
        }
        entries.push(entry);
    }
    if entries.is_empty() {
        return Err(SnapshotError::Empty { file: file.to_owned() });
    }
    Ok(Corpus { entries, digest: digest(bytes), source: file.to_owned() })
}

fn entry(row: &csv::StringRecord) -> Result<Entry, String> {
    if row.len() != HEADER.len() {
        return Err(format!("it has {} fields, not {}", row.len(), HEADER.len()));
    }
    let (name, section, documentation) = (&row[0], &row[1], &row[2]);
    let documentation_bytes =
        documentation.parse().map_err(|_| format!("`{documentation}` is no number of bytes"))?;
    let bytes = hex::decode(&row[4]).map_err(|_| "the descriptor is not hexadecimal".to_owned())?;
    let descriptor = Descriptor::parse(&bytes).map_err(|error| format!("descriptor: {error}"))?;
    if row[3] != flags_text(&descriptor) {
        let expected = flags_text(&descriptor);
        return Err(format!("flags are {}, but the descriptor has {expected}", &row[3]));
    }
    let named = Descriptor::build(name, descriptor.risk()).finish();
    if named.command_hash() != descriptor.command_hash()
        || named.command_len() != descriptor.command_len()
    {
        return Err(format!("the descriptor is not that of a command called `{name}`"));
    }
    Ok(Entry {
        name: name.to_owned(),
        section: section.to_owned(),
        documentation_bytes,
        descriptor,
        fired: fired(&row[5])?,
    })
}

fn fired(text: &str) -> Result<Vec<Fired>, String> {
    let items = text.split(';').filter(|item| !item.is_empty());
    let parsed = items.map(|item| {
        let (id, rest) = item.split_once('(')?;
        Some(Fired { id: id.to_owned(), evidence: rest.strip_suffix(')')?.to_owned() })
    });
    parsed.collect::<Option<_>>().ok_or_else(|| format!("`{text}` is no list of rules"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::verdict::Risk;

    fn sample() -> Vec<Entry> {
        let entry = |name: &str, risk| Entry {
            name: name.to_owned(),
            section: "1".to_owned(),
            documentation_bytes: 1234,
            descriptor: Descriptor::build(name, risk).finish(),
            fired: vec![Fired { id: "names".into(), evidence: "a, \"b\"".into() }],
        };
        vec![entry("a,\"b", Risk::Low), entry("cat", Risk::Safe), entry("é", Risk::High)]
    }

    fn problem(csv: &str) -> String {
        read(csv.as_bytes(), "x.csv").unwrap_err().to_string()
    }

    /// What is written is read back, commas, quotes and accents included.
    #[test]
    fn round_trip() {
        let corpus = read(&write(&sample()), "x.csv").unwrap();
        assert_eq!(corpus.entries(), sample());
        assert_eq!(corpus.digest(), digest(&write(&sample())));
    }

    /// Each way to spoil a snapshot is one line that names file, line and remedy.
    #[test]
    fn spoiled_rows_are_named() {
        let csv = String::from_utf8(write(&sample())).unwrap();
        let lines: Vec<&str> = csv.lines().collect();
        let cat = lines[2];
        let with = |row: &str| problem(&format!("{}\n{row}\n", lines[0]));
        assert!(problem("").contains("x.csv has no commands"));
        assert!(problem("name\n").contains("x.csv line 1: the header is not"));
        assert!(with("a,b").contains("x.csv line 2: it has 2 fields, not 6"));
        assert!(with(&cat.replace("1234", "-1")).contains("no number of bytes"));
        assert!(with(&cat.replace("0x00000001", "0x00000002")).contains("flags are 0x00000002"));
        assert!(with(&cat.replace("54435002", "54435003")).contains("not the magic"));
        assert!(with(&cat.replace("54435002", "zz")).contains("not hexadecimal"));
        assert!(with(&cat.replace("cat", "dog")).contains("not that of a command called `dog`"));
        assert!(with(&cat.replace("names(", "names")).contains("no list of rules"));
        assert!(with(&format!("{cat}\n{cat}")).contains("line 3: `cat` is not after"));
        assert!(with(cat.split_at(3).0).contains("build it again"));
    }

    /// A snapshot that does not match the digest beside it is refused; without one it is read.
    #[test]
    fn digest_file_is_checked() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("x.csv");
        fs::write(&path, write(&sample())).unwrap();
        let corpus = open(&path).unwrap();
        fs::write(digest_path(&path), digest_line(corpus.digest(), "x.csv")).unwrap();
        assert_eq!(open(&path).unwrap(), corpus);
        fs::write(digest_path(&path), "0000  x.csv\n").unwrap();
        assert!(open(&path).unwrap_err().to_string().contains("does not match"));
        assert!(open(&dir.path().join("none.csv")).unwrap_err().to_string().contains("none.csv"));
    }
}
