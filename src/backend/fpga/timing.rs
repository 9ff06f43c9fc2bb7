//! What place and route says of the design: the committed reports in `fpga/timing`, which
//! `scripts/fpga-timing` makes.
//!
//! A report speaks for the source that it was made of, and is left out where that is another one.

use serde::Deserialize;

use crate::backend::simulated::TimingFacts;

/// SHA-256 of the source that this program simulates: over the files named in
/// `fpga/rtl/capdesc.f`, each as its name, a newline, and its content.
pub const RTL_SHA256: &str = env!("NANOGATE_RTL_SHA256");

/// Each report: its file name, and its text.
pub const REPORTS: &[(&str, &str)] = include!(concat!(env!("OUT_DIR"), "/timing_reports.rs"));

/// The schema that is understood.
const SCHEMA: &str = "nanogate.timing/1";

/// A report as it is stored.
#[derive(Clone, Debug, Deserialize)]
pub struct Report {
    /// Name and version of its layout.
    pub schema: String,
    /// Names the part and the lanes.
    pub report: String,
    /// Descriptors a beat.
    pub lanes: usize,
    /// The part.
    pub part: String,
    /// Its package.
    pub package: String,
    /// Its speed grade.
    pub grade: String,
    /// Tools and versions.
    pub tools: std::collections::BTreeMap<String, String>,
    /// What it was made of.
    pub rtl_sha256: String,
    /// Whether the design fits the part.
    #[serde(default = "yes")]
    pub fits: bool,
    /// Clocks over all seeds. Absent where it does not fit.
    pub fmax_mhz: Option<Spread>,
    /// One for each run of the placer.
    #[serde(default)]
    pub seeds: Vec<serde_json::Value>,
    /// What it takes. Absent where it does not fit.
    pub area: Option<Areas>,
}

const fn yes() -> bool {
    true
}

/// Frequencies in megahertz.
#[derive(Clone, Copy, Debug, Deserialize)]
pub struct Spread {
    /// The least.
    pub min: f64,
    /// The one in the middle.
    pub median: f64,
    /// The greatest.
    pub max: f64,
}

/// What the design takes, without and with the wrapper in which it was placed.
#[derive(Clone, Copy, Debug, Deserialize)]
pub struct Areas {
    /// The design alone.
    pub design: Area,
}

/// Cells of a part.
#[derive(Clone, Copy, Debug, Deserialize)]
pub struct Area {
    /// Lookup tables, carry chains apart.
    pub luts: u64,
    /// Flip-flops.
    pub flip_flops: u64,
}

impl Report {
    /// Reads a report. `None` if it is none, or of another version.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        serde_json::from_str(text).ok().filter(|report: &Self| report.schema == SCHEMA)
    }

    /// Whether it was made of the source that this program simulates.
    #[must_use]
    pub fn is_current(&self) -> bool {
        self.rtl_sha256 == RTL_SHA256
    }

    fn facts(&self) -> Option<TimingFacts> {
        let (fmax, area) = (self.fmax_mhz?, self.area?.design);
        let tools = self.tools.iter().map(|(tool, version)| format!("{tool} {version}"));
        Some(TimingFacts {
            report: self.report.clone(),
            part: format!("{} {} grade {}", self.part, self.package, self.grade),
            tools: tools.collect::<Vec<_>>().join(", "),
            seed_count: self.seeds.len(),
            fmax_mhz: [fmax.min, fmax.median, fmax.max],
            luts: area.luts,
            flip_flops: area.flip_flops,
        })
    }
}

/// The reports of the design with so many lanes, as this program simulates it.
#[must_use]
pub fn reports(lanes: usize) -> Vec<TimingFacts> {
    let all = REPORTS.iter().filter_map(|(_, text)| Report::parse(text));
    let fitting = all.filter(|report| report.lanes == lanes && report.is_current() && report.fits);
    fitting.filter_map(|report| report.facts()).collect()
}

/// Why there is none.
#[must_use]
pub fn absent(lanes: usize) -> String {
    format!("no report in fpga/timing is of this source with {lanes} lanes: scripts/fpga-timing")
}
