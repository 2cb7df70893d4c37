//! What is fuzzed: everything that reads artifacts, given any bytes. Nothing may panic, and nothing of the bytes is run.
//!
//! `tests/hostile` runs the same functions on mutated artifacts within the ordinary tests; `cargo fuzz run image` and so on look
//! further.

use nullvm_artifact::{Bundle, bundle, container};
use nullvm_shim::{HashCheck, Image, Plugin};
use nullvm_trust::{KeyPair, PublicKey};
use plugin_abi::bundle::SectionView;
use plugin_abi::{ImageView, Meta};
use std::sync::OnceLock;

/// An image: parsed, mapped without its hash, its metadata read.
pub fn image(bytes: &[u8]) {
    if let Ok(view) = ImageView::parse(bytes) {
        let _ = (view.name(), view.target(), view.compiler(), view.options(), view.text());
        let _ = (view.cpu_features().count(), view.symbols().count());
        let _ = nullvm_artifact::bundle::wasm_sha256(&view);
        // At the alignment that a loader gives.
        let mut room = vec![0u8; view.meta().len() + 16];
        let shift = room.as_ptr().align_offset(16);
        if let Some(aligned) = room.get_mut(shift..shift + view.meta().len()) {
            aligned.copy_from_slice(view.meta());
            meta(aligned, u64::from(view.header.text_len));
        }
    }
    // The hash would keep out everything that is of interest here.
    if let Ok(mapped) = Image::map_with(bytes, HashCheck::Skip) {
        let _ = Plugin::from_image(mapped);
    }
}

fn meta(bytes: &[u8], text_len: u64) {
    let Ok(meta) = Meta::parse(bytes, text_len) else { return };
    for i in 0..meta.functions.len().min(1000) {
        let _ = (meta.function_name(i as u32), meta.function_at(i as u32), meta.trap_at(i as u32));
    }
    for function in meta.functions.iter().take(1000) {
        let _ = meta.signature(function.type_index);
    }
    let _ = meta.export("memory", 2);
}

/// The section of a bundle: parsed, and the image for this machine chosen.
pub fn section(bytes: &[u8]) {
    if let Ok(view) = SectionView::parse(bytes) {
        let total: usize = view.images().map(<[u8]>::len).sum();
        assert_eq!(view.index().len() + total, bytes.len(), "no gaps and no overlaps");
    }
    if let Ok(chosen) = nullvm_shim::bundle::choose(bytes) {
        image(chosen.bytes());
    }
}

/// A module with sections of ours: read, verified, taken apart and put together again.
pub fn bundle(bytes: &[u8]) {
    if let Ok(sections) = container::sections(bytes) {
        let end = sections.last().map_or(container::PREAMBLE, |s| s.range.end);
        assert_eq!(end, bytes.len(), "no gaps and nothing behind");
    }
    let Ok(found) = Bundle::parse(bytes) else { return };
    let _ = found.verify();
    let stripped = bundle::strip(bytes, &[]).expect("it parsed");
    let again = Bundle::parse(&stripped).expect("a module without our sections is one");
    assert!(again.platforms.is_empty());
    // A second section named `signature` may come to the front; it is then one to be looked at.
    if !again.is_signed() {
        assert_eq!(again.module(), found.module());
    }
}

fn keys() -> &'static [PublicKey] {
    static KEYS: OnceLock<Vec<PublicKey>> = OnceLock::new();
    KEYS.get_or_init(|| vec![KeyPair::generate().public])
}

/// A signed module: nobody has the secret key, so nothing verifies.
pub fn signature(bytes: &[u8]) {
    assert!(nullvm_trust::verify(bytes, keys()).is_err());
    let _ = nullvm_trust::verify(bytes, &[]);
    let _ = PublicKey::parse("fuzz", bytes);
}
