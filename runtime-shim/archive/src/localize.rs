//! The objects that matter out of a static library, showing nothing but our interface.

use crate::{ArchiveError, Library, WEAK_SYMBOLS};
use object::build::elf::{Builder, SectionData, Symbol};
use object::elf;
use object::read::archive::ArchiveFile;
use object::read::elf::{FileHeader, SectionHeader};
use object::{Endianness, Object, ObjectSymbol};
use std::collections::{BTreeMap, BTreeSet};

fn failed(error: impl std::fmt::Display) -> ArchiveError {
    ArchiveError::Object(error.to_string())
}

/// The library as relocatable objects, out of the static library that cargo built with the profile `shim`. The first has all
/// of our code. Others define functions of the compiler's that it calls; these are hidden: not seen outside of the program or
/// shared object that they are linked into.
///
/// # Errors
/// [`ArchiveError`]: the static library is not what that profile gives, or needs more than it may.
pub fn localize(library: &'static Library, archive: &[u8]) -> Result<Vec<Vec<u8>>, ArchiveError> {
    let visible = |name: &[u8]| library.visible.iter().any(|prefix| name.starts_with(prefix.as_bytes()));
    let mut found = Vec::new();
    let mut others: BTreeMap<&[u8], &[u8]> = BTreeMap::new();
    for member in ArchiveFile::parse(archive).map_err(failed)?.members() {
        let data = member.map_err(failed)?.data(archive).map_err(failed)?;
        // Members that are no objects hold metadata.
        let Ok(file) = object::File::parse(data) else { continue };
        let defined: Vec<&[u8]> = file
            .symbols()
            .filter(|s| s.is_definition() && s.is_global())
            .filter_map(|s| s.name_bytes().ok())
            .collect();
        if defined.iter().any(|name| visible(name)) {
            found.push(data);
        } else {
            defined.into_iter().for_each(|name| {
                others.entry(name).or_insert(data);
            });
        }
    }
    let [ours] = found[..] else { return Err(ArchiveError::NotOneObject(library.what, found.len())) };

    let mut members = vec![ours];
    let mut hidden: BTreeSet<Vec<u8>> = BTreeSet::new();
    let mut missing = Vec::new();
    let mut next = 0;
    while let Some(data) = members.get(next) {
        next += 1;
        for (name, weak) in undefined(data)? {
            let text = String::from_utf8_lossy(&name).into_owned();
            let known = weak && WEAK_SYMBOLS.contains(&text.as_str()) || (library.may_need)(&text);
            if known || defines(ours, &name)? {
                continue;
            }
            match others.get(&*name) {
                None => missing.push(text),
                Some(data) => {
                    hidden.insert(name);
                    if !members.iter().any(|m| std::ptr::eq(*m, *data)) {
                        members.push(data);
                    }
                }
            }
        }
    }
    if !missing.is_empty() {
        missing.sort();
        missing.dedup();
        return Err(ArchiveError::Undefined(library, missing));
    }
    members.into_iter().map(|data| rewrite(data, visible, &hidden)).collect()
}

/// Undefined symbols and whether they are weak.
fn undefined(object: &[u8]) -> Result<Vec<(Vec<u8>, bool)>, ArchiveError> {
    let file = object::File::parse(object).map_err(failed)?;
    let symbols = file.symbols().filter(|s| s.is_undefined());
    let named = symbols.map(|s| s.name_bytes().map(|name| (name.to_vec(), s.is_weak())));
    let all: Result<Vec<_>, _> = named.collect();
    Ok(all.map_err(failed)?.into_iter().filter(|(name, _)| !name.is_empty()).collect())
}

fn defines(object: &[u8], name: &[u8]) -> Result<bool, ArchiveError> {
    let file = object::File::parse(object).map_err(failed)?;
    Ok(file.symbols().any(|s| s.is_definition() && s.is_global() && s.name_bytes() == Ok(name)))
}

/// The object with other symbols local or hidden, and without debug information (that of the standard library's own code).
fn rewrite(
    data: &[u8],
    visible: impl Fn(&[u8]) -> bool,
    hidden: &BTreeSet<Vec<u8>>,
) -> Result<Vec<u8>, ArchiveError> {
    let mut data = data.to_vec();
    let groups = prepare(&mut data)?;
    let mut builder = Builder::read(&*data).map_err(failed)?;
    for symbol in builder.symbols.iter_mut() {
        if symbol.st_bind() == elf::STB_LOCAL || symbol.name.is_empty() || is_undefined(symbol) {
            continue;
        }
        symbol.st_other = elf::STV_DEFAULT;
        if hidden.contains(symbol.name.as_slice()) {
            symbol.st_other = elf::STV_HIDDEN;
        } else if !visible(&symbol.name) {
            symbol.set_st_info(elf::STB_LOCAL, symbol.st_type());
        }
    }
    // What several objects may define (COMDAT groups) would be taken from any of them, ours being thrown away.
    for section in builder.sections.iter_mut() {
        section.sh_flags &= !u64::from(elf::SHF_GROUP);
        section.delete |= section.name.as_slice() == GROUP && groups;
        section.delete |= [&b".debug_"[..], b".rela.debug_"].iter().any(|p| section.name.starts_with(p));
    }
    builder.delete_orphans();
    // LLVM keeps the names of sections and symbols in one table, the builder in two.
    if !builder.sections.iter().any(|s| matches!(s.data, SectionData::SectionString)) {
        let names = builder.sections.add();
        names.name = ".shstrtab".into();
        names.sh_type = elf::SHT_STRTAB;
        names.sh_addralign = 1;
        names.data = SectionData::SectionString;
    }
    let mut object = Vec::new();
    builder.write(&mut object).map_err(failed)?;
    Ok(object)
}

