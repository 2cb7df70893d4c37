//! `nullvmc verify`: whether artifacts are what they say.

use crate::input::{Input, deny_list};
use crate::inspect::{hex, plugin_note};
use crate::{CliError, Console};
use clap::Args;
use nullvm_artifact::bundle::wasm_sha256;
use nullvm_artifact::{Bundle, image, module_sha256};
use nullvm_compiler::codegen::COMPILER;
use nullvm_compiler::emit::note::{self, Note};
use nullvm_compiler::identity::Recorded;
use nullvm_compiler::{CompiledModule, emit};
use nullvm_trust::{DenyList, PublicKey};
use object::Object;
use object::read::archive::ArchiveFile;
use plugin_abi::{IMAGE_MAGIC, ImageView};
use std::path::PathBuf;

/// Check what artifacts say of themselves: hashes, signatures, compilers
///
/// Takes bundles, images, objects, archives and Envoy modules. Recomputes the hash of each file's bytes; with --key also the signature,
/// with --deny the compiler, with --wasm the module it was made of. Ends with exit code 1 when anything does not hold.
#[derive(Args)]
pub struct VerifyArgs {
    /// The artifacts
    #[arg(value_name = "FILE", required = true)]
    files: Vec<PathBuf>,

    /// Public key, a file; one of those given must have signed (bundles and modules only)
    #[arg(short, long, value_name = "FILE")]
    key: Vec<PathBuf>,

    /// List of compilers and hashes that must not run
    #[arg(long, value_name = "FILE")]
    deny: Option<PathBuf>,

    /// The module that the artifacts must have been made of
    #[arg(long, value_name = "FILTER.wasm")]
    wasm: Option<PathBuf>,

    /// Compile again and compare byte by byte; needs --wasm, but for bundles, which have the module inside
    #[arg(long)]
    reproduce: bool,
}

/// What a file is checked against.
struct Against {
    keys: Vec<PublicKey>,
    deny: DenyList,
    wasm: Option<Input>,
    reproduce: bool,
}

/// Runs the command.
pub fn run(args: &VerifyArgs, console: &mut Console<'_>) -> Result<(), CliError> {
    let against = Against {
        keys: args.key.iter().map(|path| PublicKey::from_file(path)).collect::<Result<_, _>>()?,
        deny: deny_list(args.deny.as_deref())?,
        wasm: args.wasm.as_ref().map(|path| Input::read(path)).transpose()?,
        reproduce: args.reproduce,
    };
    let mut failed = 0;
    for path in &args.files {
        let input = Input::read(path)?;
        match against.check(&input) {
            Ok(found) => writeln!(console.out, "{}: ok: {}", input.name, found.join("; "))?,
            Err(problem) => {
                failed += 1;
                writeln!(console.out, "{}: FAILED: {problem}", input.name)?;
            }
        }
    }
    console.out.flush()?;
    if failed > 0 {
        return Err(CliError::Verify { failed, of: args.files.len() });
    }
    Ok(())
}

impl Against {
    /// What was found right, or the first thing that is not.
    fn check(&self, input: &Input) -> Result<Vec<String>, String> {
        let bytes = &input.bytes;
        if let Some(entry) = self.deny.hash(&sha256(bytes)) {
            return Err(format!("it is on the deny list ({entry})"));
        }
        if bytes.starts_with(b"\0asm") {
            return self.check_bundle(bytes);
        }
        if !self.keys.is_empty() {
            return Err(
                "only bundles and modules carry signatures; ship this one by other means that do".to_owned()
            );
        }
        if bytes.starts_with(&IMAGE_MAGIC) {
            let view = ImageView::parse(bytes).map_err(|e| format!("a damaged image: {e:?}"))?;
            self.check_image(&view, self.module()?)
        } else if bytes.starts_with(b"!<arch>\n") {
            self.check_archive(bytes)
        } else {
            self.check_elf(bytes)
        }
    }

    /// The module given, to be compiled again if that was asked for.
    fn module(&self) -> Result<Option<&[u8]>, String> {
        match &self.wasm {
            None if self.reproduce => Err("--reproduce needs the module (--wasm)".to_owned()),
            wasm => Ok(wasm.as_ref().map(|input| input.bytes.as_slice())),
        }
    }

    fn check_bundle(&self, bytes: &[u8]) -> Result<Vec<String>, String> {
        let mut found = Vec::new();
        if !self.keys.is_empty() {
            let key = nullvm_trust::verify(bytes, &self.keys).map_err(|e| e.to_string())?;
            found.push(format!("signed by key {}", key.id()));
        }
        let content = nullvm_trust::signed_content(bytes).map(sha256);
        if let Some(entry) = content.and_then(|hash| self.deny.hash(&hash)) {
            return Err(format!("what is signed in it is on the deny list ({entry})"));
        }
        let bundle = Bundle::parse(bytes).map_err(|e| e.to_string())?;
        if self.keys.is_empty() && bundle.is_signed() {
            found.push("a signature that was not checked (no --key)".to_owned());
        }
        bundle.verify().map_err(|e| e.to_string())?;
        let (module, module_hash) = (bundle.module(), bundle.module_sha256());
        if let Some(wasm) = &self.wasm
            && module_sha256(&wasm.bytes) != Ok(module_hash)
        {
            return Err(format!("the module in it is not {}", wasm.name));
        }
        if let Some(entry) = self.deny.hash(&module_hash) {
            return Err(format!("its module is on the deny list ({entry})"));
        }
        found.push(format!("module {}", hex(&module_hash)));
        found.extend(content.map(|hash| format!("signed content {}", hex(&hash))));
        for platform in &bundle.platforms {
            for view in platform.images() {
                let view = view.map_err(|e| format!("damaged code for {}: {e:?}", platform.target))?;
                found.extend(self.check_image(&view, Some(&module))?);
            }
        }
        if bundle.platforms.is_empty() {
            found.push("no native code in it".to_owned());
        }
        Ok(found)
    }

