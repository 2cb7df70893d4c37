//! The file operations of the store, each of them a point at which a process may be killed.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt, PermissionsExt};
use std::path::Path;

/// Tests end the process here, with the signal that nobody can catch.
#[inline]
pub(crate) fn point() {
    #[cfg(test)]
    crate::tests::kill_here();
}

/// Makes the directory of a cache's entries and the cache's own above it: written by this user, read by all, since a service may run as
/// another user than whoever fills its cache, and the code of plugins is no secret. The process's umask may say less. What is
/// missing above those two (`~/.cache`) is for this user alone, as the XDG Base Directory Specification wants it.
pub(crate) fn make_directory(path: &Path) -> io::Result<()> {
    let cache = path.parent().unwrap_or(path);
    if let Some(above) = cache.parent().filter(|p| !p.as_os_str().is_empty()) {
        point();
        fs::DirBuilder::new().recursive(true).mode(0o700).create(above)?;
    }
    for directory in [cache, path] {
        point();
        fs::DirBuilder::new().recursive(true).mode(0o755).create(directory)?;
    }
    Ok(())
}

/// A new file, nobody's but ours.
pub(crate) fn create_new(path: &Path) -> io::Result<File> {
    point();
    OpenOptions::new().write(true).create_new(true).mode(0o600).open(path)
}

/// A file to lock, made where there is none.
pub(crate) fn open_lock(path: &Path) -> io::Result<File> {
    point();
    let flags = rustix::fs::OFlags::NOFOLLOW.bits() as i32;
    OpenOptions::new().write(true).create(true).truncate(false).mode(0o600).custom_flags(flags).open(path)
}

/// A file to read; never a link.
pub(crate) fn open(path: &Path) -> io::Result<File> {
    let flags = rustix::fs::OFlags::NOFOLLOW.bits() as i32;
    OpenOptions::new().read(true).custom_flags(flags).open(path)
}

/// Writes in pieces, so that there are points between them.
pub(crate) fn write(mut file: &File, bytes: &[u8]) -> io::Result<()> {
    for piece in bytes.chunks(1 << 20) {
        point();
        file.write_all(piece)?;
    }
    Ok(())
}

/// Nobody writes to it any more, and it is on the disk.
pub(crate) fn finish(file: &File) -> io::Result<()> {
    point();
    file.set_permissions(fs::Permissions::from_mode(0o444))?;
    point();
    file.sync_all()
}

/// Gives the file its name, in place of whatever has it.
pub(crate) fn publish(from: &Path, to: &Path) -> io::Result<()> {
    point();
    fs::rename(from, to)
}

/// Names in a directory are on the disk.
pub(crate) fn sync_directory(path: &Path) -> io::Result<()> {
    point();
    File::open(path)?.sync_all()
}

/// Removes a file; one that is gone is removed.
pub(crate) fn remove(path: &Path) -> io::Result<()> {
    point();
    match fs::remove_file(path) {
        Err(e) if e.kind() == io::ErrorKind::NotFound => Ok(()),
        other => other,
    }
}
