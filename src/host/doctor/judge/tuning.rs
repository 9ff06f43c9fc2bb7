//! Whether settings are changed by us right now.

use crate::host::doctor::{
    finding::{Finding, Subject},
    journal::{Journal, boot_id},
    root::Root,
};

/// What the journal says. `None` where there is no journal: nothing of ours is changed.
#[must_use]
pub fn tuning_finding(journal: &Journal, root: &Root) -> Option<Finding> {
    let (subject, code) = (Subject::Tuning, "tuned");
    let entry = match journal.read() {
        Ok(entry) => entry?,
        Err(error) => return Some(Finding::warning(subject, code, error)),
    };
    let count = entry.changes.len();
    Some(match boot_id(root) {
        Ok(boot) if boot == entry.boot_id => {
            Finding::note(subject, code, format!("{count} settings are changed by --fix"))
                .advice("put them back after measuring: nanogate doctor --restore")
        }
        Ok(_) => Finding::note(subject, code, format!("{count} settings, undone by the restart"))
            .advice("discard the journal: nanogate doctor --restore"),
        Err(error) => Finding::unknown(subject, code, error),
    })
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;
    use crate::host::doctor::{journal::Entry, root::fake::tree};

    /// Changes of this boot are told from those of an earlier one, and damage from both.
    #[test]
    fn the_journal_is_told() {
        let (folder, root) = tree(&[("/proc/sys/kernel/random/boot_id", "two\n")]);
        let journal = Journal::in_folder(folder.path());
        let found = || tuning_finding(&journal, &root).map(|finding| finding.found);
        assert_eq!(found(), None);
        journal.create(&Entry::new("two".into(), Vec::new())).unwrap();
        assert_eq!(found().as_deref(), Some("0 settings are changed by --fix"));
        journal.replace(&Entry::new("one".into(), Vec::new())).unwrap();
        assert_eq!(found().as_deref(), Some("0 settings, undone by the restart"));
        fs::write(journal.path(), "{").unwrap();
        assert!(found().unwrap().contains("damaged"));
    }
}
