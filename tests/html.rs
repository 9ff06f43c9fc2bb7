//! The page of a report: what is in it, read again by a strict reader of the HTML that it is made
//! of. How it looks and what its scripts do is for `scripts/check-report`, which has a browser.
//!
//! `fixtures/full-run.json` has every section. Its figures are chosen, of hardware that does not
//! exist.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test may fail")]

use std::collections::{BTreeMap, BTreeSet};

use base64::{Engine as _, engine::general_purpose::STANDARD};
use nanogate::{
    export::{document::Documents, find},
    measure::Method,
    report::record::{RunRecord, Status},
};
use serde_json::Value;
use sha2::{Digest as _, Sha256};

const FULL: &str = include_str!("fixtures/full-run.json");
const SMALL: &str = include_str!("fixtures/run.json");

fn record(text: &str) -> RunRecord {
    serde_json::from_str(text).unwrap()
}

fn page(record: RunRecord) -> String {
    find("html").unwrap().export(&Documents::Runs(vec![record])).unwrap()
}

/// An element with its attributes and the text that stands in it directly.
#[derive(Debug)]
struct Element {
    name: String,
    attributes: BTreeMap<String, String>,
    text: String,
    /// Ids of the elements around it.
    within: Vec<String>,
}

/// Elements that hold nothing.
const VOID: [&str; 4] = ["img", "input", "link", "meta"];
/// Elements whose content is no HTML.
const RAW: [&str; 2] = ["script", "style"];

/// Reads HTML as strictly as XML: every element is closed, every attribute is quoted or stands
/// alone, every `<` begins a tag.
fn read(page: &str) -> Vec<Element> {
    let mut rest = page.strip_prefix("<!doctype html>").expect("a doctype");
    let (mut elements, mut open): (Vec<Element>, Vec<usize>) = (Vec::new(), Vec::new());
    while let Some((before, after)) = rest.split_once('<') {
        if let Some(&last) = open.last() {
            elements[last].text.push_str(&unescaped(before));
        }
        if let Some(closing) = after.strip_prefix('/') {
            let (name, after) = closing.split_once('>').unwrap();
            let last = open.pop().expect("an element that is open");
            assert_eq!(elements[last].name, name, "closes what is not open");
            rest = after;
            continue;
        }
        let (tag, after) = tag(after);
        let within = open.iter().filter_map(|&at| elements[at].attributes.get("id").cloned());
        let within = within.collect();
        let element = Element { within, ..tag };
        rest = after;
        if RAW.contains(&element.name.as_str()) {
            let (raw, after) = rest.split_once(&format!("</{}>", element.name)).unwrap();
            elements.push(Element { text: raw.to_owned(), ..element });
            rest = after;
            continue;
        }
        if !VOID.contains(&element.name.as_str()) {
            open.push(elements.len());
        }
        elements.push(element);
    }
    assert!(open.is_empty() && rest.trim().is_empty(), "{open:?} {rest:?}");
    elements
}

/// The tag that begins a text, and what is after it.
fn tag(text: &str) -> (Element, &str) {
    let end = text.find(|c: char| !c.is_ascii_alphanumeric()).unwrap();
    assert!(end > 0, "no tag: {}", &text[..text.len().min(60)]);
    let (name, mut rest) = text.split_at(end);
    let mut attributes = BTreeMap::new();
    loop {
        rest = rest.trim_start();
        if let Some(after) = rest.strip_prefix('>') {
            let (text, within) = (String::new(), Vec::new());
            return (Element { name: name.to_owned(), attributes, text, within }, after);
        }
        let end = rest.find(|c: char| !(c.is_ascii_alphanumeric() || c == '-')).unwrap();
        let (attribute, after) = rest.split_at(end);
        assert!(end > 0, "no attribute: {}", &rest[..rest.len().min(60)]);
        let (value, after) = match after.strip_prefix("=\"") {
            Some(value) => value.split_once('"').unwrap(),
            None => ("", after),
        };
        let again = attributes.insert(attribute.to_owned(), unescaped(value));
        assert!(again.is_none(), "{attribute} stands twice");
        rest = after;
    }
}

