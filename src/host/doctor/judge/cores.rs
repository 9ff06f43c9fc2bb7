//! The processor and its cores.

use super::{Examination, bytes, listed};
use crate::host::doctor::finding::{Finding, Subject};

pub(super) fn processor(examination: &Examination) -> Vec<Finding> {
    let processor = &examination.facts.processor;
    let subject = Subject::Processor;
    let model = processor.model.as_ref().map_or_else(
        || Finding::unknown(subject, "cpu-model", "the system does not name the processor"),
        |model| Finding::ok(subject, "cpu-model", model),
    );
    let caches: Vec<String> = processor
        .caches
        .iter()
        .map(|cache| {
            let kind = match cache.kind.as_str() {
                "Data" => "d",
                "Instruction" => "i",
                _ => "",
            };
            format!("L{}{kind} {}", cache.level, bytes(cache.size_bytes))
        })
        .collect();
    let caches = if caches.is_empty() {
        Finding::unknown(subject, "caches", "the system does not tell its caches")
            .advice("hot and cold cannot be sized here: give batch lengths by hand")
    } else {
        Finding::ok(subject, "caches", caches.join(", "))
    };
    vec![model, caches, virtualisation(examination)]
}

fn virtualisation(examination: &Examination) -> Finding {
    let (subject, code) = (Subject::Processor, "virtualised");
    let machine = examination.facts.processor.machine.as_ref();
    let machine = machine.map(|machine| format!(" ({machine})")).unwrap_or_default();
    match examination.facts.processor.hypervisor {
        None => Finding::unknown(subject, code, "no flag tells whether a hypervisor is there"),
        Some(false) => Finding::ok(subject, code, format!("bare metal{machine}")),
        Some(true) => {
            Finding::warning(subject, code, format!("a virtual machine{machine}: others share it"))
                .effect_of("time lost in gaps", examination.lost_percent(), "%")
                .advice("compare ratios of the same run, repeat runs, or use bare metal")
        }
    }
}

pub(super) fn cores(examination: &Examination) -> Vec<Finding> {
    let mut found = vec![online(examination), usable(examination), isolated(examination)];
    found.extend(tickless(examination));
    found.push(smt(examination));
    if let Some(quota) = examination.facts.cores.quota_cores {
        let text = format!("the control group may use {quota:.2} cores' worth of time");
        let whole = examination.facts.cores.usable.len() as f64;
        found.push(if quota < whole {
            Finding::warning(Subject::Cores, "cpu-quota", text)
                .advice("lift the limit (cpu.max): threads are stopped when it is used up")
        } else {
            Finding::note(Subject::Cores, "cpu-quota", text)
        });
    }
    found
}

fn online(examination: &Examination) -> Finding {
    let (subject, code) = (Subject::Cores, "cores-online");
    examination.facts.cores.online.as_ref().map_or_else(
        || Finding::unknown(subject, code, "the system does not list the cores that run"),
        |online| Finding::ok(subject, code, format!("{} online", online.len())),
    )
}

fn usable(examination: &Examination) -> Finding {
    let (subject, code) = (Subject::Cores, "cores-usable");
    let usable = &examination.facts.cores.usable;
    let (count, ours) = (usable.len(), examination.core);
    match count {
        0 => Finding::unknown(subject, code, "the system does not list the cores of this process")
            .advice("threads cannot be pinned: read every interval with care"),
        1 => Finding::warning(subject, code, format!("only one: core {ours}"))
            .advice("give this process a second core, so that all else has one to run on"),
        _ => Finding::ok(subject, code, format!("{count} for this process; measuring on {ours}")),
    }
}

fn isolated(examination: &Examination) -> Finding {
    let (subject, code, ours) = (Subject::Cores, "cores-isolated", examination.core);
    let advice = format!("boot with isolcpus={ours} nohz_full={ours} rcu_nocbs={ours}");
    match &examination.facts.cores.isolated {
        None => Finding::unknown(subject, code, "the system does not list isolated cores"),
        Some(cores) if cores.contains(&ours) => {
            Finding::ok(subject, code, format!("core {ours} is isolated, of {}", listed(cores)))
        }
        Some(cores) if cores.is_empty() => Finding::note(subject, code, "none")
            .effect_of("time lost in gaps", examination.lost_percent(), "%")
            .advice(advice),
        Some(cores) => {
            let text = format!("{}, but core {ours} is not", listed(cores));
            Finding::warning(subject, code, text)
                .effect_of("time lost in gaps", examination.lost_percent(), "%")
                .advice(format!("measure on an isolated one: --core {}", cores[0]))
        }
    }
}

