//! The image form; its layout is drawn in `plugin_abi::ImageHeader`.

use crate::codegen::COMPILER;
use crate::{CompileError, CompiledModule};
use cranelift_codegen::binemit::Reloc;
use plugin_abi::{ABI_VERSION, IMAGE_MAGIC, IMAGE_PAGE, IMAGE_SHA256_OFFSET, IMAGE_VERSION, Span};
use sha2::{Digest, Sha256};
use target_lexicon::Architecture;

fn failed(message: impl Into<String>) -> CompileError {
    CompileError::Emit { form: "image", message: message.into() }
}

fn pad(bytes: &mut Vec<u8>) -> u32 {
    bytes.resize(bytes.len().next_multiple_of(IMAGE_PAGE as usize), 0);
    bytes.len() as u32
}

/// A stub jumps through its slot. Stubs stand behind the code, so that the code itself is the same in every form.
struct Stubs {
    size: usize,
}

impl Stubs {
    fn new(architecture: Architecture) -> Result<Self, CompileError> {
        match architecture {
            Architecture::X86_64 => Ok(Self { size: 8 }),
            Architecture::Aarch64(_) => Ok(Self { size: 16 }),
            other => Err(failed(format!("images for {other} are not supported"))),
        }
    }

    /// The stub at `place` for the slot at `slot`, both relative to the start of the image.
    fn code(&self, place: u64, slot: u64) -> Result<Vec<u8>, CompileError> {
        let mut code = Vec::with_capacity(self.size);
        if self.size == 8 {
            // jmp [rip + disp32]; ud2
            let disp = i32::try_from(slot as i64 - (place as i64 + 6))
                .map_err(|_| failed("text of more than 2 GiB"))?;
            code.extend_from_slice(&[0xff, 0x25]);
            code.extend_from_slice(&disp.to_le_bytes());
            code.extend_from_slice(&[0x0f, 0x0b]);
        } else {
            // adrp x16, slot; ldr x16, [x16, :lo12:slot]; br x16; udf
            let pages = (slot >> 12) as i64 - (place >> 12) as i64;
            if !(-(1 << 20)..1 << 20).contains(&pages) {
                return Err(failed("text of more than 4 GiB"));
            }
            let pages = pages as u32;
            let adrp = 0x9000_0010 | (pages & 3) << 29 | ((pages >> 2) & 0x7_ffff) << 5;
            let ldr = 0xf940_0210 | (((slot & 0xfff) / 8) as u32) << 10;
            for word in [adrp, ldr, 0xd61f_0200, 0] {
                code.extend_from_slice(&word.to_le_bytes());
            }
        }
        Ok(code)
    }
}

