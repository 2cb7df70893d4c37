//! `cargo xtask shim`: the runtime shim and the Envoy adapter of another target, where nullvmc looks for them.

use nullvm_shim_archive::{ENVOY_MODULE, SHIM, Toolchain};
use std::path::Path;

/// Builds them and writes them below the sysroot.
pub fn run(root: &Path, target: &str, sysroot: &Path) -> Result<(), String> {
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let toolchain = Toolchain::find(Path::new(&cargo), target).map_err(|e| e.to_string())?;
    let dir = sysroot.join("lib/nullvm").join(target);
    std::fs::create_dir_all(&dir).map_err(|e| format!("{}: {e}", dir.display()))?;
    for library in [&SHIM, &ENVOY_MODULE] {
        if !library.is_for(target) {
            println!("there is no {} for {target}", library.archive);
            continue;
        }
        let target_dir = root.join("target/shim-only");
        let built = nullvm_shim_archive::build(library, &toolchain, root, &target_dir, Some(target))
            .map_err(|e| format!("{} for {target}: {e}", library.what))?;
        let path = dir.join(library.archive);
        std::fs::write(&path, &built.archive).map_err(|e| format!("{}: {e}", path.display()))?;
        println!("wrote {} ({} bytes)", path.display(), built.archive.len());
    }
    Ok(())
}
