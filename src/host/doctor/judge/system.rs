//! Load, steal, settings of the kernel, and performance counters.

use super::Examination;
use crate::{
    host::{
        counters::{Event, EventStatus},
        doctor::finding::{Finding, Severity, Subject},
    },
    warning::LOAD_SHARE_MAX,
};

/// Share of ten seconds in which a thread waited for a core, percent.
const WAITING_PERCENT_MAX: f64 = 5.0;
/// Share of the check that the hypervisor took, percent.
const STEAL_PERCENT_CRITICAL: f64 = 1.0;

pub(super) fn load(examination: &Examination) -> Vec<Finding> {
    let mut found = vec![average(examination)];
    if let Some(percent) = examination.facts.load.waiting_percent {
        let text = format!("a thread waited for a core in {percent:.1} % of the last 10 s");
        found.push(if percent > WAITING_PERCENT_MAX {
            Finding::warning(Subject::Load, "pressure", text).advice("stop other work")
        } else {
            Finding::ok(Subject::Load, "pressure", text)
        });
    }
    found.push(steal(examination));
    found
}

fn average(examination: &Examination) -> Finding {
    let (subject, code) = (Subject::Load, "load");
    let Some(load) = examination.facts.load.load_1min else {
        return Finding::unknown(subject, code, "the system does not tell its load");
    };
    let cores = examination.facts.cores.usable.len().max(1);
    let running = examination.facts.load.running.map(|count| format!(", {count} running now"));
    let text =
        format!("{load:.2} in the last minute on {cores} cores{}", running.unwrap_or_default());
    let share = load / cores as f64;
    if share <= LOAD_SHARE_MAX {
        return Finding::ok(subject, code, text);
    }
    let severity = if share > 1.0 { Severity::Critical } else { Severity::Warning };
    Finding::new(severity, subject, code, text)
        .effect_of("time lost in gaps", examination.lost_percent(), "%")
        .advice("stop other work, and wait a minute for the average to fall")
}

fn steal(examination: &Examination) -> Finding {
    let (subject, code) = (Subject::Load, "steal");
    let watched = examination.measured.watched.as_ref();
    let Some((watched, millis)) = watched.and_then(|watched| Some((watched, watched.steal_ms?)))
    else {
        return Finding::unknown(subject, code, "the system does not count stolen time");
    };
    let percent = millis as f64 / (watched.seconds * 1e3) * 100.0;
    let severity = match (millis, examination.facts.processor.hypervisor) {
        (0, Some(true)) => Severity::Note,
        (0, _) => Severity::Ok,
        _ if percent < STEAL_PERCENT_CRITICAL => Severity::Warning,
        _ => Severity::Critical,
    };
    // A hypervisor may take time without saying so, hence the note on a zero.
    let text = format!("{millis} ms in {:.1} s, counted in steps of 10 ms", watched.seconds);
    let finding = Finding::new(severity, subject, code, text)
        .effect("time stolen during this check", percent, "%")
        .effect_of("time stolen since the start", watched.steal_percent_since_boot, "%");
    match severity {
        Severity::Ok => finding,
        Severity::Note => finding.advice("not every hypervisor tells: see the gaps of the core"),
        _ => finding.advice("use a machine of your own, or repeat runs until some are free of it"),
    }
}

pub(super) fn kernel(examination: &Examination) -> Vec<Finding> {
    let subject = Subject::Kernel;
    let kernel = &examination.facts.kernel;
    let release = kernel.release.as_ref().map_or_else(
        || Finding::unknown(subject, "kernel", "the system does not tell its release"),
        |release| Finding::ok(subject, "kernel", release),
    );
    let aslr = match kernel.aslr {
        None => Finding::unknown(subject, "aslr", "the system does not tell"),
        Some(0) => Finding::note(subject, "aslr", "off: every launch has the same layout")
            .advice("turn it on: one layout can flatter one kernel, launches then repeat it"),
        Some(_) => Finding::ok(
            subject,
            "aslr",
            "on: each launch has its own layout; its effect takes launches, not measured here",
        ),
    };
    let watchdog = match kernel.nmi_watchdog {
        None => Finding::unknown(subject, "nmi-watchdog", "the system does not tell"),
        Some(false) => Finding::ok(subject, "nmi-watchdog", "off"),
        Some(true) => Finding::note(subject, "nmi-watchdog", "on: takes a counter and interrupts")
            .advice("echo 0 > /proc/sys/kernel/nmi_watchdog"),
    };
    vec![release, aslr, watchdog, counters_finding(&examination.counters)]
}

