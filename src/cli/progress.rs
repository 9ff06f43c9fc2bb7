//! Progress on standard error, for people: nothing when it is not a terminal.
//!
//! Drawn by the thread that does the work, so that nothing else runs while something is measured.

use indicatif::{ProgressBar, ProgressStyle};

/// A bar with the steps done, the time left, and what is going on. Goes away when dropped.
pub(super) struct Progress(ProgressBar);

const TEMPLATE: &str = "{bar:24} {pos}/{len}  {elapsed} so far, {eta} left  {msg}";

impl Progress {
    /// A bar of `all` steps.
    pub(super) fn new(what: &str, all: u64) -> Self {
        let bar = ProgressBar::new(all);
        if let Ok(style) = ProgressStyle::with_template(TEMPLATE) {
            bar.set_style(style);
        }
        bar.set_message(what.to_owned());
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

impl Drop for Progress {
    fn drop(&mut self) {
        self.0.finish_and_clear();
    }
}
