//! Help text of a command without a manual page, read from its file without running it.
//!
//! The rule: of the runs of at least four printable ASCII characters in the file, as strings(1)
//! finds them, those lines count that say `usage:` in any case or that start like an option,
//! `-x` or `--word`, after blanks. Their size is counted like that of a page, blanks as one.

use std::{
    fs::File,
    io::{self, Read},
    path::Path,
    sync::LazyLock,
};

use regex::bytes::Regex;

/// Bytes of a file that are looked at.
const FILE_BYTES_MAX: u64 = 64 << 20;

/// Bytes of help text that one command can have.
const HELP_BYTES_MAX: usize = 1 << 20;

/// Printable characters in a row that make a string.
const STRING_BYTES_MIN: usize = 4;

static HELP_LINE: LazyLock<Option<Regex>> =
    LazyLock::new(|| Regex::new(r"(?i-u)usage:|^[ \t]*--?[A-Za-z]").ok());

/// The lines of help text in an executable file, each ended by a line break.
pub fn text_of_file(path: &Path) -> io::Result<String> {
    let mut bytes = Vec::new();
    File::open(path)?.take(FILE_BYTES_MAX).read_to_end(&mut bytes)?;
    Ok(text_of(&bytes))
}

/// The lines of help text in `bytes`.
#[must_use]
pub fn text_of(bytes: &[u8]) -> String {
    let Some(help_line) = HELP_LINE.as_ref() else { return String::new() };
    let mut out = String::new();
    let printable = |byte: &u8| matches!(byte, b' '..=b'~' | b'\t');
    for line in bytes.split(|byte| !printable(byte)) {
        if line.len() >= STRING_BYTES_MIN && help_line.is_match(line) {
            out.push_str(&String::from_utf8_lossy(line));
            out.push('\n');
        }
        if out.len() > HELP_BYTES_MAX {
            break;
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Usage and option lines count; other strings and binary bytes do not.
    #[test]
    fn help_lines_are_found_in_binaries() {
        let file = b"\x7fELF\0\x01Usage: x [OPTION]\n  -a, --all  show all\nhello world\0--b\0-\0";
        assert_eq!(text_of(file), "Usage: x [OPTION]\n  -a, --all  show all\n");
        assert_eq!(text_of(b"\xff\0\x01"), "");
    }
}
