//! Manual pages: where they are, how they are read, how large their text is.

use std::{
    collections::BTreeMap,
    fs::{self, File},
    io::{self, Read},
    path::{Path, PathBuf},
};

use flate2::read::MultiGzDecoder;

use super::{
    roff::{self, Rendered},
    root::resolve,
};

/// Bytes of one page's source that are read; what comes after is ignored.
const SOURCE_BYTES_MAX: u64 = 16 << 20;

/// Pages that may include each other in a row.
const INCLUDE_DEPTH_MAX: usize = 8;

/// Ends of file names of compressed pages that this program does not read.
const OTHER_COMPRESSIONS: [&str; 6] = [".bz2", ".xz", ".zst", ".lzma", ".lz", ".Z"];

/// The file of one manual page.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PageFile {
    /// What stands before the section in its file name.
    pub name: String,
    /// Its section with suffix, such as `1` or `1ssl`.
    pub section: String,
    /// Where it is.
    pub path: PathBuf,
}

/// Pages of sections 1 and 8 by name.
#[derive(Debug, Default)]
pub struct Pages {
    by_name: BTreeMap<String, PageFile>,
    /// Pages left out because of their compression.
    pub other_compressions: usize,
}

impl Pages {
    /// Finds the pages below `manual_dirs`, each with `man1` and `man8`. The first directory
    /// wins; within one, section 1 wins over 8 and both over those with a suffix.
    #[must_use]
    pub fn find(manual_dirs: &[PathBuf]) -> Self {
        let mut pages = Self::default();
        for dir in manual_dirs {
            let mut found: Vec<PageFile> = Vec::new();
            for section_dir in ["man1", "man8"] {
                for path in files_of(&dir.join(section_dir)) {
                    pages.sort_in(path, &mut found);
                }
            }
            found.sort_by_cached_key(|page| (page.section.len(), page.section.clone()));
            for page in found {
                pages.by_name.entry(page.name.clone()).or_insert(page);
            }
        }
        pages
    }

    fn sort_in(&mut self, path: PathBuf, found: &mut Vec<PageFile>) {
        let Some(file_name) = path.file_name().and_then(|name| name.to_str()) else { return };
        if OTHER_COMPRESSIONS.iter().any(|end| file_name.ends_with(end)) {
            self.other_compressions += 1;
        } else if let Some((name, section)) = name_and_section(file_name) {
            let (name, section) = (name.to_owned(), section.to_owned());
            found.push(PageFile { name, section, path });
        }
    }

    /// The page called `name`.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&PageFile> {
        self.by_name.get(name)
    }

    /// Every page, sorted by name.
    pub fn iter(&self) -> impl Iterator<Item = &PageFile> {
        self.by_name.values()
    }
}

/// Paths in a directory; none if it cannot be read.
fn files_of(dir: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(dir).into_iter().flatten();
    let mut paths: Vec<PathBuf> = entries.filter_map(|entry| Some(entry.ok()?.path())).collect();
    paths.sort();
    paths
}

/// `openssl-req.1ssl.gz` is the page `openssl-req` of section `1ssl`.
fn name_and_section(file_name: &str) -> Option<(&str, &str)> {
    let stem = file_name.strip_suffix(".gz").unwrap_or(file_name);
    let (name, section) = stem.rsplit_once('.')?;
    (!name.is_empty() && section.starts_with(['1', '8'])).then_some((name, section))
}

/// Reads and renders a page; links in it stay inside `root`.
pub fn render(path: &Path, root: &Path) -> io::Result<Rendered> {
    let source = source(path, root)?;
    let manual_dir = path.parent().and_then(Path::parent).unwrap_or(root);
    Ok(roff::render(&source, &|name| include(name, manual_dir, root, INCLUDE_DEPTH_MAX)))
}

