//! One object out of a static library, with nothing global but `nullvm_*`.

use crate::ArchiveError;
use object::build::elf::{Builder, SectionData, Symbol};
use object::elf;
use object::read::archive::ArchiveFile;
use object::read::elf::{FileHeader, SectionHeader};
use object::{Endianness, Object, ObjectSymbol};

/// What every visible symbol starts with.
const PREFIX: &[u8] = b"nullvm_";

/// The functions of the C library that the shim may need, sorted. Every one is in glibc 2.31 and in musl, other than those
/// that the shim looks for at run time (weak).
#[rustfmt::skip]
pub const LIBC_SYMBOLS: &[&str] = &[
    "__errno_location", "abort", "aligned_alloc", "bcmp", "calloc", "clock_getres", "clock_gettime", "clock_nanosleep", "close",
    "fcntl", "free", "ftruncate", "getpid", "getrandom", "madvise", "malloc", "memcmp", "memcpy", "memfd_create", "memmove",
    "memset", "mmap", "mprotect", "munmap", "nanosleep", "open", "pthread_attr_destroy", "pthread_attr_getstack",
    "pthread_create", "pthread_detach", "pthread_getattr_np", "pthread_self", "pthread_sigmask", "pwrite", "raise", "realloc",
    "sigaction", "sigaddset", "sigemptyset", "sigfillset", "strlen", "syscall", "sysconf", "write",
];

/// Symbols that may stay undefined because they are weak and the shim copes without.
const WEAK_SYMBOLS: &[&str] = &["__deregister_frame", "__register_frame", "__unw_add_dynamic_fde"];

fn failed(error: impl std::fmt::Display) -> ArchiveError {
    ArchiveError::Object(error.to_string())
}

/// The shim as one relocatable object, out of the static library that cargo built with the profile `shim`.
///
/// # Errors
/// [`ArchiveError`]: the library is not what that profile gives, or needs more than the C library.
pub fn localize(archive: &[u8]) -> Result<Vec<u8>, ArchiveError> {
    let mut found = Vec::new();
    for member in ArchiveFile::parse(archive).map_err(failed)?.members() {
        let data = member.map_err(failed)?.data(archive).map_err(failed)?;
        // Members that are no objects (metadata) or define none of ours (the compiler's arithmetic helpers) stay behind.
        let Ok(file) = object::File::parse(data) else { continue };
        if file.symbols().any(|s| s.is_definition() && s.name_bytes().is_ok_and(|n| n.starts_with(PREFIX))) {
            found.push(data);
        }
    }
    let [data] = found[..] else { return Err(ArchiveError::NotOneObject(found.len())) };
    let mut data = data.to_vec();
    let groups = prepare(&mut data)?;
    let mut builder = Builder::read(&*data).map_err(failed)?;
    let mut undefined = Vec::new();
    for symbol in builder.symbols.iter_mut() {
        if symbol.st_bind() == elf::STB_LOCAL || symbol.name.is_empty() {
            continue;
        }
        if is_undefined(symbol) {
            let name = symbol.name.to_string();
            let weak = symbol.st_bind() == elf::STB_WEAK && WEAK_SYMBOLS.contains(&name.as_str());
            if !weak && LIBC_SYMBOLS.binary_search(&name.as_str()).is_err() {
                undefined.push(name);
            }
        } else if symbol.name.starts_with(PREFIX) {
            symbol.st_other = elf::STV_DEFAULT;
        } else {
            symbol.set_st_info(elf::STB_LOCAL, symbol.st_type());
            symbol.st_other = elf::STV_DEFAULT;
        }
    }
    // What several objects may define (COMDAT groups) would be taken from any of them, ours being thrown away.
    for section in builder.sections.iter_mut() {
        section.sh_flags &= !u64::from(elf::SHF_GROUP);
        section.delete |= section.name.as_slice() == GROUP && groups;
    }
    // LLVM keeps the names of sections and symbols in one table, the builder in two.
    if !builder.sections.iter().any(|s| matches!(s.data, SectionData::SectionString)) {
        let names = builder.sections.add();
        names.name = ".shstrtab".into();
        names.sh_type = elf::SHT_STRTAB;
        names.sh_addralign = 1;
        names.data = SectionData::SectionString;
    }
    if !undefined.is_empty() {
        undefined.sort();
        return Err(ArchiveError::Undefined(undefined));
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

#[test]
fn lists_are_sorted() {
    assert!(LIBC_SYMBOLS.is_sorted() && WEAK_SYMBOLS.is_sorted());
}
