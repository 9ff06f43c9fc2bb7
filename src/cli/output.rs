//! Where data goes: standard output, or a file that appears whole or not at all.

use std::{
    fs::{self, File},
    io::{self, BufWriter, IsTerminal, Write},
    path::{Path, PathBuf},
};

use serde::Serialize;
use tempfile::NamedTempFile;

use super::{Exit, Failure};

/// A destination of data.
pub(super) enum Output {
    /// Standard output, given as `-`.
    Standard(BufWriter<io::Stdout>),
    /// A temporary file beside the one that it becomes.
    File { writer: BufWriter<NamedTempFile>, path: PathBuf },
    /// A device or a pipe that exists: written to as it is.
    Device { writer: BufWriter<File>, path: PathBuf },
}

impl Output {
    /// Opens `path`; `-` is standard output.
    pub(super) fn open(path: &Path) -> Result<Self, Failure> {
        if path == Path::new("-") {
            return Ok(Self::Standard(BufWriter::new(io::stdout())));
        }
        let refused = |error: io::Error| refusal(path, &error);
        if fs::metadata(path).is_ok_and(|metadata| !metadata.is_file() && !metadata.is_dir()) {
            let file = File::options().write(true).open(path).map_err(refused)?;
            return Ok(Self::Device { writer: BufWriter::new(file), path: path.to_owned() });
        }
        if path.is_dir() || path.file_name().is_none() {
            return Err(refused(io::ErrorKind::IsADirectory.into()));
        }
        // A link is written through, not replaced.
        let path = fs::canonicalize(path).unwrap_or_else(|_| path.to_owned());
        let dir = match path.parent() {
            Some(dir) if !dir.as_os_str().is_empty() => dir,
            _ => Path::new("."),
        };
        let file = temporary(dir).map_err(|error| refusal(&path, &error))?;
        Ok(Self::File { writer: BufWriter::new(file), path })
    }

    /// Refuses a path that could not be opened, and leaves nothing behind: for verbs that work long
    /// before they write.
    pub(super) fn check(path: &Path) -> Result<(), Failure> {
        Self::open(path).map(drop)
    }

    /// True when the data itself goes to standard output, so that reports must go elsewhere.
    pub(super) fn is_standard(&self) -> bool {
        matches!(self, Self::Standard(_))
    }

    /// True when a person would see the bytes.
    pub(super) fn is_terminal(&self) -> bool {
        self.is_standard() && io::stdout().is_terminal()
    }

    /// Writes bytes.
    pub(super) fn write(&mut self, bytes: &[u8]) -> Result<(), Failure> {
        match self {
            Self::Standard(writer) => Ok(writer.write_all(bytes)?),
            Self::File { writer, path } => {
                writer.write_all(bytes).map_err(|error| failure(path, &error))
            }
            Self::Device { writer, path } => {
                writer.write_all(bytes).map_err(|error| failure(path, &error))
            }
        }
    }

    /// Completes the output. A file appears under its name only now.
    pub(super) fn finish(self) -> Result<(), Failure> {
        match self {
            Self::Standard(mut writer) => Ok(writer.flush()?),
            Self::Device { mut writer, path } => {
                writer.flush().map_err(|error| failure(&path, &error))
            }
            Self::File { writer, path } => {
                let file = writer.into_inner().map_err(|error| failure(&path, error.error()))?;
                file.persist(&path).map_err(|error| failure(&path, &error.error))?;
                Ok(())
            }
        }
    }
}

#[cfg(unix)]
pub(super) fn temporary(dir: &Path) -> io::Result<NamedTempFile> {
    use std::os::unix::fs::PermissionsExt;
    // As for any new file, the umask decides.
    let permissions = fs::Permissions::from_mode(0o666);
    tempfile::Builder::new().prefix(".nanogate-").permissions(permissions).tempfile_in(dir)
}

#[cfg(not(unix))]
pub(super) fn temporary(dir: &Path) -> io::Result<NamedTempFile> {
    tempfile::Builder::new().prefix(".nanogate-").tempfile_in(dir)
}

fn refusal(path: &Path, error: &io::Error) -> Failure {
    Failure::usage(format!(
        "--out: cannot create {}: {error}; give a file in a directory that you may write to",
        path.display()
    ))
}

fn failure(path: &Path, error: &io::Error) -> Failure {
    if error.kind() == io::ErrorKind::BrokenPipe {
        return Failure::output(error);
    }
    let shown = path.display();
    Failure::new(
        Exit::Failed,
        format!("--out: cannot write {shown}: {error}; free some space or choose another place"),
    )
}

/// Prints a text and a line break on standard output.
pub(super) fn print(text: &str) -> Result<(), Failure> {
    let mut out = io::stdout().lock();
    writeln!(out, "{text}")?;
    Ok(out.flush()?)
}

/// Prints a value as one JSON document on standard output.
pub(super) fn print_json(value: &(impl Serialize + ?Sized)) -> Result<(), Failure> {
    print(&to_json(value)?)
}

/// Prints a report on standard output, or on standard error when data went to standard output.
pub(super) fn report(text: &str, data_on_standard_output: bool) -> Result<(), Failure> {
    if data_on_standard_output {
        // Standard error may be closed; the data is complete all the same.
        writeln!(io::stderr(), "{text}").ok();
        return Ok(());
    }
    print(text)
}

/// A reader that has had enough changes no verdict.
pub(super) fn unless_closed(shown: Result<(), Failure>) -> Result<(), Failure> {
    match shown {
        Err(failure) if failure.exit() == Exit::Pass => Ok(()),
        shown => shown,
    }
}

/// Writes a value as one JSON document to `path`; `-` is standard output.
pub(super) fn write_json(path: &Path, value: &(impl Serialize + ?Sized)) -> Result<(), Failure> {
    let mut out = Output::open(path)?;
    out.write(to_json(value)?.as_bytes())?;
    out.write(b"\n")?;
    out.finish()
}

/// A value as JSON.
pub(super) fn to_json(value: &(impl Serialize + ?Sized)) -> Result<String, Failure> {
    serde_json::to_string_pretty(value).map_err(|error| Failure::new(Exit::Failed, error))
}
