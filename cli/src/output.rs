//! Writes a command's files: all of them or none.
//!
//! Each goes to a temporary file beside its destination, is flushed to the disk and then renamed, so that nobody sees half of
//! one. What a rename replaced comes back when a later one fails.

use crate::CliError;
use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

/// A file to write.
pub struct Output {
    /// Where to.
    pub path: PathBuf,
    /// What.
    pub bytes: Vec<u8>,
}

/// Finds out before the work what would stop [`write_all`] after it.
pub fn check(paths: &[PathBuf], input: Option<&Path>) -> Result<(), CliError> {
    for (i, path) in paths.iter().enumerate() {
        if paths[..i].contains(path) {
            return Err(CliError::SameOutput(path.clone()));
        }
        let failed = |source| CliError::Write { path: path.clone(), source };
        match fs::metadata(path) {
            Ok(meta) if meta.is_dir() => return Err(failed(io::ErrorKind::IsADirectory.into())),
            Ok(meta) => {
                let same = |m: fs::Metadata| m.is_file() && (m.dev(), m.ino()) == (meta.dev(), meta.ino());
                if input.is_some_and(|i| fs::metadata(i).is_ok_and(same)) {
                    return Err(CliError::OverwritesInput(path.clone()));
                }
            }
            Err(_) => {
                let parent = parent(path);
                let found =
                    fs::metadata(parent).map_err(|e| CliError::Write { path: path.clone(), source: e })?;
                if !found.is_dir() {
                    return Err(failed(io::ErrorKind::NotADirectory.into()));
                }
            }
        }
    }
    Ok(())
}

/// Writes all outputs.
///
/// # Errors
/// The first that failed; then none was written, and no temporary file is left.
pub fn write_all(outputs: &[Output]) -> Result<(), CliError> {
    let mut work = Vec::new();
    for output in outputs {
        let step =
            Pending::write(output).map_err(|source| CliError::Write { path: output.path.clone(), source })?;
        work.push(step);
    }
    for i in 0..work.len() {
        if let Err(source) = work[i].commit() {
            work[..i].iter_mut().rev().for_each(Pending::undo);
            return Err(CliError::Write { path: outputs[i].path.clone(), source });
        }
    }
    work.iter_mut().for_each(Pending::finish);
    Ok(())
}

fn parent(path: &Path) -> &Path {
    path.parent().filter(|p| !p.as_os_str().is_empty()).unwrap_or(Path::new("."))
}

/// An output on its way; what it left behind goes when it is dropped.
struct Pending {
    /// The destination, links followed.
    path: PathBuf,
    temporary: Option<PathBuf>,
    /// What stood there before.
    backup: Option<PathBuf>,
    committed: bool,
}

impl Pending {
    fn write(output: &Output) -> io::Result<Self> {
        let mut pending = Self { path: output.path.clone(), temporary: None, backup: None, committed: false };
        match fs::metadata(&output.path) {
            // A device or a pipe is written to; renaming would replace it.
            Ok(meta) if !meta.is_file() => {
                OpenOptions::new().write(true).open(&output.path)?.write_all(&output.bytes)?;
                return Ok(pending);
            }
            Ok(meta) => {
                if meta.permissions().readonly() {
                    return Err(io::ErrorKind::PermissionDenied.into());
                }
                pending.path = fs::canonicalize(&output.path)?;
            }
            Err(_) => {}
        }
        let (name, mut file) = create_beside(&pending.path)?;
        pending.temporary = Some(name);
        file.write_all(&output.bytes)?;
        file.sync_all()?;
        Ok(pending)
    }

    fn commit(&mut self) -> io::Result<()> {
        let Some(temporary) = &self.temporary else { return Ok(()) };
        if self.path.exists() {
            // A second name for the old file; where the file system has none, an overwritten file is not brought back.
            let backup = temporary.with_extension("old");
            if fs::hard_link(&self.path, &backup).is_ok() {
                self.backup = Some(backup);
            }
        }
        fs::rename(temporary, &self.path)?;
        self.temporary = None;
        self.committed = true;
        Ok(())
    }

