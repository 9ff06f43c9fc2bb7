//! Settings that are safe to change and to put back: governor, turbo, and where interrupts go.

use std::{
    fs::OpenOptions,
    io::{self, Write as _},
    path::Path,
    sync::atomic::{AtomicBool, Ordering},
};

use serde::{Deserialize, Serialize};

use super::{
    facts::frequency::{BOOST, NO_TURBO, POLICIES},
    mask,
    root::Root,
};

/// The governor that keeps the frequency up.
const GOVERNOR: &str = "performance";
/// What the kernel answers where an interrupt must stay: `EIO`.
const UNMOVABLE: i32 = 5;

/// What kind of setting is changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Kind {
    /// The frequency governor of a policy.
    Governor,
    /// The switch of turbo.
    Turbo,
    /// The cores that an interrupt may go to.
    IrqAffinity,
}

/// One change of one file.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Change {
    /// What kind of setting it is.
    pub kind: Kind,
    /// The file.
    pub path: String,
    /// Its exact text before.
    pub before: String,
    /// What we write.
    pub after: String,
}

/// What became of a change.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Outcome {
    /// Not carried out: `--dry-run`, or Ctrl-C came before.
    Planned,
    /// The file holds our value.
    Applied,
    /// The kernel keeps this interrupt where it is.
    Unmovable,
    /// The file holds what it held before.
    Restored,
    /// It held that already.
    AlreadyBack,
    /// Somebody else changed it since: left alone.
    Foreign,
    /// The system refused.
    Refused,
}

/// A change with what became of it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Step {
    /// The change.
    #[serde(flatten)]
    pub change: Change,
    /// What became of it.
    pub outcome: Outcome,
    /// Why, where it is not as asked for.
    pub reason: Option<String>,
}

impl Step {
    fn new(change: &Change, outcome: Outcome) -> Self {
        Self { change: change.clone(), outcome, reason: None }
    }

    fn because(change: &Change, outcome: Outcome, reason: impl Into<String>) -> Self {
        Self { reason: Some(reason.into()), ..Self::new(change, outcome) }
    }
}

/// How a file is written.
pub type Writer<'a> = &'a mut dyn FnMut(&Path, &str) -> io::Result<()>;

/// Writes a setting as the kernel wants it: in one call, to a file that is there. A file is never
/// emptied first: who dies in between would leave neither value.
pub fn write(path: &Path, text: &str) -> io::Result<()> {
    let mut file = OpenOptions::new().write(true).open(path)?;
    file.write_all(text.as_bytes())?;
    // Only ordinary files, as in tests, keep the end of a longer text. Reading back tells.
    let length = text.len() as u64;
    if file.metadata().is_ok_and(|metadata| metadata.len() > length) {
        file.set_len(length).ok();
    }
    Ok(())
}

impl Change {
    /// Whether the path is one that nanogate changes, spelled as nanogate spells it.
    #[must_use]
    pub fn is_ours(&self) -> bool {
        let number = |text: &str, before: &str, after: &str| {
            let digits = text.strip_prefix(before).and_then(|rest| rest.strip_suffix(after));
            digits.is_some_and(|digits| {
                !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit())
            })
        };
        match self.kind {
            Kind::Governor => {
                number(&self.path, &format!("{POLICIES}/policy"), "/scaling_governor")
            }
            Kind::Turbo => self.path == NO_TURBO || self.path == BOOST,
            Kind::IrqAffinity => number(&self.path, "/proc/irq/", "/smp_affinity"),
        }
    }

    /// Whether two texts of this file mean the same. The kernel writes masks in its own form.
    fn is_same(&self, one: &str, other: &str) -> bool {
        match self.kind {
            Kind::IrqAffinity => {
                mask::parse(one).is_some_and(|cores| Some(cores) == mask::parse(other))
            }
            Kind::Governor | Kind::Turbo => one.trim() == other.trim(),
        }
    }

    fn apply(&self, root: &Root, writer: Writer<'_>) -> Step {
        let was = root.exact(&self.path);
        if was.as_ref() != Some(&self.before) {
            return Step::because(self, Outcome::Foreign, "changed by somebody else meanwhile");
        }
        match writer(&root.path(&self.path), &self.after) {
            Err(error) if self.kind == Kind::IrqAffinity && is_unmovable(&error) => {
                Step::new(self, Outcome::Unmovable)
            }
            Err(error) => Step::because(self, Outcome::Refused, refusal(&error)),
            Ok(()) => match root.exact(&self.path) {
                Some(now) if self.is_same(&now, &self.after) => Step::new(self, Outcome::Applied),
                now => {
                    // Neither ours nor what it was: the file goes back at once.
                    let now = now.unwrap_or_default();
                    let back = writer(&root.path(&self.path), &self.before).err();
                    let back = back.map(|error| format!("; not put back: {error}"));
                    let reason = format!(
                        "written, but it reads `{}`{}",
                        now.trim(),
                        back.unwrap_or_default()
                    );
                    Step::because(self, Outcome::Refused, reason)
                }
            },
        }
    }

    fn restore(&self, root: &Root, writer: Writer<'_>) -> Step {
        let Some(now) = root.exact(&self.path) else {
            return Step::because(self, Outcome::Foreign, "the file is gone");
        };
        if self.is_same(&now, &self.before) {
            return Step::new(self, Outcome::AlreadyBack);
        }
        if !self.is_same(&now, &self.after) {
            let reason = format!("it reads `{}`, which is not ours", now.trim());
            return Step::because(self, Outcome::Foreign, reason);
        }
        match writer(&root.path(&self.path), &self.before) {
            Err(error) => Step::because(self, Outcome::Refused, refusal(&error)),
            Ok(()) => match root.exact(&self.path) {
                Some(now) if self.is_same(&now, &self.before) => Step::new(self, Outcome::Restored),
                _ => Step::because(self, Outcome::Refused, "written, but it reads otherwise"),
            },
        }
    }

    /// What restoring would do, without doing it.
    #[must_use]
    pub fn preview_restore(&self, root: &Root) -> Step {
        match self.restore(root, &mut |_, _| Err(io::ErrorKind::Unsupported.into())) {
            Step { outcome: Outcome::Refused, .. } => Step::new(self, Outcome::Planned),
            step => step,
        }
    }
}

