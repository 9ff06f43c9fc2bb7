//! Inputs: descriptors of real tools, golden vectors, and larger sets drawn from them.
//!
//! [`scan`] finds the commands of a machine and their documentation, [`rules`] derives what they
//! can do, [`snapshot`] keeps the outcome as CSV. Nothing that is found is ever executed.

pub mod generate;
pub mod help;
pub mod page;
pub mod records;
pub mod roff;
pub mod root;
pub mod rules;
pub mod scan;
pub mod snapshot;
pub mod summary;
pub mod vectors;

use std::{
    fs::File,
    io::{self, Read as _},
    path::Path,
};

use crate::{
    descriptor::{Descriptor, Record},
    verdict::Risk,
};

use rules::Fired;
use snapshot::SnapshotError;

/// Longest corpus or rules file that is read: more than a million commands.
const FILE_BYTES_MAX: u64 = 256 << 20;

/// The bytes of a file. A device without end is refused, not read until memory is gone.
pub fn read_file(path: &Path) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    let mut file = File::open(path)?.take(FILE_BYTES_MAX + 1);
    if file.read_to_end(&mut bytes)? as u64 > FILE_BYTES_MAX {
        let message = format!("it is longer than {} MiB", FILE_BYTES_MAX >> 20);
        return Err(io::Error::new(io::ErrorKind::FileTooLarge, message));
    }
    Ok(bytes)
}

/// One command of a corpus.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// The name that a user types, or that a page of a family has, such as `git-commit`.
    pub name: String,
    /// Section of its manual page, such as `1` or `8`; `-` when there is no page.
    pub section: String,
    /// Bytes of its documentation; 0 when there is none. See [`page::documentation_bytes`].
    pub documentation_bytes: u64,
    /// What the rules made of it.
    pub descriptor: Descriptor,
    /// The rules that fired, in the order of the rules file.
    pub fired: Vec<Fired>,
}

/// Descriptors of real commands, sorted by name, each name once.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Corpus {
    entries: Vec<Entry>,
    digest: String,
    source: String,
}

impl Corpus {
    /// The snapshot of Debian 12 that comes with the program.
    pub fn embedded() -> Result<Self, SnapshotError> {
        snapshot::embedded()
    }

    /// Reads a CSV file, and its `.sha256` beside it if there is one.
    pub fn open(path: &Path) -> Result<Self, SnapshotError> {
        snapshot::open(path)
    }

    /// A corpus of `entries` in any order. Of entries with the same name the first stays.
    #[must_use]
    pub fn from_entries(mut entries: Vec<Entry>, source: &str) -> Self {
        entries.sort_by(|left, right| left.name.cmp(&right.name));
        entries.dedup_by(|later, first| later.name == first.name);
        let digest = snapshot::digest(&snapshot::write(&entries));
        Self { entries, digest, source: source.to_owned() }
    }

    /// Every command, sorted by name.
    #[must_use]
    pub fn entries(&self) -> &[Entry] {
        &self.entries
    }

    /// SHA-256 of the CSV form, 64 hexadecimal digits. Names the corpus in run records.
    #[must_use]
    pub fn digest(&self) -> &str {
        &self.digest
    }

    /// Where it came from: `debian-12 (embedded)` or a path.
    #[must_use]
    pub fn source(&self) -> &str {
        &self.source
    }

    /// The descriptors as records, in the order of the entries.
    #[must_use]
    pub fn records(&self) -> Vec<Record> {
        self.entries.iter().map(|entry| entry.descriptor.record()).collect()
    }

    /// The CSV form, header included.
    #[must_use]
    pub fn to_csv(&self) -> Vec<u8> {
        snapshot::write(&self.entries)
    }

    /// The command called `name`.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&Entry> {
        let found = self.entries.binary_search_by(|entry| entry.name.as_str().cmp(name));
        found.ok().map(|index| &self.entries[index])
    }

    /// Up to `count` names that look like `name`, nearest first; ties in order of the alphabet.
    #[must_use]
    pub fn nearest(&self, name: &str, count: usize) -> Vec<&str> {
        let limit = name.chars().count().div_ceil(2).max(2);
        let distances = self.entries.iter().map(|entry| (distance(&entry.name, name), entry));
        let mut near: Vec<_> = distances.filter(|&(distance, _)| distance <= limit).collect();
        near.sort_by_key(|&(distance, _)| distance);
        near.into_iter().take(count).map(|(_, entry)| entry.name.as_str()).collect()
    }

    /// How many commands have `risk`.
    #[must_use]
    pub fn count_of(&self, risk: Risk) -> usize {
        self.entries.iter().filter(|entry| entry.descriptor.risk() == risk).count()
    }
}

/// Edits (insert, delete, replace) that make one name of the other (Levenshtein 1966).
fn distance(left: &str, right: &str) -> usize {
    let right: Vec<char> = right.chars().collect();
    let mut row: Vec<usize> = (0..=right.len()).collect();
    for (index, from) in left.chars().enumerate() {
        let mut diagonal = row[0];
        row[0] = index + 1;
        for (column, &to) in right.iter().enumerate() {
            let replaced = diagonal + usize::from(from != to);
            diagonal = row[column + 1];
            row[column + 1] = replaced.min(diagonal + 1).min(row[column] + 1);
        }
    }
    row[right.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Distances by hand: the same, one swap, all different, one empty.
    #[test]
    fn distances() {
        assert_eq!(distance("chmod", "chmod"), 0);
        assert_eq!(distance("chmod", "chmdo"), 2);
        assert_eq!(distance("kitten", "sitting"), 3);
        assert_eq!(distance("", "abc"), 3);
    }
}
