//! Bundles that somebody changed and listed anew, figures and tables included.

use std::{collections::BTreeMap, fs};

use nanogate::bundle::{figures::leaves, manifest::names, verify::verify};
use serde_json::{Value, json};

use super::{change_record, copied, found_after, made, nanogate, read, reseal, said};

/// A bundle without a record has nothing that could verify, and neither has an empty one.
#[test]
fn a_record_is_required() {
    let (folder, bundle) = copied("lab");
    fs::remove_file(bundle.join("record.json")).unwrap();
    reseal(&bundle);
    assert!(!verify(&bundle).verification.verified);
    for name in names(&bundle).unwrap() {
        fs::remove_file(bundle.join(name)).unwrap();
    }
    fs::remove_dir(bundle.join("readings")).unwrap();
    reseal(&bundle);
    nanogate(folder.path(), &["bundle", "verify", "lab"]).code(7);
}

/// The readings say which launches there were and how they ended: whoever leaves out one, counts
/// one twice, or calls a run complete that was not is found, in the record and in each entry.
#[test]
fn launches_are_those_of_the_readings() {
    let throughput = |record: &mut Value| {
        let entries = record["entries"].as_array().unwrap();
        entries.iter().position(|one| one["method"] == "throughput").unwrap()
    };
    let edited = |edit: &dyn Fn(&mut Vec<Value>)| {
        let found = found_after(|record| {
            let index = throughput(record);
            edit(record["entries"][index]["launches"].as_array_mut().unwrap());
        });
        assert!(said(&found, "launches["), "{found:?}");
    };
    edited(&Vec::clear);
    edited(&|launches| drop(launches.pop()));
    edited(&|launches| launches.extend(vec![launches[1].clone(); 3]));
    let found = found_after(|record| {
        let launches = record["launches"].as_array_mut().unwrap();
        launches.push(launches[1].clone());
    });
    assert!(said(&found, "launches: [2].number"), "{found:?}");
    let found = found_after(|record| drop(record["launches"].as_array_mut().unwrap().pop()));
    assert!(said(&found, "readings/launch-2.jsonl is additional"), "{found:?}");
    let found = found_after(|record| {
        for launch in record["launches"].as_array_mut().unwrap() {
            launch["of"] = json!(50);
        }
    });
    assert!(said(&found, "launches: [0].of"), "{found:?}");
    let found = found_after(|record| record["status"] = json!("incomplete"));
    assert!(said(&found, "status is recorded as \"incomplete\""), "{found:?}");
}

/// What was measured and fell out of the record is named, and so is what is in it twice.
#[test]
fn what_was_measured_is_all_there() {
    let is_load = |one: &Value| one["method"] == "load";
    let found = found_after(|record| {
        for entry in record["entries"].as_array_mut().unwrap() {
            if let Some(load) = entry.get_mut("load") {
                drop(load.as_object_mut().unwrap().remove("knee"));
            }
        }
    });
    assert!(said(&found, "attempt at a knee"), "{found:?}");
    let found =
        found_after(|record| record["entries"].as_array_mut().unwrap().retain(|e| !is_load(e)));
    assert!(said(&found, " load x "), "{found:?}");
    let found = found_after(|record| record["repeats"] = json!([]));
    assert!(said(&found, "repeats: "), "{found:?}");
    let found = found_after(|record| {
        let entries = record["entries"].as_array_mut().unwrap();
        let mut again = entries[0].clone();
        again["footprint_bytes"] = json!(1_u64 << 40);
        entries.push(again);
    });
    assert!(said(&found, "are those of another part of the record"), "{found:?}");
    let found = found_after(|record| record["entries"][0]["software"] = json!(true));
    assert!(said(&found, "no readings of it"), "{found:?}");
    let found = found_after(|record| record["energy_joules"] = json!(0.001));
    assert!(said(&found, "record.json: energy_joules"), "{found:?}");
}

/// What a record may say and no reading bears out: paths, with `#` for whatever number.
const STATED: [&str; 24] = [
    "started_unix_s",
    "tool.",
    "host.",
    "budget_s",
    "profile.",
    "corpus.",
    "counters[#]",
    "warnings[#]",
    "skipped[#]",
    "devices[#]",
    "simulated[#]",
    "launches[#].layout_seed",
    "launches[#].core",
    "timer.",
    "entries[#].verified",
    "entries[#].footprint_bytes",
    "entries[#].disturbance.",
    "entries[#].usage.",
    "entries[#].warnings[#]",
    "entries[#].load.arrivals",
    "entries[#].load.rate_source",
    "entries[#].load.one_worker_per_s",
    "entries[#].load.silent_clients",
    "entries[#].load.knee.response_ns_p99_max",
];

/// Whatever value of a record is changed, it is found, unless it is among those that are stated.
/// One value of each kind is tried.
#[test]
fn every_value_is_found_or_stated() {
    let record = read(&made().join("record.json"));
    let mut kinds = BTreeMap::new();
    for (path, value) in leaves(&record) {
        let kind: String =
            path.split(['[', ']']).enumerate().fold(String::new(), |kind, (index, part)| {
                match (index % 2, part.parse::<usize>()) {
                    (1, Ok(_)) => kind + "[#]",
                    (1, Err(_)) => kind + "[" + part + "]",
                    _ => kind + part,
                }
            });
        kinds.entry(kind).or_insert((path, value));
    }
    assert!(kinds.len() > 100);
    let (_folder, bundle) = copied("lab");
    for (kind, (path, value)) in kinds {
        if STATED.iter().any(|stated| kind.starts_with(stated)) || kind == "schema" {
            continue;
        }
        let other = match &value {
            Value::Bool(one) => json!(!one),
            Value::Number(one) if one.is_f64() => json!(one.as_f64().unwrap() * 1.01 + 1.0),
            Value::Number(one) => json!(one.as_u64().unwrap_or(0) + 1),
            Value::String(one) => json!(format!("{one}x")),
            _ => continue,
        };
        fs::copy(made().join("record.json"), bundle.join("record.json")).unwrap();
        change_record(&bundle, |record| *at(record, &path) = other.clone());
        assert!(!verify(&bundle).verification.verified, "{path} as {other}");
    }
}

/// The value at a path of figures.
fn at<'v>(document: &'v mut Value, path: &str) -> &'v mut Value {
    let mut value = document;
    let mut rest = path;
    while !rest.is_empty() {
        let (key, more) = if let Some(inner) = rest.strip_prefix('[') {
            inner.split_once(']').unwrap()
        } else {
            let end = rest[1..].find(['.', '[']).map_or(rest.len(), |end| end + 1);
            rest.split_at(end)
        };
        let key = key.trim_start_matches('.');
        value = match value {
            Value::Array(items) => &mut items[key.parse::<usize>().unwrap()],
            other => other.get_mut(key).unwrap(),
        };
        rest = more;
    }
    value
}
