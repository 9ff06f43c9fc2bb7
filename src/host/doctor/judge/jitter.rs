//! What a core loses, how late it wakes up, and whether it keeps its speed.

use super::Examination;
use crate::host::doctor::{
    finding::{Finding, Severity, Subject},
    measure::jitter::Jitter,
};

/// Share of time lost from which on it is worth a warning, and from which on it is critical:
/// a tenth of the interval that a run aims at, and all of it several times over.
const LOST_PERCENT_WARNING: f64 = 0.1;
const LOST_PERCENT_CRITICAL: f64 = 5.0;
/// A core is worth changing to if it loses less than this share of what the measuring core loses.
const CALMER_SHARE: f64 = 0.5;
/// Variation and drift of the speed, percent: what a run aims at.
const SPEED_PERCENT_MAX: f64 = 1.0;
/// Lateness that the kernel's own timer slack of 50 us does not explain, microseconds.
const LATE_US_MAX: f64 = 100.0;

pub(super) fn findings(examination: &Examination) -> Vec<Finding> {
    let mut found = vec![gaps(examination)];
    found.extend(rank(examination));
    found.push(steadiness(examination));
    found.push(wakeup(examination));
    found
}

fn gaps(examination: &Examination) -> Finding {
    let (subject, code) = (Subject::Jitter, "gaps");
    let Some(jitter) = examination.jitter() else {
        return Finding::unknown(subject, code, examination.not_measured());
    };
    let severity = match jitter.lost_percent {
        lost if lost >= LOST_PERCENT_CRITICAL => Severity::Critical,
        lost if lost >= LOST_PERCENT_WARNING => Severity::Warning,
        _ => Severity::Ok,
    };
    let text = format!(
        "core {}: {:.0} gaps over {:.1} us a second, steps of {:.0} ns",
        jitter.core,
        jitter.gaps_per_second,
        jitter.gap_ns_min / 1e3,
        jitter.step_ns_p50
    );
    let finding = Finding::new(severity, subject, code, text)
        .effect("time lost in gaps", jitter.lost_percent, "%")
        .effect_of("99.9th percentile of a step", jitter.step_ns_p99_9, "ns")
        .effect("longest step", jitter.step_ns_max / 1e3, "us");
    if severity == Severity::Ok {
        finding
    } else {
        finding.advice("stop other work, move interrupts away (--fix), isolate the core")
    }
}

/// Whether another core would be better. Only where several were measured.
fn rank(examination: &Examination) -> Option<Finding> {
    let (subject, code) = (Subject::Jitter, "core-rank");
    let [best, .., _] = examination.measured.jitter.as_slice() else { return None };
    let ours = examination.jitter()?;
    let place = examination.measured.jitter.iter().position(|jitter| jitter.core == ours.core)?;
    let of = examination.measured.jitter.len();
    let text = format!(
        "core {} is number {} of {of} by time lost; core {} loses least",
        ours.core,
        place + 1,
        best.core
    );
    Some(if is_worth_changing(ours, best) {
        Finding::warning(subject, code, text)
            .effect("time lost by it", ours.lost_percent, "%")
            .effect("time lost by the calmest", best.lost_percent, "%")
            .advice(format!("measure there: --core {}", best.core))
    } else {
        Finding::ok(subject, code, text)
    })
}

fn is_worth_changing(ours: &Jitter, best: &Jitter) -> bool {
    ours.lost_percent >= LOST_PERCENT_WARNING
        && best.lost_percent < ours.lost_percent * CALMER_SHARE
}

fn steadiness(examination: &Examination) -> Finding {
    let (subject, code) = (Subject::Jitter, "steadiness");
    let Some(steadiness) = examination.measured.steadiness else {
        return Finding::unknown(subject, code, examination.not_measured());
    };
    let (variation, drift) = (steadiness.variation_percent, steadiness.drift_percent);
    let is_steady = variation <= SPEED_PERCENT_MAX && drift.abs() <= SPEED_PERCENT_MAX;
    let severity = if is_steady { Severity::Ok } else { Severity::Warning };
    let text = format!("a chain of instructions, {:.3} ns a step", steadiness.step_ns_p50);
    let finding = Finding::new(severity, subject, code, text)
        .effect("variation of its speed", variation, "%")
        .effect("drift, above zero slower", drift, "%");
    if is_steady {
        finding
    } else {
        finding
            .advice("set the governor, turn turbo off (--fix), cool the machine, stop other work")
    }
}

