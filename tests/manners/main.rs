//! How the program behaves towards people: help, settings, suggestions, terminals.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test may fail")]

#[cfg(target_os = "linux")]
mod terminal;

use std::{fs, path::Path};

use assert_cmd::Command;
use nanogate::report::{
    record::RunRecord,
    screen::{Glyphs, Screen},
    table::{self, Detail},
};
use predicates::{prelude::*, str::contains};

/// The program in a folder of its own, which is also where settings of the user are looked for.
fn nanogate(folder: &Path) -> Command {
    let mut command = Command::cargo_bin("nanogate").unwrap();
    command.current_dir(folder).env("TMPDIR", folder).env("XDG_CONFIG_HOME", folder.join("home"));
    command.env_remove("COLUMNS").env_remove("NANOGATE_CONFIG");
    command
}

fn folder() -> tempfile::TempDir {
    tempfile::tempdir().unwrap()
}

/// The verbs that a help text lists.
fn verbs_of(help: &str) -> Vec<String> {
    let listed = help.lines().skip_while(|line| *line != "Commands:").skip(1);
    let listed = listed.take_while(|line| !line.is_empty());
    // What goes on in the next line is indented more.
    let listed = listed.filter(|line| line.starts_with("  ") && !line.starts_with("   "));
    let names = listed.filter_map(|line| line.split_whitespace().next());
    names.filter(|name| *name != "help").map(str::to_owned).collect()
}

/// The help of a verb, and of every verb below it.
fn helps(folder: &Path, verbs: &[String], found: &mut Vec<(String, String)>) {
    let output = nanogate(folder).args(verbs).arg("--help").assert().success();
    let help = String::from_utf8(output.get_output().stdout.clone()).unwrap();
    for verb in verbs_of(&help) {
        helps(folder, &[verbs, &[verb]].concat(), found);
    }
    found.push((verbs.join(" "), help));
}

/// Every verb, however deep, has examples, and says how it is called and set.
#[test]
fn every_verb_has_examples() {
    let folder = folder();
    let mut found = Vec::new();
    helps(folder.path(), &[], &mut found);
    assert!(found.len() > 20, "{found:?}");
    for (verb, help) in &found {
        assert!(help.contains("Usage: nanogate"), "{verb}: {help}");
        let example = format!("\n  nanogate {verb}");
        assert!(help.contains("Examples:\n") && help.contains(&example), "{verb}: {help}");
    }
    let (_, run) = found.iter().find(|(verb, _)| verb == "run").unwrap();
    assert!(run.contains("NANOGATE_RUN_BUDGET=]"), "{run}");
    let (_, all) = found.last().unwrap();
    assert!(all.contains("nanogate.toml") && all.contains("NANOGATE_CONFIG"), "{all}");
}

/// Each shell has its completions, with the flags of a verb and nothing that is hidden; those that
/// complete values have backends, methods, formats and profiles. A slip is understood.
#[test]
fn shells_can_complete() {
    let folder = folder();
    for shell in ["bash", "zsh", "fish", "powershell", "elvish"] {
        let output = nanogate(folder.path()).args(["completions", shell]).assert().success();
        let script = String::from_utf8(output.get_output().stdout.clone()).unwrap();
        let is_in_name = |letter: char| letter.is_ascii_alphanumeric() || "-_".contains(letter);
        let has = |word: &str| {
            let mut words = script.split(|letter| !is_in_name(letter));
            words.any(|one| one.trim_start_matches('-') == word)
        };
        for word in ["run", "gate", "save-baseline", "launches", "layout-seed"] {
            assert!(has(word), "{shell}: {word}");
        }
        // Where there are texts, they may have these words.
        for hidden in ["worker", "describe", "launch", "steps", "readings"] {
            assert!(shell != "bash" || !has(hidden), "{shell}: {hidden}");
        }
        for about in ["One side of a comparison, told", "The launch that this process is"] {
            assert!(!script.contains(about), "{shell}: {about}");
        }
        let has_values = ["bash", "zsh", "fish"].contains(&shell);
        for value in ["peer-crc", "break-even", "junit", "ci-shared-2core", "turbo-off", "avx512f"]
        {
            assert!(has(value) || !has_values, "{shell}: {value}");
        }
    }
    nanogate(folder.path()).args(["completions", "bsh"]).assert().code(2).stderr(contains("bash"));
}

