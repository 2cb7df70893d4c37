//! The store in a directory of the file system.
//!
//! `DIR/v1/KEY.nvm` are entries, `KEY.lock` locks of those who make one, `.new-*` files that are being written. All of them are
//! harmless when their owner is killed: locks are the kernel's (`flock`) and go with the process, unfinished files have no
//! entry's name and are swept away once nobody holds their lock. Reading writes nothing, so that a cache may be read-only.

use crate::entry::{self, Tail};
use crate::key::{Difference, Key};
use crate::{CacheError, Entry, Store, directory, files};
use std::fs::{self, File, TryLockError};
use std::hash::{BuildHasher, Hasher, RandomState};
use std::io;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant, SystemTime};

/// The directory within the cache's; another layout will have another.
const LAYOUT: &str = "v1";
const SUFFIX: &str = ".nvm";
const LOCK_SUFFIX: &str = ".lock";
const UNFINISHED: &str = ".new-";
/// Locked by whoever prunes. Stays.
const PRUNING: &str = ".pruning";

/// A hit is noted when the last one was longer ago: so seldom that it costs nothing, so often that the least recently used go first.
const NOTED_AFTER: Duration = Duration::from_secs(600);

/// How often a lock that somebody else has is tried.
const POLL: Duration = Duration::from_millis(10);

/// An entry, for people.
#[derive(Clone, Debug)]
pub struct Info {
    /// 64 hexadecimal digits.
    pub name: String,
    /// Bytes of the file.
    pub size: u64,
    /// When it was last used, within ten minutes; when it was made, on a cache that is read-only.
    pub used: SystemTime,
    /// What it was made of, or what is wrong with the file.
    pub key: Result<Key, String>,
}

/// What was removed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Pruned {
    /// Entries.
    pub entries: usize,
    /// Their bytes, and those of files left behind.
    pub bytes: u64,
    /// Files of processes that were killed.
    pub leftovers: usize,
}

/// The right to make an artifact, until it is dropped.
#[derive(Debug)]
pub struct Lock {
    file: File,
    path: PathBuf,
}

impl Drop for Lock {
    fn drop(&mut self) {
        // While it is locked: nobody else can have it then. Whoever opened it before sees that it is gone and tries again.
        let _ = files::remove(&self.path);
        let _ = self.file.unlock();
    }
}

/// See the module.
#[derive(Debug)]
pub struct FileStore {
    directory: PathBuf,
    max_bytes: Option<u64>,
}

impl FileStore {
    /// The cache in this directory, which is made if it does not exist. `max_bytes` is what all entries may have together.
    ///
    /// # Errors
    /// [`CacheError::Refused`] for one that others can write to.
    pub fn open(directory: &Path, max_bytes: Option<u64>) -> Result<Self, CacheError> {
        let mut store = Self { directory: directory.join(LAYOUT), max_bytes };
        // One that cannot be looked at is there: not to be made.
        let missing = fs::metadata(&store.directory).is_err_and(|e| e.kind() == io::ErrorKind::NotFound);
        if missing {
            files::make_directory(&store.directory).map_err(|e| store.failed("make", &store.directory, e))?;
        }
        store.directory = directory::check(&store.directory)?;
        Ok(store)
    }

    /// As [`Self::open`], for a cache that is there: nothing is made.
    ///
    /// # Errors
    /// As [`Self::open`], and when there is none.
    pub fn open_existing(directory: &Path, max_bytes: Option<u64>) -> Result<Self, CacheError> {
        let checked = directory::check(&directory.join(LAYOUT))?;
        Ok(Self { directory: checked, max_bytes })
    }

    /// Where the entries are.
    pub fn directory(&self) -> &Path {
        &self.directory
    }

    fn failed(&self, what: &'static str, path: &Path, source: io::Error) -> CacheError {
        CacheError::Io { what, path: path.to_owned(), source }
    }

    fn entry_path(&self, key: &Key) -> PathBuf {
        self.directory.join(format!("{}{SUFFIX}", key.name()))
    }

    /// All entries, the least recently used first. Files that are none are among them, with what is wrong with them.
    ///
    /// # Errors
    /// When the directory cannot be read.
    pub fn list(&self) -> Result<Vec<Info>, CacheError> {
        let mut all: Vec<Info> = self
            .names()?
            .into_iter()
            .filter_map(|file| {
                let name = file.strip_suffix(SUFFIX)?.to_owned();
                let path = self.directory.join(&file);
                // Gone meanwhile: no entry.
                let meta = fs::symlink_metadata(&path).ok()?;
                let used = meta.modified().unwrap_or(SystemTime::UNIX_EPOCH);
                let key = match self.read(&path) {
                    Ok(None) => return None,
                    Ok(Some((_, tail))) if tail.key.name() == name => Ok(tail.key),
                    Ok(Some(_)) => Err("it has another entry's name".to_owned()),
                    Err(e) => Err(e.to_string()),
                };
                Some(Info { name, size: meta.len(), used, key })
            })
            .collect();
        all.sort_by(|a, b| a.used.cmp(&b.used).then_with(|| a.name.cmp(&b.name)));
        Ok(all)
    }

