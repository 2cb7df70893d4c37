//! The fuzz targets (`fuzz/`) with a small budget: artifacts of the compiler, mutated, given to everything that reads artifacts.
//!
//! Fields of headers are what is changed most: a flipped bit somewhere in the code is found by a hash, and of no interest here.

#[path = "../../fuzz/src/lib.rs"]
mod fuzz;

use nullvm_artifact::bundle as bundles;
use nullvm_compiler::{Options, compile, emit};
use std::collections::BTreeMap;
use std::time::{Duration, Instant};

const TARGET: &str = "x86_64-unknown-linux-gnu";

/// For each target; the machine decides how many that are, but not fewer than the least.
const BUDGET: Duration = Duration::from_secs(3);
const LEAST: usize = 2_000;

fn wasm() -> Vec<u8> {
    wat::parse_str(
        r#"(module (import "env" "proxy_log" (func (param i32 i32 i32) (result i32)))
            (memory (export "memory") 1) (data (i32.const 8) "text") (table 4 funcref) (elem (i32.const 1) $f)
            (global (export "g") (mut i32) (i32.const 7))
            (func (export "proxy_abi_version_0_2_1")) (func $f (param i32) (result i32) local.get 0 i32.load)
            (func (export "malloc") (param i32) (result i32) i32.const 1024)
            (func (export "proxy_on_tick") (param i32) local.get 0 call $f drop))"#,
    )
    .expect("a module")
}

fn image() -> Vec<u8> {
    emit::image(&compile(&wasm(), &Options::default()).expect("it compiles")).expect("an image")
}

fn bundle() -> Vec<u8> {
    bundles::attach(&wasm(), &BTreeMap::from([(TARGET.to_owned(), vec![image()])])).expect("a bundle")
}

struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0
    }

    fn below(&mut self, n: usize) -> usize {
        (self.next() % n.max(1) as u64) as usize
    }
}

/// Changes that parsers are afraid of.
fn mutate(bytes: &mut Vec<u8>, places: &[usize], random: &mut Random) {
    for _ in 0..=random.below(3) {
        // Mostly where the fields are.
        let at = match random.below(4) {
            0 => random.below(bytes.len()),
            _ => places[random.below(places.len())].min(bytes.len().saturating_sub(1)),
        };
        let odd = [0, 1, 0x7f, 0x80, 0xff, random.next() as u8];
        match random.below(8) {
            0 => bytes.truncate(at),
            1 => bytes.insert(at, odd[random.below(6)]),
            2 => drop(bytes.drain(at..(at + 1 + random.below(64)).min(bytes.len()))),
            3 => bytes.splice(at..(at + 4).min(bytes.len()), [0xff; 4]).for_each(drop),
            _ => {
                if let Some(byte) = bytes.get_mut(at) {
                    *byte = odd[random.below(6)];
                }
            }
        }
        if bytes.is_empty() {
            return;
        }
    }
}

fn run(name: &str, seed: &[u8], places: &[usize], target: fn(&[u8])) {
    let mut random = Random(0x9e37_79b9_7f4a_7c15);
    target(seed);
    let start = Instant::now();
    let mut done = 0;
    while done < LEAST || start.elapsed() < BUDGET {
        let mut bytes = seed.to_vec();
        mutate(&mut bytes, places, &mut random);
        target(&bytes);
        done += 1;
    }
    println!("hostile {name}: {done} mutated artifacts");
}

/// The fields of an image: its header and its metadata's.
fn fields(image: &[u8]) -> Vec<usize> {
    let view = plugin_abi::ImageView::parse(image).expect("an image");
    let meta = view.header.meta_offset as usize;
    let header = size_of::<plugin_abi::ImageHeader>();
    (0..header).chain(meta..meta + view.header.meta_len as usize).collect()
}

#[test]
fn images() {
    let image = image();
    run("image", &image, &fields(&image), fuzz::image);
}

#[test]
fn sections() {
    let bundle = bundle();
    let found = nullvm_artifact::Bundle::parse(&bundle).expect("a bundle");
    let bytes = found.sections().iter().find(|s| s.target().is_some()).expect("a section").data;
    let index = found.platforms[0].section.index().len();
    let inner = fields(&bytes[index..]).into_iter().map(|at| at + index);
    run("section", bytes, &(0..index).chain(inner).collect::<Vec<_>>(), fuzz::section);
}

#[test]
fn bundles_of_modules() {
    let bundle = bundle();
    let starts: Vec<usize> = nullvm_artifact::container::sections(&bundle)
        .expect("a module")
        .iter()
        .flat_map(|s| s.range.start..s.range.start + 120)
        .collect();
    run("bundle", &bundle, &starts, fuzz::bundle);
}

#[test]
fn signatures() {
    let key = nullvm_trust::KeyPair::generate();
    let signed = nullvm_trust::sign(&wasm(), &key).expect("a module");
    let end = nullvm_artifact::container::sections(&signed).expect("a module")[0].range.end;
    run("signature", &signed, &(8..end).collect::<Vec<_>>(), fuzz::signature);
}
