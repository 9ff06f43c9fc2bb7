//! Which backend is fastest at each batch length.

use std::collections::BTreeMap;

use super::contest::Contest;
use crate::{
    export::{
        html::{
            places::{self, Realm, Warmth, Warmths},
            units::{count, figure, ranged, rate, records},
            words::{Answer, Line, Words},
        },
        measurement::Place,
    },
    measure::Method,
    report::record::{Entry, RunRecord},
};

/// One answer for inputs near the core, and one for inputs in memory.
pub(super) fn answers(record: &RunRecord) -> Vec<Answer> {
    let warmths = Warmths::new(record);
    Warmth::ALL.into_iter().filter_map(|warmth| answer(record, &warmths, warmth)).collect()
}

fn answer(record: &RunRecord, warmths: &Warmths, warmth: Warmth) -> Option<Answer> {
    let contests = contests(record, warmths, warmth);
    let mut lines: Vec<Line> = contests
        .iter()
        .map(|((batch_len, home), contest)| {
            let label = format!("{} in {home}", count(*batch_len as u64));
            sentence(contest).about(label)
        })
        .collect();
    let title = match warmth {
        Warmth::Hot => "Fastest, with its input near the core",
        Warmth::Cold => "Fastest, with its input in memory",
    };
    let lead = (!lines.is_empty()).then(|| lead(contests.values()));
    lines.extend(team(record, warmths, warmth));
    (!lines.is_empty()).then_some(Answer { title, lead, lines })
}

/// Backends beside one another at each batch length and place. Peers are not among them.
fn contests<'r>(
    record: &'r RunRecord,
    warmths: &Warmths,
    warmth: Warmth,
) -> BTreeMap<(usize, &'r str), Contest<'r>> {
    let mut groups: BTreeMap<(usize, &str), Vec<&Entry>> = BTreeMap::new();
    let entries = places::single(record, Realm::Measured);
    for entry in entries.filter(|entry| warmths.is(warmth, entry) && !places::is_peer(entry)) {
        let place = (entry.batch_len, entry.footprint_home.as_str());
        groups.entry(place).or_default().push(entry);
    }
    let groups = groups.into_iter();
    groups.filter_map(|(place, group)| Some((place, Contest::of(group, Entry::median)?))).collect()
}

/// How often the one that wins most often does.
fn lead<'c, 'r: 'c>(contests: impl ExactSizeIterator<Item = &'c Contest<'r>>) -> Words {
    let lengths = contests.len();
    let mut wins: BTreeMap<String, usize> = BTreeMap::new();
    for winner in contests.filter_map(Contest::winner) {
        *wins.entry(Place::of(winner).backend()).or_default() += 1;
    }
    let most = wins.iter().max_by_key(|(_, times)| **times);
    match most {
        Some((backend, times)) if *times == lengths => {
            Words::of(backend).say(" at every batch length, on one thread.")
        }
        Some((backend, times)) => Words::of(backend)
            .say(format!(" at {times} of {lengths} batch lengths, on one thread.")),
        None => Words::default().say("At no batch length is one fastest for certain."),
    }
}

fn sentence(contest: &Contest<'_>) -> Words {
    let (entry, median) = contest.first;
    let each = format!(" {} ns a record", ranged(median.value, median.low, median.high));
    let words = Words::of(&entry.backend).say(each);
    if !contest.tied.is_empty() {
        let tied = contest.tied.iter().map(|entry| entry.backend.as_str());
        return words.say("; too close to tell from ").backends(tied);
    }
    let words = match &entry.speedup {
        Some(speedup) => words
            .say(format!(", {} times ", figure(speedup.ratio.value)))
            .backend(&speedup.baseline),
        None => words,
    };
    match contest.next {
        Some((next, other)) => {
            words.say("; next ").backend(&next.backend).say(format!(", {}", figure(other.value)))
        }
        None => words,
    }
}

/// The fastest of all teams of threads.
fn team(record: &RunRecord, warmths: &Warmths, warmth: Warmth) -> Option<Line> {
    let entries = places::of(record, Method::Throughput, Realm::Measured);
    let teams = entries
        .filter(|entry| entry.threads > 1 && warmths.is(warmth, entry) && !places::is_peer(entry));
    let contest = Contest::of(teams, Entry::median)?;
    let (entry, median) = contest.first;
    let words = Words::of(&entry.backend).say(format!(
        " {} ns a record, {}, at {} a batch",
        ranged(median.value, median.low, median.high),
        rate(1e9 / median.value, "records"),
        records(entry.batch_len),
    ));
    Some(words.about(format!("on {} threads", entry.threads)))
}
