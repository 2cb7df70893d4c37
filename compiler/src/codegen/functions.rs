//! Compiles all functions of a module, in parallel.
//!
//! Workers take functions off one queue, largest first, and each result goes to its function's place, so that the outcome is
//! the same whatever the number of workers.

use crate::translate::{self, Env, FunctionRef, reference, user_name};
use crate::{CompileError, Traps};
use cranelift_codegen::binemit::Reloc;
use cranelift_codegen::ir::{Block, ExternalName, UserFuncName};
use cranelift_codegen::isa::unwind::UnwindInfo;
use cranelift_codegen::isa::unwind::systemv;
use cranelift_codegen::{CodegenError, CompiledCode, Context, FinalizedRelocTarget, control::ControlPlane};
use cranelift_frontend::FunctionBuilderContext;
use plugin_abi::TrapCode;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use wasmparser::FuncValidatorAllocations;

/// Stack of a worker, generous: neither the translator nor the code generator is known to recurse with the module's depth.
const WORKER_STACK: usize = 16 << 20;

/// Frames up to this size fit the room that the shim keeps below the stack limit: a quarter of it.
const LARGEST_UNGUARDED_FRAME: u32 = plugin_abi::context::HOST_HEADROOM / 4;

/// What a piece of code is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Piece {
    /// A defined function, by its position among them.
    Function(usize),
    /// The stack guard of a defined function with a frame of so many bytes.
    StackGuard(usize, u32),
    /// The adapter of an imported function.
    ImportAdapter(u32),
    /// The entry adapter of a signature.
    Entry(u32),
}

/// A reference out of a piece of code.
pub(super) struct CodeRelocation {
    pub offset: u32,
    pub kind: Reloc,
    pub target: FunctionRef,
    pub addend: i64,
}

/// A compiled piece.
pub(super) struct Code {
    pub bytes: Vec<u8>,
    pub alignment: u32,
    pub relocations: Vec<CodeRelocation>,
    pub traps: Vec<(u32, TrapCode)>,
    pub unwind: Option<systemv::UnwindInfo>,
    pub clif: Option<String>,
    pub asm: Option<String>,
    /// Bytes of stack below the frame pointer.
    pub frame: u32,
    /// What stands in front of a function with a large frame where the stack is checked without signals.
    pub guard: Option<Box<(Piece, Code)>>,
}

/// All pieces in the order of the text.
pub(super) struct Compiled {
    pub pieces: Vec<(Piece, Code)>,
}

/// The pieces of a module in the order of the text.
fn pieces(env: &Env<'_>) -> Vec<Piece> {
    let module = env.module;
    let functions = (0..module.bodies.len()).map(Piece::Function);
    let adapters =
        (0..module.imports.len()).filter(|i| module.referenced[*i]).map(|i| Piece::ImportAdapter(i as u32));
    // The host calls exports and the start function.
    let mut entered = vec![false; module.types.len()];
    for export in &module.exports {
        if let crate::module::ExportKind::Function(f) = export.kind {
            entered[module.functions[f as usize] as usize] = true;
        }
    }
    if let Some(f) = module.start {
        entered[module.functions[f as usize] as usize] = true;
    }
    let entries = entered.into_iter().enumerate().filter(|(_, e)| *e).map(|(t, _)| Piece::Entry(t as u32));
    functions.chain(adapters).chain(entries).collect()
}

