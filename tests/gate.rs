//! The gate from outside: what it compares, what it refuses, and what it says.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test may fail")]

use std::{
    fs,
    io::Write as _,
    path::{Path, PathBuf},
};

use assert_cmd::{Command, cargo::cargo_bin};
use predicates::{prelude::PredicateBooleanExt as _, str::contains};

const PASS: i32 = 0;
const USAGE: i32 = 2;
const REGRESSION: i32 = 3;
const CANNOT_TELL: i32 = 4;
const UNFIT: i32 = 5;
const NOT_COMPARABLE: i32 = 7;

fn program() -> PathBuf {
    cargo_bin("nanogate")
}

/// A gate against `against`, in a folder of its own, with a lock of its own.
fn gate(folder: &Path, against: &Path) -> Command {
    let mut command = Command::new(program());
    command
        .current_dir(folder)
        .env("TMPDIR", folder)
        .env("NANOGATE_HIDE_CPU", "avx2,avx512f,neon")
        .args(["gate", "--method", "throughput", "--batch", "64", "--against"])
        .arg(against);
    command
}

/// This program with some bytes behind its end: another file that does the same.
fn padded(folder: &Path, bytes: usize) -> PathBuf {
    let copy = folder.join("padded");
    fs::copy(program(), &copy).unwrap();
    fs::OpenOptions::new().append(true).open(&copy).unwrap().write_all(&vec![0; bytes]).unwrap();
    copy
}

fn read_json(path: &Path) -> serde_json::Value {
    serde_json::from_slice(&fs::read(path).unwrap()).unwrap()
}

/// Refuses what does not follow the published format.
fn is_valid(outcome: &serde_json::Value) {
    let schema = include_str!("../schemas/nanogate.comparison-1.schema.json");
    let schema = serde_json::from_str(schema).unwrap();
    let validator = jsonschema::validator_for(&schema).unwrap();
    let errors: Vec<String> = validator
        .iter_errors(outcome)
        .map(|error| format!("{}: {error}", error.instance_path()))
        .collect();
    assert!(errors.is_empty(), "{}", errors.join("\n"));
}

/// Identical programs are recognised without measuring, and so without a self-test.
#[test]
fn identical_code_is_the_same() {
    let folder = tempfile::tempdir().unwrap();
    let out = folder.path().join("gate.json");
    gate(folder.path(), &program())
        .args(["--backend", "scalar", "--out"])
        .arg(&out)
        .assert()
        .code(PASS)
        .stdout(contains("same (identical code)").and(contains("not needed")));
    let outcome = read_json(&out);
    assert_eq!(outcome["candidates"][0]["identical"], true);
    assert!(outcome["arming"].is_null());
    is_valid(&outcome);
}

/// Identical programs are timed where a hard limit bounds a time, which being the same does not
/// answer.
#[test]
fn hard_limits_are_measured() {
    let folder = tempfile::tempdir().unwrap();
    let limits = folder.path().join("gate.toml");
    fs::write(&limits, "version = 1\n[[limit]]\nhard = \"p50 <= 1 ms\"").unwrap();
    gate(folder.path(), &program())
        .args(["--backend", "scalar", "--budget", "0.3", "--limits"])
        .arg(&limits)
        .assert()
        .code(UNFIT)
        .stderr(contains("may not arm"));
}

/// Without a self-test the gate does not arm, and says what to do; told to, it does, and the
/// result says that too. What it measures of the same program twice is not slower.
#[test]
fn it_arms_only_with_a_self_test() {
    let folder = tempfile::tempdir().unwrap();
    let measured = |arguments: &[&str]| {
        let mut command = gate(folder.path(), &program());
        command.args(["--backend", "scalar", "--even-if-identical", "--budget", "0.4"]);
        command.args(arguments).assert()
    };
    measured(&[]).code(UNFIT).stderr(contains("nanogate selftest").and(contains("--unarmed")));
    let found = measured(&["--unarmed", "--json"]);
    let output = found.get_output();
    // Beside other tests it may not be able to tell; slower twice in a row it is not.
    assert!([Some(PASS), Some(CANNOT_TELL)].contains(&output.status.code()), "{output:?}");
    let outcome: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(outcome["arming"]["forced"], true);
    is_valid(&outcome);
    let rows = outcome["candidates"][0]["rows"].as_array().unwrap();
    let timed = rows.iter().find(|row| row["metric"] == "host/per_record/p50").unwrap();
    assert!(timed["launches"].as_u64().unwrap() >= 14, "{timed}");
    let [low, high] = ["low", "high"].map(|end| timed["ratio"][end].as_f64().unwrap());
    assert!(low <= high && low > 0.0 && timed["baseline"].as_f64().unwrap() > 0.0, "{timed}");
}

