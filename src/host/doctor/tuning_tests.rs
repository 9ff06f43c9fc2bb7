//! Changes and their way back, on a fake tree.

use std::fs;

use super::*;
use crate::host::doctor::root::fake::tree;

const FILES: [(&str, &str); 9] = [
    ("/sys/devices/system/cpu/online", "0-1\n"),
    (
        "/sys/devices/system/cpu/cpufreq/policy0/scaling_available_governors",
        "performance powersave\n",
    ),
    ("/sys/devices/system/cpu/cpufreq/policy0/scaling_governor", "powersave\n"),
    (
        "/sys/devices/system/cpu/cpufreq/policy1/scaling_available_governors",
        "performance schedutil\n",
    ),
    ("/sys/devices/system/cpu/cpufreq/policy1/scaling_governor", "schedutil\n"),
    ("/sys/devices/system/cpu/intel_pstate/no_turbo", "0\n"),
    ("/proc/irq/24/smp_affinity", "3\n"),
    ("/proc/irq/25/smp_affinity", "2\n"),
    ("/proc/irq/26/smp_affinity", "1\n"),
];

fn texts(root: &Root) -> Vec<String> {
    FILES.iter().map(|(path, _)| root.exact(path).unwrap()).collect()
}

fn originals() -> Vec<String> {
    FILES.iter().map(|(_, text)| (*text).to_owned()).collect()
}

fn outcomes(steps: &[Step]) -> Vec<Outcome> {
    steps.iter().map(|step| step.outcome).collect()
}

static NEVER: AtomicBool = AtomicBool::new(false);

/// What is to be changed is changed and no more, and comes back to the byte.
#[test]
fn changes_come_back() {
    let (_folder, root) = tree(&FILES);
    let (changes, notes) = plan(&root, 1);
    assert_eq!(notes, [""; 0]);
    // Two governors, turbo, and the two interrupts that may come to core 1.
    assert_eq!(changes.len(), 5);
    assert!(changes.iter().all(Change::is_ours));
    let steps = apply(&root, &changes, &NEVER, &mut write);
    assert!(steps.iter().all(|step| step.outcome == Outcome::Applied), "{steps:#?}");
    let now = texts(&root);
    assert_eq!((now[2].as_str(), now[4].as_str()), ("performance\n", "performance\n"));
    assert_eq!(now[5], "1\n");
    // The interrupt that was bound to core 1 alone goes to the other one.
    assert_eq!(now[6..], ["1\n", "1\n", "1\n"]);
    assert_eq!(plan(&root, 1).0, []);
    let steps = restore(&root, &changes, &mut write);
    assert!(steps.iter().all(|step| step.outcome == Outcome::Restored), "{steps:#?}");
    assert_eq!(steps[0].change, changes[4]);
    assert_eq!(texts(&root), originals());
}

/// A crash after any number of writes, of the changes and then of the way back, is put right.
#[test]
fn crashes_are_put_right() {
    for made in 0..=5 {
        for put_back in 0..=made {
            let (_folder, root) = tree(&FILES);
            let (changes, _) = plan(&root, 1);
            for change in &changes[..made] {
                write(&root.path(&change.path), &change.after).unwrap();
            }
            for change in changes[made - put_back..made].iter().rev() {
                write(&root.path(&change.path), &change.before).unwrap();
            }
            let steps = restore(&root, &changes, &mut write);
            assert_eq!(texts(&root), originals(), "{made} made, {put_back} back");
            let restored = outcomes(&steps).iter().filter(|&&out| out == Outcome::Restored).count();
            assert_eq!(restored, made - put_back);
            let again = restore(&root, &changes, &mut |path, _| panic!("{}", path.display()));
            assert!(again.iter().all(|step| step.outcome == Outcome::AlreadyBack));
        }
    }
}

