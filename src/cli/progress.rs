//! Progress on standard error, for people: nothing when it is not a terminal.

use std::time::Duration;

use indicatif::{ProgressBar, ProgressStyle};

/// A bar with the steps done, the time left, and what is going on.
pub(super) struct Progress(ProgressBar);

/// How often the bar is redrawn while a step takes long. Never while something is measured: the
/// thread that redraws would disturb it.
const REDRAW: Duration = Duration::from_millis(200);

const TEMPLATE: &str = "{bar:24} {pos}/{len}  {elapsed} so far, {eta} left  {msg}";

impl Progress {
    /// A bar of `steps` steps that redraws itself.
    pub(super) fn new(what: &str, steps: u64) -> Self {
        let progress = Self::quiet(what, steps);
        progress.0.enable_steady_tick(REDRAW);
        progress
    }

    /// A bar that redraws itself only at each step.
    pub(super) fn quiet(what: &str, steps: u64) -> Self {
        let bar = ProgressBar::new(steps);
        if let Ok(style) = ProgressStyle::with_template(TEMPLATE) {
            bar.set_style(style);
        }
        bar.set_message(what.to_owned());
        Self(bar)
    }

    /// One step is done; `what` is done next or was done.
    pub(super) fn step(&self, what: &str) {
        self.0.set_message(what.to_owned());
        self.0.inc(1);
    }

    /// Takes the bar away.
    pub(super) fn finish(&self) {
        self.0.finish_and_clear();
    }
}
