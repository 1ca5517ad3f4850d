// The tokenizer's golden vectors: tokens, and the pictures that the official implementation decodes them to. (The pictures that they
// were encoded from are not of 8 bits, and so cannot go through a browser.)

import { readFileSync } from 'node:fs';
import { join } from 'node:path';

import { GOLDEN } from './server.mjs';

/** Every picture of every case: {name, checkpoint, weights, grid, tokens, decoded}; `decoded` is RGBA, 0 to 255. */
export function goldenPictures() {
  const { cases } = JSON.parse(readFileSync(join(GOLDEN, 'manifest.json'), 'utf8')).tokenizer;
  return cases.flatMap(({ file, checkpoint, weights }) => {
    const { indices, decode } = readSafetensors(join(GOLDEN, file));
    const [count, ...grid] = indices.shape;
    const tokens = indices.values.length / count;
    return Array.from({ length: count }, (_, item) => ({
      name: `${file}, picture ${item + 1}`, checkpoint, weights, grid,
      tokens: [...indices.values.subarray(item * tokens, (item + 1) * tokens)],
      decoded: rgbaOf(decode, item),
    }));
  });
}

/** One item of [items, 3, height, width], values from -1 to 1, as 8-bit pixels. */
function rgbaOf({ shape: [, channels, height, width], values }, item) {
  const plane = height * width;
  const level = (value) => Math.floor((Math.min(Math.max(value, -1), 1) + 1) * 127.5);
  return Array.from({ length: plane }, (_, at) => {
    const one = (channel) => level(values[(item * channels + channel) * plane + at]);
    return [one(0), one(1), one(2), 255];
  }).flat();
}

/** The tensors of a safetensors file: {name: {shape, values}}. */
function readSafetensors(path) {
  const bytes = readFileSync(path);
  const start = 8 + Number(bytes.readBigUInt64LE(0));
  const kinds = { F32: Float32Array, I32: Int32Array };
  const header = Object.entries(JSON.parse(bytes.subarray(8, start).toString('utf8')));
  const tensors = header.filter(([, { dtype }]) => kinds[dtype]).map(([name, { dtype, shape, data_offsets: [from, to] }]) => {
    const { buffer } = Uint8Array.from(bytes.subarray(start + from, start + to));
    return [name, { shape, values: new kinds[dtype](buffer) }];
  });
  return Object.fromEntries(tensors);
}
