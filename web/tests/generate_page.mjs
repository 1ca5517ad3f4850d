// The Generate screen on the page: what its address asks for is made, and what was made is still there after a reload.

import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';

import { ARTIFACTS, MINUTE, launch, patient, watch } from './browser.mjs';
import { randomGenerator } from './random_generator.mjs';
import { serveEngine, servePage } from './server.mjs';
import { controls, pasteFile, save, started } from './studio.mjs';

const TOKENIZER = 'tokenizer_tiny.ckpt';
/** Enough to show everything, and few pixels for a software GPU to draw. */
const SMALL = { width: 800, height: 600 };

describe('page with a generator', { timeout: 6 * MINUTE }, () => {
  let server;
  let models;
  let browser;

  before(async () => {
    [server, models] = await Promise.all([servePage(), serveEngine()]);
    for (const [name, bytes] of Object.entries(randomGenerator())) models.files.set(`/random-ar/${name}`, bytes);
    browser = await launch();
  });

  after(async () => {
    await browser?.close();
    server?.stop();
    models?.stop();
  });

  it('generates the class of its address, keeps what it made, and restores what it saved', async () => {
    const context = await browser.newContext({ viewport: SMALL, acceptDownloads: true });
    const page = patient(await context.newPage());
    const complaints = watch(page, [models.origin]);
    const studio = controls(page);
    const there = (name) => studio.find('button', name).waitFor({ state: 'attached', timeout: 2 * MINUTE });
    const saved = () => save(page, studio, 'Save the picture, with all that repeats it');
    const open = async (wishes) => {
      const address = `/?model=${models.origin}/models/${TOKENIZER}&generator=${models.origin}/random-ar/${wishes}`;
      await page.goto(new URL(address, server.origin).href);
      await started(page);
    };
    await open('&class=fortress&seed=5');
    await there('Picture 4, whole');
    await there('Gallery: castle, seed 5, picture 4');
    await page.screenshot({ path: `${ARTIFACTS}/generate.png` });
    models.files.set('/made.png', await saved());
    await studio.click('button', 'Other pictures: the next seed (R)');
    await there('Gallery: castle, seed 6, picture 4');
    const { searchParams } = new URL(page.url());
    assert.deepEqual(['class', 'seed'].map((name) => searchParams.get(name)), ['castle', '6'], 'the address follows');
    assert.ok(searchParams.get('generator').endsWith('/random-ar/'), 'the rest of the address stays');
    const other = await saved();

    await open(`&image=${models.origin}/made.png`);
    await there('Gallery: castle, seed 5, picture 4');
    const restored = (seed) => page.locator(`#controls [aria-label="Seed"][aria-valuenow="${seed}"]`).waitFor({ state: 'attached' });
    await studio.find('img', 'Tokens of picture 1').waitFor({ state: 'attached' });
    await restored(5);
    await pasteFile(page, 'other.png', 'image/png', other);
    await restored(6);
    assert.deepEqual(complaints, []);
    await context.close();
  });
});
