//! A plugin without a compiler: functions in assembly, metadata by hand.
//!
//! The functions take what they take as C functions do, for callbacks (context in `rdi`, arguments in `esi`, `edx`, `ecx`, `r8d`,
//! `r9d`, result in `eax`); the others are called through their adapters.
#![allow(dead_code)]

use core::arch::global_asm;
use nullvm_shim::Plugin;
use plugin_abi::context::{INTERRUPT, STACK_LIMIT, state_size};
use plugin_abi::*;
use std::sync::Arc;

#[rustfmt::skip]
global_asm!(
    ".pushsection .text.test_plugin,\"ax\",@progbits",
    ".balign 16",
    ".globl test_text",
    "test_text:",
    // adapter: extern "C" fn(context: rdi, code: rsi, values: rdx), for three parameters and a result
    ".globl a_full",
    "a_full:",
    "push rbp", "mov rbp, rsp", "push rbx", "push rbx",
    "mov rbx, rdx", "mov rax, rsi",
    "mov esi, [rbx]", "mov edx, [rbx + 16]", "mov ecx, [rbx + 32]",
    // Anything that the trampoline should save and a trap should bring back.
    "mov r12, 1", "mov r13, 2", "mov r14, 3", "mov r15, 4",
    "call rax",
    "mov [rbx], rax",
    "pop rbx", "pop rbx", "pop rbp", "ret",
    // adapter without parameters and results
    ".globl a_none",
    "a_none:",
    "push rbp", "mov rbp, rsp", "call rsi", "pop rbp", "ret",
    ".globl f_load", "f_load:",
    "push rbp", "mov rbp, rsp",
    ".globl t_load", "t_load:", "mov eax, [rdi + rsi]",
    "pop rbp", "ret",
    ".globl f_store", "f_store:",
    "push rbp", "mov rbp, rsp",
    ".globl t_store", "t_store:", "mov [rdi + rsi], edx",
    "xor eax, eax", "pop rbp", "ret",
    ".globl f_unreachable", "f_unreachable:",
    "push rbp", "mov rbp, rsp",
    ".globl t_unreachable", "t_unreachable:", "ud2",
    ".globl f_div", "f_div:",
    "push rbp", "mov rbp, rsp", "mov eax, esi", "mov ecx, edx", "xor edx, edx",
    ".globl t_div", "t_div:", "div ecx",
    "pop rbp", "ret",
    ".globl f_loop", "f_loop:",
    "push rbp", "mov rbp, rsp",
    "1:", "cmp qword ptr [rdi + {interrupt}], 0", "je 1b",
    ".globl t_loop", "t_loop:", "ud2",
    ".globl f_recurse", "f_recurse:",
    "push rbp", "mov rbp, rsp",
    "cmp rsp, [rdi + {stack_limit}]", "jb 2f",
    "sub rsp, 64", "call f_recurse", "add rsp, 64", "pop rbp", "ret",
    "2:", ".globl t_recurse", "t_recurse:", "ud2",
    ".globl f_trap", "f_trap:",
    "push rbp", "mov rbp, rsp", "call nullvm_libcall_trap",
    ".globl t_after_trap", "t_after_trap:", "ud2",
    ".globl f_grow", "f_grow:",
    "push rbp", "mov rbp, rsp", "call nullvm_libcall_memory_grow", "pop rbp", "ret",
    ".globl f_fill", "f_fill:",
    "push rbp", "mov rbp, rsp", "call nullvm_libcall_memory_fill", "xor eax, eax", "pop rbp", "ret",
    ".globl f_copy", "f_copy:",
    "push rbp", "mov rbp, rsp", "call nullvm_libcall_memory_copy", "xor eax, eax", "pop rbp", "ret",
    ".globl f_init", "f_init:", // memory.init of segment 1: to, from, length
    "push rbp", "mov rbp, rsp", "mov r8d, ecx", "mov ecx, edx", "mov edx, esi", "mov esi, 1",
    "call nullvm_libcall_memory_init", "xor eax, eax", "pop rbp", "ret",
    ".globl f_drop", "f_drop:",
    "push rbp", "mov rbp, rsp", "call nullvm_libcall_data_drop", "xor eax, eax", "pop rbp", "ret",
    ".globl f_table_grow", "f_table_grow:", // table, delta, value
    "push rbp", "mov rbp, rsp", "call nullvm_libcall_table_grow", "pop rbp", "ret",
    ".globl f_table_set", "f_table_set:", // table, index, value
    "push rbp", "mov rbp, rsp", "call nullvm_libcall_table_set", "xor eax, eax", "pop rbp", "ret",
    ".globl f_table_init", "f_table_init:", // table 0 from segment 1: to, from, length
    "push rbp", "mov rbp, rsp", "mov r9d, ecx", "mov r8d, edx", "mov ecx, esi", "xor esi, esi", "mov edx, 1",
    "call nullvm_libcall_table_init", "xor eax, eax", "pop rbp", "ret",
    ".globl f_table_copy", "f_table_copy:", // within table 0: to, from, length
    "push rbp", "mov rbp, rsp", "mov r9d, ecx", "mov r8d, edx", "mov ecx, esi", "xor esi, esi", "xor edx, edx",
    "call nullvm_libcall_table_copy", "xor eax, eax", "pop rbp", "ret",
    ".globl f_stub", "f_stub:",
    "push rbp", "mov rbp, rsp", "call nullvm_libcall_stub_import",
    ".globl f_log", "f_log:", // level, pointer, size
    "push rbp", "mov rbp, rsp", "call nullvm_proxy_log", "pop rbp", "ret",
    // get_header_map_value(0, 16, 4, 32, 36): the result needs malloc
    ".globl f_header", "f_header:",
    "push rbp", "mov rbp, rsp", "sub rsp, 16",
    "xor esi, esi", "mov edx, 16", "mov ecx, 4", "mov r8d, 32", "mov r9d, 36",
    "call nullvm_proxy_get_header_map_value", "add rsp, 16", "pop rbp", "ret",
    // http_call with ten arguments, four of them on the stack
    ".globl f_http_call", "f_http_call:",
    "push rbp", "mov rbp, rsp", "push rbx",
    "push 40", "push 1234", "push 0", "push 0", "push 0",
    "mov esi, 16", "mov edx, 4", "xor ecx, ecx", "xor r8d, r8d", "xor r9d, r9d",
    "call nullvm_proxy_http_call", "add rsp, 40", "pop rbx", "pop rbp", "ret",
    ".globl f_time", "f_time:",
    "push rbp", "mov rbp, rsp", "call nullvm_proxy_get_current_time_nanoseconds", "pop rbp", "ret",
    ".globl f_done", "f_done:",
    "push rbp", "mov rbp, rsp", "call nullvm_proxy_done", "pop rbp", "ret",
    // malloc: what it does stands in the first word of the memory
    ".globl f_malloc", "f_malloc:",
    "push rbp", "mov rbp, rsp",
    "mov eax, [rdi]",
    "cmp eax, 1", "je 11f", "cmp eax, 2", "je 12f", "cmp eax, 3", "je 13f", "cmp eax, 4", "je 14f", "cmp eax, 5", "je 15f",
    "cmp eax, 6", "je 16f",
    "mov eax, 1024", "pop rbp", "ret",
    "11:", "mov esi, -4", "call f_load",
    "12:", "mov esi, 7", "xor edx, edx", "call f_div",
    "13:", "call f_unreachable",
    "14:", "call f_recurse",
    "15:", "call nullvm_proxy_done", "xor eax, eax", "pop rbp", "ret",
    "16:", "call f_loop",
    ".globl f_empty", "f_empty:", "xor eax, eax", "ret",
    ".globl f_sum", "f_sum:", "lea eax, [rsi + rdx]", "add eax, ecx", "ret",
    // start functions: count in memory word 64
    ".globl f_count", "f_count:", "inc dword ptr [rdi + 64]", "ret",
    // import through the embedder: argument in the first value, result there too
    ".globl f_import", "f_import:",
    "push rbp", "mov rbp, rsp", "sub rsp, 16", "mov [rsp], rsi", "xor esi, esi", "mov rdx, rsp",
    "call nullvm_libcall_call_import", "mov rax, [rsp]", "add rsp, 16", "pop rbp", "ret",
    // five parameters, into the memory from byte 128 on
    ".globl f_five", "f_five:",
    "mov [rdi + 128], esi", "mov [rdi + 132], edx", "mov [rdi + 136], ecx", "mov [rdi + 140], r8d", "mov [rdi + 144], r9d",
    "mov rax, -1", "ret",
    // keeps no register; traps where its argument is not 0
    ".globl f_wild", "f_wild:",
    "push rbp", "mov rbp, rsp",
    "mov rbx, 1", "mov r12, 2", "mov r13, 3", "mov r14, 4", "mov r15, 5",
    "test esi, esi", "je 1f",
    ".globl t_wild", "t_wild:", "ud2",
    "1:", "pop rbp", "ret",
    ".globl test_text_end",
    "test_text_end:",
    ".popsection",
    interrupt = const INTERRUPT,
    stack_limit = const STACK_LIMIT,
);

