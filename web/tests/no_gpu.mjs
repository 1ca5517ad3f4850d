// The JavaScript engine without a GPU: golden pictures, progress, cancelling, a page that stays alive, and browsers without WebGPU.

import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';

import { MINUTE, hideWebGpu, launch, patient, watch } from './browser.mjs';
import { goldenPictures } from './golden.mjs';
import { png, wavePicture } from './picture.mjs';
import { serveEngine } from './server.mjs';

const CHECKPOINT = '/models/tokenizer_tiny.ckpt';

describe('JavaScript engine without WebGPU', { timeout: 2 * MINUTE }, () => {
  let server;
  let browser;
  let page;
  let complaints;

  before(async () => {
    server = await serveEngine();
    server.files.set('/square.png', png(wavePicture(64, 64, 1)));
    browser = await launch();
    page = patient(await browser.newPage());
    complaints = watch(page);
    await hideWebGpu(page);
    await page.goto(`${server.origin}/blank.html`);
    await page.evaluate(async (model) => {
      const { Engine } = await import('/engine/ibq.js');
      const engine = await Engine.create();
      window.ibq = { Engine, engine, ema: await engine.loadTokenizer(model), raw: await engine.loadTokenizer(model, { weights: 'raw' }) };
    }, CHECKPOINT);
  });

  after(async () => {
    await browser?.close();
    server?.stop();
  });

  it('says that the processor computes', async () => {
    const { engine, tokenizer } = await page.evaluate(() => ({ engine: ibq.engine.info, tokenizer: ibq.ema.info }));
    const { device, kind, software, features } = engine;
    assert.deepEqual({ device, kind, software, features }, { device: 'cpu', kind: 'processor', software: false, features: ['simd128'] });
    assert.deepEqual([tokenizer.device, tokenizer.precision], ['cpu', 'f32']);
  });

  for (const { name, weights, grid, tokens, decoded } of goldenPictures()) {
    it(`decodes golden tokens to their picture: ${name}, ${weights}`, async () => {
      const found = await page.evaluate(async ({ weights, ...tokens }) => [...(await ibq[weights].decode(tokens)).data], { weights, grid, tokens });
      assert.equal(found.length, decoded.length);
      const most = found.reduce((most, value, at) => Math.max(most, Math.abs(value - decoded[at])), 0);
      assert.ok(most <= 1, `pictures differ by ${most} levels`);
    });
  }

  it('reports progress and leaves the page alive while it computes', async () => {
    const { shares, ticks } = await page.evaluate(async () => {
      const shares = [];
      let ticks = 0;
      const timer = setInterval(() => { ticks += 1; }, 1);
      await ibq.ema.encode(new ImageData(512, 512), { onProgress: ({ done }) => shares.push(done) });
      clearInterval(timer);
      return { shares, ticks };
    });
    assert.ok(shares.length > 2 && shares.some((share) => share > 0 && share < 1), String(shares));
    assert.deepEqual(shares, shares.toSorted((a, b) => a - b));
    assert.ok(ticks > 10, `the page came to itself ${ticks} times`);
  });

  it('stops at an abort, and computes the next picture after it', async () => {
    const { name, again, expected } = await page.evaluate(async () => {
      const square = await (await fetch('/square.png')).blob();
      const expected = String((await ibq.ema.encode(square)).tokens);
      const stop = new AbortController();
      const onProgress = ({ done }) => done > 0 && stop.abort();
      const error = await ibq.ema.encode(new ImageData(512, 512), { signal: stop.signal, onProgress }).then(() => undefined, (thrown) => thrown);
      return { name: error?.name, again: String((await ibq.ema.encode(square)).tokens), expected };
    });
    assert.equal(name, 'AbortError');
    assert.equal(again, expected);
  });

  it('frees the memory of what is disposed', async () => {
    const bytes = await page.evaluate(async (model) => {
      const engine = await ibq.Engine.create();
      const sizes = [engine.memoryInUse];
      const tokenizer = await engine.loadTokenizer(model);
      sizes.push(engine.memoryInUse);
      await tokenizer.encode(new ImageData(64, 64));
      sizes.push(engine.memoryInUse);
      tokenizer.dispose();
      sizes.push(engine.memoryInUse);
      engine.dispose();
      return sizes;
    }, CHECKPOINT);
    const [empty, loaded, used, disposed] = bytes;
    assert.ok(empty === 0 && loaded > 0 && used > loaded && disposed === 0, String(bytes));
  });

  it('says what WebGPU is needed for', async () => {
    const messages = await page.evaluate(async (model) => {
      const message = (error) => error.message;
      return [
        await ibq.engine.loadTokenizer(model, { device: 'gpu' }).then(String, message),
        await ibq.Engine.create({ adapter: 'software' }).then(String, message),
        await ibq.engine.loadTokenizer(model, { device: 'tpu' }).then(String, message),
      ];
    }, CHECKPOINT);
    assert.match(messages[0], /no GPU adapter.*WebGPU/);
    assert.match(messages[1], /no GPU adapter.*WebGPU/);
    assert.match(messages[2], /`tpu`.*auto, gpu or cpu/);
  });

  it('computes for a page of another place', async () => {
    const other = await serveEngine();
    const elsewhere = patient(await browser.newPage());
    try {
      const complaints = watch(elsewhere, [server.origin]);
      await hideWebGpu(elsewhere);
      await elsewhere.goto(`${other.origin}/blank.html`);
      const tokens = await elsewhere.evaluate(async ({ origin, model }) => {
        const { Engine } = await import(`${origin}/engine/ibq.js`);
        const tokenizer = await (await Engine.create()).loadTokenizer(origin + model);
        return [...(await tokenizer.encode(await (await fetch(`${origin}/square.png`)).blob())).tokens];
      }, { origin: server.origin, model: CHECKPOINT });
      assert.deepEqual(tokens, await page.evaluate(async () => [...(await ibq.ema.encode(await (await fetch('/square.png')).blob())).tokens]));
      assert.deepEqual(complaints, []);
    } finally {
      await elsewhere.close();
      other.stop();
    }
  });

  it('left nothing to complain about on the console', () => assert.deepEqual(complaints, []));

  it('says so when the worker does not start', async () => {
    server.answers.set('/engine/worker.js', (_, response) => response.writeHead(404).end());
    const message = await page.evaluate(async (model) => {
      const engine = await ibq.Engine.create();
      return engine.loadTokenizer(model).then(String, (error) => error.message);
    }, CHECKPOINT);
    assert.match(message, /worker.*did not start/);
  });
});
