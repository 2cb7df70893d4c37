//! `cargo xtask shim`: the runtime shim of another target, where nullvmc looks for it.

use std::path::Path;

/// Builds the shim and writes it below the sysroot.
pub fn run(root: &Path, target: &str, sysroot: &Path) -> Result<(), String> {
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let shim =
        nullvm_shim_archive::build(Path::new(&cargo), root, &root.join("target/shim-only"), Some(target))
            .map_err(|e| format!("the shim for {target}: {e}"))?;
    let dir = sysroot.join("lib/nullvm").join(target);
    std::fs::create_dir_all(&dir).map_err(|e| format!("{}: {e}", dir.display()))?;
    let path = dir.join("libnullvm_shim.a");
    std::fs::write(&path, &shim.archive).map_err(|e| format!("{}: {e}", path.display()))?;
    println!("wrote {} ({} bytes)", path.display(), shim.archive.len());
    Ok(())
}