/// The manual goes to standard output, or as a page for each verb into a folder.
#[test]
fn there_is_a_manual() {
    let folder = folder();
    nanogate(folder.path()).arg("man").assert().success().stdout(contains(".TH nanogate 1"));
    nanogate(folder.path())
        .args(["man", "--out", "man1"])
        .assert()
        .success()
        .stdout(contains("pages in man1"));
    let page = fs::read_to_string(folder.path().join("man1/nanogate-run.1")).unwrap();
    assert!(page.contains("NANOGATE_RUN_BUDGET") && page.contains("\n.nf\n"), "{page}");
    assert!(folder.path().join("man1/nanogate-corpus-build.1").is_file());
    assert!(!folder.path().join("man1/nanogate-worker.1").exists());
    nanogate(folder.path()).args(["man", "--out", "/dev/null/man"]).assert().code(2);
}

/// What is typed wins over the variables and the settings that it excludes, and a flag that must be
/// given, or another in its place, can be given by the file.
#[test]
fn what_is_typed_wins_over_what_it_excludes() {
    let folder = folder();
    let path = folder.path();
    let record = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/fixtures/full-run.json");
    let page = || contains("<html");
    let mut report = nanogate(path);
    report.env("NANOGATE_REPORT_FORMAT", "csv").args(["report", "--html", record]);
    report.assert().success().stdout(page());
    let mut run = nanogate(path);
    run.env("NANOGATE_RUN_BASELINE", "main").args(["run", "--baseline-lenient", "other"]);
    run.args(["--backend", "none"]).assert().code(2).stderr(contains("baseline").not());
    let settings = path.join("nanogate.toml");
    fs::write(&settings, "[report]\nformat = 'csv'\n[compare]\nlist = true\n").unwrap();
    let report = |flags: &[&str]| nanogate(path).arg("report").args(flags).arg(record).assert();
    report(&[]).success().stdout(page().not());
    report(&["--html"]).success().stdout(page());
    nanogate(path).arg("compare").assert().success().stdout(contains("no baselines"));
    nanogate(path).args(["compare", "a", "b"]).assert().code(2).stderr(contains("list").not());
    fs::remove_file(settings).unwrap();
    report(&[]).code(2).stderr(contains("--format list"));
    nanogate(path).arg("compare").assert().code(2).stderr(contains("--list"));
}

/// A variable that is none of a flag is said, with what was probably meant, and stops nothing.
#[test]
fn unknown_variables_are_said() {
    let folder = folder();
    let backends =
        |name: &str| nanogate(folder.path()).env(name, "1").arg("backends").assert().success();
    let meant = "did you mean `NANOGATE_RUN_BUDGET`?";
    backends("NANOGATE_RUN_BUDGT")
        .stderr(contains("NANOGATE_RUN_BUDGT is set").and(contains(meant)));
    for known in ["NANOGATE_RUN_BUDGET", "NANOGATE_LAYOUT", "NANOGATES"] {
        backends(known).stderr("");
    }
}

/// The risks of all commands that are listed.
fn risks(command: &mut Command) -> Vec<String> {
    let output = command.args(["corpus", "list", "--json"]).assert().success();
    let rows: serde_json::Value = serde_json::from_slice(&output.get_output().stdout).unwrap();
    let risk = |row: &serde_json::Value| row["risk"].as_str().unwrap().to_owned();
    let mut risks: Vec<String> = rows.as_array().unwrap().iter().map(risk).collect();
    risks.sort();
    risks.dedup();
    risks
}