/// Compiles every piece.
pub(super) fn compile_all(env: &Env<'_>) -> Result<Compiled, CompileError> {
    let pieces = pieces(env);
    let weight = |piece: &Piece| match piece {
        Piece::Function(i) => env.module.bodies[*i].body.range().len(),
        _ => 0,
    };
    let mut queue: Vec<usize> = (0..pieces.len()).collect();
    queue.sort_by_key(|i| std::cmp::Reverse(weight(&pieces[*i])));

    let next = AtomicUsize::new(0);
    let failed = AtomicBool::new(false);
    let progress = env.options.progress.as_deref();
    if let Some(progress) = progress {
        progress.start(pieces.iter().map(|p| weight(p) as u64).sum());
    }
    let results: Vec<Mutex<Option<Result<Code, CompileError>>>> =
        pieces.iter().map(|_| Mutex::new(None)).collect();
    let work = || {
        let mut worker = Worker::new(env);
        while !failed.load(Ordering::Relaxed) {
            let Some(&i) = queue.get(next.fetch_add(1, Ordering::Relaxed)) else { break };
            let result = worker.compile(pieces[i]);
            if let Some(progress) = progress {
                progress.advance(weight(&pieces[i]) as u64);
            }
            if result.is_err() {
                failed.store(true, Ordering::Relaxed);
            }
            *results[i].lock().unwrap_or_else(std::sync::PoisonError::into_inner) = Some(result);
        }
    };
    let jobs = match env.options.jobs {
        0 => std::thread::available_parallelism().map_or(1, std::num::NonZero::get),
        n => n,
    };
    std::thread::scope(|scope| {
        for _ in 1..jobs.min(pieces.len()) {
            // A system that gives no more threads gets its result from fewer.
            if std::thread::Builder::new().stack_size(WORKER_STACK).spawn_scoped(scope, work).is_err() {
                break;
            }
        }
        work();
    });

    let mut results: Vec<_> = results
        .into_iter()
        .map(|r| r.into_inner().unwrap_or_else(std::sync::PoisonError::into_inner))
        .collect();
    // The first failure in the order of the queue: what stands before it there was taken before it and is finished, so that
    // it is the same one whatever the number of workers.
    for &i in &queue {
        if let Some(Err(e)) = results[i].take_if(|r| r.is_err()) {
            return Err(e);
        }
    }
    let mut compiled = Vec::with_capacity(pieces.len());
    for (piece, code) in pieces.into_iter().zip(results) {
        let Some(Ok(mut code)) = code else { unreachable!("workers stop early only when a piece fails") };
        compiled.extend(code.guard.take().map(|guard| *guard));
        compiled.push((piece, code));
    }
    Ok(Compiled { pieces: compiled })
}

struct Worker<'a> {
    env: &'a Env<'a>,
    context: Context,
    builder: FunctionBuilderContext,
    allocations: FuncValidatorAllocations,
    control: ControlPlane,
    registers: regalloc2::Ctx,
}

impl<'a> Worker<'a> {
    fn new(env: &'a Env<'a>) -> Self {
        Self {
            env,
            context: Context::new(),
            builder: FunctionBuilderContext::new(),
            allocations: FuncValidatorAllocations::default(),
            control: ControlPlane::default(),
            registers: regalloc2::Ctx::default(),
        }
    }

    fn compile(&mut self, piece: Piece) -> Result<Code, CompileError> {
        self.context.clear();
        let func = &mut self.context.func;
        // Blocks that are to start with a check for interrupts.
        let mut polls = Vec::new();
        match piece {
            Piece::Function(i) => {
                let index = (self.env.module.imports.len() + i) as u32;
                func.name = UserFuncName::User(user_name(FunctionRef::Wasm(index)));
                let allocations = std::mem::take(&mut self.allocations);
                (self.allocations, polls) =
                    translate::translate(self.env, i, func, &mut self.builder, allocations)?;
            }
            Piece::StackGuard(i, frame) => {
                let index = (self.env.module.imports.len() + i) as u32;
                func.name = UserFuncName::User(user_name(FunctionRef::Wasm(index)));
                translate::translate_stack_guard(self.env, index, frame, func, &mut self.builder);
            }
            Piece::ImportAdapter(i) => {
                func.name = UserFuncName::User(user_name(FunctionRef::Wasm(i)));
                translate::translate_import_adapter(self.env, i, func, &mut self.builder);
            }
            Piece::Entry(ty) => super::entry::build(self.env, ty, func, &mut self.builder),
        }
        let clif = self.env.options.keep_clif.then(|| func.display().to_string());
        let code = self.generate(&polls).map_err(|e| refused(self.env, piece, &e))?;
        let mut code = self.finish(piece, &code, clif)?;
        if let Piece::Function(i) = piece
            && self.env.options.traps == Traps::Call
            && code.frame > LARGEST_UNGUARDED_FRAME
        {
            let guard = Piece::StackGuard(i, code.frame);
            code.guard = Some(Box::new((guard, self.compile(guard)?)));
        }
        Ok(code)
    }