/// Text without references to characters. A bare `&` is none of ours.
fn unescaped(text: &str) -> String {
    let mut parts = text.split('&');
    let mut out = parts.next().unwrap().to_owned();
    for part in parts {
        let (reference, after) = part.split_once(';').expect("a reference");
        let number = reference.strip_prefix('#').expect("a reference by number");
        out.push(char::from_u32(number.parse().unwrap()).unwrap());
        out.push_str(after);
    }
    out
}

fn named<'e>(elements: &'e [Element], name: &'e str) -> impl Iterator<Item = &'e Element> {
    elements.iter().filter(move |element| element.name == name)
}

fn data(elements: &[Element]) -> Value {
    let scripts = named(elements, "script");
    let data = scripts.filter(|one| one.attributes.get("id").is_some_and(|id| id == "data"));
    serde_json::from_str(&data.last().unwrap().text).unwrap()
}

fn chart<'d>(data: &'d Value, id: &str) -> &'d Value {
    data["charts"].as_array().unwrap().iter().find(|chart| chart["id"] == id).unwrap()
}

/// Rows of a chart, by the names of its columns.
fn rows(chart: &Value) -> Vec<BTreeMap<&str, &Value>> {
    let columns: Vec<&str> =
        chart["columns"].as_array().unwrap().iter().map(|one| one.as_str().unwrap()).collect();
    let rows = chart["rows"].as_array().unwrap().iter();
    rows.map(|row| {
        let cells = row.as_array().unwrap();
        assert_eq!(cells.len(), columns.len(), "{row}");
        columns.iter().copied().zip(cells).collect()
    })
    .collect()
}

/// All text within the section of an id.
fn text_of(elements: &[Element], section: &str) -> String {
    let within = elements.iter().filter(|one| one.within.iter().any(|id| id == section));
    within.map(|one| one.text.as_str()).collect::<Vec<_>>().join(" ")
}

/// The page loads nothing: no element asks for a file, every link leads into the page, styles
/// name no file, and the only addresses in it are the names of namespaces.
#[test]
fn pages_load_nothing() {
    for text in [FULL, SMALL] {
        let page = page(record(text));
        let elements = read(&page);
        for element in &elements {
            for attribute in ["src", "srcset", "action", "poster", "background"] {
                assert!(!element.attributes.contains_key(attribute), "{element:?}");
            }
            if let Some(link) = element.attributes.get("href") {
                assert!(link.starts_with('#') || link == "data:,", "{element:?}");
            }
            let is_event = |name: &String| name.starts_with("on");
            assert!(!element.attributes.keys().any(is_event), "{element:?}");
        }
        for style in named(&elements, "style") {
            assert!(!style.text.contains("url(") && !style.text.contains("@import"));
        }
        let addresses = page.match_indices("http://").chain(page.match_indices("https://"));
        for (at, _) in addresses {
            assert!(page[at..].starts_with("http://www.w3.org/"));
        }
    }
}

/// The policy of the page forbids to load anything, and names the very scripts that are in it.
#[test]
fn scripts_are_the_ones_that_may_run() {
    let elements = read(&page(record(SMALL)));
    let policy = named(&elements, "meta").find_map(|meta| {
        let is_policy = meta.attributes.get("http-equiv")? == "Content-Security-Policy";
        meta.attributes.get("content").filter(|_| is_policy)
    });
    let policy = policy.unwrap();
    assert!(policy.contains("default-src 'none'") && !policy.contains("script-src 'unsafe"));
    let runs = |script: &&Element| !script.attributes.contains_key("type");
    let scripts: Vec<&Element> = named(&elements, "script").filter(runs).collect();
    assert_eq!(scripts.len(), 2);
    for script in scripts {
        let digest = STANDARD.encode(Sha256::digest(&script.text));
        assert!(policy.contains(&format!("'sha256-{digest}'")), "{policy}");
    }
}