/// The source of a page that `.so` names, its own links followed up to `depth`.
fn include(name: &str, manual_dir: &Path, root: &Path, depth: usize) -> Option<String> {
    let relative = Path::new(name);
    let plain = relative.components().all(|part| matches!(part, std::path::Component::Normal(_)));
    if !plain || depth == 0 {
        return None;
    }
    let beside = Path::new(&format!("{name}.gz")).to_owned();
    let read = |relative: &Path| source(&manual_dir.join(relative), root).ok();
    let text = read(relative).or_else(|| read(&beside))?;
    match text.trim().strip_prefix(".so ") {
        Some(next) if !next.contains('\n') => include(next.trim(), manual_dir, root, depth - 1),
        _ => Some(text),
    }
}

/// The source of a page, plain or gzip. Text that is no UTF-8 is taken as Latin-1.
fn source(path: &Path, root: &Path) -> io::Result<String> {
    let path = resolve(root, path)?;
    // Opening a pipe would wait for whoever writes to it.
    if !fs::metadata(&path)?.is_file() {
        return Err(io::Error::new(io::ErrorKind::InvalidInput, "not a regular file"));
    }
    let file = File::open(&path)?;
    let mut bytes = Vec::new();
    if path.extension().is_some_and(|extension| extension == "gz") {
        MultiGzDecoder::new(file).take(SOURCE_BYTES_MAX).read_to_end(&mut bytes)?;
    } else {
        file.take(SOURCE_BYTES_MAX).read_to_end(&mut bytes)?;
    }
    Ok(String::from_utf8(bytes)
        .unwrap_or_else(|error| error.as_bytes().iter().map(|&byte| char::from(byte)).collect()))
}

/// A rendered text with each run of blanks made one, so that no terminal's width is in it.
#[must_use]
pub fn collapse(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for word in text.split_whitespace() {
        if !out.is_empty() {
            out.push(' ');
        }
        out += word;
    }
    out
}

/// Documentation bytes: the UTF-8 bytes of the rendered text, each run of blanks counted as one.
#[must_use]
pub fn documentation_bytes(text: &str) -> u64 {
    let (words, bytes) = text
        .split_whitespace()
        .fold((0, 0), |(words, bytes), word| (words + 1, bytes + word.len() as u64));
    bytes + u64::saturating_sub(words, 1)
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use super::*;

    /// Names of page files, with and without suffix and compression.
    #[test]
    fn file_names_of_pages() {
        assert_eq!(name_and_section("ls.1.gz"), Some(("ls", "1")));
        assert_eq!(name_and_section("openssl-req.1ssl"), Some(("openssl-req", "1ssl")));
        assert_eq!(name_and_section("mkfs.ext4.8.gz"), Some(("mkfs.ext4", "8")));
        assert_eq!(name_and_section("passwd.5.gz"), None);
        assert_eq!(name_and_section("README"), None);
    }

    /// Blanks count once however many there are, and not at the ends.
    #[test]
    fn blanks_count_once() {
        let text = " a  bé\n\n\tc ";
        assert_eq!(collapse(text), "a bé c");
        assert_eq!(documentation_bytes(text), collapse(text).len() as u64);
        assert_eq!(documentation_bytes(" \n"), 0);
    }

    /// Compressed pages, plain pages and links between them are read; a loop of links ends.
    #[test]
    fn pages_are_read_through_links() {
        let root = tempfile::tempdir().unwrap();
        let man1 = root.path().join("man1");
        fs::create_dir(&man1).unwrap();
        let gz = File::create(man1.join("real.1.gz")).unwrap();
        let mut gz = flate2::write::GzEncoder::new(gz, flate2::Compression::fast());
        gz.write_all(b".SH NAME\nreal \\- a caf\\['e]\n").unwrap();
        gz.finish().unwrap();
        fs::write(man1.join("link.1"), ".so man1/real.1\n").unwrap();
        fs::write(man1.join("loop.1"), ".so man1/loop.1\n").unwrap();
        fs::write(man1.join("latin.1"), b"caf\xE9\n").unwrap();
        let text = |name: &str| collapse(&render(&man1.join(name), root.path()).unwrap().text);
        assert_eq!(text("real.1.gz"), "NAME real - a café");
        assert_eq!(text("link.1"), "NAME real - a café");
        assert_eq!(text("loop.1"), "");
        assert_eq!(text("latin.1"), "café");
        assert_eq!(Pages::find(&[root.path().to_owned()]).iter().count(), 4);
    }
}
