//! `nanogate doctor --fix` and `--restore`.

use std::{fmt::Write as _, sync::atomic::AtomicBool};

use serde::Serialize;

use super::{Arguments, Exit, Failure, Interrupt, output};
use crate::host::doctor::{
    journal::{Entry, Journal, JournalError, boot_id},
    root::Root,
    tuning::{self, Change, Outcome, Step, with_outcome},
};

/// Version of the document.
const SCHEMA: &str = "nanogate.tuning/1";

/// What was changed or put back.
#[derive(Debug, Serialize)]
struct Tuned {
    schema: &'static str,
    action: &'static str,
    dry_run: bool,
    /// The measuring core, for which interrupts are moved away. Absent when restoring.
    core: Option<usize>,
    journal: String,
    /// Whether there is something left to put back.
    journal_kept: bool,
    steps: Vec<Step>,
    /// What cannot be changed here, and what else is to be known.
    notes: Vec<String>,
}

impl From<JournalError> for Failure {
    fn from(error: JournalError) -> Self {
        match error {
            JournalError::Damaged { .. } => Self::usage(error),
            _ => Self::new(Exit::Unfit, error),
        }
    }
}

impl Tuned {
    fn new(action: &'static str, arguments: &Arguments, journal: &Journal) -> Self {
        Self {
            schema: SCHEMA,
            action,
            dry_run: arguments.dry_run,
            core: None,
            journal: journal.path().display().to_string(),
            journal_kept: false,
            steps: Vec::new(),
            notes: Vec::new(),
        }
    }

    fn count(&self, outcome: Outcome) -> usize {
        self.steps.iter().filter(|step| step.outcome == outcome).count()
    }

    fn show(&self, json: bool) -> Result<(), Failure> {
        if json { output::print_json(self) } else { output::print(self.render().trim_end()) }
    }

    fn render(&self) -> String {
        let mut text = String::new();
        // Interrupts that must stay are counted, not listed: there can be hundreds.
        for step in self.steps.iter().filter(|step| step.outcome != Outcome::Unmovable) {
            push_step(&mut text, step, self.action);
        }
        let unmovable = self.count(Outcome::Unmovable);
        if unmovable > 0 {
            let _ = writeln!(text, "{unmovable} interrupts must stay where they are");
        }
        for note in &self.notes {
            let _ = writeln!(text, "note: {note}");
        }
        if self.steps.is_empty() {
            let _ = writeln!(text, "nothing to {}", self.action);
        }
        if self.journal_kept {
            let _ = writeln!(text, "journal   {}", self.journal);
            let _ = writeln!(text, "put all back with: nanogate doctor --restore");
        }
        text
    }
}

fn push_step(text: &mut String, step: &Step, action: &str) {
    let name = match step.outcome {
        Outcome::Planned => "planned",
        Outcome::Applied => "applied",
        Outcome::Unmovable => "unmovable",
        Outcome::Restored => "restored",
        Outcome::AlreadyBack => "back",
        Outcome::Foreign => "foreign",
        Outcome::Refused => "refused",
    };
    let Change { path, before, after, .. } = &step.change;
    let _ = writeln!(text, "{name:<9} {path}");
    let (from, to) = if action == "fix" { (before, after) } else { (after, before) };
    let _ = writeln!(text, "{:<9} `{}` -> `{}`", "", from.trim(), to.trim());
    if let Some(reason) = &step.reason {
        let _ = writeln!(text, "{:<9} {reason}", "");
    }
}

/// Changes what can be changed, once its previous state is on the disk.
pub(super) fn fix(arguments: &Arguments, root: &Root, core: usize) -> Result<Exit, Failure> {
    let journal = Journal::locate()?;
    let boot = boot_id(root)?;
    let mut tuned = Tuned::new("fix", arguments, &journal);
    tuned.core = Some(core);
    match journal.read()? {
        Some(entry) if entry.boot_id == boot => {
            return Err(JournalError::Exists(journal.path().to_owned()).into());
        }
        Some(_) => {
            tuned.notes.push("a journal of before the restart is discarded".into());
            if !arguments.dry_run {
                journal.remove()?;
            }
        }
        None => {}
    }
    let (changes, notes) = tuning::plan(root, core);
    tuned.notes.extend(notes);
    let interrupt = Interrupt::catch()?;
    if arguments.dry_run {
        tuned.steps = planned(&changes);
    } else if !changes.is_empty() {
        apply(root, &journal, boot, &changes, interrupt.flag(), &mut tuned)?;
    }
    tuned.show(arguments.json)?;
    let (applied, refused) = (tuned.count(Outcome::Applied), tuned.count(Outcome::Refused));
    Ok(match () {
        () if interrupt.is_set() => Exit::Interrupted,
        () if refused > 0 && applied == 0 => Exit::Unfit,
        () => Exit::Pass,
    })
}

fn planned(changes: &[Change]) -> Vec<Step> {
    let step =
        |change: &Change| Step { change: change.clone(), outcome: Outcome::Planned, reason: None };
    changes.iter().map(step).collect()
}

fn apply(
    root: &Root,
    journal: &Journal,
    boot: String,
    changes: &[Change],
    interrupted: &AtomicBool,
    tuned: &mut Tuned,
) -> Result<(), Failure> {
    let mut entry = Entry::new(boot, changes.to_vec());
    journal.create(&entry)?;
    tuned.steps = tuning::apply(root, changes, interrupted, &mut tuning::write);
    entry.changes = with_outcome(&tuned.steps, Outcome::Applied);
    tuned.journal_kept = !entry.changes.is_empty();
    let settled = if tuned.journal_kept { journal.replace(&entry) } else { journal.remove() };
    if let Err(error) = settled {
        // The first entry is still there, and restoring by it is right as well.
        tuned.journal_kept = true;
        tuned.notes.push(error.to_string());
    }
    Ok(())
}

/// Puts back what still holds our value.
pub(super) fn restore(arguments: &Arguments, root: &Root) -> Result<Exit, Failure> {
    let journal = Journal::locate()?;
    let mut tuned = Tuned::new("restore", arguments, &journal);
    let Some(mut entry) = journal.read()? else {
        tuned.notes.push(format!("there is no journal {}", tuned.journal));
        tuned.show(arguments.json)?;
        return Ok(Exit::Pass);
    };
    if boot_id(root)? != entry.boot_id {
        tuned.notes.push("the machine was restarted since: its own settings are back".into());
        if arguments.dry_run {
            tuned.journal_kept = true;
        } else {
            journal.remove()?;
        }
        tuned.show(arguments.json)?;
        return Ok(Exit::Pass);
    }
    if arguments.dry_run {
        tuned.steps = entry.changes.iter().rev().map(|one| one.preview_restore(root)).collect();
        tuned.journal_kept = true;
        tuned.show(arguments.json)?;
        return Ok(Exit::Pass);
    }
    tuned.steps = tuning::restore(root, &entry.changes, &mut tuning::write);
    note_foreign(&mut tuned);
    entry.changes = with_outcome(&tuned.steps, Outcome::Refused);
    // Kept in the order in which they were made.
    entry.changes.reverse();
    tuned.journal_kept = !entry.changes.is_empty();
    let settled = if tuned.journal_kept { journal.replace(&entry) } else { journal.remove() };
    tuned.show(arguments.json)?;
    settled?;
    Ok(if tuned.journal_kept { Exit::Unfit } else { Exit::Pass })
}

fn note_foreign(tuned: &mut Tuned) {
    let foreign = tuned.count(Outcome::Foreign);
    if foreign > 0 {
        tuned.notes.push(format!("{foreign} changed by somebody else since, and left alone"));
    }
}
