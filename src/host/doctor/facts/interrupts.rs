//! Interrupts: which may come to a core, and how many came.

use std::collections::BTreeMap;

use serde::Serialize;

use crate::host::doctor::root::Root;

/// One interrupt line of a device.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Line {
    /// Its number.
    pub irq: usize,
    /// The driver's name for it, where it is known.
    pub name: Option<String>,
}

/// Interrupt lines.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Interrupts {
    /// Lines that are sent to the measuring core. `None` where the system does not say.
    pub on_core: Option<Vec<Line>>,
}

impl Interrupts {
    pub(super) fn read(root: &Root, core: usize) -> Self {
        let lines = root.numbered("/proc/irq", "");
        let counts = Counts::read(root);
        let comes = |irq: &usize| targets(root, *irq).is_some_and(|cores| cores.contains(&core));
        let line = |irq: usize| Line { irq, name: counts.name(&irq.to_string()) };
        let known = !lines.is_empty();
        Self { on_core: known.then(|| lines.into_iter().filter(comes).map(line).collect()) }
    }
}

/// The cores that a line is sent to: those in effect, else those allowed.
fn targets(root: &Root, irq: usize) -> Option<Vec<usize>> {
    let effective = root.cores(&format!("/proc/irq/{irq}/effective_affinity_list"));
    let effective = effective.filter(|cores| !cores.is_empty());
    effective.or_else(|| root.cores(&format!("/proc/irq/{irq}/smp_affinity_list")))
}

/// How many interrupts of each line came to each core since the machine started.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    cores: Vec<usize>,
    lines: BTreeMap<String, (Option<String>, Vec<u64>)>,
}

impl Counts {
    /// Reads `/proc/interrupts`. Empty where it cannot be read.
    #[must_use]
    pub fn read(root: &Root) -> Self {
        Self::parse(&root.exact("/proc/interrupts").unwrap_or_default())
    }

    fn parse(text: &str) -> Self {
        let mut rows = text.lines();
        let header = rows.next().unwrap_or_default().split_whitespace();
        let cores: Vec<usize> =
            header.filter_map(|word| word.strip_prefix("CPU")?.parse().ok()).collect();
        let row = |row: &str| {
            let (label, rest) = row.split_once(':')?;
            let words: Vec<&str> = rest.split_whitespace().collect();
            let counts: Vec<u64> =
                words.iter().take(cores.len()).map_while(|word| word.parse().ok()).collect();
            // Devices have their driver last; the processor's own lines are told in words.
            let words = &words[counts.len()..];
            let is_device = label.trim().parse::<usize>().is_ok();
            let name = if is_device {
                words.last().map(ToString::to_string)
            } else {
                (!words.is_empty()).then(|| words.join(" "))
            };
            Some((label.trim().to_owned(), (name, counts)))
        };
        let lines = rows.filter_map(row).collect();
        Self { cores, lines }
    }

    fn name(&self, label: &str) -> Option<String> {
        self.lines.get(label)?.0.clone()
    }

    fn on(&self, label: &str, core: usize) -> Option<u64> {
        let column = self.cores.iter().position(|&column| column == core)?;
        self.lines.get(label)?.1.get(column).copied()
    }

    /// How many came to `core` between `self` and `end`, most first, none left out but zeros.
    /// `None` where there is no count of that core.
    #[must_use]
    pub fn until(&self, end: &Self, core: usize) -> Option<Vec<Arrivals>> {
        if !end.cores.contains(&core) || !self.cores.contains(&core) {
            return None;
        }
        let arrivals = |label: &String| {
            let before = self.on(label, core).unwrap_or(0);
            let count = end.on(label, core)?.saturating_sub(before);
            (count > 0).then(|| Arrivals { line: label.clone(), name: end.name(label), count })
        };
        let mut all: Vec<Arrivals> = end.lines.keys().filter_map(arrivals).collect();
        all.sort_by(|one, other| other.count.cmp(&one.count).then(one.line.cmp(&other.line)));
        Some(all)
    }
}

/// Interrupts of one line that came to the measuring core while it was watched.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Arrivals {
    /// Number of the line, or the kernel's short name such as `LOC`.
    pub line: String,
    /// What it is.
    pub name: Option<String>,
    /// How many came.
    pub count: u64,
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::host::doctor::root::fake::tree;

    const BEFORE: &str = "           CPU0       CPU2\n \
        24:   5   1  IO-APIC   5-edge      ACPI:Ged\n \
        LOC:  10  20  Local timer interrupts\n\
        ERR:   0\n";

    /// Differences belong to the right core, also where a core is missing from the header.
    #[test]
    fn arrivals_are_counted_per_core() {
        let after = BEFORE.replace("5   1", "9   1").replace("10  20", "11  50");
        let (before, after) = (Counts::parse(BEFORE), Counts::parse(&after));
        let on_two = before.until(&after, 2).unwrap();
        assert_eq!(on_two.len(), 1);
        assert_eq!((on_two[0].line.as_str(), on_two[0].count), ("LOC", 30));
        assert_eq!(on_two[0].name.as_deref(), Some("Local timer interrupts"));
        let on_zero = before.until(&after, 0).unwrap();
        assert_eq!((on_zero[0].line.as_str(), on_zero[0].count), ("24", 4));
        assert_eq!(on_zero[0].name.as_deref(), Some("ACPI:Ged"));
        assert_eq!(before.until(&after, 1), None);
    }

    /// Lines are listed by where they are in effect, not by where they would be allowed.
    #[test]
    fn lines_are_listed_by_core() {
        let (_folder, root) = tree(&[
            ("/proc/irq/24/effective_affinity_list", "0\n"),
            ("/proc/irq/24/smp_affinity_list", "0-2\n"),
            ("/proc/irq/25/effective_affinity_list", "\n"),
            ("/proc/irq/25/smp_affinity_list", "0-2\n"),
            ("/proc/irq/default_smp_affinity", "7\n"),
            ("/proc/interrupts", BEFORE),
        ]);
        let on = |core| {
            let lines = Interrupts::read(&root, core).on_core.unwrap();
            lines.into_iter().map(|line| line.irq).collect::<Vec<_>>()
        };
        assert_eq!(on(0), [24, 25]);
        assert_eq!(on(2), [25]);
        let names = Interrupts::read(&root, 0).on_core.unwrap();
        assert_eq!(names[0].name.as_deref(), Some("ACPI:Ged"));
    }
}
