//! The loader: what runs under which policy, and what is said when nothing does.

mod common;

use common::{Dir, Random, filter, nullvmc};
use nullvm_artifact::container::{self, push_custom};
use nullvm_artifact::{Bundle, bundle};
use nullvm_cache::FileStore;
use nullvm_compiler::{Bounds, Options};
use nullvm_loader::{Code, Compile, LoadError, Loaded, Loader, Origin, Policy};
use nullvm_shim::{HashCheck, Image, ImageError};
use nullvm_trust::{DenyList, KeyPair};
use plugin_abi::bundle::{INDEX_SHA256_OFFSET, SECTION_PREFIX, index_len};
use plugin_abi::{CallbackId, IMAGE_SHA256_OFFSET, ImageHeader, ImageView};
use sha2::{Digest, Sha256};
use std::mem::offset_of;
use std::path::Path;
use std::sync::Arc;

const X86: &str = "x86_64-unknown-linux-gnu";
const ARM: &str = "aarch64-unknown-linux-gnu";

/// `add_header` for both platforms, two levels on one of them.
fn fleet_bundle(dir: &Dir) -> Vec<u8> {
    let (targets, path) = (format!("{X86},{ARM}"), dir.path("fleet.wasm"));
    let levels = ["--cpu", "x86-64-v2,x86-64-v3"];
    let args = ["bundle", &filter("add_header"), "-q", "--target", &targets, "-o", &path];
    nullvmc(args.iter().chain(&levels)).ok();
    dir.read("fleet.wasm")
}

fn allowed() -> Policy {
    Policy { allow_precompiled: true, ..Policy::default() }
}

fn compiling() -> Option<Compile> {
    Some(Compile::default())
}

fn load(policy: &Policy, bytes: &[u8]) -> Result<Loaded, LoadError> {
    Loader::new(policy.clone()).load(&Code::Bytes("the file".to_owned(), bytes.into()), None)
}

#[track_caller]
fn refused(policy: &Policy, bytes: &[u8], parts: &[&str]) {
    let error = load(policy, bytes).map(|l| l.origin).unwrap_err().to_string();
    for part in parts {
        assert!(error.contains(part), "{part:?} is not in: {error}");
    }
    assert!(!error.contains('\n'), "one line: {error}");
}

#[track_caller]
fn runs(loaded: Result<Loaded, LoadError>, origin: Origin) -> Loaded {
    let loaded = loaded.unwrap_or_else(|e| panic!("{e}"));
    assert_eq!(loaded.origin, origin, "{:?}", loaded.notes);
    assert!(loaded.plugin.exports(CallbackId::OnConfigure));
    loaded
}

/// A file that is vouched for, but whose section says that it is another module: it is compiled and kept as what it is.
#[test]
fn a_module_is_not_what_its_section_says() {
    let dir = Dir::new("loading-claim");
    let (own, other) =
        (std::fs::read(filter("get_add")).unwrap(), std::fs::read(filter("add_header")).unwrap());
    let path = dir.path("own.wasm");
    nullvmc(["bundle", &filter("get_add"), "-q", "--target", X86, "-o", &path]).ok();
    let mut bytes = dir.read("own.wasm");
    let (own_hash, other_hash): ([u8; 32], [u8; 32]) =
        (Sha256::digest(&own).into(), Sha256::digest(&other).into());
    let at = bytes.windows(32).position(|w| w == own_hash).expect("the section's header");
    bytes[at..at + 32].copy_from_slice(&other_hash);
    let cache = dir.path("cache");
    std::fs::create_dir(&cache).unwrap();
    std::fs::set_permissions(&cache, std::os::unix::fs::PermissionsExt::from_mode(0o700)).unwrap();
    let store: Arc<dyn nullvm_cache::Store> = Arc::new(FileStore::open(Path::new(&cache), None).unwrap());
    let policy = Policy { compile: compiling(), cache: Some(store), ..Policy::default() };
    let pin = Sha256::digest(&bytes).into();
    let code = Code::Bytes("the file".to_owned(), bytes.as_slice().into());
    let loaded = runs(Loader::new(policy.clone()).load(&code, Some(&pin)), Origin::Compiled);
    assert_eq!(loaded.module_sha256, own_hash);
    runs(load(&policy, &other), Origin::Compiled);
    runs(load(&policy, &own), Origin::Cache);
    // Nor does a deny list go by what the section says.
    let digits: String = own_hash.iter().map(|b| format!("{b:02x}")).collect();
    let deny = DenyList::parse(&format!("sha256:{digits}")).unwrap();
    for allow_precompiled in [false, true] {
        let policy = Policy { deny: deny.clone(), allow_precompiled, ..policy.clone() };
        let error = Loader::new(policy).load(&code, Some(&pin)).map(|l| l.origin).unwrap_err().to_string();
        assert!(error.contains("its module is on the deny list"), "{error}");
    }
    // Nor does it run as it is.
    let policy = Policy { allow_precompiled: true, ..Policy::default() };
    let error = Loader::new(policy).load(&code, Some(&pin)).map(|l| l.origin).unwrap_err().to_string();
    assert!(error.contains("its index has another hash than it should"), "{error}");
}

