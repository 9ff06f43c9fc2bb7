//! How long one batch takes, and how long at worst.

use std::collections::BTreeMap;

use super::contest::Contest;
use crate::{
    export::html::{
        places::{self, Realm},
        units::{count, time},
        words::{Answer, Line, Words},
    },
    measure::Method,
    report::record::{END_TO_END, Entry, RunRecord},
    stats::{Estimate, latency::PERCENTILES},
};

/// The warning of readings that are mostly the timer.
const TIMER_FLOOR: &str = "timer-floor";

pub(super) fn answer(record: &RunRecord) -> Option<Answer> {
    let mut groups: BTreeMap<(usize, &str), Vec<&Entry>> = BTreeMap::new();
    for entry in places::of(record, Method::Latency, Realm::Measured) {
        let place = (entry.batch_len, entry.footprint_home.as_str());
        groups.entry(place).or_default().push(entry);
    }
    let tick = record.timer.quality.resolution_ns;
    let line = |((batch_len, home), entries): ((usize, &str), Vec<&Entry>)| -> Option<Line> {
        let contest = Contest::of(entries, |entry| p99(entry, tick))?;
        let label = format!("{} in {home}", count(batch_len as u64));
        Some(sentence(&contest).about(label).warned(contest.named()))
    };
    let lines: Vec<Line> = groups.into_iter().filter_map(line).collect();
    let title = "Least latency of one batch of nanogate's backends, by the 99th percentile";
    (!lines.is_empty()).then_some(Answer { title, lead: None, lines })
}

/// The percentile with its interval, which no reading makes narrower than a tick of the timer.
/// Without an interval it is set beside nothing.
fn p99(entry: &Entry, tick: f64) -> Option<Estimate> {
    let stat = |stat| entry.metric(END_TO_END, stat);
    let (value, low, high) = (stat("p99")?, stat("p99_low")?, stat("p99_high")?);
    Some(Estimate { value, low: low.min(value - tick), high: high.max(value + tick) })
}

fn sentence(contest: &Contest<'_>) -> Words {
    let (entry, _) = contest.first;
    let told: Vec<String> = PERCENTILES
        .into_iter()
        .filter_map(|(stat, _)| Some(format!("{stat} {}", time(entry.metric(END_TO_END, stat)?))))
        .collect();
    let mut words = Words::of(&entry.backend).say(format!(" {}", told.join(", ")));
    let is_floor = |entry: &Entry| entry.warnings.iter().any(|one| one.code == TIMER_FLOOR);
    if is_floor(entry) {
        words = words.say("; at the timer's floor, so that nobody is first");
    } else if contest.is_alone() {
        words = words.say("; nobody to set it beside");
    } else if !contest.tied.is_empty() {
        let tied = contest.tied.iter().map(|entry| entry.backend.as_str());
        words = words.say("; too close to tell from ").backends(tied);
    }
    for (peer, p99) in &contest.ahead {
        let takes = format!(" takes {} at p99", time(p99.value));
        words = words.say("; the peer ").backend(&peer.backend).say(takes);
    }
    words
}

#[cfg(test)]
mod tests {
    use super::*;

    const FULL: &str = include_str!("../../../../tests/fixtures/full-run.json");

    fn told(record: &RunRecord) -> Vec<String> {
        let text = |line: Line| line.words.parts.into_iter().map(|part| part.text).collect();
        answer(record).into_iter().flat_map(|answer| answer.lines).map(text).collect()
    }

    /// One tick of the timer decides nothing, at its floor nobody is first, and a percentile
    /// without an interval is set beside nothing.
    #[test]
    fn ticks_decide_nothing() {
        let mut record: RunRecord = serde_json::from_str(FULL).unwrap();
        let lines = told(&record);
        assert!(lines.iter().any(|line| line.contains("at the timer's floor")), "{lines:?}");
        record.timer.quality.resolution_ns = 1e9;
        record.entries.iter_mut().for_each(|entry| entry.warnings.clear());
        let lines = told(&record);
        assert!(lines.iter().all(|line| line.contains("too close to tell from")), "{lines:?}");
        for entry in &mut record.entries {
            entry.metrics.retain(|metric, _| !metric.ends_with("/p99_low"));
        }
        assert!(told(&record).is_empty());
    }
}
