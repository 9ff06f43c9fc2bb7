//! The program as its users meet it: the right ways, and the wrong ones with their exit codes.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test may fail")]

use std::{fs, path::Path};

use assert_cmd::Command;
use nanogate::host::cpu::HIDE_VARIABLE;
use predicates::{prelude::*, str::contains};

const CAT: [u8; 24] = *b"TCP\x02\x00\x02\xd0\x77\xf2\x44\x00\x00\x00\x01\x00\x64\x00\x32\x00\x0a\
                         \x00\x03\xf0\x64";

/// The program, with a folder of its own for its lock.
fn nanogate(folder: &Path) -> Command {
    let mut command = Command::cargo_bin("nanogate").unwrap();
    command.env("TMPDIR", folder);
    command
}

fn read_json(path: &Path) -> serde_json::Value {
    serde_json::from_str(&fs::read_to_string(path).unwrap()).unwrap()
}

fn folder() -> tempfile::TempDir {
    tempfile::tempdir().unwrap()
}

/// Every verb explains itself, and the exit codes stand in the main help.
#[test]
fn every_verb_has_help() {
    let folder = folder();
    let verbs = [
        "run", "compare", "gate", "history", "verify", "selftest", "decide", "backends", "doctor",
        "corpus", "report", "profile",
    ];
    for verb in verbs {
        nanogate(folder.path()).args([verb, "--help"]).assert().success().stdout(contains("Usage"));
    }
    nanogate(folder.path()).arg("--help").assert().success().stdout(contains("Exit codes"));
    nanogate(folder.path()).arg("fly").assert().code(2);
}

/// Every backend is listed, and JSON is JSON.
#[test]
fn backends_are_listed() {
    let folder = folder();
    let output = nanogate(folder.path()).args(["backends", "--json"]).assert().success();
    let rows: serde_json::Value = serde_json::from_slice(&output.get_output().stdout).unwrap();
    let ids: Vec<_> = rows.as_array().unwrap().iter().map(|row| row["id"].as_str()).collect();
    let known: Vec<_> = nanogate::registry::all().map(|entry| Some(entry.id)).collect();
    assert_eq!(ids, known);
    for row in rows.as_array().unwrap() {
        let is_peer = row["id"].as_str().unwrap().starts_with("peer-");
        assert_eq!(row["kind"] == "peer", is_peer, "{row}");
    }
}

/// Verification passes, and one planted wrong bit makes it fail with 6 and show the record.
#[test]
fn verify_passes_and_can_fail() {
    let folder = folder();
    let verify = ["verify", "--count", "5000"];
    nanogate(folder.path()).args(verify).assert().success().stdout(contains("verified"));
    nanogate(folder.path())
        .args(verify)
        .args(["--plant-error", "7"])
        .assert()
        .code(6)
        .stdout(contains("record 7 of").and(contains("expected  0x")));
}

/// Peers are left out unless asked for, verified when they are, and can be found wrong.
#[test]
fn peers_are_verified_when_asked_for() {
    let folder = folder();
    let verify = |flags: &[&str]| {
        let mut command = nanogate(folder.path());
        // Hidden features would leave out a peer that cannot be kept from using them.
        command.env_remove(HIDE_VARIABLE).args(["verify", "--count", "5000"]).args(flags);
        command.assert()
    };
    verify(&[]).success().stdout(contains("peer-").not());
    let both = || contains("peer-crc ").and(contains("peer-crc-fast "));
    verify(&["--peers"]).success().stdout(contains("reference ").and(both()));
    verify(&["--backend", "scalar", "--peers"])
        .success()
        .stdout(contains("scalar ").and(both()).and(contains("reference").not()));
    for peer in ["peer-crc", "peer-crc-fast"] {
        verify(&["--backend", peer]).success().stdout(contains("verified").count(1));
        verify(&["--backend", peer, "--plant-error", "3"])
            .code(6)
            .stdout(contains("record 3 of").and(contains("WRONG")));
    }
}

/// A run with peers has a number for each of them beside the baseline's.
#[test]
fn peers_are_measured_when_asked_for() {
    let folder = folder();
    let out = folder.path().join("run.json");
    nanogate(folder.path())
        .env_remove(HIDE_VARIABLE)
        .args(["run", "--peers", "--backend", "reference", "--method", "throughput"])
        .args(["--batch", "16", "--footprint", "hot", "--budget", "0.01", "--out"])
        .arg(&out)
        .assert()
        .success();
    let record = read_json(&out);
    let measured = record["entries"].as_array().unwrap();
    let ids: Vec<_> = measured.iter().map(|entry| entry["backend"].as_str().unwrap()).collect();
    assert_eq!(ids, ["reference", "peer-crc", "peer-crc-fast"]);
}

