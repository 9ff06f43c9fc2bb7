//! Baselines and comparisons of records as their users meet them.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test may fail")]

mod records;

use std::{fs, path::Path};

use assert_cmd::{Command, assert::Assert};
use nanogate::report::{baseline::Baseline, record::RunRecord};
use predicates::{prelude::*, str::contains};
use records::{cycles, latency, record, throughput};
use serde_json::{Value, json};

/// The program in a folder of its own.
fn nanogate(folder: &Path, verb: &str, more: &[&str]) -> Assert {
    let mut command = Command::cargo_bin("nanogate").unwrap();
    command.current_dir(folder).env("TMPDIR", folder).arg(verb).args(more).assert()
}

fn compare(folder: &Path, more: &[&str]) -> Assert {
    nanogate(folder, "compare", more)
}

/// A run of one small entry.
fn run(folder: &Path, more: &[&str]) -> Assert {
    let small = ["--backend", "scalar", "--batch", "64", "--footprint", "hot", "--budget", "0.03"];
    nanogate(folder, "run", &[&small[..], &["--method", "throughput"], more].concat())
}

fn write(folder: &Path, name: &str, value: &Value) {
    fs::write(folder.join(name), serde_json::to_string_pretty(value).unwrap()).unwrap();
}

fn read(path: &Path) -> Value {
    serde_json::from_str(&fs::read_to_string(path).unwrap()).unwrap()
}

/// Puts a record among the baselines, in an envelope that the library signs.
fn seal(folder: &Path, name: &str, record: &Value) {
    let record: RunRecord = serde_json::from_value(record.clone()).unwrap();
    let baseline = Baseline::seal(record, 1_700_000_000).unwrap();
    let place = folder.join(".nanogate/baselines");
    fs::create_dir_all(&place).unwrap();
    let text = serde_json::to_string_pretty(&baseline).unwrap();
    fs::write(place.join(format!("{name}.json")), text).unwrap();
}

/// Makes the launches of an entry slower by a factor.
fn slow_down(entry: &mut Value, factor: f64) {
    for launch in entry["launches"].as_array_mut().unwrap() {
        for value in launch["metrics"].as_object_mut().unwrap().values_mut() {
            *value = json!(value.as_f64().unwrap() * factor);
        }
    }
}

/// Launches that differ by a tenth of a percent.
const STEADY: [f64; 3] = [2.0, 2.002, 1.998];

/// A record with a bit of all that is compared.
fn mixed(minute: u64) -> Value {
    record(
        minute,
        &[
            throughput("scalar", 256, &STEADY),
            throughput("simd-avx2", 256, &[0.5, 0.5005, 0.4995]),
            latency("scalar", 4_096, &[8_100.0, 8_105.0, 8_095.0], 3),
            cycles(1_000, 255),
        ],
    )
}

/// A run is saved, listed, and saved again in place of itself, which is said; what lies there is
/// the record of the run, in an envelope whose digest holds.
#[test]
fn runs_become_baselines() {
    let folder = tempfile::tempdir().unwrap();
    let save = ["--save-baseline", "main"];
    run(folder.path(), &save).success().stdout(contains("saved as .nanogate/baselines/main.json"));
    let path = folder.path().join(".nanogate/baselines/main.json");
    let kept = Baseline::open(&fs::read_to_string(&path).unwrap()).unwrap();
    let written = read(&folder.path().join("nanogate-run.json"));
    assert_eq!(serde_json::to_value(&kept.record).unwrap(), written);
    run(folder.path(), &save).success().stdout(contains("replaced"));
    let again = Baseline::open(&fs::read_to_string(&path).unwrap()).unwrap();
    assert_ne!(again.record_sha256, kept.record_sha256);
    compare(folder.path(), &["--list"]).success().stdout(contains("main").and(contains("ago")));
    let output = compare(folder.path(), &["--list", "--json"]).success();
    let listed: Value = serde_json::from_slice(&output.get_output().stdout).unwrap();
    assert_eq!(listed[0]["record_sha256"], json!(again.record_sha256));
    let left = fs::read_dir(path.parent().unwrap()).unwrap().count();
    assert_eq!(left, 1, "no temporary file is left behind");
}

