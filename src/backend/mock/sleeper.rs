//! A backend that holds its worker up, by a script.

use std::{ops::Range, thread::sleep, time::Duration};

use super::Host;
use crate::{
    backend::{Backend, Batch, SubmitError},
    op::Op,
};

/// Computes the golden output, but sleeps before it in some submissions.
#[derive(Clone, Debug)]
pub struct Sleeper {
    inner: Host,
    during: Range<u64>,
    pause: Duration,
    submitted: u64,
}

impl Sleeper {
    /// Sleeps for at least `pause` in each submission of `during`, the first being 0.
    #[must_use]
    pub const fn new(op: Op, during: Range<u64>, pause: Duration) -> Self {
        Self { inner: Host::golden(op), during, pause, submitted: 0 }
    }
}

impl Backend for Sleeper {
    type Native = ();

    fn submit(&mut self, batch: Batch<'_>, out: &mut [u8]) -> Result<(), SubmitError> {
        if self.during.contains(&self.submitted) {
            sleep(self.pause);
        }
        self.submitted += 1;
        self.inner.submit(batch, out)
    }
}