/// A record that has everything has every chart: a figure, rows as long as their header, and no
/// excuse. What the small record lacks is left out with the reason.
#[test]
fn charts_are_there_or_excused() {
    let wanted = BTreeSet::from([
        "per-record",
        "percentiles",
        "roofline",
        "threads",
        "knee",
        "load-percentiles",
        "stages",
        "ways",
        "break-even",
        "cycles",
        "backpressure",
        "imitated-per-record",
    ]);
    let elements = read(&page(record(FULL)));
    let ids = |elements: &[Element], name: &str, attribute: &str| -> BTreeSet<String> {
        let found = named(elements, name).filter_map(|one| one.attributes.get(attribute));
        found.cloned().collect()
    };
    let figures = ids(&elements, "figure", "id");
    assert_eq!(figures.iter().map(String::as_str).collect::<BTreeSet<_>>(), wanted);
    let data = data(&elements);
    for id in &wanted {
        assert!(!rows(chart(&data, id)).is_empty(), "{id}");
    }
    assert!(ids(&elements, "p", "data-chart").is_empty());

    let elements = read(&page(record(SMALL)));
    let (figures, excused) = (ids(&elements, "figure", "id"), ids(&elements, "p", "data-chart"));
    assert!(figures.is_disjoint(&excused), "{figures:?} {excused:?}");
    for id in ["threads", "knee", "stages", "break-even"] {
        assert!(excused.contains(id), "{id}");
    }
    for id in ["per-record", "percentiles", "roofline", "cycles"] {
        assert!(figures.contains(id), "{id}");
    }
}

/// What a chart draws is what the record says: each median with its interval and its roof, to the
/// last digit, and nothing that is not measured.
#[test]
fn charts_draw_the_record() {
    let record = record(FULL);
    let data = data(&read(&page(record.clone())));
    let medians = rows(chart(&data, "per-record"));
    assert!(medians.len() > 30);
    for row in medians {
        let entry = record.entries.iter().find(|entry| {
            (entry.method, entry.threads, entry.software) == (Method::Throughput, 1, false)
                && row["backend"] == &entry.backend
                && row["batch_len"].as_u64() == Some(entry.batch_len as u64)
                && row["home"] == &entry.footprint_home
        });
        let entry = entry.unwrap();
        let bits = |name: &str| row[name].as_f64().map(f64::to_bits);
        let median = entry.median().unwrap();
        let known = [median.value, median.low, median.high].map(|value| Some(value.to_bits()));
        assert_eq!([bits("ns_per_record"), bits("low"), bits("high")], known);
        let roof = entry.bound.as_ref().map(|bound| bound.value.to_bits());
        assert_eq!(bits("roof_ns_per_record"), roof);
    }
}

/// A percentile curve ends with the last percentile that the record tells, and agrees with the
/// ones that it names.
#[test]
fn curves_end_with_the_last_earned_percentile() {
    let record = record(FULL);
    let data = data(&read(&page(record.clone())));
    let points = rows(chart(&data, "percentiles"));
    let latencies = record.entries.iter().filter(|entry| entry.method == Method::Latency);
    for entry in latencies {
        let batch =
            if entry.batch_len == 16_384 { "16,384".into() } else { entry.batch_len.to_string() };
        let of_entry: Vec<_> = points
            .iter()
            .filter(|row| {
                let panel = row["panel"].as_str().unwrap();
                row["backend"] == &entry.backend && panel.starts_with(&format!("{batch} record"))
            })
            .collect();
        let last = of_entry.iter().filter_map(|row| row["one_in"].as_f64()).fold(0.0, f64::max);
        assert!(last * 10.0 <= entry.sample_count as f64 + 1e-6, "{last}");
        assert!(last * 13.0 > entry.sample_count as f64, "{last}");
        let p90 = of_entry.iter().find(|row| row["one_in"].as_f64() == Some(10.0)).unwrap();
        let told = entry.metric("host/end_to_end", "p90").unwrap();
        assert!((p90["ns"].as_f64().unwrap() / told - 1.0).abs() < 0.01, "{told}");
    }
}

/// What a driver imitates is in its own section and labelled wherever it is named; what is modelled
/// is in no chart and in no answer. Neither is ranked.
#[test]
fn imitated_and_modelled_figures_are_apart() {
    let elements = read(&page(record(FULL)));
    let data = data(&elements);
    for chart in data["charts"].as_array().unwrap() {
        let id = chart["id"].as_str().unwrap();
        let names = chart["rows"].to_string();
        assert_eq!(names.contains("gpu-lavapipe"), id.starts_with("imitated-"), "{id}");
        assert!(!names.contains("ecp5-85f") && !id.contains("model"), "{id}");
    }
    for (section, imitated, modelled) in [
        ("answers", false, false),
        ("speed", false, false),
        ("limits", false, false),
        ("devices", false, false),
        ("simulated", false, true),
        ("results", true, false),
    ] {
        let text = text_of(&elements, section);
        assert_eq!(text.contains("gpu-lavapipe"), imitated, "{section}");
        assert_eq!(text.contains("ecp5-85f"), modelled, "{section}");
    }
    let cells = named(&elements, "td").filter(|cell| cell.text.starts_with("gpu-lavapipe"));
    let is_labelled = |cell: &Element| cell.text.contains("(software)");
    let results: Vec<&Element> =
        cells.filter(|cell| cell.within.iter().any(|id| id == "results")).collect();
    assert!(!results.is_empty() && results.into_iter().all(is_labelled));
    assert!(text_of(&elements, "simulated").contains("Modelled, not measured"));
}