/// What somebody else changed since is left alone and told; the rest goes back.
#[test]
fn foreign_changes_are_left_alone() {
    let (_folder, root) = tree(&FILES);
    let (changes, _) = plan(&root, 1);
    apply(&root, &changes, &NEVER, &mut write);
    write(&root.path(FILES[4].0), "ondemand\n").unwrap();
    fs::remove_file(root.path(FILES[6].0)).unwrap();
    let previews: Vec<Step> = changes.iter().map(|change| change.preview_restore(&root)).collect();
    let steps = restore(&root, &changes, &mut write);
    let foreign = with_outcome(&steps, Outcome::Foreign);
    assert_eq!(
        foreign.iter().map(|change| change.path.as_str()).collect::<Vec<_>>(),
        [FILES[6].0, FILES[4].0]
    );
    assert_eq!(with_outcome(&previews, Outcome::Foreign).len(), 2);
    assert_eq!(with_outcome(&previews, Outcome::Planned).len(), 3);
    assert_eq!(root.exact(FILES[4].0).as_deref(), Some("ondemand\n"));
    assert_eq!(root.exact(FILES[2].0).as_deref(), Some("powersave\n"));
    assert_eq!(with_outcome(&steps, Outcome::Restored).len(), 3);
}

/// A refusal is told with its reason and the rest goes on; an interrupt that must stay is no
/// refusal; a governor that answers the same is one.
#[test]
fn refusals_are_told() {
    let (_folder, root) = tree(&FILES);
    let (changes, _) = plan(&root, 1);
    let mut refusing = |path: &Path, text: &str| {
        let path = path.to_string_lossy();
        if path.contains("policy0") {
            Err(io::ErrorKind::PermissionDenied.into())
        } else if path.contains("no_turbo") {
            // Accepted, and without effect.
            Ok(())
        } else if path.contains("irq/24") {
            Err(io::Error::from_raw_os_error(UNMOVABLE))
        } else {
            write(Path::new(path.as_ref()), text)
        }
    };
    let steps = apply(&root, &changes, &NEVER, &mut refusing);
    assert_eq!(
        outcomes(&steps),
        [
            Outcome::Refused,
            Outcome::Applied,
            Outcome::Refused,
            Outcome::Unmovable,
            Outcome::Applied
        ]
    );
    assert!(steps[0].reason.as_ref().is_some_and(|reason| reason.contains("run as root")));
    assert_eq!(steps[2].reason.as_deref(), Some("written, but it reads `0`"));
}

/// After Ctrl-C nothing more is changed, and what changed under our hands is not ours to change.
#[test]
fn changes_stop_where_they_must() {
    let (_folder, root) = tree(&FILES);
    let (changes, _) = plan(&root, 1);
    let steps = apply(&root, &changes, &AtomicBool::new(true), &mut write);
    assert!(steps.iter().all(|step| step.outcome == Outcome::Planned));
    assert_eq!(texts(&root), originals());
    write(&root.path(FILES[2].0), "ondemand\n").unwrap();
    let steps = apply(&root, &changes, &NEVER, &mut write);
    assert_eq!((steps[0].outcome, steps[1].outcome), (Outcome::Foreign, Outcome::Applied));
}

/// The kernel may write a mask in another form than we did.
#[test]
fn masks_are_compared_by_meaning() {
    let (_folder, root) = tree(&FILES);
    let (changes, _) = plan(&root, 1);
    let mut padding = |path: &Path, text: &str| {
        let pad = if path.ends_with("smp_affinity") { "00000000,0000000" } else { "" };
        write(path, &format!("{pad}{text}"))
    };
    let steps = apply(&root, &changes, &NEVER, &mut padding);
    assert!(steps.iter().all(|step| step.outcome == Outcome::Applied), "{steps:#?}");
    let steps = restore(&root, &changes, &mut write);
    assert!(steps.iter().all(|step| step.outcome == Outcome::Restored), "{steps:#?}");
}

/// A system without switches has a note for each, and a lone core keeps its interrupts.
#[test]
fn what_cannot_be_changed_is_told() {
    let (_folder, root) = tree(&[("/proc/irq/24/smp_affinity", "1\n")]);
    let (changes, notes) = plan(&root, 0);
    assert_eq!(changes, []);
    assert_eq!(notes.len(), 3);
    let available = "/sys/devices/system/cpu/cpufreq/policy0/scaling_available_governors";
    let (_folder, root) = tree(&[(available, "userspace\n"), (BOOST, "1\n")]);
    let (changes, notes) = plan(&root, 0);
    assert_eq!((changes.len(), changes[0].after.as_str()), (1, "0\n"));
    assert!(notes[0].contains("policy0 does not offer"), "{notes:?}");
}
