//! Facts about this machine: its timer, its cores, and what disturbs a measurement.

pub mod affinity;
pub mod counters;
pub mod cpu;
pub mod doctor;
pub mod fingerprint;
pub(crate) mod hypervisor;
pub mod layout;
pub mod lock;
pub mod schedule;
pub mod stamps;
pub mod timer;
pub mod usage;

use std::{fs, path::Path};

/// The trimmed text of a small system file. `None` where there is none.
fn read_trimmed(path: impl AsRef<Path>) -> Option<String> {
    let text = fs::read_to_string(path).ok()?;
    let text = text.trim();
    (!text.is_empty()).then(|| text.to_owned())
}

/// The value of a `key : value` line, as `/proc` files have them.
pub(crate) fn field<'a>(text: &'a str, key: &str) -> Option<&'a str> {
    text.lines()
        .filter_map(|line| line.split_once(':'))
        .find(|(name, _)| name.trim() == key)
        .map(|(_, value)| value.trim())
}

/// The numbers of a kernel list such as `0-3,8`. Parts that are no numbers are left out.
fn cpu_list(text: &str) -> Vec<usize> {
    text.split(',')
        .filter_map(|part| {
            let (first, last) = part.trim().split_once('-').unwrap_or((part.trim(), part.trim()));
            Some(first.parse().ok()?..=last.parse().ok()?)
        })
        .flatten()
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Kernel lists expand, and nonsense in them is left out.
    #[test]
    fn cpu_lists_expand() {
        assert_eq!(cpu_list("0-2,5"), [0, 1, 2, 5]);
        assert_eq!(cpu_list(""), [0usize; 0]);
        assert_eq!(cpu_list("x,7"), [7]);
    }

    /// A field is found whatever blanks stand around its name.
    #[test]
    fn fields_are_found_by_name() {
        let text = "model name\t: Some CPU\nflags\t\t: fpu vme\n";
        assert_eq!(field(text, "model name"), Some("Some CPU"));
        assert_eq!(field(text, "missing"), None);
    }
}
