//! What each launch measured, and what of it a record was held against.
//!
//! A figure claims the readings that it follows from. Readings can be claimed once: whatever is in
//! a record twice finds them taken, and what it leaves out stays unclaimed.

use std::{
    cell::RefCell,
    collections::{BTreeMap, BTreeSet},
};

use super::Unfounded;
use crate::{
    bundle::readings::{Contest, DeviceBounds, Line, Place, Purpose, Role},
    measure::Method,
    op::Op,
    report::record::{RunRecord, Status},
};

/// The measurements of all launches.
#[derive(Debug, Default)]
pub struct Evidence(BTreeMap<u32, Launch>);

/// Those of one.
#[derive(Debug, Default)]
struct Launch {
    lines: Vec<Line>,
    /// What was claimed, by index of the line and of what is measured in it.
    claimed: RefCell<BTreeSet<(usize, usize)>>,
}

/// The lines of one launch.
#[derive(Clone, Copy, Debug)]
pub(super) struct Lines<'e> {
    /// The launch.
    pub(super) number: u32,
    launch: Option<&'e Launch>,
}

impl Evidence {
    /// Adds what launch `number` measured.
    pub fn insert(&mut self, number: u32, lines: Vec<Line>) {
        self.0.insert(number, Launch { lines, claimed: RefCell::default() });
    }

    /// The launches of which there is anything.
    #[must_use]
    pub fn numbers(&self) -> impl DoubleEndedIterator<Item = u32> {
        self.0.keys().copied()
    }

    /// What launch `number` measured.
    pub(super) fn of(&self, number: u32) -> Lines<'_> {
        Lines { number, launch: self.0.get(&number) }
    }

    /// How each launch ended, as it put down itself.
    pub(super) fn ends(&self) -> impl Iterator<Item = Option<Status>> {
        let end = |launch: &Launch| match launch.lines.last() {
            Some(Line::End(end)) => Some(end.status),
            _ => None,
        };
        self.0.values().map(end)
    }

    /// What was measured and is not in the record, in words. To be asked when all of the record
    /// has claimed its own. Of a run that did not come to its end nothing is said: it may have
    /// measured what it had no time to write.
    #[must_use]
    pub fn unclaimed(&self, record: &RunRecord) -> Vec<String> {
        if !is_over(record) {
            return Vec::new();
        }
        let mut found = Vec::new();
        for (number, launch) in &self.0 {
            let claimed = launch.claimed.borrow();
            for (index, line) in launch.lines.iter().enumerate() {
                let parts = parts(line, *number).into_iter();
                let others = parts.filter(|(part, _)| !claimed.contains(&(index, *part)));
                let others = others.filter(|_| !is_given_up(line, record));
                found.extend(others.map(|(_, what)| format!("{what}, launch {number}")));
            }
        }
        found
    }
}

/// Whether a run came to its end, so that all that was measured is in its record.
pub(super) fn is_over(record: &RunRecord) -> bool {
    matches!(record.status, Status::Complete | Status::Incomplete)
}

/// A search for a break-even that ended with its device.
fn is_given_up(line: &Line, record: &RunRecord) -> bool {
    let Line::Contest(Contest { purpose: Purpose::BreakEven(_), contestants, .. }) = line else {
        return false;
    };
    let has_failed = |id: &str| record.skipped.iter().any(|one| one.backend == id);
    record.status == Status::Incomplete && contestants.iter().any(|one| has_failed(&one.backend))
}

/// What of a line a record must claim, in words.
fn parts(line: &Line, number: u32) -> Vec<(usize, String)> {
    let one = |method: Method, place: &Place| vec![(0, said(method.name(), place))];
    match line {
        Line::Contest(contest) => of_contest(contest),
        Line::Latency(own) => one(Method::Latency, &own.place),
        Line::Load(own) => one(Method::Load, &own.place),
        Line::Attempt(own) => vec![(0, said("attempt at a knee", &own.place))],
        Line::Stages(own) => one(Method::Stages, &own.place),
        Line::Resident(own) => one(Method::Resident, &own.place),
        Line::Cycles(own) => one(Method::Cycles, &own.place),
        Line::Repeats(own) => {
            vec![(0, format!("repeated input of {} x {}", own.backend, own.batch_len))]
        }
        // Each launch reads nothing of nothing; the record has what the first found.
        Line::Empty(_) if number == 1 => vec![(0, "an empty operation".into())],
        Line::Empty(_) | Line::Launch(_) | Line::End(_) => Vec::new(),
    }
}

fn said(what: &str, Place { backend, batch_len, home, threads, .. }: &Place) -> String {
    format!("{backend} {what} x {batch_len} in {home}, {threads} threads")
}

