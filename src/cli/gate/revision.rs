//! A git revision as a program: built once in a worktree of its own, and kept.

use std::{
    fs::{self, File},
    path::{Path, PathBuf},
    process::{Command, Output, Stdio},
};

use serde_json::Value;
use sha2::{Digest as _, Sha256};

use super::program::Program;
use crate::cli::{Exit, Failure};

/// Where programs of revisions are kept, below the top of the checkout.
const FOLDER: &str = ".nanogate/builds";

/// The worktree of whatever is built. One path for all: the compiler's names, and by them the order
/// of functions in a program, depend on it, and programs that differ in nothing else would differ
/// by their layout.
const SOURCE: &str = "source";

/// A revision that is to be built as this program was.
pub(super) struct Build<'a> {
    /// The flag that names it.
    pub(super) flag: &'static str,
    pub(super) revision: &'a str,
    pub(super) this: &'a Program,
    /// Where dependencies are built, in place of a folder of their own.
    pub(super) target: Option<PathBuf>,
}

impl Build<'_> {
    /// The program. Says what it does on standard error.
    pub(super) fn program(&self) -> Result<PathBuf, Failure> {
        let commit = self.resolve()?;
        let folder = top()?.join(FOLDER);
        let features = self.features();
        let profile = self.this.about.tool.profile.as_str();
        let alike = [commit[..12].to_owned(), profile.to_owned(), toolchain()];
        let name = [&alike[..], &features].concat().join("+");
        let kept = folder.join(&name).join(binary());
        let target = self.target.clone().unwrap_or_else(|| folder.join("target"));
        self.check_target(&target.join(profile))?;
        // Another gate may be building here.
        let _locks = [lock(&folder)?, lock(&target)?];
        if kept.is_file() {
            return Ok(kept);
        }
        eprintln!("building {} ({}): minutes the first time", self.revision, &commit[..12]);
        let source = Source::check_out(&folder.join(SOURCE), &commit)?;
        let built = self.build(&source, &target, &features)?;
        keep(&built, &kept).map_err(|error| unwritable(&kept, &error))?;
        Ok(kept)
    }

    /// Those of this program, but for a planted slowdown, which is its alone.
    fn features(&self) -> Vec<String> {
        let all = self.this.about.features.iter();
        all.filter(|name| !name.starts_with("planted-")).cloned().collect()
    }

    /// The full name of its commit.
    fn resolve(&self) -> Result<String, Failure> {
        let Self { flag, revision, .. } = self;
        let commit = format!("{revision}^{{commit}}");
        let found = git(&["rev-parse", "--verify", "--quiet", "--end-of-options", &commit])?;
        let name = String::from_utf8_lossy(&found.stdout).trim().to_owned();
        if found.status.success() && name.len() >= 40 {
            return Ok(name);
        }
        Err(Failure::usage(format!(
            "{flag} {revision}: neither a file nor a revision of the git checkout here; name a \
             nanogate program, or fetch the revision (in CI: check out with full history)"
        )))
    }

    /// Builds it, with what is built shown as cargo shows it. Gives the program as cargo names it:
    /// a configured target puts it elsewhere than by default.
    fn build(
        &self,
        source: &Source,
        target: &Path,
        features: &[String],
    ) -> Result<PathBuf, Failure> {
        let Self { flag, revision, .. } = self;
        let mut cargo = Command::new("cargo");
        // A git hook's own variables would have the build name itself after another commit.
        for variable in ["GIT_DIR", "GIT_WORK_TREE", "GIT_INDEX_FILE"] {
            cargo.env_remove(variable);
        }
        let profile = self.this.about.tool.profile.as_str();
        let built = cargo
            .args(["build", "--locked", "--no-default-features", "--profile"])
            .arg(if profile == "debug" { "dev" } else { profile })
            .args(["--features", &features.join(",")])
            .args(["--message-format", "json-render-diagnostics"])
            .arg("--target-dir")
            .arg(target)
            .current_dir(&source.path)
            .stdin(Stdio::null())
            .stderr(Stdio::inherit())
            .output()
            .map_err(|error| {
                let message = format!("{flag} {revision}: cannot start cargo: {error}");
                Failure::new(Exit::Unfit, message)
            })?;
        let program = executable(&String::from_utf8_lossy(&built.stdout));
        program.filter(|_| built.status.success()).ok_or_else(|| {
            let message = format!(
                "{flag} {revision}: does not build with the features of this program ({}); what \
                 cargo says stands above",
                if features.is_empty() { "none".to_owned() } else { features.join(",") }
            );
            Failure::new(Exit::Unfit, message)
        })
    }

    /// Refuses to build over this program.
    fn check_target(&self, target: &Path) -> Result<(), Failure> {
        let built = fs::canonicalize(target.join(binary()));
        if built.is_ok_and(|built| built == self.this.path) {
            let message = format!(
                "--target-dir {}: the build would replace this program; run a copy of it that \
                 lies elsewhere",
                target.display()
            );
            return Err(Failure::usage(message));
        }
        Ok(())
    }
}

