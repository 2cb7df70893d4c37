//! Where the cache is, and whether it can be trusted.

use crate::CacheError;
use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

/// Where services keep it that have no home.
const SYSTEM: &str = "/var/cache/nullvm";

/// `NULLVM_CACHE_DIR`; else `nullvm` in `XDG_CACHE_HOME` or in `.cache` of `HOME`; else, for services without a home,
/// `/var/cache/nullvm`. Relative paths in the XDG variable do not count (XDG Base Directory Specification).
pub fn default_directory() -> PathBuf {
    let variable = |name: &str| std::env::var_os(name).filter(|v| !v.is_empty()).map(PathBuf::from);
    from_variables(variable)
}

fn from_variables(variable: impl Fn(&str) -> Option<PathBuf>) -> PathBuf {
    if let Some(named) = variable("NULLVM_CACHE_DIR") {
        return named;
    }
    let absolute = |path: &PathBuf| path.is_absolute();
    let xdg = variable("XDG_CACHE_HOME").filter(absolute);
    let home = || variable("HOME").filter(absolute).map(|home| home.join(".cache"));
    xdg.or_else(home).map_or_else(|| SYSTEM.into(), |base| base.join("nullvm"))
}

/// Refuses a directory that somebody else than its owner (this user or root) can change: itself, or by a directory above it. Above
/// it, directories with the sticky bit will do, whose entries only owners can rename: `/tmp`.
///
/// The path that was looked at, without links: what is used from then on.
pub(crate) fn check(cache: &Path) -> Result<PathBuf, CacheError> {
    let failed = |path: &Path, source| CacheError::Io { what: "look at", path: path.to_owned(), source };
    // Links are followed first: what counts is where it really is.
    let real = fs::canonicalize(cache).map_err(|e| failed(cache, e))?;
    let me = rustix::process::geteuid().as_raw();
    for (depth, at) in real.ancestors().enumerate() {
        let meta = fs::symlink_metadata(at).map_err(|e| failed(at, e))?;
        let refused = |problem: String, remedy: String| CacheError::Refused {
            cache: cache.to_owned(),
            at: at.to_owned(),
            problem,
            remedy,
        };
        let mode = meta.mode() & 0o7777;
        if meta.uid() != me && meta.uid() != 0 {
            return Err(refused(
                format!("belongs to user {}", meta.uid()),
                format!("`chown {me} {}`, or use another directory", at.display()),
            ));
        }
        let sticky = depth > 0 && mode & 0o1000 != 0;
        if mode & 0o022 != 0 && !sticky {
            return Err(refused(
                format!("can be written by others (mode {mode:o})"),
                format!("`chmod go-w {}`, or use another directory", at.display()),
            ));
        }
    }
    Ok(real)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_variable_that_is_set() {
        let of = |set: &[(&str, &str)]| {
            from_variables(|name| set.iter().find(|(n, _)| *n == name).map(|(_, v)| PathBuf::from(v)))
        };
        assert_eq!(of(&[]), Path::new("/var/cache/nullvm"));
        assert_eq!(of(&[("HOME", "/h")]), Path::new("/h/.cache/nullvm"));
        assert_eq!(of(&[("HOME", "/h"), ("XDG_CACHE_HOME", "/x")]), Path::new("/x/nullvm"));
        assert_eq!(of(&[("HOME", "/h"), ("XDG_CACHE_HOME", "x")]), Path::new("/h/.cache/nullvm"));
        assert_eq!(of(&[("HOME", "/h"), ("NULLVM_CACHE_DIR", "here")]), Path::new("here"));
    }
}
