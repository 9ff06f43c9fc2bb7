//! How a run ended, in words.

use crate::report::record::Status;

/// What is wrong with a run that is not complete: its kind, and a sentence without a full stop.
pub(super) const fn fault(status: Status) -> Option<(&'static str, &'static str)> {
    match status {
        Status::Complete => None,
        Status::Running => Some(("running", "the run has not ended, or it died")),
        Status::Incomplete => Some(("incomplete", "a device or a simulator failed")),
        Status::Interrupted => {
            Some(("interrupted", "the run was interrupted: this was measured until then"))
        }
        Status::WrongResults => Some(("wrong-results", "a backend differs from the golden model")),
    }
}
