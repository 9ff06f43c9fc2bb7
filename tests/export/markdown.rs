//! Markdown: tables of GitHub Flavored Markdown with no HTML but ours, within GitHub's limits.

use nanogate::gate::outcome::Outcome;
use regex::{Captures, Regex};

use super::{comparison, history, of_comparison, of_history, of_run, run};

/// Checks the form. Text between `<code>` and `</code>`, decoded, comes back.
fn read(text: &str) -> Vec<String> {
    let ours = Regex::new("<(/?(code|details|summary)|!-- nanogate-report --)>").unwrap();
    let foreign = ours.replace_all(text, "").into_owned();
    assert!(!foreign.contains('<'), "HTML that is not ours: {foreign}");
    let mut columns = None;
    for line in text.split('\n') {
        assert!(!line.contains('\r'), "{line:?}");
        columns = line.starts_with('|').then(|| {
            let count = line.matches('|').count();
            assert!(line.ends_with('|'), "{line}");
            assert!(columns.is_none_or(|columns| columns == count), "{line}");
            count
        });
    }
    assert_eq!(text.matches("<details>").count(), text.matches("</details>").count());
    let code = Regex::new("<code>([^<\n]*)</code>").unwrap();
    code.captures_iter(text).map(|found| decoded(&found[1])).collect()
}

fn decoded(text: &str) -> String {
    let reference = Regex::new("&#([0-9]+);").unwrap();
    let plain = reference.replace_all(text, "");
    assert!(!plain.contains(|c| "&|`*<>@#[]\\!~".contains(c)), "{plain}");
    let character =
        |found: &Captures<'_>| char::from_u32(found[1].parse().unwrap()).unwrap().to_string();
    reference.replace_all(text, character).into_owned()
}

pub(super) fn names(text: &str) -> Vec<String> {
    read(text)
}

/// A cell has one line.
pub(super) fn seen(name: &str) -> String {
    name.chars().map(|c| if c.is_control() { ' ' } else { c }).collect()
}

/// A comparison begins with what it comes to, shows what needs eyes, worst first, and folds the
/// rest.
#[test]
fn the_worst_is_on_top() {
    let text = of_comparison("github-summary", comparison());
    read(&text);
    assert!(text.starts_with("## nanogate: regression\n"), "{text}");
    let rows: Vec<&str> = text.lines().filter(|line| line.starts_with("| **fails**")).collect();
    assert_eq!(rows.len(), 4);
    assert!(text.contains("+6.25 % (+6.00 % to +6.50 %)"), "{text}");
    assert!(text.contains("<details><summary>5 rows pass</summary>"), "{text}");
    let place = |what: &str| text.find(what).unwrap_or_else(|| panic!("{what} in {text}"));
    assert!(
        place("**fails**") < place("| undecided |") && place("| undecided |") < place("| muted")
    );
    assert!(place("| muted") < place("| allowed") && place("| allowed") < place("| faster"));
    assert!(place("| faster") < place("<details>"), "{text}");
    assert!(text.contains("**The gate was forced to arm**"), "{text}");
    assert!(text.contains("(exact)") && text.contains("1005 cycles"), "{text}");
}

/// What is new says so and has one value; what one side lacks is absent there; and of programs that
/// are the same nothing was measured, so that nothing is absent.
#[test]
fn values_that_are_not_there_say_why() {
    let text = of_comparison("github-summary", comparison());
    let line = |what: &str| {
        let mut lines = text.lines().filter(|line| line.contains(what));
        lines.next().unwrap_or_else(|| panic!("{what} in {text}"))
    };
    let new = line("4000/1/simulator/sim/stalled/count");
    assert!(new.starts_with("| new |"), "{new}");
    assert!(new.contains("| <code>absent</code> | <code>0 cycles</code> | - |"), "{new}");
    let missing = line("sim/latency/max");
    assert!(missing.contains("| <code>5 cycles</code> | <code>absent</code> | - |"), "{missing}");
    let identical = line("<code>no-change: ");
    assert!(identical.starts_with("| same |"), "{identical}");
    assert!(identical.contains("</code> | - | - | - | - | the programs are the same"));
    let grown = line("16/1/simulator/sim/stalled/count");
    assert!(grown.contains("| <code>0 cycles</code> | <code>3 cycles</code> | - |"), "{grown}");
    assert!(line("size/file/bytes").contains("| +0.59 % (exact) |"), "{text}");
}

/// A comparison that ended early says so, above what it found.
#[test]
fn interrupted_comparisons_say_so() {
    let says = "**Interrupted**: what was measured until then.\n";
    assert!(!of_comparison("github-summary", comparison()).contains(says));
    let mut outcome = comparison();
    outcome.interrupted = true;
    let text = of_comparison("github-summary", outcome);
    read(&text);
    assert!(text.find(says).unwrap() < text.find("Baseline ").unwrap(), "{text}");
}

/// The comment has the marker on its first line and the summary has none; else they are the same.
#[test]
fn comments_have_a_marker() {
    let comment = of_comparison("github-comment", comparison());
    let (marker, rest) = comment.split_once('\n').unwrap();
    assert_eq!(marker, "<!-- nanogate-report -->");
    assert_eq!(rest.trim(), of_comparison("github-summary", comparison()).trim());
    assert!(of_run("github-comment", run()).starts_with(marker));
}

fn many(count: usize) -> Outcome {
    let mut outcome = comparison();
    let rows = &mut outcome.candidates[0].rows;
    let failing = rows[0].clone();
    rows.extend((0..count).map(|number| {
        let mut row = failing.clone();
        row.key.batch_len = number;
        row
    }));
    outcome
}

/// Text stays within what GitHub takes, keeps its form, and counts the rows that it leaves out.
#[test]
fn limits_are_kept() {
    let left_out = Regex::new(r"\*\*([0-9]+) more rows are left out").unwrap();
    for (format, limit) in [("github-comment", 65_536), ("github-summary", 1 << 20)] {
        let count = limit / 100;
        let text = of_comparison(format, many(count));
        read(&text);
        assert!(text.len() <= limit && text.len() > limit * 9 / 10, "{format}: {}", text.len());
        let shown = text.lines().filter(|line| line.starts_with("| **fails**")).count();
        let stated: usize = left_out.captures(&text).unwrap()[1].parse().unwrap();
        assert!(shown > 100 && shown + stated >= count, "{format}: {shown} and {stated}");
    }
}

/// A run has a row per entry, modelled figures in a table of their own, and an entry without a
/// figure says so instead of showing a number.
#[test]
fn runs_have_a_row_per_entry() {
    let text = of_run("github-summary", run());
    read(&text);
    assert!(text.contains("| 4.125 ns | 3.750 to 4.500 | - | 6.2 |"), "{text}");
    assert!(text.contains("gpu-wgpu (software)/decide"), "{text}");
    assert!(text.contains("| absent: <code>5 readings bear no interval</code> | - |"), "{text}");
    assert!(text.contains("| 1005 cycles | - |"), "{text}");
    let modelled = text.find("Modelled, not measured").unwrap();
    assert!(text.find("model/latency").unwrap() > modelled, "{text}");
    assert!(text.contains("skipped <code>simd-neon</code>"), "{text}");
}

/// A history shows the last run beside the one before, and claims no verdict.
#[test]
fn histories_show_the_last_two() {
    let text = of_history("github-summary", history());
    read(&text);
    assert!(text.contains("<code>260 ns/iter</code>") && text.contains("| 1.024 |"), "{text}");
    assert!(text.contains("No verdict"), "{text}");
}
