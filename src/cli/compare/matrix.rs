//! Bundles of many machines instead of two records: one matrix, of what verifies.

use std::{
    collections::BTreeMap,
    fmt::Write as _,
    path::{Path, PathBuf},
};

use super::{Exit, Failure, comparable::Conditions, display::digits, output, terminal};
use crate::{
    bundle::{
        MANIFEST,
        matrix::{self, Cell, Figure, Matrix, ModelledFigure, Named, Platform, Row},
        verify::verify,
    },
    report::{
        baseline::BaselineName,
        columns,
        record::Status,
        screen::{Screen, harmless},
    },
};

/// The sides as folders of bundles, if that is what they are. Records and bundles do not mix.
pub(super) fn folders(sides: &[String]) -> Result<Option<Vec<PathBuf>>, Failure> {
    let is_bundle = |side: &&String| {
        let folder = Path::new(side.as_str());
        folder.is_dir() && (BaselineName::is_file(side) || folder.join(MANIFEST).exists())
    };
    let bundles: Vec<PathBuf> = sides.iter().filter(is_bundle).map(PathBuf::from).collect();
    match bundles.len() {
        0 => Ok(None),
        count if count == sides.len() => Ok(Some(bundles)),
        _ => {
            let other = sides.iter().find(|side| !is_bundle(side));
            let other = other.map_or("", String::as_str);
            Err(Failure::usage(format!(
                "{other}: is no bundle, and others are; compare bundles with bundles, or records \
                 with records, such as the record.json of a bundle"
            )))
        }
    }
}

/// Shows all side by side. Bundles that do not verify are shown without numbers, and the exit code
/// says so.
pub(super) fn main(folders: &[PathBuf], json: bool) -> Result<Exit, Failure> {
    refuse_same(folders)?;
    let named = folders.iter().zip(names(folders));
    let bundles = named.map(|(folder, name)| Named { name, checked: verify(folder) });
    let bundles: Vec<Named> = bundles.collect();
    check(&bundles)?;
    let matrix = matrix::of(&bundles);
    let shown = if json {
        output::print_json(&matrix)
    } else {
        output::print(render(&matrix, &terminal::screen()).trim_end())
    };
    output::unless_closed(shown)?;
    let is_verified = matrix.platforms.iter().all(|platform| platform.verified);
    Ok(if is_verified { Exit::Pass } else { Exit::NotComparable })
}

/// A bundle beside itself would count as two machines.
fn refuse_same(folders: &[PathBuf]) -> Result<(), Failure> {
    let place = |folder: &PathBuf| folder.canonicalize().unwrap_or_else(|_| folder.clone());
    let mut seen = BTreeMap::new();
    for folder in folders {
        if let Some(other) = seen.insert(place(folder), folder) {
            let (one, other) = (folder.display(), other.display());
            return Err(Failure::usage(format!("{one}: is {other} again; name each bundle once")));
        }
    }
    Ok(())
}

/// Short names: of the folders, unless two of them are the same.
fn names(folders: &[PathBuf]) -> Vec<String> {
    let short = |folder: &PathBuf| {
        let folder = folder.canonicalize().unwrap_or_else(|_| folder.clone());
        folder.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default()
    };
    let mut counts: BTreeMap<String, usize> = BTreeMap::new();
    for folder in folders {
        *counts.entry(short(folder)).or_default() += 1;
    }
    let name = |folder: &PathBuf| {
        let short = short(folder);
        if counts.get(&short) == Some(&1) { short } else { folder.display().to_string() }
    };
    folders.iter().map(name).collect()
}

/// Machines may differ, and are what is compared. Input and optimisation may not.
fn check(named: &[Named]) -> Result<(), Failure> {
    let verified = named.iter().filter(|one| one.checked.verification.verified);
    let mut records = verified.filter_map(|one| Some((one, one.checked.record.as_ref()?)));
    let Some((first, one)) = records.next() else { return Ok(()) };
    for (other, record) in records {
        Conditions::of(one).check_work(&Conditions::of(record)).map_err(|reason| {
            let message = format!("{} is not comparable with {}: {reason}", other.name, first.name);
            Failure::new(Exit::NotComparable, message)
        })?;
    }
    Ok(())
}

const MEASURED: &str = "\
Measured: back-to-back batches, median ns per record by batch length; * is the fastest of its
column where the input lies in the same cache, and what cannot be told from it";
const SOFTWARE: &str = "\
Software: a driver imitates the device; no figure of a GPU, and not ranked";
const MODELLED: &str = "\
Modelled: simulated cycles at the clock of a place-and-route report; an estimate of tools, no
measurement, and not ranked";

