//! Memory, large pages, nodes and bandwidth.

use super::{Examination, bytes, listed};
use crate::host::doctor::finding::{Finding, Severity, Subject};

/// Passes may lie apart by this share of their median, percent.
const SPREAD_PERCENT_MAX: f64 = 20.0;

pub(super) fn findings(examination: &Examination) -> Vec<Finding> {
    vec![size(examination), huge_pages(examination), nodes(examination), bandwidth(examination)]
}

fn size(examination: &Examination) -> Finding {
    let (subject, code) = (Subject::Memory, "memory");
    let memory = &examination.facts.memory;
    let (Some(total), Some(available)) = (memory.total_bytes, memory.available_bytes) else {
        return Finding::unknown(subject, code, "the system does not tell how much is free");
    };
    let text = format!("{} of {} available", bytes(available), bytes(total));
    match memory.swap_used_bytes {
        Some(0) => Finding::ok(subject, code, text),
        Some(swapped) => {
            Finding::note(subject, code, format!("{text}, {} swapped", bytes(swapped)))
                .advice("free memory: what was swapped out comes back when it is touched")
        }
        None => Finding::note(subject, code, format!("{text}; swap unknown")),
    }
}

fn huge_pages(examination: &Examination) -> Finding {
    let (subject, code) = (Subject::Memory, "huge-pages");
    let memory = &examination.facts.memory;
    let size = memory.huge_page_bytes.map(|size| format!(" of {}", bytes(size)));
    let reserved = memory.huge_pages_free.map_or_else(
        || "reserved ones unknown".to_owned(),
        |count| format!("{count} reserved and free{}", size.unwrap_or_default()),
    );
    match memory.transparent_huge_pages.as_deref() {
        None => Finding::unknown(subject, code, format!("transparent ones; {reserved}")),
        Some("always") => Finding::note(subject, code, format!("`always`, {reserved}"))
            .advice("whether a buffer gets them can differ between runs: repeat runs to see"),
        Some(when) => Finding::ok(subject, code, format!("`{when}`, {reserved}")),
    }
}

fn nodes(examination: &Examination) -> Finding {
    let (subject, code) = (Subject::Memory, "numa");
    let nodes = &examination.facts.cores.nodes;
    match nodes.as_slice() {
        [] => Finding::unknown(subject, code, "the system shows no memory nodes"),
        [_] => Finding::ok(subject, code, "one node"),
        _ => {
            let own = nodes.iter().find(|node| node.cores.contains(&examination.core));
            let own = own.map(|node| {
                format!(": core {} is on node {} with {}", examination.core, node.node, {
                    listed(&node.cores)
                })
            });
            let text = format!("{} nodes{}", nodes.len(), own.unwrap_or_default());
            Finding::note(subject, code, text)
                .advice("bind memory to the node of the core, with numactl --membind for one")
        }
    }
}

fn bandwidth(examination: &Examination) -> Finding {
    let (subject, code) = (Subject::Memory, "bandwidth");
    let Some(measured) = examination.measured.bandwidth else {
        return Finding::unknown(subject, code, examination.not_measured());
    };
    let cache = examination.facts.processor.last_cache_bytes();
    let beyond = cache.map(|cache| measured.buffer_bytes as f64 / cache as f64);
    let read = measured.read;
    let spread = (read.gb_per_s_max - read.gb_per_s_min) / read.gb_per_s_p50 * 100.0;
    let (severity, place) = match beyond {
        None => (Severity::Note, "no cache known to compare with".to_owned()),
        Some(beyond) if beyond < 2.0 => {
            (Severity::Note, format!("{beyond:.1} x the last cache: partly a figure of the cache"))
        }
        Some(_) if spread > SPREAD_PERCENT_MAX => {
            (Severity::Note, "passes lie far apart: others use the memory too".to_owned())
        }
        Some(beyond) => (Severity::Ok, format!("{beyond:.1} x the last cache")),
    };
    let text = format!("one core, {} passes of {}, {place}", measured.passes, {
        bytes(measured.buffer_bytes)
    });
    Finding::new(severity, subject, code, text)
        .effect("read, median", read.gb_per_s_p50, "GB/s")
        .effect("read, slowest to fastest apart", spread, "%")
        .effect("copy, median", measured.copy.gb_per_s_p50, "GB/s")
}

#[cfg(test)]
mod tests {
    use super::super::sample::{found, of};
    use super::*;
    use crate::host::doctor::measure::bandwidth::{Bandwidth, Rate};

    /// Swap in use is told, and what swap is unknown is not fine.
    #[test]
    fn swap_is_judged() {
        let memory = |swap: &str| {
            let text = format!("MemTotal: 4096 kB\nMemAvailable: 1024 kB\n{swap}");
            found(&of(&[("/proc/meminfo", &text)]), "memory").severity
        };
        assert_eq!(memory("SwapTotal: 0 kB\nSwapFree: 0 kB\n"), Severity::Ok);
        assert_eq!(memory("SwapTotal: 9 kB\nSwapFree: 1 kB\n"), Severity::Note);
        assert_eq!(memory(""), Severity::Note);
    }

    /// Pages that come by chance, and nodes that differ, are told.
    #[test]
    fn pages_and_nodes_are_judged() {
        let pages = |text| {
            let file = "/sys/kernel/mm/transparent_hugepage/enabled";
            found(&of(&[(file, text)]), "huge-pages").severity
        };
        assert_eq!(pages("[always] madvise never"), Severity::Note);
        assert_eq!(pages("always [madvise] never"), Severity::Ok);
        let first = ("/sys/devices/system/node/node0/cpulist", "0");
        let second = ("/sys/devices/system/node/node1/cpulist", "1");
        assert_eq!(found(&of(&[first]), "numa").severity, Severity::Ok);
        assert!(found(&of(&[first, second]), "numa").found.contains("core 1 is on node 1"));
    }

    /// A buffer that a cache holds gives no figure of memory, and says so.
    #[test]
    fn bandwidth_says_what_it_is_of() {
        let cache = "/sys/devices/system/cpu/cpu0/cache/index0";
        let file = |name: &str| format!("{cache}/{name}");
        let judged = |size: &str| {
            let mut examination =
                of(&[(&file("level"), "3"), (&file("type"), "Unified"), (&file("size"), size)]);
            let rate = Rate { gb_per_s_p50: 10.0, gb_per_s_min: 9.5, gb_per_s_max: 10.5 };
            examination.measured.bandwidth =
                Some(Bandwidth { buffer_bytes: 64 << 20, passes: 9, read: rate, copy: rate });
            found(&examination, "bandwidth")
        };
        assert_eq!(judged("16M").severity, Severity::Ok);
        assert!(judged("64M").found.contains("partly a figure of the cache"));
        assert!((judged("16M").effects[1].value - 10.0).abs() < 1e-9);
    }
}
