//! The rules of style and of layers, as a test. Each rule is shown to fire.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test may fail")]

use std::{
    fs,
    path::{Path, PathBuf},
};

const LINE_COLUMNS_MAX: usize = 100;
const FUNCTION_LINES_MAX: usize = 70;
const FILE_LINES_MAX: usize = 500;

/// Layer of each module, by the longest prefix that matches. A module uses only lower layers,
/// its own layer where they share a prefix or the layer is 0 or 1, and never another backend.
const LAYERS: [(&str, u8); 26] = [
    ("calendar", 0),
    ("checksum", 0),
    ("clock", 0),
    ("descriptor", 0),
    ("flags", 0),
    ("nearest", 0),
    ("op", 0),
    ("plural", 0),
    ("verdict", 0),
    ("corpus", 1),
    ("host", 1),
    ("kernel", 1),
    ("platform", 1),
    ("stats", 1),
    ("warning", 1),
    ("backend", 2),
    ("registry", 4),
    ("measure", 5),
    ("verify", 5),
    ("gate", 6),
    ("report", 6),
    ("history", 7),
    ("export", 7),
    ("bundle", 8),
    ("cli", 9),
    ("main", 10),
];

/// Files that may hold `unsafe`: the timer, vector instructions, foreign functions, and the test
/// that maps pages which cannot be accessed.
const UNSAFE_ALLOWED: [&str; 6] = [
    "benches/units.rs",
    "src/host/timer/tsc.rs",
    "src/backend/simd/",
    "src/backend/gpu/",
    "src/backend/fpga/",
    "tests/guard_pages.rs",
];

/// Left behind by mistake. Written in halves, so that this file does not find itself.
const LEFTOVERS: [&str; 8] = [
    concat!("todo", "!("),
    concat!("unimplemented", "!("),
    concat!("dbg", "!("),
    concat!("FIX", "ME"),
    concat!("XX", "X"),
    concat!("TO", "DO"),
    concat!("#[ig", "nore"),
    concat!("#![allow(warn", "ings"),
];

/// What only one file may say: a text, and where it belongs.
const OWNED: [(&str, &[&str]); 5] = [
    (concat!("HostNanos::from_", "picos("), &["src/host/timer/mod.rs", "src/backend/mock.rs"]),
    (concat!("DeviceNanos::from_", "picos("), &["src/backend/gpu/", "src/backend/mock.rs"]),
    (concat!("ClockAgreement::mea", "sured("), &["src/measure/"]),
    (
        concat!("SimCycles::coun", "ted("),
        &["src/backend/fpga/", "src/backend/mock.rs", "src/backend/simulated.rs"],
    ),
    (concat!("_rd", "tsc"), &["src/host/timer/tsc.rs"]),
];

/// Every file that git tracks or would track, with its text.
fn sources(endings: &[&str]) -> Vec<(String, String)> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut found = Vec::new();
    for folder in ["src", "tests", "benches", "fuzz", "scripts", "shaders", "fpga"] {
        walk(&root.join(folder), &mut found);
    }
    found.push(root.join("build.rs"));
    found.sort();
    found
        .into_iter()
        .filter(|path| endings.iter().any(|ending| path.to_string_lossy().ends_with(ending)))
        .filter_map(|path| {
            let name = path.strip_prefix(root).ok()?.to_string_lossy().into_owned();
            Some((name, fs::read_to_string(path).ok()?))
        })
        .collect()
}

fn walk(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
        let path = entry.path();
        let generated = ["fuzz/target", "fuzz/corpus", "fuzz/artifacts"];
        if path.is_file() {
            found.push(path);
        } else if !generated.iter().any(|folder| path.ends_with(folder)) {
            walk(&path, found);
        }
    }
}

fn report(broken: &[String]) {
    assert!(broken.is_empty(), "\n{}", broken.join("\n"));
}

fn long_lines(name: &str, text: &str) -> Vec<String> {
    let too_long = |(index, line): (usize, &str)| {
        let columns = line.chars().count();
        (columns > LINE_COLUMNS_MAX)
            .then(|| format!("{name}:{}: {columns} columns, at most {LINE_COLUMNS_MAX}", index + 1))
    };
    text.lines().enumerate().filter_map(too_long).collect()
}

/// Functions from the line with `fn` to the closing brace at the same indent.
fn long_functions(name: &str, text: &str) -> Vec<String> {
    let lines: Vec<&str> = text.lines().collect();
    let mut broken = Vec::new();
    for (start, line) in lines.iter().enumerate() {
        let code = line.trim_start();
        if !(code.starts_with("fn ") || code.contains(" fn ")) || code.starts_with("//") {
            continue;
        }
        let indent = line.len() - code.len();
        let closing = format!("{}}}", " ".repeat(indent));
        let Some(length) = lines[start..].iter().position(|line| **line == closing) else {
            continue;
        };
        if length + 1 > FUNCTION_LINES_MAX {
            broken.push(format!("{name}:{}: a function of {} lines", start + 1, length + 1));
        }
    }
    broken
}