/// What compilers call the sections that hold COMDAT groups.
const GROUP: &[u8] = b".group";

/// Makes an object of LLVM's readable for the builder: sections with COMDAT groups, which it does not know, become plain ones
/// (to be deleted), and relocation sections say what it relies on, that `sh_info` is a section. Whether there were groups.
fn prepare(data: &mut [u8]) -> Result<bool, ArchiveError> {
    let header = elf::FileHeader64::<Endianness>::parse(&*data).map_err(failed)?;
    let endian = header.endian().map_err(failed)?;
    let table = header.e_shoff(endian) as usize;
    let sections = header.section_headers(endian, &*data).map_err(failed)?;
    let types: Vec<(u32, u64)> = sections.iter().map(|s| (s.sh_type(endian), s.sh_flags(endian))).collect();
    let mut groups = false;
    for (i, (ty, flags)) in types.into_iter().enumerate() {
        let at = table + i * size_of::<elf::SectionHeader64<Endianness>>();
        if ty == elf::SHT_GROUP {
            data[at + 4..at + 8].copy_from_slice(&elf::SHT_PROGBITS.to_le_bytes());
            groups = true;
        } else if ty == elf::SHT_RELA {
            let flags = flags | u64::from(elf::SHF_INFO_LINK);
            data[at + 8..at + 16].copy_from_slice(&flags.to_le_bytes());
        }
    }
    Ok(groups)
}

fn is_undefined(symbol: &Symbol<'_>) -> bool {
    symbol.section.is_none() && symbol.st_shndx == elf::SHN_UNDEF
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{SHIM, write_archive};
    use object::Object as _;
    use object::write::{Object, Relocation, StandardSection, Symbol, SymbolFlags, SymbolSection};
    use object::{
        Architecture, BinaryFormat, RelocationEncoding, RelocationFlags, RelocationKind, SymbolKind,
        SymbolScope,
    };

    /// An object that defines and calls functions.
    fn object(defines: &[&str], calls: &[&str]) -> Vec<u8> {
        let mut object = Object::new(BinaryFormat::Elf, Architecture::X86_64, object::Endianness::Little);
        let text = object.section_id(StandardSection::Text);
        let mut symbol = |name: &str, section, value| {
            object.add_symbol(Symbol {
                name: name.into(),
                value,
                size: 0,
                kind: SymbolKind::Text,
                scope: SymbolScope::Dynamic,
                weak: false,
                section,
                flags: SymbolFlags::None,
            })
        };
        for (i, name) in defines.iter().enumerate() {
            symbol(name, SymbolSection::Section(text), i as u64 * 16);
        }
        let calls: Vec<_> = calls.iter().map(|name| symbol(name, SymbolSection::Undefined, 0)).collect();
        object.append_section_data(text, &[0x90; 256], 16);
        for (i, symbol) in calls.into_iter().enumerate() {
            let flags = RelocationFlags::Generic {
                kind: RelocationKind::PltRelative,
                encoding: RelocationEncoding::X86Branch,
                size: 32,
            };
            let relocation = Relocation { offset: 1 + 8 * i as u64, symbol, addend: -4, flags };
            object.add_relocation(text, relocation).unwrap();
        }
        object.write().unwrap()
    }

    fn archive(members: &[Vec<u8>]) -> Vec<u8> {
        let members: Vec<(&str, &[u8])> = members.iter().map(|m| ("member.o", m.as_slice())).collect();
        write_archive(&members).unwrap()
    }

    #[test]
    fn helpers_come_along_hidden() {
        let ours = object(&["nullvm_a", "rust_helper"], &["malloc", "__udivti3", "rust_helper"]);
        let helpers = [object(&["__udivti3"], &["__udivmodti4", "memcpy"]), object(&["__udivmodti4"], &[])];
        let unused = object(&["__multi3"], &["never_heard_of"]);
        let objects =
            localize(&SHIM, &archive(&[unused, helpers[0].clone(), ours.clone(), helpers[1].clone()]))
                .unwrap();
        assert_eq!(objects.len(), 3);
        let mut seen = Vec::new();
        for (i, object) in objects.iter().enumerate() {
            let file = object::File::parse(&**object).unwrap();
            for symbol in file.symbols().filter(|s| s.is_definition() && s.is_global()) {
                let object::SymbolFlags::Elf { st_other, .. } = symbol.flags() else { panic!("no ELF") };
                seen.push((i, symbol.name().unwrap().to_owned(), st_other));
            }
        }
        let expected = [
            (0, "nullvm_a", elf::STV_DEFAULT),
            (1, "__udivti3", elf::STV_HIDDEN),
            (2, "__udivmodti4", elf::STV_HIDDEN),
        ];
        assert_eq!(seen, expected.map(|(i, name, other)| (i, name.to_owned(), other)));
        // Without the helper of the helper.
        let error = localize(&SHIM, &archive(&[ours, helpers[0].clone()])).unwrap_err().to_string();
        assert!(error.contains("needs __udivmodti4") && error.contains("LIBC_SYMBOLS"), "{error}");
    }

    #[test]
    fn one_object_is_ours() {
        let error = localize(&SHIM, &archive(&[object(&["other"], &[])])).unwrap_err().to_string();
        assert!(error.starts_with("0 objects") && error.contains("--profile shim"), "{error}");
        let two = archive(&[object(&["nullvm_a"], &[]), object(&["nullvm_b"], &[])]);
        assert!(localize(&SHIM, &two).unwrap_err().to_string().starts_with("2 objects"));
        assert!(localize(&SHIM, b"no archive").is_err());
    }
}
