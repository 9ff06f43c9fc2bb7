//! Profiles as a lab meets them: listed, checked, written, obeyed, and refused where they do not
//! hold. Hosts are fake where they must be something that this one may not be.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test may fail")]

use std::{
    collections::BTreeSet,
    fs,
    path::{Path, PathBuf},
};

use assert_cmd::Command;
use nanogate::platform::{Profile, digest, shipped};
use predicates::{prelude::*, str::contains};
use serde_json::{Value, json};

const USAGE: i32 = 2;
const UNFIT: i32 = 5;

/// The program in a folder of its own, with a lock of its own, and no graphics processor named.
fn nanogate(folder: &Path, arguments: &[&str]) -> Command {
    let mut command = Command::cargo_bin("nanogate").unwrap();
    command.current_dir(folder).env("TMPDIR", folder).args(arguments);
    for variable in ["NANOGATE_GPU", "NANOGATE_LANES", "NANOGATE_HIDE_CPU"] {
        command.env_remove(variable);
    }
    command
}

fn folder() -> tempfile::TempDir {
    tempfile::tempdir().unwrap()
}

fn printed(command: &mut Command) -> Value {
    serde_json::from_slice(&command.output().unwrap().stdout).unwrap()
}

fn read_json(path: &Path) -> Value {
    serde_json::from_slice(&fs::read(path).unwrap()).unwrap()
}

fn schema(name: &str) -> Value {
    read_json(&Path::new(env!("CARGO_MANIFEST_DIR")).join("schemas").join(name))
}

fn assert_valid(schema: &Value, document: &Value) {
    jsonschema::draft202012::meta::validate(schema).expect("the schema itself is valid");
    let validator = jsonschema::validator_for(schema).unwrap();
    let errors: Vec<String> = validator
        .iter_errors(document)
        .map(|error| format!("{}: {error}", error.instance_path()))
        .collect();
    assert!(errors.is_empty(), "{}", errors.join("\n"));
}

/// A profile that every host can be measured under, and its path.
fn small(folder: &Path, changes: &[(&str, &str)]) -> PathBuf {
    let mut text = shipped::find("ci-shared-2core").unwrap().to_owned();
    let always = [
        ("id = \"ci-shared-2core\"", "id = \"small\""),
        (
            "cores      = { need = \"required\", value = 2 }",
            "cores = { need = \"required\", value = 1 }",
        ),
        (
            "memory_gib = { need = \"required\", value = 2 }",
            "memory_gib = { need = \"required\", value = 1 }",
        ),
        (
            "[\"simd-avx512\", \"simd-avx2\", \"simd-neon\", \"gpu-wgpu\", \"fpga-verilator\"]",
            "[\"simd-neon\", \"simd-avx2\"]",
        ),
        ("batch_lens = [1, 256, 16384]", "batch_lens = [32]"),
        ("threads = [1, \"all\"]", "threads = [1]"),
        ("\"throughput\", \"latency\", \"cycles\"", "\"throughput\""),
        ("budget_s = 0.3", "budget_s = 0.02"),
        ("launches = 3", "launches = 2"),
        ("seed = 1", "seed = 9"),
    ];
    for (line, other) in always.iter().chain(changes) {
        assert!(text.contains(line), "{line}");
        text = text.replacen(line, other, 1);
    }
    let path = folder.join("small.toml");
    fs::write(&path, text).unwrap();
    path
}

/// What every shipped profile says follows the published schema, as the program prints it.
#[test]
fn profiles_follow_the_schema() {
    let folder = folder();
    let schema = schema("nanogate.profile-1.schema.json");
    for id in shipped::ids() {
        let shown = printed(&mut nanogate(folder.path(), &["profile", "show", id, "--json"]));
        assert_valid(&schema, &shown);
        let text: toml::Table = toml::from_str(shipped::find(id).unwrap()).unwrap();
        assert_valid(&schema, &serde_json::to_value(text).unwrap());
    }
}

