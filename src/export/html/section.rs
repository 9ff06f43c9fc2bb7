//! A section of the page: answers, charts and tables under one title.

use super::{
    chart::{Figure, Missing},
    grid::Table,
    words::Answer,
};

/// A section. What it has none of is not shown.
#[derive(Debug, Default)]
pub(super) struct Section {
    /// Where links lead.
    pub(super) id: &'static str,
    /// Its title.
    pub(super) title: &'static str,
    /// What is to be known before reading on.
    pub(super) intro: Option<&'static str>,
    /// Answers in words.
    pub(super) answers: Vec<Answer>,
    /// Charts that are left out.
    pub(super) missing: Vec<Missing>,
    /// Charts.
    pub(super) figures: Vec<Figure>,
    /// Tables.
    pub(super) tables: Vec<Table>,
}

impl Section {
    /// A section with nothing in it.
    pub(super) fn new(id: &'static str, title: &'static str) -> Self {
        Self { id, title, ..Self::default() }
    }

    /// Adds a chart that everybody looks for, or the reason why there is none.
    pub(super) fn expect(mut self, found: Result<Figure, Missing>) -> Self {
        match found {
            Ok(figure) => self.figures.push(figure),
            Err(missing) => self.missing.push(missing),
        }
        self
    }

    /// Adds a chart, if there is one.
    pub(super) fn show(mut self, found: Option<Figure>) -> Self {
        self.figures.extend(found);
        self
    }

    /// Adds a table, if it has rows.
    pub(super) fn table(mut self, table: Table) -> Self {
        self.tables.extend((!table.rows.is_empty()).then_some(table));
        self
    }

    /// Whether there is anything to show.
    pub(super) fn is_empty(&self) -> bool {
        self.answers.is_empty()
            && self.missing.is_empty()
            && self.figures.is_empty()
            && self.tables.is_empty()
    }
}
