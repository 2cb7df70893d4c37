#!/usr/bin/env python3
"""Builds the kernels: as Wasm, natively, and from Wasm by way of wasm2c.

  build.py                               kernels.wasm, next to this file
  build.py --check                       fails unless kernels.wasm is what the sources give; writes nothing
  build.py --native OUT.so [--cc CC]     the C files as a shared object
  build.py --wasm2c OUT.so [--cc CC]     kernels.wasm through wasm2c as a shared object

Both shared objects export the functions of the Wasm module, `uint32_t k_NAME(uint32_t)`. CC is clang (the default) or gcc. Everything
comes from Debian: `apt-get install clang lld wabt gcc`. The bytes of kernels.wasm depend on the version of clang; the one that is
checked in is from clang 14 of Debian 12.

The flags are `-O3` and nothing that holds a compiler back or lets it bend rules; native code is for the base x86-64, without -march.
`-ffp-contract=off` keeps the results of floating point the same for all targets.
"""

import argparse
import pathlib
import re
import subprocess
import sys
import tempfile

HERE = pathlib.Path(__file__).resolve().parent
WASM = HERE / "kernels.wasm"
GLUE = "wasm2c_glue.c"
KERNELS = sorted(path.stem for path in HERE.glob("*.c") if path.name != GLUE)
SOURCES = [f"{name}.c" for name in KERNELS]
EXPORTS = [f"k_{name}" for name in KERNELS]
COMMON = ["-std=c11", "-O3", "-ffp-contract=off", "-Wall", "-Wextra"]
MEMORY = 4 << 20
LARGEST = 60_000


