//! A table of the page.

/// A table.
#[derive(Debug)]
pub(super) struct Table {
    /// What it holds.
    pub(super) title: String,
    /// What is to be known of it.
    pub(super) note: Option<&'static str>,
    /// What to search it for. `None` if it cannot be searched.
    pub(super) search: Option<&'static str>,
    /// How it looks: `sortable` ones can be sorted.
    pub(super) class: &'static str,
    /// The header.
    pub(super) columns: Vec<Column>,
    /// The rest.
    pub(super) rows: Vec<Vec<Cell>>,
}

/// A column.
#[derive(Clone, Copy, Debug)]
pub(super) struct Column {
    /// Its title.
    pub(super) name: &'static str,
    /// How its cells look.
    pub(super) class: &'static str,
}

/// A cell.
#[derive(Clone, Debug)]
pub(super) struct Cell {
    /// What is read.
    pub(super) text: String,
    /// How it looks.
    pub(super) class: String,
    /// What it is sorted by, if not by its text. Empty for a number that is absent.
    pub(super) key: Option<String>,
    /// What it can be ranked with: its like come together, whatever the direction.
    pub(super) group: Option<String>,
    /// What is shown when somebody asks for it.
    pub(super) more: Option<String>,
}

/// A column of words.
pub(super) const fn words(name: &'static str) -> Column {
    Column { name, class: "" }
}

/// A column of words that may be many.
pub(super) const fn prose(name: &'static str) -> Column {
    Column { name, class: "wrap" }
}

/// A column of numbers.
pub(super) const fn numbers(name: &'static str) -> Column {
    Column { name, class: "number" }
}

impl Table {
    /// Whether its rows stand below one another on a narrow page, each cell with its title.
    pub(super) fn is_stacked(&self) -> bool {
        self.class.contains("stacked")
    }

    /// The cells of a row, each with its column.
    pub(super) fn cells<'t>(
        &'t self,
        row: &'t [Cell],
    ) -> impl Iterator<Item = (&'t Cell, &'t Column)> {
        row.iter().zip(&self.columns)
    }
}

impl Cell {
    /// Words.
    pub(super) fn text(text: impl Into<String>) -> Self {
        Self { text: text.into(), class: String::new(), key: None, group: None, more: None }
    }

    /// Words that may be many.
    pub(super) fn prose(text: impl Into<String>) -> Self {
        Self { class: "wrap".into(), ..Self::text(text) }
    }

    /// Words in classes of their own.
    pub(super) fn classed(text: impl Into<String>, class: String) -> Self {
        Self { class, ..Self::text(text) }
    }

    /// A number as it is to be read, or a dash. It is sorted by all its digits.
    pub(super) fn number(value: Option<f64>, shown: impl Fn(f64) -> String) -> Self {
        Self {
            text: value.map_or_else(|| "-".into(), shown),
            class: "number".into(),
            key: Some(value.map_or_else(String::new, |value| value.to_string())),
            ..Self::text("")
        }
    }

    /// Sorts it with its like.
    pub(super) fn within(self, group: &str) -> Self {
        Self { group: Some(group.to_owned()), ..self }
    }

    /// Says more to whoever asks.
    pub(super) fn told(self, more: String) -> Self {
        Self { more: (!more.is_empty()).then_some(more), ..self }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A number is sorted by all its digits; what is absent is a dash with an empty key.
    #[test]
    fn numbers_have_keys() {
        let cell = Cell::number(Some(1234.5678), |value| format!("{value:.0}"));
        assert_eq!((cell.text.as_str(), cell.key.as_deref()), ("1235", Some("1234.5678")));
        let absent = Cell::number(None, |value| value.to_string());
        assert_eq!((absent.text.as_str(), absent.key.as_deref()), ("-", Some("")));
        assert_eq!(Cell::text("x").key, None);
    }
}
