//! Which backend is fastest at each batch length.

use std::collections::BTreeMap;

use super::contest::Contest;
use crate::{
    export::{
        html::{
            places::{self, Realm, Warmth, Warmths},
            units::{count, figure, ranged},
            words::{Answer, Line, Words},
        },
        measurement::Place,
    },
    measure::{Method, footprint::MEMORY},
    report::record::{Entry, RunRecord},
};

/// One answer for inputs near the core, and one for inputs in memory.
pub(super) fn answers(record: &RunRecord) -> Vec<Answer> {
    let warmths = Warmths::new(record);
    Warmth::ALL.into_iter().filter_map(|warmth| answer(record, &warmths, warmth)).collect()
}

fn answer(record: &RunRecord, warmths: &Warmths, warmth: Warmth) -> Option<Answer> {
    // What only memory holds is near nothing, and has its answer there.
    let is_wanted = |entry: &&Entry| {
        warmths.is(warmth, entry) && (warmth == Warmth::Cold || entry.footprint_home != MEMORY)
    };
    let entries = places::of(record, Method::Throughput, Realm::Measured).filter(is_wanted);
    let contests = contests(entries);
    let most = contests.keys().map(|(threads, ..)| *threads).max().filter(|most| *most > 1);
    let on = |wanted: usize| contests.iter().filter(move |((threads, ..), _)| *threads == wanted);
    let title = match warmth {
        Warmth::Hot => "Fastest of nanogate's backends, with its input near the core",
        Warmth::Cold => "Fastest of nanogate's backends, with its input in memory",
    };
    let alone: Vec<&Contest<'_>> = on(1).map(|(_, contest)| contest).collect();
    let lead = (!alone.is_empty()).then(|| lead(&alone));
    let team = most.into_iter().flat_map(on);
    let lines: Vec<Line> = on(1).chain(team).map(|(place, contest)| line(place, contest)).collect();
    (!lines.is_empty()).then_some(Answer { title, lead, lines })
}

/// Threads, batch length and home: what is the same for all that are set beside one another.
type Circumstances<'r> = (usize, usize, &'r str);

fn contests<'r>(
    entries: impl Iterator<Item = &'r Entry>,
) -> BTreeMap<Circumstances<'r>, Contest<'r>> {
    let mut groups: BTreeMap<Circumstances<'_>, Vec<&Entry>> = BTreeMap::new();
    for entry in entries {
        let place = (entry.threads, entry.batch_len, entry.footprint_home.as_str());
        groups.entry(place).or_default().push(entry);
    }
    let groups = groups.into_iter();
    groups.filter_map(|(place, group)| Some((place, Contest::of(group, Entry::median)?))).collect()
}

