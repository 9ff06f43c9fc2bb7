//! Performance counters in a run record.

use super::record::Entry;
use crate::{
    host::counters::{CountedBy, Event, EventStatus},
    measure::counts::Counted,
};

/// Instructions per cycle, in metrics.
pub const IPC: &str = "host/ipc/mean";

/// Id of how often an event happens per record.
#[must_use]
pub fn per_record(event: Event) -> String {
    format!("host/{}/per_record", event.name())
}

impl Entry {
    /// Takes what was counted. What the kernel did not count all the time is absent.
    pub fn put_events(&mut self, counted: &Counted) {
        for (&event, &each) in &counted.per_record {
            self.metrics.insert(per_record(event), each);
        }
        let each = |event| counted.per_record.get(&event).copied();
        if let (Some(instructions), Some(cycles)) = (each(Event::Instructions), each(Event::Cycles))
            && cycles > 0.0
        {
            self.metrics.insert(IPC.into(), instructions / cycles);
        }
        for &event in &counted.multiplexed {
            let reason = "the kernel took turns: others use the counters too";
            self.absent.insert(per_record(event), reason.into());
        }
    }
}

/// One line for tables: what the processor counts, or why it does not. `None` where nothing is
/// known of counters.
#[must_use]
pub fn line(statuses: &[EventStatus]) -> Option<String> {
    let hardware = || statuses.iter().filter(|one| one.event.is_hardware());
    let (counted, missing): (Vec<_>, Vec<_>) = hardware().partition(|one| one.available);
    let names = |all: &[&EventStatus]| {
        all.iter().map(|one| one.event.name()).collect::<Vec<_>>().join(", ")
    };
    let why = missing.first().map(|one| {
        let reason = one.reason.as_deref().unwrap_or("no reason given");
        let remedy = one.remedy.as_ref().map(|remedy| format!(" ({remedy})"));
        format!("{reason}{}", remedy.unwrap_or_default())
    });
    Some(match (counted.is_empty(), why) {
        (true, None) => return None,
        (true, Some(why)) => format!("none of the processor's: {why}{}", software(statuses)),
        (false, None) => format!("{}, per record in the record", names(&counted)),
        (false, Some(why)) => {
            format!("{}; not {}: {why}", names(&counted), names(&missing))
        }
    })
}

/// What there is all the same.
fn software(statuses: &[EventStatus]) -> &'static str {
    let by_kernel = |one: &EventStatus| !one.event.is_hardware() && one.counted_by.is_some();
    match statuses.iter().find(|one| by_kernel(one)).and_then(|one| one.counted_by) {
        Some(CountedBy::PerfEvent | CountedBy::Proc) => "; switches and faults are counted",
        None => "",
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        corpus::Corpus,
        host::schedule::Disturbance,
        measure::{Method, Stop, inputs::Pool},
        op::Op,
        report::record::Header,
    };

    /// Counts become metrics, their quotient is instructions per cycle, and what the kernel took
    /// turns with is absent with the reason.
    #[test]
    fn counts_become_metrics() {
        let records = Corpus::embedded().unwrap().records().into_iter().cycle();
        let pool = Pool::new(Op::Decide, records, 8).unwrap();
        let header = Header {
            backend: "mock",
            software: false,
            op: Op::Decide,
            threads: 1,
            footprint_home: "L1".into(),
            disturbance: Disturbance::default(),
        };
        let rotation = pool.rotation(4, 2, 0).unwrap();
        let mut entry = Entry::new(header, Method::Throughput, &rotation, Stop::Budget);
        entry.put_events(&Counted {
            per_record: [(Event::Instructions, 10.0), (Event::Cycles, 4.0)].into(),
            multiplexed: [Event::LlcMisses].into(),
            ..Counted::default()
        });
        assert_eq!(entry.metrics.get(IPC), Some(&2.5));
        assert_eq!(entry.metrics.get("host/instructions/per_record"), Some(&10.0));
        assert!(entry.absent["host/llc_misses/per_record"].contains("took turns"));
        assert_eq!((entry.metrics.len(), entry.absent.len()), (3, 1));
    }

    fn status(event: Event, reason: Option<&str>) -> EventStatus {
        EventStatus {
            event,
            available: reason.is_none(),
            counted_by: reason.is_none().then_some(CountedBy::PerfEvent),
            overhead: None,
            reason: reason.map(str::to_owned),
            remedy: reason.map(|_| "try X".to_owned()),
        }
    }

    /// The line names what is counted, and the reason and remedy of what is not.
    #[test]
    fn the_line_says_what_is_missing() {
        let (cycles, llc) = (Event::Cycles, Event::LlcMisses);
        let none = [status(cycles, Some("no PMU")), status(Event::MinorFaults, None)];
        let shown = line(&none).unwrap();
        assert!(shown.starts_with("none of the processor's: no PMU (try X); switches"), "{shown}");
        let all = line(&[status(cycles, None)]).unwrap();
        assert!(all.starts_with("cycles"), "{all}");
        let some = line(&[status(cycles, None), status(llc, Some("unknown"))]).unwrap();
        assert_eq!(some, "cycles; not llc_misses: unknown (try X)");
        assert_eq!(line(&[]), None);
    }
}
