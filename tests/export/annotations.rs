//! Workflow commands, read as the runner of GitHub Actions reads them.

use nanogate::report::record::Status;
use regex::Regex;

use super::{comparison, of_comparison, of_run, run};

/// Level, title and message of every line.
fn read(text: &str) -> Vec<(String, String, String)> {
    let title = r"((?:[^\r\n:,%]|%(?:25|0D|0A|3A|2C))*)";
    let message = r"((?:[^\r\n%]|%(?:25|0D|0A))*)";
    let form = format!("^::(error|warning|notice) title={title}::{message}$");
    let form = Regex::new(&form).unwrap();
    let decode = |text: &str| {
        let text = text.replace("%0D", "\r").replace("%0A", "\n").replace("%3A", ":");
        text.replace("%2C", ",").replace("%25", "%")
    };
    assert!(text.ends_with('\n'), "{text}");
    text.trim_end_matches('\n')
        .split('\n')
        .map(|line| {
            let parts = form.captures(line).unwrap_or_else(|| panic!("no command: {line:?}"));
            (parts[1].to_owned(), decode(&parts[2]), decode(&parts[3]))
        })
        .collect()
}

pub(super) fn names(text: &str) -> Vec<String> {
    read(text).into_iter().map(|(_, title, _)| title).collect()
}

/// What fails is an error, what is unclear a warning, what is allowed, muted or new a notice; what
/// else passes is not there.
#[test]
fn levels_follow_effects() {
    let read = read(&of_comparison("github-annotations", comparison()));
    let of = |level: &str| -> Vec<&str> {
        let of_level = read.iter().filter(|(found, ..)| found == level);
        of_level.map(|(_, title, _)| title.as_str()).collect()
    };
    assert_eq!(of("error").len(), 4, "{read:?}");
    // Nothing bounds what a missing metric hides, nor a growth from nothing: they come first.
    assert!(of("error")[0].contains("sim/latency/max"), "{read:?}");
    assert!(of("error")[1].contains("sim/stalled/count"), "{read:?}");
    assert_eq!(read[1].2, "slower: 0 cycles to 3 cycles; exact values differ");
    assert!(read[2].2.contains("+6.25 % (+6.00 % to +6.50 %)"), "{read:?}");
    assert!(read[3].2.contains("hard limit 750 ns"), "{read:?}");
    let warnings = of("warning");
    assert_eq!(warnings.len(), 2, "{warnings:?}");
    assert!(warnings[0] == "nanogate: forced" && warnings[1].ends_with(" undecided"));
    let notices = of("notice");
    let effects: Vec<&str> =
        notices.iter().map(|title| title.rsplit(' ').next().unwrap()).collect();
    assert_eq!(effects, ["muted", "allowed", "allowed", "passes"], "{notices:?}");
    assert!(notices[3].contains("sim/stalled/count"), "{notices:?}");
}

/// A comparison that ended early warns of it, also where all that was measured passes.
#[test]
fn interrupted_comparisons_warn() {
    let mut outcome = comparison();
    outcome.arming = None;
    outcome.candidates.remove(0);
    outcome.interrupted = true;
    let read = read(&of_comparison("github-annotations", outcome));
    let [(level, title, message)] = read.as_slice() else { panic!("{read:?}") };
    assert_eq!((level.as_str(), title.as_str()), ("warning", "nanogate: interrupted"));
    assert!(message.contains("decides nothing"), "{message}");
}

/// GitHub shows ten of each level: the worst of many come first, and the tenth says how many more.
#[test]
fn ten_of_a_level_are_shown() {
    let mut outcome = comparison();
    let rows = &mut outcome.candidates[0].rows;
    rows.truncate(1);
    for percent in 1..30_u32 {
        let mut row = rows[0].clone();
        row.key.batch_len = percent as usize;
        row.ratio = row.ratio.map(|ratio| ratio.map(|_| 1.0 + f64::from(percent)));
        rows.push(row);
    }
    let read = read(&of_comparison("github-annotations", outcome));
    let errors: Vec<_> = read.iter().filter(|(level, ..)| level == "error").collect();
    assert_eq!(errors.len(), 10);
    assert!(errors[0].1.contains("/29/"), "{errors:?}");
    assert!(errors[9].2.starts_with("21 more"), "{errors:?}");
}

/// A run's warnings are warnings, what was skipped a notice; one with wrong results is an error.
#[test]
fn runs_tell_their_warnings() {
    let read_run = read(&of_run("github-annotations", run()));
    let count = |level: &str| read_run.iter().filter(|(found, ..)| found == level).count();
    assert_eq!((count("error"), count("warning"), count("notice")), (0, 2, 2), "{read_run:?}");
    let mut wrong = run();
    wrong.status = Status::WrongResults;
    assert_eq!(read(&of_run("github-annotations", wrong))[0].0, "error");
}

/// A comparison in which all passes says so: silence could be a broken pipe.
#[test]
fn all_is_well_is_said() {
    let mut outcome = comparison();
    outcome.arming = None;
    outcome.candidates.remove(0);
    let read = read(&of_comparison("github-annotations", outcome));
    assert_eq!(read.len(), 1);
    assert_eq!(read[0].2, "the row passes");
}
