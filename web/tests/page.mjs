// The page: starts, with and without WebGPU, tells those without WebGL what to do, keeps to its own origin, works offline, and does its job by mouse.

import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, afterEach, before, describe, it } from 'node:test';

import { ARTIFACTS, MINUTE, hideWebGpu, launch, patient, watch } from './browser.mjs';
import { nativeEncode } from './native.mjs';
import { png, wavePicture } from './picture.mjs';
import { GOLDEN, serveEngine, servePage } from './server.mjs';
import { controls, dropFile, pasteFile, save, settled, started } from './studio.mjs';

const CHECKPOINT = 'tokenizer_tiny.ckpt';
const DESK = { width: 1280, height: 800 };
/** Enough to show everything, and few pixels for a software GPU to draw. */
const SMALL = { width: 800, height: 600 };
const SIZES = { desk: DESK, large: { width: 1920, height: 1080 }, phone: { width: 390, height: 844 } };

describe('page', { timeout: 4 * MINUTE }, () => {
  let page;
  let server;
  let models;
  let browser;

  before(async () => {
    [server, models] = await Promise.all([servePage(), serveEngine()]);
    models.files.set('/square.png', png(wavePicture(64, 64, 1)));
    browser = await launch();
  });

  afterEach(async () => {
    // What was there when something failed; a test that passed has closed its page.
    if (page && !page.isClosed()) await page.screenshot({ path: `${ARTIFACTS}/failed.png` }).catch(() => {});
    await page?.context().close();
  });

  after(async () => {
    await browser?.close();
    server?.stop();
    models?.stop();
  });

  /** Opens a page of its own profile, without WebGPU unless that is what is tested; its complaints come with it. */
  async function open(address, { webgpu = false, ...options } = {}) {
    const context = await browser.newContext({ viewport: SMALL, acceptDownloads: true, ...options });
    page = patient(await context.newPage());
    if (!webgpu) await hideWebGpu(page);
    const complaints = watch(page, [models.origin]);
    await page.goto(new URL(address, server.origin).href);
    return complaints;
  }

  /** The small model of the golden set: the bundled one would keep a software GPU busy for long. */
  const model = () => `model=${models.origin}/models/${CHECKPOINT}`;

  it('shows a helpful page without WebGPU and WebGL', async () => {
    for (const colorScheme of ['dark', 'light']) {
      for (const [name, viewport] of Object.entries(SIZES)) {
        const context = await browser.newContext({ viewport, colorScheme });
        const page = patient(await context.newPage());
        const complaints = watch(page);
        await hideWebGpu(page);
        await page.addInitScript(() => { OffscreenCanvas.prototype.getContext = () => null; });
        await page.goto(server.origin);
        await page.getByRole('alert').filter({ hasText: 'WebGPU' }).waitFor();
        for (const word of ['Chrome and Edge', 'Safari', 'Firefox', 'What you would see', 'Nothing is uploaded']) {
          assert.ok(await page.getByText(word).first().isVisible(), word);
        }
        const wider = await page.evaluate(() => document.documentElement.scrollWidth - window.innerWidth);
        assert.ok(wider <= 0, `${name}: ${wider} pixels wider than the screen`);
        await page.screenshot({ path: `${ARTIFACTS}/no-webgl-${name}-${colorScheme}.png`, fullPage: true });
        assert.deepEqual(complaints, []);
        await context.close();
      }
    }
  });

  it('works without WebGPU: draws with WebGL, computes on the processor, generates, can be stopped, and says what it lacks', async () => {
    const complaints = await open(`/?${model()}&image=${models.origin}/square.png`, { viewport: DESK });
    await started(page);
    const studio = controls(page);
    await studio.find('img', 'Viewer of square: Original, Reconstruction').waitFor({ state: 'attached' });
    assert.deepEqual(tokensOf(await save(page, studio, 'Save tokens as .json')), await nativeEncode(models.files.get('/square.png'), join(GOLDEN, CHECKPOINT)));
    await page.screenshot({ path: `${ARTIFACTS}/webgl.png` });

    await dropFile(page, 'large.png', 'image/png', png(wavePicture(768, 768, 5)));
    await studio.click('button', 'Stop');
    await studio.find('button', 'Jobs: none').waitFor({ state: 'attached' });
    await dropFile(page, 'small.png', 'image/png', png(wavePicture(48, 48, 6)));
    await studio.find('img', 'Viewer of small: Original, Reconstruction').waitFor({ state: 'attached' });

    await studio.click('tab', 'System');
    await studio.text(/^simd128$/);
    await studio.text(/This browser offers no WebGPU here/);
    await page.screenshot({ path: `${ARTIFACTS}/webgl-system.png` });
    await studio.click('tab', 'Generate');
    await studio.text(/Pictures out of nothing/);
    await studio.click('button', 'Generate pictures');
    await studio.find('button', 'Picture 1, whole').waitFor({ state: 'attached' });
    await page.screenshot({ path: `${ARTIFACTS}/webgl-generate.png` });
    assert.deepEqual(complaints, []);
    await page.context().close();
  });

  it('draws with WebGPU where there is an adapter, and computes on the processor where that is a software one', async () => {
    const complaints = await open(`/?${model()}&image=${models.origin}/square.png`, { webgpu: true });
    await started(page);
    const studio = controls(page);
    await studio.find('img', 'Viewer of square: Original, Reconstruction').waitFor({ state: 'attached' });
    await page.screenshot({ path: `${ARTIFACTS}/webgpu.png` });
    await studio.click('tab', 'System');
    await studio.text(/^simd128$/);
    await studio.text(/^BrowserWebGpu$|^WebGPU$/i);
    await page.screenshot({ path: `${ARTIFACTS}/webgpu-system.png` });
    assert.deepEqual(complaints, []);
    await page.context().close();
  });

  it('connects to nothing but its origin and the addresses it was given', async () => {
    await open('/?image=nonsense:x');
    const reach = (address) => page.evaluate((to) => fetch(to).then(() => 'reached', () => 'blocked'), address);
    assert.equal(await reach(`${models.origin}/square.png`), 'blocked');
    assert.equal(await reach('/icons/icon.svg'), 'reached');
    const inline = await page.evaluate(() => {
      const script = document.createElement('script');
      script.textContent = 'window.inlineRan = true';
      document.head.append(script);
      return window.inlineRan ?? false;
    });
    assert.equal(inline, false);
    await page.context().close();
    await open(`/?image=${models.origin}/square.png`);
    assert.equal(await reach(`${models.origin}/square.png`), 'reached');
    await page.context().close();
  });

  it('does its job by mouse: drop, slide, look at a token, change it, undo, save', async () => {
    const complaints = await open(`/?${model()}&image=${models.origin}/square.png`, { viewport: DESK });
    await started(page);
    const studio = controls(page);
    await studio.find('img', 'Viewer of square: Original, Reconstruction').waitFor({ state: 'attached' });

    const picture = png(wavePicture(48, 80, 3));
    await dropFile(page, 'dropped.png', 'image/png', picture);
    await studio.find('img', 'Viewer of dropped: Original, Reconstruction').waitFor({ state: 'attached' });

    const line = studio.find('slider', 'Line between the pictures');
    const viewer = await studio.place('img', 'Viewer of dropped: Original, Reconstruction');
    const at = (x, y) => [viewer.x + viewer.width * x, viewer.y + viewer.height * y];
    assert.equal(Number(await line.getAttribute('aria-valuenow')), 50);
    await drag(page, at(0.5, 0.5), at(0.25, 0.5));
    await page.waitForFunction((id) => Math.abs(document.getElementById(id).ariaValueNow - 25) < 1, await line.getAttribute('id'));

    await studio.click('button', 'Show tokens (G)');
    await page.mouse.click(...at(0.5, 0.5));
    await studio.text(/^Code \d+$/);
    const before = await save(page, studio, 'Save tokens as .json');
    const native = await nativeEncode(picture, join(GOLDEN, CHECKPOINT));
    assert.deepEqual(tokensOf(before), native);

    const bestHere = page.locator('#controls [aria-label^="Best here: code "]');
    await bestHere.nth(1).waitFor({ state: 'attached' });
    const choices = await bestHere.evaluateAll((all) => all.map((one) => one.ariaLabel));
    const [, best, second] = /code (\d+).*code (\d+)/s.exec(choices.join('\n'));
    await studio.click('button', `Best here: code ${second}`);
    await studio.find('img', 'Viewer of dropped: Original, Edited').waitFor({ state: 'attached' });
    const after = tokensOf(await save(page, studio, 'Save tokens as .json'));
    const changed = native.tokens.flatMap((token, index) => (token === after.tokens[index] ? [] : [[token, after.tokens[index]]]));
    assert.deepEqual(changed, [[Number(best), Number(second)]]);

    const saved = await save(page, studio, 'Save picture');
    assert.deepEqual([saved.readUInt32BE(16), saved.readUInt32BE(20)], [48, 80]);
    await page.screenshot({ path: `${ARTIFACTS}/edited.png` });
    await page.keyboard.press('Control+z');
    await studio.find('img', 'Viewer of dropped: Original, Reconstruction').waitFor({ state: 'attached' });

    await pasteFile(page, 'pasted.png', 'image/png', models.files.get('/square.png'));
    await studio.find('img', 'Viewer of pasted: Original, Reconstruction').waitFor({ state: 'attached' });

    for (const colorScheme of ['dark', 'light']) {
      await page.emulateMedia({ colorScheme });
      for (const [name, viewport] of Object.entries(SIZES)) {
        await page.setViewportSize(viewport);
        await settled(page);
        await page.screenshot({ path: `${ARTIFACTS}/reconstruct-${name}-${colorScheme}.png` });
      }
      await page.setViewportSize(DESK);
      await studio.click('tab', 'System');
      await settled(page);
      await page.screenshot({ path: `${ARTIFACTS}/system-${colorScheme}.png` });
      await studio.click('tab', 'Reconstruct');
    }
    assert.deepEqual(complaints, []);
    await page.context().close();
  });

  it('takes a picture with the camera, and closes the camera after', async () => {
    const complaints = await open(`/?${model()}`, { permissions: ['camera'] });
    await started(page);
    const studio = controls(page);
    await studio.click('button', 'Camera');
    await page.getByRole('button', { name: 'Take picture' }).click();
    await page.locator('#controls [aria-label^="Viewer of camera"]').waitFor({ state: 'attached' });
    assert.equal(await page.evaluate(() => document.getElementById('camera-view').srcObject), null);
    await studio.click('button', 'Camera');
    await page.getByRole('button', { name: 'Cancel' }).click();
    await page.locator('#camera').waitFor({ state: 'hidden' });
    assert.deepEqual(complaints, []);
    await page.context().close();
  });

  it('keeps a model in the browser, opens it at the next visit with the SHA-256 of its file, and deletes it', async () => {
    const complaints = await open(`/?${model()}`, { viewport: DESK });
    await started(page);
    const studio = controls(page);
    const bytes = readFileSync(join(GOLDEN, CHECKPOINT));
    await studio.find('button', 'Model: tokenizer_tiny').waitFor({ state: 'attached' });
    await dropFile(page, 'mine.ckpt', '', bytes);
    await studio.click('button', 'Keep in this browser');
    await studio.text(/mine\.ckpt is kept/);

    await page.reload();
    await started(page);
    await studio.click('button', 'Model: tokenizer_tiny');
    await studio.find('button', 'Open mine.ckpt').waitFor({ state: 'attached' });
    await settled(page);
    await page.screenshot({ path: `${ARTIFACTS}/kept-model.png` });
    await studio.click('button', 'Open mine.ckpt');
    await studio.click('button', 'Compute SHA-256');
    await studio.text(createHash('sha256').update(bytes).digest('hex'));
    await page.screenshot({ path: `${ARTIFACTS}/model-digest.png` });
    await studio.click('button', 'Load');
    await studio.find('button', 'Load').waitFor({ state: 'detached' });

    await studio.click('button', 'Model: mine');
    await studio.click('button', 'Delete mine.ckpt');
    await studio.text(/No models yet/);
    assert.deepEqual(complaints, []);
    await page.context().close();
  });

  it('says what is wrong with an address that gives no picture or no model', async () => {
    await open(`/?image=${models.origin}/none.png&model=${models.origin}/refused/a.ckpt`);
    await started(page);
    await controls(page).text(/none\.png.*404/s);
    await controls(page).text(/a\.ckpt.*403/s);
    await page.context().close();
  });

  it('works without a network after the first visit', async () => {
    const passing = await servePage();
    const context = await browser.newContext({ viewport: SMALL });
    page = patient(await context.newPage());
    await hideWebGpu(page);
    const complaints = watch(page);
    try {
      await page.goto(passing.origin);
      await started(page);
      await page.evaluate(() => navigator.serviceWorker.ready);
    } finally {
      passing.stop();
    }
    await page.reload();
    await started(page);
    await controls(page).find('button', 'Open picture').waitFor({ state: 'attached' });
    await dropFile(page, 'offline.png', 'image/png', png(wavePicture(32, 32, 4)));
    await page.locator('#controls [aria-label^="Viewer of offline"]').waitFor({ state: 'attached' });
    assert.deepEqual(complaints, []);
    await context.close();
  });

  it('says so when the GPU goes away', async () => {
    const context = await browser.newContext({ viewport: SMALL });
    page = patient(await context.newPage());
    await page.addInitScript(() => {
      const { requestDevice } = GPUAdapter.prototype;
      GPUAdapter.prototype.requestDevice = async function (...wanted) {
        window.device = await requestDevice.apply(this, wanted);
        return window.device;
      };
    });
    await page.goto(`${server.origin}/?${model()}`);
    await started(page);
    await page.evaluate(() => window.device.destroy());
    await page.getByRole('heading', { name: 'IBQ Studio has stopped' }).waitFor();
    await page.screenshot({ path: `${ARTIFACTS}/stopped.png` });
    await page.getByRole('button', { name: 'Load again' }).click();
    await started(page);
    // A page that rests finds out too.
    await controls(page).find('button', 'Jobs: none').waitFor({ state: 'attached' });
    await page.waitForTimeout(2000);
    await (await browser.newBrowserCDPSession()).send('Browser.crashGpuProcess');
    await page.getByRole('heading', { name: 'IBQ Studio has stopped' }).waitFor();
    await context.close();
  });
});

/** Moves the mouse with its button down, as a hand does. */
async function drag(page, from, to) {
  await page.mouse.move(...from);
  await page.mouse.down();
  for (const step of [0.25, 0.5, 0.75, 1]) {
    await page.mouse.move(from[0] + (to[0] - from[0]) * step, from[1] + (to[1] - from[1]) * step);
    await settled(page);
  }
  await page.mouse.up();
}

function tokensOf(bytes) {
  const { grid, tokens, width, height } = JSON.parse(bytes.toString('utf8'));
  return { grid, tokens: tokens.flat(), width, height };
}
