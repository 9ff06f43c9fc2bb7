//! Whether a hypervisor stands between this system and the machine.

use super::field;

/// What hypervisors call themselves where a machine says who sold it and what it is. Source: the
/// list of systemd-detect-virt.
const NAMES: [&str; 13] = [
    "kvm",
    "qemu",
    "vmware",
    "virtualbox",
    "innotek",
    "xen",
    "bochs",
    "parallels",
    "bhyve",
    "hyper-v",
    "virtual machine",
    "google compute engine",
    "apple virtualization",
];

/// Virtual unless the name of the machine says that it is bare.
const AMAZON: &str = "amazon ec2";
const BARE: &str = "metal";

const VENDOR: &str = "/sys/class/dmi/id/sys_vendor";
const PRODUCT: &str = "/sys/class/dmi/id/product_name";
const IN_DEVICE_TREE: &str = "/proc/device-tree/hypervisor/compatible";

/// By a flag of the processor on x86, and elsewhere by what the machine or the device tree says.
/// `None` where nothing does: no name is no proof of bare metal. `text` reads a file.
pub(crate) fn is_there(cpuinfo: &str, text: impl Fn(&str) -> Option<String>) -> Option<bool> {
    if let Some(flags) = field(cpuinfo, "flags") {
        return Some(flags.split_whitespace().any(|flag| flag == "hypervisor"));
    }
    if text(IN_DEVICE_TREE).is_some() {
        return Some(true);
    }
    let lower = |path: &str| text(path).unwrap_or_default().to_lowercase();
    let (vendor, product) = (lower(VENDOR), lower(PRODUCT));
    if vendor.contains(AMAZON) {
        return Some(!product.contains(BARE));
    }
    let is_known = NAMES.iter().any(|name| vendor.contains(name) || product.contains(name));
    is_known.then_some(true)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(cpuinfo: &str, files: &[(&str, &str)]) -> Option<bool> {
        is_there(cpuinfo, |path| {
            let file = files.iter().find(|(name, _)| *name == path);
            file.map(|(_, text)| (*text).to_owned())
        })
    }

    /// On x86 the flag says it, whatever a vendor is called; on Arm the machine or the tree.
    #[test]
    fn hypervisors_are_known() {
        assert_eq!(found("flags : fpu hypervisor\n", &[]), Some(true));
        assert_eq!(found("flags : fpu\n", &[(VENDOR, "QEMU")]), Some(false));
        let arm = "Features : fp asimd\n";
        assert_eq!(found(arm, &[(VENDOR, "QEMU"), (PRODUCT, "KVM Virtual Machine")]), Some(true));
        assert_eq!(found(arm, &[(VENDOR, "Amazon EC2"), (PRODUCT, "c7g.large")]), Some(true));
        assert_eq!(found(arm, &[(VENDOR, "Amazon EC2"), (PRODUCT, "c7g.metal")]), Some(false));
        assert_eq!(found(arm, &[(IN_DEVICE_TREE, "linux,kvm\0")]), Some(true));
        assert_eq!(found(arm, &[(VENDOR, "Ampere")]), None);
    }
}
