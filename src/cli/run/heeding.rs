//! What all launches of a run go by besides their arguments: the texts of the profile and of the
//! settings. Each launch reads both anew, and two plans are not mixed.

use super::Arguments;
use crate::{
    cli::{
        Failure,
        profile::{self, Opened},
    },
    platform,
};

/// The profile of a run, where it has one. A launch that finds other texts than the run began with
/// measures nothing.
pub(super) fn heed(arguments: &mut Arguments, settings: &str) -> Result<Option<Opened>, Failure> {
    let asked = arguments.profile.as_deref();
    let text = asked.map(profile::text).transpose();
    let found = |text: &Option<String>| digest(text.as_deref().unwrap_or_default(), settings);
    let is_other = |told: &String| text.as_ref().map_or(true, |text| found(text) != *told);
    if arguments.heeds.as_ref().is_some_and(is_other) {
        return Err(Failure::internal(
            "the profile or the settings file changed while it was measured; what was measured \
             before is kept",
        ));
    }
    let text = text?;
    let digest = found(&text);
    let opened = asked.zip(text).map(|(asked, text)| Opened::of(asked, text)).transpose()?;
    arguments.heeds = Some(digest);
    Ok(opened)
}

/// SHA-256 of both. No text holds the byte between them.
fn digest(profile: &str, settings: &str) -> String {
    platform::digest(&format!("{profile}\0{settings}"))
}

#[cfg(test)]
mod tests {
    use clap::Parser as _;

    use super::*;
    use crate::cli::{Exit, run::Bare};

    /// What a launch finds must be what the run began with: neither text may be another one, or be
    /// gone.
    #[test]
    fn other_texts_are_refused() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("mine.toml");
        let shipped = platform::shipped::find("dev-laptop").unwrap();
        std::fs::write(&path, shipped).unwrap();
        let line = ["run", "--profile", path.to_str().unwrap()];
        let Bare { mut arguments } = Bare::parse_from(line);
        let opened = heed(&mut arguments, "seed = 1").unwrap().unwrap();
        assert_eq!(opened.text, shipped);
        assert!(heed(&mut arguments, "seed = 1").is_ok());
        let refused = |arguments: &Arguments, settings| {
            let failure = heed(&mut arguments.clone(), settings).unwrap_err();
            assert_eq!(failure.exit(), Exit::Failed);
            assert!(failure.message().contains("changed while it was measured"));
        };
        refused(&arguments, "seed = 2");
        std::fs::write(&path, format!("{shipped}\n# later\n")).unwrap();
        refused(&arguments, "seed = 1");
        std::fs::remove_file(&path).unwrap();
        refused(&arguments, "seed = 1");
    }
}
