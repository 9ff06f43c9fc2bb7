//! Performance counters of the measuring thread: what the kernel gives of them, and why not more.
//!
//! Hardware events are opened in groups that the processor can count at once, and each group
//! counts by itself: the work is done once for each. A group that the kernel took turns with
//! all the same is dropped from the result, and said so. Counting is a pass of its own, and never
//! goes on while something is timed.

#[cfg(target_os = "linux")]
mod linux;
#[cfg(not(target_os = "linux"))]
mod other;
mod reason;
mod software;

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

#[cfg(target_os = "linux")]
use linux as platform;
#[cfg(not(target_os = "linux"))]
use other as platform;
pub use reason::Unavailable;
pub use software::SoftwareTotals;

/// What is counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Event {
    /// Instructions that were not undone.
    Instructions,
    /// Clock cycles of the core.
    Cycles,
    /// Branches.
    Branches,
    /// Branches that went another way than the processor had guessed.
    BranchMisses,
    /// Loads that missed the first data cache.
    L1dMisses,
    /// Loads that missed the last cache.
    LlcMisses,
    /// Times that the thread gave up the core, or lost it.
    ContextSwitches,
    /// Times that the thread changed cores.
    Migrations,
    /// Page faults that needed no input or output.
    MinorFaults,
    /// Page faults that waited for input or output.
    MajorFaults,
}

impl Event {
    /// Every event, hardware first.
    pub const ALL: [Self; 10] = [
        Self::Instructions,
        Self::Cycles,
        Self::Branches,
        Self::BranchMisses,
        Self::L1dMisses,
        Self::LlcMisses,
        Self::ContextSwitches,
        Self::Migrations,
        Self::MinorFaults,
        Self::MajorFaults,
    ];

    /// The name used in JSON, metrics and tables.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Instructions => "instructions",
            Self::Cycles => "cycles",
            Self::Branches => "branches",
            Self::BranchMisses => "branch_misses",
            Self::L1dMisses => "l1d_misses",
            Self::LlcMisses => "llc_misses",
            Self::ContextSwitches => "context_switches",
            Self::Migrations => "migrations",
            Self::MinorFaults => "minor_faults",
            Self::MajorFaults => "major_faults",
        }
    }

    /// Whether the processor counts it, and not the kernel.
    #[must_use]
    pub const fn is_hardware(self) -> bool {
        !matches!(
            self,
            Self::ContextSwitches | Self::Migrations | Self::MinorFaults | Self::MajorFaults
        )
    }

    /// Whether no work at all can leave it at zero.
    const fn always_happens(self) -> bool {
        matches!(self, Self::Instructions | Self::Cycles | Self::Branches)
    }
}

/// Events that are counted at once. Processors have four counters and more for each thread; of
/// two events whose quotient is shown, both are in one group.
const GROUPS: [&[Event]; 2] = [
    &[Event::Instructions, Event::Cycles, Event::Branches, Event::BranchMisses],
    &[Event::L1dMisses, Event::LlcMisses],
];

/// Who counts an event.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum CountedBy {
    /// The performance counters of the kernel.
    PerfEvent,
    /// The books that the kernel keeps of every thread.
    Proc,
}

/// Whether an event is counted, by whom, or why not. Stored with every run.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct EventStatus {
    /// The event.
    pub event: Event,
    /// Whether it is counted.
    pub available: bool,
    /// Who counts it. Absent where nobody does.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub counted_by: Option<CountedBy>,
    /// Median count of a pass that does nothing: what counting itself costs. It is in n and in 2n
    /// repetitions alike, and cancels. Absent for software.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub overhead: Option<f64>,
    /// Why it is not counted, or not by the performance counters.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// What would help.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub remedy: Option<String>,
}

/// What one pass counted.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// How often each event happened.
    pub counts: BTreeMap<Event, u64>,
    /// Events that were not counted all the time: the kernel took turns with others.
    pub multiplexed: Vec<Event>,
}