/// Who wins how often, and how often nobody does.
fn lead(contests: &[&Contest<'_>]) -> Words {
    let lengths = contests.len();
    let mut wins: BTreeMap<String, usize> = BTreeMap::new();
    for winner in contests.iter().filter_map(|contest| contest.winner()) {
        *wins.entry(Place::of(winner).backend()).or_default() += 1;
    }
    let mut wins: Vec<(String, usize)> = wins.into_iter().collect();
    wins.sort_by_key(|(_, times)| std::cmp::Reverse(*times));
    let alone = contests.iter().filter(|contest| contest.is_alone()).count();
    let tied = lengths - alone - wins.iter().map(|(_, times)| times).sum::<usize>();
    let end = ", on one thread";
    let words = match wins.as_slice() {
        [] if alone == lengths => return only(contests),
        [] => Words::default().say(format!("At no batch length is one fastest for certain{end}")),
        [(backend, times)] if *times == lengths => {
            return Words::of(backend).say(format!(" at every batch length measured{end}."));
        }
        [(first, times), others @ ..] => {
            let words = Words::of(first).say(format!(" at {times}"));
            let words = others.iter().fold(words, |words, (backend, times)| {
                words.say(", ").backend(backend).say(format!(" at {times}"))
            });
            words.say(format!(" of {lengths} batch lengths measured{end}"))
        }
    };
    let words = if tied > 0 && tied + alone < lengths {
        words.say(format!("; too close to tell at {tied}"))
    } else {
        words
    };
    let words =
        if alone > 0 { words.say(format!("; only one was measured at {alone}")) } else { words };
    words.say(".")
}

/// Where nobody has a rival.
fn only(contests: &[&Contest<'_>]) -> Words {
    let mut names: Vec<&str> = Vec::new();
    for contest in contests {
        let name = contest.first.0.backend.as_str();
        if !names.contains(&name) {
            names.push(name);
        }
    }
    match names.as_slice() {
        [name] => Words::default().say("Only ").backend(name).say(" was measured, on one thread."),
        _ => Words::default().say("Only one was measured at each batch length, on one thread."),
    }
}

fn line((threads, batch_len, home): &Circumstances<'_>, contest: &Contest<'_>) -> Line {
    let team = if *threads > 1 { format!(", {threads} threads") } else { String::new() };
    let label = format!("{} in {home}{team}", count(*batch_len as u64));
    sentence(contest).about(label).warned(contest.named())
}

fn sentence(contest: &Contest<'_>) -> Words {
    let (entry, median) = contest.first;
    let each = format!(" {} ns a record", ranged(median.value, median.low, median.high));
    let mut words = Words::of(&entry.backend).say(each);
    if !contest.tied.is_empty() {
        let tied = contest.tied.iter().map(|entry| entry.backend.as_str());
        words = words.say("; too close to tell from ").backends(tied);
    } else if let Some(speedup) = &entry.speedup {
        let times = format!(", {} times as fast as ", figure(speedup.ratio.value));
        words = words.say(times).backend(&speedup.baseline);
    }
    if let Some((next, other)) = contest.next.filter(|_| contest.tied.is_empty()) {
        let other = format!(", {} ns", figure(other.value));
        words = words.say("; next ").backend(&next.backend).say(other);
    }
    for (peer, other) in &contest.ahead {
        let takes = format!(" takes {} ns", figure(other.value));
        words = words.say("; the peer ").backend(&peer.backend).say(takes);
    }
    words
}

#[cfg(test)]
mod tests {
    use super::*;

    const FULL: &str = include_str!("../../../../tests/fixtures/full-run.json");

    fn told(words: &Words) -> String {
        words.parts.iter().map(|part| part.text.as_str()).collect()
    }

    fn full() -> RunRecord {
        serde_json::from_str(FULL).unwrap()
    }

    /// Every winner is in the lead with how often, and so are the places where nobody won; who is
    /// alone has not won.
    #[test]
    fn leads_count_winners() {
        let mut record = full();
        record.entries.retain(|entry| entry.backend != "gpu-wgpu");
        let lead = |record: &RunRecord| told(answers(record)[0].lead.as_ref().unwrap());
        let lengths = |text: &str| text.matches(" at ").count();
        assert!(lengths(&lead(&record)) > 0, "{}", lead(&record));
        let slow = record.entries.iter().find(|entry| entry.backend == "reference").unwrap();
        let slow = slow.metrics.clone();
        for entry in record.entries.iter_mut().filter(|entry| entry.batch_len == 1) {
            entry.metrics.clone_from(&slow);
        }
        assert!(lead(&record).contains("; too close to tell at 1."), "{}", lead(&record));
        record.entries.retain(|entry| entry.backend == "scalar");
        assert_eq!(lead(&record), "Only scalar was measured, on one thread.");
    }

    /// A team is set beside teams of as many threads at the same batch length, and equal ones have
    /// no winner.
    #[test]
    fn teams_are_set_beside_their_like() {
        let mut record = full();
        let is_team = |entry: &&mut Entry| entry.threads == 4;
        let lines = |record: &RunRecord| -> Vec<String> {
            let all = answers(record).into_iter().flat_map(|answer| answer.lines);
            let teams = all.filter(|line| line.label.as_ref().unwrap().ends_with(", 4 threads"));
            teams.map(|line| told(&line.words)).collect()
        };
        assert!(lines(&record).len() >= 2);
        let same = record.entries.iter().find(|entry| entry.threads == 4).unwrap().metrics.clone();
        for entry in record.entries.iter_mut().filter(is_team) {
            entry.metrics.clone_from(&same);
        }
        let tied = lines(&record);
        assert!(tied.iter().all(|line| line.contains("too close to tell from")), "{tied:?}");
    }
}