/// The command line weighs more than the environment, that more than the file, that more than what
/// is built in; an empty variable says nothing.
#[test]
fn flags_variables_and_files_have_their_order() {
    let folder = folder();
    let path = folder.path();
    let variable = "NANOGATE_CORPUS_LIST_RISK";
    assert!(risks(&mut nanogate(path)).len() > 2);
    fs::create_dir_all(path.join("home/nanogate")).unwrap();
    let at_home = path.join("home/nanogate/config.toml");
    fs::write(at_home, "[corpus.list]\nrisk = \"low\"\n").unwrap();
    assert_eq!(risks(&mut nanogate(path)), ["low"]);
    fs::write(path.join("nanogate.toml"), "[corpus.list]\nrisk = \"critical\"\n").unwrap();
    assert_eq!(risks(&mut nanogate(path)), ["critical"]);
    assert_eq!(risks(nanogate(path).env(variable, "")), ["critical"]);
    assert_eq!(risks(nanogate(path).env(variable, "high")), ["high"]);
    let mut flag = nanogate(path);
    flag.env(variable, "high").args(["corpus", "list", "--risk", "safe", "--json"]);
    flag.assert().success().stdout(contains("\"safe\"").and(contains("\"high\"").not()));
    assert!(risks(nanogate(path).env("NANOGATE_CONFIG", "")).len() > 2);
    fs::write(path.join("other.toml"), "corpus.list.risk = 'medium'\n").unwrap();
    assert_eq!(risks(nanogate(path).env("NANOGATE_CONFIG", "other.toml")), ["medium"]);
}

/// A switch is turned on and off by a variable, and on by the file; a flag that must be given can
/// be given there.
#[test]
fn switches_have_variables_too() {
    let folder = folder();
    let list = || {
        let mut command = nanogate(folder.path());
        command.args(["corpus", "list", "--risk", "critical"]);
        command
    };
    let variable = "NANOGATE_CORPUS_LIST_JSON";
    let is_json = || predicate::str::starts_with("[");
    for (value, expected) in [("1", true), ("yes", true), ("0", false), ("off", false), ("", false)]
    {
        let assert = list().env(variable, value).assert().success();
        assert_eq!(is_json().eval(&String::from_utf8_lossy(&assert.get_output().stdout)), expected);
    }
    list().env(variable, "perhaps").assert().code(2).stderr(contains(variable));
    fs::write(folder.path().join("nanogate.toml"), "[corpus.list]\njson = true\n").unwrap();
    list().assert().success().stdout(is_json());
    list().env(variable, "no").assert().success().stdout(is_json().not());
    let settings = "[corpus.generate]\ncount = 3\nout = 'records.bin'\n";
    fs::write(folder.path().join("nanogate.toml"), settings).unwrap();
    nanogate(folder.path()).args(["corpus", "generate"]).assert().success();
    assert_eq!(fs::metadata(folder.path().join("records.bin")).unwrap().len(), 72);
}

/// What is wrong in a file of settings is said with its place, and keeps nobody from help, nor a
/// gate from asking another program what it is.
#[test]
fn wrong_settings_are_said_with_their_place() {
    let folder = folder();
    let path = folder.path().join("nanogate.toml");
    for (text, says) in [
        ("[run]\nbudgt = 1\n", "nanogate.toml:2:1: `run` has no flag `--budgt`; did you mean"),
        ("[verify]\ncount = 0\n", "nanogate.toml:2:9: "),
        ("[verify\n", "nanogate.toml:1:"),
        ("[run]\nbackend = ['scaler']\n", "nanogate.toml:2:11: invalid value 'scaler'"),
        ("[gate]\nprofile = 'h200'\n", "nanogate.toml:2:11: "),
        ("[[run]]\nquick = true\n", "`run` is a verb: write its flags below [run]"),
    ] {
        fs::write(&path, text).unwrap();
        nanogate(folder.path()).arg("backends").assert().code(2).stderr(contains(says));
        for fine in [&["run", "--help"][..], &["--version"], &["describe"], &["man"]] {
            nanogate(folder.path()).args(fine).assert().success();
        }
    }
    nanogate(folder.path())
        .env("NANOGATE_CONFIG", "missing.toml")
        .arg("backends")
        .assert()
        .code(2)
        .stderr(contains("missing.toml").and(contains("NANOGATE_CONFIG")));
}

/// A flag that nobody typed is said to be in the environment where it makes no sense.
#[test]
fn wrong_variables_are_named() {
    let folder = folder();
    nanogate(folder.path())
        .env("NANOGATE_VERIFY_COUNT", "none")
        .env("NANOGATE_RUN_COUNT", "irrelevant")
        .arg("verify")
        .assert()
        .code(2)
        .stderr(contains("NANOGATE_VERIFY_COUNT is set").and(contains("NANOGATE_RUN").not()));
}