/// The schema has the keys of a profile, every one of them required, and no other.
#[test]
fn the_schema_has_the_keys_of_a_profile() {
    let profile = Profile::parse(shipped::find("dev-laptop").unwrap()).unwrap();
    let mut of_profile = BTreeSet::new();
    keys_of_value(&serde_json::to_value(profile).unwrap(), "", &mut of_profile);
    let mut of_schema = BTreeSet::new();
    keys_of_schema(&schema("nanogate.profile-1.schema.json"), "", &mut of_schema);
    assert_eq!(of_schema, of_profile);
}

fn keys_of_value(value: &Value, path: &str, keys: &mut BTreeSet<String>) {
    for (key, value) in value.as_object().into_iter().flatten() {
        let path = format!("{path}/{key}");
        keys_of_value(value, &path, keys);
        keys.insert(path);
    }
}

fn keys_of_schema(schema: &Value, path: &str, keys: &mut BTreeSet<String>) {
    let Some(properties) = schema["properties"].as_object() else { return };
    assert_eq!(schema["additionalProperties"], false, "{path}");
    let required: BTreeSet<&str> =
        schema["required"].as_array().unwrap().iter().map(|key| key.as_str().unwrap()).collect();
    let known: BTreeSet<&str> = properties.keys().map(String::as_str).collect();
    assert_eq!(required, known, "{path}");
    for (key, schema) in properties {
        let path = format!("{path}/{key}");
        keys_of_schema(schema, &path, keys);
        keys.insert(path);
    }
}

/// All are listed; one is shown as it is, comments and all, and read again from a file.
#[test]
fn profiles_are_listed_and_shown() {
    let folder = folder();
    let list = nanogate(folder.path(), &["profile", "list"]).assert().success();
    let list = String::from_utf8(list.get_output().stdout.clone()).unwrap();
    let rows = printed(&mut nanogate(folder.path(), &["profile", "list", "--json"]));
    for (row, id) in rows.as_array().unwrap().iter().zip(shipped::ids()) {
        assert!(list.contains(id), "{list}");
        assert_eq!((&row["id"], row["digest"].as_str().unwrap().len()), (&Value::from(id), 64));
    }
    assert!(list.lines().all(|line| line.len() <= 80), "{list}");
    let shown = nanogate(folder.path(), &["profile", "show", "h200-node"]).assert().success();
    let shown = String::from_utf8(shown.get_output().stdout.clone()).unwrap();
    assert_eq!(digest(&shown), digest(shipped::find("h200-node").unwrap()));
    fs::write(folder.path().join("mine.toml"), shown).unwrap();
    nanogate(folder.path(), &["profile", "show", "mine.toml"]).assert().success();
}

/// A slip in an id names the one that was meant; a slip in a file names line and column.
#[test]
fn slips_are_told() {
    let folder = folder();
    nanogate(folder.path(), &["profile", "show", "h100-node"])
        .assert()
        .code(USAGE)
        .stderr(contains("no profile `h100-node`").and(contains("did you mean `h200-node`?")));
    for (line, other, says) in [
        ("faults_permille = 1", "faults_permil = 1", "unknown field `faults_permil`"),
        ("faults_permille = 1", "", "missing field `faults_permille`"),
        ("soft_percent = 3", "soft = 3", "unknown field `soft`"),
    ] {
        let path = small(folder.path(), &[(line, other)]);
        nanogate(folder.path(), &["run", "--profile", path.to_str().unwrap()])
            .assert()
            .code(USAGE)
            .stderr(contains(says).and(contains("line ")).and(contains("column ")));
    }
    for (line, other, says) in [
        ("\"scalar\"", "\"scaler\"", "did you mean `scalar`?"),
        ("method = \"throughput\"", "method = \"thruput\"", "limits: "),
        ("footprints = [\"hot\"]", "footprints = [\"warm\"]", "plan.footprints"),
        ("seed = 9", "seed = \"x\"", "expected a whole number from 0"),
        ("launches = 2", "launches = 0", "plan.launches: must be"),
    ] {
        let path = small(folder.path(), &[(line, other)]);
        nanogate(folder.path(), &["profile", "check", path.to_str().unwrap()])
            .assert()
            .code(USAGE)
            .stderr(contains(says).and(contains("line ")).and(contains("column ")));
    }
}

