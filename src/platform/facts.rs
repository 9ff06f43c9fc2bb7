//! What is known of a host that rules of profiles may ask for.

use serde::Serialize;

use crate::host::{doctor::root::Root, field, hypervisor};

/// A graphics processor, or what imitates one.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Gpu {
    /// The driver's name for it.
    pub name: String,
    /// Whether a driver imitates it.
    pub software: bool,
}

/// A host. Absent where the system does not say: such a fact fits no rule that asks for it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Facts {
    /// Operating system, as Rust names it.
    pub os: String,
    /// Architecture, as Rust names it.
    pub architecture: String,
    /// Who made the processor.
    pub cpu_vendor: Option<String>,
    /// Which one it is.
    pub cpu_model: Option<String>,
    /// Features that kernels ask for, and that are not hidden.
    pub cpu_features: Vec<String>,
    /// Cores that this process may use.
    pub cores: usize,
    /// Those of them that the scheduler keeps free.
    pub cores_isolated: Option<usize>,
    /// Whether a hypervisor stands between.
    pub is_virtual: Option<bool>,
    /// Graphics processors.
    pub gpus: Vec<Gpu>,
    /// Version of the Verilator that is built in.
    pub verilator: Option<String>,
}

impl Facts {
    /// What the system says. Devices and tools are for whoever knows the backends.
    #[must_use]
    pub fn read(root: &Root, usable: &[usize]) -> Self {
        let cpuinfo = root.text("/proc/cpuinfo").unwrap_or_default();
        let isolated = root.cores("/sys/devices/system/cpu/isolated");
        let is_ours = |core: &&usize| usable.contains(core);
        Self {
            os: std::env::consts::OS.into(),
            architecture: std::env::consts::ARCH.into(),
            cpu_vendor: vendor(&cpuinfo),
            cpu_model: field(&cpuinfo, "model name").map(str::to_owned),
            cores: usable.len(),
            cores_isolated: isolated.map(|cores| cores.iter().filter(is_ours).count()),
            is_virtual: hypervisor::is_there(&cpuinfo, |path| root.text(path)),
            ..Self::default()
        }
    }
}

/// Numbers that Arm gives to those who make its processors, as far as servers have them.
const IMPLEMENTERS: [(&str, &str); 7] = [
    ("0x41", "Arm"),
    ("0x48", "HiSilicon"),
    ("0x4e", "NVIDIA"),
    ("0x50", "Applied Micro"),
    ("0x51", "Qualcomm"),
    ("0x61", "Apple"),
    ("0xc0", "Ampere"),
];

/// The vendor's own name on x86, the implementer's on Arm.
fn vendor(cpuinfo: &str) -> Option<String> {
    let implementer = || {
        let number = field(cpuinfo, "CPU implementer")?;
        let known = IMPLEMENTERS.into_iter().find(|(one, _)| *one == number);
        Some(known.map_or(number, |(_, name)| name))
    };
    field(cpuinfo, "vendor_id").or_else(implementer).map(str::to_owned)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn facts(files: &[(&str, &str)]) -> Facts {
        let folder = tempfile::tempdir().unwrap();
        for (path, text) in files {
            let path = folder.path().join(path.trim_start_matches('/'));
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, text).unwrap();
        }
        Facts::read(&Root::new(folder.path()), &[0, 1])
    }

    /// Facts are read in the form of the kernel; of isolated cores only those that are ours count.
    #[test]
    fn files_of_the_kernel_are_read() {
        let cpuinfo = "vendor_id : GenuineIntel\nmodel name : Xeon\nflags : fpu hypervisor\n";
        let isolated = "/sys/devices/system/cpu/isolated";
        let found = facts(&[("/proc/cpuinfo", cpuinfo), (isolated, "1-3\n")]);
        assert_eq!(found.cpu_vendor.as_deref(), Some("GenuineIntel"));
        assert_eq!(found.cpu_model.as_deref(), Some("Xeon"));
        assert_eq!((found.is_virtual, found.cores_isolated), (Some(true), Some(1)));
        let arm = facts(&[("/proc/cpuinfo", "Features : fp\nCPU implementer : 0xc0\n")]);
        assert_eq!((arm.cpu_vendor.as_deref(), arm.is_virtual), (Some("Ampere"), None));
        let vendor = ("/sys/class/dmi/id/sys_vendor", "QEMU\n");
        assert_eq!(facts(&[("/proc/cpuinfo", "Features : fp\n"), vendor]).is_virtual, Some(true));
    }

    /// A system that says nothing has no facts, and no zero in their place.
    #[test]
    fn silence_is_unknown() {
        let found = facts(&[]);
        assert_eq!((found.cpu_vendor, found.cpu_model), (None, None));
        assert_eq!((found.is_virtual, found.cores_isolated, found.cores), (None, None, 2));
    }
}
