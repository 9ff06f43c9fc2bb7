//! Lab records as their users meet them: written by a run, verified, shown and set side by side.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test may fail")]

mod forged;

use std::{
    fs,
    path::{Path, PathBuf},
    sync::OnceLock,
};

use assert_cmd::Command;
use nanogate::{
    bundle::{
        MANIFEST,
        manifest::Manifest,
        readings_name, reports,
        verify::{Finding, verify},
    },
    report::record::Tool,
};
use predicates::{prelude::*, str::contains};
use proptest::prelude::*;
use serde_json::{Value, json};

fn nanogate(folder: &Path, arguments: &[&str]) -> assert_cmd::assert::Assert {
    Command::cargo_bin("nanogate")
        .unwrap()
        .current_dir(folder)
        .env("TMPDIR", folder)
        .args(arguments)
        .assert()
}

/// A short run of two launches that leaves the bundle `lab`.
const RUN: [&str; 10] =
    ["run", "--quick", "--budget", "0.05", "--launches", "2", "--threads", "2", "--bundle", "lab"];

/// The bundle of two backends and of all methods of the host. Made once; nobody may change it.
fn made() -> &'static Path {
    static MADE: OnceLock<PathBuf> = OnceLock::new();
    MADE.get_or_init(|| {
        let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("bundle");
        let _ = fs::remove_dir_all(&folder);
        fs::create_dir_all(&folder).unwrap();
        let more = ["--backend", "reference,scalar", "--batch", "1,64", "--clients", "2"];
        let methods = ["--method", "throughput,latency,load", "--knee-p99", "500"];
        nanogate(&folder, &[&RUN[..], &more, &methods].concat())
            .success()
            .stdout(contains("bundle    lab"));
        folder.join("lab")
    })
}

/// A copy that can be changed.
fn copied(name: &str) -> (tempfile::TempDir, PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    let copy = folder.path().join(name);
    copy_all(made(), &copy);
    (folder, copy)
}

fn copy_all(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap() {
        let path = entry.unwrap().path();
        let copy = to.join(path.file_name().unwrap());
        if path.is_dir() {
            copy_all(&path, &copy);
        } else {
            fs::copy(path, copy).unwrap();
        }
    }
}

fn read(path: &Path) -> Value {
    serde_json::from_str(&fs::read_to_string(path).unwrap()).unwrap()
}

fn is_valid(name: &str, document: &Value) -> bool {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("schemas");
    let schema = read(&path.join(format!("nanogate.{name}-1.schema.json")));
    jsonschema::draft202012::meta::validate(&schema).expect("the schema itself is valid");
    let validator = jsonschema::validator_for(&schema).unwrap();
    let errors: Vec<String> = validator.iter_errors(document).map(|e| e.to_string()).collect();
    assert!(errors.len() < 1_000, "{errors:?}");
    errors.is_empty()
}

/// Lists the files of a bundle anew, as somebody would who wants to pass off what he changed.
fn reseal(bundle: &Path) {
    let manifest = Manifest::of_folder(bundle, Tool::current(), 1).unwrap();
    fs::write(bundle.join(MANIFEST), manifest.seal().unwrap()).unwrap();
}

fn json_of(folder: &Path, arguments: &[&str], code: i32) -> Value {
    let output = nanogate(folder, arguments).code(code).get_output().stdout.clone();
    serde_json::from_slice(&output).unwrap()
}

