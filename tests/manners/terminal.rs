//! What a person sees on a terminal of 80 columns.

use std::{
    ffi::OsStr,
    fs::File,
    io::Read as _,
    os::unix::ffi::OsStrExt as _,
    process::{Command, Stdio},
};

use rustix::{
    pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt},
    termios::{Winsize, tcsetwinsize},
};

use super::*;

/// What a person sees of it, on a terminal of 80 columns.
fn seen(folder: &Path, words: &[&str], variables: &[(&str, &str)]) -> String {
    let ours = openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY).unwrap();
    grantpt(&ours).unwrap();
    unlockpt(&ours).unwrap();
    let size = Winsize { ws_row: 24, ws_col: 80, ws_xpixel: 0, ws_ypixel: 0 };
    tcsetwinsize(&ours, size).unwrap();
    let name = ptsname(&ours, Vec::new()).unwrap();
    let path = Path::new(OsStr::from_bytes(name.as_bytes()));
    let theirs = File::options().read(true).write(true).open(path).unwrap();
    let mut child = Command::new(assert_cmd::cargo::cargo_bin("nanogate"))
        .current_dir(folder)
        .envs([("TERM", "xterm"), ("LC_ALL", "C.UTF-8"), ("NANOGATE_CONFIG", "")])
        .env("TMPDIR", folder)
        .env_remove("NO_COLOR")
        .env_remove("COLUMNS")
        .envs(variables.iter().copied())
        .args(words)
        .stdin(Stdio::null())
        .stdout(theirs.try_clone().unwrap())
        .stderr(theirs)
        .spawn()
        .unwrap();
    let mut shown = Vec::new();
    // Ends with an error, once nobody holds the other side.
    let _ = File::from(ours).read_to_end(&mut shown);
    let code = child.wait().unwrap().code();
    // What cannot be had here is said all the same.
    assert!(matches!(code, Some(0 | 4 | 5)), "{}", String::from_utf8_lossy(&shown));
    String::from_utf8(shown).unwrap()
}

/// The text without what moves the cursor or changes the colour.
fn plain(text: &str) -> String {
    let mut pieces = text.split('\u{1b}');
    let mut plain = pieces.next().unwrap_or_default().to_owned();
    for piece in pieces {
        let end = piece.find(|c: char| c.is_ascii_alphabetic()).map_or(piece.len(), |at| at + 1);
        plain.push_str(&piece[end..]);
    }
    plain
}

/// No line is longer than the terminal is wide.
fn assert_fits(text: &str) {
    for line in text.split(['\n', '\r']).map(str::trim_end) {
        assert!(line.chars().count() <= 80, "{line:?}\n{text}");
    }
}

/// Every verb that lists something does so within the terminal, and where it has much to say it
/// uses all of it.
#[test]
fn every_list_fits_the_terminal() {
    let folder = folder();
    let record = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/fixtures/full-run.json");
    let history = folder.path().join("history.sqlite");
    nanogate(folder.path())
        .args(["history", "add", record, "--history"])
        .arg(&history)
        .assert()
        .success();
    let file = ["--history", history.to_str().unwrap()];
    let lists: [&[&str]; 16] = [
        &["backends"],
        &["corpus", "list", "--risk", "critical"],
        &["corpus", "info"],
        &["corpus", "explain", "rm"],
        &["profile", "list"],
        &["profile", "check", "dev-laptop"],
        &["profile", "check", "h200-node"],
        &["profile", "detect"],
        &["report", "--format", "list"],
        &["compare", record, record],
        &["compare", record, record, "--display", "simple"],
        &["compare", "--list"],
        &["history", "list", file[0], file[1]],
        &["history", "series", file[0], file[1]],
        &["doctor", "--quick"],
        &["verify", "--backend", "scalar,reference", "--count", "1000"],
    ];
    for words in lists {
        let text = plain(&seen(folder.path(), words, &[("NODEVICE_SELECT", "")]));
        assert!(text.lines().count() > 0 && !text.contains("XDG_RUNTIME_DIR"), "{text}");
        assert_fits(&text);
    }
    let unmet = seen(folder.path(), &["profile", "check", "h200-node"], &[]);
    assert!(unmet.contains('\u{1b}') && unmet.contains("UNMET"), "{unmet:?}");
}

/// With --quick nothing is quicker, and methods that suit no backend are not announced.
#[test]
fn a_quick_run_knows_that_it_is() {
    let folder = folder();
    let quick = [&RUN[..], &["--quick", "--method", "cycles"]].concat();
    let text = plain(&seen(folder.path(), &quick, &[]));
    assert!(text.contains("besides verifying") && !text.contains("quicker"), "{text}");
    let methods = text.lines().find(|line| line.starts_with("by  ")).unwrap();
    assert_eq!(methods.trim_end(), "by        throughput, latency");
}

const RUN: [&str; 14] = [
    "run",
    "--backend",
    "scalar,reference",
    "--batch",
    "16,64",
    "--footprint",
    "hot",
    "--budget",
    "0.02",
    "--launches",
    "2",
    "--details",
    "--method",
    "throughput,latency",
];

/// A run says first what it will do, shows how far it is and how long it takes, and its tables
/// fit.
#[test]
fn a_run_speaks_to_whoever_waits() {
    let folder = folder();
    let text = plain(&seen(folder.path(), &RUN, &[]));
    for says in ["measures  reference, scalar", "in 2 launches", " ? left", " left  launch 2 of 2"]
    {
        assert!(text.contains(says), "{says}: {text}");
    }
    // Nobody knows how long it takes before the first step is done.
    let mut drawn = text.split("] ").filter(|drawn| drawn.starts_with("0/"));
    assert!(drawn.all(|drawn| drawn.contains(" ? left")), "{text}");
    assert_fits(&text);
    assert!(folder.path().join("nanogate-run.json").is_file());
}

/// In a pipe it says nothing but its tables.
#[test]
fn a_pipe_is_left_in_peace() {
    let folder = folder();
    nanogate(folder.path())
        .args(RUN)
        .assert()
        .success()
        .stdout(contains("ns/record").and(contains('\u{1b}').not()))
        .stderr("");
}

/// Verdicts have a colour on a terminal, and none with `NO_COLOR`, or where it has none.
#[test]
fn colours_can_be_refused() {
    let folder = folder();
    let verify = ["verify", "--backend", "scalar", "--count", "1000"];
    let green = "\u{1b}[32mverified";
    assert!(seen(folder.path(), &verify, &[]).contains(green));
    for refused in [("NO_COLOR", "1"), ("TERM", "dumb")] {
        let text = seen(folder.path(), &verify, &[refused]);
        assert!(text.contains("verified") && !text.contains(green), "{text:?}");
    }
}
