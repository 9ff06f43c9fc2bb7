//! The kernel's performance counters.

use std::{collections::BTreeMap, io};

use perf_event::{
    Builder, Counter,
    events::{self, CacheOp, CacheResult, WhichCache},
};

use super::{
    Event, SoftwareTotals, Span, Unavailable,
    reason::{Surroundings, explain},
};

/// Events that are counted at once.
#[derive(Debug)]
pub(super) struct Group {
    leader: perf_event::Group,
    events: Vec<Event>,
    counters: Vec<Counter>,
}

type Refused = BTreeMap<Event, Unavailable>;

/// Opens each set of events as a group. An event that is refused is left out with its reason.
pub(super) fn open_groups(sets: &[&[Event]], refused: &mut Refused) -> Vec<Group> {
    let around = Surroundings::read();
    let mut groups = Vec::new();
    for set in sets {
        let events: Vec<Event> = set
            .iter()
            .copied()
            .filter(|&event| match hardware(event).build() {
                Ok(_) => true,
                Err(error) => {
                    refused.insert(event, explain(event, errno(&error), &around));
                    false
                }
            })
            .collect();
        groups.extend(Group::open_all(&events, &around, refused));
    }
    groups
}

fn errno(error: &io::Error) -> i32 {
    error.raw_os_error().unwrap_or_default()
}

/// Counts in user mode only: what the kernel and the hypervisor do is not the backend's.
fn hardware(event: Event) -> Builder<'static> {
    let misses =
        |which| events::Cache { which, operation: CacheOp::READ, result: CacheResult::MISS };
    let kind: events::Event = match event {
        Event::Cycles => events::Hardware::CPU_CYCLES.into(),
        Event::Branches => events::Hardware::BRANCH_INSTRUCTIONS.into(),
        Event::BranchMisses => events::Hardware::BRANCH_MISSES.into(),
        Event::L1dMisses => misses(WhichCache::L1D).into(),
        Event::LlcMisses => misses(WhichCache::LL).into(),
        _ => events::Hardware::INSTRUCTIONS.into(),
    };
    Builder::new().kind(kind)
}

fn in_group<'g>(builder: Builder<'g>, leader: &'g mut perf_event::Group) -> io::Result<Counter> {
    builder.group(leader).build()
}

impl Group {
    /// One group, or as many as it takes: what opens alone need not fit together.
    fn open_all(events: &[Event], around: &Surroundings, refused: &mut Refused) -> Vec<Self> {
        if events.is_empty() {
            return Vec::new();
        }
        match Self::open(events) {
            Ok(group) => vec![group],
            Err(error) if events.len() == 1 => {
                refused.insert(events[0], explain(events[0], errno(&error), around));
                Vec::new()
            }
            Err(_) => {
                let (first, second) = events.split_at(events.len() / 2);
                let mut groups = Self::open_all(first, around, refused);
                groups.extend(Self::open_all(second, around, refused));
                groups
            }
        }
    }

    fn open(events: &[Event]) -> io::Result<Self> {
        Self::open_as(events, hardware)
    }

    fn open_as(events: &[Event], as_kind: fn(Event) -> Builder<'static>) -> io::Result<Self> {
        let mut leader = perf_event::Group::new()?;
        let open = |&event: &Event| in_group(as_kind(event), &mut leader);
        let counters = events.iter().map(open).collect::<io::Result<Vec<_>>>()?;
        Ok(Self { leader, events: events.to_vec(), counters })
    }

    pub(super) fn events(&self) -> &[Event] {
        &self.events
    }

    /// Does the work while the group counts. No spans where the kernel would not say.
    pub(super) fn count<E>(
        &mut self,
        work: &mut impl FnMut() -> Result<(), E>,
    ) -> (Result<(), E>, Vec<Span>) {
        let Some(before) = self.read() else { return (work(), Vec::new()) };
        let enabled = self.leader.enable();
        let outcome = work();
        let disabled = self.leader.disable();
        let after = self.read().filter(|_| enabled.is_ok() && disabled.is_ok());
        let between = |after: Vec<Span>| {
            before.iter().zip(after).map(|(before, after)| after.since(before)).collect()
        };
        (outcome, after.map(between).unwrap_or_default())
    }

