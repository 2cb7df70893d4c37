//! Runs commands in this process, in a directory of their own.
#![allow(dead_code)]

use std::ffi::OsString;
use std::path::{Path, PathBuf};

/// What a command did.
pub struct Outcome {
    pub code: u8,
    pub out: String,
    pub err: String,
}

impl Outcome {
    #[track_caller]
    pub fn ok(self) -> Self {
        assert_eq!(self.code, 0, "{}", self.err);
        self
    }

    /// One message of this command about this file, exit code 1.
    #[track_caller]
    pub fn error(self, what: &str) -> Self {
        assert_eq!(self.code, 1, "exit code of: {}{}", self.out, self.err);
        assert!(self.err.starts_with("error: "), "{}", self.err);
        assert_eq!(self.err.matches("error: ").count(), 1, "one message: {}", self.err);
        assert!(self.err.contains(what), "{what:?} is not in: {}", self.err);
        assert!(!self.err.contains("panicked"), "{}", self.err);
        assert_eq!(self.out, "");
        self
    }
}

/// Runs `nullvmc` with these arguments.
pub fn nullvmc<T: Into<OsString> + Clone>(args: impl IntoIterator<Item = T>) -> Outcome {
    let (mut out, mut err) = (Vec::new(), Vec::new());
    let args = std::iter::once(OsString::from("nullvmc")).chain(args.into_iter().map(Into::into));
    let mut console = nullvm_cli::Console { out: &mut out, err: &mut err, progress: false };
    let code = nullvm_cli::main_with_args(args, &mut console);
    Outcome { code, out: String::from_utf8(out).expect("UTF-8"), err: String::from_utf8(err).expect("UTF-8") }
}

/// A directory that goes with its test.
pub struct Dir(PathBuf);

impl Dir {
    pub fn new(name: &str) -> Self {
        let path = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("{name}-{}", std::process::id()));
        let _ = std::fs::remove_dir_all(&path);
        std::fs::create_dir_all(&path).unwrap();
        Self(path)
    }

    pub fn path(&self, name: &str) -> String {
        self.0.join(name).to_str().expect("UTF-8").to_owned()
    }

    pub fn write(&self, name: &str, bytes: impl AsRef<[u8]>) -> String {
        std::fs::write(self.0.join(name), bytes).unwrap();
        self.path(name)
    }

    pub fn read(&self, name: &str) -> Vec<u8> {
        std::fs::read(self.0.join(name)).unwrap_or_else(|e| panic!("{name}: {e}"))
    }

    /// Names of everything in it, hidden files too.
    pub fn names(&self) -> Vec<String> {
        let mut names: Vec<_> = std::fs::read_dir(&self.0)
            .unwrap()
            .map(|e| e.unwrap().file_name().into_string().unwrap())
            .collect();
        names.sort();
        names
    }
}

impl Drop for Dir {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

/// A prebuilt filter.
pub fn filter(name: &str) -> String {
    format!("{}/../filters/prebuilt/{name}.wasm", env!("CARGO_MANIFEST_DIR"))
}

pub fn wat(text: &str) -> Vec<u8> {
    wat::parse_str(text).unwrap()
}

/// The text of a plugin that compiles, with more fields in it. Its code section comes last.
pub fn plugin_text(imports: &str, more: &str) -> String {
    format!(
        r#"(module {imports}
            (memory (export "memory") 1)
            (func (export "proxy_abi_version_0_2_1"))
            (func (export "malloc") (param i32) (result i32) i32.const 1024)
            {more})"#
    )
}

pub fn plugin(imports: &str, more: &str) -> Vec<u8> {
    wat(&plugin_text(imports, more))
}

/// Numbers that look random and are the same each time.
pub struct Random(pub u64);

impl Random {
    pub fn next(&mut self) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0
    }

    pub fn below(&mut self, n: usize) -> usize {
        (self.next() % n as u64) as usize
    }
}
