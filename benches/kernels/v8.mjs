// Runs the kernels in V8. The path of kernels.wasm is the argument. Every line on standard input is `NAME N TIMES`, as in
// `sha256 1 100`: the kernel runs TIMES times with N rounds, and one line of JSON comes back, `{"ns": elapsed, "result": checksum}`, or
// `{"error": message}`. The time is that of all the calls. A kernel whose calls do not all give the same checksum is an error.
//
// Flags for node 20 (V8 11.3), to have V8's optimising compiler alone:
//
//     node --no-liftoff --no-wasm-lazy-compilation v8.mjs kernels.wasm
//
// `--no-liftoff` leaves TurboFan as the only compiler. `--no-wasm-lazy-compilation` compiles all functions with the module instead of
// each at its first call, so that no compilation falls into a measurement. The baseline compiler alone is `--liftoff-only`. Without
// flags V8 starts with the baseline and tiers up in the course of the calls; `--no-wasm-tier-up` does not stop that in this version.
// Bounds checks are guard pages in all cases.

import { readFileSync } from 'node:fs';
import { createInterface } from 'node:readline';

const [path] = process.argv.slice(2);
if (!path) {
  console.error('usage: node --no-liftoff --no-wasm-lazy-compilation v8.mjs kernels.wasm');
  process.exit(2);
}

const { instance } = await WebAssembly.instantiate(readFileSync(path));

function run(line) {
  const [name, rounds, times] = line.split(/\s+/);
  const kernel = instance.exports[`k_${name}`];
  const [n, count] = [Number(rounds), Number(times)];
  if (typeof kernel !== 'function') return { error: `no kernel ${name}` };
  if (!Number.isInteger(n) || !Number.isInteger(count) || n < 0 || count < 1) return { error: `bad numbers in: ${line}` };
  let result;
  let same = true;
  const start = process.hrtime.bigint();
  for (let i = 0; i < count; i++) {
    const value = kernel(n) >>> 0;
    same &&= i === 0 || value === result;
    result = value;
  }
  const ns = Number(process.hrtime.bigint() - start);
  return same ? { ns, result } : { error: `${name} gives different checksums` };
}

for await (const line of createInterface({ input: process.stdin })) {
  if (line.trim()) process.stdout.write(`${JSON.stringify(run(line.trim()))}\n`);
}
