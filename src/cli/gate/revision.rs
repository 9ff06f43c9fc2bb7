//! A git revision as a program: built once in a worktree of its own, and kept.

use std::{
    fs,
    path::{Path, PathBuf},
    process::{Command, Output, Stdio},
};

use crate::cli::{Exit, Failure};

/// Where programs of revisions are kept, below the top of the checkout.
const FOLDER: &str = ".nanogate/builds";

/// The program of a revision, as `features` are built. Says what it does on standard error.
pub(super) fn program(revision: &str, features: &[String]) -> Result<PathBuf, Failure> {
    let commit = resolve(revision)?;
    let folder = top()?.join(FOLDER);
    let name = [&[commit[..12].to_owned()], features].concat().join("+");
    let kept = folder.join(&name).join(binary());
    if kept.is_file() {
        return Ok(kept);
    }
    eprintln!("building {revision} ({}): minutes the first time", &commit[..12]);
    let source = Source::check_out(&folder.join(format!("{name}.source")), &commit)?;
    let built = source.build(&folder.join("target"), features, revision)?;
    keep(&built, &kept).map_err(|error| {
        let message = format!("cannot keep {}: {error}; free some space", kept.display());
        Failure::new(Exit::Failed, message)
    })?;
    Ok(kept)
}

fn binary() -> String {
    format!("nanogate{}", std::env::consts::EXE_SUFFIX)
}

/// The full name of a commit.
fn resolve(revision: &str) -> Result<String, Failure> {
    let commit = format!("{revision}^{{commit}}");
    let found = git(&["rev-parse", "--verify", "--quiet", "--end-of-options", &commit])?;
    let name = String::from_utf8_lossy(&found.stdout).trim().to_owned();
    if found.status.success() && name.len() >= 40 {
        Ok(name)
    } else {
        Err(Failure::usage(format!(
            "--against {revision}: neither a file nor a revision of the git checkout here; name a \
             nanogate program, or fetch the revision (in CI: check out with full history)"
        )))
    }
}

fn top() -> Result<PathBuf, Failure> {
    let found = git(&["rev-parse", "--show-toplevel"])?;
    Ok(PathBuf::from(String::from_utf8_lossy(&found.stdout).trim()))
}

fn git(arguments: &[&str]) -> Result<Output, Failure> {
    Command::new("git").args(arguments).stdin(Stdio::null()).output().map_err(|error| {
        let message = format!("--against: cannot start git: {error}; name a program instead");
        Failure::new(Exit::Unfit, message)
    })
}

/// A worktree that is gone when it has been built.
struct Source {
    path: PathBuf,
}

impl Source {
    fn check_out(path: &Path, commit: &str) -> Result<Self, Failure> {
        // One that a killed gate left behind.
        let source = Self { path: path.to_owned() };
        source.remove();
        let shown = path.display().to_string();
        let done = git(&["worktree", "add", "--detach", "--force", &shown, commit])?;
        if done.status.success() {
            Ok(source)
        } else {
            let said = String::from_utf8_lossy(&done.stderr).trim().replace('\n', "; ");
            Err(Failure::new(Exit::Failed, format!("cannot check out {commit}: {said}")))
        }
    }

    /// Builds it, with what is built shown as cargo shows it.
    fn build(
        &self,
        target: &Path,
        features: &[String],
        revision: &str,
    ) -> Result<PathBuf, Failure> {
        let status = Command::new("cargo")
            .args(["build", "--release", "--locked", "--no-default-features"])
            .args(["--features", &features.join(",")])
            .arg("--target-dir")
            .arg(target)
            .current_dir(&self.path)
            .stdin(Stdio::null())
            .status()
            .map_err(|error| {
                let message = format!("--against {revision}: cannot start cargo: {error}");
                Failure::new(Exit::Unfit, message)
            })?;
        if status.success() {
            Ok(target.join("release").join(binary()))
        } else {
            let message = format!(
                "--against {revision}: does not build with the features of the candidate ({}); what \
                 cargo says stands above",
                if features.is_empty() { "none".to_owned() } else { features.join(",") }
            );
            Err(Failure::new(Exit::Unfit, message))
        }
    }

    fn remove(&self) {
        let shown = self.path.display().to_string();
        // What is not there need not be removed.
        let _ = git(&["worktree", "remove", "--force", &shown]);
        let _ = fs::remove_dir_all(&self.path);
        let _ = git(&["worktree", "prune"]);
    }
}

impl Drop for Source {
    fn drop(&mut self) {
        self.remove();
    }
}

/// Copies a program beside its name first, so that no half of one is ever taken for it.
fn keep(built: &Path, kept: &Path) -> std::io::Result<()> {
    let folder = kept.parent().unwrap_or(Path::new("."));
    fs::create_dir_all(folder)?;
    let part = folder.join("part");
    fs::copy(built, &part)?;
    fs::rename(part, kept)
}
