// The page: starts, tells those without WebGPU what to do, keeps to its own origin, works offline, and does its job by mouse.

import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';

import { ARTIFACTS, launch, watch } from './browser.mjs';
import { png, wavePicture } from './picture.mjs';
import { serveEngine, servePage } from './server.mjs';
import { controls, dropFile, started } from './studio.mjs';

const MINUTE = 60_000;
const DESK = { width: 1280, height: 800 };
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

  after(async () => {
    await browser?.close();
    server?.stop();
    models?.stop();
  });

  /** Opens a page of its own profile; its complaints come with it. */
  async function open(address, options = {}) {
    const context = await browser.newContext({ viewport: DESK, acceptDownloads: true, ...options });
    page = await context.newPage();
    const complaints = watch(page, [models.origin]);
    await page.goto(new URL(address, server.origin).href);
    return complaints;
  }

  it('shows a helpful page without WebGPU', async () => {
    for (const colorScheme of ['dark', 'light']) {
      for (const [name, viewport] of Object.entries(SIZES)) {
        const context = await browser.newContext({ viewport, colorScheme });
        const page = await context.newPage();
        const complaints = watch(page);
        await page.addInitScript(() => Object.defineProperty(Navigator.prototype, 'gpu', { get: () => undefined }));
        await page.goto(server.origin);
        await page.getByRole('alert').filter({ hasText: 'WebGPU' }).waitFor();
        for (const word of ['Chrome and Edge', 'Safari', 'Firefox', 'What you would see', 'Nothing is uploaded']) {
          assert.ok(await page.getByText(word).first().isVisible(), word);
        }
        const wider = await page.evaluate(() => document.documentElement.scrollWidth - window.innerWidth);
        assert.ok(wider <= 0, `${name}: ${wider} pixels wider than the screen`);
        await page.screenshot({ path: `${ARTIFACTS}/no-webgpu-${name}-${colorScheme}.png`, fullPage: true });
        assert.deepEqual(complaints, []);
        await context.close();
      }
    }
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
});