/// The answers are in words: who is fastest at each batch length, from when on a device pays, what
/// holds each back, and how much load is served.
#[test]
fn answers_are_in_words() {
    let text = text_of(&read(&page(record(FULL))), "answers");
    for words in [
        "simd-avx512",
        "4,096 in L2",
        "1,048,576 in memory",
        "ns a record",
        "times",
        "never up to 1,048,576 records a batch",
        "from about 24,600 records a batch",
        "its own instructions",
        "waiting for its input",
        "upload",
        "records per cycle that its 4 lanes allow",
        "requests/s",
        "p99",
    ] {
        assert!(text.contains(words), "{words} is not in {text}");
    }
    let small = text_of(&read(&page(record(SMALL))), "answers");
    assert!(small.contains("scalar") && !small.contains("gpu-wgpu"), "{small}");
}

/// Names and messages that are HTML, scripts or the ends of either are only text: the page has the
/// same elements with the same attributes as without them.
#[test]
fn hostile_text_is_only_text() {
    let hostile = "\"'><script>alert(1)</script></td><img src=x onerror=alert(1)>&amp;<!--\u{2028}";
    let mut planted = record(FULL);
    planted.tool.commit = hostile.into();
    planted.tool.rustc = hostile.into();
    planted.host.cpu_model = Some(hostile.into());
    planted.host.governor = Some(hostile.into());
    planted.corpus.source = hostile.into();
    planted.skipped[0].backend = hostile.into();
    planted.skipped[0].reason = hostile.into();
    planted.warnings[0].code = hostile.into();
    planted.warnings[0].message = hostile.into();
    planted.devices[0].facts.adapter.name = hostile.into();
    planted.simulated[0].facts.design = hostile.into();
    for entry in &mut planted.entries {
        if entry.backend == "simd-avx512" {
            entry.backend = hostile.into();
        }
        if let Some(reason) = entry.absent.values_mut().next() {
            *reason = hostile.into();
        }
    }
    let shape = |elements: &[Element]| -> BTreeSet<(String, Vec<String>)> {
        let of = |one: &Element| (one.name.clone(), one.attributes.keys().cloned().collect());
        elements.iter().map(of).collect()
    };
    let (plain, hostile_page) = (page(record(FULL)), page(planted));
    let (plain, elements) = (read(&plain), read(&hostile_page));
    assert_eq!(shape(&elements), shape(&plain));
    for name in ["script", "figure", "table", "section"] {
        assert_eq!(named(&elements, name).count(), named(&plain, name).count(), "{name}");
    }
    assert!(text_of(&elements, "environment").contains(hostile));
    assert!(text_of(&elements, "answers").contains(hostile));
    assert!(data(&elements)["series"].to_string().contains("alert(1)"));
}

/// A run that did not end says so before all figures, and so does a debug build; a record without
/// figures still has its warnings and reasons. The same record is the same page.
#[test]
fn faults_come_first() {
    let mut broken = record(SMALL);
    broken.status = Status::WrongResults;
    broken.entries.clear();
    let first = page(broken.clone());
    let elements = read(&first);
    let alerts: Vec<&Element> = named(&elements, "p")
        .filter(|one| one.attributes.get("class").is_some_and(|class| class == "alert"))
        .collect();
    assert_eq!(alerts.len(), 1);
    assert!(alerts[0].text.contains("differs from the golden model"), "{alerts:?}");
    assert!(data(&elements)["charts"].as_array().unwrap().is_empty());
    assert!(text_of(&elements, "environment").contains("needs a 64-bit Arm processor"));
    assert_eq!(first, page(broken));
}
