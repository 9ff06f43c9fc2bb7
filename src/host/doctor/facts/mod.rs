//! What the system says of itself. Absent where it does not say: never taken for fine.

pub mod cores;
pub mod frequency;
pub mod interrupts;
pub mod system;

use serde::Serialize;

use super::root::Root;
use cores::{Cores, Processor};
use frequency::{Frequency, Idle, Thermal};
use interrupts::Interrupts;
use system::{Kernel, Load, Memory};

/// All facts, as they bear on one measuring core.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Facts {
    /// The processor and its caches.
    pub processor: Processor,
    /// Cores, hardware threads, memory nodes.
    pub cores: Cores,
    /// Governors, limits and turbo.
    pub frequency: Frequency,
    /// Sleep states of the measuring core.
    pub idle: Idle,
    /// Memory and huge pages.
    pub memory: Memory,
    /// Settings of the kernel.
    pub kernel: Kernel,
    /// What else is going on.
    pub load: Load,
    /// Temperatures and throttling.
    pub thermal: Thermal,
    /// Interrupts that may come to the measuring core.
    pub interrupts: Interrupts,
}

impl Facts {
    /// Reads all facts. `usable` are the cores of this process. Takes milliseconds.
    #[must_use]
    pub fn read(root: &Root, core: usize, usable: &[usize]) -> Self {
        Self {
            processor: Processor::read(root),
            cores: Cores::read(root, core, usable),
            frequency: Frequency::read(root),
            idle: Idle::read(root, core),
            memory: Memory::read(root),
            kernel: Kernel::read(root),
            load: Load::read(root),
            thermal: Thermal::read(root),
            interrupts: Interrupts::read(root, core),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::host::doctor::root::fake::tree;

    /// A system that says nothing gives no fact: no zero and no `false` in its place.
    #[test]
    fn silence_is_unknown() {
        let (_folder, root) = tree(&[]);
        let facts = Facts::read(&root, 0, &[0]);
        assert_eq!(facts.processor.hypervisor, None);
        assert_eq!((facts.cores.isolated, facts.cores.smt_active), (None, None));
        assert!(facts.frequency.policies.is_empty() && facts.frequency.turbo.is_none());
        assert_eq!((facts.memory.total_bytes, facts.memory.huge_pages_free), (None, None));
        assert_eq!((facts.kernel.aslr, facts.kernel.perf_event_paranoid), (None, None));
        assert_eq!((facts.load.load_1min, facts.thermal.throttled_count), (None, None));
        assert_eq!(facts.interrupts.on_core, None);
    }
}
