//! `nullvmc bundle`: code for several platforms in one module, and out again.

mod common;

use common::{Dir, filter, nullvmc, plugin};
use nullvm_artifact::{Bundle, BundleError, bundle, container, module_sha256};
use plugin_abi::ImageView;
use plugin_abi::bundle::{SECTION_PREFIX, SectionView, index_len};

const X86: &str = "x86_64-unknown-linux-gnu";
const ARM: &str = "aarch64-unknown-linux-gnu";

/// A small filter's bundle for two platforms, one of them with two levels.
fn fat(dir: &Dir) -> Vec<u8> {
    let out = dir.path("fat.bundle.wasm");
    let module = dir.write("fat.wasm", plugin("", ""));
    let targets = format!("{X86},{ARM}");
    nullvmc(["bundle", &module, "--target", &targets, "--cpu", "x86-64-v2,x86-64-v3", "-o", &out]).ok();
    dir.read("fat.bundle.wasm")
}

fn levels(bundle: &Bundle<'_>, target: &str) -> Vec<usize> {
    let images = bundle.platform(target).expect("a platform").images();
    images.map(|i| i.expect("an image").cpu_features().count()).collect()
}

#[test]
fn the_module_stays_byte_for_byte() {
    let dir = Dir::new("bundle");
    let wasm = std::fs::read(filter("add_header")).unwrap();
    let path = dir.path("add_header.bundle.wasm");
    let made = nullvmc(["bundle", &filter("add_header"), "--target", X86, "--target", ARM, "-o", &path]).ok();
    assert!(made.err.contains(ARM) && made.out.is_empty(), "{}", made.err);
    let bytes = dir.read("add_header.bundle.wasm");
    assert!(bytes.starts_with(&wasm), "sections are appended");
    let bundle = Bundle::parse(&bytes).unwrap();
    assert_eq!(bundle.module(), wasm);
    bundle.verify().unwrap();
    assert!(!bundle.is_signed());
    assert_eq!(bundle.platforms.iter().map(|p| p.target).collect::<Vec<_>>(), [ARM, X86]);
    assert_eq!(module_sha256(&bytes).unwrap(), module_sha256(&wasm).unwrap());
    // Every other runtime sees a module that is the same to it.
    let engine = wasmi_engine();
    wasmi::Module::new(&engine, &bytes).unwrap();
    // Compiled again, the bundle gives the code that the module gives.
    for (input, out) in [(path.clone(), "a.nvm"), (filter("add_header"), "b.nvm")] {
        nullvmc(["compile", &input, "-q", "--emit", "image", "--name", "x", "-o", &dir.path(out)]).ok();
    }
    assert_eq!(dir.read("a.nvm"), dir.read("b.nvm"));
    // And taken out, the module is what it was.
    nullvmc(["bundle", "--strip", &path, "-o", &dir.path("stripped.wasm")]).ok();
    assert_eq!(dir.read("stripped.wasm"), wasm);
}

fn wasmi_engine() -> wasmi::Engine {
    wasmi::Engine::default()
}

#[test]
fn levels_go_to_the_platforms_that_have_them() {
    let dir = Dir::new("bundle-levels");
    let bytes = fat(&dir);
    let found = Bundle::parse(&bytes).unwrap();
    let x86 = levels(&found, X86);
    assert_eq!(x86.len(), 2);
    assert!(x86[0] > x86[1], "the best comes first: {x86:?}");
    assert_eq!(levels(&found, ARM), [0], "the baseline");
    let module = dir.path("fat.wasm");
    let twice = ["bundle", &module, "--target", X86, "--cpu", "x86-64-v2,baseline", "-o", &dir.path("x")];
    let outcome = nullvmc(twice);
    assert_eq!(outcome.code, 2);
    assert!(outcome.err.contains("baseline for x86_64-unknown-linux-gnu is given twice"), "{}", outcome.err);
    nullvmc(["bundle", &module, "--target", ARM, "--cpu", "x86-64-v3", "-o", &dir.path("x")])
        .error("unknown CPU \"x86-64-v3\" for aarch64");
    nullvmc(["bundle", &module, "--target", "vax-unknown-linux-gnu", "-o", &dir.path("x")]).error("vax");
    assert_eq!(dir.names(), ["fat.bundle.wasm", "fat.wasm"]);
}