    fn check_image(&self, view: &ImageView<'_>, wasm: Option<&[u8]>) -> Result<Vec<String>, String> {
        if image::content_sha256(view.bytes()) != Some(view.header.sha256) {
            return Err("its content hash does not match: it is damaged or was changed".to_owned());
        }
        if let Some(entry) = self.deny.hash(&view.header.sha256) {
            return Err(format!("its code is on the deny list ({entry})"));
        }
        let levels = view.cpu_features().collect::<Vec<_>>().join(",");
        let levels = if levels.is_empty() { "baseline".to_owned() } else { levels };
        let hash = hex(&view.header.sha256);
        let mut found = vec![format!("code for {} ({levels}) by {}, {hash}", view.target(), view.compiler())];
        self.check_compiler(view.compiler())?;
        self.check_module(wasm_sha256(view).map(|h| hex(&h)).as_deref(), wasm)?;
        if let (true, Some(wasm)) = (self.reproduce, wasm) {
            let recorded = Recorded::from_json(view.options()).map_err(|e| format!("its options: {e}"))?;
            let again =
                emit::image(&compile(wasm, &recorded, view.compiler())?).map_err(|e| e.to_string())?;
            compare(view.bytes(), &again)?;
            found.push("compiled again to the same bytes".to_owned());
        }
        Ok(found)
    }

    fn check_archive(&self, bytes: &[u8]) -> Result<Vec<String>, String> {
        let damaged = |e: object::Error| format!("a damaged archive: {e}");
        let mut found = Vec::new();
        for member in ArchiveFile::parse(bytes).map_err(damaged)?.members() {
            let member = member.map_err(damaged)?;
            let data = member.data(bytes).map_err(damaged)?;
            let has_note =
                object::File::parse(data).is_ok_and(|f| f.section_by_name(note::SECTION).is_some());
            if has_note {
                found.extend(self.check_elf(data)?);
            }
        }
        match found.is_empty() {
            true => Err("no plugin in the archive".to_owned()),
            false => Ok(found),
        }
    }

    fn check_elf(&self, bytes: &[u8]) -> Result<Vec<String>, String> {
        let file = object::File::parse(bytes).map_err(|e| format!("no artifact of nullvm's: {e}"))?;
        let note: Note = plugin_note(&file)
            .ok_or("no artifact of nullvm's: it has no note of a plugin, or more than one")?
            .map_err(|e| format!("a damaged note: {e}"))?;
        let computed = note::file_sha256(bytes).ok_or("several plugins in one file: check the objects")?;
        if computed != note.file_sha256 {
            return Err(format!(
                "its hash is {computed}, its note says {}: it is damaged, was changed or stripped, or is a program that the \
                 object was linked into",
                note.file_sha256
            ));
        }
        self.check_compiler(&note.compiler)?;
        let wasm = self.module()?;
        self.check_module(Some(&note.wasm_sha256), wasm)?;
        let mut found = vec![format!("code for {} by {}", note.target, note.compiler)];
        if let (true, Some(wasm)) = (self.reproduce, wasm) {
            if file.kind() != object::ObjectKind::Relocatable {
                return Err(
                    "what a linker makes depends on the linker: reproduce the object (--emit object)"
                        .to_owned(),
                );
            }
            let again = compile(wasm, &note.options, &note.compiler)?;
            compare(bytes, &emit::object(&again).map_err(|e| e.to_string())?)?;
            found.push("compiled again to the same bytes".to_owned());
        }
        Ok(found)
    }

    fn check_compiler(&self, compiler: &str) -> Result<(), String> {
        match self.deny.compiler(compiler) {
            None => Ok(()),
            Some(entry) => Err(format!("its compiler, {compiler}, is on the deny list ({entry})")),
        }
    }

    fn check_module(&self, recorded: Option<&str>, wasm: Option<&[u8]>) -> Result<(), String> {
        if let Some(entry) = recorded.and_then(nullvm_trust::unhex).and_then(|hash| self.deny.hash(&hash)) {
            return Err(format!("its module is on the deny list ({entry})"));
        }
        let Some(wasm) = wasm else { return Ok(()) };
        let module = module_sha256(wasm).map_err(|e| e.to_string())?;
        if recorded != Some(hex(&module).as_str()) {
            return Err(format!("it was made of the module {}, not of this one", recorded.unwrap_or("?")));
        }
        Ok(())
    }
}

fn sha256(bytes: &[u8]) -> [u8; 32] {
    use sha2::Digest;
    sha2::Sha256::digest(bytes).into()
}

fn compile(wasm: &[u8], recorded: &Recorded, compiler: &str) -> Result<CompiledModule, String> {
    if compiler != COMPILER {
        return Err(format!(
            "it was made by {compiler}, this is {COMPILER}: only the same one gives the same bytes"
        ));
    }
    let options = recorded.options()?;
    nullvm_compiler::compile(wasm, &options).map_err(|e| e.to_string())
}

fn compare(found: &[u8], again: &[u8]) -> Result<(), String> {
    if found == again {
        return Ok(());
    }
    let at = found.iter().zip(again).position(|(a, b)| a != b).unwrap_or(found.len().min(again.len()));
    Err(format!(
        "compiled again it differs from byte {at} on ({} bytes here, {} again)",
        found.len(),
        again.len()
    ))
}