/// A bundle has all of a run; it verifies, every file is as its schema says, and all its figures
/// are made again.
#[test]
fn a_bundle_holds_a_run_whole() {
    let bundle = made();
    let manifest = read(&bundle.join(MANIFEST));
    assert!(is_valid("bundle", &manifest));
    let names: Vec<&str> =
        manifest["files"].as_array().unwrap().iter().map(|f| f["name"].as_str().unwrap()).collect();
    let mut expected = vec![
        "doctor.json",
        "environment.json",
        "log.txt",
        "readings/launch-1.jsonl",
        "readings/launch-2.jsonl",
        "record.json",
    ];
    expected.extend(nanogate::export::find("html").map(|_| "report.html"));
    expected.push("report.txt");
    assert_eq!(names, expected);
    assert!(is_valid("doctor", &read(&bundle.join("doctor.json"))));
    assert!(is_valid("run", &read(&bundle.join("record.json"))));
    let environment = read(&bundle.join("environment.json"));
    assert!(is_valid("environment", &environment));
    assert!(environment["command"].as_array().unwrap().contains(&json!("--bundle")));
    for number in [1, 2] {
        let text = fs::read_to_string(bundle.join(readings_name(number))).unwrap();
        for line in text.lines().map(|line| serde_json::from_str(line).unwrap()) {
            assert!(is_valid("readings", &line), "{line}");
        }
    }
    let log = fs::read_to_string(bundle.join("log.txt")).unwrap();
    assert!(log.contains("launch 2 of 2: throughput x 64 in") && log.contains("exit code 0"));
    assert!(fs::read_to_string(bundle.join("report.txt")).unwrap().contains("Throughput:"));
    let found = json_of(bundle, &["bundle", "verify", ".", "--json"], 0);
    assert!(is_valid("verification", &found[0]), "{found}");
    let files = json!(expected.len());
    assert_eq!((&found[0]["verified"], &found[0]["files"]), (&json!(true), &files));
    assert!(found[0]["statistics"].as_u64().unwrap() > 500, "{found}");
    nanogate(bundle.parent().unwrap(), &["bundle", "verify", "lab", "lab"])
        .success()
        .stdout(contains(format!("verified  lab: complete; {files} files")).count(2));
    nanogate(bundle, &["bundle", "show", "."])
        .success()
        .stdout(contains("complete").and(contains("readings/launch-1.jsonl")));
    let shown = json_of(bundle, &["bundle", "show", ".", "--json"], 0);
    assert_eq!((&shown["manifest"], &shown["run"]["launches"]), (&manifest, &json!(2)));
}

/// All methods of whatever backends run here leave figures that are made again: devices, imitated
/// or not, and simulated hardware too.
#[test]
fn every_method_verifies() {
    let folder = tempfile::tempdir().unwrap();
    let methods = "throughput,latency,stages,stream,resident,break-even,cycles";
    let more = ["--batch", "64", "--peers", "--method", methods];
    nanogate(folder.path(), &[&RUN[..], &more].concat()).success();
    nanogate(folder.path(), &["bundle", "verify", "lab"]).success();
}

/// A run under a profile leaves the very profile in its bundle.
#[test]
fn the_profile_is_kept() {
    let folder = tempfile::tempdir().unwrap();
    nanogate(folder.path(), &["profile", "new", "--out", "ours.toml"]).success();
    let more = ["--backend", "scalar", "--batch", "64", "--method", "throughput"];
    let under = ["--profile", "ours.toml"];
    nanogate(folder.path(), &[&RUN[..], &more, &under].concat()).success();
    let bundle = folder.path().join("lab");
    let text = |path: &Path| fs::read_to_string(path).unwrap();
    assert_eq!(text(&bundle.join("profile.toml")), text(&folder.path().join("ours.toml")));
    nanogate(folder.path(), &["bundle", "verify", "lab"]).success();
    fs::write(bundle.join("profile.toml"), "schema = 1").unwrap();
    reseal(&bundle);
    nanogate(folder.path(), &["bundle", "verify", "lab"])
        .code(7)
        .stdout(contains("profile.toml: SHA-256 is recorded as"));
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 48, ..ProptestConfig::default() })]

    /// Whatever bit of whatever file flips, it is found, and the file is named.
    #[test]
    fn flipped_bits_are_found(file in any::<prop::sample::Index>(), bit in any::<u64>()) {
        let (_folder, bundle) = copied("lab");
        let names = nanogate::bundle::manifest::names(&bundle).unwrap();
        let name = file.get(&names);
        let path = bundle.join(name);
        let mut bytes = fs::read(&path).unwrap();
        let index = bit as usize % (8 * bytes.len());
        bytes[index / 8] ^= 1 << (index % 8);
        fs::write(&path, bytes).unwrap();
        let found = verify(&bundle).verification;
        prop_assert!(!found.verified, "bit {index} of {name}");
        let said = found.findings.iter().any(|finding| finding.to_string().starts_with(name));
        prop_assert!(said, "{name}: {:?}", found.findings);
    }
}