#[test]
fn listing_replacing_and_stripping() {
    let dir = Dir::new("bundle-edit");
    let bytes = fat(&dir);
    let path = dir.path("fat.bundle.wasm");
    let listed = nullvmc(["bundle", "--list", &path]).ok().out;
    for text in [X86, ARM, "avx2", "not signed", "cranelift"] {
        assert!(listed.contains(text), "{text}: {listed}");
    }
    let v4 = ["--target", X86, "--cpu", "x86-64-v4", "-o", &dir.path("again.wasm")];
    let again = nullvmc(["bundle", &path].iter().chain(&v4));
    assert_eq!(again.code, 0, "another level is added: {}", again.err);
    assert_eq!(levels(&Bundle::parse(&dir.read("again.wasm")).unwrap(), X86).len(), 3);
    let v3 = ["--target", X86, "--cpu", "x86-64-v3", "--opt", "none", "-o", &path];
    let there = nullvmc(["bundle", &path].iter().chain(&v3));
    assert_eq!(there.code, 2);
    let text = "has code for x86_64-unknown-linux-gnu, x86-64-v3; --replace replaces all";
    assert!(there.err.contains(text), "{}", there.err);
    assert_eq!(dir.read("fat.bundle.wasm"), bytes);
    assert!(again.err.contains("kept, by nullvmc"), "{}", again.err);
    // In place: what is made again, and nothing else for its platform, whoever made the input; the other platform stays.
    let made = nullvmc(["bundle", "--replace", &path].iter().chain(&v3)).ok();
    assert_eq!(made.err.matches("what was there is left out").count(), 2, "{}", made.err);
    let replaced = dir.read("fat.bundle.wasm");
    let (before, after) = (Bundle::parse(&bytes).unwrap(), Bundle::parse(&replaced).unwrap());
    assert_eq!(levels(&after, X86), levels(&before, X86)[..1]);
    let arm = |b: &Bundle<'_>| b.platform(ARM).unwrap().section.images().next().unwrap().to_vec();
    assert_eq!(arm(&before), arm(&after));
    after.verify().unwrap();
    // One platform out.
    let one = dir.path("one.wasm");
    nullvmc(["bundle", "--strip", &path, "--target", ARM, "-o", &one]).ok();
    let one = dir.read("one.wasm");
    let left = Bundle::parse(&one).unwrap();
    assert!(left.platform(ARM).is_none() && left.platform(X86).is_some());
    let missing = nullvmc(["bundle", "--strip", &path, "--target", "riscv64", "-o", &dir.path("x")]);
    assert!(missing.code == 2 && missing.err.contains("no code for riscv64"), "{}", missing.err);
    let level = nullvmc(["bundle", "--strip", &path, "--cpu", "x86-64-v3", "-o", &dir.path("x")]);
    assert!(level.code == 2 && level.err.contains("it does not know CPU levels"), "{}", level.err);
    nullvmc(["bundle", "--strip", &path, "-o", &dir.path("plain.wasm")]).ok();
    let nothing = nullvmc(["bundle", "--strip", &dir.path("plain.wasm"), "-o", &dir.path("x")]);
    assert!(nothing.code == 2 && nothing.err.contains("no code of nullvm's"), "{}", nothing.err);
    for useless in ["x86_64-unknown-linux-musl", "x86_64-apple-darwin", "x86_64"] {
        let outcome = nullvmc(["bundle", &path, "--target", useless, "-o", &dir.path("x")]);
        assert!(outcome.code == 2 && outcome.err.contains("no host looks for code"), "{}", outcome.err);
    }
    let inspected = nullvmc(["inspect", &path, "--format", "json"]).ok().out;
    let report: serde_json::Value = serde_json::from_str(&inspected).unwrap();
    assert_eq!(report["bundle"]["platforms"].as_array().unwrap().len(), 2);
    assert_eq!(report["bundle"]["problem"], serde_json::Value::Null);
    assert_eq!(report["bundle"]["platforms"][0]["images"][0]["hash"]["status"], "ok");
    assert!(nullvmc(["inspect", &path]).ok().out.contains("native code for x86_64-unknown-linux-gnu"));
    // Damaged code is reported, and noticed by scripts; nobody signs, ships or extends it.
    let mut bad = replaced.clone();
    let at = bad.len() - 5000;
    bad[at] ^= 1;
    let bad = dir.write("bad.wasm", &bad);
    let report = nullvmc(["inspect", &bad]);
    assert!(report.code == 1 && report.out.contains("BUNDLE DAMAGED"), "{}", report.err);
    nullvmc(["keygen", "-o", &dir.path("k.key")]).ok();
    nullvmc(["sign", &bad, "--key", &dir.path("k.key"), "-o", &dir.path("x")]).error("hash");
    nullvmc(["push", &bad, "oci://127.0.0.1:9/x"]).error("hash");
}

