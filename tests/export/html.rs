//! The page, of which the data of its charts are read again. `tests/html.rs` reads the rest.

use serde_json::Value;

use super::{of_run, run};

fn data(page: &str) -> Value {
    let (_, rest) = page.split_once(r#"<script type="application/json" id="data">"#).unwrap();
    let (data, _) = rest.split_once("</script>").unwrap();
    serde_json::from_str(data).unwrap()
}

pub(super) fn names(text: &str) -> Vec<String> {
    let data = data(text);
    let series = data["series"].as_array().unwrap();
    series.iter().map(|one| one["name"].as_str().unwrap().to_owned()).collect()
}

/// The CSV that a page offers is that of the format `csv`, to the last digit.
#[test]
fn pages_hold_every_figure() {
    let data = data(&of_run("html", run()));
    assert_eq!(data["figures"].as_str().unwrap(), of_run("csv", run()));
}
