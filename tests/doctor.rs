//! `nanogate doctor` as its users meet it, on fake systems: nothing of this machine is changed.

#![cfg(target_os = "linux")]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test may fail")]

use std::{fs, path::Path};

use assert_cmd::Command;
use predicates::{prelude::*, str::contains};
use serde_json::{Value, json};

const POLICY: &str = "/sys/devices/system/cpu/cpufreq/policy0";
const NO_TURBO: &str = "/sys/devices/system/cpu/intel_pstate/no_turbo";
const BOOT_ID: &str = "/proc/sys/kernel/random/boot_id";

/// A fake system with a folder for state.
struct System {
    folder: tempfile::TempDir,
    core: usize,
}

impl System {
    /// A system with a governor, turbo, interrupts and most facts, around a core that is ours.
    fn new() -> Self {
        let core = nanogate::host::affinity::usable().unwrap()[0];
        let system = Self { folder: tempfile::tempdir().unwrap(), core };
        let cpu = format!("/sys/devices/system/cpu/cpu{core}");
        let zone = "/sys/class/thermal/thermal_zone0";
        let count = format!("CPU{core}\n24: 7 edge disk\nLOC: 9 Local timer\n");
        for (path, text) in [
            (BOOT_ID, "boot-one\n"),
            ("/sys/devices/system/cpu/online", "0-63\n"),
            ("/sys/devices/system/cpu/isolated", "\n"),
            (&format!("{POLICY}/scaling_available_governors"), "performance powersave\n"),
            (&format!("{POLICY}/scaling_governor"), "powersave\n"),
            (&format!("{POLICY}/affected_cpus"), &format!("{core}\n")),
            (NO_TURBO, "0\n"),
            ("/proc/irq/24/smp_affinity", "ffffffff,ffffffff\n"),
            ("/proc/irq/24/smp_affinity_list", "0-63\n"),
            ("/proc/interrupts", &count),
            ("/proc/loadavg", "0.01 0.01 0.01 1/99 999\n"),
            (&format!("{cpu}/cpuidle/state0/name"), "C6\n"),
            (&format!("{cpu}/cpuidle/state0/latency"), "133\n"),
            (&format!("{zone}/type"), "acpitz\n"),
            (&format!("{zone}/temp"), "45000\n"),
            ("/sys/devices/system/node/node0/cpulist", "0-63\n"),
        ] {
            system.write(path, text);
        }
        system
    }

    fn write(&self, absolute: &str, text: &str) {
        let path = self.path(absolute);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }

    fn path(&self, absolute: &str) -> std::path::PathBuf {
        self.folder.path().join("root").join(absolute.trim_start_matches('/'))
    }

    fn read(&self, absolute: &str) -> String {
        fs::read_to_string(self.path(absolute)).unwrap()
    }

    fn governor(&self) -> String {
        self.read(&format!("{POLICY}/scaling_governor"))
    }

    fn journal(&self) -> std::path::PathBuf {
        self.folder.path().join("state/doctor-journal.json")
    }

    fn command(&self) -> Command {
        let mut command = Command::cargo_bin("nanogate").unwrap();
        command
            .env("TMPDIR", self.folder.path())
            .env("NANOGATE_SYSTEM_ROOT", self.folder.path().join("root"))
            .env("NANOGATE_STATE_DIR", self.folder.path().join("state"))
            .arg("doctor");
        command
    }

    fn doctor(&self, flags: &[&str]) -> assert_cmd::assert::Assert {
        let core = self.core.to_string();
        let mut command = self.command();
        command.args(flags);
        if !flags.contains(&"--restore") && !flags.contains(&"--core") {
            command.args(["--core", &core]);
        }
        command.assert()
    }

    fn json(&self, flags: &[&str]) -> Value {
        let output = self.doctor(&[flags, &["--json"]].concat());
        serde_json::from_slice(&output.get_output().stdout).unwrap()
    }
}

fn schema(name: &str) -> jsonschema::Validator {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("schemas").join(name);
    let schema: Value = serde_json::from_str(&fs::read_to_string(path).unwrap()).unwrap();
    jsonschema::draft202012::meta::validate(&schema).expect("the schema itself is valid");
    jsonschema::validator_for(&schema).unwrap()
}