/// Waits until nobody else builds in a folder, and keeps others from it until it is dropped.
fn lock(folder: &Path) -> Result<File, Failure> {
    let path = folder.join(".nanogate-lock");
    let locked = fs::create_dir_all(folder).and_then(|()| {
        let file = File::options().create(true).truncate(false).write(true).open(&path)?;
        file.lock()?;
        Ok(file)
    });
    locked.map_err(|error| unwritable(&path, &error))
}

fn unwritable(path: &Path, error: &std::io::Error) -> Failure {
    let message = format!(
        "cannot write {}: {error}; free some space, or see to its permissions",
        path.display()
    );
    Failure::new(Exit::Failed, message)
}

fn binary() -> String {
    format!("nanogate{}", std::env::consts::EXE_SUFFIX)
}

/// A short name of what turns source into a program: the compiler, and what the environment tells
/// it. The same revision built by another one is another program.
fn toolchain() -> String {
    let version = Command::new("rustc").arg("-vV").stdin(Stdio::null()).output();
    let all = std::env::vars_os().map(|(name, value)| (name.to_string_lossy().into_owned(), value));
    let mut told: Vec<String> = all
        .filter(|(name, _)| name.ends_with("RUSTFLAGS") || name.starts_with("CARGO_PROFILE_"))
        .map(|(name, value)| format!("{name}={}", value.display()))
        .collect();
    told.sort();
    let mut digest = Sha256::new();
    digest.update(version.map(|found| found.stdout).unwrap_or_default());
    digest.update(told.join("\n"));
    hex::encode(&digest.finalize()[..4])
}

fn top() -> Result<PathBuf, Failure> {
    let found = git(&["rev-parse", "--show-toplevel"])?;
    Ok(PathBuf::from(String::from_utf8_lossy(&found.stdout).trim()))
}

fn git(arguments: &[&str]) -> Result<Output, Failure> {
    Command::new("git").args(arguments).stdin(Stdio::null()).output().map_err(|error| {
        let message = format!("cannot start git: {error}; name a program instead of a revision");
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

/// The program that cargo's messages name.
fn executable(messages: &str) -> Option<PathBuf> {
    let lines = messages.lines().filter_map(|line| serde_json::from_str::<Value>(line).ok());
    let mut programs = lines.filter_map(|line| Some(PathBuf::from(line["executable"].as_str()?)));
    programs.next_back()
}

/// Copies a program beside its name first, so that no half of one is ever taken for it.
fn keep(built: &Path, kept: &Path) -> std::io::Result<()> {
    let folder = kept.parent().unwrap_or(Path::new("."));
    fs::create_dir_all(folder)?;
    let part = folder.join("part");
    fs::copy(built, &part)?;
    fs::rename(part, kept)
}