/// The counters of the thread that opened them.
#[derive(Debug)]
pub struct Counters {
    groups: Vec<platform::Group>,
    software: platform::Software,
    refused: BTreeMap<Event, Unavailable>,
    overhead: BTreeMap<Event, f64>,
}

/// Empty passes whose median is the overhead.
const EMPTY_PASSES: usize = 101;

/// Turns of the loop that shows whether a counter counts.
const PROOF_TURNS: u64 = 10_000;

impl Counters {
    /// Opens all that the kernel gives to this thread, proves that it counts, and measures what
    /// counting costs. Takes some milliseconds. Never fails: what is refused has its reason.
    #[must_use]
    pub fn open() -> Self {
        let mut refused = BTreeMap::new();
        let groups = platform::open_groups(&GROUPS, &mut refused);
        let software = platform::Software::open(&mut refused);
        let mut counters = Self { groups, software, refused, overhead: BTreeMap::new() };
        counters.prove();
        counters.measure_overhead();
        counters
    }

    /// Whether any hardware event is counted.
    #[must_use]
    pub fn has_hardware(&self) -> bool {
        !self.groups.is_empty()
    }

    /// How often [`Counters::count`] does the work: once for each group.
    #[must_use]
    pub fn passes(&self) -> usize {
        self.groups.len()
    }

    /// Counts what `work` makes happen in user mode on this thread, and does it once for each
    /// group. Raw counts: overhead is in them.
    pub fn count<E>(&mut self, mut work: impl FnMut() -> Result<(), E>) -> Result<Counts, E> {
        let mut all = Counts::default();
        for group in &mut self.groups {
            let (outcome, spans) = group.count(&mut work);
            outcome?;
            all.add(group.events(), &spans);
        }
        Ok(all)
    }

    /// What the kernel has counted of this thread since some moment: only differences mean
    /// anything.
    pub fn software(&mut self) -> SoftwareTotals {
        self.software.totals()
    }

    /// Whether each event is counted, and why not.
    #[must_use]
    pub fn statuses(&self) -> Vec<EventStatus> {
        Event::ALL.into_iter().map(|event| self.status(event)).collect()
    }

    fn status(&self, event: Event) -> EventStatus {
        let refused = self.refused.get(&event);
        let counted_by = match refused {
            None => Some(CountedBy::PerfEvent),
            Some(_) if !event.is_hardware() && software::is_in_proc(event) => Some(CountedBy::Proc),
            Some(_) => None,
        };
        EventStatus {
            event,
            available: counted_by.is_some(),
            counted_by,
            overhead: self.overhead.get(&event).copied(),
            reason: refused.map(|refused| refused.reason.clone()),
            remedy: refused.and_then(|refused| refused.remedy.clone()),
        }
    }

    /// Drops groups that open and then do not count: some hypervisors imitate counters that stand
    /// still.
    fn prove(&mut self) {
        let mut proven = Vec::new();
        for mut group in std::mem::take(&mut self.groups) {
            let (_, spans) = group.count(&mut || {
                for turn in 0..PROOF_TURNS {
                    std::hint::black_box(turn);
                }
                Ok::<(), std::convert::Infallible>(())
            });
            let standing = reason::standing(group.events(), &spans);
            if standing.is_empty() {
                proven.push(group);
            }
            self.refused.extend(standing);
        }
        self.groups = proven;
    }

    fn measure_overhead(&mut self) {
        let mut empty: BTreeMap<Event, Vec<f64>> = BTreeMap::new();
        for _ in 0..EMPTY_PASSES {
            let Ok(counts) = self.count(|| Ok::<(), std::convert::Infallible>(()));
            for (event, count) in counts.counts {
                empty.entry(event).or_default().push(count as f64);
            }
        }
        for (event, mut counts) in empty {
            counts.sort_by(f64::total_cmp);
            self.overhead.insert(event, crate::stats::quantile(&counts, 0.5));
        }
    }
}

impl Counts {
    /// Takes the spans of a group: of all its events, or of none where one was not counted all
    /// the time.
    fn add(&mut self, events: &[Event], spans: &[Span]) {
        if spans.len() == events.len() && spans.iter().all(Span::is_whole) {
            self.counts.extend(events.iter().zip(spans).map(|(&event, span)| (event, span.count)));
        } else {
            self.multiplexed.extend_from_slice(events);
        }
    }
}

