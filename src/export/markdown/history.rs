//! A history of github-action-benchmark: the last run of each suite beside the one before it.

use std::fmt::Write as _;

use super::{Page, code, row};
use crate::export::{
    history::{Bench, History, Run, Suite},
    number::short,
};

const HEADER: [&str; 5] = ["what", "last", "range", "before", "last over before"];

pub(super) fn put(page: &mut Page, history: &History) {
    history.suites.iter().for_each(|suite| put_suite(page, suite));
}

fn put_suite(page: &mut Page, suite: &Suite) {
    let [earlier @ .., last] = suite.runs.as_slice() else { return };
    let before = earlier.last();
    let name = if suite.name.is_empty() { "results" } else { suite.name.as_str() };
    let mut title = format!("## {}\n\nLast {}", code(name), commit(last));
    if let Some(before) = before {
        let _ = write!(title, ", before {}", commit(before));
    }
    title += ". No verdict: these files hold single values, which cannot tell a change from noise.";
    let lines: Vec<String> = last.benches.iter().map(|bench| line(bench, before)).collect();
    page.table(&title, &HEADER, &lines);
}

fn commit(run: &Run) -> String {
    run.commit.as_ref().map_or_else(|| "of no known commit".into(), |commit| code(&commit.id))
}

fn line(bench: &Bench, before: Option<&Run>) -> String {
    let same = |one: &&Bench| one.name == bench.name && one.unit == bench.unit;
    let earlier = before.and_then(|run| run.benches.iter().find(same));
    let value = |bench: &Bench| code(&format!("{} {}", short(bench.value), bench.unit));
    let ratio = earlier.map(|one| bench.value / one.value).filter(|ratio| ratio.is_finite());
    row(&[
        code(&bench.name),
        value(bench),
        bench.range.as_deref().map_or_else(|| "-".into(), code),
        earlier.map_or_else(|| "-".into(), value),
        ratio.map_or_else(|| "-".into(), short),
    ])
}