fn of_contest(contest: &Contest) -> Vec<(usize, String)> {
    let Contest { batch_len, home, .. } = contest;
    let what = match contest.purpose {
        Purpose::Throughput => Method::Throughput.name(),
        Purpose::Stream => Method::Stream.name(),
        Purpose::BreakEven(mode) => {
            let who = contest.contestants.last().map_or("nothing", |one| one.backend.as_str());
            return vec![(0, format!("break-even of {who} x {batch_len}, {}", mode.name()))];
        }
        // A ceiling is no figure of its own.
        Purpose::FirstCache => return Vec::new(),
    };
    let all = contest.contestants.iter().enumerate();
    let contenders = all.filter(|(_, one)| one.role == Role::Contender);
    let said = contenders.map(|(index, one)| {
        let (backend, threads) = (&one.backend, one.threads);
        (index, format!("{backend} {what} x {batch_len} in {home}, {threads} threads"))
    });
    said.collect()
}

impl<'e> Lines<'e> {
    fn all(self) -> impl Iterator<Item = (usize, &'e Line)> {
        self.launch.map(|launch| launch.lines.as_slice()).unwrap_or_default().iter().enumerate()
    }

    /// The one line that `pick` takes, without claiming it.
    fn only<T>(
        self,
        pick: impl Fn(&'e Line) -> Option<T>,
    ) -> Result<Option<(usize, T)>, Unfounded> {
        let mut found =
            self.all().filter_map(|(index, line)| pick(line).map(|picked| (index, picked)));
        let first = found.next();
        if found.next().is_some() {
            return Err(Unfounded::Several(self.number));
        }
        Ok(first)
    }

    /// The one line that `pick` takes, which is claimed.
    pub(super) fn own<T>(
        self,
        pick: impl Fn(&'e Line) -> Option<T>,
    ) -> Result<Option<T>, Unfounded> {
        let Some((index, picked)) = self.only(pick)? else { return Ok(None) };
        self.claim(index, 0)?;
        Ok(Some(picked))
    }

    /// All lines that `pick` takes, which are claimed.
    pub(super) fn several<T>(
        self,
        pick: impl Fn(&'e Line) -> Option<T>,
    ) -> Result<Vec<T>, Unfounded> {
        let mut all = Vec::new();
        for (index, line) in self.all() {
            if let Some(picked) = pick(line) {
                self.claim(index, 0)?;
                all.push(picked);
            }
        }
        Ok(all)
    }

    /// The one contest of a purpose in which `find` finds a contestant. That one is claimed.
    pub(super) fn contest(
        self,
        purpose: Purpose,
        find: impl Fn(&Contest) -> Option<usize>,
    ) -> Result<Option<(&'e Contest, usize)>, Unfounded> {
        let found = self.only(|line| match line {
            Line::Contest(contest) if contest.purpose == purpose => {
                find(contest).map(|who| (contest, who))
            }
            _ => None,
        })?;
        let Some((index, (contest, who))) = found else { return Ok(None) };
        self.claim(index, who)?;
        Ok(Some((contest, who)))
    }

    /// The contests in the first cache by length. They are nobody's.
    pub(super) fn first_cache(self, op: Op, len_max: usize) -> Result<Vec<&'e Contest>, Unfounded> {
        let contest = |(_, line): (usize, &'e Line)| match line {
            Line::Contest(contest) if contest.purpose == Purpose::FirstCache => Some(contest),
            _ => None,
        };
        let contests = self.all().filter_map(contest).filter(|one| one.op == op);
        let mut all: Vec<&Contest> = contests.filter(|one| one.batch_len <= len_max).collect();
        all.sort_by_key(|one| one.batch_len);
        if all.windows(2).any(|pair| pair[0].batch_len == pair[1].batch_len) {
            return Err(Unfounded::Several(self.number));
        }
        Ok(all)
    }

    /// What bounded a device, wherever it was measured.
    pub(super) fn bounds(self, backend: &str) -> impl Iterator<Item = &'e DeviceBounds> {
        self.all().filter_map(move |(_, line)| match line {
            Line::Stages(own) if own.place.backend == backend => Some(&own.bounds),
            Line::Resident(own) if own.place.backend == backend => Some(&own.bounds),
            _ => None,
        })
    }

    fn claim(self, index: usize, part: usize) -> Result<(), Unfounded> {
        let is_new = self.launch.is_some_and(|one| one.claimed.borrow_mut().insert((index, part)));
        if is_new { Ok(()) } else { Err(Unfounded::Claimed(self.number)) }
    }
}
