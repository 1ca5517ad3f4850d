// The generator of the JavaScript engine: the native program's tokens, as they are made, and good manners.

import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';

import { MINUTE, launch, patient, watch } from './browser.mjs';
import { nativeGenerate, nativeRepeat, nativeScore } from './native.mjs';
import { randomGenerator } from './random_generator.mjs';
import { GOLDEN, serveEngine } from './server.mjs';

const TOKENIZER = 'tokenizer_tiny.ckpt';

/** What must be refused: what it is, the call, and what the message has to say. */
const WRONG = [
  ['a tokenizer instead of a transformer', () => ibq.engine.loadGenerator('/models/tokenizer_tiny.ckpt'), /no transformer/],
  ['another precision', () => ibq.engine.loadGenerator('/random-ar/', { precision: 'f64' }), /`f64`.*int4/],
  ['a transformer as a tokenizer', () => ibq.engine.loadGenerator('/random-ar/', { tokenizer: '/random-ar/' }), /transformer/],
  ['a PNG of tokens alone', () => ibq.engine.loadGenerator('/random-ar/', { tokenizer: '/models/tokenizer_tiny.ckpt' })
    .then((ar) => ar.png({ grid: [4, 4], tokens: new Int32Array(16) })), /recipe/],
  ['a class that is not there', () => ibq.collect({ class: 7 }), /class 7/],
  ['a name that is not there', () => ibq.collect({ class: 'zebra' }), /zebra/],
  ['a share beyond 1', () => ibq.collect({ class: 0, mix: { class: 1, share: 2 } }), /share/],
  ['a seed that is no whole number', () => ibq.collect({ class: 0, seed: 1.5 }), /seed.*1\.5/],
  ['top-p of 0', () => ibq.collect({ class: 0, topP: 0 }), /top-p/],
  ['a schedule that is not there', () => ibq.collect({ class: 0, schedule: 'sine' }), /sine/],
  ['a token beyond the codebook', () => ibq.collect({ class: 0, prefix: [512] }), /512/],
  ['a prefix and fixed tokens', () => ibq.collect({ class: 0, prefix: [1], fixed: [null, 2] }), /either/],
  ['too many tokens to score', () => ibq.ar.score(new Int32Array(17), 0), /17 tokens/],
];

/** What computes, and what the native program is to compute on for comparison. */
const DEVICES = [['gpu', 'software'], ['cpu', 'cpu']];