/// What a run would refuse of the plan, check refuses, in the terms of the profile; and a run says
/// the same.
#[test]
fn plans_are_checked_as_runs_are() {
    let folder = folder();
    let path = small(folder.path(), &[("footprints = [\"hot\"]", "footprints = [\"L9\"]")]);
    let path = path.to_str().unwrap();
    let report = printed(&mut nanogate(folder.path(), &["profile", "check", path, "--json"]));
    assert_valid(&schema("nanogate.profile-check-1.schema.json"), &report);
    assert_eq!(report["fit"], false, "{report}");
    let problem = report["plan"].as_str().unwrap().to_owned();
    assert!(problem.contains("plan.footprints") && !problem.contains("--"), "{problem}");
    nanogate(folder.path(), &["run", "--profile", path])
        .assert()
        .code(UNFIT)
        .stderr(contains(problem));
}

/// A profile that is edited while a run goes on ends it: what was measured is kept, and two plans
/// are not mixed.
#[test]
fn edits_end_a_run() {
    let folder = folder();
    let changes = [("launches = 2", "launches = 50"), ("budget_s = 0.02", "budget_s = 20")];
    let path = small(folder.path(), &changes);
    let out = folder.path().join("run.json");
    let program = assert_cmd::cargo::cargo_bin("nanogate");
    let mut run = std::process::Command::new(program);
    run.current_dir(folder.path()).env("TMPDIR", folder.path()).env("NANOGATE_CONFIG", "");
    run.args(["run", "--out", "run.json", "--profile"]).arg(&path);
    let child = run.stderr(std::process::Stdio::piped()).stdout(std::process::Stdio::null());
    let child = child.spawn().unwrap();
    while !out.exists() {
        std::thread::sleep(std::time::Duration::from_millis(5));
    }
    let text = fs::read_to_string(&path).unwrap();
    fs::write(&path, text.replace("batch_lens = [32]", "batch_lens = [64]")).unwrap();
    let ended = child.wait_with_output().unwrap();
    let said = String::from_utf8(ended.stderr).unwrap();
    assert_eq!(ended.status.code(), Some(1), "{said}");
    assert!(said.contains("changed while it was measured"), "{said}");
    let record = read_json(&out);
    let entries = record["entries"].as_array().unwrap();
    assert!(!entries.is_empty() && entries.iter().all(|entry| entry["batch_len"] == 32));
}

/// The best match has no reason against it, all others have one, and the exit code says whether
/// there is any.
#[test]
fn the_best_match_is_named() {
    let folder = folder();
    let mut command = nanogate(folder.path(), &["profile", "detect", "--json"]);
    let output = command.output().unwrap();
    let report: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_valid(&schema("nanogate.profile-detect-1.schema.json"), &report);
    let best = report["best"].as_str();
    assert_eq!(output.status.code(), Some(if best.is_some() { 0 } else { UNFIT }));
    for row in report["candidates"].as_array().unwrap() {
        let is_best = row["id"].as_str() == best;
        assert_eq!(row["reason"].is_null(), is_best, "{row}");
        assert!(!is_best || row["scope"] == "machine");
        let mismatches = row["mismatches"].as_array().unwrap();
        assert_eq!(row["matches"], mismatches.is_empty(), "{row}");
    }
    assert!(report["host"]["cores"].as_u64().unwrap() >= 1);
}

/// A system with these files and nothing else.
#[cfg(target_os = "linux")]
fn system(folder: &Path, files: &[(&str, &str)]) -> PathBuf {
    let root = folder.join("root");
    for (path, text) in files {
        let path = root.join(path.trim_start_matches('/'));
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }
    root
}