/// Only said of a core that is isolated: elsewhere the tick is the least that disturbs.
fn tickless(examination: &Examination) -> Option<Finding> {
    let (cores, core) = (&examination.facts.cores, examination.core);
    cores.isolated.as_ref().filter(|isolated| isolated.contains(&core))?;
    let tickless = cores.tickless.as_ref()?;
    Some(if tickless.contains(&core) {
        Finding::ok(Subject::Cores, "tickless", format!("core {core} has no regular tick"))
    } else {
        Finding::note(Subject::Cores, "tickless", format!("core {core} has a regular tick"))
            .advice(format!("boot with nohz_full={core}"))
    })
}

fn smt(examination: &Examination) -> Finding {
    let (subject, code, ours) = (Subject::Cores, "smt", examination.core);
    let cores = &examination.facts.cores;
    let others = cores.siblings.as_ref().map(|siblings| {
        siblings.iter().copied().filter(|&sibling| sibling != ours).collect::<Vec<_>>()
    });
    match (cores.smt_active, others) {
        (Some(true), Some(others)) if !others.is_empty() => {
            let text = format!("on: core {ours} shares its units with {}", listed(&others));
            Finding::warning(subject, code, text).advice(
                "leave the sibling idle, or turn SMT off: \
                 echo off > /sys/devices/system/cpu/smt/control",
            )
        }
        (Some(true), Some(_)) => {
            Finding::ok(subject, code, format!("on, but core {ours} has no sibling online"))
        }
        (Some(true), None) => Finding::warning(subject, code, "on; which cores share is unknown")
            .advice("leave siblings idle, or turn SMT off"),
        (Some(false), _) if examination.facts.processor.hypervisor == Some(true) => {
            Finding::note(subject, code, "off as far as the hypervisor tells")
        }
        (Some(false), _) => Finding::ok(subject, code, "off"),
        (None, _) => Finding::unknown(subject, code, "the system does not tell"),
    }
}

#[cfg(test)]
mod tests {
    use super::super::sample::{found, of};
    use crate::host::doctor::finding::Severity;

    const CPU: &str = "/sys/devices/system/cpu";

    /// Isolation is judged by the measuring core, not by there being an isolated core.
    #[test]
    fn isolation_is_that_of_the_core() {
        let severity = |isolated| {
            let path = format!("{CPU}/isolated");
            found(&of(&[(&path, isolated)]), "cores-isolated").severity
        };
        assert_eq!(severity("1"), Severity::Ok);
        assert_eq!(severity("\n"), Severity::Note);
        assert_eq!(severity("0"), Severity::Warning);
    }

    /// A sibling counts only where it is, and a guest's word for it is no proof.
    #[test]
    fn smt_needs_a_sibling() {
        let active = format!("{CPU}/smt/active");
        let siblings = format!("{CPU}/cpu1/topology/thread_siblings_list");
        let smt = |files: &[(&str, &str)]| found(&of(files), "smt").severity;
        assert_eq!(smt(&[(&active, "1"), (&siblings, "0-1")]), Severity::Warning);
        assert_eq!(smt(&[(&active, "1"), (&siblings, "1")]), Severity::Ok);
        assert_eq!(smt(&[(&active, "0")]), Severity::Ok);
        let guest = ("/proc/cpuinfo", "flags : hypervisor\n");
        assert_eq!(smt(&[(&active, "0"), guest]), Severity::Note);
    }

    /// A quota below the usable cores is a warning; a roomy one is not.
    #[test]
    fn quotas_are_set_against_the_cores() {
        let quota = |text| found(&of(&[("/sys/fs/cgroup/cpu.max", text)]), "cpu-quota").severity;
        assert_eq!(quota("150000 100000"), Severity::Warning);
        assert_eq!(quota("200000 100000"), Severity::Note);
    }
}
