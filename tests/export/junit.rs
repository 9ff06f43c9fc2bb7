//! JUnit XML by a parser of XML, and by jenkins-junit.xsd as far as we use it.

use nanogate::report::record::Status;
use roxmltree::{Document, Node};

use super::{comparison, of_comparison, of_run, run};

/// Attributes and children that the schema allows, children in its order.
const ELEMENTS: [(&str, &[&str], &[&str]); 9] = [
    ("testsuites", &["name", "tests", "failures", "errors"], &["testsuite"]),
    (
        "testsuite",
        &["name", "tests", "failures", "errors", "skipped", "timestamp"],
        &["properties", "testcase"],
    ),
    ("properties", &[], &["property"]),
    ("property", &["name", "value"], &[]),
    ("testcase", &["classname", "name"], &["skipped", "error", "failure", "system-out"]),
    ("skipped", &["message"], &[]),
    ("error", &["type", "message"], &[]),
    ("failure", &["type", "message"], &[]),
    ("system-out", &[], &[]),
];

fn check(node: Node<'_, '_>) {
    let (name, attributes, children) = *ELEMENTS
        .iter()
        .find(|(name, ..)| node.has_tag_name(*name))
        .unwrap_or_else(|| panic!("{node:?}"));
    let found: Vec<&str> = node.attributes().map(|one| one.name()).collect();
    assert_eq!(found, attributes, "{name}");
    let elements: Vec<Node<'_, '_>> = node.children().filter(Node::is_element).collect();
    let places: Vec<usize> = elements
        .iter()
        .map(|child| children.iter().position(|one| child.has_tag_name(*one)).unwrap())
        .collect();
    assert!(places.is_sorted(), "{name}: {places:?}");
    elements.into_iter().for_each(check);
}

fn cases<'d>(document: &'d Document<'_>) -> Vec<Node<'d, 'd>> {
    document.descendants().filter(|node| node.has_tag_name("testcase")).collect()
}

fn has(case: &Node<'_, '_>, element: &str) -> bool {
    case.children().any(|child| child.has_tag_name(element))
}

/// Checks the form, and that the counts are those of the cases.
fn checked(text: &str) -> Document<'_> {
    let document = Document::parse(text).unwrap();
    check(document.root_element());
    let suites = document.root_element().children().filter(Node::is_element);
    for suite in suites.chain([document.root_element()]) {
        let within: Vec<Node<'_, '_>> =
            suite.descendants().filter(|node| node.has_tag_name("testcase")).collect();
        for (attribute, element) in
            [("failures", "failure"), ("errors", "error"), ("skipped", "skipped")]
        {
            let count = within.iter().filter(|case| has(case, element)).count().to_string();
            assert!(suite.attribute(attribute).is_none_or(|stated| stated == count), "{text}");
        }
        assert_eq!(suite.attribute("tests"), Some(within.len().to_string().as_str()));
    }
    document
}

pub(super) fn names(text: &str) -> Vec<String> {
    let document = checked(text);
    cases(&document).iter().map(|case| case.attribute("name").unwrap().to_owned()).collect()
}

/// XML cannot hold some characters, however they are escaped.
pub(super) fn seen(name: &str) -> String {
    let is_legal = |c: char| matches!(c, '\t' | '\n' | '\r' | ' '..='\u{fffd}') || c > '\u{ffff}';
    name.chars().map(|c| if is_legal(c) { c } else { '\u{fffd}' }).collect()
}

/// A row is a case: what fails is a failure with its reason as the type, what is unclear or muted
/// is skipped and says why, and what is allowed passes.
#[test]
fn rows_are_cases() {
    let text = of_comparison("junit", comparison());
    let document = checked(&text);
    let cases = cases(&document);
    assert_eq!(cases.len(), 15);
    let with = |element: &str| cases.iter().filter(|case| has(case, element)).count();
    assert_eq!((with("failure"), with("skipped"), with("error")), (4, 2, 0));
    let slower = cases.iter().find(|case| {
        case.attribute("name") == Some("scalar/decide/throughput/256/1/L1/host/per_record/p50")
    });
    let slower = slower.unwrap();
    assert_eq!(slower.attribute("classname"), Some("nanogate.fast-path"));
    let failure = slower.children().find(|child| child.has_tag_name("failure")).unwrap();
    assert_eq!(failure.attribute("type"), Some("beyond-noise"));
    assert!(failure.text().unwrap().contains("+6.25 % (+6.00 % to +6.50 %)"), "{text}");
    assert!(text.contains("muted until 2026-12-31: known, see issue 12"), "{text}");
    assert!(text.contains("a budget of 12.50 s would settle it"), "{text}");
    assert!(text.contains("same: not measured; the programs are the same"), "{text}");
}

/// A comparison that ended early has an error beside its rows.
#[test]
fn interrupted_comparisons_are_errors() {
    let mut outcome = comparison();
    outcome.interrupted = true;
    let text = of_comparison("junit", outcome);
    let document = checked(&text);
    let cases = cases(&document);
    assert_eq!(cases.len(), 16);
    assert_eq!(cases[0].attribute("name"), Some("comparison is complete"));
    let error = cases[0].children().find(|child| child.has_tag_name("error")).unwrap();
    assert_eq!(error.attribute("type"), Some("interrupted"));
    assert_eq!(cases.iter().filter(|case| has(case, "error")).count(), 1);
}

/// An entry is a case that passes, since it was verified, with its figure; a skipped backend is
/// skipped. A run with wrong results fails, and one that was stopped is an error.
#[test]
fn entries_are_cases() {
    let text = of_run("junit", run());
    let document = checked(&text);
    let cases = cases(&document);
    assert_eq!(cases.len(), 7);
    assert!(text.contains("host/per_record/p50 4.125 ns (95 % interval 3.750 to 4.500)"), "{text}");
    assert!(text.contains("sim/total/count 1005 cycles"), "{text}");
    assert!(text.contains("is absent: 5 readings bear no interval"), "{text}");
    assert!(text.contains(r#"timestamp="2026-11-25T14:50:26""#), "{text}");
    let skipped: Vec<_> = cases.iter().filter(|case| has(case, "skipped")).collect();
    assert_eq!(skipped.len(), 1);
    for (status, element) in [(Status::WrongResults, "failure"), (Status::Interrupted, "error")] {
        let text = of_run("junit", nanogate::report::record::RunRecord { status, ..run() });
        let document = checked(&text);
        assert!(has(&self::cases(&document)[0], element), "{text}");
    }
}