    fn names(&self) -> Result<Vec<String>, CacheError> {
        let failed = |e| self.failed("read", &self.directory, e);
        let mut names = Vec::new();
        for found in fs::read_dir(&self.directory).map_err(failed)? {
            if let Ok(name) = found.map_err(failed)?.file_name().into_string() {
                names.push(name);
            }
        }
        Ok(names)
    }

    /// Reads all of every entry. What is wrong, with the names of the entries.
    ///
    /// # Errors
    /// When the directory cannot be read.
    pub fn verify(&self) -> Result<Vec<(Info, Option<String>)>, CacheError> {
        let all = self.list()?.into_iter().map(|info| {
            let problem = match &info.key {
                Err(problem) => Some(problem.clone()),
                Ok(_) => match self.read(&self.directory.join(format!("{}{SUFFIX}", info.name))) {
                    Ok(Some((file, tail))) => tail.verify(&file).err().map(|e| e.to_string()),
                    Ok(None) => None,
                    Err(e) => Some(e.to_string()),
                },
            };
            (info, problem)
        });
        Ok(all.collect())
    }

    /// Opens an entry's file and reads its end. `None` when there is none.
    fn read(&self, path: &Path) -> io::Result<Option<(File, Tail)>> {
        let file = match files::open(path) {
            Ok(file) => file,
            Err(e) if e.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(e) => return Err(e),
        };
        let meta = file.metadata()?;
        let me = rustix::process::geteuid().as_raw();
        if !meta.is_file() || (meta.uid() != me && meta.uid() != 0) || meta.mode() & 0o022 != 0 {
            return Err(io::Error::new(
                io::ErrorKind::InvalidData,
                "it is no file that only its owner can write to",
            ));
        }
        let tail = Tail::read(&file, meta.len())?;
        Ok(Some((file, tail)))
    }

    /// Removes entries by name.
    ///
    /// # Errors
    /// The first that cannot be removed.
    pub fn remove(&self, name: &str) -> Result<(), CacheError> {
        let path = self.directory.join(format!("{name}{SUFFIX}"));
        files::remove(&path).map_err(|e| self.failed("remove", &path, e))
    }

    /// Removes what killed processes left behind, damaged entries, entries that were not used for `unused`, and then the least
    /// recently used ones until no more than `max_bytes` are left.
    ///
    /// # Errors
    /// When something cannot be read or removed.
    pub fn prune(&self, max_bytes: Option<u64>, unused: Option<Duration>) -> Result<Pruned, CacheError> {
        let mut pruned = self.sweep()?;
        // One at a time, so that two do not remove twice as much. Nobody waits for it: whoever has it does the same. A file that only its
        // owner can open: anybody who can read the cache could lock the directory.
        let path = self.directory.join(PRUNING);
        let pruning = files::open_lock(&path).map_err(|e| self.failed("lock", &path, e))?;
        match pruning.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => return Ok(pruned),
            Err(TryLockError::Error(e)) => return Err(self.failed("lock", &path, e)),
        }
        let now = SystemTime::now();
        let all = self.list()?;
        let mut total: u64 = all.iter().map(|i| i.size).sum();
        for info in &all {
            let age = now.duration_since(info.used).unwrap_or_default();
            let over = max_bytes.is_some_and(|max| total > max);
            if info.key.is_err() || over || unused.is_some_and(|limit| age > limit) {
                self.remove(&info.name)?;
                total = total.saturating_sub(info.size);
                pruned.entries += 1;
                pruned.bytes += info.size;
            }
        }
        Ok(pruned)
    }

    /// Removes files that nobody is writing.
    fn sweep(&self) -> Result<Pruned, CacheError> {
        let mut pruned = Pruned::default();
        for name in self.names()? {
            let lock = name.ends_with(LOCK_SUFFIX);
            if !lock && !name.starts_with(UNFINISHED) {
                continue;
            }
            let path = self.directory.join(&name);
            let Ok(file) = files::open(&path) else { continue };
            // Its owner holds the lock as long as it lives. A file without a lock may be a moment old, though.
            let size = file.metadata().map_or(0, |m| m.len());
            let young = file.metadata().and_then(|m| m.modified()).is_ok_and(|made| {
                SystemTime::now().duration_since(made).is_ok_and(|age| age < Duration::from_secs(1))
            });
            if !young && file.try_lock().is_ok() && is_at(&file, &path) {
                files::remove(&path).map_err(|e| self.failed("remove", &path, e))?;
                pruned.leftovers += 1;
                pruned.bytes += size;
            }
        }
        Ok(pruned)
    }

    /// Removes everything that nobody is making at the moment.
    ///
    /// # Errors
    /// When something cannot be read or removed.
    pub fn clear(&self) -> Result<Pruned, CacheError> {
        let mut pruned = self.sweep()?;
        for info in self.list()? {
            self.remove(&info.name)?;
            pruned.entries += 1;
            pruned.bytes += info.size;
        }
        Ok(pruned)
    }

    /// Writes the file of an entry, without its name.
    fn write(&self, key: &Key, artifact: &[u8]) -> Result<(PathBuf, File), CacheError> {
        // Numbers of processes are no names: containers that share a cache have the same ones.
        let random = RandomState::new().build_hasher().finish();
        let path = self.directory.join(format!("{UNFINISHED}{}-{random:016x}", std::process::id()));
        let file = files::create_new(&path).map_err(|e| self.failed("write", &path, e))?;
        let written = file
            .lock()
            .and_then(|()| files::write(&file, artifact))
            .and_then(|()| files::write(&file, &entry::tail(key, artifact)))
            .and_then(|()| files::finish(&file));
        match written {
            Ok(()) => Ok((path, file)),
            Err(e) => {
                let _ = files::remove(&path);
                Err(self.failed("write", &path, e))
            }
        }
    }
}

