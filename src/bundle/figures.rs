//! Two documents that ought to be the same, figure by figure.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

/// How far a figure that joins several launches may be from the recorded one, as a fraction of it:
/// logarithms and Student's distribution are computed by libraries that may differ in the last
/// bits from system to system. Everything else is compared to the last bit.
pub const MERGED_TOLERANCE: f64 = 1e-12;

/// A figure that is not what it ought to be.
#[derive(Clone, Debug, PartialEq)]
pub struct Difference {
    /// Its path, such as `metrics[host/per_record/p50]`.
    pub statistic: String,
    /// As it is in the record; null where the record has none.
    pub recorded: Value,
    /// As it follows from the readings; null where none follows.
    pub recomputed: Value,
}

/// The figures of a document by path. What is empty has none.
#[must_use]
pub fn leaves(document: &Value) -> BTreeMap<String, Value> {
    let mut found = BTreeMap::new();
    collect(String::new(), document, &mut found);
    found
}

fn collect(path: String, value: &Value, found: &mut BTreeMap<String, Value>) {
    match value {
        Value::Object(members) => {
            for (name, member) in members {
                collect(below(&path, name), member, found);
            }
        }
        Value::Array(items) => {
            for (index, item) in items.iter().enumerate() {
                collect(format!("{path}[{index}]"), item, found);
            }
        }
        leaf => drop(found.insert(path, leaf.clone())),
    }
}

/// Names that hold more than letters, such as those of metrics, stand in brackets.
fn below(path: &str, name: &str) -> String {
    let is_plain = name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_');
    match (path.is_empty(), is_plain) {
        (true, true) => name.into(),
        (false, true) => format!("{path}.{name}"),
        (_, false) => format!("{path}[{name}]"),
    }
}

/// All that differs. `is_merged` says of which paths it is said within [`MERGED_TOLERANCE`].
#[must_use]
pub fn differences(
    recorded: &BTreeMap<String, Value>,
    recomputed: &BTreeMap<String, Value>,
    is_merged: impl Fn(&str) -> bool,
) -> Vec<Difference> {
    let paths: BTreeSet<&String> = recorded.keys().chain(recomputed.keys()).collect();
    let mut found = Vec::new();
    for path in paths {
        let of = |leaves: &BTreeMap<String, Value>| leaves.get(path).cloned().unwrap_or_default();
        let (one, other) = (of(recorded), of(recomputed));
        if one != other && !(is_merged(path) && is_near(&one, &other)) {
            let statistic = path.clone();
            found.push(Difference { statistic, recorded: one, recomputed: other });
        }
    }
    found
}

fn is_near(one: &Value, other: &Value) -> bool {
    match (one.as_f64(), other.as_f64()) {
        (Some(one), Some(other)) => {
            (one - other).abs() <= MERGED_TOLERANCE * one.abs().max(other.abs())
        }
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn differing(one: &Value, other: &Value, is_merged: bool) -> Vec<String> {
        let found = differences(&leaves(one), &leaves(other), |_| is_merged);
        found.into_iter().map(|difference| difference.statistic).collect()
    }

    /// Paths name what differs, wherever it is; what one side lacks differs too.
    #[test]
    fn differences_are_named() {
        let one = json!({"metrics": {"host/a/p50": 1.5}, "launches": [{"x": 1}], "absent": {}});
        assert!(differing(&one, &one.clone(), false).is_empty());
        let p50 = 1.5_f64.next_up();
        let other = json!({"metrics": {"host/a/p50": p50}, "launches": [{"y": 1}]});
        let names = ["launches[0].x", "launches[0].y", "metrics[host/a/p50]"];
        assert_eq!(differing(&one, &other, false), names);
        assert_eq!(differing(&one, &other, true), &names[..2], "the last bit, where it is merged");
        assert_eq!(differing(&json!([1]), &json!([1, null]), false), Vec::<String>::new());
    }

    /// The tolerance is for the last bits, and for numbers only.
    #[test]
    fn tolerance_is_for_the_last_bits() {
        for (one, other) in [(json!(1.0), json!(1.0 + 1e-11)), (json!(1), json!(2))] {
            assert_eq!(differing(&one, &other, true).len(), 1, "{one} {other}");
        }
        assert_eq!(differing(&json!("L1"), &json!("L2"), true).len(), 1);
        assert!(differing(&json!(0.0), &json!(0.0), true).is_empty());
    }
}
