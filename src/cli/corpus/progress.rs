//! Progress on standard error, for work that takes a while in front of a person.

use std::{
    io::IsTerminal,
    time::{Duration, Instant},
};

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

/// Work that is done sooner shows no bar.
const QUIET: Duration = Duration::from_secs(1);

/// A bar that appears after a while, and only on a terminal.
pub(super) struct Progress {
    bar: ProgressBar,
    /// When to appear; `None` once it has, or if it never will.
    appears: Option<Instant>,
}

impl Progress {
    /// A bar for `all` steps of `work`.
    pub(super) fn new(work: &'static str, all: u64) -> Self {
        let bar = ProgressBar::with_draw_target(Some(all), ProgressDrawTarget::hidden());
        if let Ok(style) = ProgressStyle::with_template("{msg} {wide_bar} {percent} %, {eta} left")
        {
            bar.set_style(style);
        }
        bar.set_message(work);
        let appears = std::io::stderr().is_terminal().then(|| Instant::now() + QUIET);
        Self { bar, appears }
    }

    /// Says how far the work is. Cheap enough for every thousandth record, not for every one.
    pub(super) fn at(&mut self, done: u64, all: u64) {
        if self.appears.is_some_and(|appears| Instant::now() >= appears) {
            self.appears = None;
            self.bar.set_draw_target(ProgressDrawTarget::stderr());
        }
        self.bar.set_length(all);
        self.bar.set_position(done);
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        self.bar.finish_and_clear();
    }
}
