//! Ctrl-C, for verbs that have something to put in order before they end.

use std::sync::{
    Arc,
    atomic::{AtomicBool, Ordering},
};

use super::{Exit, Failure};

/// Set by Ctrl-C. Looked at between two pieces of work.
#[derive(Clone, Debug)]
pub(super) struct Interrupt(Arc<AtomicBool>);

impl Interrupt {
    /// Catches Ctrl-C from now on. Once per process.
    pub(super) fn catch() -> Result<Self, Failure> {
        let flag = Arc::new(AtomicBool::new(false));
        let seen = Arc::clone(&flag);
        ctrlc::set_handler(move || seen.store(true, Ordering::Relaxed))
            .map_err(|error| Failure::new(Exit::Failed, format!("cannot catch Ctrl-C: {error}")))?;
        Ok(Self(flag))
    }

    /// The flag itself, for layers that know nothing of signals.
    pub(super) fn flag(&self) -> &AtomicBool {
        &self.0
    }

    /// Whether the user asked to stop.
    pub(super) fn is_set(&self) -> bool {
        self.0.load(Ordering::Relaxed)
    }
}
