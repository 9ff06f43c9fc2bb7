//! `nanogate bundle verify`: files against digests, figures against readings.

use std::{
    fmt::Write as _,
    io,
    path::{Path, PathBuf},
};

use crate::{
    bundle::verify::{self, Checked, Verification},
    cli::{Exit, Failure, output, terminal},
    report::screen::Screen,
};

/// Arguments of `nanogate bundle verify`.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Every file is held against the SHA-256 in the manifest: what is missing, additional or changed is
named. Then every figure of the record is made again of the stored readings and distributions, and
must be the same to the last bit; figures that join several launches may differ by 1e-12 of
themselves, since systems compute logarithms and Student's distribution with other last bits.
What follows from no reading, such as the machine or a warning, is taken as it is stated; --json
lists it.

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
    let all = arguments.bundles.iter().map(|bundle| Ok(look(bundle)?.verification));
    let all = all.collect::<Result<Vec<Verification>, Failure>>()?;
    if arguments.json {
        output::print_json(&all)?;
    } else {
        let screen = terminal::screen();
        let text: String = all.iter().map(|one| shown(one, &screen)).collect();
        output::print(text.trim_end())?;
    }
    let is_verified = all.iter().all(|one| one.verified);
    Ok(if is_verified { Exit::Pass } else { Exit::NotComparable })
}

/// Looks at a bundle.
pub(in crate::cli) fn look(bundle: &Path) -> Result<Checked, Failure> {
    verify::verify(bundle).map_err(|error| refusal(bundle, &error))
}

pub(super) fn refusal(bundle: &Path, error: &io::Error) -> Failure {
    let shown = bundle.display();
    let remedy = "give a folder that `nanogate run --bundle` wrote";
    Failure::usage(format!("{shown}: cannot be read: {error}; {remedy}"))
}

fn shown(one: &Verification, screen: &Screen) -> String {
    let Verification { bundle, files, entries, statistics, findings, .. } = one;
    if one.verified {
        let word = screen.verdict("verified");
        return format!(
            "{word}  {bundle}: {files} files, {statistics} figures of {entries} entries made anew\n"
        );
    }
    let word = screen.verdict("FAILED");
    let mut text = format!("{word}    {bundle}: {} findings\n", findings.len());
    for finding in findings.iter().take(SHOWN) {
        let _ = writeln!(text, "          {finding}");
    }
    if let Some(more) = findings.len().checked_sub(SHOWN).filter(|more| *more > 0) {
        let _ = writeln!(text, "          and {more} more; --json has them all");
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::bundle::verify::{Finding, SCHEMA};

    /// What is found is said line by line, and no more of it than can be read.
    #[test]
    fn findings_are_shown() {
        let mut one = Verification {
            schema: SCHEMA.into(),
            bundle: "lab/a".into(),
            verified: true,
            files: 9,
            entries: 2,
            statistics: 120,
            merged_tolerance: 0.0,
            stated: Vec::new(),
            findings: Vec::new(),
        };
        let good = shown(&one, &Screen::PLAIN);
        assert_eq!(good, "verified  lab/a: 9 files, 120 figures of 2 entries made anew\n");
        let missing = |index| Finding::Missing { file: format!("file-{index}") };
        one.findings = (0..=SHOWN).map(missing).collect();
        one.verified = false;
        let bad = shown(&one, &Screen::PLAIN);
        assert_eq!(bad.lines().count(), 2 + SHOWN);
        assert!(bad.starts_with("FAILED    lab/a: 21 findings\n          file-0 is missing\n"));
        assert!(bad.ends_with("          and 1 more; --json has them all\n"), "{bad}");
    }
}