/// A record against itself is the same in every row, and passes; by name and by file alike.
#[test]
fn a_record_is_the_same_as_itself() {
    let folder = tempfile::tempdir().unwrap();
    seal(folder.path(), "main", &mixed(0));
    write(folder.path(), "run.json", &mixed(0));
    for sides in [["main", "main"], ["main", "run.json"], ["./run.json", "main"]] {
        let output = compare(folder.path(), &[&sides[..], &["--json"]].concat()).success();
        let outcome: Value = serde_json::from_slice(&output.get_output().stdout).unwrap();
        assert_eq!(outcome["schema"], "nanogate.comparison/1");
        let rows = outcome["candidates"][0]["rows"].as_array().unwrap();
        assert_eq!(rows.len(), 6, "two throughputs, two percentiles, two counts of cycles");
        assert!(rows.iter().all(|row| row["verdict"] == "same"), "{rows:?}");
    }
    compare(folder.path(), &["main", "main"]).success().stdout(contains("the same record"));
}

/// One row that is 10 % slower is found among others that are not, and fails the comparison; the
/// other way round it is faster, and passes.
#[test]
fn a_slower_record_is_a_regression() {
    let folder = tempfile::tempdir().unwrap();
    let mut slower = mixed(5);
    slow_down(&mut slower["entries"][1], 1.1);
    seal(folder.path(), "main", &mixed(0));
    seal(folder.path(), "slow", &slower);
    let sides = ["main", "slow", "--display", "simple"];
    let output = compare(folder.path(), &sides).code(3);
    let said = String::from_utf8(output.get_output().stdout.clone()).unwrap();
    let lines: Vec<&str> = said.lines().map(str::trim_end).collect();
    let of = |verdict: &str| lines.iter().filter(|line| line.ends_with(verdict)).count();
    assert_eq!((of("slower"), of("same")), (1, 5), "{said}");
    let slow = lines.iter().find(|line| line.ends_with("slower")).unwrap();
    assert!(slow.contains("simd-avx2/") && slow.contains("1.100"), "{slow}");
    compare(folder.path(), &["slow", "main"]).success().stdout(contains("faster"));
    // Were noise as large, it would be no difference.
    compare(folder.path(), &["main", "slow", "--noise", "15", "--margin", "15"]).success();
}

/// One cycle more is a regression, however little that is: cycles are exact. Modelled time is no
/// row, nor is a rate.
#[test]
fn cycles_are_exact() {
    let folder = tempfile::tempdir().unwrap();
    write(folder.path(), "a.json", &record(0, &[cycles(1_048_576, 262_149)]));
    let mut longer = record(1, &[cycles(1_048_576, 262_150)]);
    longer["entries"][0]["metrics"]["model/latency/p50"] = json!(9.0);
    write(folder.path(), "b.json", &longer);
    let output = compare(folder.path(), &["a.json", "b.json", "--json"]).code(3);
    let outcome: Value = serde_json::from_slice(&output.get_output().stdout).unwrap();
    let rows = outcome["candidates"][0]["rows"].as_array().unwrap();
    let about = |row: &Value| (row["metric"].clone(), row["reason"].clone());
    let found: Vec<_> = rows.iter().map(about).collect();
    assert_eq!(found[0], (json!("sim/latency/max"), json!("exactly-equal")));
    assert_eq!(found[1], (json!("sim/total/count"), json!("exactly-different")));
    assert_eq!(found.len(), 2);
}

