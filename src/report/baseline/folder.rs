//! Where baselines are kept: one file each, written whole or not at all.

use std::{
    fs, io,
    path::{Path, PathBuf},
};

use serde::Deserialize;
use thiserror::Error;

use super::{Baseline, BaselineName, Refused, SCHEMA, family};
use crate::{nearest, report::store};

/// Below the folder in which nanogate is called.
const PLACE: &str = ".nanogate/baselines";

/// Ending of the files.
const ENDING: &str = "json";

/// What makes a baseline good again.
const AGAIN: &str = "save it again with `nanogate run --save-baseline`";

/// A folder of baselines.
#[derive(Clone, Debug)]
pub struct Folder {
    path: PathBuf,
}

/// What saving did.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Saved {
    /// There was none of this name.
    New,
    /// There was one, and it is gone.
    Replaced,
}

/// Why a baseline cannot be had or saved.
#[derive(Debug, Error)]
pub enum FolderError {
    /// There is none of this name.
    #[error(
        "there is no baseline `{name}` in {}; {}", folder.display(),
        if known.is_empty() { "save one with `nanogate run --save-baseline`".into() }
        else { format!("known: {known}{}", nearest::hint(&name.to_string(), known.split(", "))) }
    )]
    Missing {
        /// The name.
        name: BaselineName,
        /// The folder.
        folder: PathBuf,
        /// The names that there are.
        known: String,
    },
    /// The system does not let it be read.
    #[error("{}: cannot be read: {error}", path.display())]
    Unreadable {
        /// The file or folder.
        path: PathBuf,
        /// What the system says.
        error: io::Error,
    },
    /// It is no baseline, or not what was saved.
    #[error("{}: {refused}{}", path.display(), refused.remedy(AGAIN))]
    Refused {
        /// The file.
        path: PathBuf,
        /// Why.
        refused: Refused,
    },
    /// The file holds something else, which is not written over.
    #[error("{}: exists and is no baseline; choose another name, or remove it", .0.display())]
    Foreign(PathBuf),
    /// It cannot be written. What was there before is still there.
    #[error("{}: cannot be written: {error}", path.display())]
    Unwritable {
        /// The file or folder.
        path: PathBuf,
        /// What the system says.
        error: io::Error,
    },
}

/// As much of a baseline as tells it from other JSON.
#[derive(Deserialize)]
struct Marked {
    schema: String,
}

impl Folder {
    /// The folder of the place where nanogate is called.
    #[must_use]
    pub fn here() -> Self {
        Self::at(PLACE)
    }

    /// A folder anywhere.
    #[must_use]
    pub fn at(path: impl Into<PathBuf>) -> Self {
        Self { path: path.into() }
    }

    /// Its path.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Where a baseline lies, if there is one of this name.
    #[must_use]
    pub fn path_of(&self, name: &BaselineName) -> PathBuf {
        self.path.join(format!("{name}.{ENDING}"))
    }

    /// Checks that a baseline can be saved, before anything is measured, and whether there is one.
    pub fn check(&self, name: &BaselineName) -> Result<Saved, FolderError> {
        fs::create_dir_all(&self.path)
            .and_then(|()| store::temporary(&self.path_of(name)))
            .map_err(|error| FolderError::Unwritable { path: self.path.clone(), error })?;
        let path = self.path_of(name);
        match fs::symlink_metadata(&path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(Saved::New),
            Ok(found) if found.is_file() && is_baseline(&path) => Ok(Saved::Replaced),
            _ => Err(FolderError::Foreign(path)),
        }
    }

    /// Saves a baseline under a name, in place of one that is there.
    pub fn save(&self, name: &BaselineName, baseline: &Baseline) -> Result<Saved, FolderError> {
        let saved = self.check(name)?;
        let path = self.path_of(name);
        match store::replace(&path, baseline) {
            Ok(()) => Ok(saved),
            Err(error) => Err(FolderError::Unwritable { path, error }),
        }
    }

    /// The baseline of a name, if it is what was saved.
    pub fn load(&self, name: &BaselineName) -> Result<Baseline, FolderError> {
        let path = self.path_of(name);
        let text = match fs::read_to_string(&path) {
            Ok(text) => text,
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                let names = self.names().unwrap_or_default();
                let known: Vec<String> = names.iter().map(ToString::to_string).collect();
                let (name, folder) = (name.clone(), self.path.clone());
                return Err(FolderError::Missing { name, folder, known: known.join(", ") });
            }
            Err(error) => return Err(FolderError::Unreadable { path, error }),
        };
        Baseline::open(&text).map_err(|refused| FolderError::Refused { path, refused })
    }

    /// The names in the folder, sorted. Of a folder that is not there, none.
    pub fn names(&self) -> Result<Vec<BaselineName>, FolderError> {
        let unreadable = |error| FolderError::Unreadable { path: self.path.clone(), error };
        let entries = match fs::read_dir(&self.path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
            entries => entries.map_err(unreadable)?,
        };
        let mut names = Vec::new();
        for entry in entries {
            let path = entry.map_err(unreadable)?.path();
            let stem = path.file_stem().and_then(|stem| stem.to_str()).unwrap_or_default();
            if path.extension().is_some_and(|ending| ending == ENDING) {
                names.extend(BaselineName::parse(stem));
            }
        }
        names.sort();
        Ok(names)
    }
}

/// Whether a file is a baseline of any version.
fn is_baseline(path: &Path) -> bool {
    let text = fs::read_to_string(path).unwrap_or_default();
    let marked: Option<Marked> = serde_json::from_str(&text).ok();
    marked.is_some_and(|marked| family(&marked.schema) == family(SCHEMA))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn name(text: &str) -> BaselineName {
        BaselineName::parse(text).unwrap()
    }

    /// A name that is not there is refused with the names that are; foreign files are left alone.
    #[test]
    fn folders_know_their_baselines() {
        let place = tempfile::tempdir().unwrap();
        let folder = Folder::at(place.path().join("baselines"));
        assert_eq!(folder.names().unwrap(), []);
        assert!(folder.load(&name("a")).unwrap_err().to_string().contains("--save-baseline"));
        assert_eq!(folder.check(&name("a")).unwrap(), Saved::New);
        fs::write(folder.path_of(&name("b")), r#"{"schema": "nanogate.baseline/9"}"#).unwrap();
        fs::write(folder.path_of(&name("c")), "my thesis").unwrap();
        fs::write(folder.path().join("notes.txt"), "").unwrap();
        assert_eq!(folder.names().unwrap(), [name("b"), name("c")]);
        assert!(folder.load(&name("a")).unwrap_err().to_string().contains("known: b, c"));
        assert_eq!(folder.check(&name("b")).unwrap(), Saved::Replaced, "of any version");
        assert!(matches!(folder.check(&name("c")), Err(FolderError::Foreign(_))));
        fs::create_dir(folder.path_of(&name("d"))).unwrap();
        assert!(matches!(folder.check(&name("d")), Err(FolderError::Foreign(_))));
    }
}
