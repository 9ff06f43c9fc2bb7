//! Whether a bundle is still what was written, and whether its figures follow from its readings.
//!
//! Files first: each is held against its digest in the manifest, and what is missing, additional or
//! changed is named. Then figures: only where the record and the readings are what was written,
//! every figure is made again and held against the recorded one. What nothing bears out is listed
//! as stated, so that nobody takes it for more.

mod files;
mod finding;
mod stated;

use std::{collections::BTreeMap, fmt::Display, path::Path};

use serde::Serialize;
use serde_json::Value;

use super::{
    ENVIRONMENT, MANIFEST, PAGE, PROFILE, RECORD, REPORT,
    environment::Environment,
    figures::{self, MERGED_TOLERANCE},
    manifest::{self, Manifest},
    readings, readings_name, readings_number,
    rebuild::{self, Evidence, Part},
    reports,
};
use crate::report::{
    baseline,
    record::{RunRecord, Status, Tool},
};
pub use finding::Finding;

/// Name and version of the format.
pub const SCHEMA: &str = "nanogate.verification/1";

/// What came of it.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Verification {
    /// [`SCHEMA`].
    pub schema: &'static str,
    /// The bundle's folder.
    pub bundle: String,
    /// Whether there is a record, and nothing was found against it.
    pub verified: bool,
    /// How far the run got. Null where there is no record that can be read.
    pub status: Option<Status>,
    /// Files that the manifest lists.
    pub files: usize,
    /// Entries of the record.
    pub entries: usize,
    /// Figures that were made again.
    pub statistics: usize,
    /// How far figures that join launches may differ, as a fraction.
    pub merged_tolerance: f64,
    /// What was not made again, in words.
    pub stated: Vec<String>,
    /// How many values of the record that are.
    pub stated_values: usize,
    /// What was found against it.
    pub findings: Vec<Finding>,
}

/// A bundle that was looked at.
#[derive(Clone, Debug)]
pub struct Checked {
    /// What came of it.
    pub verification: Verification,
    /// The record, if it can be read.
    pub record: Option<RunRecord>,
}

/// Looks at a bundle.
#[must_use]
pub fn verify(folder: &Path) -> Checked {
    let mut look = Look::default();
    let manifest = look.folder(folder);
    let mut stated = stated::ALWAYS.map(String::from).to_vec();
    let mut values = 0;
    let record = look.record();
    if let (Some(manifest), Some(record)) = (&manifest, &record) {
        values = look.values(record);
        look.parts_of_bundle(manifest, record);
        look.provenance(manifest, record);
        if record.tool == Tool::current() {
            look.reports(manifest, record);
        } else {
            stated.push(stated::REPORTS.into());
        }
        look.figures(manifest, record);
    }
    let verification = Verification {
        schema: SCHEMA,
        bundle: folder.display().to_string(),
        verified: look.findings.is_empty() && record.is_some(),
        status: record.as_ref().map(|record| record.status),
        files: manifest.as_ref().map_or(0, |manifest| manifest.files.len()),
        entries: record.as_ref().map_or(0, |record| record.entries.len()),
        statistics: look.statistics,
        merged_tolerance: MERGED_TOLERANCE,
        stated,
        stated_values: values.saturating_sub(look.statistics),
        findings: look.findings,
    };
    Checked { verification, record }
}

/// What is known so far.
#[derive(Default)]
struct Look {
    findings: Vec<Finding>,
    statistics: usize,
    /// Files that are what was written, of those that are read.
    intact: BTreeMap<String, Vec<u8>>,
}

impl Look {
    /// The record, if it is what was written.
    fn record(&mut self) -> Option<RunRecord> {
        let bytes = self.intact.get(RECORD)?;
        let read = std::str::from_utf8(bytes).map_err(|error| error.to_string());
        let read =
            read.and_then(|text| baseline::open_record(text).map_err(|error| error.to_string()));
        match read {
            Ok(record) => Some(record),
            Err(reason) => {
                self.unreadable(RECORD, &reason);
                None
            }
        }
    }

    fn unreadable(&mut self, file: &str, reason: &dyn Display) {
        self.findings.push(Finding::Unreadable { file: file.into(), reason: reason.to_string() });
    }

    fn differs(&mut self, part: &str, statistic: &str, recorded: Value, recomputed: Value) {
        let (part, statistic) = (part.into(), statistic.into());
        self.findings.push(Finding::Differs { part, statistic, recorded, recomputed });
    }