/// A program that grew by more than is allowed fails, exactly; a limit allows it, and a mute
/// silences it until its day.
#[test]
fn sizes_are_held_exactly() {
    let folder = tempfile::tempdir().unwrap();
    let size = fs::metadata(program()).unwrap().len() as usize;
    let larger = padded(folder.path(), size / 50);
    let limits = folder.path().join("gate.toml");
    let judged = |text: &str| {
        fs::write(&limits, text).unwrap();
        Command::new(program())
            .current_dir(folder.path())
            .args(["gate", "--method", "cycles", "--backend", "scalar", "--against"])
            .arg(program())
            .arg("--candidate")
            .arg(&larger)
            .arg("--limits")
            .arg(&limits)
            .assert()
    };
    judged("version = 1").code(REGRESSION).stdout(contains("exactly-different"));
    let allowed =
        "version = 1\n[[limit]]\nfor = { metric = \"size/file/bytes\" }\nsoft_percent = 3";
    judged(allowed).code(PASS).stdout(contains("allowed"));
    let muted =
        |until: &str| format!("version = 1\n[[mute]]\nreason = \"it grew\"\nuntil = \"{until}\"\n");
    judged(&muted("9999-12-31")).code(PASS).stdout(contains("it grew"));
    judged(&muted("2020-01-01")).code(REGRESSION).stderr(contains("expired"));
}

/// A hard limit fails whatever the baseline says.
#[test]
fn hard_limits_fail() {
    let folder = tempfile::tempdir().unwrap();
    let limits = folder.path().join("gate.toml");
    fs::write(&limits, "version = 1\n[[limit]]\nhard = \"p50 <= 0.001 ns\"").unwrap();
    gate(folder.path(), &program())
        .args(["--backend", "scalar", "--even-if-identical", "--budget", "0.3", "--unarmed"])
        .arg("--limits")
        .arg(&limits)
        .assert()
        .code(REGRESSION)
        .stdout(contains("above-hard-limit"));
}

/// What cannot be compared is refused by name: a foreign program, a revision that there is not, a
/// backend that one side lacks, limits with a slip.
#[test]
fn wrong_requests_are_refused() {
    let folder = tempfile::tempdir().unwrap();
    let foreign =
        Path::new(if cfg!(windows) { "C:/Windows/System32/where.exe" } else { "/bin/cat" });
    gate(folder.path(), foreign)
        .assert()
        .code(NOT_COMPARABLE)
        .stderr(contains("does not say what"));
    gate(folder.path(), Path::new("no-such-thing"))
        .assert()
        .code(USAGE)
        .stderr(contains("--against no-such-thing").and(contains("neither a file nor a revision")));
    gate(folder.path(), &program())
        .args(["--backend", "simd-avx2"])
        .assert()
        .code(UNFIT)
        .stderr(contains("--backend simd-avx2"));
    let limits = folder.path().join("gate.toml");
    for (text, says) in [
        ("version = 9", "version = 9"),
        ("version = 1\nsoft = 3", "unknown field `soft`"),
        (
            "version = 1\n[[limit]]\nfor = { backend = \"scalr\" }",
            "no gate has the backend `scalr`",
        ),
    ] {
        fs::write(&limits, text).unwrap();
        gate(folder.path(), &program())
            .args(["--backend", "scalar", "--limits"])
            .arg(&limits)
            .assert()
            .code(USAGE)
            .stderr(contains("gate.toml").and(contains(says)));
    }
}

/// A limit for what is not there is told and does nothing: hosts differ in their backends.
#[test]
fn limits_that_do_nothing_are_told() {
    let folder = tempfile::tempdir().unwrap();
    let limits = folder.path().join("gate.toml");
    fs::write(&limits, "version = 1\n[[limit]]\nfor = { backend = \"gpu-wgpu\" }").unwrap();
    gate(folder.path(), &program())
        .args(["--backend", "scalar", "--limits"])
        .arg(&limits)
        .assert()
        .code(PASS)
        .stderr(contains("[[limit]] for backend gpu-wgpu: fits no row of this gate"));
}

/// A reader that goes away early changes no verdict, and a file that cannot be written hides none.
#[cfg(unix)]
#[test]
fn verdicts_outlive_their_readers() {
    let folder = tempfile::tempdir().unwrap();
    let size = fs::metadata(program()).unwrap().len() as usize;
    let larger = padded(folder.path(), size / 50);
    let judged = |arguments: &[&str]| {
        let mut command = std::process::Command::new(program());
        command.current_dir(folder.path()).args(["gate", "--method", "cycles"]);
        command.args(["--backend", "scalar", "--against"]).arg(program());
        command.arg("--candidate").arg(&larger).args(arguments);
        command.stdout(std::process::Stdio::piped()).stderr(std::process::Stdio::piped());
        let mut child = command.spawn().unwrap();
        drop(child.stdout.take());
        child.wait_with_output().unwrap()
    };
    assert_eq!(judged(&[]).status.code(), Some(REGRESSION));
    let full = judged(&["--out", "/dev/full"]);
    assert_eq!(full.status.code(), Some(REGRESSION), "{full:?}");
    assert!(String::from_utf8_lossy(&full.stderr).contains("/dev/full"), "{full:?}");
}

