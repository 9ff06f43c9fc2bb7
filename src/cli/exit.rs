//! Exit codes, and failures that carry one.

use std::{fmt::Display, io, process::ExitCode};

/// The exit codes of every verb. Never a count.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum Exit {
    /// All went well.
    Pass = 0,
    /// The tool failed.
    Failed = 1,
    /// The request cannot be carried out as it stands: a flag or an input file.
    Usage = 2,
    /// Something is slower than it was.
    Regression = 3,
    /// The readings do not bear an answer.
    CannotTell = 4,
    /// The environment is unfit: a backend, a device, a permission.
    Unfit = 5,
    /// A backend differs from the golden model.
    WrongResults = 6,
    /// The baseline is of another machine, input or form: there is nothing to compare with.
    NotComparable = 7,
    /// Stopped by a signal: 128 + SIGINT, as shells expect.
    Interrupted = 130,
}

impl Exit {
    /// The exit that a process of ours ended with.
    #[must_use]
    pub fn of_code(code: u8) -> Option<Self> {
        let all = [
            Self::Pass,
            Self::Failed,
            Self::Usage,
            Self::Regression,
            Self::CannotTell,
            Self::Unfit,
            Self::WrongResults,
            Self::NotComparable,
            Self::Interrupted,
        ];
        all.into_iter().find(|exit| *exit as u8 == code)
    }
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(exit as u8)
    }
}

/// What a verb could not do: one line for the user, and the exit code.
#[derive(Debug)]
pub struct Failure {
    exit: Exit,
    message: String,
}

impl Failure {
    /// A failure with `message`, which names the file or flag and the remedy.
    pub fn new(exit: Exit, message: impl Display) -> Self {
        Self { exit, message: message.to_string() }
    }

    /// A problem of the request: exit code 2.
    pub fn usage(message: impl Display) -> Self {
        Self::new(Exit::Usage, message)
    }

    /// A problem that no request and no environment explains: exit code 1.
    pub fn internal(message: impl Display) -> Self {
        Self::new(Exit::Failed, message)
    }

    /// The exit code.
    #[must_use]
    pub const fn exit(&self) -> Exit {
        self.exit
    }

    /// What is said to the user.
    #[must_use]
    pub fn message(&self) -> &str {
        &self.message
    }

    /// A problem while writing output. A closed pipe is no failure: the reader has had enough.
    #[must_use]
    pub fn output(error: &io::Error) -> Self {
        match error.kind() {
            io::ErrorKind::BrokenPipe => Self::new(Exit::Pass, ""),
            _ => Self::new(Exit::Failed, format!("cannot write the output: {error}")),
        }
    }

    /// Prints the message, if there is one, and gives the exit code.
    #[must_use]
    pub fn report(&self) -> ExitCode {
        if !self.message.is_empty() {
            eprintln!("nanogate: {}", self.message);
        }
        self.exit.into()
    }
}

/// What a verb ends with that had something to keep after its verdict. That it could not be kept
/// counts only where all else went well; otherwise it is said, and hides nothing.
pub(super) fn settle(
    verdict: Result<Exit, Failure>,
    kept: Result<(), Failure>,
) -> Result<Exit, Failure> {
    match (verdict, kept) {
        (verdict, Ok(())) => verdict,
        (Ok(Exit::Pass), Err(failure)) => Err(failure),
        (verdict, Err(failure)) => {
            let _ = failure.report();
            verdict
        }
    }
}

impl From<io::Error> for Failure {
    fn from(error: io::Error) -> Self {
        Self::output(&error)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What could not be kept fails a verb that passed, and takes no other exit's place.
    #[test]
    fn what_is_lost_hides_no_verdict() {
        let lost = || Err(Failure::internal("no space"));
        let exit = |settled: Result<Exit, Failure>| settled.unwrap_or_else(|error| error.exit());
        let unfit = || Err(Failure::new(Exit::Unfit, "no device"));
        assert_eq!(exit(settle(Ok(Exit::Pass), Ok(()))), Exit::Pass);
        assert_eq!(exit(settle(Ok(Exit::Pass), lost())), Exit::Failed);
        assert_eq!(exit(settle(Ok(Exit::Regression), lost())), Exit::Regression);
        assert_eq!(exit(settle(unfit(), lost())), Exit::Unfit);
    }
}