/// An image that is denied does not run because it was compiled here, or because the cache has it.
#[test]
fn a_denied_image_is_not_compiled_instead() {
    let dir = Dir::new("loading-denied");
    let cache = dir.path("cache");
    std::fs::create_dir(&cache).unwrap();
    std::fs::set_permissions(&cache, std::os::unix::fs::PermissionsExt::from_mode(0o700)).unwrap();
    let store: Arc<dyn nullvm_cache::Store> = Arc::new(FileStore::open(Path::new(&cache), None).unwrap());
    let policy = Policy { compile: compiling(), cache: Some(store), ..Policy::default() };
    let wasm = std::fs::read(filter("get_add")).unwrap();
    let loaded = runs(load(&policy, &wasm), Origin::Compiled);
    let hash: String =
        loaded.plugin.image().unwrap().header().sha256.iter().map(|b| format!("{b:02x}")).collect();
    let deny = DenyList::parse(&format!("sha256:{hash}")).unwrap();
    for cache in [policy.cache.clone(), None] {
        refused(
            &Policy { deny: deny.clone(), cache, ..policy.clone() },
            &wasm,
            &["its code is on the deny list"],
        );
    }
}

/// Anybody can add a signature to a file and make another file of it; what was signed stays what it was.
#[test]
fn another_signature_does_not_undo_a_denial() {
    let wasm = std::fs::read(filter("get_add")).unwrap();
    let signed = nullvm_trust::sign(&wasm, &KeyPair::generate()).unwrap();
    let content = nullvm_trust::signed_content(&signed).unwrap();
    let hash: String = Sha256::digest(content).iter().map(|b| format!("{b:02x}")).collect();
    let deny = DenyList::parse(&format!("sha256:{hash}")).unwrap();
    let policy = Policy { compile: compiling(), deny, ..Policy::default() };
    for _ in 0..2 {
        let again = nullvm_trust::sign(&signed, &KeyPair::generate()).unwrap();
        assert_ne!(again, signed);
        refused(&policy, &again, &["what is signed in it is on the deny list"]);
    }
}

