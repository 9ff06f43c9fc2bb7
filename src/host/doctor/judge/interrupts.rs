//! Interrupts on the measuring core.

use super::Examination;
use crate::host::doctor::{
    finding::{Finding, Severity, Subject},
    measure::watch::Watched,
};

/// Interrupts a second that a core without other work gets from its regular tick: 1,000 at most.
const PER_SECOND_MAX: f64 = 1_100.0;
/// Lines that are named.
const NAMED: usize = 3;

pub(super) fn findings(examination: &Examination) -> Vec<Finding> {
    vec![lines(examination), rate(examination)]
}

fn lines(examination: &Examination) -> Finding {
    let (subject, code, ours) = (Subject::Interrupts, "irq-lines", examination.core);
    let Some(lines) = &examination.facts.interrupts.on_core else {
        return Finding::unknown(subject, code, "the system does not tell where lines are sent");
    };
    if lines.is_empty() {
        return Finding::ok(subject, code, format!("no device sends its own to core {ours}"));
    }
    let named: Vec<String> = lines
        .iter()
        .take(NAMED)
        .map(|line| match &line.name {
            Some(name) => format!("{} ({name})", line.irq),
            None => line.irq.to_string(),
        })
        .collect();
    let more = lines.len() - named.len();
    let more = if more > 0 { format!(" and {more} more") } else { String::new() };
    let text = format!("sent to core {ours}: {}{more}", named.join(", "));
    Finding::note(subject, code, text).advice("move them away: nanogate doctor --fix")
}

fn rate(examination: &Examination) -> Finding {
    let (subject, code, ours) = (Subject::Interrupts, "irq-rate", examination.core);
    let watched = examination.measured.watched.as_ref();
    let Some((watched, per_second)) =
        watched.and_then(|watched| Some((watched, watched.interrupts_per_second()?)))
    else {
        return Finding::unknown(subject, code, "the system does not count them for this core");
    };
    let severity = if per_second > PER_SECOND_MAX { Severity::Warning } else { Severity::Ok };
    let text = format!("core {ours} over {:.1} s{}", watched.seconds, most(watched));
    let finding = Finding::new(severity, subject, code, text)
        .effect("interrupts a second", per_second, "1/s")
        .effect_of("time lost in gaps", examination.lost_percent(), "%");
    if severity == Severity::Ok {
        finding
    } else {
        finding.advice("stop what causes them, or isolate the core")
    }
}

/// The lines that most came from.
fn most(watched: &Watched) -> String {
    let named: Vec<String> = watched
        .interrupts
        .iter()
        .flatten()
        .take(NAMED)
        .map(|arrivals| {
            let name = arrivals.name.as_deref().unwrap_or(&arrivals.line);
            format!("{} {name}", arrivals.count)
        })
        .collect();
    if named.is_empty() { ": none".into() } else { format!(": {}", named.join(", ")) }
}

#[cfg(test)]
mod tests {
    use super::super::sample::{found, of};
    use super::*;
    use crate::host::doctor::facts::interrupts::Arrivals;

    /// Lines on the measuring core are named; lines elsewhere are none.
    #[test]
    fn lines_on_the_core_are_named() {
        let lines = |cores| {
            let file = ("/proc/irq/24/effective_affinity_list", cores);
            let table = ("/proc/interrupts", "CPU0 CPU1\n24: 1 2 edge disk\n");
            found(&of(&[file, table]), "irq-lines")
        };
        assert_eq!(lines("0").severity, Severity::Ok);
        assert_eq!(lines("1").severity, Severity::Note);
        assert_eq!(lines("1").found, "sent to core 1: 24 (disk)");
    }

    /// A core that gets more than its tick is warned of, with the lines that most came from.
    #[test]
    fn rates_are_judged() {
        let mut examination = of(&[]);
        let mut judged = |count| {
            let line = Arrivals { line: "LOC".into(), name: Some("Local timer".into()), count };
            examination.measured.watched = Some(Watched {
                seconds: 2.0,
                interrupts: Some(vec![line]),
                steal_ms: None,
                steal_percent_since_boot: None,
                throttled_count: None,
            });
            found(&examination, "irq-rate")
        };
        assert_eq!(judged(2_000).severity, Severity::Ok);
        let many = judged(2_400);
        assert_eq!((many.severity, many.effects[0].value), (Severity::Warning, 1_200.0));
        assert!(many.found.contains("2400 Local timer"), "{}", many.found);
    }
}