/// Launches that scatter by several percent settle nothing, which is neither a pass nor a
/// regression, and what would settle it is said. With a row that is slower, that counts.
#[test]
fn what_cannot_be_told_is_no_pass() {
    let folder = tempfile::tempdir().unwrap();
    let wide = [2.0, 2.1, 1.9];
    let of = |minute, one: &[f64]| {
        record(minute, &[throughput("scalar", 256, one), throughput("simd-avx2", 256, &wide)])
    };
    write(folder.path(), "a.json", &of(0, &STEADY));
    write(folder.path(), "b.json", &of(1, &STEADY));
    write(folder.path(), "c.json", &of(2, &STEADY.map(|ns| 1.2 * ns)));
    compare(folder.path(), &["a.json", "b.json"])
        .code(4)
        .stdout(contains("cannot-tell").and(contains("`run --launches ")));
    compare(folder.path(), &["a.json", "c.json"]).code(3);
    write(folder.path(), "one.json", &record(3, &[throughput("scalar", 256, &[2.0])]));
    write(folder.path(), "two.json", &record(3, &[throughput("scalar", 256, &STEADY)]));
    compare(folder.path(), &["two.json", "one.json"]).code(4).stdout(contains("too-few-launches"));
}

/// A percentile that not every launch earned is no row; an entry that the candidate lacks leaves
/// the comparison open, one that only it has does not.
#[test]
fn rows_are_those_of_both_sides() {
    let folder = tempfile::tempdir().unwrap();
    let ns = [8_100.0, 8_105.0, 8_095.0];
    let with = |earned| record(0, &[latency("scalar", 16, &ns, earned)]);
    write(folder.path(), "all.json", &with(3));
    write(folder.path(), "two.json", &with(2));
    compare(folder.path(), &["all.json", "all.json"]).success().stdout(contains("/p99"));
    compare(folder.path(), &["all.json", "two.json"])
        .success()
        .stdout(contains("/p50").and(contains("/p99").not()));
    let more = record(0, &[latency("scalar", 16, &ns, 3), throughput("scalar", 16, &STEADY)]);
    write(folder.path(), "more.json", &more);
    compare(folder.path(), &["more.json", "all.json"])
        .code(4)
        .stdout(contains("missing-in-candidate"));
    compare(folder.path(), &["all.json", "more.json"])
        .success()
        .stdout(contains("new-in-candidate"));
}

/// A software driver's figures are compared, and their rows keep its label. Where one launch
/// measured them for all they are no rows, which a note says, and leave nothing open.
#[test]
fn software_devices_keep_their_label() {
    let folder = tempfile::tempdir().unwrap();
    let shown = |launches: &[f64]| {
        let imitated = throughput("gpu-wgpu", 4_096, launches);
        let mut one = record(0, &[throughput("scalar", 256, &STEADY), imitated]);
        one["entries"][1]["software"] = json!(true);
        write(folder.path(), "a.json", &one);
        compare(folder.path(), &["a.json", "a.json", "--display", "simple"]).success()
    };
    shown(&STEADY).stdout(contains("gpu-wgpu (software)/decide/throughput/4096/"));
    let note = "1 entry without launches to compare (throughput)";
    shown(&STEADY[..1]).stdout(contains("gpu-wgpu").not().and(contains(note)));
}

/// A reader that has had enough of the output changes no verdict: a regression still fails.
#[cfg(unix)]
#[test]
fn a_closed_output_changes_no_verdict() {
    let folder = tempfile::tempdir().unwrap();
    let mut slower = mixed(5);
    slow_down(&mut slower["entries"][1], 1.1);
    write(folder.path(), "a.json", &mixed(0));
    write(folder.path(), "b.json", &slower);
    let (reader, closed) = std::io::pipe().unwrap();
    drop(reader);
    let status = std::process::Command::new(assert_cmd::cargo::cargo_bin("nanogate"))
        .current_dir(folder.path())
        .args(["compare", "a.json", "b.json", "--display", "explain"])
        .stdout(closed)
        .status()
        .unwrap();
    assert_eq!(status.code(), Some(3));
}