/// What one counter counted, and for how long.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(not(target_os = "linux"), allow(dead_code, reason = "nothing is counted there"))]
struct Span {
    count: u64,
    enabled_ns: u64,
    running_ns: u64,
}

impl Span {
    /// Whether the counter ran all the time that it was to run.
    const fn is_whole(&self) -> bool {
        self.running_ns > 0 && self.running_ns == self.enabled_ns
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const fn span(count: u64, enabled_ns: u64, running_ns: u64) -> Span {
        Span { count, enabled_ns, running_ns }
    }

    /// A group of which one event took turns is dropped as a whole, and named; so is one that
    /// never ran, and one that could not be read.
    #[test]
    fn multiplexed_groups_are_dropped() {
        let events = [Event::Instructions, Event::Cycles];
        let mut counts = Counts::default();
        counts.add(&events, &[span(10, 100, 100), span(20, 100, 99)]);
        assert_eq!((counts.counts.len(), counts.multiplexed.as_slice()), (0, events.as_slice()));
        counts.add(&events, &[span(10, 0, 0), span(20, 0, 0)]);
        counts.add(&events, &[]);
        assert_eq!((counts.counts.len(), counts.multiplexed.len()), (0, 6));
        counts.add(&events, &[span(10, 100, 100), span(20, 100, 100)]);
        let whole = BTreeMap::from([(Event::Instructions, 10), (Event::Cycles, 20)]);
        assert_eq!((counts.counts, counts.multiplexed.len()), (whole, 6));
    }

    /// Every event has one status: counted, or not with a reason. This holds with counters and
    /// without.
    #[test]
    fn every_event_has_a_status() {
        let counters = Counters::open();
        let statuses = counters.statuses();
        assert_eq!(statuses.len(), Event::ALL.len());
        for status in &statuses {
            assert_eq!(status.available, status.counted_by.is_some(), "{status:?}");
            assert!(status.available || status.reason.is_some(), "{status:?}");
            assert!(!status.event.is_hardware() || status.available == status.overhead.is_some());
        }
        assert_eq!(counters.has_hardware(), statuses[..6].iter().any(|one| one.available));
    }

    /// The work is done once for each group, what is counted is what the statuses promise, and a
    /// longer loop has more instructions. A failure of the work comes back.
    #[test]
    fn counting_does_the_work_once_for_each_group() {
        let mut counters = Counters::open();
        let mut done = 0;
        let mut of_turns = |turns: u64| {
            let work = || {
                done += 1;
                for turn in 0..turns {
                    std::hint::black_box(turn);
                }
                Ok::<(), ()>(())
            };
            counters.count(work).unwrap()
        };
        let (short, long) = (of_turns(1_000), of_turns(100_000));
        assert_eq!(done, 2 * counters.passes());
        for event in [Event::Instructions, Event::Cycles, Event::Branches] {
            if let (Some(short), Some(long)) = (short.counts.get(&event), long.counts.get(&event)) {
                assert!(long > short, "{}: {short}, {long}", event.name());
            }
        }
        assert_eq!(counters.count(|| Err::<(), u8>(7)).is_err(), counters.passes() > 0);
    }

    /// More than an allocator keeps of what other tests gave back to it, whose pages are not new.
    #[cfg(target_os = "linux")]
    pub(super) fn touch_new_pages() {
        drop(std::hint::black_box(vec![1u8; 96 << 20]));
    }

    /// The kernel's counts of this thread grow with what it does: new pages fault.
    #[cfg(target_os = "linux")]
    #[test]
    fn page_faults_are_counted() {
        let mut counters = Counters::open();
        let before = counters.software();
        touch_new_pages();
        let counted = counters.software().since(&before);
        assert!(counted.minor_faults.unwrap() > 0, "{counted:?}");
        assert!(counted.context_switches.is_some(), "{counted:?}");
    }
}
