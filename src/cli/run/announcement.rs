//! What a run says before it begins: what it will do, how long that takes, and what is left of it.

use std::{collections::BTreeSet, fmt::Display};

use super::{
    Arguments,
    plan::{Case, Plan},
};
use crate::plural::counted;

/// For whoever waits.
pub(super) fn of(plan: &Plan, cases: &[Case], arguments: &Arguments) -> String {
    let names = |all: Vec<&str>| all.join(", ");
    let suited = plan
        .methods
        .iter()
        .filter(|method| plan.backends.iter().any(|entry| method.measures(entry.kind)));
    let hint = if arguments.quick { "" } else { "; --quick is quicker" };
    let homes: BTreeSet<&str> = cases.iter().map(|case| case.footprint.home.as_str()).collect();
    let seconds = plan.entries(cases) as f64 * plan.limits.budget.as_secs_f64();
    let lines = [
        format!("measures  {}", names(plan.backends.iter().map(|entry| entry.id).collect())),
        format!("by        {}", names(suited.map(|method| method.name()).collect())),
        format!(
            "batches   of {} records, in {}, on {}",
            range(&plan.batch_lens),
            names(homes.into_iter().collect()),
            threads(&plan.thread_counts)
        ),
        format!(
            "takes     {} at most in {}, besides verifying{hint}",
            duration(seconds),
            counted(plan.launches(), "launch")
        ),
        format!(
            "keeps     each entry in {} as soon as it is there, also at Ctrl-C",
            arguments.out.display()
        ),
    ];
    lines.join("\n")
}

/// The least and the greatest.
fn range<T: Display>(sorted: &[T]) -> String {
    match sorted {
        [] => "no".into(),
        [only] => only.to_string(),
        [least, .., greatest] => format!("{least} to {greatest}"),
    }
}

fn threads(sorted: &[usize]) -> String {
    match sorted {
        [only] => counted(*only, "thread"),
        several => format!("{} threads", range(several)),
    }
}

/// As long as somebody waits, not as a clock shows it.
fn duration(seconds: f64) -> String {
    match seconds {
        seconds if seconds < 90.0 => format!("{:.0} s", seconds.ceil()),
        seconds if seconds < 5_400.0 => format!("{:.0} min", seconds / 60.0),
        seconds => format!("{:.1} h", seconds / 3_600.0),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Times are said as people say them, and a range of one is one.
    #[test]
    fn lengths_are_short() {
        assert_eq!([0.15, 89.2, 120.0, 9_000.0].map(duration), ["1 s", "90 s", "2 min", "2.5 h"]);
        assert_eq!(range(&[1, 16, 256]), "1 to 256");
        assert_eq!((threads(&[1]), threads(&[1, 4])), ("1 thread".into(), "1 to 4 threads".into()));
        assert_eq!((range(&[4]), range::<u32>(&[])), ("4".into(), "no".into()));
    }
}