/// More threads than cores are measured and warned of; each thread has its figure, and each entry
/// its roof and what it is to one thread.
#[test]
fn threads_are_measured_together_and_apart() {
    let folder = folder();
    let out = folder.path().join("run.json");
    let cores = std::thread::available_parallelism().unwrap().get();
    let output = nanogate(folder.path())
        .args(["run", "--backend", "scalar", "--method", "throughput", "--batch", "64"])
        .args(["--footprint", "hot", "--budget", "0.02", "--threads"])
        .arg((cores + 1).to_string())
        .arg("--out")
        .arg(&out)
        .assert()
        .success()
        .stdout(contains("oversubscribed"));
    let record = read_json(&out);
    let [alone, together] = record["entries"].as_array().unwrap().as_slice() else {
        panic!("two thread counts: {record}")
    };
    assert_eq!((&alone["threads"], &together["threads"]), (&1.into(), &(cores + 1).into()));
    assert_eq!(together["per_thread"].as_array().unwrap().len(), cores + 1);
    // Beside other tests a difference of readings can be anything, and a ratio can be absent.
    assert!(alone.get("scaling").is_none());
    for ratio in [&together["scaling"], &together["bound"]["fraction"], &alone["bound"]["fraction"]]
    {
        assert!(ratio.is_null() || ratio["value"].as_f64().unwrap() > 0.0, "{record}");
    }
    let has_roof = !together["bound"]["fraction"].is_null();
    let printed = String::from_utf8_lossy(&output.get_output().stdout);
    assert!(!has_roof || printed.contains("(read only)"), "{printed}");
}

/// Hidden features are missing, by flag and by variable, and the next best backend is chosen.
#[test]
fn features_can_be_hidden() {
    let folder = folder();
    let all = "avx2,avx512f,neon";
    let listed = |command: &mut Command| {
        let output = command.args(["backends", "--json"]).assert().success();
        let rows: serde_json::Value = serde_json::from_slice(&output.get_output().stdout).unwrap();
        rows.as_array().unwrap().clone()
    };
    let by_flag = listed(nanogate(folder.path()).args(["--hide-cpu", all]));
    let by_variable = listed(nanogate(folder.path()).env(HIDE_VARIABLE, all));
    assert_eq!(by_flag, by_variable);
    let simd = by_flag.iter().filter(|row| row["kind"] == "simd");
    assert!(simd.clone().count() >= 3 && simd.clone().all(|row| row["available"] == false));
    nanogate(folder.path())
        .args(["verify", "--hide-cpu", all, "--backend", "simd-avx2", "--count", "1"])
        .assert()
        .code(5);
    nanogate(folder.path())
        .args(["run", "--backend", "scalar", "--method", "throughput", "--batch", "64"])
        .args(["--footprint", "hot", "--budget", "0.01", "--hide-cpu", all])
        .current_dir(&folder)
        .assert()
        .success()
        .stdout(contains("hidden-features"));
    nanogate(folder.path()).env(HIDE_VARIABLE, "mmx").arg("backends").assert().code(2);
    // The flag takes the place of the variable; they do not add up.
    let mut both = nanogate(folder.path());
    let replaced = listed(both.env(HIDE_VARIABLE, all).args(["--hide-cpu", ""]));
    let mut none = nanogate(folder.path());
    assert_eq!(replaced, listed(none.env_remove(HIDE_VARIABLE)));
}

