//! Files of a bundle, read with care: it may be anybody's.

use std::{
    fs::{self, File},
    io::{self, Read as _},
    path::Path,
};

use sha2::{Digest as _, Sha256};

/// Opens a plain file, and says how long it is. A link, a pipe or a device is none, and is not
/// opened: there might be no end to it.
pub fn open(path: &Path) -> io::Result<(File, u64)> {
    let found = fs::symlink_metadata(path)?;
    if found.is_file() {
        Ok((File::open(path)?, found.len()))
    } else {
        Err(io::Error::other("it is no plain file"))
    }
}

/// All that is in a file of `max` bytes at the most.
pub fn read(path: &Path, max: u64) -> io::Result<Vec<u8>> {
    let (file, bytes) = open(path)?;
    if bytes > max {
        return Err(io::Error::other(format!("it has {bytes} bytes, and {max} at the most")));
    }
    let mut all = Vec::new();
    file.take(max).read_to_end(&mut all)?;
    Ok(all)
}

/// Length and SHA-256 of a file, of which no more is held than a piece.
pub fn digest(path: &Path) -> io::Result<(u64, String)> {
    let (file, bytes) = open(path)?;
    let (mut rest, mut hasher, mut piece) = (file.take(bytes), Sha256::new(), [0; PIECE_BYTES]);
    let mut read = 0;
    loop {
        match rest.read(&mut piece)? {
            0 => return Ok((read, hex::encode(hasher.finalize()))),
            more => {
                hasher.update(&piece[..more]);
                read += more as u64;
            }
        }
    }
}

const PIECE_BYTES: usize = 1 << 14;

#[cfg(test)]
mod tests {
    use super::*;

    /// Files are read whole or refused, and what is no plain file is refused without waiting.
    #[test]
    fn only_plain_files_are_read() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("one");
        fs::write(&path, "abc").unwrap();
        assert_eq!(read(&path, 3).unwrap(), b"abc");
        assert!(read(&path, 2).unwrap_err().to_string().contains("3 bytes, and 2"));
        let digested = digest(&path).unwrap();
        assert_eq!(digested, (3, hex::encode(Sha256::digest(b"abc"))));
        assert!(open(folder.path()).is_err());
        #[cfg(unix)]
        {
            let link = folder.path().join("link");
            std::os::unix::fs::symlink("/dev/zero", &link).unwrap();
            assert!(read(&link, 3).unwrap_err().to_string().contains("no plain file"));
        }
    }
}
