//! The image form: mapping, slots, and images that lie.

mod common;
use common::{Build, label};
use core::ffi::c_void;
use nullvm_shim::host::HostTable;
use nullvm_shim::{CallError, HashCheck, Image, ImageError, Instance, Limits, Plugin, Value};
use plugin_abi::{
    ABI_VERSION, CallbackId, IMAGE_MAGIC, IMAGE_PAGE, IMAGE_SHA256_OFFSET, IMAGE_VERSION, ImageHeader, Span,
    TrapCode,
};
use sha2::{Digest, Sha256};

const HEADER: usize = size_of::<ImageHeader>();

fn text() -> Vec<u8> {
    let start = common::text_start();
    unsafe { core::slice::from_raw_parts(start, Build::text_len() as usize) }.to_vec()
}

/// Writes the hash that belongs to the bytes.
fn seal(image: &mut [u8]) {
    image[IMAGE_SHA256_OFFSET..IMAGE_SHA256_OFFSET + 32].fill(0);
    let hash = Sha256::digest(&*image);
    image[IMAGE_SHA256_OFFSET..IMAGE_SHA256_OFFSET + 32].copy_from_slice(&hash);
}

/// An image of the test plugin. Its `f_done` calls `nullvm_proxy_done` through a stub behind the code, as the image emitter
/// makes them; functions that call others of the shim directly must not be used.
fn image() -> Vec<u8> {
    let mut text = text();
    let text_len = text.len() as u32;
    let meta = Build::default().meta();
    let mut strings = b"a plugin".to_vec();
    let name = Span { offset: HEADER as u32, len: 8 };
    let symbols = Span { offset: HEADER as u32 + 8, len: 18 + 22 };
    strings.extend_from_slice(b"nullvm_proxy_done\0nullvm_libcall_memory_");
    strings.truncate(8 + 18);
    strings.extend_from_slice(b"nullvm_libcall_trap\0xx");
    let cpu_features = Span { offset: HEADER as u32 + strings.len() as u32, len: 9 };
    strings.extend_from_slice(b"has_sse41");
    let page = |n: usize| (n as u32).next_multiple_of(IMAGE_PAGE);
    let meta_offset = page(HEADER + strings.len());
    let text_offset = page(meta_offset as usize + meta.len());
    // Stub: jmp [rip + slot 0]
    text.resize(text.len().next_multiple_of(16), 0xcc);
    let stub = text.len();
    let slots_offset = page(text_offset as usize + stub + 6);
    let displacement = slots_offset as i64 - (i64::from(text_offset) + stub as i64 + 6);
    text.extend_from_slice(&[0xff, 0x25]);
    text.extend_from_slice(&(displacement as i32).to_le_bytes());
    // push rbp; mov rbp, rsp; call stub
    let call = label("f_done") as usize + 4;
    assert_eq!(text[call], 0xe8);
    let relative = stub as i32 - (call as i32 + 5);
    text[call + 1..call + 5].copy_from_slice(&relative.to_le_bytes());
    let size = slots_offset as usize + 16;
    let header = ImageHeader {
        magic: IMAGE_MAGIC,
        version: IMAGE_VERSION,
        abi_version: ABI_VERSION,
        size: size as u64,
        sha256: [0; 32],
        machine: 62,
        meta_len: meta.len() as u32,
        meta_offset,
        text_offset,
        text_len,
        text_total: text.len() as u32,
        slots_offset,
        eh_frame_offset: 0,
        eh_frame_len: 0,
        reserved: 0,
        name,
        symbols,
        slots: 2,
        reserved2: 0,
        cpu_features,
        target: Span::default(),
        compiler: Span::default(),
        options: Span::default(),
    };
    let mut out = vec![0; size];
    let bytes: [u8; HEADER] = unsafe { core::mem::transmute(header) };
    out[..HEADER].copy_from_slice(&bytes);
    out[HEADER..HEADER + strings.len()].copy_from_slice(&strings);
    out[meta_offset as usize..][..meta.len()].copy_from_slice(&meta);
    out[text_offset as usize..][..text.len()].copy_from_slice(&text);
    seal(&mut out);
    out
}

unsafe extern "C" fn done(_: *mut c_void) -> u32 {
    3
}

fn run(image: Image) {
    let plugin = Plugin::from_image(image).unwrap();
    assert_eq!(plugin.name(), "a plugin");
    let host = HostTable { done: Some(done), ..HostTable::EMPTY };
    let one = Instance::new(&plugin, &host, core::ptr::null_mut(), &Limits::default()).unwrap();
    assert_eq!(one.call(CallbackId::OnConfigure, &[0, 0]), Ok(3));
    let mut values = [Value::from_u32(0xffff_fff0), Value::default(), Value::default()];
    assert_eq!(one.invoke("f_load", &mut values), Err(CallError::Trap(TrapCode::MemoryOutOfBounds)));
    assert!(one.trap_message().unwrap().ends_with(" - f_load"));
    plugin.write_perf_map().unwrap();
    let path = format!("/tmp/perf-{}.map", std::process::id());
    let map = std::fs::read_to_string(&path).unwrap();
    std::fs::remove_file(&path).unwrap();
    assert!(map.lines().any(|l| l.ends_with(" a plugin.f_load")), "{map}");
}