/// What is missing, additional or changed is named, each file by itself; so is a manifest that is
/// lost.
#[test]
fn files_are_named() {
    let (folder, bundle) = copied("lab");
    let verified = || nanogate(folder.path(), &["bundle", "verify", "lab"]);
    fs::write(bundle.join("readings/launch-3.jsonl"), "{}").unwrap();
    verified().code(7).stdout(contains("readings/launch-3.jsonl is additional"));
    fs::remove_file(bundle.join("readings/launch-3.jsonl")).unwrap();
    verified().success();
    fs::remove_file(bundle.join("doctor.json")).unwrap();
    fs::write(bundle.join("log.txt"), "nothing happened").unwrap();
    verified().code(7).stdout(
        contains("FAILED    lab: 2 findings")
            .and(contains("doctor.json is missing"))
            .and(contains("log.txt was changed: 16 bytes")),
    );
    fs::remove_file(bundle.join(MANIFEST)).unwrap();
    verified().code(7).stdout(contains("manifest.json: is missing"));
    nanogate(folder.path(), &["bundle", "show", "lab"]).code(2).stderr(contains("manifest.json"));
    nanogate(folder.path(), &["bundle", "verify", "nowhere"]).code(2).stderr(contains("nowhere"));
}

/// Changes a bundle that is then listed anew, and gives what is found. The tables and the page are
/// made again, as somebody would who wants to pass it off.
fn found_after(change: impl Fn(&mut Value)) -> Vec<Finding> {
    let (_folder, bundle) = copied("lab");
    change_record(&bundle, change);
    verify(&bundle).verification.findings
}

fn change_record(bundle: &Path, change: impl Fn(&mut Value)) {
    let path = bundle.join("record.json");
    let mut record = read(&path);
    change(&mut record);
    fs::write(path, record.to_string()).unwrap();
    if let Ok(record) = serde_json::from_value(record) {
        fs::write(bundle.join("report.txt"), reports::tables(&record)).unwrap();
        if let Some(Ok(page)) = reports::page(&record) {
            fs::write(bundle.join("report.html"), page).unwrap();
        }
    }
    reseal(bundle);
}

fn said(found: &[Finding], what: &str) -> bool {
    found.iter().any(|one| one.to_string().contains(what))
}