fn assert_valid(schema: &jsonschema::Validator, document: &Value) {
    let errors: Vec<String> = schema
        .iter_errors(document)
        .map(|error| format!("{}: {error}", error.instance_path()))
        .collect();
    assert!(errors.is_empty(), "{}", errors.join("\n"));
}

fn severity(report: &Value, code: &str) -> Value {
    let findings = report["findings"].as_array().unwrap();
    let finding = findings.iter().find(|finding| finding["code"] == code);
    finding.unwrap_or_else(|| panic!("no {code}"))["severity"].clone()
}

/// The document of a whole examination follows the schema, of this machine and of the fake one, and
/// each way to spoil it is refused.
#[test]
fn reports_follow_the_schema() {
    let (system, schema) = (System::new(), schema("nanogate.doctor-1.schema.json"));
    let quick = system.json(&["--quick", "--require", "governor,cores=1"]);
    assert_valid(&schema, &quick);
    assert_eq!(quick["measured"]["bandwidth"], json!(null));
    let output = system.command().env_remove("NANOGATE_SYSTEM_ROOT").arg("--json").assert();
    let whole: Value = serde_json::from_slice(&output.success().get_output().stdout).unwrap();
    assert_valid(&schema, &whole);
    let cores = nanogate::host::affinity::usable().unwrap().len();
    assert_eq!(whole["measured"]["jitter"].as_array().unwrap().len(), cores);
    assert!(whole["measured"]["bandwidth"]["read"]["gb_per_s_p50"].as_f64().unwrap() > 0.0);
    for spoil in [
        |report: &mut Value| report["schema"] = json!("nanogate.doctor/2"),
        |report: &mut Value| report["findings"] = json!([]),
        |report: &mut Value| report["findings"][0]["severity"] = json!("fatal"),
        |report: &mut Value| report["facts"]["surprise"] = json!(1),
        |report: &mut Value| report["facts"]["memory"]["total_bytes"] = json!("much"),
        |report: &mut Value| report["measured"]["jitter"][0]["lost_percent"] = json!(-1),
        |report: &mut Value| report["requirements"][0]["remedy"] = json!(null),
        |report: &mut Value| report["requirements"][1]["requirement"] = json!("cores=0"),
        |report: &mut Value| report["timer"]["resolution_ns"] = json!(0),
        |report: &mut Value| drop(report.as_object_mut().unwrap().remove("facts")),
    ] {
        let mut spoiled = quick.clone();
        spoil(&mut spoiled);
        assert_ne!(spoiled, quick);
        assert!(!schema.is_valid(&spoiled), "{spoiled:#}");
    }
}

/// The facts of the system become findings, within a hundred columns, and what is not there is
/// said to be unknown.
#[test]
fn facts_become_findings() {
    let system = System::new();
    let output = system.doctor(&["--quick"]).success();
    let text = String::from_utf8(output.get_output().stdout.clone()).unwrap();
    assert!(text.lines().all(|line| line.chars().count() <= 100), "{text}");
    for part in [
        "`powersave` in 1 of 1 policies",
        "nanogate doctor --fix",
        "down to C6, 133 us to wake up",
        "acpitz at 45 C",
        "24 (disk)",
        "unknown: the system does not tell its caches",
        "not measured with --quick",
    ] {
        assert!(text.contains(part), "no `{part}` in\n{text}");
    }
    let report = system.json(&["--quick"]);
    assert_eq!(severity(&report, "governor"), "warning");
    assert_eq!(severity(&report, "turbo"), "warning");
    assert_eq!(severity(&report, "load"), "ok");
}

/// What is required and missing, or unknown, means exit code 5, with all of it and the remedies.
#[test]
fn requirements_decide_the_exit_code() {
    let system = System::new();
    system.doctor(&["--quick", "--require", "cores=1,load"]).success();
    system
        .doctor(&["--quick", "--require", "cores=1,governor,bare-metal", "--require", "turbo-off"])
        .code(5)
        .stdout(
            contains("1 of 4 requirements met")
                .and(contains("UNMET").count(3))
                .and(contains("-> nanogate doctor --fix, as root").count(2))
                .and(contains("unknown: the system does not say whether the machine is")),
        );
    system.doctor(&["--fix"]).success();
    system.doctor(&["--quick", "--require", "governor,turbo-off"]).success();
    let unfit = system.json(&["--quick", "--require", "isolated"]);
    assert_eq!((&unfit["fit"], &unfit["requirements"][0]["met"]), (&json!(false), &json!(false)));
    system.doctor(&["--require", "speed"]).code(2).stderr(contains("known: cores=N"));
}

