//! `nullvmc keygen`, `sign`, `verify` and `cache`.

mod common;

use common::{Dir, filter, nullvmc, plugin};
use std::os::unix::fs::PermissionsExt;

const X86: &str = "x86_64-unknown-linux-gnu";

/// A signed bundle, and the public key.
fn signed(dir: &Dir) -> (String, String) {
    let (key, out) = (dir.path("k.key"), dir.path("signed.wasm"));
    nullvmc(["keygen", "-o", &key]).ok();
    let module = dir.write("f.wasm", plugin("", ""));
    nullvmc(["bundle", &module, "-q", "--target", X86, "-o", &out]).ok();
    nullvmc(["sign", &out, "--key", &key]).ok();
    (out, dir.path("k.pub"))
}

#[test]
fn keys_are_made_once_and_never_shown() {
    let dir = Dir::new("trust-keys");
    let key = dir.path("k.key");
    let made = nullvmc(["keygen", "-o", &key]).ok();
    let secret = dir.read("k.key");
    assert_eq!(std::fs::metadata(&key).unwrap().permissions().mode() & 0o777, 0o600);
    nullvmc(["keygen", "-o", &key]).error("exists");
    nullvmc(["keygen", "-o", &dir.path("other.key"), "-p", &dir.path("k.pub")]).error("exists");
    assert_eq!(dir.read("k.key"), secret);
    assert_eq!(dir.names(), ["k.key", "k.pub"]);
    let module = dir.write("f.wasm", plugin("", ""));
    let signed = nullvmc(["sign", &module, "--key", &key, "-o", &dir.path("s.wasm")]).ok();
    let verified = nullvmc(["verify", &dir.path("s.wasm"), "--key", &dir.path("k.pub")]).ok();
    // The public key is no secret key.
    nullvmc(["sign", &module, "--key", &dir.path("k.pub"), "-o", &dir.path("x")]).error("others can read it");
    std::fs::set_permissions(dir.path("k.pub"), std::fs::Permissions::from_mode(0o600)).unwrap();
    nullvmc(["sign", &module, "--key", &dir.path("k.pub"), "-o", &dir.path("x")])
        .error("no Ed25519 secret key");
    nullvmc(["sign", &module, "--key-env", "NULLVM_NO_SUCH_VARIABLE", "-o", &dir.path("x")])
        .error("is not set");
    std::fs::set_permissions(&key, std::fs::Permissions::from_mode(0o644)).unwrap();
    let refused = nullvmc(["sign", &module, "--key", &key, "-o", &dir.path("x")]);
    let digits: String = secret[1..33].iter().map(|b| format!("{b:02x}")).collect();
    for outcome in [made, signed, verified, refused.error("chmod 600")] {
        assert!(!outcome.out.contains(&digits) && !outcome.err.contains(&digits));
    }
    assert!(!std::path::Path::new(&dir.path("x")).exists());
}

#[test]
fn a_signed_bundle_verifies_and_a_changed_one_does_not() {
    let dir = Dir::new("trust-verify");
    let (bundle, public) = signed(&dir);
    let ok =
        nullvmc(["verify", &bundle, "--key", &public, "--wasm", &dir.path("f.wasm"), "--reproduce"]).ok();
    for text in ["signed by key", X86, "compiled again to the same bytes"] {
        assert!(ok.out.contains(text), "{text}: {}", ok.out);
    }
    let failed = |args: &[&str], what: &str| {
        let outcome = nullvmc(["verify"].iter().chain(args));
        assert_eq!(outcome.code, 1, "{args:?}");
        assert!(outcome.out.contains("FAILED") && outcome.out.contains(what), "{what}: {}", outcome.out);
    };
    nullvmc(["keygen", "-o", &dir.path("other.key")]).ok();
    failed(&[&bundle, "--key", &dir.path("other.pub")], "none of the 1 configured keys signed it");
    let both = ["verify", &bundle, "--key", &dir.path("other.pub"), "--key", &public];
    nullvmc(both).ok();
    failed(&[&dir.path("f.wasm"), "--key", &public], "it is not signed");
    failed(&[&bundle, "--wasm", &filter("add_header")], "the module in it is not");
    let mut bad = dir.read("signed.wasm");
    let middle = bad.len() / 2;
    bad[middle] ^= 4;
    let bad = dir.write("bad.wasm", bad);
    failed(&[&bad, "--key", &public], "changed after it was signed");
    failed(&[&bad], "damaged");
    // Bundled again, the signature is gone and said to be.
    let again = nullvmc(["bundle", "--replace", &bundle, "--target", X86, "--name", "f", "-o", &bundle]).ok();
    assert!(again.err.contains("sign the output"), "{}", again.err);
    failed(&[&bundle, "--key", &public], "it is not signed");
    // A deny list: of the compiler, of the code, of nothing here.
    for (text, hit) in [
        ("cranelift <9.0.0", Some("cranelift <9.0.0")),
        ("nullvmc >=0.1.0", Some("is on the deny list")),
        ("cranelift <0.1.0", None),
    ] {
        let deny = dir.write("deny.txt", text);
        match hit {
            Some(part) => failed(&[&bundle, "--deny", &deny], part),
            None => drop(nullvmc(["verify", &bundle, "--deny", &deny]).ok()),
        }
    }
    // The module's hash finds whatever was made of it, without the module at hand.
    let module = nullvm_artifact::module_sha256(&dir.read("f.wasm")).unwrap();
    let digits: String = module.iter().map(|b| format!("{b:02x}")).collect();
    let deny = dir.write("deny.txt", format!("sha256:{digits}\n"));
    for (form, file) in [("object", "f.o"), ("image", "f.nvm")] {
        let made = dir.path(file);
        nullvmc(["compile", &dir.path("f.wasm"), "-q", "--emit", form, "-o", &made]).ok();
        nullvmc(["verify", &made]).ok();
        failed(&[&made, "--deny", &deny], "its module is on the deny list");
    }
    failed(&[&bundle, "--deny", &deny], "its module is on the deny list");
    // Whoever does not give a key learns that nothing was said about the signature.
    let other = Dir::new("trust-unchecked");
    let (bundle, _) = signed(&other);
    let unchecked = nullvmc(["verify", &bundle]).ok().out;
    assert!(
        unchecked.contains("not checked (no --key)") && unchecked.contains("signed content "),
        "{unchecked}"
    );
    let deny = dir.write("deny.txt", "cranelift newest");
    let outcome = nullvmc(["verify", &bundle, "--deny", &deny]);
    assert!(outcome.code == 2 && outcome.err.contains("line 1 of the deny list"), "{}", outcome.err);
    failed(&[&deny], "no artifact of nullvm's");
}