#[test]
fn native_code_is_used_where_it_is_allowed_and_compiled_otherwise() {
    let dir = Dir::new("loading-allowed");
    let (bytes, module) = (fleet_bundle(&dir), std::fs::read(filter("add_header")).unwrap());
    let found = runs(load(&allowed(), &bytes), Origin::Bundle);
    assert_eq!(found.module_sha256, <[u8; 32]>::from(Sha256::digest(&module)));
    // The better level, on a processor that has it.
    if std::arch::is_x86_feature_detected!("avx2") {
        let image = found.plugin.image().unwrap();
        assert!(image.cpu_features().contains("avx2"), "{}", image.cpu_features());
    }
    refused(
        &Policy::default(),
        &bytes,
        &["native code that comes with a module is not allowed", "allow_precompiled"],
    );
    runs(load(&Policy { compile: compiling(), ..Policy::default() }, &bytes), Origin::Compiled);
    refused(&allowed(), &module, &["no code for x86_64-unknown-linux-gnu", "nullvmc bundle --target"]);
    runs(load(&Policy { compile: compiling(), ..allowed() }, &module), Origin::Compiled);
    let arm = bundle::strip(&bytes, &[X86.to_owned()]).unwrap();
    refused(&allowed(), &arm, &["no code for x86_64-unknown-linux-gnu"]);
    runs(load(&Policy { compile: compiling(), ..allowed() }, &arm), Origin::Compiled);
    refused(&allowed(), b"nothing", &["not a WebAssembly module"]);
    refused(
        &Policy { compile: compiling(), ..allowed() },
        &module[..module.len() / 2],
        &["not a WebAssembly module"],
    );
    let missing = Loader::new(allowed()).load(&Code::File(dir.path("none").into()), None).unwrap_err();
    assert!(missing.to_string().contains("cannot read"), "{missing}");
    let directory = Loader::new(allowed()).load(&Code::File(dir.path("").into()), None).unwrap_err();
    assert!(directory.to_string().contains("no regular file"), "{directory}");
}

#[test]
fn compiled_once_for_all_who_want_the_same() {
    let dir = Dir::new("loading-cache");
    let module = std::fs::read(filter("trap")).unwrap();
    let policy = |bounds| Policy {
        cache: Some(Arc::new(FileStore::open(Path::new(&dir.path("cache")), None).unwrap())),
        compile: Some(Compile {
            options: Options { bounds, ..Compile::default().options },
            ..Compile::default()
        }),
        ..Policy::default()
    };
    let made: Vec<Origin> = std::thread::scope(|scope| {
        let all: Vec<_> =
            (0..4).map(|_| scope.spawn(|| load(&policy(Bounds::Guard), &module).unwrap().origin)).collect();
        all.into_iter().map(|t| t.join().unwrap()).collect()
    });
    assert_eq!(made.iter().filter(|o| **o == Origin::Compiled).count(), 1, "{made:?}");
    let cached = runs(load(&policy(Bounds::Guard), &module), Origin::Cache);
    assert!(cached.notes.is_empty(), "{:?}", cached.notes);
    // Its pages are those of the file.
    let maps = std::fs::read_to_string("/proc/self/maps").unwrap();
    assert!(maps.lines().any(|l| l.contains("r-xp") && l.contains("/cache/v1/")), "mapped in place");
    let other = runs(load(&policy(Bounds::Explicit), &module), Origin::Compiled);
    assert!(other.notes[0].contains("bounds is \"guard\" there and \"explicit\" here"), "{:?}", other.notes);
    // A disk that forgets: not run, said, and made again.
    let name = std::fs::read_dir(dir.path("cache/v1")).unwrap().map(|e| e.unwrap().path());
    for path in name {
        let mut bytes = std::fs::read(&path).unwrap();
        bytes[70_000] ^= 1;
        std::fs::remove_file(&path).unwrap();
        std::fs::write(&path, bytes).unwrap();
    }
    let again = runs(load(&policy(Bounds::Guard), &module), Origin::Compiled);
    assert!(
        again.notes[0].contains("is not used") && again.notes[0].contains("another hash"),
        "{:?}",
        again.notes
    );
    runs(load(&policy(Bounds::Guard), &module), Origin::Cache);
}

