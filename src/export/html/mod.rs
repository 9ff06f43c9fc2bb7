//! One page for people: answers in words, charts, and every result in a table.
//!
//! The page is a single file that asks nobody for anything; a content security policy in it says so
//! to the browser, and names the scripts that may run by their digests. What charts draw is made
//! here, as rows: a chart's CSV is what it was drawn from. `assets/` has the scripts that draw, and
//! the library that they use; `templates/` the page around them.
//!
//! A record is shown as it is. What a driver imitates and what is modelled have sections of their
//! own, and no answer is about them.

mod answers;
mod chart;
mod devices;
mod environment;
mod grid;
mod latency;
mod limits;
mod load;
mod page;
mod palette;
mod places;
mod results;
mod section;
mod simulated;
mod speed;
mod units;
mod words;

use super::{ExportError, csv};
use crate::report::record::RunRecord;
use places::Realm;
use section::Section;

pub(super) const NAME: &str = "html";

pub(super) fn of_runs(all: &[RunRecord]) -> Result<String, ExportError> {
    let [record] = all else { return Err(ExportError::Several(NAME)) };
    // A record without any figure still has warnings and reasons to show.
    let figures = csv::of_runs(all).unwrap_or_default();
    page::render(record, sections(record), &figures)
        .map_err(|error| ExportError::Write { format: NAME, why: error.to_string() })
}

/// All that there is to show, most important first.
fn sections(record: &RunRecord) -> Vec<Section> {
    let all = [
        answers::section(record),
        speed::section(record),
        latency::section(record),
        limits::section(record),
        load::section(record),
        devices::section(record),
        simulated::section(record),
        imitated(record),
        results::section(record),
        environment::section(record),
    ];
    all.into_iter().filter(|section| !section.is_empty()).collect()
}

/// What drivers imitate, apart from everything else.
fn imitated(record: &RunRecord) -> Section {
    let section = Section {
        intro: Some(
            "A driver imitates these devices on the processor, to check the shader: no figure here \
             is one of a GPU, and none is set beside that of another backend.",
        ),
        ..Section::new("imitated", "Imitated devices (software)")
    };
    section
        .show(speed::per_record(record, Realm::Imitated))
        .show(latency::percentiles(record, Realm::Imitated))
        .show(devices::stages(record, Realm::Imitated))
        .show(devices::ways(record, Realm::Imitated))
}
