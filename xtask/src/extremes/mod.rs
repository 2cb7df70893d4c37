//! Proxy-Wasm modules at the extremes of what real toolchains emit, and beyond.
//!
//! Each has one number that is far out: the numbers of real modules (the `reach` of an [`Extreme`] says "seen") and for
//! some of them the limit of WebAssembly itself. They are for compiling, not for running: calls recurse without end. The
//! bytes depend on nothing but this code.

mod body;
mod plugin;

use body::{Body, Scope};
use plugin::Plugin;
use wasm_encoder::{BlockType, Function, InstructionSink, ValType};

/// A module with one extreme.
pub struct Extreme {
    /// File name without `.wasm`.
    pub name: &'static str,
    /// What is extreme about it.
    pub reach: &'static str,
    build: fn() -> Vec<u8>,
}

impl Extreme {
    /// The module.
    pub fn wasm(&self) -> Vec<u8> {
        (self.build)()
    }
}

/// All of them.
pub const EXTREMES: &[Extreme] = &[
    Extreme { name: "functions", reach: "16,000 functions (seen)", build: || functions(16_000, 300) },
    Extreme { name: "body", reach: "a body of 184 KB (seen)", build: || functions(1, 184 << 10) },
    Extreme { name: "nesting", reach: "706 levels of nesting (seen)", build: || one(nesting(706)) },
    Extreme { name: "nesting_deep", reach: "10,000 levels of nesting", build: || one(nesting(10_000)) },
    Extreme { name: "locals", reach: "6,414 locals (seen)", build: || one(locals(6_414, 4)) },
    Extreme { name: "locals_limit", reach: "50,000 locals (the limit)", build: || one(locals(49_982, 1)) },
    Extreme {
        name: "locals_ifs",
        reach: "20,000 locals and 20,000 ifs in one body",
        build: || one(locals_ifs(20_000)),
    },
    Extreme {
        name: "br_table",
        reach: "a br_table of 1,221 entries (seen)",
        build: || one(br_table(1_221, 1_221)),
    },
    Extreme {
        name: "br_table_wide",
        reach: "a br_table of 100,000 entries",
        build: || one(br_table(100_000, 1_000)),
    },
    Extreme { name: "loops", reach: "10,792 loops in one body (seen)", build: || one(loops(10_792)) },
    Extreme {
        name: "call_indirect",
        reach: "6,153 indirect calls in one body (seen)",
        build: || one(indirect_calls(6_153)),
    },
    Extreme {
        name: "data_segments",
        reach: "100,000 data segments (the limit)",
        build: || data_segments(100_000),
    },
    Extreme { name: "table", reach: "a table of 16,000 elements (seen)", build: || table(16_000) },
    Extreme { name: "globals", reach: "70,000 globals, all used in one body", build: || globals(70_000) },
    Extreme {
        name: "expression",
        reach: "expressions 100,000 operators deep",
        build: || one(expressions(100_000)),
    },
    Extreme { name: "signature", reach: "1,000 parameters and results (the limits)", build: signatures },
    Extreme { name: "large", reach: "26 MB (seen)", build: || sized(26 << 20) },
];

/// A module of about `bytes`, three quarters of them code in bodies of real modules' sizes. Two of them differ in nothing
/// but their number of functions.
pub fn sized(bytes: usize) -> Vec<u8> {
    let mut plugin = Plugin::new();
    let mut rng = body::Rng::new(bytes as u64);
    // Sizes spread as in real modules: most bodies are small, few are large, a thousand bytes on average.
    let mut sizes = Vec::new();
    let mut code = 0;
    while code < bytes / 4 * 3 {
        let size = match rng.below(100) {
            0..60 => 60 + rng.below(300),
            60..90 => 300 + rng.below(1_200),
            90..99 => 1_500 + rng.below(6_000),
            _ => 8_000 + rng.below(24_000),
        } as usize;
        sizes.push(size);
        code += size;
    }
    let scope = plugin.scope(sizes.len() as u32);
    for (i, size) in sizes.iter().enumerate() {
        plugin.add(Body::new(i as u64, &scope).of_size(*size));
    }
    plugin.elements(sizes.len().min(16_000) as u32);
    plugin.data_bytes(bytes / 4, &mut rng);
    plugin.finish()
}

