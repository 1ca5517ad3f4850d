// Times ibq and onnxruntime-web with one thread of WebAssembly in Chromium, without WebGPU, and prints one figure a line as
// measure.py does: `node web.mjs WORK MODEL PEERS ROUNDS SIZE...`, with CHROMIUM in the environment. WORK holds the pictures and
// ONNX files of `measure.py browser-files`, PEERS is the folder into which npm installed onnxruntime-web.

import { readFileSync, readdirSync } from 'node:fs';
import { basename, join } from 'node:path';

import { hideWebGpu, launch } from '../../web/tests/browser.mjs';
import { serveEngine } from '../../web/tests/server.mjs';

const [work, model, peers, rounds, ...sizes] = process.argv.slice(2);
const PEERS = ['ibq', 'onnxruntime-web'];
/** A round's figure is the fastest of so many runs, as in measure.py. */
const REPEATS = 3;

const put = (...words) => console.log(words.join('\t'));

/** In the page: opens both engines, and keeps for each a function that encodes (with the lookup) and decodes. */
async function openPeers({ size, side }) {
  const picture = await (await fetch(`/picture-${size}.png`)).blob();
  const { Engine } = await import('/engine/ibq.js');
  const engine = await Engine.create({ device: 'cpu' });
  const tokenizer = await engine.loadTokenizer('/model/');

  const { default: ort } = await import('/ort/ort.wasm.min.mjs').then((module) => ({ default: module.default ?? module }));
  Object.assign(ort.env.wasm, { numThreads: 1, wasmPaths: '/ort/' });
  const open = (stage) => ort.InferenceSession.create(`/onnx/${stage}-${size}.onnx`, { executionProviders: ['wasm'] });
  const [encode, lookup, decode] = [await open('encode'), await open('lookup'), await open('decode')];
  const canvas = new OffscreenCanvas(size, size).getContext('2d');
  canvas.drawImage(await createImageBitmap(picture), 0, 0);
  const image = canvas.getImageData(0, 0, size, size);
  const pixels = new Float32Array(3 * size * size);
  for (let at = 0; at < size * size; at += 1) {
    for (let channel = 0; channel < 3; channel += 1) pixels[channel * size * size + at] = image.data[4 * at + channel] / 127.5 - 1;
  }
  const run = async (session, x) => (await session.run({ x })).y;
  window.peers = {
    ibq: {
      encode: () => tokenizer.encode(image),
      decode: (encoded) => tokenizer.decode(encoded),
      tokens: (encoded) => [...encoded.tokens],
    },
    'onnxruntime-web': {
      encode: async () => run(lookup, await run(encode, new ort.Tensor('float32', pixels, [1, 3, size, size]))),
      decode: (tokens) => run(decode, new ort.Tensor('int64', tokens.data, [1, side * side])),
      tokens: (tokens) => [...tokens.data].map(Number),
    },
  };
}

/** In the page: the fastest of some runs of both stages, in milliseconds, and the tokens. */
async function measure({ name, repeats }) {
  const peer = window.peers[name];
  const best = { 'encode + lookup': Infinity, decode: Infinity };
  let encoded;
  for (let run = 0; run < repeats; run += 1) {
    const started = performance.now();
    encoded = await peer.encode();
    const between = performance.now();
    await peer.decode(encoded);
    best['encode + lookup'] = Math.min(best['encode + lookup'], between - started);
    best.decode = Math.min(best.decode, performance.now() - between);
  }
  return { best, tokens: peer.tokens(encoded) };
}

const folder = (server, address, path) => {
  for (const name of readdirSync(path)) server.files.set(`${address}/${name}`, readFileSync(join(path, name)));
};

const server = await serveEngine();
for (const name of ['ort.wasm.min.mjs', 'ort-wasm-simd-threaded.mjs', 'ort-wasm-simd-threaded.wasm']) {
  const file = readFileSync(join(peers, 'node_modules/onnxruntime-web/dist', name));
  // The server knows `.js` as a script, and browsers want that type of a module.
  server.answers.set(`/ort/${name}`, (_, response) => {
    response.setHeader('Content-Type', name.endsWith('.wasm') ? 'application/wasm' : 'text/javascript');
    response.end(file);
  });
}
folder(server, '/model', model);
folder(server, '/onnx', join(work, 'onnx', basename(model)));

const browser = await launch();
try {
  put('version', 'Chromium', browser.version());
  put('version', 'onnxruntime-web', JSON.parse(readFileSync(join(peers, 'node_modules/onnxruntime-web/package.json'), 'utf8')).version);
  for (const size of sizes.map(Number)) {
    const name = `browser ${basename(model)} ${size}`;
    server.files.set(`/picture-${size}.png`, readFileSync(join(work, `picture-${size}.png`)));
    const expected = JSON.parse(readFileSync(join(work, `picture-${size}.tokens.json`), 'utf8'));
    const page = await browser.newPage();
    page.setDefaultTimeout(0);
    await hideWebGpu(page);
    await page.goto(`${server.origin}/blank.html`);
    await page.evaluate(openPeers, { size, side: Math.sqrt(expected.length) });
    for (let round = 1; round <= Number(rounds); round += 1) {
      console.error(`${name}: round ${round} of ${rounds}`);
      for (const peer of PEERS) {
        const { best, tokens } = await page.evaluate(measure, { name: peer, repeats: REPEATS });
        for (const [stage, ms] of Object.entries(best)) put('time', name, stage, peer, ms);
        if (round > 1) continue;
        const equal = tokens.filter((token, at) => token === expected[at]).length;
        put('tokens', name, peer, equal, 0, expected.length - equal);
        // The native comparison has looked at near-ties; a few may fall differently here.
        if (equal < 0.99 * expected.length) throw new Error(`${peer}: only ${equal} of ${expected.length} tokens are PyTorch's`);
      }
    }
    await page.close();
  }
} finally {
  await browser.close();
  server.stop();
}
