//! The embedded snapshot: whole, derived from the rules, and in line with common sense.

#![allow(clippy::unwrap_used)]

use std::collections::BTreeSet;

use nanogate::{
    corpus::{Corpus, rules::Rules, snapshot},
    verdict::Risk,
};

fn corpus() -> Corpus {
    Corpus::embedded().unwrap()
}

fn descriptor_hex(corpus: &Corpus, name: &str) -> String {
    hex::encode(corpus.get(name).unwrap().descriptor.record().as_bytes())
}

/// The snapshot has at least 1,500 commands, and its digest is the one beside it.
#[test]
fn snapshot_is_whole() {
    let corpus = corpus();
    assert!(corpus.entries().len() >= 1500, "{}", corpus.entries().len());
    assert_eq!(corpus.records().len(), corpus.entries().len());
    assert!(snapshot::EMBEDDED.len() < 1 << 20);
    let line = snapshot::digest_line(corpus.digest(), "debian-12.csv");
    assert_eq!(snapshot::EMBEDDED_DIGEST, line);
    assert_eq!(corpus.to_csv(), snapshot::EMBEDDED.as_bytes());
}

/// Every row is what the rules in `corpus/rules.toml` make of the rules that it says fired.
#[test]
fn snapshot_follows_from_the_rules() {
    let rules = Rules::embedded().unwrap();
    for entry in corpus().entries() {
        let fired: Vec<&str> = entry.fired.iter().map(|fired| fired.id.as_str()).collect();
        let (risk, capabilities) = rules.derive(fired).unwrap();
        let expected = rules.describe(&entry.name, risk, capabilities);
        assert_eq!(entry.descriptor, expected, "{}", entry.name);
    }
}

/// What anyone would check: each of these commands has a risk that nobody would dispute.
#[test]
fn well_known_commands_have_the_expected_risk() {
    let expected = [
        (
            &[
                "rm",
                "dd",
                "mkfs.ext4",
                "shred",
                "wipefs",
                "fdisk",
                "mkswap",
                "parted",
                "cryptsetup",
                "lvremove",
                "sudo",
                "su",
            ][..],
            &[Risk::Critical][..],
        ),
        (
            &[
                "mount",
                "chmod",
                "systemctl",
                "iptables",
                "passwd",
                "useradd",
                "apt-get",
                "dpkg",
                "reboot",
                "shutdown",
                "ssh",
                "python3",
                "bash",
                "crontab",
                "docker",
            ],
            &[Risk::High],
        ),
        (
            &[
                "cp",
                "mv",
                "curl",
                "git-commit",
                "wget",
                "rsync",
                "scp",
                "tar",
                "sed",
                "awk",
                "kill",
            ],
            &[Risk::Medium],
        ),
        (&["ps", "find", "df"], &[Risk::Low, Risk::Safe]),
        (&["cat", "echo", "ls", "pwd"], &[Risk::Safe]),
    ];
    let corpus = corpus();
    for (names, risks) in expected {
        for name in names {
            let risk = corpus.get(name).unwrap().descriptor.risk();
            assert!(risks.contains(&risk), "{name} is {risk}");
        }
    }
}

/// The two published descriptors are in the snapshot byte for byte.
#[test]
fn published_examples_are_in_the_snapshot() {
    let corpus = corpus();
    assert_eq!(descriptor_hex(&corpus, "cat"), "544350020002d077f2440000000100640032000a0003f064");
    assert_eq!(descriptor_hex(&corpus, "rm"), "544350020002d67f249b000002d0138801f4003200026090");
}

/// No family of commands makes up more than a tenth of the snapshot, and every risk occurs.
#[test]
fn snapshot_is_mixed() {
    let corpus = corpus();
    let heads: BTreeSet<&str> =
        corpus.entries().iter().filter_map(|entry| Some(entry.name.split_once('-')?.0)).collect();
    for head in heads {
        let prefix = format!("{head}-");
        let members = corpus.entries().iter().filter(|entry| entry.name.starts_with(&prefix));
        assert!(members.count() <= corpus.entries().len() / 10, "{head}");
    }
    for risk in Risk::ALL {
        assert!(corpus.count_of(risk) > 50, "{risk}");
    }
}
