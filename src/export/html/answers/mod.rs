//! What people ask first, answered in words.

mod contest;
mod fastest;
mod holds;
mod pays;
mod serves;
mod tails;

use super::section::Section;
use crate::report::record::RunRecord;

pub(super) fn section(record: &RunRecord) -> Section {
    let answers = fastest::answers(record)
        .into_iter()
        .chain(tails::answer(record))
        .chain(pays::answer(record))
        .chain(holds::answer(record))
        .chain(serves::answer(record));
    Section { answers: answers.collect(), ..Section::new("answers", "In short") }
}
