//! How much load is served before the response time leaves its bound.

use crate::{
    export::html::{
        load::{served, title},
        units::{rate, time},
        words::{Answer, Line, Words},
    },
    report::{
        load::{LoadRecord, RESPONSE},
        record::{Entry, RunRecord},
    },
};

pub(super) fn answer(record: &RunRecord) -> Option<Answer> {
    let lines: Vec<Line> = served(record).map(|(entry, load)| line(entry, load)).collect();
    let heading = "How many requests are served in time?";
    (!lines.is_empty()).then_some(Answer { title: heading, lead: None, lines })
}

fn line(entry: &Entry, load: &LoadRecord) -> Line {
    let circumstances = title(entry, load);
    let circumstances = circumstances.strip_prefix(&format!("{}: ", entry.backend));
    let text = format!(" {}; {}", found(entry, load), circumstances.unwrap_or_default());
    Words::of(&entry.backend).say(text).alone().warned([entry])
}

/// The knee, or what came of the one rate.
fn found(entry: &Entry, load: &LoadRecord) -> String {
    let Some(knee) = &load.knee else {
        let p99 = entry.metric(RESPONSE, "p99");
        let p99 =
            p99.map_or_else(|| "no 99th percentile".into(), |p99| format!("p99 {}", time(p99)));
        let state = if load.saturated { "saturated" } else { "kept" };
        return format!("{} offered, {state}, {p99}", requests(load.rate_offered_per_s));
    };
    let within = format!("99 % of them within {}", time(knee.response_ns_p99_max));
    match (knee.holds_per_s, knee.fails_per_s) {
        (Some(holds), Some(fails)) => {
            format!("{}, {within}; {} are too many", requests(holds), requests(fails))
        }
        (Some(holds), None) => format!("{} at least, {within}", requests(holds)),
        (None, Some(fails)) => format!("less than {}, {within}", requests(fails)),
        (None, None) => "the knee was not found".into(),
    }
}

fn requests(per_s: f64) -> String {
    rate(per_s, "requests")
}