#[test]
fn a_configured_key_or_hash_decides() {
    let dir = Dir::new("loading-keys");
    let bytes = fleet_bundle(&dir);
    let (ours, other) = (KeyPair::generate(), KeyPair::generate());
    let signed = nullvm_trust::sign(&bytes, &ours).unwrap();
    let with = |key: &KeyPair| Policy { keys: vec![key.public.clone()], compile: compiling(), ..allowed() };
    assert_eq!(runs(load(&with(&ours), &signed), Origin::Bundle).signer, Some(ours.public.id()));
    refused(
        &with(&other),
        &signed,
        &["the file is refused", "none of the 1 configured keys", &ours.public.id()],
    );
    refused(&with(&ours), &bytes, &["it is not signed", "nullvmc sign"]);
    // Damage and tricks: compiling is allowed, and still nothing of it runs.
    let start = container::sections(&signed).unwrap()[0].range.end;
    let mut random = Random(0x0dd_b1a5_ed5e_ed01);
    let bits = (0..start * 8).chain((0..2000).map(|_| random.below(signed.len() * 8)));
    for bit in bits {
        let mut bad = signed.clone();
        bad[bit / 8] ^= 1 << (bit % 8);
        assert!(load(&with(&ours), &bad).is_err(), "bit {bit}");
    }
    for len in (0..signed.len()).step_by(signed.len() / 97) {
        assert!(load(&with(&ours), &signed[..len]).is_err(), "{len} bytes");
    }
    let sha: [u8; 32] = Sha256::digest(&bytes).into();
    let loader = Loader::new(allowed());
    let code = |bytes: &[u8]| Code::Bytes("the file".to_owned(), bytes.into());
    assert!(loader.load(&code(&bytes), Some(&sha)).is_ok());
    let error = loader.load(&code(&signed), Some(&sha)).unwrap_err().to_string();
    assert!(
        error.contains("the configuration says") && error.contains("another file, or damaged"),
        "{error}"
    );
}

#[test]
fn what_is_denied_does_not_run() {
    let dir = Dir::new("loading-deny");
    let bytes = fleet_bundle(&dir);
    let deny = |text: &str| Policy { deny: DenyList::parse(text).unwrap(), ..allowed() };
    runs(load(&deny("cranelift <0.1.0"), &bytes), Origin::Bundle);
    refused(&deny("cranelift <9.0.0"), &bytes, &["on the deny list (cranelift <9.0.0)", "newer nullvmc"]);
    let module = Sha256::digest(std::fs::read(filter("add_header")).unwrap());
    let module: String = module.iter().map(|b| format!("{b:02x}")).collect();
    refused(&deny(&format!("sha256:{module}")), &bytes, &["its module is on the deny list"]);
    // This compiler is the denied one: compiling is no way out.
    let all = Policy { compile: compiling(), ..deny("cranelift <9.0.0") };
    refused(&all, &bytes, &["this compiler", "is on the deny list"]);
    // Code of a denied compiler, and a better one here: compiled anew, and said.
    let old = change_images(&bytes, |image| {
        let at = image.windows(9).position(|w| w == b"cranelift").unwrap() + 10;
        image[at..at + 7].copy_from_slice(b"0.100.0");
    });
    let policy = Policy { compile: compiling(), ..deny("cranelift <=0.100.0") };
    let loaded = runs(load(&policy, &old), Origin::Compiled);
    assert!(loaded.notes[0].contains("cranelift <=0.100.0") && loaded.notes[0].contains("compiling it here"));
    refused(&deny("cranelift <=0.100.0"), &old, &["cranelift 0.100.0", "deny list"]);
}

