//! Lab records: one folder that holds a run whole, and shows whether it is still what was written.
//!
//! [`staging`] makes a bundle beside its place and puts it there at once; [`manifest`] lists its
//! files with their digests. [`readings`] are what was measured, a line for each measurement, and
//! [`rebuild`] makes the figures of a record of them again. [`verify`] does both and says all that
//! differs, and [`matrix`] sets bundles of many machines side by side.

pub mod environment;
pub mod figures;
pub mod file;
pub mod log;
pub mod manifest;
pub mod matrix;
pub mod readings;
pub mod rebuild;
pub mod reports;
pub mod staging;
#[cfg(test)]
mod testing;
pub mod verify;

/// The record of the run.
pub const RECORD: &str = "record.json";
/// What `nanogate doctor` found before anything was measured.
pub const DOCTOR: &str = "doctor.json";
/// The profile, as it was used.
pub const PROFILE: &str = "profile.toml";
/// What of the environment bears on figures.
pub const ENVIRONMENT: &str = "environment.json";
/// What the run said.
pub const LOG: &str = "log.txt";
/// The tables of the record.
pub const REPORT: &str = "report.txt";
/// The same with charts, where this program can draw them.
pub const PAGE: &str = "report.html";
/// The list of all other files.
pub const MANIFEST: &str = "manifest.json";
/// The folder of what was measured.
pub const READINGS: &str = "readings";

/// The file of what launch `number` measured.
#[must_use]
pub fn readings_name(number: u32) -> String {
    format!("{READINGS}/launch-{number}.jsonl")
}

/// The launch whose readings a file of this name holds.
#[must_use]
pub fn readings_number(name: &str) -> Option<u32> {
    let number = name.strip_prefix("readings/launch-")?.strip_suffix(".jsonl")?.parse().ok()?;
    (readings_name(number) == name).then_some(number)
}
