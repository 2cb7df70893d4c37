//! The store, whole and killed.

use crate::{CacheError, FileStore, Key, Store};
use std::os::unix::fs::PermissionsExt;
use std::os::unix::process::ExitStatusExt;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, SystemTime};

/// The operation at which the process is killed, counted from 1.
const KILL_AT: &str = "NULLVM_CACHE_TEST_KILL_AT";
const DIRECTORY: &str = "NULLVM_CACHE_TEST_DIRECTORY";

pub(crate) fn kill_here() {
    static COUNT: AtomicU64 = AtomicU64::new(0);
    let n = COUNT.fetch_add(1, Ordering::Relaxed) + 1;
    if std::env::var(KILL_AT).is_ok_and(|at| at.parse() == Ok(n)) {
        let _ = rustix::process::kill_process(rustix::process::getpid(), rustix::process::Signal::KILL);
    }
}

struct Dir(PathBuf);

impl Dir {
    fn new(name: &str) -> Self {
        let path = std::env::temp_dir().join(format!("nullvm-cache-{}-{name}", std::process::id()));
        let _ = std::fs::remove_dir_all(&path);
        std::fs::create_dir_all(&path).unwrap();
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o700)).unwrap();
        Self(path)
    }

    fn store(&self, max: Option<u64>) -> FileStore {
        FileStore::open(&self.0, max).unwrap()
    }

    fn files(&self) -> Vec<String> {
        let all = std::fs::read_dir(self.0.join("v1")).unwrap();
        let mut names: Vec<_> = all.map(|e| e.unwrap().file_name().into_string().unwrap()).collect();
        // Empty, and there once anybody pruned.
        names.retain(|name| name != ".pruning");
        names.sort();
        names
    }
}

impl Drop for Dir {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

fn key(module: u8, opt: &str) -> Key {
    Key::new(&[module; 32], [("compiler", "nullvmc 1.0.0".to_owned()), ("opt", opt.to_owned())])
}

/// More than one piece, and different for each seed.
fn artifact(seed: u8) -> Vec<u8> {
    (0..2_500_000_u32).map(|i| (i.wrapping_mul(2_654_435_761) >> 24) as u8 ^ seed).collect()
}

fn bytes(store: &impl Store, key: &Key) -> Option<Vec<u8>> {
    use std::os::unix::fs::FileExt;
    let entry = store.get(key).unwrap()?;
    let mut bytes = vec![0; entry.len as usize];
    entry.file.read_exact_at(&mut bytes, 0).unwrap();
    Some(bytes)
}

#[test]
fn what_was_put_is_found_by_exactly_what_it_was_made_of() {
    let dir = Dir::new("found");
    let store = dir.store(None);
    assert!(store.get(&key(1, "speed")).unwrap().is_none());
    assert_eq!(store.nearest(&key(1, "speed")).unwrap(), None);
    store.put(&key(1, "speed"), b"code").unwrap();
    assert_eq!(bytes(&store, &key(1, "speed")).as_deref(), Some(&b"code"[..]));
    assert!(store.get(&key(1, "none")).unwrap().is_none());
    let near = store.nearest(&key(1, "none")).unwrap().unwrap();
    assert_eq!(near.len(), 1);
    assert_eq!(near[0].to_string(), "opt is \"speed\" there and \"none\" here");
    assert_eq!(store.nearest(&key(2, "none")).unwrap(), None, "another module");
    // A name that lies: the fields are compared, not only their hash.
    let (from, to) = (key(1, "speed").name(), key(1, "none").name());
    let path = |name: &str| store.directory().join(format!("{name}.nvm"));
    std::fs::rename(path(&from), path(&to)).unwrap();
    assert!(store.get(&key(1, "none")).unwrap().is_none());
    assert!(store.verify().unwrap()[0].1.as_ref().unwrap().contains("another entry's name"));
    // Replacing leaves those alone who have the old one open.
    store.put(&key(3, "speed"), b"old").unwrap();
    let old = store.get(&key(3, "speed")).unwrap().unwrap();
    store.put(&key(3, "speed"), b"new!").unwrap();
    assert_eq!(bytes(&store, &key(3, "speed")).as_deref(), Some(&b"new!"[..]));
    use std::os::unix::fs::FileExt;
    let mut bytes = [0; 3];
    old.file.read_exact_at(&mut bytes, 0).unwrap();
    assert_eq!(&bytes, b"old");
}

#[test]
fn keys_do_not_run_into_each_other() {
    let of = |fields: &[(&'static str, &str)]| {
        Key::new(&[0; 32], fields.iter().map(|(n, v)| (*n, (*v).to_owned())))
    };
    let all =
        [of(&[("ab", "c")]), of(&[("a", "bc")]), of(&[("ab", ""), ("c", "")]), of(&[]), of(&[("", "abc")])];
    for (i, one) in all.iter().enumerate() {
        assert!(all[..i].iter().all(|other| other.name() != one.name()), "{i}");
    }
}

#[test]
fn damage_is_no_entry() {
    let dir = Dir::new("damage");
    let store = dir.store(None);
    store.put(&key(1, "a"), &artifact(1)[..70_000]).unwrap();
    let path = store.directory().join(format!("{}.nvm", key(1, "a").name()));
    let good = std::fs::read(&path).unwrap();
    let write = |bytes: &[u8]| {
        let _ = std::fs::remove_file(&path);
        std::fs::write(&path, bytes).unwrap();
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o444)).unwrap();
    };
    // Its end, byte by byte and cut off anywhere: no panic, never the entry of somebody else.
    for at in 70_000..good.len() {
        let mut bad = good.clone();
        bad[at] ^= 0x41;
        write(&bad);
        // The key in it may be whole: then it is this one.
        if let Some(found) = store.get(&key(1, "a")).unwrap() {
            assert!(found.len <= bad.len() as u64, "byte {at}");
        }
        assert!(store.verify().unwrap()[0].1.is_some(), "byte {at}");
        write(&good[..at]);
        assert!(store.get(&key(1, "a")).unwrap().is_none(), "{at} bytes");
    }
    // Within the artifact: the loader's hash finds it, and so does `verify`.
    let mut bad = good.clone();
    bad[35_000] ^= 1;
    write(&bad);
    assert_eq!(store.verify().unwrap()[0].1.as_deref(), Some("its hash does not match"));
    write(b"");
    assert_eq!(store.prune(None, None).unwrap().entries, 1);
    assert_eq!(dir.files().len(), 0);
    // Neither links nor files that others can write to.
    write(&good);
    assert!(store.get(&key(1, "a")).unwrap().is_some());
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o666)).unwrap();
    assert!(store.get(&key(1, "a")).unwrap().is_none());
    std::fs::rename(&path, dir.0.join("elsewhere")).unwrap();
    std::os::unix::fs::symlink(dir.0.join("elsewhere"), &path).unwrap();
    assert!(store.get(&key(1, "a")).is_err());
}