/// The bundle with its images for this platform changed, and all hashes right again.
fn change_images(bytes: &[u8], change: impl Fn(&mut Vec<u8>)) -> Vec<u8> {
    let found = Bundle::parse(bytes).unwrap();
    let platform = found.platform(X86).unwrap();
    let mut section = platform.section.index().to_vec();
    let mut images = Vec::new();
    let mut offset = index_len(platform.section.header.count) as u64;
    for (i, image) in platform.section.images().enumerate() {
        let mut image = image.to_vec();
        change(&mut image);
        image[IMAGE_SHA256_OFFSET..IMAGE_SHA256_OFFSET + 32].fill(0);
        let hash = Sha256::digest(&image);
        image[IMAGE_SHA256_OFFSET..IMAGE_SHA256_OFFSET + 32].copy_from_slice(&hash);
        let entry = index_len(i as u32);
        section[entry..entry + 8].copy_from_slice(&offset.to_le_bytes());
        section[entry + 8..entry + 16].copy_from_slice(&(image.len() as u64).to_le_bytes());
        offset += image.len() as u64;
        images.push(image);
    }
    section[INDEX_SHA256_OFFSET..INDEX_SHA256_OFFSET + 32].fill(0);
    let hash = Sha256::digest(&section);
    section[INDEX_SHA256_OFFSET..INDEX_SHA256_OFFSET + 32].copy_from_slice(&hash);
    images.iter().for_each(|image| section.extend_from_slice(image));
    let mut out = bundle::strip(bytes, &[X86.to_owned()]).unwrap();
    push_custom(&mut out, &format!("{SECTION_PREFIX}{X86}"), &section).unwrap();
    out
}

#[test]
fn code_that_does_not_fit_says_why() {
    let dir = Dir::new("loading-fits");
    let bytes = fleet_bundle(&dir);
    // Another version of the format: an older or newer nullvmc made it.
    let version = change_images(&bytes, |image| image[offset_of!(ImageHeader, version)] = 1);
    refused(
        &allowed(),
        &version,
        &["no code in the section runs", "version 1.2", "compile the plugin with the nullvmc"],
    );
    let loaded = runs(load(&Policy { compile: compiling(), ..allowed() }, &version), Origin::Compiled);
    assert!(loaded.notes[0].contains("version 1.2"), "{:?}", loaded.notes);
    // A processor that nobody has.
    let feature = change_images(&bytes, |image| {
        let at = image.windows(5).position(|w| w == b"sse42").unwrap();
        image[at..at + 5].copy_from_slice(b"sse99");
    });
    refused(&allowed(), &feature, &["needs the CPU feature sse99", "--cpu LEVEL"]);
    // Damage is no reason to compile: whoever damaged it might have wanted that.
    let mut damaged = bytes.clone();
    let found = Bundle::parse(&bytes).unwrap();
    let best = found.platform(X86).unwrap().section.images().next().unwrap();
    let at = best.as_ptr() as usize - bytes.as_ptr() as usize + best.len() / 2;
    damaged[at] ^= 1;
    refused(&Policy { compile: compiling(), ..allowed() }, &damaged, &["damaged"]);
}

/// What `emit::image` writes for every filter, mapped with its hash, then changed anywhere.
#[test]
fn images_with_a_changed_bit_do_not_map() {
    let dir = Dir::new("loading-bits");
    nullvmc(["compile", &filter("add_header_cpp"), "-q", "--emit", "image", "-o", &dir.path("f.nvm")]).ok();
    let good = dir.read("f.nvm");
    assert!(ImageView::parse(&good).unwrap().options().contains("\"bounds\":\"guard\""));
    Image::map(&good).unwrap();
    let mut random = Random(0x1234_5678_9abc_def1);
    let header = size_of::<ImageHeader>() * 8;
    for bit in (0..header).chain((0..1000).map(|_| random.below(good.len() * 8))) {
        let mut bad = good.clone();
        bad[bit / 8] ^= 1 << (bit % 8);
        let error = Image::map(&bad).map(drop).unwrap_err();
        let found = matches!(error, ImageError::Hash | ImageError::OutOfRange("padding"));
        assert!(bit < header || found, "bit {bit}: {error}");
        // Without the hash the checks of every offset have to do.
        if let Ok(image) = Image::map_with(&bad, HashCheck::Skip) {
            let _ = nullvm_shim::Plugin::from_image(image);
        }
    }
}