/// A record that was improved is found although every digest is right, and the entry and the figure
/// are named: a median of a launch by its last bit, a joined one, a ratio, a roof, a distribution,
/// a figure that was made up, and one that was left out.
#[test]
fn improved_figures_are_found() {
    let untouched = found_after(|_| ());
    assert!(untouched.is_empty(), "nothing but blanks was changed: {untouched:?}");
    let scaled = |value: &mut Value, factor: f64| *value = json!(value.as_f64().unwrap() * factor);
    let entry = |record: &Value, method: &str| {
        let entries = record["entries"].as_array().unwrap();
        let is_it = |one: &Value| {
            one["backend"] == "scalar" && one["method"] == method && one["batch_len"] == 64
        };
        entries.iter().position(is_it).unwrap()
    };
    let improved = |method: &str, statistic: &str, change: &dyn Fn(&mut Value)| {
        let found = found_after(|record| {
            let index = entry(record, method);
            change(&mut record["entries"][index]);
        });
        let is_named = |one: &Finding| match one {
            Finding::Differs { part, statistic: found, .. } => {
                part.starts_with("scalar decide") && part.contains(method) && found == statistic
            }
            _ => false,
        };
        assert!(found.iter().any(is_named), "{statistic}: {found:?}");
    };
    let p50 = "host/per_record/p50";
    improved("throughput", "launches[0].metrics[host/per_record/p50]", &|entry| {
        let value = entry["launches"][0]["metrics"][p50].as_f64().unwrap();
        entry["launches"][0]["metrics"][p50] = json!(f64::from_bits(value.to_bits() - 1));
    });
    improved("throughput", "metrics[host/per_record/p50]", &|entry| {
        scaled(&mut entry["metrics"][p50], 1.0 - 1e-9);
    });
    improved("throughput", "speedup.value", &|entry| scaled(&mut entry["speedup"]["value"], 1.01));
    improved("throughput", "bound.fraction.high", &|entry| {
        scaled(&mut entry["bound"]["fraction"]["high"], 1.01);
    });
    improved("throughput", "sample_count", &|entry| entry["sample_count"] = json!(1));
    improved("throughput", "metrics[host/joules/mean]", &|entry| {
        entry["metrics"]["host/joules/mean"] = json!(1.0);
    });
    improved("latency", "metrics[host/end_to_end/p50]", &|entry| {
        entry["metrics"].as_object_mut().unwrap().remove("host/end_to_end/p50").unwrap();
    });
    improved("latency", "histogram.data", &|entry| entry["histogram"]["data"] = json!("AAAA"));
    improved("load", "load.lost", &|entry| entry["load"]["lost"] = json!(1_000));
    improved("load", "metrics[host/service/p50]", &|entry| {
        scaled(&mut entry["metrics"]["host/service/p50"], 0.5);
    });
}

/// What a record leaves out, and readings that are missing or another's, are found too.
#[test]
fn what_is_left_out_is_found() {
    let found = found_after(|record| drop(record["entries"].as_array_mut().unwrap().remove(0)));
    assert!(matches!(found.as_slice(), [Finding::Unclaimed { .. }, ..]), "{found:?}");
    let found = found_after(|record| record["timer"]["empty"]["latency"]["gross_ns"] = json!(0.0));
    let is_empty = |one: &Finding| one.to_string().starts_with("an empty operation: ");
    assert!(found.iter().any(is_empty), "{found:?}");
    let (_folder, bundle) = copied("lab");
    let [one, other] = [1, 2].map(|number| bundle.join(readings_name(number)));
    fs::copy(&one, &other).unwrap();
    reseal(&bundle);
    let found = verify(&bundle).verification.findings;
    assert!(found.iter().any(|one| one.to_string().contains("launch-2.jsonl: its first line")));
    let lines = fs::read_to_string(&one).unwrap();
    let kept: Vec<&str> = lines.lines().filter(|line| !line.starts_with("{\"latency\"")).collect();
    fs::write(&one, kept.join("\n")).unwrap();
    fs::copy(made().join(readings_name(2)), &other).unwrap();
    reseal(&bundle);
    let found = verify(&bundle).verification.findings;
    let is_of_latency = |one: &Finding| one.to_string().contains(" latency x ");
    assert!(found.iter().all(is_of_latency) && !found.is_empty(), "{found:?}");
}

