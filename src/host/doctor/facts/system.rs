//! Memory, settings of the kernel, and load.

use serde::Serialize;

use crate::host::{doctor::root::Root, field};

/// Memory.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Memory {
    /// All of it, bytes.
    pub total_bytes: Option<u64>,
    /// What a program can get without swapping, bytes.
    pub available_bytes: Option<u64>,
    /// Swap in use, bytes.
    pub swap_used_bytes: Option<u64>,
    /// When the kernel makes large pages by itself: `always`, `madvise` or `never`.
    pub transparent_huge_pages: Option<String>,
    /// Large pages set aside and not in use.
    pub huge_pages_free: Option<u64>,
    /// Size of a large page, bytes.
    pub huge_page_bytes: Option<u64>,
}

impl Memory {
    pub(super) fn read(root: &Root) -> Self {
        let meminfo = root.text("/proc/meminfo").unwrap_or_default();
        let bytes = |key| field(&meminfo, key).and_then(kibibytes);
        let swap_used = || Some(bytes("SwapTotal")?.saturating_sub(bytes("SwapFree")?));
        Self {
            total_bytes: bytes("MemTotal"),
            available_bytes: bytes("MemAvailable"),
            swap_used_bytes: swap_used(),
            transparent_huge_pages: root
                .text("/sys/kernel/mm/transparent_hugepage/enabled")
                .and_then(|text| chosen(&text)),
            huge_pages_free: field(&meminfo, "HugePages_Free").and_then(|text| text.parse().ok()),
            huge_page_bytes: bytes("Hugepagesize"),
        }
    }
}

/// `24576 kB` in bytes.
fn kibibytes(text: &str) -> Option<u64> {
    text.strip_suffix("kB")?.trim().parse::<u64>().ok().map(|count| count * 1024)
}

/// The word in brackets of `always [madvise] never`.
fn chosen(text: &str) -> Option<String> {
    let (_, rest) = text.split_once('[')?;
    rest.split_once(']').map(|(word, _)| word.to_owned())
}

/// Settings of the kernel.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Kernel {
    /// Its release.
    pub release: Option<String>,
    /// How much of the address space is drawn at random: 0, 1 or 2.
    pub aslr: Option<u8>,
    /// Whether a watchdog takes a performance counter and an interrupt.
    pub nmi_watchdog: Option<bool>,
    /// The clock that the kernel itself uses.
    pub clock_source: Option<String>,
    /// Who may use performance counters: 2 and less lets a process watch itself.
    pub perf_event_paranoid: Option<i32>,
    /// The processor's own counters that the kernel knows, such as `cpu`.
    pub counter_units: Vec<String>,
}

impl Kernel {
    pub(super) fn read(root: &Root) -> Self {
        let units = root.names("/sys/bus/event_source/devices");
        Self {
            release: root.text("/proc/sys/kernel/osrelease"),
            aslr: root.number("/proc/sys/kernel/randomize_va_space"),
            nmi_watchdog: root.number::<u8>("/proc/sys/kernel/nmi_watchdog").map(|set| set != 0),
            clock_source: root
                .text("/sys/devices/system/clocksource/clocksource0/current_clocksource"),
            perf_event_paranoid: root.number("/proc/sys/kernel/perf_event_paranoid"),
            counter_units: units.into_iter().filter(|unit| is_core_unit(unit)).collect(),
        }
    }
}

/// Whether a unit counts cycles of a core: x86, its hybrids, and Arm.
fn is_core_unit(unit: &str) -> bool {
    matches!(unit, "cpu" | "cpu_core" | "cpu_atom") || unit.starts_with("armv8")
}

/// What else is going on.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Load {
    /// Threads that ran or wanted to, on average over the last minute.
    pub load_1min: Option<f64>,
    /// Threads that ran or wanted to at that moment, this one included.
    pub running: Option<u64>,
    /// Share of the last ten seconds in which a thread waited for a core, percent.
    pub waiting_percent: Option<f64>,
}

impl Load {
    pub(super) fn read(root: &Root) -> Self {
        let loadavg = root.text("/proc/loadavg").unwrap_or_default();
        let mut words = loadavg.split_whitespace();
        let load_1min = words.next().and_then(|word| word.parse().ok());
        let running = words.nth(2).and_then(|word| word.split_once('/')?.0.parse().ok());
        let pressure = root.text("/proc/pressure/cpu");
        Self { load_1min, running, waiting_percent: pressure.and_then(|text| waiting(&text)) }
    }
}

/// `avg10` of the line `some avg10=1.25 avg60=...`.
fn waiting(pressure: &str) -> Option<f64> {
    let line = pressure.lines().find(|line| line.starts_with("some "))?;
    line.split_whitespace().find_map(|word| word.strip_prefix("avg10="))?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::host::doctor::root::fake::tree;

    /// Memory, settings and load in the form of the kernel.
    #[test]
    fn files_of_the_kernel_are_read() {
        let (_folder, root) = tree(&[
            (
                "/proc/meminfo",
                "MemTotal: 8 kB\nMemAvailable: 4 kB\nSwapTotal: 9 kB\nSwapFree: 2 kB\n\
                 HugePages_Free: 12\nHugepagesize: 2048 kB\n",
            ),
            ("/sys/kernel/mm/transparent_hugepage/enabled", "always [madvise] never\n"),
            ("/proc/sys/kernel/randomize_va_space", "2\n"),
            ("/proc/sys/kernel/perf_event_paranoid", "-1\n"),
            ("/sys/bus/event_source/devices/cpu/type", "4"),
            ("/sys/bus/event_source/devices/software/type", "1"),
            ("/proc/loadavg", "0.50 0.10 0.05 3/120 999\n"),
            ("/proc/pressure/cpu", "some avg10=1.25 avg60=0.30 avg300=0.10 total=1\n"),
        ]);
        let memory = Memory::read(&root);
        assert_eq!((memory.total_bytes, memory.available_bytes), (Some(8192), Some(4096)));
        assert_eq!((memory.swap_used_bytes, memory.huge_pages_free), (Some(7168), Some(12)));
        assert_eq!(memory.transparent_huge_pages.as_deref(), Some("madvise"));
        let kernel = Kernel::read(&root);
        assert_eq!((kernel.aslr, kernel.perf_event_paranoid), (Some(2), Some(-1)));
        assert_eq!(kernel.counter_units, ["cpu"]);
        let load = Load::read(&root);
        assert_eq!((load.load_1min, load.running), (Some(0.5), Some(3)));
        assert_eq!(load.waiting_percent, Some(1.25));
    }
}
