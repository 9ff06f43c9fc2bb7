//! Whether a bundle is still what was written, and whether its figures follow from its readings.
//!
//! Files first: each is held against its digest in the manifest, and what is missing, additional or
//! changed is named. Then figures: only where the record and the readings are what was written,
//! every figure is made again and held against the recorded one.

use std::{collections::BTreeMap, fmt, fs, io, path::Path};

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::{
    MANIFEST, PROFILE, READINGS, RECORD,
    figures::{self, MERGED_TOLERANCE},
    manifest::{self, Listed, Manifest},
    readings, readings_name,
    rebuild::{self, Evidence, Part},
};
use crate::report::{baseline, record::RunRecord};

/// Name and version of the format.
pub const SCHEMA: &str = "nanogate.verification/1";

/// What follows from no reading, and is taken as it is stated.
pub const STATED: [&str; 7] = [
    "that outputs were compared with the golden model",
    "the machine, the program, the corpus, devices and designs, as they were found",
    "what the timer and the counters were qualified by, and whether device clocks agree",
    "footprints, cores, layouts, and why measuring ended",
    "what the system did meanwhile, and what a measurement took of it",
    "clients that asked nothing, where a rate comes from, and what simulating costs",
    "warnings",
];

/// What came of it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Verification {
    /// [`SCHEMA`].
    pub schema: String,
    /// The bundle's folder.
    pub bundle: String,
    /// Whether nothing was found against it.
    pub verified: bool,
    /// Files that the manifest lists.
    pub files: usize,
    /// Entries of the record.
    pub entries: usize,
    /// Figures that were made again.
    pub statistics: usize,
    /// How far figures that join launches may differ, as a fraction.
    pub merged_tolerance: f64,
    /// What was not made again: [`STATED`].
    pub stated: Vec<String>,
    /// What was found against it.
    pub findings: Vec<Finding>,
}

/// What is wrong with a bundle.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "kebab-case")]
pub enum Finding {
    /// There is no list of files, or not the one that was written.
    Manifest {
        /// Why.
        reason: String,
    },
    /// A file that is listed is not there.
    Missing {
        /// Its name.
        file: String,
    },
    /// A file that is not listed is there.
    Additional {
        /// Its name.
        file: String,
    },
    /// A file is not what was written.
    Changed {
        /// Its name.
        file: String,
        /// What it is, and what it was.
        how: String,
    },
    /// A file cannot be read, or not as what it ought to be.
    Unreadable {
        /// Its name.
        file: String,
        /// Why.
        reason: String,
    },
    /// No figure was made again.
    NotRecomputed {
        /// Why.
        reason: String,
    },
    /// Figures for which there are no readings.
    Unfounded {
        /// The part of the record.
        part: String,
        /// Why.
        reason: String,
    },
    /// A figure that does not follow from the readings.
    Differs {
        /// The part of the record.
        part: String,
        /// The figure.
        statistic: String,
        /// As it is in the record.
        recorded: Value,
        /// As it follows.
        recomputed: Value,
    },
    /// Readings that the record says nothing of.
    Unclaimed {
        /// What was measured.
        what: String,
    },
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Manifest { reason } => write!(f, "{MANIFEST}: {reason}"),
            Self::Missing { file } => write!(f, "{file} is missing"),
            Self::Additional { file } => write!(f, "{file} is additional: nothing lists it"),
            Self::Changed { file, how } => write!(f, "{file} was changed: {how}"),
            Self::Unreadable { file, reason } => write!(f, "{file} cannot be read: {reason}"),
            Self::NotRecomputed { reason } => write!(f, "no figure was recomputed: {reason}"),
            Self::Unfounded { part, reason } => write!(f, "{part}: {reason}"),
            Self::Differs { part, statistic, recorded, recomputed } => write!(
                f,
                "{part}: {statistic} is recorded as {recorded}, and follows as {recomputed}"
            ),
            Self::Unclaimed { what } => write!(f, "the record lacks what was measured: {what}"),
        }
    }
}

/// A bundle that was looked at.
#[derive(Clone, Debug)]
pub struct Checked {
    /// What came of it.
    pub verification: Verification,
    /// The list of files, if it is what was written.
    pub manifest: Option<Manifest>,
    /// The record, if it can be read.
    pub record: Option<RunRecord>,
}

/// Looks at a bundle. Only a folder that cannot be listed is an error.
pub fn verify(folder: &Path) -> io::Result<Checked> {
    let names = manifest::names(folder)?;
    let mut look = Look::default();
    let manifest = look.manifest(folder);
    if let Some(manifest) = &manifest {
        look.files(folder, manifest, &names);
    }
    let record = look.record();
    if let (Some(manifest), Some(record)) = (&manifest, &record) {
        look.provenance(manifest, record);
        look.figures(record);
    }
    let verification = Verification {
        schema: SCHEMA.into(),
        bundle: folder.display().to_string(),
        verified: look.findings.is_empty(),
        files: manifest.as_ref().map_or(0, |manifest| manifest.files.len()),
        entries: record.as_ref().map_or(0, |record| record.entries.len()),
        statistics: look.statistics,
        merged_tolerance: MERGED_TOLERANCE,
        stated: STATED.map(String::from).to_vec(),
        findings: look.findings,
    };
    Ok(Checked { verification, manifest, record })
}

/// What is known so far.
#[derive(Default)]
struct Look {
    findings: Vec<Finding>,
    statistics: usize,
    /// Files that are what was written, of those that figures are made of.
    intact: BTreeMap<String, Vec<u8>>,
}