/// A gate that is stopped keeps what it measured, says that it decides nothing, and exits as
/// shells expect.
#[cfg(unix)]
#[test]
fn what_was_measured_outlives_a_stop() {
    use rustix::process::{Pid, Signal, kill_process};
    let folder = tempfile::tempdir().unwrap();
    let out = folder.path().join("gate.json");
    let mut command = std::process::Command::new(program());
    command
        .current_dir(folder.path())
        .env("TMPDIR", folder.path())
        .args(["gate", "--backend", "scalar", "--method", "throughput", "--batch", "64"])
        .args(["--even-if-identical", "--unarmed", "--budget", "60", "--against"])
        .arg(program())
        .arg("--out")
        .arg(&out)
        .stdout(std::process::Stdio::piped())
        .stderr(std::process::Stdio::piped());
    let child = command.spawn().unwrap();
    std::thread::sleep(std::time::Duration::from_secs(3));
    let pid = Pid::from_raw(i32::try_from(child.id()).unwrap()).unwrap();
    kill_process(pid, Signal::INT).unwrap();
    let output = child.wait_with_output().unwrap();
    assert_eq!(output.status.code(), Some(130), "{output:?}");
    assert!(String::from_utf8_lossy(&output.stdout).contains("decides nothing"), "{output:?}");
    let outcome = read_json(&out);
    is_valid(&outcome);
    assert_eq!(outcome["interrupted"], true);
    let rows = outcome["candidates"][0]["rows"].as_array().unwrap();
    assert!(rows.iter().any(|row| row["launches"].as_u64().unwrap() > 0), "{rows:?}");
}

/// A checkout with a `cargo` that does not build but hands out this program, and counts.
#[cfg(unix)]
struct Checkout {
    folder: tempfile::TempDir,
}

#[cfg(unix)]
impl Checkout {
    fn new(cargo: &str) -> Self {
        use std::os::unix::fs::PermissionsExt as _;
        let folder = tempfile::tempdir().unwrap();
        let checkout = Self { folder };
        let path = checkout.path();
        fs::create_dir(path.join("bin")).unwrap();
        let script = path.join("bin/cargo");
        fs::write(&script, format!("#!/bin/sh\necho built >> {}/count\n{cargo}", path.display()))
            .unwrap();
        fs::set_permissions(&script, fs::Permissions::from_mode(0o755)).unwrap();
        checkout.git(&["init", "--quiet"]);
        checkout.git(&["commit", "--quiet", "--allow-empty", "-m", "first"]);
        checkout
    }

    fn path(&self) -> &Path {
        self.folder.path()
    }

    fn git(&self, arguments: &[&str]) -> String {
        let identity = ["-c", "user.name=x", "-c", "user.email=x@localhost"];
        let mut command = Command::new("git");
        let assert = command.current_dir(self.path()).args(identity).args(arguments).assert();
        String::from_utf8(assert.success().get_output().stdout.clone()).unwrap()
    }

    fn gate(&self, revision: &str) -> assert_cmd::assert::Assert {
        let path = format!("{}/bin:{}", self.path().display(), std::env::var("PATH").unwrap());
        let mut command = gate(self.path(), Path::new(revision));
        command.env("PATH", path).args(["--backend", "scalar"]).assert()
    }

    fn builds(&self) -> usize {
        fs::read_to_string(self.path().join("count")).map_or(0, |text| text.lines().count())
    }
}

/// A revision is built once and kept, and its worktree is gone afterwards.
#[cfg(unix)]
#[test]
fn revisions_are_built_once() {
    let messages = format!("echo '{{\"executable\": \"{}\"}}'", program().display());
    let checkout = Checkout::new(&messages);
    checkout.gate("HEAD").code(PASS).stdout(contains("identical code"));
    checkout.gate("HEAD").code(PASS);
    assert_eq!(checkout.builds(), 1);
    // As a candidate too, by whatever name.
    let path = format!("{}/bin:{}", checkout.path().display(), std::env::var("PATH").unwrap());
    let mut command = gate(checkout.path(), Path::new("HEAD"));
    command.env("PATH", path).args(["--backend", "scalar", "--candidate", "@"]);
    command.assert().code(PASS).stdout(contains("candidate @").and(contains("identical code")));
    assert_eq!(checkout.builds(), 1);
    assert_eq!(checkout.git(&["worktree", "list"]).lines().count(), 1);
}

/// A revision that does not build makes the environment unfit, and leaves nothing behind.
#[cfg(unix)]
#[test]
fn what_does_not_build_is_said() {
    let checkout = Checkout::new("exit 1");
    checkout.gate("HEAD").code(UNFIT).stderr(contains("does not build"));
    assert_eq!(checkout.git(&["worktree", "list"]).lines().count(), 1);
}
