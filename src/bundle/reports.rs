//! A record as people read it: its tables with spread, and as a page with charts. Both follow from
//! the record alone, so that they can be made again.

use crate::{
    export::{self, ExportError, document::Documents},
    report::{
        record::RunRecord,
        screen::Screen,
        table::{self, Detail},
    },
};

/// The tables.
#[must_use]
pub fn tables(record: &RunRecord) -> String {
    table::render(record, Detail::Spread, &Screen::PLAIN)
}

/// The page, or why there is none. `None` where the program has no such format.
#[must_use]
pub fn page(record: &RunRecord) -> Option<Result<String, ExportError>> {
    let format = export::find("html")?;
    Some(format.export(&Documents::Runs(vec![record.clone()])))
}
