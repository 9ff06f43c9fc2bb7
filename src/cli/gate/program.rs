//! A program that a gate compares: what it says of itself, and which file it is.

use std::{
    fs,
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

use sha2::{Digest as _, Sha256};

use crate::{
    cli::{Exit, Failure, describe::Description, worker::PROTOCOL},
    gate::outcome::Side,
};

/// A program that can be compared.
#[derive(Clone, Debug)]
pub(super) struct Program {
    /// As it was asked for.
    pub(super) name: String,
    pub(super) path: PathBuf,
    /// SHA-256 of the file.
    pub(super) digest: String,
    /// Bytes of the file.
    pub(super) size_bytes: u64,
    pub(super) about: Description,
}

impl Program {
    /// Reads the file and asks it what it is.
    pub(super) fn open(name: &str, path: &Path, flags: &[String]) -> Result<Self, Failure> {
        let unreadable =
            |error| Failure::usage(format!("{name}: cannot read {}: {error}", path.display()));
        // A bare name would be looked for in PATH when it is started.
        let path = fs::canonicalize(path).map_err(unreadable)?;
        let bytes = fs::read(&path).map_err(unreadable)?;
        let about = describe(name, &path, flags)?;
        if about.protocol != PROTOCOL {
            let message = format!(
                "{name}: its worker speaks version {} of the protocol, this program version \
                 {PROTOCOL}; build both from revisions that agree",
                about.protocol
            );
            return Err(Failure::new(Exit::NotComparable, message));
        }
        Ok(Self {
            name: name.to_owned(),
            path,
            digest: hex::encode(Sha256::digest(&bytes)),
            size_bytes: bytes.len() as u64,
            about,
        })
    }

    /// Refuses a file that is no longer what it was: then nobody knows what was measured.
    pub(super) fn check_unchanged(&self) -> Result<(), Failure> {
        let digest = fs::read(&self.path).map(|bytes| hex::encode(Sha256::digest(&bytes)));
        if digest.is_ok_and(|digest| digest == self.digest) {
            return Ok(());
        }
        let message = format!(
            "{}: {} changed while it was measured; run again on a copy that nothing builds",
            self.name,
            self.path.display()
        );
        Err(Failure::new(Exit::NotComparable, message))
    }

    /// What is told of it.
    pub(super) fn side(&self, measured_unix_s: u64) -> Side {
        let tool = &self.about.tool;
        Side {
            name: self.name.clone(),
            version: tool.version.clone(),
            commit: tool.commit.clone(),
            profile: tool.profile.clone(),
            digest: Some(self.digest.clone()),
            measured_unix_s,
        }
    }
}

fn describe(name: &str, path: &Path, flags: &[String]) -> Result<Description, Failure> {
    let output =
        Command::new(path).args(flags).arg("describe").stdin(Stdio::null()).output().map_err(
            |error| Failure::usage(format!("{name}: cannot start {}: {error}", path.display())),
        )?;
    let described = serde_json::from_slice(&output.stdout).ok().filter(|_| output.status.success());
    described.ok_or_else(|| {
        let message = format!(
            "{name}: {} does not say what it is: no nanogate program, or one from before there was \
             a gate; compare with a later one",
            path.display()
        );
        Failure::new(Exit::NotComparable, message)
    })
}