    /// What [`Context::compile`] does, with a pass of our own between the optimiser and the selection of instructions.
    fn generate(&mut self, polls: &[Block]) -> Result<CompiledCode, CodegenError> {
        let (isa, context) = (self.env.isa, &mut self.context);
        // Verifies the function first.
        context.optimize(isa, &mut self.control)?;
        super::polls::insert(&mut context.func, isa, polls);
        context.verify_if(isa)?;
        let (func, domtree, registers) = (&context.func, &context.domtree, &mut self.registers);
        let code =
            isa.compile_function(func, domtree, registers, self.env.options.keep_asm, &mut self.control)?;
        Ok(code.apply_params(&func.params))
    }

    fn finish(
        &mut self,
        piece: Piece,
        code: &CompiledCode,
        clif: Option<String>,
    ) -> Result<Code, CompileError> {
        let unsupported =
            |what: String| CompileError::Unsupported(format!("{what} in the code of {piece:?}"));
        let unwind = match code.create_unwind_info(self.env.isa) {
            Ok(Some(UnwindInfo::SystemV(info))) => Some(info),
            Ok(_) => None,
            Err(e) => return Err(unsupported(e.to_string())),
        };
        let mut relocations = Vec::with_capacity(code.buffer.relocs().len());
        for reloc in code.buffer.relocs() {
            let name = match &reloc.target {
                FinalizedRelocTarget::ExternalName(ExternalName::User(name)) => {
                    &self.context.func.params.user_named_funcs()[*name]
                }
                other => return Err(unsupported(format!("a reference to {other:?}"))),
            };
            let target = reference(name).ok_or_else(|| unsupported(format!("a reference to {name:?}")))?;
            relocations.push(CodeRelocation {
                offset: reloc.offset,
                kind: reloc.kind,
                target,
                addend: reloc.addend,
            });
        }
        let mut traps = Vec::with_capacity(code.buffer.traps().len());
        for trap in code.buffer.traps() {
            let code = translate::trap_code(trap.code)
                .ok_or_else(|| unsupported(format!("the trap code {:?}", trap.code)))?;
            traps.push((trap.offset, code));
        }
        Ok(Code {
            bytes: code.code_buffer().to_vec(),
            alignment: code.buffer.alignment.max(self.env.isa.function_alignment().preferred),
            relocations,
            traps,
            unwind,
            clif,
            asm: code.vcode.clone(),
            frame: code.buffer.frame_layout().map_or(0, |f| f.frame_to_fp_offset),
            guard: None,
        })
    }
}

/// The code generator's refusal, with the piece that it refused.
fn refused(env: &Env<'_>, piece: Piece, error: &CodegenError) -> CompileError {
    let message = match error {
        CodegenError::Verifier(errors) => format!("verifier: {errors}"),
        CodegenError::CodeTooLarge => "its code would be too large".to_owned(),
        CodegenError::ImplLimitExceeded => {
            "it exceeds a limit of the code generator; split the function or lower its number of locals"
                .to_owned()
        }
        other => other.to_string(),
    };
    let index = match piece {
        Piece::Function(i) | Piece::StackGuard(i, _) => (env.module.imports.len() + i) as u32,
        Piece::ImportAdapter(i) => i,
        Piece::Entry(ty) => {
            let ty = &env.module.types[ty as usize];
            return CompileError::Unsupported(format!("calls with the signature {ty}: {message}"));
        }
    };
    CompileError::Function { index, name: env.module.function_name(index).map(str::to_owned), message }
}