#[test]
fn sections_of_other_engines_are_left_alone_and_a_stale_signature_is_not() {
    let dir = Dir::new("bundle-foreign");
    let mut wasm = plugin("", "")[..8].to_vec();
    container::push_custom(&mut wasm, container::SIGNATURE_SECTION, b"of somebody").unwrap();
    wasm.extend_from_slice(&plugin("", "")[8..]);
    container::push_custom(&mut wasm, "precompiled_wee8_v1.2.3_linux", b"V8's").unwrap();
    container::push_custom(&mut wasm, "wamr-aot", b"WAMR's").unwrap();
    let path = dir.write("f.wasm", &wasm);
    let made = nullvmc(["bundle", &path, "--target", X86, "-o", &dir.path("out.wasm")]).ok();
    assert!(made.err.contains("the signature of the input did not hold any more"), "{}", made.err);
    let bytes = dir.read("out.wasm");
    let names: Vec<_> = container::sections(&bytes).unwrap().iter().filter_map(|s| s.name).collect();
    let ours = format!("{SECTION_PREFIX}{X86}");
    assert_eq!(names, ["precompiled_wee8_v1.2.3_linux", "wamr-aot", ours.as_str()]);
    nullvmc(["bundle", "--strip", &dir.path("out.wasm"), "-o", &dir.path("stripped.wasm")]).ok();
    assert_eq!(module_sha256(&dir.read("stripped.wasm")).unwrap(), module_sha256(&wasm).unwrap());
    let listed = nullvmc(["bundle", "--list", &dir.path("out.wasm")]).ok().out;
    assert!(listed.contains("precompiled_wee8_v1.2.3_linux") && listed.contains("wamr-aot"), "{listed}");
}

/// Every bit of every header, and others at random: found by `verify`, named by `inspect`, never a panic.
#[test]
fn a_changed_bit_is_found() {
    let dir = Dir::new("bundle-bits");
    let good = fat(&dir);
    Bundle::parse(&good).unwrap().verify().unwrap();
    let mut places = Vec::new();
    for section in container::sections(&good).unwrap().iter().filter(|s| s.target().is_some()) {
        let start = section.data.as_ptr() as usize - good.as_ptr() as usize;
        let view = SectionView::parse(section.data).unwrap();
        places.extend(start..start + index_len(view.header.count));
        for image in view.images() {
            let start = image.as_ptr() as usize - good.as_ptr() as usize;
            ImageView::parse(image).unwrap();
            places.extend(start..start + size_of::<plugin_abi::ImageHeader>());
        }
        places.extend(section.range.start..start);
    }
    let mut random = common::Random(0x5eed_5eed_5eed_5eed);
    let header_bits = places.iter().flat_map(|at| (0..8).map(move |bit| at * 8 + bit));
    let bits: Vec<usize> = header_bits.chain((0..10_000).map(|_| random.below(good.len() * 8))).collect();
    assert!(bits.len() > 10_000);
    for bit in bits {
        let mut bad = good.clone();
        bad[bit / 8] ^= 1 << (bit % 8);
        let found = Bundle::parse(&bad).and_then(|b| b.verify().map(|()| b.platforms.len()));
        // A changed name or length of a section makes it another one: then a platform is missing, or the module another.
        assert_ne!(found, Ok(3 - 1), "bit {bit}");
    }
    let mut bad = good.clone();
    let last = bad.len() - 1;
    bad[last] ^= 1;
    let path = dir.write("bad.wasm", &bad);
    let report = nullvmc(["inspect", &path]);
    assert!(report.code == 1 && report.out.contains("BUNDLE DAMAGED"), "{}", report.err);
    let cut = dir.write("cut.wasm", &good[..good.len() - 1]);
    nullvmc(["bundle", "--list", &cut]).error("not a WebAssembly module");
}

#[test]
fn what_makes_no_section() {
    let dir = Dir::new("bundle-lies");
    let good = fat(&dir);
    let found = Bundle::parse(&good).unwrap();
    let sha = found.module_sha256();
    let images: Vec<Vec<u8>> = found.platform(X86).unwrap().section.images().map(<[u8]>::to_vec).collect();
    assert!(bundle::section(X86, &sha, &images).is_ok());
    assert_eq!(bundle::section(X86, &sha, &[]), Err(BundleError::TooMany(0)));
    assert!(matches!(bundle::section(ARM, &sha, &images), Err(BundleError::Foreign { .. })));
    assert!(matches!(bundle::section(X86, &[0; 32], &images), Err(BundleError::Foreign { .. })));
    let twice = [images[0].clone(), images[0].clone()];
    assert!(matches!(bundle::section(X86, &sha, &twice), Err(BundleError::SameLevel { .. })));
    // The same platform twice in one module.
    let mut two = good.clone();
    let section = container::sections(&good).unwrap().into_iter().find(|s| s.target() == Some(X86)).unwrap();
    container::push_custom(&mut two, section.name.unwrap(), section.data).unwrap();
    assert_eq!(Bundle::parse(&two).unwrap_err(), BundleError::Duplicate(X86.to_owned()));
    // Code of another module under this one's name.
    let other = dir.write("other.wasm", plugin("", "(func (export \"proxy_on_tick\") (param i32))"));
    nullvmc(["bundle", &other, "--target", X86, "-o", &dir.path("o.wasm")]).ok();
    let other = dir.read("o.wasm");
    let section = container::sections(&other).unwrap().into_iter().find(|s| s.target() == Some(X86)).unwrap();
    let mut swapped = bundle::strip(&good, &[X86.to_owned()]).unwrap();
    container::push_custom(&mut swapped, section.name.unwrap(), section.data).unwrap();
    assert!(matches!(Bundle::parse(&swapped).unwrap().verify(), Err(BundleError::Foreign { .. })));
}