/// What --fix changes comes back to the byte, its journal comes and goes, and the documents of all
/// of it follow their schema.
#[test]
fn fixes_come_back() {
    let (system, schema) = (System::new(), schema("nanogate.tuning-1.schema.json"));
    let planned = system.json(&["--fix", "--dry-run"]);
    assert_valid(&schema, &planned);
    assert!(planned["steps"].as_array().unwrap().iter().all(|step| step["outcome"] == "planned"));
    assert_eq!((system.governor().as_str(), system.journal().exists()), ("powersave\n", false));
    let fixed = system.json(&["--fix"]);
    assert_valid(&schema, &fixed);
    assert_eq!(fixed["steps"].as_array().unwrap().len(), 3);
    assert!(fixed["steps"].as_array().unwrap().iter().all(|step| step["outcome"] == "applied"));
    assert_eq!(
        (system.governor().as_str(), system.read(NO_TURBO).as_str()),
        ("performance\n", "1\n")
    );
    assert_ne!(system.read("/proc/irq/24/smp_affinity"), "ffffffff,ffffffff\n");
    system.doctor(&["--quick"]).success().stdout(contains("3 settings are changed by --fix"));
    system.doctor(&["--fix"]).code(5).stderr(contains("`nanogate doctor --restore` first"));
    let preview = system.json(&["--restore", "--dry-run"]);
    assert_valid(&schema, &preview);
    assert_eq!(system.governor(), "performance\n");
    let restored = system.json(&["--restore"]);
    assert_valid(&schema, &restored);
    assert_eq!(
        (system.governor().as_str(), system.read(NO_TURBO).as_str()),
        ("powersave\n", "0\n")
    );
    assert_eq!(system.read("/proc/irq/24/smp_affinity"), "ffffffff,ffffffff\n");
    assert!(!system.journal().exists());
    system.doctor(&["--restore"]).success().stdout(contains("nothing to restore"));
    let mut spoiled = restored;
    spoiled["steps"][0]["outcome"] = json!("lost");
    assert!(!schema.is_valid(&spoiled));
}

/// Died after some of the writes: what was written comes back, the rest is left as it is.
#[test]
fn restore_works_after_a_crash() {
    let system = System::new();
    system.doctor(&["--fix"]).success();
    // As if the governor alone had been written before the crash.
    system.write(NO_TURBO, "0\n");
    system.write("/proc/irq/24/smp_affinity", "ffffffff,ffffffff\n");
    let restored = system.json(&["--restore"]);
    let outcomes: Vec<_> =
        restored["steps"].as_array().unwrap().iter().map(|step| step["outcome"].clone()).collect();
    assert_eq!(outcomes, ["already-back", "already-back", "restored"]);
    assert_eq!(system.governor(), "powersave\n");
    assert!(!system.journal().exists());
}

/// Killed for good while it changes over a thousand settings: all of them come back.
#[test]
fn restore_works_after_a_kill() {
    let system = System::new();
    let affinity = |irq: usize| format!("/proc/irq/{irq}/smp_affinity");
    let irqs = 100..1_500;
    for irq in irqs.clone() {
        system.write(&affinity(irq), "ffffffff,ffffffff\n");
    }
    let mut child = std::process::Command::new(assert_cmd::cargo::cargo_bin("nanogate"))
        .args(["doctor", "--fix", "--core", &system.core.to_string()])
        .env("TMPDIR", system.folder.path())
        .env("NANOGATE_SYSTEM_ROOT", system.folder.path().join("root"))
        .env("NANOGATE_STATE_DIR", system.folder.path().join("state"))
        .stdout(std::process::Stdio::null())
        .spawn()
        .unwrap();
    // The journal comes first: once a setting is changed, it must be there.
    while system.read(&affinity(500)) == "ffffffff,ffffffff\n" {
        assert!(child.try_wait().unwrap().is_none(), "ended by itself");
    }
    assert!(system.journal().exists());
    child.kill().unwrap();
    child.wait().unwrap();
    let is_changed = |irq: &usize| system.read(&affinity(*irq)) != "ffffffff,ffffffff\n";
    let changed = irqs.clone().filter(is_changed).count();
    assert!(changed > 400);
    system.doctor(&["--restore"]).success();
    assert_eq!(irqs.filter(is_changed).count(), 0, "{changed} were changed");
    assert_eq!((system.governor().as_str(), system.journal().exists()), ("powersave\n", false));
}

