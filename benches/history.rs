//! `cargo bench --bench history [-- RUNS]`: fills a history with 100,000 runs of 50 figures each,
//! or as many as are named, and prints what it takes to read and to search it. At most a second for
//! each question to the file is the goal. Needs a few hundred megabytes in `TMPDIR`.

#![allow(missing_docs, reason = "a benchmark")]

use std::{error::Error, time::Instant};

use nanogate::{
    gate::outcome::Key,
    history::{
        Store, changes,
        query::{Ended, Metric, Selection},
        rows::{Figure, Rows},
    },
    op::Op,
    report::record::RunRecord,
    stats::change_points::Settings,
};

/// Runs that the history holds, unless told otherwise.
const RUNS: usize = 100_000;

/// Figures of each run.
const FIGURES: usize = 50;

/// Runs that are appended at once: filling is not what is asked about.
const AT_ONCE: usize = 1_000;

/// Most that a question may take.
const GOAL_S: f64 = 1.0;

/// Points that are searched for changes.
const SEARCHED: [u32; 2] = [250, 1_000];

fn main() -> Result<(), Box<dyn Error>> {
    let named = std::env::args().skip(1).find_map(|argument| argument.parse().ok());
    let runs: usize = named.unwrap_or(RUNS);
    let folder = tempfile::tempdir()?;
    let path = folder.path().join("history.sqlite");
    let template: RunRecord =
        serde_json::from_str(include_str!("../tests/fixtures/history-run.json"))?;
    let template = Rows::of_run(&template)?;

    let began = Instant::now();
    let mut store = Store::create(&path)?;
    for first in (0..runs).step_by(AT_ONCE) {
        let last = (first + AT_ONCE).min(runs);
        let rows: Vec<Rows> = (first..last).map(|number| rows(&template, number)).collect();
        store.append(&rows)?;
    }
    let seconds = began.elapsed().as_secs_f64();
    println!("filled with {runs} runs of {FIGURES} figures in {seconds:.1} s");
    let alone = [rows(&template, runs)];
    timed("append a run", || Ok(store.append(&alone)?.len()))?;
    drop(store);
    println!("{} bytes", std::fs::metadata(&path)?.len());

    let main = Selection { metric: Metric::All, ..Selection::default() };
    timed("open, and list the last 20 runs", || Ok(Store::open(&path)?.runs(None, 20)?.len()))?;
    let store = Store::open(&path)?;
    timed("count runs", || Ok(store.run_count()?))?;
    timed("list the runs", || Ok(store.runs(None, u32::MAX)?.len()))?;
    timed("list the series", || Ok(store.series(&main)?.len()))?;
    let series = store.series(&main)?.remove(FIGURES / 2);
    timed("all points of a series", || Ok(store.points(&series, Ended::Well, u32::MAX)?.len()))?;
    for last in SEARCHED {
        let points = store.points(&series, Ended::Well, last)?;
        let began = Instant::now();
        let found = changes::find(&points, &Settings::default()).len();
        let seconds = began.elapsed().as_secs_f64();
        println!("{seconds:8.3} s  search the last {last} points ({found} change points)");
    }
    Ok(())
}

/// A run like the template, later, with values that step up once in a while.
fn rows(template: &Rows, number: usize) -> Rows {
    let figure = |index: usize| {
        let noise = ((number * FIGURES + index) as f64 * 0.618_034).fract();
        let key = Key {
            backend: "scalar".into(),
            op: Op::Decide,
            method: "throughput".into(),
            batch_len: 1 << (index % 10),
            threads: 1,
            home: "L2".into(),
            metric: format!("host/imagined_{}/p50", index / 10),
        };
        let value = 4.0 + 0.05 * noise + 0.1 * (number / 400) as f64;
        Figure { key, variant: String::new(), value, interval: Some((value, value)) }
    };
    Rows {
        digest: format!("{number:064x}"),
        started_unix_s: template.started_unix_s + 60 * number as u64,
        commit: format!("{number:040x}"),
        figures: (0..FIGURES).map(figure).collect(),
        ..template.clone()
    }
}

fn timed<T: std::fmt::Display>(
    what: &str,
    ask: impl FnOnce() -> Result<T, Box<dyn Error>>,
) -> Result<(), Box<dyn Error>> {
    let began = Instant::now();
    let answer = ask()?;
    let seconds = began.elapsed().as_secs_f64();
    let verdict = if seconds <= GOAL_S { "" } else { "  MORE THAN THE GOAL" };
    println!("{seconds:8.3} s  {what} ({answer}){verdict}");
    Ok(())
}