    /// How many values the record has. A value that no record has is a finding: nobody can hold it
    /// against anything.
    fn values(&mut self, record: &RunRecord) -> usize {
        let bytes = self.intact.get(RECORD).map(Vec::as_slice).unwrap_or_default();
        let read: Value = serde_json::from_slice(bytes).unwrap_or_default();
        let known = serde_json::to_value(record).unwrap_or_default();
        let (read, known) = (figures::leaves(&read), figures::leaves(&known));
        for other in figures::differences(&read, &known, |_| false) {
            self.differs(RECORD, &other.statistic, other.recorded, other.recomputed);
        }
        read.len()
    }

    /// Whether all that ought to be in a bundle of this record is listed, and nothing else.
    fn parts_of_bundle(&mut self, manifest: &Manifest, record: &RunRecord) {
        let mut expected = files::REQUIRED.map(String::from).to_vec();
        expected.extend(record.launches.iter().map(|launch| readings_name(launch.number)));
        expected.extend(record.profile.iter().map(|_| PROFILE.into()));
        let missing = expected.iter().filter(|name| manifest.file(name).is_none());
        self.findings.extend(missing.map(|file| Finding::Missing { file: file.clone() }));
        let listed = manifest.files.iter().map(|listed| &listed.name);
        let is_known = |name: &&String| expected.contains(name) || *name == PAGE;
        let additional = listed.filter(|name| !is_known(name));
        self.findings.extend(additional.map(|file| Finding::Additional { file: file.clone() }));
    }

    /// Whether one program wrote and measured all of it, and the profile in it is the one that was
    /// obeyed.
    fn provenance(&mut self, manifest: &Manifest, record: &RunRecord) {
        if manifest.tool != record.tool {
            self.differs(MANIFEST, "tool", value_of(&record.tool), value_of(&manifest.tool));
        }
        if let Some(bytes) = self.intact.get(ENVIRONMENT) {
            match Environment::parse(bytes) {
                Ok(found) if found.tool == record.tool => {}
                Ok(found) => {
                    self.differs(
                        ENVIRONMENT,
                        "tool",
                        value_of(&record.tool),
                        value_of(&found.tool),
                    );
                }
                Err(reason) => self.unreadable(ENVIRONMENT, &reason),
            }
        }
        self.doctor(&value_of(&record.tool));
        let Some(profile) = &record.profile else { return };
        if let Some(listed) = manifest.file(PROFILE).filter(|one| one.sha256 != profile.digest) {
            let (one, other) = (profile.digest.clone(), listed.sha256.clone());
            self.differs(PROFILE, "SHA-256", one.into(), other.into());
        }
        if let Some(found) = self.intact.get(PROFILE).map(|bytes| files::profile_id(bytes))
            && found.as_ref() != Some(&profile.id)
        {
            self.differs(PROFILE, "id", profile.id.clone().into(), found.into());
        }
    }

    /// Whether the tables and the page are those of the record. Another program may make others.
    fn reports(&mut self, manifest: &Manifest, record: &RunRecord) {
        let page = reports::page(record).and_then(Result::ok);
        for (name, made) in [(REPORT, Some(reports::tables(record))), (PAGE, page)] {
            let listed = manifest.file(name).map(|listed| listed.sha256.clone());
            let made = made.map(|text| manifest::digest(text.as_bytes()));
            if listed != made {
                self.differs(name, "SHA-256", listed.into(), made.into());
            }
        }
    }

    fn figures(&mut self, manifest: &Manifest, record: &RunRecord) {
        let evidence = match self.evidence(manifest) {
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
        let unclaimed = evidence.unclaimed(record).into_iter();
        self.findings.extend(unclaimed.map(|what| Finding::Unclaimed { what }));
    }

    /// The readings of every launch, or why there are none. The files say which launches there
    /// were.
    fn evidence(&self, manifest: &Manifest) -> Result<Evidence, String> {
        let mut evidence = Evidence::default();
        for listed in &manifest.files {
            let file = &listed.name;
            let Some(number) = readings_number(file) else { continue };
            let bytes = self.intact.get(file);
            let bytes = bytes.ok_or_else(|| format!("{file} is missing or was changed"))?;
            let text = std::str::from_utf8(bytes).map_err(|error| format!("{file}: {error}"))?;
            let lines = readings::parse(text, number);
            let lines = lines.map_err(|error| format!("{file}: {error}"))?;
            evidence.insert(number, lines);
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
            self.differs(&name, &found.statistic, found.recorded, found.recomputed);
        }
    }
}

fn value_of(tool: &Tool) -> Value {
    serde_json::to_value(tool).unwrap_or_default()
}