/// So it is of ids that only the registry or the profiles know.
#[test]
fn wrong_ids_are_blamed_on_their_variable() {
    let folder = folder();
    for (name, value, meant) in [
        ("NANOGATE_RUN_BACKEND", "scaler", "did you mean `scalar`?"),
        ("NANOGATE_RUN_PROFILE", "dev-laptp", "did you mean `dev-laptop`?"),
    ] {
        let says = contains(format!("{name} is set")).and(contains(meant));
        nanogate(folder.path()).env(name, value).arg("run").assert().code(2).stderr(says);
    }
}

/// Slips of the finger are answered with what was meant.
#[test]
fn slips_are_answered_with_what_was_meant() {
    let folder = folder();
    let slips: [(&[&str], &str); 17] = [
        (&["verfy"], "'verify'"),
        (&["rnu"], "'run'"),
        (&["version"], "'--version'"),
        (&["corpus", "lsit"], "'list'"),
        (&["run", "--footprint", "memroy"], "did you mean `memory`?"),
        (&["run", "--arrivals", "posson"], "did you mean `poisson`?"),
        (&["backends", "--fpga-build", "fst"], "did you mean `fast`?"),
        (&["run", "--profile", "dev-laptp"], "did you mean `dev-laptop`?"),
        (&["run", "--bach", "1"], "'--batch'"),
        (&["verify", "--backend", "scaler"], "did you mean `scalar`?"),
        (&["run", "--backend", "avx512"], "did you mean `simd-avx512`?"),
        (&["run", "--method", "troughput"], "did you mean `throughput`?"),
        (&["report", "x.json", "--format", "junti"], "did you mean `junit`?"),
        (&["compare", "a", "b", "--display", "explian"], "did you mean `explain`?"),
        (&["doctor", "--require", "governer"], "did you mean `governor`?"),
        (&["backends", "--hide-cpu", "avx521f"], "did you mean `avx512f`?"),
        (&["corpus", "list", "--risk", "critcal"], "'critical'"),
    ];
    for (words, meant) in slips {
        let assert = nanogate(folder.path()).args(words).assert();
        assert.code(2).stderr(contains(meant));
    }
}

fn record() -> RunRecord {
    serde_json::from_str(include_str!("../fixtures/run.json")).unwrap()
}

fn shown(columns: Option<usize>) -> String {
    table::render(&record(), Detail::Spread, &Screen { columns, ..Screen::PLAIN })
}

/// The tables of a run are as wide as the terminal at most, keep what matters on 80 columns, and
/// have more the wider it is.
#[test]
fn tables_fit_the_terminal_and_grow_with_it() {
    let headers = |text: &str| text.split_whitespace().filter(|word| *word == "GB/s").count();
    for columns in [80, 100, 132] {
        let text = shown(Some(columns));
        for line in text.lines().map(str::trim_end) {
            assert!(line.chars().count() <= columns, "{columns}: {line}\n{text}");
        }
        assert!(text.contains("ns/record") && text.contains("p50"), "{text}");
    }
    assert!(shown(Some(80)).contains("left out  "), "{}", shown(Some(80)));
    assert!(headers(&shown(Some(400))) > headers(&shown(Some(80))));
    // In a pipe every row is one line, with all there is.
    assert_eq!(shown(None), shown(Some(10_000)));
    assert!(!shown(None).contains("left out"));
}

/// With --details distributions are drawn, in blocks or in signs.
#[test]
fn distributions_are_drawn() {
    let record: RunRecord =
        serde_json::from_str(include_str!("../fixtures/full-run.json")).unwrap();
    let blocks = Screen { glyphs: Glyphs::Unicode, ..Screen::PLAIN };
    let text = table::render(&record, Detail::Spread, &blocks);
    assert!(text.contains("Distributions") && text.contains('█'), "{text}");
    let signs = Screen { glyphs: Glyphs::Ascii, ..Screen::PLAIN };
    let text = table::render(&record, Detail::Spread, &signs);
    assert!(!text.contains('█') && text.contains('@'), "{text}");
    assert!(!table::render(&record, Detail::Figures, &signs).contains("Distributions"));
}
