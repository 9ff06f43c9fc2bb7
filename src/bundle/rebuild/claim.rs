//! Readings that no entry of the record claims: whoever leaves an entry out leaves these.

use super::Evidence;
use crate::{
    bundle::readings::{Contest, Line, Place, Purpose, Role},
    measure::Method,
    report::record::{Entry, RunRecord, Status},
};

/// What was measured and is not in the record, in words. Of a run that did not come to its end
/// nothing is said: it may have measured what it had no time to write.
#[must_use]
pub fn unclaimed(record: &RunRecord, evidence: &Evidence) -> Vec<String> {
    if !matches!(record.status, Status::Complete | Status::Incomplete) {
        return Vec::new();
    }
    let mut found = Vec::new();
    for (&number, lines) in evidence {
        for (method, place) in lines.iter().flat_map(places) {
            if !record.entries.iter().any(|entry| is_claimed(entry, method, &place, number)) {
                let Place { backend, batch_len, home, threads, .. } = place;
                let method = method.name();
                found.push(format!(
                    "{backend} {method} x {batch_len} in {home}, {threads} threads, launch {number}"
                ));
            }
        }
    }
    found
}

/// What an entry ought to be there for.
fn places(line: &Line) -> Vec<(Method, Place)> {
    match line {
        Line::Contest(contest) => of_contest(contest),
        Line::Latency(own) => vec![(Method::Latency, own.place.clone())],
        Line::Load(own) => vec![(Method::Load, own.place.clone())],
        Line::Stages(own) => vec![(Method::Stages, own.place.clone())],
        Line::Resident(own) => vec![(Method::Resident, own.place.clone())],
        Line::Cycles(own) => vec![(Method::Cycles, own.place.clone())],
        Line::Launch(_) | Line::Empty(_) | Line::Repeats(_) | Line::Attempt(_) => Vec::new(),
    }
}

fn of_contest(contest: &Contest) -> Vec<(Method, Place)> {
    let method = match contest.purpose {
        Purpose::Throughput => Method::Throughput,
        Purpose::Stream => Method::Stream,
        Purpose::FirstCache | Purpose::BreakEven(_) => return Vec::new(),
    };
    let contenders = contest.contestants.iter().filter(|one| one.role == Role::Contender);
    let place = |backend: &String, threads| Place {
        backend: backend.clone(),
        // A contest does not say so, and an entry is found without.
        software: false,
        op: contest.op,
        batch_len: contest.batch_len,
        threads,
        home: contest.home.clone(),
    };
    contenders.map(|one| (method, place(&one.backend, one.threads))).collect()
}

fn is_claimed(entry: &Entry, method: Method, place: &Place, number: u32) -> bool {
    let launches = &entry.launches;
    let is_of_launch = launches.is_empty() || launches.iter().any(|one| one.number == number);
    let own = Place::of(entry);
    entry.method == method
        && is_of_launch
        && Place { software: own.software, ..place.clone() } == own
}