fn leftovers(name: &str, text: &str) -> Vec<String> {
    let mut broken = Vec::new();
    for (index, line) in text.lines().enumerate() {
        for word in LEFTOVERS {
            if line.contains(word) {
                broken.push(format!("{name}:{}: `{word}` was left behind", index + 1));
            }
        }
    }
    broken
}

/// `unsafe` outside its files, or without a `SAFETY:` line above it.
fn unsafe_rules(name: &str, text: &str) -> Vec<String> {
    let lines: Vec<&str> = text.lines().collect();
    let mut broken = Vec::new();
    for (index, line) in lines.iter().enumerate() {
        let code = line.split("//").next().unwrap_or_default();
        let opens = concat!("uns", "afe {");
        if !code.contains(opens) && !code.contains(concat!("uns", "afe fn")) {
            continue;
        }
        if !UNSAFE_ALLOWED.iter().any(|allowed| name.starts_with(allowed)) {
            broken.push(format!("{name}:{}: unsafe does not belong here", index + 1));
        }
        let above = &lines[index.saturating_sub(4)..index];
        if code.contains(opens) && !above.iter().any(|line| line.contains("SAFETY:")) {
            broken.push(format!("{name}:{}: unsafe without a SAFETY: line", index + 1));
        }
    }
    broken
}

fn owned_words(name: &str, text: &str) -> Vec<String> {
    let mut broken = Vec::new();
    for (word, owners) in OWNED {
        let owned = owners.iter().any(|owner| name.starts_with(owner));
        if name.starts_with("src/") && !owned && without_tests(text).contains(word) {
            broken.push(format!("{name}: `{word}` belongs in {}", owners.join(", ")));
        }
    }
    broken
}

/// The text up to its test module. Tests may reach anywhere.
fn without_tests(text: &str) -> &str {
    text.split("#[cfg(test)]").next().unwrap_or_default()
}

/// `src/backend/simd/avx2.rs` as `backend::simd::avx2`.
fn module_of(name: &str) -> String {
    let path = name.trim_start_matches("src/").trim_end_matches(".rs").trim_end_matches("/mod");
    path.replace('/', "::")
}

fn layer_of(module: &str) -> Option<u8> {
    let base = LAYERS
        .iter()
        .filter(|(prefix, _)| module == *prefix || module.starts_with(&format!("{prefix}::")))
        .map(|(_, layer)| *layer)
        .next()?;
    // The contract is one layer below the backends that keep it, and so is what they share.
    let shared = ["backend::record", "backend::device", "backend::simulated"].contains(&module);
    let backend = module.starts_with("backend::") && !shared;
    Some(if backend { 3 } else { base })
}

/// The modules of this crate that the text names after `crate::`, groups opened.
fn used_modules(text: &str) -> Vec<String> {
    let mut used = Vec::new();
    for (start, _) in text.match_indices("crate::") {
        let before = text[..start].chars().next_back().unwrap_or(' ');
        if before.is_alphanumeric() || before == '_' {
            continue;
        }
        let rest = &text[start + "crate::".len()..];
        match rest.strip_prefix('{') {
            Some(group) => used.extend(heads_of_group(group)),
            None => used.push(head_of(rest)),
        }
    }
    used
}

/// Up to two segments of a path, lower case only: the module, not its items.
fn head_of(path: &str) -> String {
    let end = path.find(|c: char| !(c.is_alphanumeric() || c == '_' || c == ':'));
    let path = &path[..end.unwrap_or(path.len())];
    let lower = |segment: &&str| segment.starts_with(|c: char| c.is_ascii_lowercase());
    path.split("::").take_while(lower).take(2).collect::<Vec<_>>().join("::")
}

fn heads_of_group(group: &str) -> Vec<String> {
    let (mut depth, mut start, mut heads) = (0, 0, Vec::new());
    for (index, c) in group.char_indices() {
        match c {
            '{' => depth += 1,
            '}' if depth == 0 => {
                heads.push(head_of(group[start..index].trim()));
                break;
            }
            '}' => depth -= 1,
            ',' if depth == 0 => {
                heads.push(head_of(group[start..index].trim()));
                start = index + 1;
            }
            _ => {}
        }
    }
    heads.retain(|head| !head.is_empty());
    heads
}