/// What is required and not so is refused with what to do, what is wanted is only told, and JSON
/// says the same.
#[cfg(target_os = "linux")]
#[test]
fn checks_say_what_is_missing() {
    let folder = folder();
    let governor = "/sys/devices/system/cpu/cpufreq/policy0/scaling_governor";
    let root = system(
        folder.path(),
        &[
            ("/proc/meminfo", "MemTotal: 8388608 kB\nMemAvailable: 8388608 kB\n"),
            ("/proc/loadavg", "0.01 0.01 0.01 1/99 999\n"),
            (governor, "powersave\n"),
        ],
    );
    let with = |need: &str| {
        let line = "governor   = { need = \"wanted\", value = \"any\" }";
        let other = format!("governor = {{ need = \"{need}\", value = \"performance\" }}");
        let path = small(folder.path(), &[(line, &other)]);
        let mut command = nanogate(folder.path(), &["profile", "check"]);
        command.arg(path).env("NANOGATE_SYSTEM_ROOT", &root);
        command
    };
    let wanted = with("wanted").assert().success();
    wanted.stdout(contains("fit, but").and(contains("small.toml")));
    with("required").assert().code(UNFIT).stdout(
        contains("UNMET").and(contains("nanogate doctor --fix")).and(contains("would be refused")),
    );
    let report = printed(with("required").arg("--json"));
    assert_valid(&schema("nanogate.profile-check-1.schema.json"), &report);
    assert_eq!((&report["fit"], &report["id"]), (&Value::from(false), &Value::from("small")));
    let requirements = report["requirements"].as_array().unwrap();
    let of = |name: &str| requirements.iter().find(|one| one["requirement"] == name).unwrap();
    assert_eq!(
        (&of("governor")["met"], &of("governor")["need"]),
        (&false.into(), &"required".into())
    );
    assert!(of("governor")["remedy"].is_string() && of("load")["met"] == true);
}

/// A core that is listed and cannot be had is refused before anything is measured.
#[test]
fn cores_must_be_there() {
    let folder = folder();
    let list = [
        ("policy = \"isolated-else-last\"", "policy = \"list\""),
        ("cores = []", "cores = [9999]"),
    ];
    let path = small(folder.path(), &list);
    let path = path.to_str().unwrap();
    nanogate(folder.path(), &["profile", "check", path])
        .assert()
        .code(UNFIT)
        .stdout(contains("9999"));
    nanogate(folder.path(), &["run", "--profile", path])
        .assert()
        .code(UNFIT)
        .stderr(contains("core 9999"));
}

/// What is written for this host is a profile with a comment for every key, this host fits it, and
/// nobody's file is written over.
#[test]
fn a_profile_is_written() {
    let folder = folder();
    let new = ["profile", "new", "--id", "lab-a", "--out", "lab.toml"];
    nanogate(folder.path(), &new).assert().success().stdout(contains("nanogate profile check"));
    let text = fs::read_to_string(folder.path().join("lab.toml")).unwrap();
    assert!(text.lines().filter(|line| line.starts_with('#')).count() > 50, "{text}");
    let shown = printed(&mut nanogate(folder.path(), &["profile", "show", "lab.toml", "--json"]));
    assert_valid(&schema("nanogate.profile-1.schema.json"), &shown);
    assert_eq!(shown["identity"]["id"], "lab-a");
    let checked =
        printed(&mut nanogate(folder.path(), &["profile", "check", "lab.toml", "--json"]));
    assert_eq!(checked["mismatches"], Value::Array(Vec::new()), "{checked}");
    nanogate(folder.path(), &new).assert().code(USAGE).stderr(contains("exists"));
    nanogate(folder.path(), &["profile", "new", "--id", "dev-laptop"]).assert().code(USAGE);
    nanogate(folder.path(), &["profile", "new"]).assert().success().stdout(contains("[limits]"));
}