/// Writes the image.
///
/// # Errors
/// A target without an image form, or code too large for it.
pub fn image(module: &CompiledModule) -> Result<Vec<u8>, CompileError> {
    let stubs = Stubs::new(module.target.triple.architecture)?;
    let mut bytes = vec![0; size_of::<plugin_abi::ImageHeader>()];
    let text_span = |bytes: &mut Vec<u8>, text: &str| {
        let span = Span { offset: bytes.len() as u32, len: text.len() as u32 };
        bytes.extend_from_slice(text.as_bytes());
        span
    };
    let name = text_span(&mut bytes, &module.name);
    let symbols = text_span(&mut bytes, &module.symbols.iter().map(|s| format!("{s}\0")).collect::<String>());
    let cpu_features = text_span(&mut bytes, &module.target.features.join(","));
    let target = text_span(&mut bytes, &module.target.triple.to_string());
    let compiler = text_span(&mut bytes, COMPILER);
    let options = text_span(&mut bytes, &module.recorded.to_json());

    let meta_offset = pad(&mut bytes);
    bytes.extend_from_slice(&module.meta);
    bytes.resize(bytes.len().next_multiple_of(16), 0);
    let eh_frame_offset = bytes.len() as u32;
    let eh_frame = module.unwind.eh_frame().map_err(|e| failed(e.to_string()))?;
    if let Some(eh_frame) = &eh_frame {
        bytes.extend_from_slice(&eh_frame.bytes);
    }
    let text_offset = pad(&mut bytes);
    if let Some(eh_frame) = &eh_frame {
        for (place, target) in &eh_frame.references {
            let place = eh_frame_offset + place;
            let relative = i64::from(text_offset) + i64::from(*target) - i64::from(place);
            let relative = i32::try_from(relative).map_err(|_| failed("more than 2 GiB"))?;
            bytes[place as usize..][..4].copy_from_slice(&relative.to_le_bytes());
        }
    }

    bytes.extend_from_slice(&module.text);
    bytes.resize(bytes.len().next_multiple_of(16), 0xcc);
    let stubs_offset = bytes.len() as u64;
    let text_total = bytes.len() + stubs.size * module.symbols.len() - text_offset as usize;
    let slots_offset = (text_offset as usize + text_total).next_multiple_of(IMAGE_PAGE as usize) as u64;
    for i in 0..module.symbols.len() {
        let code = stubs.code(bytes.len() as u64, slots_offset + 8 * i as u64)?;
        bytes.extend_from_slice(&code);
    }
    for reloc in &module.relocations {
        let place = u64::from(text_offset) + u64::from(reloc.offset);
        let target = stubs_offset + (stubs.size as u64) * u64::from(reloc.symbol);
        relocate(&mut bytes, place, target, reloc.kind, reloc.addend)?;
    }
    let slots_offset = pad(&mut bytes);
    bytes.resize(bytes.len() + 8 * module.symbols.len(), 0);
    if bytes.len() > u32::MAX as usize {
        return Err(CompileError::TooLarge("an image of more than 4 GiB".to_owned()));
    }

    let mut header = Vec::new();
    header.extend_from_slice(&IMAGE_MAGIC);
    header.extend_from_slice(&IMAGE_VERSION.to_le_bytes());
    header.extend_from_slice(&ABI_VERSION.to_le_bytes());
    header.extend_from_slice(&(bytes.len() as u64).to_le_bytes());
    debug_assert_eq!(header.len(), IMAGE_SHA256_OFFSET);
    header.extend_from_slice(&[0; 32]);
    let eh_frame_len = eh_frame.as_ref().map_or(0, |e| e.bytes.len() as u32);
    for word in [
        module.target.machine(),
        module.meta.len() as u32,
        meta_offset,
        text_offset,
        module.text.len() as u32,
        text_total as u32,
        slots_offset,
        if eh_frame_len == 0 { 0 } else { eh_frame_offset },
        eh_frame_len,
        0,
    ] {
        header.extend_from_slice(&word.to_le_bytes());
    }
    let span = |header: &mut Vec<u8>, span: Span| {
        header.extend_from_slice(&span.offset.to_le_bytes());
        header.extend_from_slice(&span.len.to_le_bytes());
    };
    span(&mut header, name);
    span(&mut header, symbols);
    header.extend_from_slice(&(module.symbols.len() as u32).to_le_bytes());
    header.extend_from_slice(&0u32.to_le_bytes());
    span(&mut header, cpu_features);
    span(&mut header, target);
    span(&mut header, compiler);
    span(&mut header, options);
    assert_eq!(header.len(), size_of::<plugin_abi::ImageHeader>(), "every field of the header is written");
    bytes[..header.len()].copy_from_slice(&header);
    let hash: [u8; 32] = Sha256::digest(&bytes).into();
    bytes[IMAGE_SHA256_OFFSET..IMAGE_SHA256_OFFSET + 32].copy_from_slice(&hash);
    Ok(bytes)
}

/// Writes the address of `target` at `place`, as `kind` wants it.
fn relocate(bytes: &mut [u8], place: u64, target: u64, kind: Reloc, addend: i64) -> Result<(), CompileError> {
    let at = place as usize;
    let relative = target as i64 + addend - place as i64;
    match kind {
        Reloc::X86CallPCRel4 | Reloc::X86CallPLTRel4 | Reloc::X86PCRel4 => {
            let relative = i32::try_from(relative).map_err(|_| failed("text of more than 2 GiB"))?;
            bytes[at..at + 4].copy_from_slice(&relative.to_le_bytes());
        }
        Reloc::Arm64Call => {
            if !(-(1 << 27)..1 << 27).contains(&relative) {
                return Err(failed("text of more than 128 MiB on aarch64"));
            }
            let word = u32::from_le_bytes([bytes[at], bytes[at + 1], bytes[at + 2], bytes[at + 3]]);
            let word = (word & !0x3ff_ffff) | ((relative >> 2) as u32 & 0x3ff_ffff);
            bytes[at..at + 4].copy_from_slice(&word.to_le_bytes());
        }
        other => return Err(failed(format!("a reference of kind {other:?}"))),
    }
    Ok(())
}
