//! Judges facts and effects. Pure: the same examination has the same findings.

mod cores;
mod devices;
mod frequency;
mod interrupts;
mod jitter;
mod memory;
mod system;
mod timer;
mod tuning;

pub use system::{counters_available, counters_finding};
pub use tuning::tuning_finding;

use super::{Examination, finding::Finding, measure::jitter::Jitter};

/// All findings, in the order of their subjects.
#[must_use]
pub fn findings(examination: &Examination) -> Vec<Finding> {
    let judges: [fn(&Examination) -> Vec<Finding>; 10] = [
        cores::processor,
        cores::cores,
        jitter::findings,
        frequency::findings,
        interrupts::findings,
        system::load,
        memory::findings,
        system::kernel,
        timer::findings,
        devices::findings,
    ];
    let mut all: Vec<Finding> = judges.into_iter().flat_map(|judge| judge(examination)).collect();
    // Stable: within a subject the order of the judge.
    all.sort_by_key(|finding| finding.subject);
    all
}

impl Examination {
    /// Gaps of the measuring core, where they were measured.
    #[must_use]
    pub fn jitter(&self) -> Option<&Jitter> {
        self.measured.jitter.iter().find(|jitter| jitter.core == self.core)
    }

    /// Time lost in gaps on the measuring core, percent.
    fn lost_percent(&self) -> Option<f64> {
        self.jitter().map(|jitter| jitter.lost_percent)
    }

    fn variation_percent(&self) -> Option<f64> {
        self.measured.steadiness.map(|steadiness| steadiness.variation_percent)
    }

    fn late_us_p50(&self) -> Option<f64> {
        self.measured.wakeup.map(|wakeup| wakeup.late_us_p50)
    }

    /// Why something has no measured value.
    fn not_measured(&self) -> String {
        if self.quick {
            "not measured with --quick".into()
        } else {
            let reasons = self.measured.failed.join("; ");
            format!("not measured{}{reasons}", if reasons.is_empty() { "" } else { ": " })
        }
    }
}

/// Cores as text: `0, 2`, or `none`.
fn listed(cores: &[usize]) -> String {
    match cores {
        [] => "none".into(),
        _ => cores.iter().map(ToString::to_string).collect::<Vec<_>>().join(", "),
    }
}

/// Bytes as text: `32 KiB`, `1.9 GiB`.
fn bytes(count: u64) -> String {
    let units = [(1_u64 << 30, "GiB"), (1 << 20, "MiB"), (1 << 10, "KiB")];
    let unit = units.into_iter().find(|(size, _)| count >= *size);
    let Some((size, name)) = unit else { return format!("{count} bytes") };
    let value = count as f64 / size as f64;
    if count.is_multiple_of(size) {
        format!("{value} {name}")
    } else {
        format!("{value:.1} {name}")
    }
}

#[cfg(test)]
pub(super) mod sample {
    use super::*;
    use crate::host::{
        doctor::{
            devices::{Device, Devices, Presence},
            facts::Facts,
            measure::Measured,
            root::fake::tree,
        },
        timer::Timer,
    };

    /// An examination of a system with these files, on core 1 of two, with nothing measured.
    pub(crate) fn of(files: &[(&str, &str)]) -> Examination {
        let (_folder, root) = tree(files);
        let device = |detail: &str| Device {
            presence: Presence::Missing,
            detail: detail.into(),
            adapters: Vec::new(),
        };
        Examination {
            core: 1,
            quick: false,
            facts: Facts::read(&root, 1, &[0, 1]),
            timer: Timer::qualify().quality().clone(),
            counters: Vec::new(),
            measured: Measured::default(),
            devices: Devices { vulkan: device("no driver"), verilator: device("no tool") },
        }
    }

    /// The finding with this code.
    pub(crate) fn found(examination: &Examination, code: &str) -> Finding {
        let all = findings(examination);
        let finding = all.iter().find(|finding| finding.code == code);
        finding.cloned().unwrap_or_else(|| panic!("no `{code}` among {all:#?}"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::host::doctor::finding::Severity;

    /// A system that says nothing gets not one `ok` for what it would have to say itself.
    #[test]
    fn unknown_is_never_fine() {
        let findings = findings(&sample::of(&[]));
        // The timer was measured, and which cores are usable is known from elsewhere.
        let own =
            ["timer-source", "timer-invariance", "timer-resolution", "timer-pairs", "cores-usable"];
        for finding in &findings {
            let is_fine = finding.severity == Severity::Ok && !own.contains(&finding.code);
            assert!(!is_fine, "{finding:?}");
        }
        let unknown = findings.iter().filter(|finding| finding.found.starts_with("unknown"));
        assert!(unknown.count() >= 10, "{findings:#?}");
    }

    /// Every code stands for one kind of finding, and subjects come in one piece.
    #[test]
    fn codes_are_unique() {
        let findings = findings(&sample::of(&[]));
        let mut codes: Vec<_> = findings.iter().map(|finding| finding.code).collect();
        codes.sort_unstable();
        let count = codes.len();
        codes.dedup();
        assert_eq!(codes.len(), count);
        assert!(findings.is_sorted_by_key(|finding| finding.subject));
    }

    /// Sizes are told in the largest unit that they fill.
    #[test]
    fn sizes_have_units() {
        let shown = [512, 32 << 10, 3 << 19, 7 << 30].map(bytes);
        assert_eq!(shown, ["512 bytes", "32 KiB", "1.5 MiB", "7 GiB"]);
    }
}
