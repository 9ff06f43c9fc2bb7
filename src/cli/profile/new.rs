//! `nanogate profile new`: a profile for this host, with a comment for every key.

use std::path::{Path, PathBuf};

use super::{
    host::{self, Devices},
    judge,
    open::Opened,
};
use crate::{
    backend::{BackendEntry, ProbeContext},
    cli::{
        Exit, Failure,
        output::{self, Output},
    },
    host::doctor::requirement::Requirement,
    platform::{draft::Draft, facts::Facts, identity::is_id, shipped},
    registry,
};

/// Arguments of `nanogate profile new`.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
What this host has is required, what it has not and could have is wanted. Backends that can run here
are required, the others optional. Go through it before you give it to other hosts.

Examples:
  nanogate profile new --out lab.toml --id lab-a
  nanogate profile check lab.toml
  nanogate run --profile lab.toml")]
pub(super) struct Arguments {
    /// Where it goes; a file that exists is left alone [default: standard output]
    #[arg(long, value_name = "FILE", default_value = "-", hide_default_value = true)]
    out: PathBuf,
    /// What it is called: lower-case letters, digits and hyphens [default: by architecture and
    /// cores]
    #[arg(long, value_name = "ID", value_parser = parse_id)]
    id: Option<String>,
}

fn parse_id(text: &str) -> Result<String, String> {
    if !is_id(text) {
        return Err("must be of lower-case letters, digits and hyphens".into());
    }
    if shipped::find(text).is_some() {
        return Err("is the id of a profile that comes with this program; choose another".into());
    }
    Ok(text.to_owned())
}

/// What is required where it is so. The rest changes by itself, or is a number.
const ASKED: [Requirement; 7] = [
    Requirement::Isolated,
    Requirement::Governor,
    Requirement::TurboOff,
    Requirement::SmtOff,
    Requirement::BareMetal,
    Requirement::Counters,
    Requirement::Tsc,
];

pub(super) fn main(arguments: &Arguments, context: &ProbeContext) -> Result<Exit, Failure> {
    let path = &arguments.out;
    let is_standard = path == Path::new("-");
    if !is_standard && path.is_file() {
        let shown = path.display();
        let message = format!("--out {shown}: exists, and may be somebody's work; name another");
        return Err(Failure::usage(message));
    }
    let text = draft(arguments.id.as_deref(), context);
    // What is written can be obeyed, or it is not written.
    Opened::of(path.to_str().unwrap_or("-"), text.clone())
        .map_err(|failure| Failure::internal(failure.message()))?;
    let mut out = Output::open(path)?;
    out.write(text.as_bytes())?;
    out.finish()?;
    if !is_standard {
        let shown = path.display();
        output::print(&format!("wrote {shown}; next: nanogate profile check {shown}"))?;
    }
    Ok(Exit::Pass)
}

fn draft(id: Option<&str>, context: &ProbeContext) -> String {
    let facts = host::facts(context, Devices::Probed);
    let examination = judge::examine(None);
    let met: Vec<Requirement> =
        ASKED.into_iter().filter(|one| one.check(&examination).met).collect();
    // What is available varies: half of it is there tomorrow.
    let available = examination.facts.memory.available_bytes.unwrap_or(0);
    let memory_gib = u32::try_from(available >> 31).unwrap_or(u32::MAX);
    let can_run =
        |entry: &&'static BackendEntry| (entry.probe)(context).is_ok_and(|found| !found.software);
    let (required, optional): (Vec<_>, Vec<_>) = registry::ENTRIES.into_iter().partition(can_run);
    let ids = |all: Vec<&'static BackendEntry>| -> Vec<&'static str> {
        all.into_iter().map(|entry| entry.id).collect()
    };
    let (required, optional) = (ids(required), ids(optional));
    let own_id = id_of(&facts);
    Draft {
        id: id.unwrap_or(&own_id),
        facts: &facts,
        met: &met,
        memory_gib,
        required: &required,
        optional: &optional,
    }
    .text()
}

/// A name that says what kind of host it is.
fn id_of(facts: &Facts) -> String {
    format!("{}-{}core", facts.architecture.replace('_', "-"), facts.cores)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::platform::Profile;

    /// What is written for this host is a profile, and this host fits it.
    #[test]
    fn this_host_fits_its_own() {
        let context = ProbeContext::detect().unwrap();
        let profile = Profile::parse(&draft(None, &context)).unwrap();
        let facts = host::facts(&context, Devices::Probed);
        assert_eq!(profile.rules.fit(&facts).mismatches, []);
        assert_eq!(profile.identity.id, id_of(&facts));
        assert!(is_id(&profile.identity.id), "{}", profile.identity.id);
        assert!(Opened::of("-", draft(None, &context)).is_ok());
    }

    /// Ids can be chosen, and are ids.
    #[test]
    fn ids_are_ids() {
        let context = ProbeContext::detect().unwrap();
        let profile = Profile::parse(&draft(Some("lab-a"), &context)).unwrap();
        assert_eq!(profile.identity.id, "lab-a");
        assert!(parse_id("Lab A").is_err() && parse_id("lab-a").is_ok());
        assert!(parse_id("dev-laptop").unwrap_err().contains("comes with this program"));
    }
}