#[test]
fn images_run() {
    let image = image();
    run(Image::map(&image).unwrap());
    use std::os::fd::AsRawFd;
    let path = std::env::temp_dir().join(format!("nullvm-image-test-{}", std::process::id()));
    std::fs::write(&path, &image).unwrap();
    let file = std::fs::File::open(&path).unwrap();
    let mapped = Image::map_file(file.as_raw_fd(), image.len(), HashCheck::Check).unwrap();
    drop(file);
    std::fs::remove_file(&path).unwrap();
    run(mapped);
}

/// The lines of /proc/self/maps for memory files with images.
fn mappings() -> Vec<String> {
    let maps = std::fs::read_to_string("/proc/self/maps").unwrap();
    maps.lines().filter(|l| l.contains("/memfd:nullvm-image")).map(str::to_owned).collect()
}

#[test]
fn no_page_is_writable_once_mapped() {
    let image = Image::map(&image()).unwrap();
    let mine = mappings();
    let protections: Vec<&str> = mine.iter().map(|l| l.split_whitespace().nth(1).unwrap()).collect();
    assert!(protections.contains(&"r-xp"), "{mine:#?}");
    assert!(protections.iter().all(|p| !p.contains('w')), "{mine:#?}");
    drop(image);
}

#[test]
fn any_changed_bit_changes_the_hash() {
    let good = image();
    let mut random = 0x1234_5678_9abc_def1_u64;
    let places = (0..HEADER * 8).chain((0..500).map(|_| {
        random ^= random << 13;
        random ^= random >> 7;
        random ^= random << 17;
        random as usize % (good.len() * 8)
    }));
    for bit in places {
        let mut bad = good.clone();
        bad[bit / 8] ^= 1 << (bit % 8);
        assert!(Image::map(&bad).is_err(), "bit {bit}");
    }
    // What is not copied because it is zero has to be zero.
    let mut bad = good.clone();
    *bad.last_mut().unwrap() ^= 1;
    assert_eq!(Image::map(&bad).unwrap_err(), ImageError::OutOfRange("padding"));
    let mut bad = good.clone();
    bad[IMAGE_PAGE as usize - 1] ^= 1;
    assert_eq!(Image::map_with(&bad, HashCheck::Skip).unwrap_err(), ImageError::OutOfRange("padding"));
    let mut bad = good.clone();
    bad[HEADER] ^= 1;
    assert_eq!(Image::map(&bad).unwrap_err(), ImageError::Hash);
    assert!(Image::map_with(&bad, HashCheck::Skip).is_ok());
    let path = std::env::temp_dir().join(format!("nullvm-image-hash-{}", std::process::id()));
    std::fs::write(&path, &bad).unwrap();
    let file = std::fs::File::open(&path).unwrap();
    std::fs::remove_file(&path).unwrap();
    use std::os::fd::AsRawFd;
    assert_eq!(Image::map_file(file.as_raw_fd(), bad.len(), HashCheck::Check).unwrap_err(), ImageError::Hash);
}

#[test]
fn images_that_lie_are_refused() {
    let good = image();
    // Cut off anywhere near the edges of its parts.
    for len in (0..HEADER + 64).chain([65535, 65536, 65537, good.len() - 16, good.len() - 1]) {
        assert!(Image::map(&good[..len]).is_err(), "{len} bytes");
    }
    // Every byte of the header, set to several values: an error or an image, never a crash.
    for at in 0..HEADER + 64 {
        for value in [0, 1, 0x7f, 0x80, 0xff] {
            let mut bad = good.clone();
            bad[at] = value;
            if let Ok(image) = Image::map_with(&bad, HashCheck::Skip) {
                let _ = (image.name().len(), image.target().len(), image.compiler().len());
                let _ = Plugin::from_image(image);
            }
        }
    }
    let change = |at: usize, bytes: &[u8]| {
        let mut bad = good.clone();
        bad[at..at + bytes.len()].copy_from_slice(bytes);
        seal(&mut bad);
        Image::map(&bad).map(|_| ()).unwrap_err()
    };
    assert_eq!(change(0, b"x"), ImageError::NotAnImage);
    assert_eq!(change(8, &[9]), ImageError::Version { image: (9, ABI_VERSION) });
    assert_eq!(change(core::mem::offset_of!(ImageHeader, machine), &[183, 0]), ImageError::Machine(183));
    assert_eq!(
        change(HEADER + 8, b"nullvm_proxy_dune"),
        ImageError::UnknownSymbol("nullvm_proxy_dune".into())
    );
    assert_eq!(change(HEADER + 8 + 40, b"has_sse99"), ImageError::CpuFeature("has_sse99".into()));
}