    fn undo(&mut self) {
        if !self.committed {
            return;
        }
        let _ = match self.backup.take() {
            Some(backup) => fs::rename(backup, &self.path),
            None => fs::remove_file(&self.path),
        };
    }

    fn finish(&mut self) {
        // The rename itself, where the system lets us.
        if self.committed
            && let Ok(directory) = File::open(parent(&self.path))
        {
            let _ = directory.sync_all();
        }
    }
}

impl Drop for Pending {
    fn drop(&mut self) {
        for path in [&self.temporary, &self.backup].into_iter().flatten() {
            let _ = fs::remove_file(path);
        }
    }
}

fn create_beside(path: &Path) -> io::Result<(PathBuf, File)> {
    for attempt in 0..1000 {
        let name = parent(path).join(format!(".nullvmc-{}-{attempt}.tmp", std::process::id()));
        match OpenOptions::new().write(true).create_new(true).open(&name) {
            Ok(file) => return Ok((name, file)),
            Err(e) if e.kind() == io::ErrorKind::AlreadyExists => {}
            Err(e) => return Err(e),
        }
    }
    Err(io::ErrorKind::AlreadyExists.into())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn directory(name: &str) -> PathBuf {
        let path = std::env::temp_dir().join(format!("nullvmc-output-{}-{name}", std::process::id()));
        let _ = fs::remove_dir_all(&path);
        fs::create_dir_all(&path).unwrap();
        path
    }

    fn names(directory: &Path) -> Vec<String> {
        let mut names: Vec<_> =
            fs::read_dir(directory).unwrap().map(|e| e.unwrap().file_name().into_string().unwrap()).collect();
        names.sort();
        names
    }

    #[test]
    fn all_or_none() {
        let dir = directory("all");
        let output = |name: &str, text: &str| Output { path: dir.join(name), bytes: text.into() };
        fs::write(dir.join("a"), "old").unwrap();
        fs::create_dir(dir.join("d")).unwrap();
        // Renaming onto a directory fails, after `a` and `b` were renamed; it is not seen as a device.
        let mut bad = vec![output("a", "new"), output("b", "new"), output("d/x", "new")];
        bad[2].path = dir.join("missing/x");
        assert!(write_all(&bad).is_err());
        assert_eq!(names(&dir), ["a", "d"]);
        assert_eq!(fs::read(dir.join("a")).unwrap(), b"old");

        write_all(&[output("a", "new"), output("b", "new")]).unwrap();
        assert_eq!(names(&dir), ["a", "b", "d"]);
        assert_eq!(fs::read(dir.join("a")).unwrap(), b"new");
        fs::remove_dir_all(dir).unwrap();
    }

    #[test]
    fn a_failed_rename_brings_the_old_files_back() {
        let dir = directory("undo");
        fs::write(dir.join("a"), "old").unwrap();
        let output = |name: &str| Output { path: dir.join(name), bytes: b"new".to_vec() };
        let mut work: Vec<_> = ["a", "b"].iter().map(|n| Pending::write(&output(n)).unwrap()).collect();
        work.iter_mut().for_each(|p| p.commit().unwrap());
        work.iter_mut().rev().for_each(Pending::undo);
        drop(work);
        assert_eq!(names(&dir), ["a"]);
        assert_eq!(fs::read(dir.join("a")).unwrap(), b"old");
        fs::remove_dir_all(dir).unwrap();
    }

    #[test]
    fn links_are_followed_and_devices_written() {
        let dir = directory("links");
        fs::write(dir.join("real"), "old").unwrap();
        std::os::unix::fs::symlink("real", dir.join("link")).unwrap();
        write_all(&[Output { path: dir.join("link"), bytes: b"new".to_vec() }]).unwrap();
        assert!(fs::symlink_metadata(dir.join("link")).unwrap().is_symlink());
        assert_eq!(fs::read(dir.join("real")).unwrap(), b"new");
        write_all(&[Output { path: "/dev/null".into(), bytes: b"new".to_vec() }]).unwrap();
        assert!(!fs::metadata("/dev/null").unwrap().is_file());
        fs::remove_dir_all(dir).unwrap();
    }
}