/// Whether this process can count cycles of its own with the processor's counters. `None` where
/// that was not tried.
#[must_use]
pub fn counters_available(counters: &[EventStatus]) -> Option<bool> {
    counters.iter().find(|one| one.event == Event::Cycles).map(|cycles| cycles.available)
}

/// Which events the processor's counters count for this process, and why not the others.
#[must_use]
pub fn counters_finding(counters: &[EventStatus]) -> Finding {
    let (subject, code) = (Subject::Counters, "counters");
    let hardware = counters.iter().filter(|one| one.event.is_hardware());
    let (counted, refused): (Vec<_>, Vec<_>) = hardware.partition(|one| one.available);
    let names = |all: &[&EventStatus]| {
        all.iter().map(|one| one.event.name()).collect::<Vec<_>>().join(", ")
    };
    let Some(first) = refused.first() else {
        return match counted.as_slice() {
            [] => Finding::unknown(subject, code, "no event was tried"),
            all => Finding::ok(subject, code, names(all)),
        };
    };
    let reason = first.reason.as_deref().unwrap_or("the kernel does not say why");
    let text = match counted.as_slice() {
        [] => format!("none of the processor's: {reason}"),
        all => format!("{}; not {}: {reason}", names(all), names(&refused)),
    };
    let finding = Finding::note(subject, code, text);
    match &first.remedy {
        Some(remedy) => finding.advice(remedy),
        None => finding,
    }
}

#[cfg(test)]
mod tests {
    use super::super::sample::{found, of};
    use super::*;
    use crate::host::doctor::measure::watch::Watched;

    /// Load is judged by the usable cores, of which there are two here.
    #[test]
    fn load_is_judged_by_the_cores() {
        let load = |text| found(&of(&[("/proc/loadavg", text)]), "load").severity;
        assert_eq!(load("1.00 0 0 1/9 9"), Severity::Ok);
        assert_eq!(load("1.10 0 0 1/9 9"), Severity::Warning);
        assert_eq!(load("2.10 0 0 1/9 9"), Severity::Critical);
        let pressure = |text| found(&of(&[("/proc/pressure/cpu", text)]), "pressure").severity;
        assert_eq!(pressure("some avg10=4.00 avg60=0"), Severity::Ok);
        assert_eq!(pressure("some avg10=6.00 avg60=0"), Severity::Warning);
    }

    /// Stolen time is a warning, much of it critical, and a guest's zero is no proof of none.
    #[test]
    fn steal_is_judged() {
        let judged = |flags: &str, steal_ms| {
            let mut examination = of(&[("/proc/cpuinfo", flags)]);
            examination.measured.watched = Some(Watched {
                seconds: 2.0,
                interrupts: None,
                steal_ms,
                steal_percent_since_boot: None,
                throttled_count: None,
            });
            found(&examination, "steal")
        };
        assert_eq!(judged("flags : fpu\n", Some(0)).severity, Severity::Ok);
        assert_eq!(judged("flags : hypervisor\n", Some(0)).severity, Severity::Note);
        assert_eq!(judged("flags : hypervisor\n", Some(10)).severity, Severity::Warning);
        assert_eq!(judged("flags : hypervisor\n", Some(20)).severity, Severity::Critical);
        assert!(judged("", None).found.starts_with("unknown"));
    }

    /// Counters that were opened are shown by name; what was refused has its reason and remedy; and
    /// what was not tried is not known.
    #[test]
    fn counters_are_judged_by_what_was_opened() {
        let status = |event, reason: Option<&str>| EventStatus {
            event,
            available: reason.is_none(),
            counted_by: None,
            overhead: None,
            reason: reason.map(str::to_owned),
            remedy: reason.map(|_| "ask the host".to_owned()),
        };
        let judged = |counters: Vec<EventStatus>| {
            let examination = Examination { counters, ..of(&[]) };
            let finding = found(&examination, "counters");
            (counters_available(&examination.counters), finding)
        };
        let (available, finding) = judged(vec![status(Event::Cycles, None)]);
        assert_eq!((available, finding.severity), (Some(true), Severity::Ok));
        let refused = vec![status(Event::Cycles, Some("no unit"))];
        let (available, finding) = judged(refused);
        assert_eq!((available, finding.severity), (Some(false), Severity::Note));
        assert!(finding.found.contains("no unit"), "{finding:?}");
        assert_eq!(finding.advice.as_deref(), Some("ask the host"));
        let (available, finding) = judged(Vec::new());
        assert!(available.is_none() && finding.found.starts_with("unknown"), "{finding:?}");
    }
}
