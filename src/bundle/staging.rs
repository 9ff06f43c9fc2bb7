//! Writing a bundle: it is made in a folder beside its place, and appears there at once and whole.

use std::{
    fs::{self, File},
    io,
    path::{Path, PathBuf},
};

use tempfile::TempDir;
use thiserror::Error;

use super::{MANIFEST, READINGS, manifest::Manifest};
use crate::report::record::Tool;

/// Why there is no bundle.
#[derive(Debug, Error)]
pub enum StagingError {
    /// There is something in its place.
    #[error("--bundle {}: {what}; name another folder", path.display())]
    Taken {
        /// The bundle's place.
        path: PathBuf,
        /// What is there.
        what: &'static str,
    },
    /// Its place cannot be written to.
    #[error("--bundle {}: cannot write there: {error}", path.display())]
    Unwritable {
        /// The bundle's place.
        path: PathBuf,
        /// What the system says.
        error: io::Error,
    },
    /// It could not be put in its place at the end.
    #[error(
        "--bundle {}: cannot be completed: {error}; what there is of it is in {}",
        path.display(), kept.display()
    )]
    Incomplete {
        /// The bundle's place.
        path: PathBuf,
        /// Where it was made.
        kept: PathBuf,
        /// What the system says.
        error: io::Error,
    },
}

/// A bundle that is being made. Unless it is finished, nothing of it stays.
#[derive(Debug)]
pub struct Staging {
    place: PathBuf,
    folder: TempDir,
}

impl Staging {
    /// Begins a bundle. Its place must be free: absent, or an empty folder.
    pub fn begin(place: &Path) -> Result<Self, StagingError> {
        let unwritable = |error| StagingError::Unwritable { path: place.to_owned(), error };
        check_free(place)?;
        let parent = parent(place);
        fs::create_dir_all(parent).map_err(unwritable)?;
        let mut builder = tempfile::Builder::new();
        // As for any new folder, the umask decides.
        #[cfg(unix)]
        builder.permissions(std::os::unix::fs::PermissionsExt::from_mode(0o777));
        let folder = builder.prefix(".nanogate-bundle.").tempdir_in(parent).map_err(unwritable)?;
        fs::create_dir(folder.path().join(READINGS)).map_err(unwritable)?;
        Ok(Self { place: place.to_owned(), folder })
    }

    /// Where the bundle will be.
    #[must_use]
    pub fn place(&self) -> &Path {
        &self.place
    }

    /// Where it is made.
    #[must_use]
    pub fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// Writes a file of it.
    pub fn put(&self, name: &str, bytes: &[u8]) -> Result<(), StagingError> {
        let written = fs::write(self.folder.path().join(name), bytes);
        written.map_err(|error| StagingError::Unwritable { path: self.place.clone(), error })
    }

    /// Writes the last files, lists all, and puts the bundle in its place. What there is of it
    /// stays where it is if that fails: it was measured.
    pub fn finish(
        self,
        last: &[(&str, Vec<u8>)],
        made_unix_s: u64,
    ) -> Result<PathBuf, StagingError> {
        let (place, kept) = (self.place, self.folder.keep());
        let mut written = last.iter().map(|(name, bytes)| fs::write(kept.join(name), bytes));
        let written = written.try_for_each(|written| written);
        match written.and_then(|()| complete(&kept, &place, made_unix_s)) {
            Ok(()) => Ok(place),
            Err(error) => Err(StagingError::Incomplete { path: place, kept, error }),
        }
    }

    /// Gives the bundle up, and leaves what there is of it where it is.
    #[must_use]
    pub fn keep(self) -> PathBuf {
        self.folder.keep()
    }
}

/// The folder that a path is in.
fn parent(place: &Path) -> &Path {
    match place.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent,
        _ => Path::new("."),
    }
}