impl Look {
    fn manifest(&mut self, folder: &Path) -> Option<Manifest> {
        let path = folder.join(MANIFEST);
        let reason = match fs::read(&path) {
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

    fn files(&mut self, folder: &Path, manifest: &Manifest, names: &[String]) {
        for listed in &manifest.files {
            self.file(folder, listed);
        }
        let is_known = |name: &str| name == MANIFEST || manifest.file(name).is_some();
        let additional = names.iter().filter(|name| !is_known(name));
        self.findings.extend(additional.map(|file| Finding::Additional { file: file.clone() }));
    }

    fn file(&mut self, folder: &Path, listed: &Listed) {
        let (path, file) = (folder.join(&listed.name), listed.name.clone());
        let found = match fs::symlink_metadata(&path) {
            Ok(found) if found.is_file() => fs::read(&path),
            Ok(_) => Err(io::Error::other("it is no plain file")),
            Err(error) => Err(error),
        };
        let bytes = match found {
            Ok(bytes) => bytes,
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                self.findings.push(Finding::Missing { file });
                return;
            }
            Err(error) => {
                self.findings.push(Finding::Unreadable { file, reason: error.to_string() });
                return;
            }
        };
        let (found, stated) = (manifest::digest(&bytes), &listed.sha256);
        if found != *stated || bytes.len() as u64 != listed.bytes {
            let how = format!(
                "{} bytes with SHA-256 {found:.12}, and {} with {stated:.12} were written",
                bytes.len(),
                listed.bytes
            );
            self.findings.push(Finding::Changed { file, how });
        } else if file == RECORD || file.starts_with(READINGS) {
            self.intact.insert(file, bytes);
        }
    }

    /// The record, if it is what was written.
    fn record(&mut self) -> Option<RunRecord> {
        let bytes = self.intact.get(RECORD)?;
        let read = std::str::from_utf8(bytes).map_err(|error| error.to_string());
        let read =
            read.and_then(|text| baseline::open_record(text).map_err(|error| error.to_string()));
        match read {
            Ok(record) => Some(record),
            Err(reason) => {
                self.findings.push(Finding::Unreadable { file: RECORD.into(), reason });
                None
            }
        }
    }

    /// Whether the program that wrote the bundle is the one that measured, and the profile in it
    /// the one that was obeyed.
    fn provenance(&mut self, manifest: &Manifest, record: &RunRecord) {
        if manifest.tool != record.tool {
            let value = |tool| serde_json::to_value(tool).unwrap_or_default();
            self.findings.push(Finding::Differs {
                part: MANIFEST.into(),
                statistic: "tool".into(),
                recorded: value(&record.tool),
                recomputed: value(&manifest.tool),
            });
        }
        let Some(profile) = &record.profile else { return };
        match manifest.file(PROFILE) {
            None => self.findings.push(Finding::Missing { file: PROFILE.into() }),
            Some(listed) if listed.sha256 != profile.digest => {
                self.findings.push(Finding::Differs {
                    part: PROFILE.into(),
                    statistic: "SHA-256".into(),
                    recorded: profile.digest.clone().into(),
                    recomputed: listed.sha256.clone().into(),
                });
            }
            Some(_) => {}
        }
    }

    fn figures(&mut self, record: &RunRecord) {
        let evidence = match self.evidence(record) {
            Ok(evidence) => evidence,
            Err(reason) => {
                self.findings.push(Finding::NotRecomputed { reason });
                return;
            }
        };
        match rebuild::parts(record, &evidence) {
            Ok(parts) => parts.into_iter().for_each(|part| self.part(part)),
            Err(error) => {
                self.findings.push(Finding::NotRecomputed { reason: error.to_string() });
            }
        }
        let unclaimed = rebuild::unclaimed(record, &evidence).into_iter();
        self.findings.extend(unclaimed.map(|what| Finding::Unclaimed { what }));
    }

    /// The readings of every launch, or why there are none.
    fn evidence(&self, record: &RunRecord) -> Result<Evidence, String> {
        let mut evidence = Evidence::new();
        for launch in &record.launches {
            let file = readings_name(launch.number);
            let bytes = self.intact.get(&file);
            let bytes = bytes.ok_or_else(|| format!("{file} is missing or was changed"))?;
            let text = std::str::from_utf8(bytes).map_err(|error| format!("{file}: {error}"))?;
            let lines = readings::parse(text, launch.number);
            let lines = lines.map_err(|error| format!("{file}: {error}"))?;
            evidence.insert(launch.number, lines);
        }
        Ok(evidence)
    }

    fn part(&mut self, part: Part) {
        let Part { name, recorded, rebuilt, stated, is_merged } = part;
        let rebuilt = match rebuilt {
            Ok(rebuilt) => figures::leaves(&rebuilt),
            Err(error) => {
                self.findings.push(Finding::Unfounded { part: name, reason: error.to_string() });
                return;
            }
        };
        let stated = figures::leaves(&stated);
        let is_made = |(path, value): &(&String, &Value)| stated.get(*path) != Some(*value);
        self.statistics += rebuilt.iter().filter(is_made).count();
        // Each launch by itself is compared to the last bit.
        let is_joined = |path: &str| is_merged && !path.starts_with("launches[");
        for found in figures::differences(&figures::leaves(&recorded), &rebuilt, is_joined) {
            self.findings.push(Finding::Differs {
                part: name.clone(),
                statistic: found.statistic,
                recorded: found.recorded,
                recomputed: found.recomputed,
            });
        }
    }
}