#[test]
fn directories_that_others_can_write_to_are_refused() {
    let dir = Dir::new("refused");
    drop(dir.store(None));
    let mode =
        |path: &Path, mode| std::fs::set_permissions(path, std::fs::Permissions::from_mode(mode)).unwrap();
    for (path, bits) in [(dir.0.join("v1"), 0o777), (dir.0.join("v1"), 0o770), (dir.0.clone(), 0o772)] {
        mode(&path, bits);
        let error = FileStore::open(&dir.0, None).unwrap_err();
        assert!(matches!(error, CacheError::Refused { .. }), "{error}");
        let text = error.to_string();
        assert!(text.contains(&format!("mode {bits:o}")) && text.contains("chmod go-w"), "{text}");
        mode(&path, 0o700);
    }
    // Sticky will do above, not for the cache itself.
    mode(&dir.0, 0o1777);
    drop(dir.store(None));
    mode(&dir.0.join("v1"), 0o1777);
    assert!(FileStore::open(&dir.0, None).is_err());
    mode(&dir.0.join("v1"), 0o700);
    assert!(FileStore::open_existing(&dir.0.join("none"), None).is_err());
    // What is made, others can read: services run as other users than whoever fills their cache.
    drop(FileStore::open(&dir.0.join("made"), None).unwrap());
    let made = std::fs::metadata(dir.0.join("made/v1")).unwrap().permissions().mode() & 0o777;
    assert_eq!(made & !0o755, 0);
    drop(FileStore::open(&dir.0.join("above/cache"), None).unwrap());
    let mode = |name: &str| std::fs::metadata(dir.0.join(name)).unwrap().permissions().mode() & 0o777;
    assert_eq!((mode("above"), mode("above/cache")), (0o700, made));
}