/// What somebody else set since is left alone and told, and does not keep the journal.
#[test]
fn foreign_changes_stay() {
    let system = System::new();
    system.doctor(&["--fix"]).success();
    system.write(&format!("{POLICY}/scaling_governor"), "ondemand\n");
    system
        .doctor(&["--restore"])
        .success()
        .stdout(contains("it reads `ondemand`, which is not ours").and(contains("left alone")));
    assert_eq!((system.governor().as_str(), system.read(NO_TURBO).as_str()), ("ondemand\n", "0\n"));
    assert!(!system.journal().exists());
}

/// After a restart of the machine its own settings are back: the journal is discarded, not used.
#[test]
fn a_restart_ends_the_journal() {
    let system = System::new();
    system.doctor(&["--fix"]).success();
    system.write(BOOT_ID, "boot-two\n");
    system.doctor(&["--restore"]).success().stdout(contains("the machine was restarted since"));
    assert_eq!((system.governor().as_str(), system.journal().exists()), ("performance\n", false));
}

/// A journal that is cut off is told and nothing is touched; the same if it names other files.
#[test]
fn damaged_journals_touch_nothing() {
    let system = System::new();
    system.doctor(&["--fix"]).success();
    let whole = fs::read_to_string(system.journal()).unwrap();
    fs::write(system.journal(), &whole[..whole.len() / 2]).unwrap();
    for action in ["--restore", "--fix"] {
        system.doctor(&[action]).code(2).stderr(contains("damaged").and(contains("nothing was")));
    }
    system.write("/etc/shadow", "performance\n");
    let path = format!("{POLICY}/scaling_governor");
    fs::write(system.journal(), whole.replace(&path, "/etc/shadow")).unwrap();
    system.doctor(&["--restore"]).code(2).stderr(contains("/etc/shadow is no setting of ours"));
    assert_eq!(system.governor(), "performance\n");
}

/// Without a way to tell boots apart, or a folder to write to, nothing is changed.
#[test]
fn no_journal_no_change() {
    let system = System::new();
    fs::write(system.folder.path().join("state"), "a file in the way").unwrap();
    system.doctor(&["--fix"]).code(5).stderr(contains("journal").and(contains("nothing was")));
    fs::remove_file(system.path(BOOT_ID)).unwrap();
    fs::remove_file(system.folder.path().join("state")).unwrap();
    system.doctor(&["--fix"]).code(5).stderr(contains("cannot read /proc/sys/kernel/random"));
    assert_eq!(system.governor(), "powersave\n");
}

/// Wrong flags are one line and exit code 2.
#[test]
fn wrong_flags_are_told() {
    let system = System::new();
    system.doctor(&["--core", "99999"]).code(2).stderr(contains("core 99999 is not available"));
    system.doctor(&["--fix", "--restore"]).code(2);
    system.doctor(&["--dry-run"]).code(2);
    system.doctor(&["--fix", "--require", "tsc"]).code(2);
}

/// Ctrl-C ends the examination with 130 and no report.
#[test]
fn examinations_can_be_interrupted() {
    let folder = tempfile::tempdir().unwrap();
    let lock = folder.path().join("nanogate.lock");
    let child = std::process::Command::new(assert_cmd::cargo::cargo_bin("nanogate"))
        .arg("doctor")
        .env("TMPDIR", folder.path())
        .stdout(std::process::Stdio::piped())
        .stderr(std::process::Stdio::piped())
        .spawn()
        .unwrap();
    // The lock is taken just before Ctrl-C is caught; an examination takes over a second.
    while !lock.exists() {
        std::thread::sleep(std::time::Duration::from_millis(5));
    }
    std::thread::sleep(std::time::Duration::from_millis(300));
    let status =
        std::process::Command::new("kill").args(["-INT", &child.id().to_string()]).status();
    assert!(status.unwrap().success());
    let output = child.wait_with_output().unwrap();
    assert_eq!(output.status.code(), Some(130));
    assert!(output.stdout.is_empty());
    assert!(String::from_utf8_lossy(&output.stderr).contains("interrupted: no report"));
}