fn functions(count: u32, size: usize) -> Vec<u8> {
    let mut plugin = Plugin::new();
    let scope = plugin.scope(count);
    for i in 0..count {
        plugin.add(Body::new(i.into(), &scope).of_size(size));
    }
    plugin.elements(count.min(64));
    plugin.finish()
}

/// A module with a few plain functions and this one.
fn one(build: impl Fn(&Scope) -> Function) -> Vec<u8> {
    let mut plugin = Plugin::new();
    let scope = plugin.scope(9);
    for i in 0..8 {
        plugin.add(Body::new(i, &scope).of_size(400));
    }
    plugin.add(build(&scope));
    plugin.elements(9);
    plugin.finish()
}

/// Blocks, loops and ifs within each other, with code and branches out of the nest at each level.
fn nesting(levels: u32) -> impl Fn(&Scope) -> Function {
    move |scope| {
        let mut body = Body::new(1, scope);
        for level in 0..levels {
            body.statement(1);
            match level % 3 {
                0 => {
                    body.code().block(BlockType::Empty);
                }
                1 => {
                    body.code().loop_(BlockType::Empty);
                }
                _ => {
                    body.condition();
                    body.code().if_(BlockType::Empty);
                }
            }
        }
        for level in (0..levels).rev() {
            body.statement(1);
            // Outwards, and not to a loop: the number of open blocks is `level + 1`, those of loops are 1, 4, ...
            let outwards = (body.below(level + 1) / 3 * 3 + level % 3).min(level);
            body.condition();
            body.code().br_if(outwards);
            body.code().end();
        }
        body.finish()
    }
}

/// Every local is set and used, in blocks all over the body.
fn locals(count: u32, rounds: u32) -> impl Fn(&Scope) -> Function {
    move |scope| {
        let mut body =
            Body::with_locals(2, scope, &[(count / 2, ValType::I32), (count - count / 2, ValType::I64)]);
        let first = body.locals_before();
        let (wide, end) = (first + count / 2, first + count);
        for round in 0..rounds {
            for local in first..wide {
                body.i32(1);
                body.code()
                    .local_get(first + (local * 7 + round) % (wide - first))
                    .i32_add()
                    .local_set(local);
                if local.is_multiple_of(64) {
                    body.condition();
                    body.code().if_(BlockType::Empty);
                    body.statement(1);
                    body.code().local_get(local).local_set(first);
                    body.code().end();
                }
            }
            for local in wide..end {
                body.i64(1);
                let other = wide + (local * 7 + round) % (end - wide);
                body.code().local_get(other).i64_xor().local_set(local);
            }
        }
        for local in first..end {
            let code = &mut body.code();
            code.local_get(0).local_get(local);
            let offset = u64::from(local - first) * 8;
            if local < wide {
                code.i32_store(body::memarg(2, offset))
            } else {
                code.i64_store(body::memarg(3, offset))
            };
        }
        body.finish()
    }
}

/// As many conditional assignments as locals, all of which are used at the end.
fn locals_ifs(count: u32) -> impl Fn(&Scope) -> Function {
    move |scope| {
        let mut body = Body::with_locals(7, scope, &[(count, ValType::I32)]);
        let first = body.locals_before();
        for i in 0..count {
            body.code().local_get(first + i * 7 % count).if_(BlockType::Empty);
            body.i32(1);
            body.code().local_set(first + i).end();
        }
        for i in 0..count {
            body.code().local_get(0).local_get(first + i).i32_store(body::memarg(2, u64::from(i) * 4));
        }
        body.finish()
    }
}

/// A `br_table` of `entries` into `cases` nested blocks, within a loop: a bytecode interpreter, or Go's resumption points.
fn br_table(entries: u32, cases: u32) -> impl Fn(&Scope) -> Function {
    move |scope| {
        let mut body = Body::new(3, scope);
        body.code().loop_(BlockType::Empty);
        for _ in 0..=cases {
            body.code().block(BlockType::Empty);
        }
        body.i32(2);
        body.code().br_table((0..entries).map(|i| (i * 31) % cases), cases);
        for case in 0..=cases {
            body.code().end();
            body.statement(1);
            if case % 3 == 0 {
                body.code().br(cases - case);
            }
        }
        body.code().end();
        body.finish()
    }
}