fn check_free(place: &Path) -> Result<(), StagingError> {
    let taken = |what| Err(StagingError::Taken { path: place.to_owned(), what });
    if place.file_name().is_none() {
        return taken("has no name of its own");
    }
    match fs::symlink_metadata(place) {
        Err(_) => Ok(()),
        Ok(found) if !found.is_dir() => taken("exists and is no folder"),
        Ok(_) => match fs::read_dir(place).map(|mut entries| entries.next().is_none()) {
            Ok(true) => Ok(()),
            Ok(false) => taken("exists and is not empty"),
            Err(error) => Err(StagingError::Unwritable { path: place.to_owned(), error }),
        },
    }
}

/// All is on the disk before the name is: after a crash there is a whole bundle, or none.
fn complete(folder: &Path, place: &Path, made_unix_s: u64) -> io::Result<()> {
    let manifest = Manifest::of_folder(folder, Tool::current(), made_unix_s)?;
    let names: Vec<String> = manifest.files.iter().map(|file| file.name.clone()).collect();
    fs::write(folder.join(MANIFEST), manifest.seal()?)?;
    for name in names.iter().map(String::as_str).chain([MANIFEST]) {
        File::open(folder.join(name))?.sync_all()?;
    }
    sync_folder(&folder.join(READINGS))?;
    sync_folder(folder)?;
    if let Err(error) = fs::rename(folder, place) {
        // Not every system renames onto an empty folder; one that is not empty stays.
        fs::remove_dir(place).map_err(|_| error)?;
        fs::rename(folder, place)?;
    }
    sync_folder(parent(place))
}

/// Names are on the disk when their folder is.
#[cfg(unix)]
fn sync_folder(folder: &Path) -> io::Result<()> {
    File::open(folder)?.sync_all()
}

#[cfg(not(unix))]
fn sync_folder(_: &Path) -> io::Result<()> {
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A bundle appears at the end and whole, in place of nothing or of an empty folder; before
    /// that there is nothing in its place, and nothing stays of one that is given up.
    #[test]
    fn bundles_appear_whole() {
        let folder = tempfile::tempdir().unwrap();
        let place = folder.path().join("lab/one");
        drop(Staging::begin(&place).unwrap());
        assert_eq!(fs::read_dir(folder.path().join("lab")).unwrap().count(), 0);
        fs::create_dir(&place).unwrap();
        let staging = Staging::begin(&place).unwrap();
        staging.put("doctor.json", b"{}").unwrap();
        assert_eq!(fs::read_dir(&place).unwrap().count(), 0);
        assert_eq!(staging.finish(&[("record.json", b"{}".to_vec())], 7).unwrap(), place);
        let manifest = Manifest::open(&fs::read(place.join(MANIFEST)).unwrap()).unwrap();
        assert_eq!((manifest.made_unix_s, manifest.files.len()), (7, 2));
        assert_eq!(fs::read_dir(folder.path().join("lab")).unwrap().count(), 1);
    }

    /// A place that is taken is refused, before anything is measured and after.
    #[test]
    fn taken_places_are_refused() {
        let folder = tempfile::tempdir().unwrap();
        let place = folder.path().join("one");
        let staging = Staging::begin(&place).unwrap();
        fs::create_dir(&place).unwrap();
        fs::write(place.join("thesis"), "mine").unwrap();
        assert!(matches!(Staging::begin(&place), Err(StagingError::Taken { .. })));
        let refused = staging.finish(&[], 7).unwrap_err();
        let StagingError::Incomplete { kept, .. } = &refused else { panic!("{refused}") };
        assert!(kept.join(MANIFEST).exists(), "what was measured is not thrown away");
        assert_eq!(fs::read_to_string(place.join("thesis")).unwrap(), "mine");
        let file = folder.path().join("file");
        fs::write(&file, "").unwrap();
        assert!(matches!(Staging::begin(Path::new(".")), Err(StagingError::Taken { .. })));
        assert!(matches!(Staging::begin(&file), Err(StagingError::Taken { .. })));
    }
}
