//! What of the environment bears on figures and is neither in the record nor in doctor's findings.

use std::{
    collections::BTreeMap,
    ffi::{OsStr, OsString},
    fs,
};

use serde::{Deserialize, Serialize};

use crate::report::record::Tool;

/// Name and version of the format.
pub const SCHEMA: &str = "nanogate.environment/1";

/// Beginnings of the names of variables that bear on figures: ours, and those of the loader, the
/// allocator, the C library, Rust, thread pools, and the drivers of devices. Nothing else is
/// kept, so that no secret of whoever measures gets into a bundle.
const PREFIXES: [&str; 21] = [
    "CUDA_",
    "DISABLE_LAYER",
    "DRI_PRIME",
    "GALLIUM_",
    "GLIBC_TUNABLES",
    "GOMP_",
    "LD_",
    "LIBGL_",
    "LP_",
    "MALLOC_",
    "MESA_",
    "NANOGATE_",
    "NVIDIA_",
    "OMP_",
    "RADV_",
    "RAYON_",
    "RUST_",
    "RUSTFLAGS",
    "VERILATOR_",
    "VK_",
    "WGPU_",
];

/// Names of parameters of the kernel that bear on figures, with a dot where they are beginnings.
/// Nothing else is kept: a kernel may be told of disks, networks and passwords, too.
const PARAMETERS: [&str; 26] = [
    "amd_pstate",
    "clocksource",
    "cpufreq.",
    "cpuidle.",
    "default_hugepagesz",
    "hugepages",
    "hugepagesz",
    "idle",
    "intel_idle.",
    "intel_iommu",
    "intel_pstate",
    "iommu",
    "irqaffinity",
    "isolcpus",
    "kpti",
    "mce",
    "mitigations",
    "nohz",
    "nohz_full",
    "nosmt",
    "nowatchdog",
    "preempt",
    "processor.",
    "rcu_nocbs",
    "transparent_hugepage",
    "tsc",
];

/// What surrounds a run.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Environment {
    /// [`SCHEMA`].
    pub schema: String,
    /// The program.
    pub tool: Tool,
    /// The command line, the program first.
    pub command: Vec<String>,
    /// Variables that bear on figures.
    pub variables: BTreeMap<String, String>,
    /// The operating system, as it names itself.
    pub system: Option<String>,
    /// Release of the kernel.
    pub kernel_release: Option<String>,
    /// Version of the kernel: how and when it was built.
    pub kernel_version: Option<String>,
    /// Of what the kernel was started with, what bears on figures.
    pub kernel_parameters: Vec<String>,
    /// Clock that the kernel keeps time by.
    pub clock_source: Option<String>,
    /// Version of the processor's microcode.
    pub microcode: Option<String>,
}

impl Environment {
    /// That of this process.
    #[must_use]
    pub fn read() -> Self {
        let text = |path: &str| fs::read_to_string(path).unwrap_or_default();
        let read = |path: &str| {
            let text = text(path).trim().to_owned();
            (!text.is_empty()).then_some(text)
        };
        Self {
            schema: SCHEMA.into(),
            tool: Tool::current(),
            command: std::env::args_os().map(|argument| lossy(&argument)).collect(),
            variables: chosen(std::env::vars_os()),
            system: value(&text("/etc/os-release"), "PRETTY_NAME", '='),
            kernel_release: read("/proc/sys/kernel/osrelease"),
            kernel_version: read("/proc/sys/kernel/version"),
            kernel_parameters: parameters(&text("/proc/cmdline")),
            clock_source: read("/sys/devices/system/clocksource/clocksource0/current_clocksource"),
            microcode: value(&text("/proc/cpuinfo"), "microcode", ':'),
        }
    }
}

impl Environment {
    /// What a file of a bundle says, or why it says nothing.
    pub fn parse(bytes: &[u8]) -> Result<Self, String> {
        let read: Self = serde_json::from_slice(bytes).map_err(|error| error.to_string())?;
        if read.schema == SCHEMA { Ok(read) } else { Err(format!("its format is {}", read.schema)) }
    }
}

fn lossy(text: &OsStr) -> String {
    text.to_string_lossy().into_owned()
}

/// The variables whose names begin as one of [`PREFIXES`].
fn chosen(all: impl Iterator<Item = (OsString, OsString)>) -> BTreeMap<String, String> {
    let all = all.map(|(name, value)| (lossy(&name), lossy(&value)));
    all.filter(|(name, _)| PREFIXES.iter().any(|prefix| name.starts_with(prefix))).collect()
}

/// The parameters of a kernel's command line that are kept.
fn parameters(line: &str) -> Vec<String> {
    let is_kept = |word: &&str| {
        let name = word.split('=').next().unwrap_or_default();
        let is_it = |kept: &&str| name == *kept || kept.ends_with('.') && name.starts_with(*kept);
        PARAMETERS.iter().any(is_it)
    };
    line.split_whitespace().filter(is_kept).map(String::from).collect()
}

/// The value of the first line that has this name before `between`, without quotes.
fn value(text: &str, name: &str, between: char) -> Option<String> {
    let pairs = text.lines().filter_map(|line| line.split_once(between));
    let mut values = pairs.filter(|(found, _)| found.trim() == name).map(|(_, value)| value);
    values.next().map(|value| value.trim().trim_matches('"').to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What bears on figures is kept, and nothing else of what somebody has in the environment.
    #[test]
    fn only_what_bears_on_figures_is_kept() {
        let all = ["VK_ICD_FILENAMES", "NANOGATE_GPU", "AWS_SECRET", "PATH", "LD_PRELOAD"];
        let all = all.map(|name| (OsString::from(name), OsString::from("x")));
        let kept: Vec<String> = chosen(all.into_iter()).into_keys().collect();
        assert_eq!(kept, ["LD_PRELOAD", "NANOGATE_GPU", "VK_ICD_FILENAMES"]);
    }

    /// Of the kernel's command line too.
    #[test]
    fn only_parameters_that_bear_on_figures_are_kept() {
        let line = "root=/dev/sda1 isolcpus=2-3 intel_idle.max_cstate=1 cifs.password=x nosmt\n";
        assert_eq!(parameters(line), ["isolcpus=2-3", "intel_idle.max_cstate=1", "nosmt"]);
    }

    /// Values are found by name, with or without quotes.
    #[test]
    fn values_are_found() {
        let release = "NAME=\"x\"\nPRETTY_NAME=\"Example 12\"\n";
        assert_eq!(value(release, "PRETTY_NAME", '=').as_deref(), Some("Example 12"));
        assert_eq!(value("microcode\t: 0x1\n", "microcode", ':').as_deref(), Some("0x1"));
        assert_eq!(value("", "microcode", ':'), None);
    }
}