macro_rules! labels {
    ($($name:ident)*) => {
        unsafe extern "C" { $( static $name: u8; )* }
        /// Offset of a label within the text.
        pub fn label(name: &str) -> u32 {
            let address = match name {
                $( stringify!($name) => &raw const $name, )*
                _ => panic!("no label {name}"),
            };
            (address as usize - (&raw const test_text) as usize) as u32
        }
    };
}

labels! { test_text a_full a_none f_load t_load f_store t_store f_unreachable t_unreachable f_div t_div f_loop t_loop
f_recurse t_recurse f_trap t_after_trap f_grow f_fill f_copy f_init f_drop f_table_grow f_table_set f_table_init
f_table_copy f_stub f_log f_header f_http_call f_time f_done f_malloc f_empty f_sum f_count f_import f_five
f_wild t_wild test_text_end }

/// First byte of the text.
pub fn text_start() -> *const u8 {
    &raw const test_text
}

/// What a test plugin is made of.
#[derive(Clone)]
pub struct Build {
    pub flags: u32,
    pub abi: AbiVersion,
    pub memory: (u32, u32),
    pub start: bool,
    /// Callbacks, each a label.
    pub callbacks: Vec<(CallbackId, &'static str)>,
    /// active, memory offset, bytes
    pub data: Vec<(bool, u32, Vec<u8>)>,
    pub tables: Vec<TableRecord>,
    /// kind, table offset, items
    pub elements: Vec<(u32, u32, Vec<u32>)>,
}

pub const GUARD: u32 =
    FLAG_BOUNDS_GUARD | FLAG_TRAPS_SIGNAL | FLAG_INTERRUPTIBLE | FLAG_PROXY_WASM | FLAG_MEMORY;

impl Default for Build {
    fn default() -> Self {
        Build {
            flags: GUARD,
            abi: AbiVersion::V0_2_1,
            memory: (2, 4),
            start: false,
            callbacks: vec![
                (CallbackId::Malloc, "f_malloc"),
                (CallbackId::OnTick, "f_empty"),
                (CallbackId::OnVmStart, "f_header"),
                (CallbackId::OnConfigure, "f_done"),
                (CallbackId::OnRequestHeaders, "f_sum"),
                (CallbackId::OnDone, "f_loop"),
                (CallbackId::OnNewConnection, "f_unreachable"),
                (CallbackId::OnHttpCallResponse, "f_five"),
                (CallbackId::OnDelete, "f_wild"),
            ],
            data: vec![
                (true, 16, b"key!".to_vec()),
                (false, 0, b"passive".to_vec()),
                (true, 70000, b"second page".to_vec()),
            ],
            tables: vec![
                TableRecord { min: 4, max: 8, element: 5, init: 0 },
                TableRecord { min: 1, max: NONE, element: 6, init: 0 },
            ],
            elements: vec![(1, 1, vec![2, 3]), (0, 0, vec![4, 0, 2])],
        }
    }
}

/// The functions, in order; function 0 is imported. All have type 0 but `f_count`, which has type 1.
pub const FUNCTIONS: &[&str] = &[
    "f_load",
    "f_store",
    "f_unreachable",
    "f_div",
    "f_loop",
    "f_recurse",
    "f_trap",
    "f_grow",
    "f_fill",
    "f_copy",
    "f_init",
    "f_drop",
    "f_table_grow",
    "f_table_set",
    "f_table_init",
    "f_table_copy",
    "f_stub",
    "f_log",
    "f_header",
    "f_http_call",
    "f_time",
    "f_done",
    "f_malloc",
    "f_empty",
    "f_sum",
    "f_count",
    "f_import",
    "f_five",
    "f_wild",
];

/// The bytes of plain data.
fn bytes_of<T>(items: &[T]) -> &[u8] {
    unsafe { core::slice::from_raw_parts(items.as_ptr().cast(), size_of_val(items)) }
}

#[derive(Default)]
struct Blob(Vec<u8>);

impl Blob {
    fn span<T>(&mut self, items: &[T]) -> Span {
        self.0.resize(self.0.len().next_multiple_of(16), 0);
        let offset = size_of::<MetaHeader>().next_multiple_of(16) + self.0.len();
        self.0.extend_from_slice(bytes_of(items));
        Span { offset: offset as u32, len: items.len() as u32 }
    }
}

impl Build {
    pub fn text_len() -> u32 {
        label("test_text_end")
    }