#[test]
fn every_form_knows_its_module_its_compiler_and_its_bytes() {
    let dir = Dir::new("trust-forms");
    let wasm = filter("add_header");
    for (form, file) in [
        ("image", "add_header.nvm"),
        ("object", "add_header.o"),
        ("archive", "libadd_header.a"),
        ("envoy-module", "libadd_header.so"),
    ] {
        let options = ["--cpu", "x86-64-v3", "--traps", "call"];
        let compile = ["compile", &wasm, "-q", "--target", X86, "--emit", form, "-o", &dir.path("")];
        nullvmc(compile.iter().chain(&options)).ok();
        let path = dir.path(file);
        let ok = nullvmc(["verify", &path, "--wasm", &wasm]).ok();
        assert!(ok.out.contains("cranelift"), "{}", ok.out);
        let reproduced = nullvmc(["verify", &path, "--wasm", &wasm, "--reproduce"]);
        match form {
            "envoy-module" => assert!(reproduced.out.contains("depends on the linker"), "{}", reproduced.out),
            _ => assert!(reproduced.ok().out.contains("compiled again to the same bytes")),
        }
        let other = nullvmc(["verify", &path, "--wasm", &filter("trap")]);
        assert!(other.code == 1 && other.out.contains("not of this one"), "{form}: {}", other.out);
        // One bit, anywhere that counts.
        let good = dir.read(file);
        let text = [0x48, 0x89];
        let at = good.windows(2).rposition(|w| w == text).expect("some code");
        let mut bad = good.clone();
        if form == "archive" {
            // Behind the object is the shim, which the plugin's note knows nothing of.
            let note = good.windows(6).position(|w| w == b"nullvm").expect("the object");
            let at = note + good[note..].windows(2).position(|w| w == text).expect("some code");
            bad[at] ^= 1;
        } else {
            bad[at] ^= 1;
        }
        let bad = dir.write("bad", bad);
        let outcome = nullvmc(["verify", &bad]);
        assert!(outcome.code == 1 && outcome.out.contains("FAILED"), "{form}: {}", outcome.out);
    }
}

#[test]
fn the_cache_is_listed_warmed_checked_and_cleared() {
    let dir = Dir::new("trust-cache");
    let cache = dir.path("cache");
    let run = |args: &[&str]| nullvmc(["cache", "--cache-dir", &cache].iter().chain(args));
    // One that nobody has used yet is empty, and stays away.
    assert!(run(&["list"]).ok().out.contains("0 entries"));
    assert_eq!(run(&["list", "--format", "json"]).ok().out.trim(), "[]");
    for task in ["verify", "prune", "clear"] {
        run(&[task]).ok();
    }
    assert!(dir.names().is_empty());
    let warmed = run(&["warm", &filter("add_header"), &filter("trap")]).ok();
    assert_eq!(warmed.out.matches("compiled").count(), 2, "{}", warmed.out);
    let again = run(&["warm", &filter("add_header")]).ok();
    assert!(again.out.contains("there already"), "{}", again.out);
    let other = run(&["warm", &filter("add_header"), "--bounds", "explicit"]).ok();
    assert!(other.out.contains("bounds is \"guard\" there and \"explicit\" here"), "{}", other.out);
    assert!(run(&["list"]).ok().out.contains("3 entries"));
    let listed = run(&["list", "--format", "json"]).ok().out;
    let rows: serde_json::Value = serde_json::from_str(&listed).unwrap();
    assert_eq!(rows.as_array().unwrap().len(), 3);
    assert_eq!(rows[0]["made_of"]["bounds"], "explicit");
    assert!(run(&["verify"]).ok().out.contains("3 of 3 entries"));
    // Damage.
    let name = rows[0]["entry"].as_str().unwrap();
    let path = format!("{cache}/v1/{name}.nvm");
    let mut bytes = std::fs::read(&path).unwrap();
    bytes[1000] ^= 1;
    std::fs::remove_file(&path).unwrap();
    std::fs::write(&path, bytes).unwrap();
    let bad = run(&["verify"]);
    assert!(bad.code == 1 && bad.out.contains("its hash does not match"), "{}", bad.out);
    assert!(run(&["verify", "--remove-damaged"]).ok().out.contains("removed"));
    let pruned = run(&["prune", "--max-size", "1K"]).ok().out;
    assert!(pruned.contains("removed 2 entries"), "{pruned}");
    assert_eq!(run(&["prune", "--max-size", "lots"]).code, 2);
    run(&["warm", &filter("trap")]).ok();
    assert!(run(&["clear"]).ok().out.contains("removed 1 entries"));
    std::fs::set_permissions(format!("{cache}/v1"), std::fs::Permissions::from_mode(0o777)).unwrap();
    run(&["list"]).error("can be written by others (mode 777)");
}