fn is_unmovable(error: &io::Error) -> bool {
    error.raw_os_error() == Some(UNMOVABLE)
}

fn refusal(error: &io::Error) -> String {
    match error.kind() {
        io::ErrorKind::PermissionDenied => format!("{error}; run as root"),
        io::ErrorKind::ReadOnlyFilesystem => format!("{error}; run outside of the container"),
        _ => error.to_string(),
    }
}

/// What would be changed for measuring on `core`, and what cannot be, in words.
#[must_use]
pub fn plan(root: &Root, core: usize) -> (Vec<Change>, Vec<String>) {
    let mut notes = Vec::new();
    let mut changes = governors(root, &mut notes);
    changes.extend(turbo(root, &mut notes));
    changes.extend(interrupts(root, core, &mut notes));
    (changes, notes)
}

fn change(root: &Root, kind: Kind, path: String, after: &str) -> Option<Change> {
    let before = root.exact(&path)?;
    let end = if before.ends_with('\n') { "\n" } else { "" };
    let change = Change { kind, path, after: format!("{after}{end}"), before };
    (!change.is_same(&change.before, &change.after)).then_some(change)
}

fn governors(root: &Root, notes: &mut Vec<String>) -> Vec<Change> {
    let policies = root.numbered(POLICIES, "policy");
    if policies.is_empty() {
        notes.push("governor: the system shows no frequency policy".into());
    }
    let mut changes = Vec::new();
    for policy in policies {
        let file = |name: &str| format!("{POLICIES}/policy{policy}/{name}");
        let available = root.text(&file("scaling_available_governors")).unwrap_or_default();
        if available.split_whitespace().any(|name| name == GOVERNOR) {
            changes.extend(change(root, Kind::Governor, file("scaling_governor"), GOVERNOR));
        } else {
            notes.push(format!("governor: policy{policy} does not offer `{GOVERNOR}`"));
        }
    }
    changes
}

fn turbo(root: &Root, notes: &mut Vec<String>) -> Option<Change> {
    if root.has(NO_TURBO) {
        return change(root, Kind::Turbo, NO_TURBO.into(), "1");
    }
    if !root.has(BOOST) {
        notes.push("turbo: the system has no switch for it".into());
    }
    change(root, Kind::Turbo, BOOST.into(), "0")
}

fn interrupts(root: &Root, core: usize, notes: &mut Vec<String>) -> Vec<Change> {
    let online = root.cores("/sys/devices/system/cpu/online").unwrap_or_default();
    let others: Vec<usize> = online.into_iter().filter(|&other| other != core).collect();
    if others.is_empty() {
        notes.push(format!("interrupts: no core but {core} is known that could take them"));
        return Vec::new();
    }
    let moved = |irq: usize| {
        let path = format!("/proc/irq/{irq}/smp_affinity");
        let text = root.text(&path)?;
        let allowed = mask::parse(&text)?;
        if !allowed.contains(&core) {
            return None;
        }
        // Those that were allowed stay so. Where that leaves none that runs, any other will do.
        let rest: Vec<usize> = allowed.into_iter().filter(|&other| other != core).collect();
        let runs = rest.iter().any(|other| others.contains(other));
        let cores = if runs { &rest } else { &others };
        change(root, Kind::IrqAffinity, path, &mask::format(cores, &text))
    };
    root.numbered("/proc/irq", "").into_iter().filter_map(moved).collect()
}

/// Makes the changes in their order. Stops between two of them once `interrupted`.
pub fn apply(
    root: &Root,
    changes: &[Change],
    interrupted: &AtomicBool,
    writer: Writer<'_>,
) -> Vec<Step> {
    let mut step = |change: &Change| {
        if interrupted.load(Ordering::Relaxed) {
            return Step::because(change, Outcome::Planned, "interrupted before");
        }
        change.apply(root, writer)
    };
    changes.iter().map(&mut step).collect()
}

/// Puts changes back, the last one first. What somebody else changed since is left alone.
pub fn restore(root: &Root, changes: &[Change], writer: Writer<'_>) -> Vec<Step> {
    changes.iter().rev().map(|change| change.restore(root, writer)).collect()
}

/// Of the changes, those whose step had this outcome.
#[must_use]
pub fn with_outcome(steps: &[Step], outcome: Outcome) -> Vec<Change> {
    let chosen = steps.iter().filter(|step| step.outcome == outcome);
    chosen.map(|step| step.change.clone()).collect()
}

#[cfg(test)]
#[path = "tuning_tests.rs"]
mod tests;