for (const [device, native] of DEVICES) describe(`JavaScript generator on ${device}`, { timeout: 4 * MINUTE }, () => {
  let server;
  let browser;
  let page;
  let complaints;
  let folder;

  before(async () => {
    server = await serveEngine();
    folder = mkdtempSync(join(tmpdir(), 'ibq-random-ar-'));
    for (const [name, bytes] of Object.entries(randomGenerator())) {
      server.files.set(`/random-ar/${name}`, bytes);
      writeFileSync(join(folder, name), bytes);
    }
    browser = await launch();
    page = patient(await browser.newPage());
    complaints = watch(page);
    await page.goto(`${server.origin}/blank.html`);
    await page.evaluate(async (device) => {
      const { Engine } = await import('/engine/ibq.js');
      const engine = await Engine.create();
      const files = await Promise.all(['config.json', 'model.safetensors'].map(async (name) =>
        new File([await (await fetch(`/random-ar/${name}`)).arrayBuffer()], name)));
      const ar = await engine.loadGenerator(files, { device });
      /** All steps, with plain arrays. */
      const collect = async (options) => {
        const steps = [];
        for await (const step of ar.generate(options)) {
          const result = step.result && { grid: step.result.grid, tokens: [...step.result.tokens] };
          steps.push({ ...step, tokens: [...step.tokens], result });
        }
        return steps;
      };
      window.ibq = { engine, ar, collect, device };
    }, device);
  });

  after(async () => {
    await browser?.close();
    server?.stop();
    if (folder) rmSync(folder, { recursive: true, force: true });
  });

  it('says what is loaded', async () => {
    const { classes, classNames, grid, codebookSize, precision, device: computes } = await page.evaluate(() => ibq.ar.info);
    assert.deepEqual({ classes, grid, codebookSize, precision, computes }, { classes: 3, grid: [4, 4], codebookSize: 512, precision: 'f32', computes: device });
    assert.deepEqual(classNames, ['lighthouse', 'castle', 'strawberry']);
  });

  for (const [what, options, words] of [
    ['greedily', { class: 2, temperature: 0 }, ['--class', '2', '--temperature', '0', '--cfg', '1', '--top-p', '1']],
    ['with a seed, guidance and filters', { class: 'castle', seed: 12345678901234567890n, cfg: 2.5, schedule: 'linear', temperature: 0.9, topK: 60, topP: 0.9 },
      ['--class', '1', '--seed', '12345678901234567890', '--cfg', '2.5:linear', '--temperature', '0.9', '--top-k', '60', '--top-p', '0.9']],
  ]) {
    it(`gives the native program's tokens ${what}`, async () => {
      const steps = await page.evaluate((given) => ibq.collect(given), options);
      const made = steps.at(-1).result;
      assert.deepEqual(made.tokens, await nativeGenerate(native, folder, join(GOLDEN, TOKENIZER), ...words));
      assert.ok(new Set(made.tokens).size > 2, `hardly any variety: ${made.tokens}`);
      // The steps are the picture, in order and without gaps.
      assert.deepEqual(steps.flatMap(({ tokens }) => tokens), made.tokens);
      assert.deepEqual(steps.at(-1).done, 1);
      assert.ok(steps.slice(0, -1).every(({ result, done }) => !result && done < 1));
    });
  }

  it('makes the same pictures together and alone, and goes on from a prefix', async () => {
    const results = (steps) => steps.filter(({ result }) => result).sort((a, b) => a.picture - b.picture).map(({ result }) => result.tokens);
    const [two] = [results(await page.evaluate(() => ibq.collect({ class: 0, seed: 9, count: 2 })))];
    const [one] = results(await page.evaluate(() => ibq.collect({ class: 0, seed: 9 })));
    assert.equal(two.length, 2);
    assert.deepEqual(two[0], one);
    assert.notDeepEqual(two[1], one);
    const [again] = results(await page.evaluate((prefix) => ibq.collect({ class: 0, seed: 9, prefix }), one.slice(0, 7)));
    assert.deepEqual(again, one);
    const [held] = results(await page.evaluate(() => ibq.collect({ class: 0, seed: 9, fixed: [null, 3, null, 500] })));
    assert.deepEqual([held[1], held[3]], [3, 500]);
  });

  it('scores tokens as the native program does', async () => {
    const tokens = Array.from({ length: 16 }, (_, index) => (index * 37) % 512);
    const { total, count } = await page.evaluate(async (given) => {
      const { perToken, total } = await ibq.ar.score(given, 1);
      return { total, count: perToken.length };
    }, tokens);
    const rows = [0, 1, 2, 3].map((row) => tokens.slice(4 * row, 4 * row + 4));
    const file = { width: 64, height: 64, factor: 16, grid: [4, 4], codebook_size: 512, tokens: rows, model: TOKENIZER };
    const expected = await nativeScore(native, folder, file, '--class', '1');
    assert.equal(count, 16);
    assert.ok(Math.abs(total - expected) < 1e-2, `${total}, not ${expected}`);
  });

  it('decodes what it made with a tokenizer that is loaded apart', async () => {
    const size = await page.evaluate(async () => {
      const tokenizer = await ibq.engine.loadTokenizer('/models/tokenizer_tiny.ckpt', { device: ibq.device });
      const steps = await ibq.collect({ class: 0 });
      const { width, height } = await tokenizer.decode(steps.at(-1).result);
      tokenizer.dispose();
      return [width, height];
    });
    assert.deepEqual(size, [64, 64]);
  });

  it('draws its pictures itself when it has its tokenizer, and its PNGs are repeated by the native program', async () => {
    const found = await page.evaluate(async () => {
      const tokenizer = await ibq.engine.loadTokenizer('/models/tokenizer_tiny.ckpt', { device: ibq.device });
      const generators = [
        await ibq.engine.loadGenerator('/random-ar/', { device: ibq.device, tokenizer: '/models/tokenizer_tiny.ckpt' }),
        await ibq.engine.loadGenerator('/random-ar/', { device: ibq.device, tokenizer }),
      ];
      const all = [];
      for (const ar of generators) {
        for await (const { result } of ar.generate({ class: 'castle', mix: { class: 2, share: 0.25 }, temperature: 0, pictures: true })) {
          if (!result) continue;
          const decoded = await ar.decode(result);
          const png = [...new Uint8Array(await (await ar.png(result)).arrayBuffer())];
          const { picture, recipe, tokens } = result;
          const same = String(decoded.data) === String(picture.data) && String(picture.data) === String((await tokenizer.decode(result)).data);
          all.push({ png, recipe: JSON.parse(recipe), tokens: [...tokens], same, size: [picture.width, picture.height], info: ar.info.tokenizer });
        }
        ar.dispose();
      }
      tokenizer.dispose();
      return all;
    });
    assert.equal(found.length, 2);
    for (const { png, recipe, tokens, same, size, info } of found) {
      assert.ok(same, 'the three ways of decoding give different pictures');
      assert.deepEqual(size, [64, 64]);
      assert.deepEqual({ ...info, name: undefined }, { name: undefined, inside: false, factor: 16 });
      assert.deepEqual(recipe.class_names, ['castle', 'strawberry']);
      assert.equal(recipe.tokenizer.name, 'tokenizer_tiny.ckpt');
      assert.equal(recipe.tokenizer.path, undefined, 'a recipe names no place but that of a model that ships');
      assert.deepEqual(recipe.tokens, tokens);
      const made = await nativeRepeat(native, Buffer.from(png), folder, join(GOLDEN, TOKENIZER));
      assert.deepEqual(made, tokens);
    }
  });

  it('says which tokenizer it needs when it has none', async () => {
    const found = await page.evaluate(async () => {
      const { result } = (await ibq.collect({ class: 0 })).at(-1);
      const message = (error) => error.message;
      return {
        info: ibq.ar.info.tokenizer, tokenizer: ibq.ar.tokenizer, recipe: result.recipe,
        messages: [
          await ibq.ar.decode(result).then(String, message),
          await ibq.ar.png(result).then(String, message),
          await ibq.collect({ class: 0, pictures: true }).then(String, message),
        ],
      };
    });
    assert.deepEqual([found.info, found.tokenizer, found.recipe], [null, null, undefined]);
    for (const message of found.messages) assert.match(message, /no tokenizer inside.*512 codes.*loadGenerator/s);
  });

  it('stops when the loop is left or the signal says so', async () => {
    const found = await page.evaluate(async () => {
      let steps = 0;
      for await (const step of ibq.ar.generate({ class: 0, count: 200 })) {
        steps += step.tokens.length > 0;
        if (steps === 3) break;
      }
      const stop = new AbortController();
      const error = await (async () => {
        for await (const step of ibq.ar.generate({ class: 0, count: 200, signal: stop.signal })) stop.abort(step && undefined);
      })().then(() => undefined, (thrown) => thrown);
      return { steps, name: error?.name };
    });
    assert.deepEqual(found, { steps: 3, name: 'AbortError' });
  });

  for (const [what, call, message] of WRONG) {
    it(`rejects with a useful Error: ${what}`, async () => {
      const error = await page.evaluate(async (call) => {
        try {
          // The call comes as text, since functions do not travel; the page is the test's own and has no policy.
          await (0, eval)(`(${call})`)();
          return { isError: false, message: 'it was not rejected' };
        } catch (thrown) {
          return { isError: thrown instanceof Error, message: thrown.message };
        }
      }, String(call));
      assert.ok(error.isError, JSON.stringify(error));
      assert.match(error.message, message);
    });
  }

  it('left nothing to complain about on the console', () => assert.deepEqual(complaints, []));
});
