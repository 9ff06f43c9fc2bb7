//! The processor, its cores, and how memory hangs on them.

use serde::Serialize;

use crate::host::{
    doctor::root::Root,
    field,
    fingerprint::{self, Cache},
    hypervisor,
};

/// The processor.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Processor {
    /// Its model.
    pub model: Option<String>,
    /// Caches of the first core.
    pub caches: Vec<Cache>,
    /// Whether a hypervisor stands between.
    pub hypervisor: Option<bool>,
    /// Who sold the machine, which for a virtual one is often the hypervisor.
    pub machine: Option<String>,
}

impl Processor {
    pub(super) fn read(root: &Root) -> Self {
        let cpuinfo = root.text("/proc/cpuinfo").unwrap_or_default();
        Self {
            model: field(&cpuinfo, "model name").map(str::to_owned),
            caches: fingerprint::caches(&root.path("/sys/devices/system/cpu/cpu0/cache")),
            hypervisor: hypervisor::is_there(&cpuinfo, |path| root.text(path)),
            machine: root.text("/sys/class/dmi/id/sys_vendor").filter(|text| !text.is_empty()),
        }
    }

    /// Capacity of the largest cache in bytes.
    #[must_use]
    pub fn last_cache_bytes(&self) -> Option<u64> {
        self.caches.iter().map(|cache| cache.size_bytes).max()
    }
}

/// One memory node.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Node {
    /// Its number.
    pub node: usize,
    /// Its cores.
    pub cores: Vec<usize>,
    /// Its memory in bytes.
    pub memory_bytes: Option<u64>,
}

/// The cores.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Cores {
    /// Cores that run.
    pub online: Option<Vec<usize>>,
    /// Cores that this process may use.
    pub usable: Vec<usize>,
    /// Cores that the scheduler keeps free.
    pub isolated: Option<Vec<usize>>,
    /// Cores without a regular tick while one thread runs.
    pub tickless: Option<Vec<usize>>,
    /// Whether hardware threads share cores.
    pub smt_active: Option<bool>,
    /// Hardware threads of the measuring core, itself included.
    pub siblings: Option<Vec<usize>>,
    /// Cores' worth of time that the control group may use, where it is limited.
    pub quota_cores: Option<f64>,
    /// Memory nodes.
    pub nodes: Vec<Node>,
}

impl Cores {
    pub(super) fn read(root: &Root, core: usize, usable: &[usize]) -> Self {
        let cpu = "/sys/devices/system/cpu";
        Self {
            online: root.cores(&format!("{cpu}/online")),
            usable: usable.to_vec(),
            isolated: root.cores(&format!("{cpu}/isolated")),
            tickless: root.cores(&format!("{cpu}/nohz_full")),
            smt_active: root.text(&format!("{cpu}/smt/active")).and_then(|text| flag(&text)),
            siblings: root.cores(&format!("{cpu}/cpu{core}/topology/thread_siblings_list")),
            quota_cores: root.text("/sys/fs/cgroup/cpu.max").and_then(|text| quota(&text)),
            nodes: nodes(root),
        }
    }
}

/// `0` or `1`.
pub(super) fn flag(text: &str) -> Option<bool> {
    match text {
        "0" => Some(false),
        "1" => Some(true),
        _ => None,
    }
}

/// `200000 100000` as two cores; `max 100000` as no limit.
fn quota(text: &str) -> Option<f64> {
    let (time, period) = text.split_once(' ')?;
    Some(time.parse::<f64>().ok()? / period.parse::<f64>().ok()?)
}

fn nodes(root: &Root) -> Vec<Node> {
    let folder = "/sys/devices/system/node";
    let read = |node: usize| {
        let meminfo = root.text(&format!("{folder}/node{node}/meminfo"));
        Node {
            node,
            cores: root.cores(&format!("{folder}/node{node}/cpulist")).unwrap_or_default(),
            memory_bytes: meminfo.and_then(|text| node_bytes(&text)),
        }
    };
    root.numbered(folder, "node").into_iter().map(read).collect()
}

/// Bytes of the line `Node 0 MemTotal: 16 kB`.
fn node_bytes(meminfo: &str) -> Option<u64> {
    let line = meminfo.lines().find(|line| line.contains("MemTotal:"))?;
    let kibibytes: u64 = line.split_whitespace().nth(3)?.parse().ok()?;
    Some(kibibytes * 1024)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::host::doctor::root::fake::tree;

    /// A machine with isolated cores, two nodes and a quota is read as such.
    #[test]
    fn cores_and_nodes_are_read() {
        let (_folder, root) = tree(&[
            ("/sys/devices/system/cpu/online", "0-3\n"),
            ("/sys/devices/system/cpu/isolated", "2-3\n"),
            ("/sys/devices/system/cpu/nohz_full", "(null)\n"),
            ("/sys/devices/system/cpu/smt/active", "1\n"),
            ("/sys/devices/system/cpu/cpu3/topology/thread_siblings_list", "1,3\n"),
            ("/sys/devices/system/node/node0/cpulist", "0-1\n"),
            ("/sys/devices/system/node/node0/meminfo", "Node 0 MemTotal:  16 kB\n"),
            ("/sys/devices/system/node/node1/cpulist", "2-3\n"),
            ("/sys/fs/cgroup/cpu.max", "150000 100000\n"),
        ]);
        let cores = Cores::read(&root, 3, &[0, 3]);
        assert_eq!(cores.isolated, Some(vec![2, 3]));
        assert_eq!(cores.tickless, Some(vec![]));
        assert_eq!((cores.smt_active, cores.siblings), (Some(true), Some(vec![1, 3])));
        assert_eq!(cores.quota_cores, Some(1.5));
        assert_eq!(cores.nodes.len(), 2);
        assert_eq!(cores.nodes[0].memory_bytes, Some(16_384));
        assert_eq!(cores.nodes[1].memory_bytes, None);
        assert_eq!(quota("max 100000"), None);
    }

    /// On x86 a hypervisor is one only by its flag, and without any word nothing is known.
    #[test]
    fn hypervisors_have_a_flag() {
        let of = |cpuinfo: &str| {
            let (_folder, root) = tree(&[("/proc/cpuinfo", cpuinfo)]);
            Processor::read(&root).hypervisor
        };
        assert_eq!(of("flags\t: fpu hypervisor\n"), Some(true));
        assert_eq!(of("flags\t: fpu\n"), Some(false));
        assert_eq!(of("Features\t: fp asimd\n"), None);
    }
}