def run(*command, cwd=HERE):
    done = subprocess.run([str(part) for part in command], cwd=cwd, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    if done.stdout:
        print(done.stdout, end="", file=sys.stderr)
    if done.returncode:
        sys.exit(f"{command[0]}: exit status {done.returncode}")


def build_wasm():
    """The module's bytes."""
    with tempfile.TemporaryDirectory() as scratch:
        out = pathlib.Path(scratch) / "kernels.wasm"
        linker = ["--no-entry", "--stack-first", f"--initial-memory={MEMORY}", f"--max-memory={MEMORY}", "-z,stack-size=65536"]
        linker += [f"--export={name}" for name in EXPORTS]
        run("clang", "--target=wasm32", "-mcpu=mvp", "-mbulk-memory", "-nostdlib", *COMMON, *[f"-Wl,{flag}" for flag in linker],
            *SOURCES, "-o", out)
        return out.read_bytes()


def sections(module):
    """Identifier and content of every section."""
    assert module[:8] == b"\0asm\1\0\0\0", "not a Wasm module"
    at = 8
    while at < len(module):
        size, start = leb(module, at + 1)
        yield module[at], module[start : start + size]
        at = start + size


def leb(data, at):
    value = shift = 0
    while True:
        byte = data[at]
        value |= (byte & 0x7F) << shift
        at, shift = at + 1, shift + 7
        if byte < 0x80:
            return value, at


def exports(module):
    """Names and kinds (0 for a function, 2 for a memory) of the exports. An import is an error."""
    found = {}
    for kind, content in sections(module):
        if kind == 2:
            sys.exit("the module has imports")
        if kind == 7:
            count, at = leb(content, 0)
            for _ in range(count):
                size, at = leb(content, at)
                name = content[at : at + size].decode()
                found[name] = content[at + size]
                _, at = leb(content, at + size + 1)
    return found


def wasm(check):
    module = build_wasm()
    if build_wasm() != module:
        sys.exit("two builds give different bytes")
    expected = {name: 0 for name in EXPORTS} | {"memory": 2}
    if exports(module) != expected:
        sys.exit(f"the module exports {exports(module)}")
    if len(module) > LARGEST:
        sys.exit(f"the module has {len(module)} bytes")
    if check:
        if not WASM.exists() or WASM.read_bytes() != module:
            sys.exit("kernels.wasm is not what the sources and this clang give")
    else:
        WASM.write_bytes(module)
    print(f"{WASM.name}: {len(KERNELS)} kernels, {len(module)} bytes, the same from two builds")


def shared_object(cc, out, sources, *flags):
    run(cc, *COMMON, "-fPIC", "-fvisibility=hidden", "-shared", *flags, *sources, "-o", out)


def native(cc, out):
    shared_object(cc, out, SOURCES)
    print(f"{out.name}: {len(KERNELS)} kernels, native, {cc}")


# wasm2c's names changed between versions, so they are read from the header that it writes. wabt 1.0.32 of Debian 12 has
# `Z_kernels_instance_t`, `Z_kernels_init_module`, `Z_kernels_instantiate` and `Z_kernelsZ_k_NAME`; later versions have `w2c_kernels`,
# `wasm2c_kernels_instantiate` and `w2c_kernels_k_NAME`.
def bindings(header):
    instantiate = re.search(r"^void (\w+_instantiate)\((\w+)\s*\*\);", header, re.M)
    if not instantiate:
        sys.exit("wasm2c: no way to instantiate in the header")
    initialise = re.search(r"^void (\w+_init_module)\(void\);", header, re.M)
    functions = dict(re.findall(r"/\* export: '(k_\w+)' \*/\s*u32 (\w+)\(", header))
    if sorted(functions) != EXPORTS:
        sys.exit(f"wasm2c: the header has the exports {sorted(functions)}")
    lines = ["#ifndef BINDINGS_H", "#define BINDINGS_H", '#include "kernels_w2c.h"', f"typedef {instantiate[2]} kernels_instance;"]
    lines += [f"#define KERNELS_INITIALISE() {initialise[1] + '()' if initialise else '(void)0'}"]
    lines += [f"#define KERNELS_INSTANTIATE {instantiate[1]}", "void kernels_trap(int code);"]
    lines += ["#define KERNELS_EXPORTS(X) \\"] + [f"    X({name}, {functions[name]}) \\" for name in EXPORTS] + ["", "#endif", ""]
    return "\n".join(lines)


def runtime():
    """The directory with wasm2c's runtime. Debian has it in /usr/share/wabt/wasm2c."""
    for place in ["/usr/share/wabt/wasm2c", "/usr/src/wasm2c", "/usr/local/share/wabt/wasm2c"]:
        if (pathlib.Path(place) / "wasm-rt-impl.c").exists():
            return pathlib.Path(place)
    sys.exit("wasm2c: no wasm-rt-impl.c; is the package `wabt` installed?")


def wasm2c(cc, out):
    with tempfile.TemporaryDirectory() as scratch:
        scratch = pathlib.Path(scratch)
        run("wasm2c", WASM, "-n", "kernels", "-o", scratch / "kernels_w2c.c")
        (scratch / "bindings.h").write_text(bindings((scratch / "kernels_w2c.h").read_text()))
        rt = runtime()
        sources = [scratch / "kernels_w2c.c", HERE / GLUE, *sorted(rt.glob("wasm-rt-*impl.c"))]
        # Memory accesses rely on guard pages, as wasm2c does by default on 64-bit targets, but no signal handler is installed: the
        # process that loads the object keeps its own. A trap in a kernel ends the process.
        defines = ["-DWASM_RT_SKIP_SIGNAL_RECOVERY=1", "-DWASM_RT_TRAP_HANDLER=kernels_trap", "-D_GNU_SOURCE"]
        shared_object(cc, out, sources, *defines, "-include", "bindings.h", f"-I{scratch}", f"-I{rt}", "-w", "-lm")
    print(f"{out.name}: {len(KERNELS)} kernels, by wasm2c and {cc}")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    mode = parser.add_mutually_exclusive_group()
    mode.add_argument("--check", action="store_true")
    mode.add_argument("--native", type=pathlib.Path, metavar="OUT.so")
    mode.add_argument("--wasm2c", type=pathlib.Path, metavar="OUT.so")
    parser.add_argument("--cc", default="clang", help="the native C compiler (default: clang)")
    options = parser.parse_args()
    if options.native:
        native(options.cc, options.native.absolute())
    elif options.wasm2c:
        wasm2c(options.cc, options.wasm2c.absolute())
    else:
        wasm(options.check)


if __name__ == "__main__":
    main()
