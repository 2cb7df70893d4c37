//! Function names: the name section, demangled for display.

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
    let mut text = if let Ok(rust) = rustc_demangle::try_demangle(name) {
        format!("{rust:#}")
    } else if let Some(cpp) = name.starts_with("_Z").then(|| cpp_demangle::Symbol::new(name).ok()).flatten() {
        cpp.demangle(&cpp_demangle::DemangleOptions::default()).unwrap_or_else(|_| name.to_owned())
    } else {
        name.to_owned()
    };
    text.retain(|c| !c.is_control());
    if text.len() > LONGEST {
        let end = (0..=LONGEST).rev().find(|i| text.is_char_boundary(*i)).unwrap_or(0);
        text.truncate(end);
    }
    text
}