    pub fn meta(&self) -> Vec<u8> {
        let mut strings = Vec::new();
        let mut intern = |s: &str| {
            let at = strings.len() as u32;
            strings.extend_from_slice(s.as_bytes());
            (at, s.len() as u32)
        };
        let import_module = intern("env");
        let import_name = intern("imported");
        // Types 0..=5: n parameters and a result (3 for type 0); 6..=9: n - 6 parameters, no result.
        let mut types = Vec::new();
        let mut type_values: Vec<u8> = Vec::new();
        let mut add = |params: u16, results: u16, entry: &str| {
            types.push(FunctionType {
                first_value: type_values.len() as u32,
                params,
                results,
                entry: label(entry),
            });
            type_values.extend(std::iter::repeat_n(0u8, (params + results) as usize));
        };
        add(3, 1, "a_full");
        add(0, 0, "a_none");
        add(1, 1, "a_full");
        add(2, 1, "a_full");
        add(1, 0, "a_full");
        add(5, 0, "a_full");
        let mut names: Vec<&str> = FUNCTIONS.to_vec();
        names.sort_by_key(|n| label(n));
        assert_eq!(names, FUNCTIONS, "functions are sorted by offset");
        let mut functions = vec![FunctionRecord {
            offset: NONE,
            size: 0,
            type_index: 0,
            name_offset: import_name.0,
            name_len: import_name.1,
        }];
        let mut exports = Vec::new();
        for (i, name) in FUNCTIONS.iter().enumerate() {
            let (name_offset, name_len) = intern(name);
            let offset = label(name);
            let end = FUNCTIONS.get(i + 1).map_or(Self::text_len(), |n| label(n));
            let callback =
                self.callbacks.iter().find(|(_, l)| l == name).map(|(id, _)| &CALLBACKS[*id as usize]);
            let type_index = match (callback, *name) {
                (_, "f_count") => 1,
                (Some(c), _) if c.params == 5 => 5,
                (Some(c), _) if !c.result => 4,
                (Some(c), _) if c.params == 1 => 2,
                (Some(c), _) if c.params == 2 => 3,
                _ => 0,
            };
            functions.push(FunctionRecord { offset, size: end - offset, type_index, name_offset, name_len });
            exports.push(ExportRecord { name_offset, name_len, kind: 0, index: i as u32 + 1 });
        }
        let (name_offset, name_len) = intern("global");
        exports.push(ExportRecord { name_offset, name_len, kind: 3, index: 1 });
        exports.sort_by_key(|e| strings[e.name_offset as usize..][..e.name_len as usize].to_vec());
        let find = |name: &str| FUNCTIONS.iter().position(|f| *f == name).unwrap() as u32 + 1;
        let mut callbacks = vec![NONE; CALLBACKS.len()];
        for (id, name) in &self.callbacks {
            callbacks[*id as usize] = find(name);
        }
        let mut traps = [
            (label("t_load"), TrapCode::MemoryOutOfBounds),
            (label("t_store"), TrapCode::MemoryOutOfBounds),
            (label("t_unreachable"), TrapCode::Unreachable),
            (label("t_div"), TrapCode::IntegerDivisionByZero),
            (label("t_loop"), TrapCode::Interrupt),
            (label("t_recurse"), TrapCode::StackOverflow),
            (label("t_wild"), TrapCode::Unreachable),
        ];
        traps.sort_by_key(|t| t.0);
        let mut data_bytes = Vec::new();
        let data: Vec<DataRecord> = self
            .data
            .iter()
            .map(|(active, memory_offset, bytes)| {
                let first = data_bytes.len() as u32;
                data_bytes.extend_from_slice(bytes);
                DataRecord {
                    active: *active as u32,
                    memory_offset: *memory_offset,
                    first,
                    len: bytes.len() as u32,
                }
            })
            .collect();
        let mut items = Vec::new();
        let elements: Vec<ElementRecord> = self
            .elements
            .iter()
            .map(|(kind, table_offset, list)| {
                let first = items.len() as u32;
                items.extend_from_slice(list);
                ElementRecord {
                    kind: *kind,
                    table: 0,
                    table_offset: *table_offset,
                    first,
                    len: list.len() as u32,
                }
            })
            .collect();
        let globals = [
            GlobalRecord { value: [11, 0, 0, 0], ty: 0, mutable: 1 },
            GlobalRecord { value: [0x5566_7788, 0x1122_3344, 0, 0], ty: 1, mutable: 1 },
        ];
        let imports = [ImportRecord {
            module_offset: import_module.0,
            module_len: import_module.1,
            name_offset: import_name.0,
            name_len: import_name.1,
            type_index: 0,
        }];
        let mut blob = Blob::default();
        let header = MetaHeader {
            magic: META_MAGIC,
            version: ABI_VERSION,
            size: 0,
            flags: self.flags,
            abi: self.abi as u32,
            text_len: Self::text_len(),
            state_size: state_size(self.tables.len() as u32, globals.len() as u32),
            memory_min: self.memory.0,
            memory_max: self.memory.1,
            start_function: if self.start { find("f_count") } else { NONE },
            imported_functions: 1,
            wasm_sha256: [0; 32],
            strings: blob.span(&strings),
            types: blob.span(&types),
            type_values: blob.span(&type_values),
            functions: blob.span(&functions),
            tables: blob.span(&self.tables),
            globals: blob.span(&globals),
            data: blob.span(&data),
            data_bytes: blob.span(&data_bytes),
            elements: blob.span(&elements),
            element_items: blob.span(&items),
            exports: blob.span(&exports),
            imports: blob.span(&imports),
            trap_offsets: blob.span(&traps.iter().map(|t| t.0).collect::<Vec<_>>()),
            trap_codes: blob.span(&traps.iter().map(|t| t.1 as u8).collect::<Vec<_>>()),
            callbacks: blob.span(&callbacks),
        };
        let start = size_of::<MetaHeader>().next_multiple_of(16);
        let header = MetaHeader { size: (start + blob.0.len()) as u32, ..header };
        let mut meta = bytes_of(&[header]).to_vec();
        meta.resize(start, 0);
        meta.extend_from_slice(&blob.0);
        meta
    }

    /// The descriptor of a linked-in plugin. Leaks.
    pub fn descriptor(&self) -> &'static PluginDescriptor {
        let meta = self.meta();
        let mut aligned = vec![0u128; meta.len().div_ceil(16)];
        unsafe { core::ptr::copy_nonoverlapping(meta.as_ptr(), aligned.as_mut_ptr().cast(), meta.len()) };
        Box::leak(Box::new(PluginDescriptor {
            abi: core::ptr::null(),
            version: ABI_VERSION,
            size: size_of::<PluginDescriptor>() as u32,
            name: c"test".as_ptr(),
            text: &raw const test_text,
            text_len: Self::text_len().into(),
            meta: aligned.leak().as_ptr().cast(),
            meta_len: meta.len() as u64,
        }))
    }

    pub fn plugin(&self) -> Arc<Plugin> {
        unsafe { Plugin::from_descriptor(self.descriptor()) }.unwrap()
    }
}
