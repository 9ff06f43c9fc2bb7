//! `nanogate man`: the manual, a page for each verb.

use std::{
    fs, io,
    path::{Path, PathBuf},
};

use clap::Command;
use clap_mangen::Man;

use super::{
    Exit, Failure,
    output::{self, Output},
    settings,
};
use crate::plural::counted;

/// Arguments of `nanogate man`.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Without --out, the page of nanogate itself goes to standard output; with it, every page becomes a
file, such as nanogate-run.1.

Examples:
  nanogate man | man -l -
  nanogate man --out ~/.local/share/man/man1 && man nanogate-run")]
pub(super) struct Arguments {
    /// Folder for all pages
    #[arg(long, value_name = "DIR")]
    out: Option<PathBuf>,
}

/// A page of section 1.
struct Page {
    name: String,
    roff: Vec<u8>,
}

pub(super) fn main(arguments: &Arguments) -> Result<Exit, Failure> {
    let mut command = settings::command().disable_help_subcommand(true);
    command.build();
    match &arguments.out {
        None => write(Path::new("-"), &page(&command).map_err(Failure::internal)?)?,
        Some(folder) => write_all(folder, &pages(&command).map_err(Failure::internal)?)?,
    }
    Ok(Exit::Pass)
}

fn write_all(folder: &Path, pages: &[Page]) -> Result<(), Failure> {
    fs::create_dir_all(folder).map_err(|error| {
        let shown = folder.display();
        Failure::usage(format!("--out {shown}: cannot create it: {error}; name another folder"))
    })?;
    for page in pages {
        write(&folder.join(format!("{}.1", page.name)), page)?;
    }
    output::print(&format!("{} in {}", counted(pages.len(), "page"), folder.display()))
}

fn write(path: &Path, page: &Page) -> Result<(), Failure> {
    let mut out = Output::open(path)?;
    out.write(&page.roff)?;
    out.finish()
}

/// The page of a verb, and those of the verbs below it.
fn pages(command: &Command) -> io::Result<Vec<Page>> {
    let mut all = vec![page(command)?];
    for verb in command.get_subcommands().filter(|verb| !verb.is_hide_set()) {
        all.extend(pages(verb)?);
    }
    Ok(all)
}

fn page(command: &Command) -> io::Result<Page> {
    let source = format!("nanogate {}", env!("CARGO_PKG_VERSION"));
    let man = Man::new(command.clone()).source(source);
    let mut roff = Vec::new();
    man.render_title(&mut roff)?;
    man.render_name_section(&mut roff)?;
    man.render_synopsis_section(&mut roff)?;
    man.render_description_section(&mut roff)?;
    man.render_options_section(&mut roff)?;
    if command.get_subcommands().any(|verb| !verb.is_hide_set()) {
        man.render_subcommands_section(&mut roff)?;
    }
    if let Some(notes) = command.get_after_help() {
        roff.extend_from_slice(notes_section(&notes.to_string()).as_bytes());
    }
    man.render_version_section(&mut roff)?;
    let name = command.get_display_name().unwrap_or_else(|| command.get_name()).to_owned();
    Ok(Page { name, roff })
}

/// What stands below a help text: paragraphs that are filled, and what is indented, such as
/// examples, line by line.
fn notes_section(text: &str) -> String {
    let mut section = ".SH NOTES\n".to_owned();
    let lines: Vec<&str> = text.lines().collect();
    for block in lines.chunk_by(|one, next| kind(one) == kind(next)) {
        let body: String = block.iter().map(|line| escaped(line) + "\n").collect();
        let (opens, closes) = match kind(block[0]) {
            Kind::Gap => continue,
            Kind::Prose => (".PP\n", ""),
            Kind::Literal => (".nf\n", ".fi\n"),
        };
        section.extend([opens, &body, closes]);
    }
    section
}

/// What a line is part of.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    Gap,
    Prose,
    Literal,
}

fn kind(line: &str) -> Kind {
    match line {
        "" => Kind::Gap,
        line if line.starts_with(' ') => Kind::Literal,
        _ => Kind::Prose,
    }
}

/// A line of text for roff, in which backslashes and what begins a line mean something.
fn escaped(line: &str) -> String {
    let line = line.replace('\\', "\\e").replace('-', "\\-");
    if line.starts_with(['.', '\'']) { format!("\\&{line}") } else { line }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Every verb that is shown has a page, with its examples as they are typed.
    #[test]
    fn every_verb_has_a_page() {
        let mut command = settings::command().disable_help_subcommand(true);
        command.build();
        let pages = pages(&command).unwrap();
        let names: Vec<&str> = pages.iter().map(|page| page.name.as_str()).collect();
        for name in ["nanogate", "nanogate-run", "nanogate-corpus-build", "nanogate-man"] {
            assert!(names.contains(&name), "{name}: {names:?}");
        }
        assert!(!names.iter().any(|name| name.contains("worker")), "{names:?}");
        let run = pages.iter().find(|page| page.name == "nanogate-run").unwrap();
        let roff = String::from_utf8(run.roff.clone()).unwrap();
        assert!(
            roff.contains(".nf\n") && roff.contains("\n  nanogate run \\-\\-quick\n"),
            "{roff}"
        );
        assert!(roff.contains("NANOGATE_RUN_BUDGET"), "{roff}");
    }

    /// Paragraphs are filled, examples are not, and the foot names the program.
    #[test]
    fn only_what_is_indented_stays_line_by_line() {
        let section = notes_section("One\ntwo.\n\nExamples:\n  nanogate run\n  nanogate man");
        assert_eq!(
            section,
            ".SH NOTES\n.PP\nOne\ntwo.\n.PP\nExamples:\n.nf\n  nanogate run\n  nanogate man\n.fi\n"
        );
        let mut command = settings::command().disable_help_subcommand(true);
        command.build();
        let run = pages(&command).unwrap().into_iter().find(|page| page.name == "nanogate-run");
        let roff = String::from_utf8(run.unwrap().roff).unwrap();
        let title = roff.lines().find(|line| line.starts_with(".TH")).unwrap();
        assert!(title.contains("nanogate ") && !title.contains("\"run "), "{title}");
    }

    /// What means something to roff is text.
    #[test]
    fn lines_are_escaped() {
        assert_eq!(escaped(".TH \\ --x"), "\\&.TH \\e \\-\\-x");
        assert_eq!(escaped("'quoted'"), "\\&'quoted'");
        assert_eq!(escaped("  two"), "  two");
    }
}