fn layer_rule(name: &str, text: &str) -> Vec<String> {
    let module = module_of(name);
    let Some(layer) = layer_of(&module) else {
        return vec![format!("{name}: no layer in tests/tidy.rs")];
    };
    let code: String =
        without_tests(text).lines().filter(|line| !line.trim_start().starts_with("//")).collect();
    let top = |path: &str| path.split("::").next().unwrap_or_default().to_owned();
    let mut broken = Vec::new();
    for used in used_modules(&code) {
        let Some(other) = layer_of(&used) else { continue };
        let same_room = top(&module) == top(&used) && !module.starts_with("backend::");
        let within_layer = other == layer && (layer <= 1 || layer == 5);
        let contract = layer == 3 && other <= 2;
        if !(other < layer || same_room || within_layer || contract) {
            broken.push(format!("{name}: layer {layer} uses {used} of layer {other}"));
        }
    }
    broken
}

/// Every rule over every file.
#[test]
fn the_tree_is_tidy() {
    let mut broken = Vec::new();
    for (name, text) in sources(&[".rs", ".wgsl", ".sv", "build", "bench", "test"]) {
        broken.extend(long_lines(&name, &text));
        broken.extend(leftovers(&name, &text));
    }
    for (name, text) in sources(&[".rs"]) {
        let lines = text.lines().count();
        if lines > FILE_LINES_MAX {
            broken.push(format!("{name}: {lines} lines, at most {FILE_LINES_MAX}"));
        }
        broken.extend(long_functions(&name, &text));
        broken.extend(unsafe_rules(&name, &text));
        broken.extend(owned_words(&name, &text));
        if name.starts_with("src/") && name != "src/lib.rs" && name != "src/main.rs" {
            broken.extend(layer_rule(&name, &text));
        }
    }
    report(&broken);
}

/// Lines and functions one over the limit are found, those at the limit are not.
#[test]
fn length_rules_fire() {
    let line = "x".repeat(LINE_COLUMNS_MAX);
    assert!(long_lines("a.rs", &line).is_empty());
    assert_eq!(long_lines("a.rs", &format!("{line}x")).len(), 1);
    let function = |body: usize| format!("fn f() {{\n{}}}\n", "    x();\n".repeat(body));
    assert!(long_functions("a.rs", &function(FUNCTION_LINES_MAX - 2)).is_empty());
    assert_eq!(long_functions("a.rs", &function(FUNCTION_LINES_MAX - 1)).len(), 1);
}

/// Leftovers, stray unsafe, unexplained unsafe and stray constructors are found.
#[test]
fn word_rules_fire() {
    assert_eq!(leftovers("a.rs", concat!("let x = dbg", "!(1);")).len(), 1);
    let block = concat!("let x = uns", "afe { f() };");
    assert_eq!(unsafe_rules("src/stats/mod.rs", block).len(), 2);
    assert_eq!(unsafe_rules("src/host/timer/tsc.rs", block).len(), 1);
    assert!(
        unsafe_rules("src/host/timer/tsc.rs", &format!("// SAFETY: fine.\n{block}")).is_empty()
    );
    let made = concat!("HostNanos::from_", "picos(3)");
    assert_eq!(owned_words("src/stats/mod.rs", made).len(), 1);
    assert!(owned_words("src/host/timer/mod.rs", made).is_empty());
}

/// A use of a higher layer or of another backend is found, also within a group.
#[test]
fn layer_rule_fires() {
    let broken = |name: &str, text: &str| layer_rule(name, text).len();
    assert_eq!(broken("src/clock.rs", "use crate::report::record;"), 1);
    assert_eq!(broken("src/stats/mod.rs", "use crate::{clock::Clock, verify::Case};"), 1);
    assert_eq!(broken("src/backend/scalar.rs", "use crate::backend::reference::ENTRY;"), 1);
    assert_eq!(broken("src/backend/scalar.rs", "use crate::{op::Op, checksum::{step, X}};"), 0);
    assert_eq!(broken("src/backend/scalar.rs", "use crate::backend::record::decide;"), 0);
    assert_eq!(broken("src/backend/record.rs", "use crate::backend::scalar::ENTRY;"), 1);
    assert_eq!(broken("src/measure/latency.rs", "use crate::backend::{Batch, HostBackend};"), 0);
    assert_eq!(broken("src/verify/mod.rs", "use crate::registry;"), 0);
    assert_eq!(broken("src/report/table.rs", "use crate::cli::Exit;"), 1);
    assert_eq!(broken("src/report/table.rs", "use crate::export::FORMATS;"), 1);
    assert_eq!(broken("src/export/csv.rs", "use crate::{gate::outcome, report::record};"), 0);
    assert_eq!(broken("src/new/thing.rs", ""), 1);
}