fn loops(count: u32) -> impl Fn(&Scope) -> Function {
    move |scope| {
        let mut body = Body::new(4, scope);
        let mut left = count;
        while left > 0 {
            // Up to three within each other.
            let depth = (1 + body.below(3)).min(left);
            for _ in 0..depth {
                body.code().loop_(BlockType::Empty);
                body.statement(0);
            }
            for _ in 0..depth {
                body.condition();
                body.code().br_if(0).end();
            }
            left -= depth;
        }
        body.finish()
    }
}

fn indirect_calls(count: u32) -> impl Fn(&Scope) -> Function {
    move |scope| {
        let mut body = Body::new(5, scope);
        for _ in 0..count {
            body.indirect_call();
            if body.below(4) == 0 {
                body.statement(1);
            }
        }
        body.finish()
    }
}

/// A chain of operators, each with the result of the one before, and one in which all operands come first.
fn expressions(depth: u32) -> impl Fn(&Scope) -> Function {
    move |scope| {
        let mut body = Body::new(6, scope);
        let operator = |code: &mut InstructionSink<'_>, i: u32| {
            match i % 5 {
                0 => code.i32_add(),
                1 => code.i32_xor(),
                2 => code.i32_mul(),
                3 => code.i32_sub(),
                _ => code.i32_rotl(),
            };
        };
        let locals = body.locals_before();
        body.code().local_get(0);
        for i in 0..depth {
            let code = &mut body.code();
            if i % 7 == 0 {
                code.i32_load(body::memarg(2, u64::from(i)));
            }
            code.local_get(i % 2);
            operator(code, i);
        }
        body.code().local_set(locals - 1);
        for i in 0..depth {
            let code = &mut body.code();
            code.local_get(i % 2);
            if i % 3 == 0 {
                code.i32_load(body::memarg(2, u64::from(i)));
            }
        }
        for i in 1..depth {
            operator(&mut body.code(), i);
        }
        body.code().local_set(locals - 1);
        body.finish()
    }
}

fn data_segments(count: u32) -> Vec<u8> {
    let mut plugin = Plugin::new();
    let scope = plugin.scope(1);
    plugin.add(Body::new(0, &scope).of_size(400));
    let mut rng = body::Rng::new(7);
    for i in 0..count {
        let bytes: Vec<u8> = (0..8 + rng.below(24)).map(|_| rng.next() as u8).collect();
        plugin.data_segment(i * 32, &bytes);
    }
    plugin.finish()
}

fn table(count: u32) -> Vec<u8> {
    let mut plugin = Plugin::new();
    let scope = plugin.scope(200);
    for i in 0..200 {
        plugin.add(Body::new(i, &scope).of_size(100));
    }
    plugin.elements(count);
    plugin.finish()
}

fn globals(count: u32) -> Vec<u8> {
    let mut plugin = Plugin::new();
    let first = plugin.globals(count);
    let scope = plugin.scope(1);
    let mut body = Body::new(0, &scope);
    for global in first..first + count {
        body.code().local_get(0).global_get(global).i32_add().global_set(global);
        if global.is_multiple_of(16) {
            body.condition();
            body.code().if_(BlockType::Empty);
            body.statement(1);
            body.code().end();
        }
    }
    plugin.add(body.finish());
    plugin.finish()
}

fn signatures() -> Vec<u8> {
    let mut plugin = Plugin::new();
    let types = [ValType::I32, ValType::I64, ValType::F64, ValType::V128];
    let values: Vec<ValType> = (0..1000).map(|i| types[i % 4]).collect();
    let wide = plugin.function_type(&values, &values);
    let scope = plugin.scope(1);
    plugin.add(Body::new(0, &scope).of_size(200));
    for i in 0..4 {
        let mut f = Function::new([]);
        let code = &mut f.instructions();
        for local in 0..1000 {
            code.local_get(local);
        }
        // The last is a tail call.
        let callee = scope.first + 1 + (i + 1) % 4;
        if i == 3 {
            code.return_call(callee)
        } else {
            code.call(callee)
        };
        code.end();
        plugin.add_typed(f, wide);
    }
    plugin.finish()
}
