//! What the kernel counts itself: switches, migrations and page faults, from the files that it
//! keeps of each thread.

use std::{fs, path::Path};

use super::Event;
use crate::host::field;

/// Counts since some moment in the past. `None` where the system does not say.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct SoftwareTotals {
    /// Times that the core was given up, or lost.
    pub context_switches: Option<u64>,
    /// Times that the core was another than before.
    pub migrations: Option<u64>,
    /// Page faults that needed no input or output.
    pub minor_faults: Option<u64>,
    /// Page faults that waited for input or output.
    pub major_faults: Option<u64>,
}

impl SoftwareTotals {
    /// Those of all threads of this process that live now.
    #[must_use]
    pub fn of_process() -> Self {
        let tasks = fs::read_dir("/proc/self/task").into_iter().flatten().flatten();
        let each = tasks.map(|task| Self::of_task(&task.path()));
        each.reduce(|one, other| one.combine(other, u64::saturating_add)).unwrap_or_default()
    }

    /// Those of this thread, as its files have them.
    pub(super) fn of_thread_files() -> Self {
        Self::of_task(Path::new("/proc/thread-self"))
    }

    fn of_task(folder: &Path) -> Self {
        let text = |name: &str| fs::read_to_string(folder.join(name)).unwrap_or_default();
        Self::parse(&text("status"), &text("sched"), &text("stat"))
    }

    fn parse(status: &str, sched: &str, stat: &str) -> Self {
        let number = |text: Option<&str>| text?.parse::<u64>().ok();
        let switches = |kind: &str| number(field(status, &format!("{kind}_ctxt_switches")));
        // The second field is a name in parentheses, which may hold anything.
        let behind_name = stat.rsplit_once(')').map_or("", |(_, rest)| rest);
        let fault = |place| number(behind_name.split_whitespace().nth(place));
        Self {
            context_switches: switches("voluntary")
                .zip(switches("nonvoluntary"))
                .map(|(a, b)| a + b),
            migrations: number(field(sched, "se.nr_migrations")),
            minor_faults: fault(7),
            major_faults: fault(9),
        }
    }

    /// What has happened since `start`.
    #[must_use]
    pub fn since(self, start: &Self) -> Self {
        self.combine(*start, u64::saturating_sub)
    }

    fn combine(self, other: Self, by: fn(u64, u64) -> u64) -> Self {
        let both = |one: Option<u64>, other: Option<u64>| Some(by(one?, other?));
        Self {
            context_switches: both(self.context_switches, other.context_switches),
            migrations: both(self.migrations, other.migrations),
            minor_faults: both(self.minor_faults, other.minor_faults),
            major_faults: both(self.major_faults, other.major_faults),
        }
    }
}

#[cfg(target_os = "linux")]
impl SoftwareTotals {
    /// Where the count of an event stands. `None` for hardware.
    pub(super) fn place(&mut self, event: Event) -> Option<&mut Option<u64>> {
        match event {
            Event::ContextSwitches => Some(&mut self.context_switches),
            Event::Migrations => Some(&mut self.migrations),
            Event::MinorFaults => Some(&mut self.minor_faults),
            Event::MajorFaults => Some(&mut self.major_faults),
            _ => None,
        }
    }

    pub(super) fn is_complete(&self) -> bool {
        let all = [self.context_switches, self.migrations, self.minor_faults, self.major_faults];
        all.iter().all(Option::is_some)
    }

    /// Fills what is missing. Of each event one source has all counts, so differences hold.
    pub(super) fn or(self, other: Self) -> Self {
        Self {
            context_switches: self.context_switches.or(other.context_switches),
            migrations: self.migrations.or(other.migrations),
            minor_faults: self.minor_faults.or(other.minor_faults),
            major_faults: self.major_faults.or(other.major_faults),
        }
    }
}

/// Whether the thread's files have a count of the event.
pub(super) fn is_in_proc(event: Event) -> bool {
    let totals = SoftwareTotals::of_thread_files();
    match event {
        Event::ContextSwitches => totals.context_switches.is_some(),
        Event::Migrations => totals.migrations.is_some(),
        Event::MinorFaults => totals.minor_faults.is_some(),
        Event::MajorFaults => totals.major_faults.is_some(),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const STATUS: &str = "Name:\tx\nvoluntary_ctxt_switches:\t3\nnonvoluntary_ctxt_switches:\t4\n";
    const STAT: &str = "12 (a) b) c) R 1 1 1 0 -1 64 101 0 7 0 5 6 0 0 20 0 1 0";

    /// Counts stand at their places, behind a name that looks like fields.
    #[test]
    fn files_of_a_thread_are_read() {
        let sched = "se.nr_migrations                             :                    9\n";
        let totals = SoftwareTotals::parse(STATUS, sched, STAT);
        assert_eq!((totals.context_switches, totals.migrations), (Some(7), Some(9)));
        assert_eq!((totals.minor_faults, totals.major_faults), (Some(101), Some(7)));
    }

    /// What a file does not have is absent, alone and in a difference; the rest is subtracted.
    #[test]
    fn absent_counts_stay_absent() {
        let before = SoftwareTotals::parse(STATUS, "", STAT);
        assert_eq!(SoftwareTotals::parse("", "", ""), SoftwareTotals::default());
        let after = SoftwareTotals { minor_faults: Some(111), migrations: Some(1), ..before };
        let since = after.since(&before);
        assert_eq!((since.minor_faults, since.migrations), (Some(10), None));
        assert_eq!(since.context_switches, Some(0));
    }
}
