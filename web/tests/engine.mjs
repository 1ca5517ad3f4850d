// The JavaScript engine in a blank page: the same tokens as the native program, on the processor and on WebGPU, and good manners
// when something is wrong.

import assert from 'node:assert/strict';
import { existsSync, readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { fileURLToPath } from 'node:url';

import { ARTIFACTS, MINUTE, launch, patient, watch } from './browser.mjs';
import { nativeDecode, nativeEncode } from './native.mjs';
import { png, wavePicture } from './picture.mjs';
import { GOLDEN, serveEngine } from './server.mjs';

const CHECKPOINT = 'tokenizer_tiny.ckpt';
const MODELS = fileURLToPath(new URL('../../assets/models/', import.meta.url));

/** Whether a folder of the bundled models holds a tokenizer. */
function isTokenizer(name) {
  const config = join(MODELS, name, 'config.json');
  return existsSync(config) && JSON.parse(readFileSync(config, 'utf8')).kind === 'tokenizer';
}

/** What must be refused: what it is, the call, and what the message has to say. */
const WRONG = [
  ['no such file', (checkpoint) => ibq.engine.loadTokenizer(`/models/no-${checkpoint}`), /no-tokenizer_tiny\.ckpt.*404/s],
  ['an address that is refused', () => ibq.engine.loadTokenizer('/refused/a.ckpt'), /refused\/a\.ckpt.*403/s],
  ['an address of another kind', () => ibq.engine.loadTokenizer('file:///etc/passwd'), /file:/],
  ['nothing at all', () => ibq.engine.loadTokenizer(undefined), /address, a File/],
  ['an empty file', () => ibq.engine.loadTokenizer(new File([], 'empty.ckpt')), /empty\.ckpt/],
  ['a picture instead of a model', () => fetch('/square.png').then((answer) => answer.blob())
    .then((blob) => ibq.engine.loadTokenizer(new File([blob], 'square.png'))), /square\.png/],
  ['a truncated checkpoint', (checkpoint) => fetch(`/models/${checkpoint}`).then((answer) => answer.blob())
    .then((blob) => ibq.engine.loadTokenizer(new File([blob.slice(0, blob.size / 2)], 'half.ckpt'))), /half\.ckpt/],
  ['a header that claims more than there is', () => ibq.engine.loadTokenizer(
    new File([new BigUint64Array([0xffff_ffff_fffn]), '{"a":{}}'], 'liar.safetensors')), /liar\.safetensors/],
  ['weights that are not there', (checkpoint) => ibq.engine.loadTokenizer(`/models/${checkpoint}`, { weights: 'best' }), /`best`.*ema or raw/],
  ['another precision', (checkpoint) => ibq.engine.loadTokenizer(`/models/${checkpoint}`, { precision: 'f8' }), /`f8`.*f32 or f16/],
  ['no picture', () => ibq.ema.encode('square.png'), /picture/],
  ['a picture file that is none', () => ibq.ema.encode(new Blob(['hello'])), /not a picture/],
  ['another resize', () => ibq.ema.encode(new ImageData(16, 16), { resize: 'tall' }), /tall/],
  ['a token beyond the codebook', () => ibq.ema.decode({ grid: [1, 1], tokens: [512] }), /512/],
  ['a negative token', () => ibq.ema.decode({ grid: [1, 1], tokens: [-1] }), /-1/],
  ['a grid with too few tokens', () => ibq.ema.decode({ grid: [2, 2], tokens: [1, 2, 3] }), /2 × 2.*3/],
  ['no grid', () => ibq.ema.decode({ tokens: [1] }), /grid/],
];

/** A module worker that loads, encodes and decodes. */
const WORKER = `
import { Engine } from '/engine/ibq.js';
onmessage = async ({ data: { model, picture } }) => {
  try {
    const engine = await Engine.create();
    const tokenizer = await engine.loadTokenizer(model);
    const tokens = await tokenizer.encode(await (await fetch(picture)).blob());
    const { width, height } = await tokenizer.decode(tokens);
    postMessage({ tokens: [...tokens.tokens], decoded: [width, height] });
  } catch (error) {
    postMessage({ error: error.message });
  }
};`;

describe('JavaScript engine', { timeout: 4 * MINUTE }, () => {
  let server;
  let browser;
  let page;
  let complaints;

  before(async () => {
    server = await serveEngine();
    server.files.set('/square.png', png(wavePicture(64, 64, 1)));
    server.files.set('/odd.png', png(wavePicture(50, 37, 2)));
    server.files.set('/worker.js', Buffer.from(WORKER));
    browser = await launch();
    page = patient(await browser.newPage());
    complaints = watch(page);
    await page.goto(`${server.origin}/blank.html`);
    await page.evaluate(openEngine, `/models/${CHECKPOINT}`);
  });

  after(async () => {
    await browser?.close();
    server?.stop();
  });

  it('says what is open and what is loaded', async () => {
    const { engine, tokenizer } = await page.evaluate(() => ({ engine: ibq.engine.info, tokenizer: ibq.ema.info }));
    const { device, kind, features } = engine;
    assert.deepEqual({ device, kind, features }, { device: 'cpu', kind: 'processor', features: ['simd128'] }, 'the only adapter is a software one');
    assert.equal(tokenizer.device, 'cpu');
    assert.match(tokenizer.name, /tokenizer_tiny\.ckpt$/);
    const { weights, precision, factor, codebookSize } = tokenizer;
    assert.deepEqual({ weights, precision, factor, codebookSize }, { weights: 'ema', precision: 'f32', factor: 16, codebookSize: 512 });
  });

  for (const weights of ['ema', 'raw']) {
    it(`gives the native program's tokens with ${weights} weights`, async () => {
      const found = await page.evaluate(encodePicture, { weights, address: '/square.png' });
      const expected = await nativeEncode(server.files.get('/square.png'), join(GOLDEN, CHECKPOINT), '--weights', weights);
      assert.deepEqual(found, { ...expected, notes: [] });
      assert.deepEqual(found.grid, [4, 4]);
      assert.ok(new Set(found.tokens).size > 4, `hardly any variety: ${found.tokens}`);
    });
  }

  it('computes the same with the kernels of WebGPU, where they are asked for', async () => {
    const found = await page.evaluate(async ({ model, picture }) => {
      const blob = await (await fetch(picture)).blob();
      const kernels = await ibq.engine.loadTokenizer(model, { device: 'gpu' });
      const [ours, theirs] = [await ibq.ema.encode(blob), await kernels.encode(blob)];
      const [left, right] = [await ibq.ema.decode(ours), await kernels.decode(ours)];
      const difference = left.data.reduce((most, value, at) => Math.max(most, Math.abs(value - right.data[at])), 0);
      const { device } = kernels.info;
      kernels.dispose();
      return { device, same: String(ours.tokens) === String(theirs.tokens), difference };
    }, { model: `/models/${CHECKPOINT}`, picture: '/square.png' });
    assert.deepEqual({ ...found, difference: found.difference <= 1 }, { device: 'gpu', same: true, difference: true });
  });

  it('computes everything on an adapter that is named', async () => {
    const { engine, tokenizer } = await page.evaluate(async (model) => {
      const { Engine } = await import('/engine/ibq.js');
      const engine = await Engine.create({ adapter: 'software' });
      const tokenizer = await engine.loadTokenizer(model);
      const found = { engine: engine.info, tokenizer: tokenizer.info };
      tokenizer.dispose();
      engine.dispose();
      return found;
    }, `/models/${CHECKPOINT}`);
    assert.deepEqual([engine.device, engine.software, tokenizer.device], ['gpu', true, 'gpu']);
    assert.ok(['portable', 'fast'].includes(engine.tier), engine.tier);
  });

  it('pads a picture of any size as the native program does, and crops it after', async () => {
    const found = await page.evaluate(encodePicture, { weights: 'ema', address: '/odd.png' });
    const expected = await nativeEncode(server.files.get('/odd.png'), join(GOLDEN, CHECKPOINT));
    const { notes, ...tokens } = found;
    assert.deepEqual(tokens, expected);
    assert.deepEqual(tokens.grid, [3, 4]);
    assert.match(notes.join(), /padded from 50 × 37 to 64 × 48/);
    const decoded = await page.evaluate((given) => ibq.decode(given), tokens);
    assert.deepEqual([decoded.width, decoded.height, decoded.alpha], [50, 37, 255]);
  });

  it('decodes to the native program’s picture', async () => {
    const tokens = await page.evaluate(encodePicture, { weights: 'ema', address: '/square.png' });
    const rows = [0, 1, 2, 3].map((row) => tokens.tokens.slice(row * 4, row * 4 + 4));
    const file = { width: 64, height: 64, factor: 16, grid: [4, 4], codebook_size: 512, tokens: rows, model: CHECKPOINT };
    server.files.set('/native.png', await nativeDecode(file, join(GOLDEN, CHECKPOINT)));
    const { difference, spread } = await page.evaluate(compareWithPicture, { tokens, address: '/native.png' });
    // Two software adapters round differently; at most the last level of a channel may differ.
    assert.ok(difference <= 1, `pictures differ by ${difference} levels`);
    assert.ok(spread > 20, `the picture is flat: ${spread}`);
  });

  it('takes ImageData, a canvas and a File alike', async () => {
    const alike = await page.evaluate(async () => {
      const blob = await (await fetch('/square.png')).blob();
      const bitmap = await createImageBitmap(blob, { colorSpaceConversion: 'none' });
      const canvas = new OffscreenCanvas(64, 64);
      const context = canvas.getContext('2d');
      context.drawImage(bitmap, 0, 0);
      const sources = [context.getImageData(0, 0, 64, 64), canvas, bitmap, new File([blob], 'square.png')];
      const all = [];
      for (const source of sources) all.push(String((await ibq.ema.encode(source)).tokens));
      return all;
    });
    assert.equal(new Set(alike).size, 1, alike.join('\n'));
  });

  it('loads from a File, from bytes, and from a server without ranges', async () => {
    server.requests.length = 0;
    const tokens = await page.evaluate(async (checkpoint) => {
      const bytes = await (await fetch(`/models/${checkpoint}`)).arrayBuffer();
      const picture = await (await fetch('/square.png')).blob();
      const all = [String((await ibq.ema.encode(picture)).tokens)];
      for (const source of [new File([bytes], 'my.ckpt'), bytes, `/plain/${checkpoint}`]) {
        const tokenizer = await ibq.engine.loadTokenizer(source);
        all.push(String((await tokenizer.encode(picture)).tokens));
        tokenizer.dispose();
      }
      return all;
    }, CHECKPOINT);
    assert.equal(new Set(tokens).size, 1, tokens.join('\n'));
    assert.ok(server.requests.some(({ path }) => path.startsWith('/plain/')));
  });

  it('reads a large file in parts, and not what it does not need', async () => {
    server.requests.length = 0;
    const progress = await page.evaluate(async (checkpoint) => {
      const seen = [];
      const tokenizer = await ibq.engine.loadTokenizer(`/models/${checkpoint}`, { onProgress: (now) => seen.push(now) });
      tokenizer.dispose();
      return seen;
    }, CHECKPOINT);
    const parts = server.requests.filter(({ path, range }) => path === `/models/${CHECKPOINT}` && range);
    assert.ok(parts.length > 1, `only ${parts.length} range requests`);
    const read = parts.reduce((sum, { range }) => {
      const [, from, to] = /bytes=(\d+)-(\d+)/.exec(range);
      return sum + Number(to) - Number(from) + 1;
    }, 0);
    const size = readFileSync(join(GOLDEN, CHECKPOINT)).length;
    // Half of the file is the other set of weights; requests are rounded up to blocks.
    assert.ok(read < 0.85 * size, `read ${read} of ${size} bytes`);
    assert.ok(progress.length > 0 && progress.every(({ stage, done }) => stage && done >= 0 && done <= 1), JSON.stringify(progress));
  });

  for (const [what, call, message] of WRONG) {
    it(`rejects with a useful Error: ${what}`, async () => {
      const error = await page.evaluate(rejection, { call: String(call), checkpoint: CHECKPOINT });
      assert.ok(error.isError, JSON.stringify(error));
      assert.match(error.message, message);
    });
  }

  it('stops at an abort, at once and for good', async () => {
    const aborts = await page.evaluate(async (checkpoint) => {
      const gone = AbortSignal.abort();
      const picture = await (await fetch('/square.png')).blob();
      const timed = async (call, signal) => {
        const started = performance.now();
        const error = await call(signal).then(() => undefined, (thrown) => thrown);
        return { name: error?.name, isError: error instanceof Error, ms: performance.now() - started };
      };
      return [
        await timed((signal) => ibq.engine.loadTokenizer(`/models/${checkpoint}`, { signal }), gone),
        await timed((signal) => ibq.engine.loadTokenizer(`/stalled/${checkpoint}`, { signal }), after(300)),
        await timed((signal) => ibq.ema.encode(picture, { signal }), gone),
        await timed((signal) => ibq.ema.encode(picture, { signal }), after(1)),
      ];
      function after(ms) {
        const controller = new AbortController();
        setTimeout(() => controller.abort(), ms);
        return controller.signal;
      }
    }, CHECKPOINT);
    for (const { name, isError, ms } of aborts) {
      assert.equal(name, 'AbortError');
      assert.ok(isError && ms < MINUTE / 20, `${ms} ms`);
    }
    // What was aborted leaves the engine usable.
    const again = await page.evaluate(encodePicture, { weights: 'ema', address: '/square.png' });
    assert.equal(again.tokens.length, 16);
  });

  it('works in a worker', async () => {
    const found = await page.evaluate((model) => new Promise((resolve, reject) => {
      const worker = new Worker('/worker.js', { type: 'module' });
      worker.onerror = (event) => reject(new Error(event.message));
      worker.onmessage = ({ data }) => (data.error ? reject(new Error(data.error)) : resolve(data));
      worker.postMessage({ model, picture: '/square.png' });
    }), `/models/${CHECKPOINT}`);
    const here = await page.evaluate(encodePicture, { weights: 'ema', address: '/square.png' });
    assert.deepEqual(found, { tokens: here.tokens, decoded: [64, 64] });
  });

  it('says so when it was disposed', async () => {
    const error = await page.evaluate(rejection, {
      call: String(async (checkpoint) => {
        const tokenizer = await ibq.engine.loadTokenizer(`/models/${checkpoint}`);
        tokenizer.dispose();
        tokenizer.dispose();
        await tokenizer.encode(new ImageData(16, 16));
      }),
      checkpoint: CHECKPOINT,
    });
    assert.match(error.message, /disposed/);
  });

  it('runs the example page', async () => {
    const example = patient(await browser.newPage());
    const said = watch(example);
    await example.goto(`${server.origin}/engine-example.html`);
    await example.getByRole('button', { name: 'Reconstruct' }).click();
    await example.getByText('Choose a picture first.').waitFor();
    await example.getByLabel('Model file').setInputFiles(join(GOLDEN, CHECKPOINT));
    await example.getByLabel('Picture').setInputFiles({ name: 'odd.png', mimeType: 'image/png', buffer: server.files.get('/odd.png') });
    await example.getByRole('button', { name: 'Reconstruct' }).click();
    await example.getByText('50 × 37 pixels as 3 × 4 tokens out of 512').waitFor({ timeout: MINUTE });
    await example.screenshot({ path: `${ARTIFACTS}/engine-example.png`, fullPage: true });
    assert.deepEqual(said, []);
    await example.close();
  });

  for (const name of existsSync(MODELS) ? readdirSync(MODELS).filter(isTokenizer) : []) {
    it(`gives the native program's tokens with the bundled model ${name}`, async () => {
      const found = await page.evaluate(async ({ address, picture }) => {
        const tokenizer = await ibq.engine.loadTokenizer(address);
        const { grid, tokens, width, height } = await tokenizer.encode(await (await fetch(picture)).blob());
        tokenizer.dispose();
        return { grid, tokens: [...tokens], width, height };
      }, { address: `/assets/models/${name}/`, picture: '/square.png' });
      assert.deepEqual(found, await nativeEncode(server.files.get('/square.png'), join(MODELS, name)));
    });
  }

  it('left nothing to complain about on the console', () => {
    const unexpected = complaints.filter((text) => !/Failed to load resource.*(403|404).*\/(refused\/a|models\/no-tokenizer_tiny)\.ckpt/.test(text));
    assert.deepEqual(unexpected, []);
  });
});

// The functions below run in the page; `ibq` is the page's global.

/** Opens the engine and both sets of weights. */
async function openEngine(model) {
  const { Engine } = await import('/engine/ibq.js');
  const engine = await Engine.create();
  const [ema, raw] = [await engine.loadTokenizer(model), await engine.loadTokenizer(model, { weights: 'raw' })];
  const decode = async ({ tokens, ...rest }) => {
    const { width, height, data } = await ema.decode({ ...rest, tokens });
    return { width, height, alpha: data.reduce((least, value, index) => (index % 4 === 3 ? Math.min(least, value) : least), 255) };
  };
  window.ibq = { engine, ema, raw, decode };
}

async function encodePicture({ weights, address }) {
  const { grid, tokens, width, height, notes } = await ibq[weights].encode(await (await fetch(address)).blob());
  return { grid, tokens: [...tokens], width, height, notes };
}

/** The largest difference of any channel between decoded tokens and a picture, and the picture's own spread. */
async function compareWithPicture({ tokens, address }) {
  const ours = await ibq.ema.decode(tokens);
  const bitmap = await createImageBitmap(await (await fetch(address)).blob(), { colorSpaceConversion: 'none' });
  const context = new OffscreenCanvas(bitmap.width, bitmap.height).getContext('2d');
  context.drawImage(bitmap, 0, 0);
  const theirs = context.getImageData(0, 0, bitmap.width, bitmap.height);
  if (ours.width !== theirs.width || ours.height !== theirs.height) return { difference: Infinity };
  const difference = ours.data.reduce((most, value, index) => Math.max(most, Math.abs(value - theirs.data[index])), 0);
  const red = ours.data.filter((_, index) => index % 4 === 0);
  return { difference, spread: Math.max(...red) - Math.min(...red) };
}

/** What a call is rejected with. */
async function rejection({ call, checkpoint }) {
  try {
    // The call comes as text, since functions do not travel; the page is the test's own and has no policy.
    await (0, eval)(`(${call})`)(checkpoint);
    return { isError: false, message: 'it was not rejected' };
  } catch (error) {
    return { isError: error instanceof Error, message: error.message };
  }
}
