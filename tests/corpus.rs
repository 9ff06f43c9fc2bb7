//! The embedded snapshot is what its rules say, and what anyone would expect of it.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test may fail")]

use nanogate::{
    corpus::{Corpus, Entry, rules::Rules, snapshot},
    verdict::Risk::{self, Critical, High, Low, Medium, Safe},
};

fn entry<'a>(corpus: &'a Corpus, name: &str) -> &'a Entry {
    corpus.entries().iter().find(|entry| entry.name == name).unwrap_or_else(|| panic!("{name}"))
}

/// Commands that everyone knows have the risk that everyone would give them.
#[test]
fn well_known_commands_have_the_expected_risk() {
    let corpus = Corpus::embedded().unwrap();
    let expected: [(&[&str], &[Risk]); 5] = [
        (&["rm", "dd", "mkfs.ext4", "shred", "wipefs"], &[Critical]),
        (&["mount", "chmod", "systemctl", "iptables"], &[High]),
        (&["cp", "mv", "curl", "git-commit"], &[Medium]),
        (&["ps", "find", "df"], &[Low, Safe]),
        (&["cat", "echo", "ls", "pwd"], &[Safe]),
    ];
    for (names, risks) in expected {
        for name in names {
            let risk = entry(&corpus, name).descriptor.risk();
            assert!(risks.contains(&risk), "{name} is {risk}");
        }
    }
}

/// The snapshot is large, most of it documented, every risk occurs, and its digest fits.
#[test]
fn snapshot_is_whole() {
    let corpus = Corpus::embedded().unwrap();
    assert!(corpus.entries().len() >= 1_500);
    let documented = corpus.entries().iter().filter(|entry| entry.documentation_bytes > 0).count();
    assert!(documented * 10 > corpus.entries().len() * 9);
    for risk in Risk::ALL {
        assert!(corpus.entries().iter().any(|entry| entry.descriptor.risk() == risk), "{risk}");
    }
    assert_eq!(snapshot::digest(snapshot::EMBEDDED.as_bytes()), corpus.digest());
    assert!(snapshot::EMBEDDED_DIGEST.starts_with(corpus.digest()));
}

/// Every descriptor follows from the rules that its row names: the snapshot cannot drift.
#[test]
fn descriptors_follow_from_the_rules() {
    let (corpus, rules) = (Corpus::embedded().unwrap(), Rules::embedded().unwrap());
    for entry in corpus.entries() {
        let ids = entry.fired.iter().map(|fired| fired.id.as_str());
        let (risk, capabilities) = rules.derive(ids).unwrap();
        let derived = rules.describe(&entry.name, risk, capabilities);
        assert_eq!(derived, entry.descriptor, "{}: run scripts/corpus-snapshot", entry.name);
    }
}
