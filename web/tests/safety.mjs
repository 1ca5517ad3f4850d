// What servers, addresses and other pages may do to the page: mixed versions, wrong lengths, policies in an address, frames.

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { after, afterEach, before, beforeEach, describe, it } from 'node:test';
import { gzipSync } from 'node:zlib';

import { MINUTE, launch, patient } from './browser.mjs';
import { serveEngine, servePage } from './server.mjs';

const DIST = fileURLToPath(new URL('../dist/', import.meta.url));
/** Bytes of a stored part of a kept model, as in models.js. */
const PART = 32 * 1024 * 1024;

describe('safety of the page', { timeout: 4 * MINUTE }, () => {
  let browser;
  let page;
  /** A server whose answers the tests change. */
  let server;

  before(async () => {
    browser = await launch();
  });

  beforeEach(async () => {
    server = await serveEngine();
    page = patient(await (await browser.newContext()).newPage());
  });

  afterEach(async () => {
    await page.context().close();
    server.stop();
  });

  after(() => browser?.close());

  /** Opens the page and stops it before it needs a GPU. */
  async function openWithoutGpu(address) {
    await page.addInitScript(() => {
      Object.defineProperty(Navigator.prototype, 'gpu', { get: () => ({ requestAdapter: () => new Promise(() => {}) }) });
    });
    await page.goto(address);
  }

  /** Registers the service worker; answers with its last state. */
  function register() {
    return page.evaluate(async () => {
      const registration = await navigator.serviceWorker.register('/sw.js');
      const worker = registration.installing ?? registration.waiting ?? registration.active;
      return new Promise((resolve) => {
        const look = () => ['activated', 'redundant'].includes(worker.state) && resolve(worker.state);
        worker.addEventListener('statechange', look);
        look();
      });
    });
  }

  it('keeps no version of which one file is another version’s, and keeps it once all are right', async () => {
    const models = readFileSync(`${DIST}models.js`);
    server.files.set('/', readFileSync(`${DIST}index.html`));
    server.files.set('/models.js', Buffer.concat([models, Buffer.from('// another version\n')]));
    await page.goto(`${server.origin}/blank.html`);
    assert.equal(await register(), 'redundant');
    assert.deepEqual(await page.evaluate(() => caches.keys()), []);
    server.files.delete('/models.js');
    assert.equal(await register(), 'activated');
    const kept = await page.evaluate(async () => (await caches.match('/models.js')).text());
    assert.equal(kept, models.toString());
  });

  it('reports that a part of the page cannot be loaded or does not fit', async () => {
    const stage = page.locator('#stage').filter({ hasText: 'IBQ Studio did not load' });
    server.files.set('/models.js', Buffer.from('export const other = 1;\n'));
    await page.goto(server.origin + '/index.html');
    await stage.waitFor();
    server.files.delete('/models.js');
    server.answers.set('/graphics.js', (_, response) => response.writeHead(503).end());
    await page.goto(server.origin + '/index.html');
    await stage.waitFor();
  });

  it('says which servers an address names, and lets an address add nothing to the policy', async () => {
    const said = async (query) => {
      await openWithoutGpu(`${server.origin}/index.html?${query}`);
      await page.locator('#origins').filter({ hasText: 'etch' }).or(page.locator('#origins').filter({ hasText: 'files from' })).waitFor();
      return page.locator('#origins').textContent();
    };
    const reach = (address) => page.evaluate((to) => fetch(to, { mode: 'no-cors' }).then(() => 'reached', () => 'blocked'), address);
    for (const origin of ['https://a;default-src', 'https://a,b']) {
      assert.match(await said(`image=${encodeURIComponent(`${origin}/x`)}`), /Nothing is fetched from/);
      assert.equal(await reach('/icons/icon.svg'), 'reached');
    }
    assert.match(await said('model=http://[::1]:8080/m.ckpt'), /IPv6/);
    const other = await serveEngine();
    try {
      assert.ok((await said(`image=${other.origin}/x.png`)).includes(`files from ${other.origin}`));
      assert.equal(await reach(`${other.origin}/blank.html`), 'reached');
      await openWithoutGpu(`${server.origin}/index.html`);
      assert.equal(await reach(`${other.origin}/blank.html`), 'blocked');
    } finally {
      other.stop();
    }
  });

  it('does not run inside another page', async () => {
    const framed = async (address) => {
      await page.goto(`${server.origin}/blank.html`);
      await page.evaluate((src) => document.body.append(Object.assign(document.createElement('iframe'), { src })), address);
    };
    await framed(`${server.origin}/index.html`);
    await page.frameLocator('iframe').locator('#stage').filter({ hasText: 'does not run inside another page' }).waitFor();
    const own = await servePage();
    try {
      const refused = page.waitForEvent('console', (message) => /frame-ancestors/.test(message.text()));
      await framed(own.origin);
      await refused;
    } finally {
      own.stop();
    }
  });

  /** Keeps what an address gives; answers with 'kept' or the error. */
  function keep(path) {
    return page.evaluate(async (address) => {
      const { modelStore } = await import('/models.js');
      return modelStore.keep('m', address, () => {}, () => false).then(() => 'kept', (error) => error.message);
    }, server.origin + path);
  }

  it('keeps no model that is longer, shorter or other than the server announced', async () => {
    await page.goto(`${server.origin}/blank.html`);
    const content = Buffer.alloc(1000, 7);
    server.answers.set('/zipped', (_, response) => {
      const bytes = gzipSync(Buffer.alloc(100_000));
      response.writeHead(200, { 'Content-Encoding': 'gzip', 'Content-Length': bytes.length, 'Access-Control-Expose-Headers': '*' }).end(bytes);
    });
    assert.match(await keep('/zipped'), /compresses/);
    // A server of another origin that hides Content-Encoding: what arrives is counted.
    const counted = await page.evaluate(async () => {
      const { modelStore } = await import('/models.js');
      const real = window.fetch;
      window.fetch = async () => new Response(new Uint8Array(5000), { headers: { 'Content-Length': '1000' } });
      const outcome = await modelStore.keep('m', 'https://x.example/m', () => {}, () => false).then(() => 'kept', (error) => error.message);
      window.fetch = async () => new Response(new Uint8Array(500), { headers: { 'Content-Length': '1000' } });
      const short = await modelStore.keep('m', 'https://x.example/m', () => {}, () => false).then(() => 'kept', (error) => error.message);
      window.fetch = real;
      return [outcome, short];
    });
    assert.match(counted[0], /more arrives/);
    assert.match(counted[1], /only 500 of 1000/);
    server.files.set('/whole', content);
    server.answers.set('/sized', (_, response) => response.writeHead(200, { 'Content-Length': 1000 }).end(content));
    assert.equal(await keep('/sized'), 'kept');
  });

  it('continues a kept model only where it was asked to', async () => {
    await page.goto(`${server.origin}/blank.html`);
    const total = PART + 5;
    await page.evaluate(async ({ address, total, PART }) => {
      const models = await (await navigator.storage.getDirectory()).getDirectoryHandle('models', { create: true });
      const folder = await models.getDirectoryHandle('m', { create: true });
      for (const [name, content] of [['0', new Uint8Array(PART)], ['about.json', JSON.stringify({ total, address, tag: '"a"' })]]) {
        const file = await (await folder.getFileHandle(name, { create: true })).createWritable();
        await file.write(content);
        await file.close();
      }
    }, { address: `${server.origin}/rest`, total, PART });
    const answerWith = (range, length) => server.answers.set('/rest', (_, response) => {
      response.writeHead(206, { 'Content-Range': range, 'Content-Length': length }).end(Buffer.alloc(length));
    });
    for (const [range, length] of [['bytes 0-10/11', 11], [`bytes ${PART}-${PART + 4}/${PART + 6}`, 5], [`bytes ${PART + 1}-${PART + 4}/${total}`, 4]]) {
      answerWith(range, length);
      assert.match(await keep('/rest'), /does not continue/, range);
    }
    answerWith(`bytes ${PART}-${PART + 4}/${total}`, 5);
    assert.equal(await keep('/rest'), 'kept');
    assert.equal(await page.evaluate(async () => (await (await import('/models.js')).modelStore.open('m')).size), total);
  });
});
