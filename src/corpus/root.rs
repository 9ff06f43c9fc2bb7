//! Paths below a directory that stands for `/`, such as an unpacked image.

use std::{
    ffi::OsString,
    fs, io,
    path::{Component, Path, PathBuf},
};

/// Symbolic links that one path may go through, as in Linux.
const LINKS_MAX: usize = 40;

/// Follows the symbolic links in `path` as if `root` were `/`. A path outside `root` is taken to
/// be below it.
pub fn resolve(root: &Path, path: &Path) -> io::Result<PathBuf> {
    let inside = path.strip_prefix(root).unwrap_or(path);
    let mut pending: Vec<OsString> = parts_reversed(inside);
    let mut out = root.to_owned();
    let mut depth = 0;
    let mut links = 0;
    while let Some(part) = pending.pop() {
        if part == ".." {
            if depth > 0 {
                out.pop();
                depth -= 1;
            }
            continue;
        }
        out.push(&part);
        depth += 1;
        let Ok(target) = fs::read_link(&out) else { continue };
        links += 1;
        if links > LINKS_MAX {
            return Err(io::Error::other("too many symbolic links"));
        }
        out.pop();
        depth -= 1;
        if target.is_absolute() {
            root.clone_into(&mut out);
            depth = 0;
        }
        pending.extend(parts_reversed(&target));
    }
    fs::symlink_metadata(&out)?;
    Ok(out)
}

fn parts_reversed(path: &Path) -> Vec<OsString> {
    let part = |component: Component<'_>| match component {
        Component::Normal(part) => Some(part.to_owned()),
        Component::ParentDir => Some("..".into()),
        _ => None,
    };
    path.components().rev().filter_map(part).collect()
}

#[cfg(test)]
#[cfg(unix)]
mod tests {
    use std::os::unix::fs::symlink;

    use super::*;

    /// Links are followed as if the tree were the whole machine, and never out of it.
    #[test]
    fn links_stay_inside_the_root() {
        let dir = tempfile::tempdir().unwrap();
        let root = dir.path();
        fs::create_dir_all(root.join("usr/bin")).unwrap();
        fs::create_dir(root.join("etc")).unwrap();
        fs::write(root.join("usr/bin/cat"), "").unwrap();
        symlink("/usr/bin", root.join("bin")).unwrap();
        symlink("../bin/cat", root.join("etc/alias")).unwrap();
        symlink("../../../../../../etc", root.join("usr/up")).unwrap();
        symlink("loop", root.join("loop")).unwrap();
        let resolved = |path: &str| resolve(root, &root.join(path)).map_err(|error| error.kind());
        assert_eq!(resolved("bin/cat"), Ok(root.join("usr/bin/cat")));
        assert_eq!(resolved("etc/alias"), Ok(root.join("usr/bin/cat")));
        assert_eq!(resolved("usr/up"), Ok(root.join("etc")));
        assert_eq!(resolved("none"), Err(io::ErrorKind::NotFound));
        assert_eq!(resolved("loop"), Err(io::ErrorKind::Other));
    }
}
