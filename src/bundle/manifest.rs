//! The list of a bundle's files with their digests, as `schemas/nanogate.bundle-1.schema.json`
//! states it.
//!
//! It holds the digest of itself too, and is read only if writing it again gives the same bytes:
//! so a bit that flips in the manifest is found like one in any other file.

use std::{
    fs, io,
    path::{Component, Path},
};

use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};
use thiserror::Error;

use super::{MANIFEST, file};
use crate::report::record::Tool;

/// Name and version of the format.
pub const SCHEMA: &str = "nanogate.bundle/1";

/// Most bytes of a manifest that is read: thousands of launches take less.
pub const BYTES_MAX: u64 = 1 << 20;

/// What a bundle consists of.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Manifest {
    /// [`SCHEMA`].
    pub schema: String,
    /// Seconds since 1970 when the bundle was written.
    pub made_unix_s: u64,
    /// The program that wrote it.
    pub tool: Tool,
    /// Every file but this one, by name.
    pub files: Vec<Listed>,
    /// SHA-256 of this file as it is where this is empty.
    pub manifest_sha256: String,
}

/// A file of a bundle.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Listed {
    /// Path from the bundle on, with `/` between folders.
    pub name: String,
    /// Length.
    pub bytes: u64,
    /// SHA-256 of what is in it.
    pub sha256: String,
}

/// Why a manifest is none.
#[derive(Debug, Error)]
pub enum ManifestError {
    /// It cannot be read.
    #[error("it is not in the right form: {0}")]
    Malformed(#[from] serde_json::Error),
    /// It is of a version that this program does not know, or something else.
    #[error("its format is `{0}`, and this nanogate knows {SCHEMA}")]
    OtherFormat(String),
    /// It is not what was written.
    #[error("it was changed after it was written: its own digest is another")]
    Changed,
    /// A file outside of the bundle.
    #[error("it lists `{0}`, which is no path within a bundle")]
    Astray(String),
    /// A file is listed twice, or not in its place.
    #[error("it lists `{0}` out of order")]
    Disordered(String),
}

impl Manifest {
    /// Lists every file of a folder, but for a manifest that is there. Empty folders have no place.
    pub fn of_folder(folder: &Path, tool: Tool, made_unix_s: u64) -> io::Result<Self> {
        let names = names(folder)?;
        let is_listed = |name: &String| name != MANIFEST && !name.ends_with('/');
        let files = names.into_iter().filter(is_listed).map(|name| {
            let (bytes, sha256) = file::digest(&folder.join(&name))?;
            Ok(Listed { name, bytes, sha256 })
        });
        let files = files.collect::<io::Result<Vec<_>>>()?;
        Ok(Self { schema: SCHEMA.into(), made_unix_s, tool, files, manifest_sha256: String::new() })
    }

    /// The bytes of the file, with the digest of itself.
    pub fn seal(mut self) -> Result<Vec<u8>, serde_json::Error> {
        self.manifest_sha256 = self.own_digest()?;
        self.to_bytes()
    }

    /// The manifest in the bytes of a file, if it is what was written.
    pub fn open(bytes: &[u8]) -> Result<Self, ManifestError> {
        let value: serde_json::Value = serde_json::from_slice(bytes)?;
        let schema = value.get("schema").and_then(serde_json::Value::as_str).unwrap_or_default();
        if schema != SCHEMA {
            return Err(ManifestError::OtherFormat(schema.into()));
        }
        let manifest: Self = serde_json::from_value(value)?;
        if let Some(astray) = manifest.files.iter().find(|file| !is_within(&file.name)) {
            return Err(ManifestError::Astray(astray.name.clone()));
        }
        if let Some(pair) = manifest.files.windows(2).find(|pair| pair[0].name >= pair[1].name) {
            return Err(ManifestError::Disordered(pair[1].name.clone()));
        }
        let is_whole = manifest.manifest_sha256 == manifest.own_digest()?;
        if is_whole && manifest.to_bytes()? == bytes {
            Ok(manifest)
        } else {
            Err(ManifestError::Changed)
        }
    }

    /// What is listed under a name.
    #[must_use]
    pub fn file(&self, name: &str) -> Option<&Listed> {
        self.files.iter().find(|file| file.name == name)
    }

    fn own_digest(&self) -> Result<String, serde_json::Error> {
        let open = Self { manifest_sha256: String::new(), ..self.clone() };
        Ok(digest(&open.to_bytes()?))
    }

