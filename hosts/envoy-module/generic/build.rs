//! Links the unwinder in: the containers that Envoy runs in have the C library and nothing of the C compiler's.

use std::path::Path;
use std::process::Command;

fn main() {
    println!("cargo::rerun-if-changed=build.rs");
    // No symbol table: nobody debugs it in a proxy, and the dynamic one stays.
    println!("cargo::rustc-cdylib-link-arg=-Wl,--strip-all");
    println!("cargo::rustc-cdylib-link-arg=-Wl,-z,nodelete");
    let compiler = std::env::var_os("CC").unwrap_or_else(|| "cc".into());
    let found = Command::new(&compiler).arg("-print-file-name=libgcc_eh.a").output();
    let path = found.ok().map(|o| String::from_utf8_lossy(&o.stdout).trim().to_owned()).unwrap_or_default();
    match Path::new(&path).parent().filter(|_| Path::new(&path).is_absolute()) {
        Some(directory) => {
            println!("cargo::rustc-link-search=native={}", directory.display());
            println!("cargo::rustc-link-lib=static:+whole-archive=gcc_eh");
        }
        None => println!(
            "cargo::warning=no libgcc_eh.a found by {}: libnullvm_envoy.so will need libgcc_s.so.1 where it is loaded",
            compiler.to_string_lossy()
        ),
    }
}
