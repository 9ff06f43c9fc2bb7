//! JSON for github-action-benchmark, read as its `customSmallerIsBetter` reads it.

use nanogate::export::History;
use serde_json::Value;

use super::{of_run, run};

/// A list of objects with `name`, `unit` and `value`, and with text in `range` and `extra`.
fn read(text: &str) -> Vec<Value> {
    let Value::Array(list) = serde_json::from_str(text).unwrap() else { panic!("{text}") };
    for one in &list {
        for (field, value) in one.as_object().unwrap() {
            let is_right = match field.as_str() {
                "name" | "unit" | "range" | "extra" => value.is_string(),
                "value" => value.is_number(),
                _ => false,
            };
            assert!(is_right, "{field} of {one}");
        }
        assert!(one.get("name").is_some() && one.get("unit").is_some(), "{one}");
        assert!(one.get("value").is_some(), "{one}");
    }
    list
}

pub(super) fn names(text: &str) -> Vec<String> {
    read(text).iter().map(|one| one["name"].as_str().unwrap().to_owned()).collect()
}

/// Times and cycles go out with their intervals; a rate, which is better when it is larger, does
/// not.
#[test]
fn only_what_is_better_small_goes_out() {
    let list = read(&of_run("github-action-benchmark", run()));
    let find = |end: &str| list.iter().find(|one| one["name"].as_str().unwrap().ends_with(end));
    let median = find("L1/host/per_record/p50").unwrap();
    assert_eq!(median["value"], 4.125);
    assert_eq!(median["unit"], "ns");
    assert_eq!(median["range"], "95 % interval 3.75 to 4.5");
    assert!(median["extra"].as_str().unwrap().contains("warning: wide-interval"));
    assert_eq!(find("sim/total/count").unwrap()["unit"], "cycles");
    assert!(list.iter().all(|one| !one["unit"].as_str().unwrap().ends_with("/s")));
    assert!(find("per_record/stdev").is_none());
}

/// What we write for the action, we read as the action's.
#[test]
fn our_own_file_can_be_read() {
    let text = of_run("github-action-benchmark", run());
    let history = History::parse(text.as_bytes()).unwrap();
    assert_eq!(history.suites[0].runs[0].benches.len(), read(&text).len());
}
