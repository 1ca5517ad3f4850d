// The tests of the processor's operations (crate cpu) as a wasm32 program with vector instructions: `node web/tests/operations.mjs`.
// `cargo xtask acceptance wasm-operations` runs it.

import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const ROOT = fileURLToPath(new URL('../../', import.meta.url));

// Random numbers come from the import below, which the linker leaves open.
const RUSTFLAGS = '--cfg getrandom_backend="custom" -C target-feature=+simd128 -C link-args=--allow-undefined';

const build = ['test', '--locked', '-p', 'ibq-cpu', '--lib', '--target', 'wasm32-unknown-unknown', '--target-dir', 'target/operations', '--no-run', '--message-format', 'json'];
const output = execFileSync('cargo', build, { cwd: ROOT, env: { ...process.env, RUSTFLAGS }, encoding: 'utf8', stdio: ['ignore', 'pipe', 'inherit'], maxBuffer: 1 << 28 });
const { executable } = output.trim().split('\n').map((line) => JSON.parse(line)).findLast((message) => message.executable);

const module = new WebAssembly.Module(readFileSync(executable));
const imports = {};
for (const { module: from, name } of WebAssembly.Module.imports(module)) {
  // Always the same seed: a failure can be repeated.
  (imports[from] ??= {})[name] = (start, length) => {
    new Uint8Array(instance.exports.memory.buffer, start, length).fill(7);
    return 0;
  };
}
const instance = new WebAssembly.Instance(module, imports);
// A test that fails ends in a trap.
const code = instance.exports.main(0, 0);
if (code !== 0) throw new Error(`the tests ended with ${code}`);
console.log(`tests of ibq-cpu in node ${process.versions.node} with simd128: 0 failed`);