/// Whether a file that is open is still the one of this name.
fn is_at(file: &File, path: &Path) -> bool {
    let same =
        |m: fs::Metadata| file.metadata().is_ok_and(|ours| (ours.dev(), ours.ino()) == (m.dev(), m.ino()));
    fs::symlink_metadata(path).is_ok_and(same)
}

impl Store for FileStore {
    fn get(&self, key: &Key) -> Result<Option<Entry>, CacheError> {
        let path = self.entry_path(key);
        let (file, tail) = match self.read(&path) {
            Ok(Some(found)) => found,
            Ok(None) => return Ok(None),
            // Damaged: none. `verify` says what is wrong with it, and a new one takes its place.
            Err(e) if e.kind() == io::ErrorKind::InvalidData => return Ok(None),
            Err(e) => return Err(self.failed("read", &path, e)),
        };
        // The name is a hash; what counts is what it was made of.
        if tail.key != *key {
            return Ok(None);
        }
        let now = SystemTime::now();
        let noted = file.metadata().and_then(|m| m.modified()).unwrap_or(now);
        if now.duration_since(noted).is_ok_and(|age| age > NOTED_AFTER) {
            // Not on a read-only cache, and only for the owner: then the time is that of making.
            let _ = file.set_modified(now);
        }
        Ok(Some(Entry { file, len: tail.len }))
    }

    fn put(&self, key: &Key, artifact: &[u8]) -> Result<(), CacheError> {
        let size = (artifact.len() + entry::tail(key, &[]).len()) as u64;
        if let Some(limit) = self.max_bytes
            && size > limit
        {
            return Err(CacheError::TooLarge { size, limit });
        }
        let to = self.entry_path(key);
        let (from, file) = self.write(key, artifact)?;
        if let Err(e) = files::publish(&from, &to) {
            let _ = files::remove(&from);
            return Err(self.failed("write", &to, e));
        }
        drop(file);
        // The entry is there, whatever becomes of this.
        let _ = files::sync_directory(&self.directory);
        if self.max_bytes.is_some() {
            self.prune(self.max_bytes, None)?;
        }
        Ok(())
    }

    fn lock(&self, key: &Key, timeout: Duration) -> Result<Lock, CacheError> {
        let name = key.name();
        let path = self.directory.join(format!("{name}{LOCK_SUFFIX}"));
        let start = Instant::now();
        loop {
            let file = files::open_lock(&path).map_err(|e| self.failed("lock", &path, e))?;
            match file.try_lock() {
                Ok(()) => {
                    // Whoever had it before may have removed it between our opening and locking it.
                    if is_at(&file, &path) {
                        return Ok(Lock { file, path });
                    }
                    continue;
                }
                Err(TryLockError::WouldBlock) => {}
                Err(TryLockError::Error(e)) => return Err(self.failed("lock", &path, e)),
            }
            let waited = start.elapsed();
            if waited >= timeout {
                return Err(CacheError::Locked { key: name, path, waited });
            }
            std::thread::sleep(POLL.min(timeout - waited));
        }
    }

    fn nearest(&self, key: &Key) -> Result<Option<Vec<Difference>>, CacheError> {
        let module = key.field("module");
        let all = self.list()?;
        let others =
            all.iter().filter_map(|info| info.key.as_ref().ok()).filter(|k| k.field("module") == module);
        Ok(others.map(|found| key.differences(found)).filter(|d| !d.is_empty()).min_by_key(Vec::len))
    }
}