fn render(matrix: &Matrix, screen: &Screen) -> String {
    let mut text = String::new();
    let mut push = |title: &str, table: Option<String>| {
        if let Some(table) = table {
            let _ = writeln!(text, "{title}\n{table}\n");
        }
    };
    push(MEASURED, section(&matrix.measured, &matrix.batch_lens, measured, screen));
    push(SOFTWARE, section(&matrix.software, &matrix.batch_lens, measured, screen));
    push(MODELLED, section(&matrix.modelled, &matrix.batch_lens, modelled, screen));
    for platform in &matrix.platforms {
        let _ = writeln!(text, "{}", about(platform));
    }
    text
}

fn section<F>(
    rows: &[Row<F>],
    batch_lens: &[usize],
    figure: impl Fn(&F) -> String,
    screen: &Screen,
) -> Option<String> {
    if rows.is_empty() {
        return None;
    }
    let lens: Vec<String> = batch_lens.iter().map(ToString::to_string).collect();
    let mut header = vec!["op", "backend", "platform", "threads", "input"];
    header.extend(lens.iter().map(String::as_str));
    let cell = |cell: &Cell<F>| match cell {
        Cell::Verified(figure_of) => figure(figure_of),
        other => other.word().unwrap_or_default().to_owned(),
    };
    let rows = rows.iter().map(|row| {
        let mut cells = vec![
            row.op.name().to_owned(),
            harmless(&row.backend),
            harmless(&row.platform),
            row.threads.to_string(),
            harmless(&row.home),
        ];
        let of_len = |len: &usize| row.cells.get(len).map_or_else(|| "-".into(), cell);
        cells.extend(batch_lens.iter().map(of_len));
        cells
    });
    Some(columns::table(&header, 3, rows).on(screen))
}

fn measured(figure: &Figure) -> String {
    let mark = if figure.best { "*" } else { "" };
    format!("{}{mark}", digits(figure.ns_per_record))
}

fn modelled(figure: &ModelledFigure) -> String {
    format!("{:.3}", figure.ns_per_record)
}

/// A line for each machine: what it is, or why it has no numbers, and what may be wrong with it.
fn about(platform: &Platform) -> String {
    let Platform { name, verified, findings, cpu_model, cores, .. } = platform;
    if !verified {
        let first = findings.first().map(ToString::to_string).unwrap_or_default();
        return harmless(&format!(
            "FAILED    {name}: {} findings, such as: {first}; `nanogate bundle verify` has all",
            findings.len()
        ));
    }
    let model = cpu_model.as_deref().unwrap_or("unknown processor");
    let cores = cores.map(|cores| format!("{cores} cores"));
    let profile = platform.profile.as_ref().map(|id| format!("profile {id}"));
    let given = &platform.overridden;
    let given = (!given.is_empty()).then(|| format!("but for {}", given.join(" ")));
    let tool = platform.tool.as_ref();
    let build = tool.map(|tool| {
        let debug = if tool.profile == "release" { "" } else { ", not optimised" };
        format!("nanogate {} ({}{debug})", tool.version, tool.commit)
    });
    let status = platform.status.filter(|status| *status != Status::Complete);
    let status = status.map(|status| status.words().to_owned());
    let same = platform.same_run_as.as_ref().map(|other| format!("the very run of {other}"));
    let warnings = &platform.warnings;
    let warnings = (!warnings.is_empty()).then(|| format!("warnings: {}", warnings.join(" ")));
    let more = [cores, profile, given, build, status, same, warnings].into_iter().flatten();
    let all: Vec<String> = std::iter::once(model.to_owned()).chain(more).collect();
    harmless(&format!("verified  {name}: {}", all.join(", ")))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Folders are called by their names, unless two have the same; bundles and records do not mix.
    #[test]
    fn sides_are_told_apart() {
        let folder = tempfile::tempdir().unwrap();
        let at = |name: &str| folder.path().join(name);
        for name in ["a/one", "b/one", "b/two"] {
            std::fs::create_dir_all(at(name)).unwrap();
        }
        let found = names(&[at("a/one"), at("b/one"), at("b/two")]);
        assert_eq!(found[2], "two");
        assert!(found[0].ends_with("a/one") && found[1].ends_with("b/one"), "{found:?}");
        let side = |name: &str| at(name).display().to_string();
        let bundles = folders(&[side("a/one"), side("b/two")]).unwrap().unwrap();
        assert_eq!(bundles, [at("a/one"), at("b/two")]);
        assert!(folders(&["main".into(), "x.json".into()]).unwrap().is_none());
        let mixed = folders(&[side("a/one"), "main".into()]).unwrap_err();
        assert!(mixed.exit() == Exit::Usage && mixed.message().starts_with("main: is no bundle"));
    }
}