/// A run obeys its profile, and its record says which one, what was asked of the host, what was
/// left out, and which flags took the place of what it says.
#[test]
fn runs_obey_their_profile() {
    let folder = folder();
    let path = small(folder.path(), &[]);
    let text = fs::read_to_string(&path).unwrap();
    let run = |more: &[&str]| {
        let mut command = nanogate(folder.path(), &["run", "--out", "run.json", "--profile"]);
        command.arg(&path).args(more).env("NANOGATE_HIDE_CPU", "avx2,neon").assert().success();
        let record = read_json(&folder.path().join("run.json"));
        assert_valid(&schema("nanogate.run-1.schema.json"), &record);
        record
    };
    let record = run(&[]);
    let profile = &record["profile"];
    assert_eq!((&profile["id"], &profile["digest"]), (&"small".into(), &digest(&text).into()));
    assert_eq!(profile["requirements"].as_array().unwrap().len(), 4, "{profile}");
    // Features were hidden by a variable: that is no flag of the profile's, but changes the host.
    assert!(profile["overridden"].as_array().unwrap().iter().all(|flag| flag == "--hide-cpu"));
    let entries = record["entries"].as_array().unwrap();
    assert!(
        entries.iter().all(|entry| entry["batch_len"] == 32 && entry["method"] == "throughput")
    );
    let backends: BTreeSet<&str> =
        entries.iter().map(|entry| entry["backend"].as_str().unwrap()).collect();
    assert_eq!(backends, BTreeSet::from(["reference", "scalar"]));
    let skipped: BTreeSet<&str> = record["skipped"]
        .as_array()
        .unwrap()
        .iter()
        .map(|one| one["backend"].as_str().unwrap())
        .collect();
    assert_eq!(skipped, BTreeSet::from(["simd-avx2", "simd-neon"]));
    assert_eq!((&record["corpus"]["seed"], &record["budget_s"]), (&9.into(), &0.02.into()));
    assert_eq!(record["launches"].as_array().unwrap().len(), 2);
    let record = run(&["--batch", "8", "--launches", "1"]);
    assert!(record["entries"].as_array().unwrap().iter().all(|entry| entry["batch_len"] == 8));
    assert_eq!(record["launches"].as_array().unwrap().len(), 1);
    let overridden = record["profile"]["overridden"].as_array().unwrap();
    assert!(overridden.contains(&"--batch".into()) && overridden.contains(&"--launches".into()));
    let codes = record["warnings"].as_array().unwrap();
    assert!(codes.iter().any(|warning| warning["code"] == "profile-overridden"), "{codes:?}");
}

/// A required backend that cannot run, and a condition that is not met, refuse a run before there
/// is a record.
#[test]
fn unfit_hosts_measure_nothing() {
    let folder = folder();
    let refused = |changes: &[(&str, &str)], says: &str| {
        let path = small(folder.path(), changes);
        nanogate(folder.path(), &["run", "--profile", path.to_str().unwrap()])
            .env("NANOGATE_HIDE_CPU", "avx2,neon")
            .assert()
            .code(UNFIT)
            .stderr(contains(says).and(contains("nanogate profile check")));
        assert!(!folder.path().join("nanogate-run.json").exists());
    };
    let required = "required = [\"reference\", \"scalar\"]";
    let optional = "optional = [\"simd-neon\", \"simd-avx2\"]";
    refused(
        &[
            (required, "required = [\"reference\", \"scalar\", \"simd-avx2\", \"simd-neon\"]"),
            (optional, "optional = []"),
        ],
        "requires backends that cannot run here",
    );
    let cores = "cores = { need = \"required\", value = 1 }";
    refused(&[(cores, &cores.replace('1', "4096"))], "cores=4096");
}

