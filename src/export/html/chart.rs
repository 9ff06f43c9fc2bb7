//! A chart: rows that the page draws, and that it gives as CSV.

use serde::Serialize;
use serde_json::Value;

/// What a chart is drawn from.
#[derive(Debug, Serialize)]
pub(super) struct Chart {
    /// The id of its figure.
    pub(super) id: &'static str,
    /// How it is drawn: a name that `assets/kinds.js` knows.
    kind: &'static str,
    columns: Vec<&'static str>,
    rows: Vec<Vec<Value>>,
}

/// A chart with what is said about it.
#[derive(Debug)]
pub(super) struct Figure {
    /// Its place on the page.
    pub(super) id: &'static str,
    /// What it shows.
    pub(super) title: &'static str,
    /// How to read it.
    pub(super) says: String,
    /// `wide` if it needs the whole width of the page.
    pub(super) class: &'static str,
    /// What is drawn.
    pub(super) chart: Chart,
}

impl Figure {
    /// Says what is to be known of these rows, if anything.
    pub(super) fn noted(mut self, note: Option<String>) -> Self {
        if let Some(note) = note {
            self.says = format!("{} {note}", self.says);
        }
        self
    }
}

/// A chart that is not there, and why.
#[derive(Debug)]
pub(super) struct Missing {
    /// The id that it would have.
    pub(super) id: &'static str,
    /// What it would show.
    pub(super) title: &'static str,
    /// Why there is none, without a full stop.
    pub(super) why: String,
}

/// Width of a figure on a wide page.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Width {
    /// Two stand beside one another.
    Half,
    /// One stands alone.
    Whole,
}

/// What a figure is, before there is anything to draw.
#[derive(Clone, Copy, Debug)]
pub(super) struct Caption {
    /// The id of the figure.
    pub(super) id: &'static str,
    /// How it is drawn.
    pub(super) kind: &'static str,
    /// What it shows.
    pub(super) title: &'static str,
    /// How to read it.
    pub(super) says: &'static str,
    /// How wide it is.
    pub(super) width: Width,
}

impl Caption {
    /// The figure of some rows. `None` where there are none.
    pub(super) fn over<const N: usize>(
        self,
        columns: [&'static str; N],
        rows: impl IntoIterator<Item = [Value; N]>,
    ) -> Option<Figure> {
        let rows: Vec<Vec<Value>> = rows.into_iter().map(Vec::from).collect();
        let Self { id, kind, title, says, width } = self;
        let class = if width == Width::Whole { "wide" } else { "" };
        let chart = Chart { id, kind, columns: columns.into(), rows };
        (!chart.rows.is_empty()).then_some(Figure { id, title, says: says.into(), class, chart })
    }

    /// What stands in the place of the figure.
    pub(super) fn missing(self, why: impl Into<String>) -> Missing {
        Missing { id: self.id, title: self.title, why: why.into() }
    }
}