/// The error is held over the rows of all candidates: what is slower by itself is not among
/// enough others, and each candidate has rows of its own.
#[test]
fn several_candidates_are_one_family() {
    let folder = tempfile::tempdir().unwrap();
    let base = [2.0, 2.02, 1.98];
    write(folder.path(), "base.json", &record(0, &[throughput("scalar", 256, &base)]));
    let with = |factor: f64| record(1, &[throughput("scalar", 256, &base.map(|ns| factor * ns))]);
    write(folder.path(), "b.json", &with(1.0));
    write(folder.path(), "c.json", &with(1.1));
    let adjusted = |sides: &[&str], row: usize| {
        let output = compare(folder.path(), &[sides, &["--json"]].concat());
        let outcome: Value = serde_json::from_slice(&output.get_output().stdout).unwrap();
        let candidates = outcome["candidates"].as_array().unwrap().clone();
        assert_eq!(candidates.len(), sides.len() - 1);
        assert_eq!(candidates[row]["name"], sides[row + 1]);
        candidates[row]["rows"][0]["p_adjusted"].as_f64().unwrap()
    };
    let alone = adjusted(&["base.json", "c.json"], 0);
    let among = adjusted(&["base.json", "b.json", "c.json"], 1);
    assert!((among - 2.0 * alone).abs() < 1e-12, "{among} and {alone}");
    compare(folder.path(), &["base.json", "b.json", "c.json"]).code(3);
}

/// Records of another host, input, build, width of the design, device or run that did not end have
/// no numbers: exit 7, the reason, and nothing on standard output. A change of load is none.
#[test]
fn other_circumstances_are_not_comparable() {
    let folder = tempfile::tempdir().unwrap();
    seal(folder.path(), "main", &mixed(0));
    let refused = |spoil: fn(&mut Value), says: &str| {
        let mut other = mixed(1);
        spoil(&mut other);
        write(folder.path(), "other.json", &other);
        for sides in [["main", "other.json"], ["other.json", "main"]] {
            compare(folder.path(), &sides)
                .code(7)
                .stdout("")
                .stderr(contains(says.to_owned()).and(contains("\n").count(1)));
        }
    };
    refused(|record| record["host"]["cores_usable"] = json!(3), "another host (cores_usable");
    refused(|record| record["host"]["cpu_model"] = json!("Other"), "another host (cpu_model");
    refused(|record| record["corpus"]["digest"] = json!("cd".repeat(32)), "digest of the corpus");
    refused(|record| record["corpus"]["seed"] = json!(2), "seed was ");
    refused(|record| record["corpus"]["faults_permille"] = json!(5), "faulty records");
    refused(|record| record["tool"]["profile"] = json!("debug"), "by a debug build");
    refused(|record| record["status"] = json!("interrupted"), "did not end well");
    refused(|record| record["status"] = json!("running"), "did not end well");
    refused(|record| record["schema"] = json!("nanogate.run/2"), "its format is nanogate.run/2");
    let hidden = |record: &mut Value| {
        let message = "processor features were hidden: gfni";
        record["warnings"] = json!([{"code": "hidden-features", "message": message}]);
    };
    refused(hidden, "features were hidden: gfni");
    let mut busy = mixed(1);
    busy["host"]["load_1min"] = json!(1.9);
    busy["tool"]["commit"] = json!("another");
    write(folder.path(), "busy.json", &busy);
    compare(folder.path(), &["main", "busy.json"]).success();
}

