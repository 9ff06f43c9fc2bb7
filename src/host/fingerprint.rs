//! Which machine this is, as far as it bears on speed. Stored with every run.

use std::{fs, path::Path};

use serde::{Deserialize, Serialize};

use super::{affinity, field, hypervisor, read_trimmed};

/// One cache that a core sees.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Cache {
    /// 1 is nearest to the core.
    pub level: u8,
    /// `Data`, `Instruction` or `Unified`, as the kernel says.
    pub kind: String,
    /// Capacity in bytes.
    pub size_bytes: u64,
}

/// Facts about the machine. Absent where the system does not say.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Fingerprint {
    /// Operating system and architecture.
    pub platform: String,
    /// Kernel release.
    pub kernel: Option<String>,
    /// Processor model.
    pub cpu_model: Option<String>,
    /// Vector and bit instructions that bear on the kernels.
    pub cpu_features: Vec<String>,
    /// Cores that this process may use.
    pub cores_usable: usize,
    /// Cores that the scheduler keeps free.
    pub cores_isolated: Vec<usize>,
    /// Caches of the first core.
    pub caches: Vec<Cache>,
    /// Memory in bytes.
    pub memory_bytes: Option<u64>,
    /// Frequency governor of the first core.
    pub governor: Option<String>,
    /// Whether cores are shared by hardware threads.
    pub smt_active: Option<bool>,
    /// Whether a hypervisor stands between.
    pub virtualised: Option<bool>,
    /// Load of the last minute when the run began.
    pub load_1min: Option<f64>,
}

impl Fingerprint {
    /// Reads the facts. Takes milliseconds.
    #[must_use]
    pub fn read() -> Self {
        let cpuinfo = fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
        let meminfo = fs::read_to_string("/proc/meminfo").unwrap_or_default();
        Self {
            platform: format!("{}-{}", std::env::consts::OS, std::env::consts::ARCH),
            kernel: read_trimmed("/proc/sys/kernel/osrelease"),
            cpu_model: field(&cpuinfo, "model name").map(str::to_owned),
            cpu_features: cpu_features(),
            cores_usable: std::thread::available_parallelism().map_or(1, Into::into),
            cores_isolated: affinity::isolated(),
            caches: caches(Path::new("/sys/devices/system/cpu/cpu0/cache")),
            memory_bytes: field(&meminfo, "MemTotal").and_then(kibibytes),
            governor: read_trimmed("/sys/devices/system/cpu/cpu0/cpufreq/scaling_governor"),
            smt_active: read_trimmed("/sys/devices/system/cpu/smt/active").map(|text| text == "1"),
            virtualised: hypervisor::is_there(&cpuinfo, |path| read_trimmed(path)),
            load_1min: read_trimmed("/proc/loadavg")
                .and_then(|text| text.split_whitespace().next()?.parse().ok()),
        }
    }
}

/// `24576 kB` in bytes.
fn kibibytes(text: &str) -> Option<u64> {
    text.strip_suffix("kB")?.trim().parse::<u64>().ok().map(|count| count * 1024)
}

/// The caches that a folder of the kernel describes, nearest first.
pub(super) fn caches(folder: &Path) -> Vec<Cache> {
    let mut caches: Vec<Cache> =
        (0..16).map_while(|index| cache(&folder.join(format!("index{index}")))).collect();
    caches.sort_by(|one, other| (one.level, &one.kind).cmp(&(other.level, &other.kind)));
    caches
}

fn cache(folder: &Path) -> Option<Cache> {
    Some(Cache {
        level: read_trimmed(folder.join("level"))?.parse().ok()?,
        kind: read_trimmed(folder.join("type"))?,
        size_bytes: size_bytes(&read_trimmed(folder.join("size"))?)?,
    })
}

/// `32K` or `1M` in bytes.
fn size_bytes(text: &str) -> Option<u64> {
    let split = text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len());
    let count: u64 = text[..split].parse().ok()?;
    match &text[split..] {
        "" => Some(count),
        "K" => Some(count << 10),
        "M" => Some(count << 20),
        "G" => Some(count << 30),
        _ => None,
    }
}

#[cfg(target_arch = "x86_64")]
fn cpu_features() -> Vec<String> {
    macro_rules! detected {
        ($($name:tt),*) => {[$(($name, std::arch::is_x86_feature_detected!($name))),*]};
    }
    let all = detected!(
        "sse4.2",
        "pclmulqdq",
        "avx2",
        "bmi2",
        "gfni",
        "vpclmulqdq",
        "avx512f",
        "avx512bw",
        "avx512vl",
        "avx512vbmi"
    );
    all.into_iter().filter(|(_, has)| *has).map(|(name, _)| name.to_owned()).collect()
}

#[cfg(not(target_arch = "x86_64"))]
fn cpu_features() -> Vec<String> {
    Vec::new()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Sizes with the kernel's suffixes.
    #[test]
    fn sizes_have_suffixes() {
        assert_eq!(size_bytes("32K"), Some(32_768));
        assert_eq!(size_bytes("32M"), Some(33_554_432));
        assert_eq!(size_bytes("many"), None);
        assert_eq!(kibibytes("2 kB"), Some(2048));
    }
}