/// One JSON line per record; raw bytes; counts.
#[test]
fn decide_has_three_outputs() {
    let folder = folder();
    let mut input = CAT.to_vec();
    input.extend([0; 24]);
    let decide = |flags: &[&str]| {
        let mut command = nanogate(folder.path());
        command.arg("decide").args(flags).write_stdin(input.clone());
        command.assert().success().get_output().stdout.clone()
    };
    let lines = String::from_utf8(decide(&[])).unwrap();
    assert_eq!(lines.lines().count(), 2);
    assert!(lines.contains(r#""decision":"approve""#) && lines.contains(r#""fault":"magic""#));
    assert_eq!(decide(&["--raw", "--backend", "reference"]), [0x00, 0x3f]);
    let counts: serde_json::Value =
        serde_json::from_slice(&decide(&["--summary", "--json"])).unwrap();
    assert_eq!((&counts["records"], &counts["risk-safe"]), (&2.into(), &1.into()));
}

/// All golden vectors through the raw output, by every backend that runs here.
#[test]
fn decide_gives_the_golden_verdicts() {
    let folder = folder();
    let vectors = nanogate::corpus::vectors::golden().unwrap();
    let input: Vec<u8> = vectors.iter().flat_map(|vector| *vector.record.as_bytes()).collect();
    let expected: Vec<u8> = vectors.iter().map(|vector| vector.verdict).collect();
    let context = nanogate::backend::ProbeContext::detect().unwrap();
    for (backend, probed) in nanogate::registry::probe_all(&context) {
        if let Err(reason) = probed {
            eprintln!("{} is not tested here: {reason}", backend.id);
            continue;
        }
        let mut command = nanogate(folder.path());
        command.args(["decide", "--raw", "--backend", backend.id]).write_stdin(input.clone());
        assert_eq!(command.assert().success().get_output().stdout, expected, "{}", backend.id);
    }
}

/// Records can be given in place of a file.
#[test]
fn decide_takes_records_from_the_command_line() {
    let folder = folder();
    let cat = hex::encode(CAT);
    let decide = |arguments: &[&str]| {
        nanogate(folder.path()).args(["decide", "--raw"]).args(arguments).assert()
    };
    let output = decide(&[&cat, &"00".repeat(24)]).success().get_output().stdout.clone();
    assert_eq!(output, [0x00, 0x3f]);
    decide(&[&cat, "file"]).code(2).stderr(contains("48 hexadecimal digits"));
    decide(&[&cat[2..]]).code(2).stderr(contains("cannot read"));
}

/// Only simulated hardware has cycles and waveforms: without it, both are refused with the reason.
#[test]
fn cycles_and_waveforms_need_simulated_hardware() {
    let folder = folder();
    let trace = ["--trace", "wave.vcd"];
    let act = |verb: &[&str], more: &[&str]| {
        let mut command = nanogate(folder.path());
        command.current_dir(&folder).args(verb).args(more).args(["--backend", "scalar"]).assert()
    };
    act(&["verify"], &trace).code(2).stderr(contains("none of these backends is simulated"));
    act(&["decide"], &trace).code(2).stderr(contains("only simulated hardware has signals"));
    act(&["run"], &["--method", "cycles"]).code(5).stderr(contains("for simulated hardware only"));
    act(&["run"], &["--method", "cycles,stages"])
        .code(5)
        .stderr(contains("for devices and simulated hardware only"));
    act(&["run"], &["--method", "stages"]).code(5).stderr(contains("for devices only"));
    assert_eq!(fs::read_dir(&folder).unwrap().count(), 0);
}

/// A truncated input is an error that says how much was whole, after handling it.
#[test]
fn decide_handles_whole_records_of_a_truncated_input() {
    let folder = folder();
    let mut input = CAT.repeat(3);
    input.pop();
    nanogate(folder.path())
        .args(["decide", "--raw"])
        .write_stdin(input)
        .assert()
        .code(2)
        .stdout(predicate::eq(&[0u8, 0][..]))
        .stderr(contains("2 whole records").and(contains("23 bytes")));
}

/// Wrong flags and files: exit code 2, one line that names them.
#[test]
fn wrong_requests_are_usage_errors() {
    let folder = folder();
    let missing = folder.path().join("missing");
    let missing = missing.to_str().unwrap();
    let wrong: [(&[&str], &str); 21] = [
        (&["decide", missing], "cannot read"),
        (&["decide", "--backend", "fpga"], "no backend `fpga`"),
        (&["verify", "--backend", "warp"], "--backend"),
        (&["verify", "--count", "0"], "--count"),
        (&["verify", "--corpus", missing], "--corpus"),
        (&["run", "--method", "guess"], "--method"),
        (&["run", "--batch", "0"], "--batch"),
        (&["run", "--budget", "0"], "--budget"),
        (&["run", "--core", "99999", "--out", "x.json"], "--core"),
        (&["run", "--faults", "1001"], "--faults"),
        (&["run", "--threads", "0"], "--threads"),
        (&["run", "--threads", "many"], "neither `all` nor a number"),
        (&["run", "--footprint", "warm"], "--footprint"),
        (&["run", "--footprint", "L1", "--batch", "1048576"], "--footprint: no such batch fits"),
        (&["verify", "--trace", "wave.txt"], "ends in .vcd"),
        (&["decide", "--trace", "/no/such/folder/wave.vcd"], "cannot write there"),
        (&["backends", "--lanes", "3"], "[1, 2, 4, 8] lanes"),
        (&["backends", "--fpga-build", "slow"], "known: fast, checked"),
        (&["backends", "--hide-cpu", "sse9"], "no processor feature `sse9`"),
        (&["run", "--out", "/no/such/folder/run.json"], "--out"),
        (&["corpus", "explain", "no-such-command"], "no-such-command"),
    ];
    for (arguments, message) in wrong {
        let assert = nanogate(folder.path()).current_dir(&folder).args(arguments).assert();
        assert.code(2).stderr(contains(message).and(contains("panicked").not()));
    }
}

/// A file that is no record is never overwritten.
#[test]
fn run_leaves_foreign_files_alone() {
    let folder = folder();
    let out = folder.path().join("thesis.json");
    fs::write(&out, "my thesis").unwrap();
    nanogate(folder.path())
        .args(["run", "--quick", "--out"])
        .arg(&out)
        .assert()
        .code(2)
        .stderr(contains("no nanogate run record"));
    assert_eq!(fs::read_to_string(out).unwrap(), "my thesis");
}

/// A second run on the machine is refused while the first measures.
#[test]
fn only_one_run_at_a_time() {
    let folder = folder();
    let lock = fs::File::create(folder.path().join("nanogate.lock")).unwrap();
    lock.lock().unwrap();
    nanogate(folder.path())
        .current_dir(&folder)
        .args(["run", "--quick"])
        .assert()
        .code(5)
        .stderr(contains("another nanogate run"));
}

/// A file without end is refused, and a device is not replaced by a record.
#[cfg(target_os = "linux")]
#[test]
fn devices_are_refused() {
    use std::os::unix::fs::FileTypeExt as _;
    let folder = folder();
    for arguments in [
        ["run", "--out", "/dev/zero"],
        ["run", "--out", "/dev/null"],
        ["run", "--corpus", "/dev/zero"],
        ["verify", "--corpus", "/dev/zero"],
    ] {
        let assert = nanogate(folder.path()).current_dir(&folder).args(arguments).assert();
        assert.code(2).stderr(contains("/dev/"));
    }
    nanogate(folder.path())
        .args(["corpus", "build", "--rules", "/dev/zero"])
        .assert()
        .code(2)
        .stderr(contains("--rules"));
    assert!(fs::metadata("/dev/null").unwrap().file_type().is_char_device());
}

/// Ctrl-C while records are written leaves no half of a file.
#[cfg(unix)]
#[test]
fn interrupting_generate_leaves_nothing() {
    let folder = folder();
    let mut child = std::process::Command::new(assert_cmd::cargo::cargo_bin("nanogate"))
        .args(["corpus", "generate", "--count", "1000000000000", "--out"])
        .arg(folder.path().join("records"))
        .spawn()
        .unwrap();
    while fs::read_dir(&folder).unwrap().count() == 0 {
        assert!(child.try_wait().unwrap().is_none(), "ended by itself");
        std::thread::sleep(std::time::Duration::from_millis(10));
    }
    interrupt(&child);
    assert_eq!(child.wait().unwrap().code(), Some(130));
    assert_eq!(fs::read_dir(&folder).unwrap().count(), 0);
}

#[cfg(unix)]
fn interrupt(child: &std::process::Child) {
    let status =
        std::process::Command::new("kill").args(["-INT", &child.id().to_string()]).status();
    assert!(status.unwrap().success());
}

/// A full disk is one clear message and exit code 1.
#[cfg(target_os = "linux")]
#[test]
fn a_full_disk_is_reported() {
    let folder = folder();
    let full = fs::OpenOptions::new().write(true).open("/dev/full").unwrap();
    let program = assert_cmd::cargo::cargo_bin("nanogate");
    let input = folder.path().join("records");
    fs::write(&input, CAT.repeat(100_000)).unwrap();
    let output = std::process::Command::new(program)
        .args(["decide", "--raw"])
        .arg(input)
        .stdout(full)
        .output()
        .unwrap();
    assert_eq!(output.status.code(), Some(1));
    let message = String::from_utf8(output.stderr).unwrap();
    assert!(message.contains("cannot write the output"), "{message}");
}

/// Ctrl-C keeps what is measured: the record is there, marked, with its entries.
#[cfg(unix)]
#[test]
fn interrupting_keeps_what_is_measured() {
    let folder = folder();
    let out = folder.path().join("run.json");
    let mut child = std::process::Command::new(assert_cmd::cargo::cargo_bin("nanogate"))
        .env("TMPDIR", folder.path())
        .args(["run", "--budget", "0.3", "--batch", "1,64,512,4096", "--footprint", "hot"])
        .arg("--out")
        .arg(&out)
        .stdout(std::process::Stdio::null())
        .spawn()
        .unwrap();
    while !out.exists() {
        assert!(child.try_wait().unwrap().is_none(), "ended before the first entry");
        std::thread::sleep(std::time::Duration::from_millis(20));
    }
    interrupt(&child);
    assert_eq!(child.wait().unwrap().code(), Some(130));
    let record: serde_json::Value =
        serde_json::from_str(&fs::read_to_string(out).unwrap()).unwrap();
    assert_eq!(record["status"], "interrupted");
    assert!(!record["entries"].as_array().unwrap().is_empty());
}
