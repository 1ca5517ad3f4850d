// The native program, on a software adapter, for comparison.

import { execFile } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';

const run = promisify(execFile);

/** Tokens of PNG bytes by `ibq encode`: {grid, tokens (flat), width, height}. */
export async function nativeEncode(picture, model, ...options) {
  const folder = mkdtempSync(join(tmpdir(), 'ibq-web-'));
  try {
    const [from, to] = [join(folder, 'picture.png'), join(folder, 'tokens.json')];
    writeFileSync(from, picture);
    await ibq('encode', from, '--model', model, '-o', to, ...options);
    const { grid, tokens, width, height } = JSON.parse(readFileSync(to, 'utf8'));
    return { grid, tokens: tokens.flat(), width, height };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** The PNG bytes of what `ibq decode` makes of tokens. */
export async function nativeDecode(file, model, ...options) {
  const folder = mkdtempSync(join(tmpdir(), 'ibq-web-'));
  try {
    const [from, to] = [join(folder, 'tokens.json'), join(folder, 'picture.png')];
    writeFileSync(from, JSON.stringify(file));
    await ibq('decode', from, '--model', model, '-o', to, ...options);
    return readFileSync(to);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

async function ibq(...words) {
  if (!process.env.IBQ) throw new Error('set IBQ to the path of the native program');
  await run(process.env.IBQ, [...words, '--adapter', 'software'], { timeout: 120_000 });
}
