//! The tables of load.

use super::{
    codes,
    columns::{self, Columns},
    digits, name, number,
};
use crate::report::{
    load::{LoadRecord, RESPONSE, SERVICE},
    record::Entry,
};

/// Titles and tables of entries that served a load.
pub(super) fn tables(entries: &[&Entry]) -> Vec<(&'static str, Columns)> {
    let mut tables = vec![(LOAD_TITLE, load(entries))];
    if of_load(entries).any(|(_, load)| load.knee.is_some()) {
        tables.push((KNEE_TITLE, knee(entries)));
    }
    tables
}

const LOAD_TITLE: &str = "\
Load: requests on a schedule that waits for nobody, ns per request, percentiles where earned; \
     service from the start of service (s), response from the intended start (r)";
const KNEE_TITLE: &str = "\
Knee: the highest rate that is kept with the 99th percentile of the response time below a bound; \
     it lies between what holds and what fails, each of them requests/s of all clients together";

/// Percentiles of the service time that are shown, and those of the response time.
const SERVICE_STATS: [&str; 3] = ["p50", "p99", "p99.9"];
const RESPONSE_STATS: [&str; 5] = ["p50", "p99", "p99.9", "p99.99", "p99.999"];

/// What a narrow screen goes without, the first of them first.
const SPARED: [&str; 6] = ["in", "s p99.9", "r p99.999", "r p99.99", "s p99", "achieved/s"];

/// Entries with what they have of load.
fn of_load<'e>(entries: &'e [&Entry]) -> impl Iterator<Item = (&'e Entry, &'e LoadRecord)> {
    entries.iter().filter_map(|entry| Some((*entry, entry.load.as_ref()?)))
}

/// Backend, workers, clients, batch length, footprint.
fn place(entry: &Entry, load: &LoadRecord) -> Vec<String> {
    vec![
        name(entry),
        entry.threads.to_string(),
        load.clients.to_string(),
        entry.batch_len.to_string(),
        entry.footprint_home.clone(),
    ]
}

fn load(entries: &[&Entry]) -> Columns {
    let mut header: Vec<String> =
        ["backend", "workers", "clients", "batch", "in", "offered/s", "achieved/s", "lost"]
            .map(Into::into)
            .into();
    header.extend(SERVICE_STATS.map(|stat| format!("s {stat}")));
    header.extend(RESPONSE_STATS.map(|stat| format!("r {stat}")));
    header.push("warnings".into());
    let rows = of_load(entries).map(|(entry, load)| {
        let mut row = place(entry, load);
        row.extend([
            digits(load.rate_offered_per_s),
            digits(load.rate_achieved_per_s),
            load.lost.to_string(),
        ]);
        row.extend(SERVICE_STATS.map(|stat| number(entry.metric(SERVICE, stat))));
        row.extend(RESPONSE_STATS.map(|stat| number(entry.metric(RESPONSE, stat))));
        row.push(codes(entry));
        row
    });
    let header: Vec<&str> = header.iter().map(String::as_str).collect();
    columns::table(&header, 1, rows).sparing(&SPARED)
}

fn knee(entries: &[&Entry]) -> Columns {
    let header = [
        "backend",
        "workers",
        "clients",
        "batch",
        "in",
        "p99 below us",
        "holds/s",
        "fails/s",
        "attempts",
    ];
    let rows = of_load(entries).filter_map(|(entry, load)| {
        let knee = load.knee.as_ref()?;
        let mut row = place(entry, load);
        row.extend([
            digits(knee.response_ns_p99_max / 1e3),
            number(knee.holds_per_s),
            number(knee.fails_per_s),
            knee.points.len().to_string(),
        ]);
        Some(row)
    });
    columns::table(&header, 1, rows)
}
