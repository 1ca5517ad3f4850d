// The native program, for comparison: tokenizers on the processor, transformers on the device that is named.

import { execFile } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';

import { MINUTE } from './browser.mjs';

const run = promisify(execFile);

/** Tokens of PNG bytes by `ibq encode`: {grid, tokens (flat), width, height}. */
export async function nativeEncode(picture, model, ...options) {
  const folder = mkdtempSync(join(tmpdir(), 'ibq-web-'));
  try {
    const [from, to] = [join(folder, 'picture.png'), join(folder, 'tokens.json')];
    writeFileSync(from, picture);
    await ibq('encode', from, '--model', model, '-o', to, '--device', 'cpu', ...options);
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
    await ibq('decode', from, '--model', model, '-o', to, '--device', 'cpu', ...options);
    return readFileSync(to);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** The tokens of one picture by `ibq generate`, flat. */
export async function nativeGenerate(device, model, tokenizer, ...options) {
  const folder = mkdtempSync(join(tmpdir(), 'ibq-web-'));
  try {
    await ibq('generate', '--model', model, '--tokenizer', tokenizer, '--precision', 'f32', '--tokens', '-o', folder, '--device', device, ...options);
    return JSON.parse(readFileSync(join(folder, 'tokens.json'), 'utf8')).tokens.flat();
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** The tokens that `ibq generate --from` gives for the bytes of a PNG that carries its recipe, flat. */
export async function nativeRepeat(device, png, model, tokenizer) {
  const folder = mkdtempSync(join(tmpdir(), 'ibq-web-'));
  try {
    const from = join(folder, 'from.png');
    writeFileSync(from, png);
    await ibq('generate', '--from', from, '--model', model, '--tokenizer', tokenizer, '--tokens', '-o', join(folder, 'again'), '--device', device);
    return JSON.parse(readFileSync(join(folder, 'again/tokens.json'), 'utf8')).tokens.flat();
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** The total log-likelihood of one picture's tokens by `ibq score`. */
export async function nativeScore(device, model, tokens, ...options) {
  const folder = mkdtempSync(join(tmpdir(), 'ibq-web-'));
  try {
    const file = join(folder, 'tokens.json');
    writeFileSync(file, JSON.stringify(tokens));
    const { stdout } = await ibq('score', file, '--model', model, '--json', '--device', device, ...options);
    return JSON.parse(stdout)[0].log_likelihood;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

async function ibq(...words) {
  if (!process.env.IBQ) throw new Error('set IBQ to the path of the native program');
  return run(process.env.IBQ, words, { timeout: 2 * MINUTE });
}
