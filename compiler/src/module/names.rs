//! Function names: the name section, demangled for display.

use std::fmt::Write;
use wasmparser::{BinaryReader, Name, NameSectionReader};

/// Longest name that is kept, in bytes; Rust's generic names can be many kilobytes.
const LONGEST: usize = 512;

/// The names of `functions` functions. Broken name sections are ignored from the break on: they are debug information.
pub fn function_names(data: &[u8], offset: usize, functions: usize) -> Vec<Option<String>> {
    let mut names = vec![None; functions];
    for subsection in NameSectionReader::new(BinaryReader::new(data, offset)) {
        let Ok(subsection) = subsection else { break };
        let Name::Function(map) = subsection else { continue };
        for naming in map {
            let Ok(naming) = naming else { break };
            if let Some(slot) = names.get_mut(naming.index as usize) {
                *slot = Some(display(naming.name));
            }
        }
    }
    names
}

/// Demangles a Rust or C++ name and bounds its length.
pub fn display(name: &str) -> String {
    let mut text = Bounded::default();
    let whole = if let Ok(rust) = rustc_demangle::try_demangle(name) {
        write!(text, "{rust:#}").is_ok()
    } else if let Some(cpp) = name.starts_with("_Z").then(|| cpp_demangle::Symbol::new(name).ok()).flatten() {
        cpp.structured_demangle(&mut text, &cpp_demangle::DemangleOptions::default()).is_ok()
    } else {
        false
    };
    if !whole && text.0.len() + 4 <= LONGEST {
        text.0.clear();
        let _ = text.write_str(name);
    }
    text.0
}

/// Keeps the first [`LONGEST`] bytes and stops the writer there: a short mangled name can stand for gigabytes.
#[derive(Default)]
struct Bounded(String);

impl std::fmt::Write for Bounded {
    fn write_str(&mut self, s: &str) -> std::fmt::Result {
        for c in s.chars().filter(|c| !c.is_control()) {
            if self.0.len() + c.len_utf8() > LONGEST {
                return Err(std::fmt::Error);
            }
            self.0.push(c);
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_for_people() {
        assert_eq!(
            display("_ZN4core3fmt5Write9write_fmt17h0123456789abcdefE"),
            "core::fmt::Write::write_fmt"
        );
        assert_eq!(display("_Z3addii"), "add(int, int)");
        assert_eq!(display("plain\n name"), "plain name");
        assert_eq!(display(&"x".repeat(5000)).len(), LONGEST);
        assert_eq!(display("_Zbroken"), "_Zbroken");
    }

    /// Each level names the one below it twice, so that the text doubles with every 8 bytes.
    #[test]
    fn names_do_not_explode() {
        let mut ty = String::from("1a");
        for level in 0..40 {
            let back = match level {
                0 => "S_".to_owned(),
                n => format!("S{}_", std::char::from_digit(n - 1, 36).unwrap_or('Z').to_ascii_uppercase()),
            };
            ty = format!("1pI{ty}{back}E");
        }
        let start = std::time::Instant::now();
        assert!(display(&format!("_Z1f{ty}")).len() <= LONGEST);
        assert!(start.elapsed().as_secs() < 5);
    }
}
