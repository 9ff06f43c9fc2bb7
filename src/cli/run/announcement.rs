//! What a run says before it begins: what it will do, how long that takes, and what is left of it.

use std::{collections::BTreeSet, fmt::Display, path::Path};

use super::plan::{Case, Plan};

/// For whoever waits.
pub(super) fn of(plan: &Plan, cases: &[Case], out: &Path) -> String {
    let names = |all: Vec<&str>| all.join(", ");
    let homes: BTreeSet<&str> = cases.iter().map(|case| case.footprint.home.as_str()).collect();
    let seconds = plan.entries(cases) as f64 * plan.limits.budget.as_secs_f64();
    let lines = [
        format!("measures  {}", names(plan.backends.iter().map(|entry| entry.id).collect())),
        format!("by        {}", names(plan.methods.iter().map(|method| method.name()).collect())),
        format!(
            "batches   of {} records, in {}, on {} threads",
            range(&plan.batch_lens),
            names(homes.into_iter().collect()),
            range(&plan.thread_counts)
        ),
        format!(
            "takes     {} at most in {} launches, besides verifying; --quick is quicker",
            duration(seconds),
            plan.launches()
        ),
        format!("keeps     each entry in {} as soon as it is there, also at Ctrl-C", out.display()),
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
        assert_eq!((range(&[4]), range::<u32>(&[])), ("4".into(), "no".into()));
    }
}