    fn to_bytes(&self) -> Result<Vec<u8>, serde_json::Error> {
        let mut bytes = serde_json::to_vec_pretty(self)?;
        bytes.push(b'\n');
        Ok(bytes)
    }
}

/// SHA-256 in hexadecimal digits.
#[must_use]
pub fn digest(bytes: &[u8]) -> String {
    hex::encode(Sha256::digest(bytes))
}

/// Whether a name leads to a file below a folder, and nowhere else.
fn is_within(name: &str) -> bool {
    let is_normal = |component| matches!(component, Component::Normal(_));
    !name.is_empty() && Path::new(name).components().all(is_normal)
}

/// The names of all that is in a folder, sorted, with `/` between folders and after one that is
/// empty. Links are not followed: they are listed like files.
pub fn names(folder: &Path) -> io::Result<Vec<String>> {
    let mut found = Vec::new();
    walk(folder, "", &mut found)?;
    found.sort();
    Ok(found)
}

fn walk(folder: &Path, prefix: &str, found: &mut Vec<String>) -> io::Result<()> {
    let mut entries = fs::read_dir(folder)?.peekable();
    if entries.peek().is_none() && !prefix.is_empty() {
        found.push(prefix.into());
    }
    for entry in entries {
        let entry = entry?;
        let name = format!("{prefix}{}", entry.file_name().to_string_lossy());
        if entry.file_type()?.is_dir() {
            walk(&entry.path(), &format!("{name}/"), found)?;
        } else {
            found.push(name);
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn folder() -> tempfile::TempDir {
        let folder = tempfile::tempdir().unwrap();
        fs::create_dir(folder.path().join("readings")).unwrap();
        fs::write(folder.path().join("readings/launch-1.jsonl"), "{}\n").unwrap();
        fs::write(folder.path().join("log.txt"), "began\n").unwrap();
        folder
    }

    fn sealed(folder: &Path) -> Vec<u8> {
        Manifest::of_folder(folder, Tool::current(), 7).unwrap().seal().unwrap()
    }

    /// All files are listed by name, in folders too; a manifest that is there is not.
    #[test]
    fn files_are_listed() {
        let folder = folder();
        fs::write(folder.path().join(MANIFEST), "old").unwrap();
        let manifest = Manifest::open(&sealed(folder.path())).unwrap();
        let names: Vec<&str> = manifest.files.iter().map(|file| file.name.as_str()).collect();
        assert_eq!(names, ["log.txt", "readings/launch-1.jsonl"]);
        let log = manifest.file("log.txt").unwrap();
        assert_eq!((log.bytes, log.sha256.as_str()), (6, digest(b"began\n").as_str()));
        assert!(manifest.file("other").is_none());
    }

    /// Whatever bit of a manifest flips, it is no longer one.
    #[test]
    fn flipped_bits_are_found() {
        let bytes = sealed(folder().path());
        for index in 0..8 * bytes.len() {
            let mut flipped = bytes.clone();
            flipped[index / 8] ^= 1 << (index % 8);
            assert!(Manifest::open(&flipped).is_err(), "bit {index}");
        }
    }

    /// A file has one place in the list.
    #[test]
    fn names_are_in_order() {
        for spoil in [
            |files: &mut Vec<Listed>| files.reverse(),
            |files: &mut Vec<Listed>| {
                files.push(files[1].clone());
            },
        ] {
            let mut manifest = Manifest::open(&sealed(folder().path())).unwrap();
            spoil(&mut manifest.files);
            let refused = Manifest::open(&manifest.seal().unwrap());
            assert!(matches!(refused, Err(ManifestError::Disordered(_))), "{refused:?}");
        }
    }

    /// A folder that holds nothing is there all the same.
    #[test]
    fn empty_folders_are_named() {
        let folder = folder();
        fs::create_dir_all(folder.path().join("more/still")).unwrap();
        let found = names(folder.path()).unwrap();
        assert_eq!(found, ["log.txt", "more/still/", "readings/launch-1.jsonl"]);
    }

    /// A name that leads out of the bundle is refused, whoever sealed it.
    #[test]
    fn names_stay_within() {
        for name in ["../secret", "/etc/passwd", "a/../../b", ""] {
            let mut manifest = Manifest::open(&sealed(folder().path())).unwrap();
            manifest.files[0].name = name.into();
            let refused = Manifest::open(&manifest.seal().unwrap());
            assert!(matches!(refused, Err(ManifestError::Astray(_))), "{name}: {refused:?}");
        }
    }
}