/// Mappings of this process with a name that contains `name`, and their protections.
fn mappings(name: &str) -> Vec<String> {
    let maps = std::fs::read_to_string("/proc/self/maps").unwrap();
    let mine = maps.lines().filter(|l| l.contains(name));
    mine.map(|l| l.split_whitespace().nth(1).unwrap_or_default().to_owned()).collect()
}

/// Thousands of segments, some over each other, one alone far above: instances start with mappings of the image, they share its
/// pages, and none sees what another one wrote.
#[test]
fn initial_memory_is_mapped_from_the_image() {
    let mut expected = vec![0u8; 64 << 16];
    let mut random = Random(0x0123_4567_89ab_cdef);
    let mut wat = String::from("(module (memory (export \"memory\") 64)\n");
    for i in 0..3000 {
        let (at, len) = match i {
            2999 => (3_000_000, 4),
            _ => (70_001 + i * 30 + random.below(40), 1 + random.below(30)),
        };
        let byte = b'a' + (i % 26) as u8;
        expected[at..at + len].fill(byte);
        wat += &format!("(data (i32.const {at}) \"{}\")\n", (byte as char).to_string().repeat(len));
    }
    wat += "(data \"passive\") (func (export \"init\") (param i32 i32 i32)
        (memory.init 3000 (local.get 0) (local.get 1) (local.get 2)))
        (func (export \"gone\") (param i32) (memory.init 7 (i32.const 0) (i32.const 0) (local.get 0))))";
    let wasm = wat::parse_str(&wat).unwrap();
    let options = Options { checks: false, ..Options::default() };
    let module = nullvm_compiler::compile(&wasm, &options).unwrap();
    let image = nullvm_compiler::emit::image(&module).unwrap();
    let dir = Dir::new("loading-initial");
    std::fs::write(dir.path("initial.nvm"), &image).unwrap();
    let file = std::fs::File::open(dir.path("initial.nvm")).unwrap();
    use std::os::fd::AsRawFd;
    let in_place = Image::map_file(file.as_raw_fd(), image.len(), HashCheck::Check).unwrap();
    for (image, name) in [(Image::map(&image).unwrap(), "memfd:nullvm-image"), (in_place, "/initial.nvm")] {
        let plugin = nullvm_shim::Plugin::from_image(image).unwrap();
        let new = || {
            let limits = nullvm_shim::Limits::default();
            let host = nullvm_shim::host::HostTable::EMPTY;
            nullvm_shim::Instance::new(&plugin, &host, std::ptr::null_mut(), &limits).unwrap()
        };
        let memory = |of: &nullvm_shim::Instance| {
            let bytes = of.memory().bytes(0, expected.len() as u32).unwrap();
            // SAFETY: no guest runs.
            unsafe { bytes.as_slice() }.to_vec()
        };
        let writable = || mappings(name).iter().filter(|p| *p == "rw-p").count();
        assert_eq!(writable(), 0);
        let one = new();
        assert_eq!(writable(), 2, "two runs of pages: {:?}", mappings(name));
        assert!(mappings(name).iter().all(|p| !(p.contains('w') && p.contains('x'))));
        assert!(memory(&one) == expected, "{name}");
        one.memory().write(70_000, &[1; 90_000]).unwrap();
        let two = new();
        assert!(memory(&two) == expected, "{name}");
        drop(one);
        let again = new();
        assert_eq!(writable(), 4, "the slot of the first one");
        assert!(memory(&again) == expected, "{name}");
        let mut values = [5, 1, 6].map(nullvm_shim::Value::from_u32);
        again.invoke("init", &mut values).unwrap();
        assert_eq!(&memory(&again)[5..11], b"assive");
        // An active segment is an empty one by now.
        again.invoke("gone", &mut [nullvm_shim::Value::from_u32(0)]).unwrap();
        again.invoke("gone", &mut [nullvm_shim::Value::from_u32(1)]).unwrap_err();
    }
    assert_eq!(std::fs::read(dir.path("initial.nvm")).unwrap(), image);
    assert!(mappings("nullvm-initial-memory").is_empty());
}
