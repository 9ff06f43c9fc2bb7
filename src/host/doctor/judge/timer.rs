//! The clock that all durations come from.

use super::Examination;
use crate::host::{
    doctor::finding::{Finding, Severity, Subject},
    timer::{Quality, Source},
};

/// Resolution up to which a reading need not be longer than tens of microseconds, nanoseconds.
const RESOLUTION_NS_MAX: f64 = 50.0;

pub(super) fn findings(examination: &Examination) -> Vec<Finding> {
    let timer = &examination.timer;
    let subject = Subject::Timer;
    let source = match timer.source {
        Source::Tsc => {
            let text = format!("time-stamp counter at {:.3} MHz", timer.frequency_hz / 1e6);
            Finding::ok(subject, "timer-source", text)
                .effect("two calibrations apart", timer.frequency_spread_ppm, "ppm")
                .effect_of("stated", timer.nominal_hz.map(|hz| hz / 1e6), "MHz")
        }
        Source::Monotonic => {
            let why = timer.tsc_unavailable.as_deref().unwrap_or("not said why");
            Finding::warning(subject, "timer-source", format!("the clock of the system: {why}"))
                .advice("readings are coarser and dearer: prefer throughput to latency")
        }
    };
    let is_fine = timer.resolution_ns <= RESOLUTION_NS_MAX;
    let text = "least step, and what an empty pair of readings reads";
    let resolution = if is_fine {
        Finding::ok(subject, "timer-resolution", text)
    } else {
        Finding::note(subject, "timer-resolution", text)
            .advice("short latencies are mostly the clock: use throughput for them")
    };
    let resolution = resolution.effect("resolution", timer.resolution_ns, "ns").effect(
        "overhead, median",
        timer.overhead_ns,
        "ns",
    );
    vec![source, invariance(timer), resolution, pairs(timer), kernel_clock(examination)]
}

fn invariance(timer: &Quality) -> Finding {
    let (subject, code) = (Subject::Timer, "timer-invariance");
    match timer.invariant {
        Some(true) => Finding::ok(subject, code, "the counter keeps one rate, the processor says"),
        Some(false) => {
            Finding::warning(subject, code, "the counter changes its rate with the core")
                .advice("the clock of the system is read in its place")
        }
        None => Finding::unknown(subject, code, "there is no counter, or nothing is said of it"),
    }
}

/// What readings with nothing between them read.
fn pairs(timer: &Quality) -> Finding {
    let (subject, code) = (Subject::Timer, "timer-pairs");
    let pairs = &timer.back_to_back;
    let finding = if timer.backward_steps > 0 {
        let text = format!("the clock ran backwards {} times", timer.backward_steps);
        Finding::new(Severity::Critical, subject, code, text)
            .advice("believe no figure of this machine: its counters do not agree")
    } else {
        Finding::ok(subject, code, format!("{} readings back to back, none backwards", pairs.count))
    };
    finding
        .effect("median", pairs.ns_p50, "ns")
        .effect("one in a hundred over", pairs.ns_p99, "ns")
        .effect("one in a thousand over", pairs.ns_p99_9, "ns")
        .effect("longest", pairs.ns_max, "ns")
}

fn kernel_clock(examination: &Examination) -> Finding {
    let (subject, code) = (Subject::Timer, "kernel-clock");
    match examination.facts.kernel.clock_source.as_deref() {
        None => Finding::unknown(subject, code, "the system does not name its clock source"),
        Some(fast @ ("tsc" | "kvm-clock" | "arch_sys_counter")) => {
            Finding::ok(subject, code, format!("`{fast}`"))
        }
        Some(name) => Finding::warning(subject, code, format!("`{name}`: slow to read"))
            .advice("the kernel may have found the time-stamp counter unsteady: see its log"),
    }
}

#[cfg(test)]
mod tests {
    use super::super::sample::{found, of};
    use super::*;
    use crate::host::doctor::finding::Severity;

    /// The system's clock is a warning with its reason; a coarse one is noted.
    #[test]
    fn clocks_are_judged() {
        let mut examination = of(&[]);
        examination.timer.source = Source::Tsc;
        examination.timer.resolution_ns = 10.0;
        assert_eq!(found(&examination, "timer-source").severity, Severity::Ok);
        assert_eq!(found(&examination, "timer-resolution").severity, Severity::Ok);
        examination.timer.source = Source::Monotonic;
        examination.timer.tsc_unavailable = Some("not invariant".into());
        examination.timer.resolution_ns = 100.0;
        let source = found(&examination, "timer-source");
        assert_eq!(source.severity, Severity::Warning);
        assert!(source.found.contains("not invariant"), "{}", source.found);
        assert_eq!(found(&examination, "timer-resolution").severity, Severity::Note);
    }

    /// A kernel that gave up the counter is a warning.
    #[test]
    fn the_clock_of_the_kernel_is_judged() {
        let clock = |name| {
            let file = "/sys/devices/system/clocksource/clocksource0/current_clocksource";
            found(&of(&[(file, name)]), "kernel-clock").severity
        };
        assert_eq!((clock("tsc"), clock("hpet")), (Severity::Ok, Severity::Warning));
    }
}