#[test]
fn the_least_recently_used_go_first() {
    let dir = Dir::new("lru");
    let store = dir.store(None);
    let bytes_of = vec![1; 1000];
    for n in 0..5 {
        store.put(&key(n, "a"), &bytes_of).unwrap();
        let path = store.directory().join(format!("{}.nvm", key(n, "a").name()));
        let file = std::fs::File::open(path).unwrap();
        file.set_modified(SystemTime::now() - Duration::from_secs(10_000 - u64::from(n))).unwrap();
    }
    // Used: the oldest becomes the newest.
    assert!(store.get(&key(0, "a")).unwrap().is_some());
    let one = store.list().unwrap()[0].size;
    let limited = dir.store(Some(3 * one));
    limited.put(&key(9, "a"), &bytes_of).unwrap();
    let left: Vec<u8> = (0..10).filter(|n| store.get(&key(*n, "a")).unwrap().is_some()).collect();
    assert_eq!(left, [0, 4, 9]);
    let error = limited.put(&key(8, "a"), &vec![1; 4000]).unwrap_err();
    assert!(matches!(error, CacheError::TooLarge { .. }), "{error}");
    assert_eq!(store.list().unwrap().len(), 3, "nothing went for it");
    // Looking made all of them new.
    let path = store.directory().join(format!("{}.nvm", key(4, "a").name()));
    std::fs::File::open(path).unwrap().set_modified(SystemTime::now() - Duration::from_secs(6000)).unwrap();
    assert_eq!(store.prune(None, Some(Duration::from_secs(5000))).unwrap().entries, 1);
    assert_eq!(store.clear().unwrap().entries, 2);
}

#[test]
fn one_makes_it_and_the_others_wait() {
    let dir = Dir::new("locks");
    let made = AtomicU64::new(0);
    std::thread::scope(|scope| {
        for _ in 0..8 {
            scope.spawn(|| {
                let store = dir.store(None);
                let _lock = store.lock(&key(1, "a"), Duration::from_secs(20)).unwrap();
                if store.get(&key(1, "a")).unwrap().is_none() {
                    made.fetch_add(1, Ordering::Relaxed);
                    std::thread::sleep(Duration::from_millis(50));
                    store.put(&key(1, "a"), b"made").unwrap();
                }
            });
        }
    });
    assert_eq!(made.load(Ordering::Relaxed), 1);
    assert_eq!(dir.files().len(), 1, "no lock is left");
    let store = dir.store(None);
    let lock = store.lock(&key(2, "a"), Duration::ZERO).unwrap();
    let error = store.lock(&key(2, "a"), Duration::from_millis(30)).unwrap_err();
    assert!(matches!(error, CacheError::Locked { .. }), "{error}");
    assert!(store.lock(&key(3, "a"), Duration::ZERO).is_ok(), "another entry");
    drop(lock);
    assert!(store.lock(&key(2, "a"), Duration::ZERO).is_ok());
}

#[test]
fn a_read_only_cache_is_read() {
    let dir = Dir::new("read-only");
    dir.store(None).put(&key(1, "a"), b"code").unwrap();
    std::fs::set_permissions(dir.0.join("v1"), std::fs::Permissions::from_mode(0o555)).unwrap();
    let store = FileStore::open(&dir.0, None).unwrap();
    assert_eq!(bytes(&store, &key(1, "a")).as_deref(), Some(&b"code"[..]));
    if !rustix::process::geteuid().is_root() {
        let error = store.put(&key(2, "a"), b"code").unwrap_err().to_string();
        assert!(error.contains("permission denied"), "{error}");
    }
    std::fs::set_permissions(dir.0.join("v1"), std::fs::Permissions::from_mode(0o700)).unwrap();
}

fn child(task: &str, dir: &Path) -> Command {
    let mut command = Command::new(std::env::current_exe().unwrap());
    command.args(["--exact", task, "--ignored", "--nocapture"]).env(DIRECTORY, dir);
    command.stdout(std::process::Stdio::null());
    command
}

/// Everything that writes, once.
#[test]
#[ignore = "run by `killed_anywhere_it_stays_usable`"]
fn victim() {
    let dir = PathBuf::from(std::env::var_os(DIRECTORY).unwrap());
    let store = FileStore::open(&dir, Some(12_000_000)).unwrap();
    for seed in 1..4 {
        let lock = store.lock(&key(seed, "a"), Duration::from_secs(1)).unwrap();
        store.put(&key(seed, "a"), &artifact(seed)).unwrap();
        drop(lock);
    }
    store.prune(Some(6_000_000), None).unwrap();
    store.put(&key(1, "a"), &artifact(1)).unwrap();
    store.clear().unwrap();
}