    fn read(&mut self) -> Option<Vec<Span>> {
        self.counters.iter_mut().map(read).collect()
    }
}

fn read(counter: &mut Counter) -> Option<Span> {
    let read = counter.read_count_and_time().ok()?;
    Some(Span { count: read.count, enabled_ns: read.time_enabled, running_ns: read.time_running })
}

impl Span {
    const fn since(self, before: &Self) -> Self {
        Self {
            count: self.count.wrapping_sub(before.count),
            enabled_ns: self.enabled_ns.wrapping_sub(before.enabled_ns),
            running_ns: self.running_ns.wrapping_sub(before.running_ns),
        }
    }
}

/// What the kernel counts of this thread in software, all the time from here on: a count costs
/// something only when what it counts happens.
#[derive(Debug)]
pub(super) struct Software {
    counters: Vec<(Event, Counter)>,
}

impl Software {
    pub(super) fn open(refused: &mut Refused) -> Self {
        let around = Surroundings::read();
        let mut counters = Vec::new();
        for (event, kind) in [
            (Event::ContextSwitches, events::Software::CONTEXT_SWITCHES),
            (Event::Migrations, events::Software::CPU_MIGRATIONS),
            (Event::MinorFaults, events::Software::PAGE_FAULTS_MIN),
            (Event::MajorFaults, events::Software::PAGE_FAULTS_MAJ),
        ] {
            // All of them happen in the kernel.
            let mut builder = Builder::new().kind(kind);
            builder.include_kernel().include_hv();
            let opened = builder.build().and_then(|mut counter| {
                counter.enable()?;
                Ok(counter)
            });
            match opened {
                Ok(counter) => counters.push((event, counter)),
                Err(error) => {
                    refused.insert(event, explain(event, errno(&error), &around));
                }
            }
        }
        Self { counters }
    }

    /// By the counters; what they do not have, by the thread's files.
    pub(super) fn totals(&mut self) -> SoftwareTotals {
        let mut totals = SoftwareTotals::default();
        for (event, counter) in &mut self.counters {
            if let Some(place) = totals.place(*event) {
                *place = counter.read().ok();
            }
        }
        if totals.is_complete() { totals } else { totals.or(SoftwareTotals::of_thread_files()) }
    }
}

#[cfg(test)]
mod tests {
    use super::{super::tests::touch_new_pages, *};

    /// Page faults in the place of hardware events: every machine that has performance counters
    /// counts them.
    fn faults(event: Event) -> Builder<'static> {
        Builder::new().kind(match event {
            Event::Cycles => events::Software::PAGE_FAULTS_MIN,
            _ => events::Software::PAGE_FAULTS,
        })
    }

    /// A group counts what its work does and nothing of what came before or lies between; it runs
    /// all the time, and a failure of the work comes back. Nothing to show where the kernel gives
    /// no counters.
    #[test]
    fn groups_count_their_work_only() {
        let events = [Event::Instructions, Event::Cycles];
        let Ok(mut group) = Group::open_as(&events, faults) else { return };
        let mut counted = |work: fn()| {
            let (outcome, spans) = group.count(&mut || {
                work();
                Ok::<(), ()>(())
            });
            assert_eq!((outcome, spans.len()), (Ok(()), 2));
            assert!(spans.iter().all(Span::is_whole), "{spans:?}");
            spans[0].count
        };
        let some = counted(touch_new_pages);
        assert!(some > 0, "no page fault was counted");
        touch_new_pages();
        let none = counted(|| ());
        assert!(none < some, "{none} of nothing, {some} of new pages");
        assert!(counted(touch_new_pages) > none);
        let (failed, _) = group.count(&mut || Err::<(), u8>(7));
        assert_eq!(failed, Err(7));
    }

    /// A group that the kernel refuses is split until what is left opens alone or has a reason.
    #[test]
    fn refused_events_have_reasons() {
        let mut refused = Refused::new();
        let all: Vec<Event> = Event::ALL.into_iter().filter(|event| event.is_hardware()).collect();
        let groups = Group::open_all(&all, &Surroundings::read(), &mut refused);
        let opened = groups.iter().map(|group| group.events().len()).sum::<usize>();
        assert_eq!(opened + refused.len(), all.len());
        assert!(refused.values().all(|one| !one.reason.is_empty()));
    }
}
