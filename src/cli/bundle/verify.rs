//! `nanogate bundle verify`: files against digests, figures against readings.

use std::{
    fmt::{Display, Write as _},
    path::{Path, PathBuf},
};

use crate::{
    bundle::verify::{Finding, Verification, verify},
    cli::{Exit, Failure, output, terminal},
    report::{
        record::Status,
        screen::{Screen, harmless},
    },
};

/// Arguments of `nanogate bundle verify`.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Every file is held against the SHA-256 in the manifest: what is missing, additional or changed is
named. Then every figure of the record is made again of the stored readings and distributions, and
must be the same to the last bit; figures that join several launches may differ by 1e-12 of
themselves, since systems compute logarithms and Student's distribution with other last bits.
What follows from no reading, such as the machine, is taken as it is stated; --json lists it.

This shows that a bundle is what was written, and that its figures follow from its readings. It
does not show who wrote it, or that the readings were honestly taken: there is no signature.

Exits with 7 if anything differs, in any of the bundles.

Examples:
  nanogate bundle verify lab/server-a
  nanogate bundle verify lab/* --json | jq -r '.[] | select(.verified | not) | .bundle'")]
pub(super) struct Arguments {
    /// Folders that `nanogate run --bundle` wrote
    #[arg(value_name = "DIR", required = true)]
    bundles: Vec<PathBuf>,
    /// Print a list of what was found instead
    #[arg(long)]
    json: bool,
}

/// Findings that are shown of a bundle.
const SHOWN: usize = 20;

pub(super) fn main(arguments: &Arguments) -> Result<Exit, Failure> {
    let all = arguments.bundles.iter().map(|bundle| verify(bundle).verification);
    let all: Vec<Verification> = all.collect();
    let done = if arguments.json {
        output::print_json(&all)
    } else {
        let screen = terminal::screen();
        let text: String = all.iter().map(|one| shown(one, &screen)).collect();
        output::print(text.trim_end())
    };
    output::unless_closed(done)?;
    let failed = all.iter().filter(|one| !one.verified);
    // One that does not verify weighs more than one that is not there.
    match failed.map(|one| folder_trouble(&one.findings)).reduce(Option::and) {
        None => Ok(Exit::Pass),
        Some(None) => Ok(Exit::NotComparable),
        Some(Some(_)) => {
            let lacking = all.iter().find_map(|one| Some((one, folder_trouble(&one.findings)?)));
            let said = lacking.map(|(one, reason)| refusal(Path::new(&one.bundle), reason));
            said.map_or(Ok(Exit::NotComparable), Err)
        }
    }
}

/// Why a folder cannot be listed, if that is so.
fn folder_trouble(findings: &[Finding]) -> Option<&str> {
    findings.iter().find_map(|finding| match finding {
        Finding::Unreadable { file, reason } if file == "." => Some(reason.as_str()),
        _ => None,
    })
}

pub(super) fn refusal(bundle: &Path, error: impl Display) -> Failure {
    let shown = harmless(&bundle.display().to_string());
    let remedy = "give a folder that `nanogate run --bundle` wrote";
    Failure::usage(format!("{shown}: cannot be read: {error}; {remedy}"))
}

fn shown(one: &Verification, screen: &Screen) -> String {
    let Verification { files, entries, statistics, stated_values, findings, .. } = one;
    let bundle = harmless(&one.bundle);
    if one.verified {
        let word = screen.verdict("verified");
        let status = one.status.map(Status::words).unwrap_or_default();
        return format!(
            "{word}  {bundle}: {status}; {files} files, {statistics} figures of {entries} entries \
             made anew, {stated_values} values as stated\n"
        );
    }
    let word = screen.verdict("FAILED");
    let mut text = format!("{word}    {bundle}: {} findings\n", findings.len());
    for finding in findings.iter().take(SHOWN) {
        let _ = writeln!(text, "          {}", harmless(&finding.to_string()));
    }
    if let Some(more) = findings.len().checked_sub(SHOWN).filter(|more| *more > 0) {
        let _ = writeln!(text, "          and {more} more; --json has them all");
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::bundle::verify::SCHEMA;

    /// What is found is said line by line, and no more of it than can be read.
    #[test]
    fn findings_are_shown() {
        let mut one = Verification {
            schema: SCHEMA,
            bundle: "lab/a".into(),
            verified: true,
            status: Some(Status::Complete),
            files: 9,
            entries: 2,
            statistics: 120,
            merged_tolerance: 0.0,
            stated: Vec::new(),
            stated_values: 30,
            findings: Vec::new(),
        };
        let good = shown(&one, &Screen::PLAIN);
        let said = "complete; 9 files, 120 figures of 2 entries made anew, 30 values as stated";
        assert_eq!(good, format!("verified  lab/a: {said}\n"));
        let missing = |index| Finding::Missing { file: format!("file-{index}\n") };
        one.findings = (0..=SHOWN).map(missing).collect();
        one.verified = false;
        let bad = shown(&one, &Screen::PLAIN);
        assert_eq!(bad.lines().count(), 2 + SHOWN);
        assert!(bad.starts_with("FAILED    lab/a: 21 findings\n          file-0\\n is missing\n"));
        assert!(bad.ends_with("          and 1 more; --json has them all\n"), "{bad}");
    }
}