/// A baseline that was changed, cut off, replaced by something else or written by a newer version
/// is refused by its name and the reason, and listed with it. The same change with a new signature
/// is a record like any other.
#[test]
fn spoiled_baselines_are_refused() {
    let folder = tempfile::tempdir().unwrap();
    write(folder.path(), "run.json", &mixed(0));
    seal(folder.path(), "main", &mixed(0));
    let path = folder.path().join(".nanogate/baselines/main.json");
    let good = fs::read_to_string(&path).unwrap();
    let refused = |text: &str, code: i32, says: &str| {
        fs::write(&path, text).unwrap();
        let named = || contains("main.json: ").and(contains(says.to_owned()));
        compare(folder.path(), &["main", "run.json"]).code(code).stdout("").stderr(named());
        compare(folder.path(), &["--list"]).success().stdout(named());
    };
    let tampered = good.replacen("\"host/per_record/p50\": 2.0", "\"host/per_record/p50\": 2.5", 1);
    assert_ne!(tampered, good);
    refused(&tampered, 7, "changed after it was saved");
    refused(&good.replacen("\"sample_count\"", "\"more\": 1, \"sample_count\"", 1), 7, "changed");
    refused(&good[..good.len() / 2], 2, "cut off");
    refused("", 2, "cut off");
    refused("my thesis", 2, "not in the right form");
    refused(r#"{"schema": "other/1"}"#, 2, "neither a baseline nor a run record");
    refused(&mixed(0).to_string(), 2, "is no baseline, but the record of a run; save it again");
    refused(&good.replacen("baseline/1", "baseline/2", 1), 7, "its format is nanogate.baseline/2");
    refused(&good.replacen("run/1", "run/2", 1), 7, "its format is nanogate.run/2");
    let compact: Value = serde_json::from_str(&good).unwrap();
    fs::write(&path, compact.to_string()).unwrap();
    compare(folder.path(), &["main", "run.json"]).success();
    let mut changed = mixed(0);
    slow_down(&mut changed["entries"][0], 1.25);
    seal(folder.path(), "main", &changed);
    compare(folder.path(), &["main", "run.json"]).success().stdout(contains("faster"));
}

/// Names that leave the folder, are empty, or mean a file are refused before anything is measured,
/// and so is a baseline that is not there; the names that are there are told.
#[test]
fn bad_names_are_refused() {
    let folder = tempfile::tempdir().unwrap();
    seal(folder.path(), "main", &mixed(0));
    for (name, says) in [
        ("../x", "not '/'"),
        ("", "cannot be empty"),
        (".hidden", "begins with a letter or a digit"),
        ("run.json", "would be a file"),
        ("a b", "not ' '"),
    ] {
        for flag in ["--save-baseline", "--baseline", "--baseline-lenient"] {
            run(folder.path(), &[&format!("{flag}={name}")]).code(2).stderr(contains(says));
        }
    }
    compare(folder.path(), &["", "main"]).code(2).stderr(contains("cannot be empty"));
    compare(folder.path(), &["../x", "main"]).code(2).stderr(contains("../x: cannot be read"));
    compare(folder.path(), &["other", "main"]).code(2).stderr(contains("known: main"));
    compare(folder.path(), &["main"]).code(2);
    compare(folder.path(), &[]).code(2);
    run(folder.path(), &["--baseline", "other"]).code(2).stderr(contains("known: main"));
    let both = ["--baseline", "main", "--save-baseline", "main"];
    run(folder.path(), &both).code(2).stderr(contains("choose another name"));
    assert!(!folder.path().join("nanogate-run.json").exists(), "nothing was measured");
    fs::write(folder.path().join(".nanogate/baselines/thesis.json"), "mine").unwrap();
    run(folder.path(), &["--save-baseline", "thesis"]).code(2).stderr(contains("no baseline"));
}

/// Flags that would make no rule are refused.
#[test]
fn bad_rules_are_refused() {
    let folder = tempfile::tempdir().unwrap();
    write(folder.path(), "a.json", &mixed(0));
    let refused = |flags: &[&str], says: &str| {
        let sides = ["a.json", "a.json"];
        let refused = compare(folder.path(), &[&sides[..], flags].concat()).code(2);
        refused.stderr(contains(says.to_owned()));
    };
    refused(&["--noise", "nan"], "not a percentage");
    refused(&["--noise", "6"], "--margin 5: is below the noise of 6 %");
    refused(&["--family-error", "0"], "not a probability");
    refused(&["--display", "loud"], "known: simple, intervals, explain");
    refused(&["--list"], "--list");
}

/// A run against a baseline of another host is refused before it measures; a baseline that is not
/// there stops it, or is only said.
#[test]
fn runs_meet_their_baseline_first() {
    let folder = tempfile::tempdir().unwrap();
    seal(folder.path(), "elsewhere", &mixed(0));
    for flag in ["--baseline", "--baseline-lenient"] {
        run(folder.path(), &[flag, "elsewhere"])
            .code(7)
            .stderr(contains("not comparable with elsewhere: it was measured on another host"));
    }
    assert!(!folder.path().join("nanogate-run.json").exists(), "nothing was measured");
    run(folder.path(), &["--baseline-lenient", "none"])
        .success()
        .stderr(contains("there is no baseline `none`").and(contains("nothing is compared")));
    assert!(folder.path().join("nanogate-run.json").exists());
}

/// A run is compared with a baseline of this host: one that was made ten times as fast fails it,
/// one that was made ten times as slow does not, and rows that the baseline lacks are an error, or
/// only said. Rows that the run was not asked for are no matter.
#[test]
fn runs_are_compared_with_their_baseline() {
    let folder = tempfile::tempdir().unwrap();
    run(folder.path(), &["--batch", "64,128"]).success();
    let mut record = read(&folder.path().join("nanogate-run.json"));
    let batch_lens: Vec<u64> = record["entries"]
        .as_array()
        .unwrap()
        .iter()
        .map(|entry| entry["batch_len"].as_u64().unwrap())
        .collect();
    assert_eq!(batch_lens, [64, 128]);
    for entry in record["entries"].as_array_mut().unwrap() {
        slow_down(entry, 0.1);
    }
    seal(folder.path(), "fast", &record);
    for entry in record["entries"].as_array_mut().unwrap() {
        slow_down(entry, 100.0);
    }
    seal(folder.path(), "slow", &record);
    record["entries"].as_array_mut().unwrap().pop();
    seal(folder.path(), "short", &record);
    run(folder.path(), &["--baseline", "fast"])
        .code(3)
        .stdout(contains("against fast").and(contains("missing").not()));
    let saved = ["--baseline", "slow", "--save-baseline", "next"];
    run(folder.path(), &saved).success().stdout(contains("next.json"));
    let both = ["--batch", "64,128"];
    run(folder.path(), &[&both[..], &["--baseline", "short"]].concat())
        .code(7)
        .stderr(contains("short lacks 1 of 2 rows"));
    let lenient = [&both[..], &["--baseline-lenient", "short", "--json"]].concat();
    let output = run(folder.path(), &lenient).success().stderr(contains("short lacks 1 of 2 rows"));
    let printed: Value = serde_json::from_slice(&output.get_output().stdout).unwrap();
    assert_eq!(printed["schema"], "nanogate.run/1", "the record, and nothing else");
}

/// A machine that read the input at another pace is suspected, as are runs that were disturbed.
#[test]
fn suspicious_runs_are_said_to_be() {
    let folder = tempfile::tempdir().unwrap();
    let with_roof = |minute, roof: f64| {
        let mut record = mixed(minute);
        record["entries"][0]["bound"] = json!({
            "metric": "host/roofline/per_record", "value": roof,
            "fraction": {"value": 0.5, "low": 0.5, "high": 0.5}
        });
        record
    };
    write(folder.path(), "a.json", &with_roof(0, 1.0));
    let mut other = with_roof(1, 1.3);
    other["entries"][0]["warnings"] = json!([{"code": "not-steady", "message": "never steady"}]);
    write(folder.path(), "b.json", &other);
    let pace = "reading the input and nothing else took 1.30 times as long";
    compare(folder.path(), &["a.json", "b.json"])
        .success()
        .stdout(contains(pace).and(contains("b.json was disturbed: not-steady 1 time")));
    write(folder.path(), "b.json", &with_roof(1, 1.01));
    compare(folder.path(), &["a.json", "b.json"]).success().stdout(contains(pace).not());
}

/// The three displays, of records that have a row of each verdict.
#[test]
fn displays_are_as_they_were() {
    let folder = tempfile::tempdir().unwrap();
    let mut slower = mixed(75);
    slow_down(&mut slower["entries"][1], 1.1);
    let wide = [2.0, 2.2, 1.9];
    for (name, mut one, fourth) in [("a.json", mixed(0), wide), ("b.json", slower, wide)] {
        let entries = one["entries"].as_array_mut().unwrap();
        entries.push(throughput("simd-avx512", 1, &fourth));
        if name == "b.json" {
            slow_down(&mut entries[2], 0.9);
            entries.push(throughput("reference", 1, &[22.0, 22.01, 21.99]));
        }
        write(folder.path(), name, &one);
    }
    for display in ["simple", "intervals", "explain"] {
        let output = compare(folder.path(), &["a.json", "b.json", "--display", display]).code(3);
        let said = String::from_utf8(output.get_output().stdout.clone()).unwrap();
        insta::assert_snapshot!(display, said);
    }
}
