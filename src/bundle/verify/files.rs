//! The files of a bundle against its manifest.

use std::{io, path::Path};

use serde_json::Value;

use super::{Finding, Look};
use crate::bundle::{
    DOCTOR, ENVIRONMENT, LOG, MANIFEST, PROFILE, RECORD, REPORT, file,
    manifest::{self, Listed, Manifest},
    readings_number,
};

/// What every bundle has, beside the readings of its launches.
pub(super) const REQUIRED: [&str; 5] = [DOCTOR, ENVIRONMENT, LOG, RECORD, REPORT];

/// What `doctor.json` says it is, whatever the version.
const DOCTOR_FORMAT: &str = "nanogate.doctor/";

impl Look {
    /// Holds all files against the manifest, if there is one.
    pub(super) fn folder(&mut self, folder: &Path) -> Option<Manifest> {
        let names = match manifest::names(folder) {
            Ok(names) => names,
            Err(error) => {
                self.unreadable(".", &error);
                return None;
            }
        };
        let manifest = self.manifest(folder)?;
        for listed in &manifest.files {
            self.file(folder, listed);
        }
        let is_known = |name: &str| name == MANIFEST || manifest.file(name).is_some();
        let additional = names.iter().filter(|name| !is_known(name));
        self.findings.extend(additional.map(|file| Finding::Additional { file: file.clone() }));
        Some(manifest)
    }

    fn manifest(&mut self, folder: &Path) -> Option<Manifest> {
        let reason = match file::read(&folder.join(MANIFEST), manifest::BYTES_MAX) {
            Ok(bytes) => match Manifest::open(&bytes) {
                Ok(manifest) => return Some(manifest),
                Err(error) => error.to_string(),
            },
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                "is missing: this is no bundle, or one that lost it".into()
            }
            Err(error) => error.to_string(),
        };
        self.findings.push(Finding::Manifest { reason });
        None
    }

    fn file(&mut self, folder: &Path, listed: &Listed) {
        let (path, name) = (folder.join(&listed.name), listed.name.clone());
        let is_read = [RECORD, DOCTOR, ENVIRONMENT, PROFILE].contains(&name.as_str())
            || readings_number(&name).is_some();
        match intact(&path, listed, is_read) {
            Ok(Ok(bytes)) => drop(bytes.map(|bytes| self.intact.insert(name, bytes))),
            Ok(Err(how)) => self.findings.push(Finding::Changed { file: name, how }),
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                self.findings.push(Finding::Missing { file: name });
            }
            Err(error) => self.unreadable(&name, &error),
        }
    }

    /// Whether the program that measured found what doctor found. That is taken as it is stated.
    pub(super) fn doctor(&mut self, tool: &Value) {
        let Some(bytes) = self.intact.get(DOCTOR) else { return };
        let found = match serde_json::from_slice::<Value>(bytes) {
            Ok(found) => found,
            Err(error) => return self.unreadable(DOCTOR, &error),
        };
        let format = found["schema"].as_str().unwrap_or_default();
        if !format.starts_with(DOCTOR_FORMAT) {
            self.unreadable(DOCTOR, &"it is nothing that `nanogate doctor` finds");
        } else if found["tool"] != *tool {
            self.differs(DOCTOR, "tool", tool.clone(), found["tool"].clone());
        }
    }
}

/// A file that is what was written, whole where it is to be read; or else how it was changed.
fn intact(
    path: &Path,
    listed: &Listed,
    is_read: bool,
) -> io::Result<Result<Option<Vec<u8>>, String>> {
    let (_, bytes) = file::open(path)?;
    if bytes != listed.bytes {
        return Ok(Err(format!("{bytes} bytes, and {} were written", listed.bytes)));
    }
    let (digest, kept) = if is_read {
        let read = file::read(path, listed.bytes)?;
        (manifest::digest(&read), Some(read))
    } else {
        (file::digest(path)?.1, None)
    };
    if digest == listed.sha256 {
        return Ok(Ok(kept));
    }
    Ok(Err(format!("its SHA-256 is {digest:.12}, and {:.12} was written", listed.sha256)))
}

/// The id that the text of a profile states.
pub(super) fn profile_id(bytes: &[u8]) -> Option<String> {
    let text = std::str::from_utf8(bytes).ok()?;
    let table: toml::Table = text.parse().ok()?;
    Some(table.get("identity")?.get("id")?.as_str()?.to_owned())
}