/// A gate takes its plan and its limits from a profile, and refuses what a run would refuse.
#[test]
fn gates_obey_their_profile() {
    let folder = folder();
    let gate = |path: &Path| {
        let program = assert_cmd::cargo::cargo_bin("nanogate");
        let mut command = nanogate(folder.path(), &["gate", "--profile"]);
        command.arg(path).arg("--against").arg(program).args(["--out", "gate.json"]);
        command.env("NANOGATE_HIDE_CPU", "avx2,neon");
        command
    };
    let path = small(folder.path(), &[("family_error_percent = 0.1", "family_error_percent = 1")]);
    gate(&path).assert().success();
    let outcome = read_json(&folder.path().join("gate.json"));
    assert_valid(&schema("nanogate.comparison-1.schema.json"), &outcome);
    assert_eq!(outcome["family_error"], 0.01);
    let profile = &outcome["profile"];
    let digest = digest(&fs::read_to_string(&path).unwrap());
    assert_eq!((&profile["id"], &profile["digest"]), (&"small".into(), &digest.into()));
    assert!(!profile["requirements"].as_array().unwrap().is_empty(), "{profile}");
    let left_out = outcome["left_out"].as_array().unwrap();
    assert!(left_out.iter().any(|one| one.as_str().unwrap().starts_with("simd-avx2: ")));
    let rows = outcome["candidates"][0]["rows"].as_array().unwrap();
    let timed: BTreeSet<(&str, u64)> = rows
        .iter()
        .filter(|row| row["method"] == "throughput")
        .map(|row| (row["backend"].as_str().unwrap(), row["batch_len"].as_u64().unwrap()))
        .collect();
    let expected = [256, 4_096].map(|len| [("reference", len), ("scalar", len)]);
    let expected: BTreeSet<(&str, u64)> = expected.into_iter().flatten().collect();
    assert_eq!(timed, expected);
    let cores = "cores = { need = \"required\", value = 1 }";
    let path = small(folder.path(), &[(cores, &cores.replace('1', "4096"))]);
    gate(&path).assert().code(UNFIT).stderr(contains("cores=4096"));
}

/// Records of two profiles are compared, and that they are is told; those of one are not told.
#[test]
fn other_profiles_are_told() {
    let folder = folder();
    let fixture = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/run.json");
    let of = |name: &str, digest: &str| {
        let mut record = read_json(&fixture);
        record["profile"] = json!({
            "id": "lab-a", "status": "supported", "digest": digest.repeat(64),
            "overridden": [], "mismatches": [], "requirements": []
        });
        fs::write(folder.path().join(name), record.to_string()).unwrap();
    };
    of("a.json", "a");
    of("b.json", "b");
    let compared = |other: &str| nanogate(folder.path(), &["compare", "a.json", other]).assert();
    let note = "not under one profile: lab-a aaaaaaaaaaaa, and then lab-a bbbbbbbbbbbb";
    compared("b.json").stdout(contains(note));
    compared("a.json").stdout(contains("not under one profile").not());
}

/// Under the profile of a part, modelled time is by the report that it names, and by no other.
#[cfg(feature = "fpga")]
#[test]
fn timing_is_by_the_named_report() {
    let folder = folder();
    let check = ["profile", "check", "fpga-ecp5-85f", "--json"];
    let found = printed(&mut nanogate(folder.path(), &check));
    if found["backends"][0]["available"] != true || found["fit"] != true {
        return;
    }
    let run = ["run", "--profile", "fpga-ecp5-85f", "--batch", "64", "--out", "run.json"];
    nanogate(folder.path(), &run).assert().success();
    let record = read_json(&folder.path().join("run.json"));
    assert_valid(&schema("nanogate.run-1.schema.json"), &record);
    let modeled = record["entries"][0]["cycles"]["modeled"].as_array().unwrap();
    let reports: Vec<&str> = modeled.iter().map(|one| one["report"].as_str().unwrap()).collect();
    assert_eq!(reports, ["ecp5-85f-6 x8"]);
    assert_eq!(record["simulated"][0]["lanes"], 8);
    let narrow = ["run", "--profile", "fpga-ice40", "--lanes", "2", "--out", "none.json"];
    nanogate(folder.path(), &narrow).assert().code(UNFIT).stderr(contains("ice40-hx8k"));
}
