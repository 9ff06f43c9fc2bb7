//! What a run said, with the time at which it said it. Several processes write to one file.

use std::{
    fs::File,
    io::{self, Write as _},
    path::Path,
    time::{SystemTime, UNIX_EPOCH},
};

use super::LOG;
use crate::calendar::{Date, time_of_day};

/// The log of a bundle, or of none.
#[derive(Debug, Default)]
pub struct Log(Option<File>);

impl Log {
    /// The log of the bundle in this folder, to which more is added.
    pub fn open(folder: &Path) -> io::Result<Self> {
        let file = File::options().create(true).append(true).open(folder.join(LOG))?;
        Ok(Self(Some(file)))
    }

    /// Adds what is said. That it cannot be is no reason to stop measuring: a disk that is full
    /// shows where the record is written.
    pub fn say(&self, what: &str) {
        if let Some(mut file) = self.0.as_ref() {
            let _ = file.write_all(line(SystemTime::now(), what).as_bytes());
        }
    }
}

/// Written at once, so that lines of several processes do not mix.
fn line(at: SystemTime, what: &str) -> String {
    let since = at.duration_since(UNIX_EPOCH).unwrap_or_default();
    let unix_s = since.as_secs() as i64;
    let (hour, minute, second) = time_of_day(unix_s);
    let (date, millis) = (Date::of_unix(unix_s), since.subsec_millis());
    let what = what.replace('\n', " ");
    format!("{date}T{hour:02}:{minute:02}:{second:02}.{millis:03}Z {what}\n")
}

#[cfg(test)]
mod tests {
    use std::{fs, time::Duration};

    use super::*;

    /// A line has the time in UTC and is one line; what is added later comes after it.
    #[test]
    fn lines_have_their_time() {
        let at = UNIX_EPOCH + Duration::from_millis(1_700_000_000_042);
        assert_eq!(line(at, "one\ntwo"), "2023-11-14T22:13:20.042Z one two\n");
        let folder = tempfile::tempdir().unwrap();
        for what in ["first", "second"] {
            Log::open(folder.path()).unwrap().say(what);
        }
        Log::default().say("nowhere");
        let text = fs::read_to_string(folder.path().join(LOG)).unwrap();
        let said: Vec<&str> = text.lines().filter_map(|line| line.split(' ').nth(1)).collect();
        assert_eq!(said, ["first", "second"]);
    }
}
