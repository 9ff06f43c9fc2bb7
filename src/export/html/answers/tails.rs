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

pub(super) fn answer(record: &RunRecord) -> Option<Answer> {
    let mut groups: BTreeMap<(usize, &str), Vec<&Entry>> = BTreeMap::new();
    for entry in places::of(record, Method::Latency, Realm::Measured) {
        if !places::is_peer(entry) {
            let place = (entry.batch_len, entry.footprint_home.as_str());
            groups.entry(place).or_default().push(entry);
        }
    }
    let line = |((batch_len, home), entries): ((usize, &str), Vec<&Entry>)| -> Option<Line> {
        let contest = Contest::of(entries, p99)?;
        Some(sentence(&contest).about(format!("{} in {home}", count(batch_len as u64))))
    };
    let lines: Vec<Line> = groups.into_iter().filter_map(line).collect();
    let title = "Least latency of one batch, by the 99th percentile";
    (!lines.is_empty()).then_some(Answer { title, lead: None, lines })
}

/// The percentile with its interval. Without one it is as it was read.
fn p99(entry: &Entry) -> Option<Estimate> {
    let stat = |stat| entry.metric(END_TO_END, stat);
    let value = stat("p99")?;
    let (low, high) = (stat("p99_low").unwrap_or(value), stat("p99_high").unwrap_or(value));
    Some(Estimate { value, low, high })
}

fn sentence(contest: &Contest<'_>) -> Words {
    let (entry, _) = contest.first;
    let told: Vec<String> = PERCENTILES
        .into_iter()
        .filter_map(|(stat, _)| Some(format!("{stat} {}", time(entry.metric(END_TO_END, stat)?))))
        .collect();
    let words = Words::of(&entry.backend).say(format!(" {}", told.join(", ")));
    let tied = contest.tied.iter().map(|entry| entry.backend.as_str());
    if contest.tied.is_empty() {
        words
    } else {
        words.say("; too close to tell from ").backends(tied)
    }
}