fn wakeup(examination: &Examination) -> Finding {
    let (subject, code) = (Subject::Jitter, "wake-up");
    let Some(wakeup) = examination.measured.wakeup else {
        return Finding::unknown(subject, code, examination.not_measured());
    };
    let is_late = wakeup.late_us_p50 > LATE_US_MAX;
    let severity = if is_late { Severity::Note } else { Severity::Ok };
    let finding =
        Finding::new(severity, subject, code, "sleeps of 1 ms, how much longer they took")
            .effect("median", wakeup.late_us_p50, "us")
            .effect("80th percentile", wakeup.late_us_p80, "us")
            .effect("longest", wakeup.late_us_max, "us");
    if is_late {
        finding.advice("limit sleep states; what spins is not touched by this, what sleeps is")
    } else {
        finding
    }
}

#[cfg(test)]
mod tests {
    use super::super::sample::{found, of};
    use super::*;
    use crate::host::doctor::measure::{steadiness::Steadiness, wakeup::Wakeup};

    fn jitter(core: usize, lost_percent: f64) -> Jitter {
        Jitter {
            core,
            span_ms: 200.0,
            steps: 1_000_000,
            step_ns_p50: 20.0,
            step_ns_p99: Some(21.0),
            step_ns_p99_9: Some(30.0),
            step_ns_p99_99: None,
            step_ns_max: 9_000.0,
            gap_ns_min: 200.0,
            gaps_per_second: 100.0,
            lost_percent,
        }
    }

    /// Lost time is fine, a warning or critical by how much it is, and told as the effect.
    #[test]
    fn lost_time_is_judged() {
        let mut examination = of(&[]);
        let mut severity = |lost| {
            examination.measured.jitter = vec![jitter(1, lost)];
            let finding = found(&examination, "gaps");
            assert!((finding.effects[0].value - lost).abs() < 1e-12);
            finding.severity
        };
        assert_eq!(severity(0.05), Severity::Ok);
        assert_eq!(severity(0.1), Severity::Warning);
        assert_eq!(severity(7.0), Severity::Critical);
    }

    /// A calmer core is advised only where the difference is worth it.
    #[test]
    fn calmer_cores_are_advised() {
        let mut examination = of(&[]);
        let mut ranked = |ours, other| {
            examination.measured.jitter = vec![jitter(0, other), jitter(1, ours)];
            found(&examination, "core-rank")
        };
        assert_eq!(ranked(0.05, 0.001).severity, Severity::Ok);
        assert_eq!(ranked(1.0, 0.6).severity, Severity::Ok);
        let calmer = ranked(1.0, 0.1);
        assert_eq!(calmer.severity, Severity::Warning);
        assert_eq!(calmer.advice.as_deref(), Some("measure there: --core 0"));
        assert!(calmer.found.contains("core 1 is number 2 of 2"), "{}", calmer.found);
    }

    /// Speed that varies or drifts, in either direction, is a warning; late sleep is a note.
    #[test]
    fn speed_and_sleep_are_judged() {
        let mut examination = of(&[]);
        let mut speed = |variation_percent, drift_percent| {
            let (values, step_ns_p50) = (100, 1.0);
            examination.measured.steadiness =
                Some(Steadiness { values, step_ns_p50, variation_percent, drift_percent });
            found(&examination, "steadiness").severity
        };
        assert_eq!(speed(0.2, 0.1), Severity::Ok);
        assert_eq!(speed(2.0, 0.1), Severity::Warning);
        assert_eq!(speed(0.2, -3.0), Severity::Warning);
        let mut sleep = |late_us_p50| {
            let (sleeps, late_us_p80, late_us_max) = (50, 200.0, 300.0);
            examination.measured.wakeup =
                Some(Wakeup { sleeps, late_us_p50, late_us_p80, late_us_max });
            found(&examination, "wake-up").severity
        };
        assert_eq!((sleep(60.0), sleep(150.0)), (Severity::Ok, Severity::Note));
    }
}