#[test]
fn killed_anywhere_it_stays_usable() {
    let mut kills = 0;
    for at in 1.. {
        let dir = Dir::new("kill");
        let status = child("tests::victim", &dir.0).env(KILL_AT, at.to_string()).status().unwrap();
        if status.success() {
            break;
        }
        assert_eq!(status.signal(), Some(9), "at {at}: {status}");
        kills += 1;
        // Whoever comes next: everything there is whole, locks are free, and it can be written to.
        let store = dir.store(None);
        for (info, problem) in store.verify().unwrap() {
            assert_eq!(problem, None, "killed at {at}: {}", info.name);
        }
        for seed in 1..4 {
            let found = bytes(&store, &key(seed, "a"));
            assert!(found.is_none_or(|b| b == artifact(seed)), "killed at {at}");
            drop(store.lock(&key(seed, "a"), Duration::ZERO).unwrap());
        }
        store.put(&key(7, "a"), b"more").unwrap();
        assert_eq!(bytes(&store, &key(7, "a")).as_deref(), Some(&b"more"[..]));
        // Once they are not a moment old, what it left behind is swept away.
        for name in dir.files().iter().filter(|n| n.starts_with(".new-")) {
            let path = dir.0.join("v1").join(name);
            let old = SystemTime::now() - Duration::from_secs(60);
            std::fs::File::options().write(true).open(path).unwrap().set_modified(old).unwrap();
        }
        store.prune(None, None).unwrap();
        assert!(dir.files().iter().all(|n| n.ends_with(".nvm")), "killed at {at}: {:?}", dir.files());
    }
    assert!(kills > 30, "{kills} operations");
}

/// Puts, gets, prunes and clears for a while.
#[test]
#[ignore = "run by `many_processes_at_once`"]
fn worker() {
    let dir = PathBuf::from(std::env::var_os(DIRECTORY).unwrap());
    let store = FileStore::open(&dir, Some(3_000_000)).unwrap();
    let mut random = u64::from(std::process::id()) | 1;
    for _ in 0..150 {
        random ^= random << 13;
        random ^= random >> 7;
        random ^= random << 17;
        let seed = (random >> 8) as u8 % 4;
        let of = key(seed, "a");
        match random % 8 {
            0 => drop(store.prune(Some(2_000_000), None).unwrap()),
            1 if random % 64 == 1 => drop(store.clear().unwrap()),
            2 | 3 => {
                let _lock = store.lock(&of, Duration::from_secs(30)).unwrap();
                store.put(&of, &artifact(seed)[..600_000]).unwrap();
            }
            _ => {
                if let Some(found) = bytes(&store, &of) {
                    assert!(found == artifact(seed)[..600_000], "an entry that is not whole");
                }
            }
        }
    }
}

#[test]
fn many_processes_at_once() {
    let dir = Dir::new("many");
    drop(dir.store(None));
    let mut all: Vec<_> = (0..6).map(|_| child("tests::worker", &dir.0).spawn().unwrap()).collect();
    for child in &mut all {
        assert!(child.wait().unwrap().success());
    }
    let store = dir.store(None);
    assert!(store.verify().unwrap().iter().all(|(_, problem)| problem.is_none()));
    assert!(dir.files().iter().all(|n| n.ends_with(".nvm")), "{:?}", dir.files());
}

#[test]
fn pruning_waits_for_nobody() {
    let dir = Dir::new("prune-busy");
    let store = dir.store(None);
    store.put(&key(1, "a"), &[7; 5000]).unwrap();
    // Another process prunes, or has the directory locked and does nothing.
    store.prune(None, None).unwrap();
    let path = store.directory().join(".pruning");
    assert_eq!(std::fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
    let other = std::fs::File::options().write(true).open(path).unwrap();
    other.lock().unwrap();
    // Not somebody who can only read the cache.
    let reader = std::fs::File::open(store.directory()).unwrap();
    reader.lock().unwrap();
    assert_eq!(store.prune(Some(1), None).unwrap().entries, 0);
    assert!(store.get(&key(1, "a")).unwrap().is_some());
    other.unlock().unwrap();
    assert_eq!(store.prune(Some(1), None).unwrap().entries, 1);
}
