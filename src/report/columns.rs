//! Tables that are columns of text, without lines.

use comfy_table::{CellAlignment, ContentArrangement, Table, presets};

/// A table whose columns from `left` on are aligned to the right.
#[must_use]
pub fn table(header: &[&str], left: usize, rows: impl IntoIterator<Item = Vec<String>>) -> Table {
    let mut table = Table::new();
    table.load_style(presets::NOTHING);
    table.set_content_arrangement(ContentArrangement::Disabled);
    table.set_header(header);
    table.add_rows(rows);
    for column in table.column_iter_mut().skip(left) {
        column.set_cell_alignment(CellAlignment::Right);
    }
    table
}