/// Files that are no plain files are refused without waiting for their end, and a reader who has
/// had enough changes no verdict.
#[test]
#[cfg(unix)]
fn odd_files_are_refused() {
    let (folder, bundle) = copied("lab");
    fs::write(bundle.join("log.txt"), "nothing happened").unwrap();
    let program = assert_cmd::cargo::cargo_bin("nanogate");
    let piped = format!("set -o pipefail; {} bundle verify lab | true", program.display());
    let status = std::process::Command::new("bash")
        .args(["-c", &piped])
        .current_dir(folder.path())
        .status()
        .unwrap();
    assert_eq!(status.code(), Some(7));
    fs::remove_file(bundle.join(MANIFEST)).unwrap();
    let made = std::process::Command::new("mkfifo").arg(bundle.join(MANIFEST)).status().unwrap();
    assert!(made.success());
    let found = verify(&bundle).verification;
    assert!(!found.verified && said(&found.findings, "no plain file"), "{found:?}");
}

/// A place that is taken is refused before anything is measured, and stays as it is.
#[test]
fn taken_places_are_refused() {
    let folder = tempfile::tempdir().unwrap();
    fs::create_dir(folder.path().join("lab")).unwrap();
    fs::write(folder.path().join("lab/thesis"), "mine").unwrap();
    nanogate(folder.path(), &RUN)
        .code(2)
        .stderr(contains("--bundle lab").and(contains("not empty")));
    let left: Vec<_> = fs::read_dir(folder.path()).unwrap().collect();
    assert_eq!(left.len(), 1, "{left:?}");
}

/// Bundles make one matrix; one that does not verify is in it without a number.
#[test]
fn bundles_make_a_matrix() {
    let (folder, one) = copied("server-a");
    let other = folder.path().join("server-b");
    copy_all(made(), &other);
    let sides = ["compare", "server-a", "server-b"];
    let shown = nanogate(folder.path(), &sides).success();
    let shown = String::from_utf8(shown.get_output().stdout.clone()).unwrap();
    assert!(shown.contains("Measured:") && shown.contains('*'), "{shown}");
    assert!(shown.contains("verified  server-a: ") && !shown.contains("unverified"), "{shown}");
    let matrix = json_of(folder.path(), &[&sides[..], &["--json"]].concat(), 0);
    assert!(is_valid("matrix", &matrix), "{matrix}");
    assert_eq!(matrix["batch_lens"], json!([1, 64]));
    let cells = |matrix: &Value, platform: &str| -> Vec<Value> {
        let rows = matrix["measured"].as_array().unwrap().iter();
        let own = rows.filter(|row| row["platform"] == platform);
        own.flat_map(|row| row["cells"].as_object().unwrap().values().cloned()).collect()
    };
    let of = cells(&matrix, "server-a");
    // Of a busy machine the readings of some may bear no figure.
    let has_figure = |cell: &&Value| cell["state"] == "verified";
    assert!(of.len() == 8 && of.iter().filter(has_figure).count() > 0, "{of:?}");
    assert_eq!(of, cells(&matrix, "server-b"), "copies have the same figures");
    fs::write(one.join("log.txt"), "nothing happened").unwrap();
    let matrix = json_of(folder.path(), &[&sides[..], &["--json"]].concat(), 7);
    assert!(is_valid("matrix", &matrix), "{matrix}");
    let of = cells(&matrix, "server-a");
    assert!(of.iter().all(|cell| *cell == json!({"state": "unverified"})), "{of:?}");
    nanogate(folder.path(), &sides)
        .code(7)
        .stdout(contains("unverified").and(contains("FAILED    server-a: 1 findings")));
}

/// Bundles are not mixed with records, take no flags of verdicts, and must have the same input.
#[test]
fn unlike_sides_are_refused() {
    let (folder, one) = copied("server-a");
    let other = folder.path().join("server-b");
    copy_all(made(), &other);
    let run = |more: &[&str]| nanogate(folder.path(), &[&["compare", "server-a"], more].concat());
    run(&["server-a/record.json"]).code(2).stderr(contains("record.json: is no bundle"));
    run(&["server-b", "--noise", "3"]).code(2).stderr(contains("--noise: does nothing"));
    change_record(&one, |record| record["corpus"]["seed"] = json!(2));
    run(&["server-b"]).code(7).stderr(contains("seed was 2, is 1"));
}
