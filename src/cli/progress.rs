//! Progress on standard error, for people: nothing when it is not a terminal, and no colour.
//!
//! Drawn by the thread that does the work, so that nothing else runs while something is measured.

use std::{fmt, time::Duration};

use indicatif::{HumanDuration, ProgressBar, ProgressState, ProgressStyle};

/// Steps of a bar: how many are done, and how many there are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Steps {
    pub(super) done: u64,
    pub(super) all: u64,
}

impl Steps {
    /// Reads what [`fmt::Display`] writes.
    pub(super) fn parse(text: &str) -> Result<Self, String> {
        let found = text.split_once('/').and_then(|(done, all)| {
            Some(Self { done: done.parse().ok()?, all: all.parse().ok()? })
        });
        found.ok_or_else(|| "not steps such as 3/10".into())
    }
}

impl fmt::Display for Steps {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.done, self.all)
    }
}

/// A bar with the steps done, the time left, and what is going on. Goes away when dropped.
pub(super) struct Progress(ProgressBar);

const TEMPLATE: &str = "[{bar:24}] {pos}/{len}  {left} left  {wide_msg}";
/// Done, doing, to do: on every terminal there is.
const SIGNS: &str = "=> ";

impl Progress {
    /// A bar of `all` steps.
    pub(super) fn new(what: &str, all: u64) -> Self {
        Self::after(what, Steps { done: 0, all })
    }

    /// A bar of which others did the first steps: the time left is by what is done from now on.
    pub(super) fn after(what: &str, Steps { done, all }: Steps) -> Self {
        let bar = ProgressBar::new(all).with_position(done).with_message(what.to_owned());
        if let Ok(style) = ProgressStyle::with_template(TEMPLATE) {
            let left = move |state: &ProgressState, out: &mut dyn fmt::Write| {
                // It has nowhere to say that it could not be written.
                let _ = out.write_str(&left(state.pos() > done, state.eta()));
            };
            bar.set_style(style.with_key("left", left).progress_chars(SIGNS));
        }
        bar.reset_eta();
        bar.tick();
        Self(bar)
    }

    /// What is being done.
    pub(super) fn say(&self, what: &str) {
        self.0.set_message(what.to_owned());
        self.0.tick();
    }

    /// One more step is done.
    pub(super) fn step(&self) {
        self.0.inc(1);
    }

    /// `done` of `all` steps are done. Cheap enough for every thousandth record.
    pub(super) fn at(&self, done: u64, all: u64) {
        self.0.set_length(all);
        self.0.set_position(done);
    }
}

/// The time left. Nobody knows it before the first step is done.
fn left(is_known: bool, left: Duration) -> String {
    if is_known { format!("{:#}", HumanDuration(left)) } else { "?".into() }
}

impl Drop for Progress {
    fn drop(&mut self) {
        self.0.finish_and_clear();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Before the first step the time left is unknown, not nothing.
    #[test]
    fn what_is_unknown_is_not_nothing() {
        assert_eq!(left(false, Duration::ZERO), "?");
        assert_eq!(left(true, Duration::from_secs(5)), "5s");
    }

    /// What one process says of its steps, another one reads.
    #[test]
    fn steps_are_read_as_written() {
        let steps = Steps { done: 3, all: 10 };
        assert_eq!(Steps::parse(&steps.to_string()), Ok(steps));
        for wrong in ["", "3", "3/", "-1/2", "3/x"] {
            assert!(Steps::parse(wrong).is_err(), "{wrong}");
        }
    }
}
