// Driving the studio: egui draws on a canvas, and names its controls in transparent elements over it.

import { readFileSync } from 'node:fs';

import { MINUTE } from './browser.mjs';

/** What is nearer to the edge of the window may be cut off. */
const EDGE = 24;

/** Waits until the studio has drawn twice. */
export function settled(page) {
  return page.evaluate(() => new Promise((resolve) => requestAnimationFrame(() => requestAnimationFrame(resolve))));
}

/** Waits until the start-up picture has gone. */
export async function started(page) {
  await page.locator('#splash').waitFor({ state: 'detached' });
}

/** The controls of the page by role and accessible name. */
export function controls(page) {
  const find = (role, name) => page.locator(`#controls [role="${role}"][aria-label="${name}"]`).first();
  /** Where a control is, as the mouse sees it. */
  const place = async (role, name) => {
    const box = await find(role, name).boundingBox();
    if (!box) throw new Error(`no ${role} “${name}” on the page`);
    return { ...box, middle: [box.x + box.width / 2, box.y + box.height / 2] };
  };
  return {
    find,
    place,
    /** Clicks in the middle of a control with the mouse, on the canvas beneath; scrolls to it where that is needed. */
    click: async (role, name) => {
      await find(role, name).waitFor({ state: 'attached' });
      // A dialog finds its place within its first frames.
      await settled(page);
      await settled(page);
      const { height } = page.viewportSize();
      for (let tries = 0; tries < 20; tries += 1) {
        const { middle: [x, y] } = await place(role, name);
        if (y > EDGE && y < height - EDGE) break;
        await page.mouse.move(x, height / 2);
        await page.mouse.wheel(0, y - height / 2);
        await settled(page);
      }
      const { middle } = await place(role, name);
      await page.mouse.move(...middle);
      await page.mouse.down();
      await page.mouse.up();
    },
    /** Waits for a text anywhere among the controls. */
    text: (words) => page.locator('#controls > *').filter({ hasText: words }).first().waitFor({ state: 'attached' }),
    /** Everything that is said now, for messages. */
    said: () => page.locator('#controls > *').evaluateAll((all) => all.map((one) => one.getAttribute('aria-label') ?? one.textContent)),
  };
}

/** Drops a file on the canvas as a person does. */
export function dropFile(page, name, type, bytes) {
  return page.evaluate(({ name, type, base64 }) => {
    const bytes = Uint8Array.from(atob(base64), (letter) => letter.charCodeAt(0));
    const dataTransfer = new DataTransfer();
    dataTransfer.items.add(new File([bytes], name, { type }));
    const canvas = document.getElementById('studio');
    for (const kind of ['dragenter', 'dragover', 'drop']) {
      canvas.dispatchEvent(new DragEvent(kind, { dataTransfer, bubbles: true, cancelable: true }));
    }
  }, { name, type, base64: Buffer.from(bytes).toString('base64') });
}

/** Pastes a file on the page, as it comes from the clipboard. */
export function pasteFile(page, name, type, bytes) {
  return page.evaluate(({ name, type, base64 }) => {
    const clipboardData = new DataTransfer();
    const bytes = Uint8Array.from(atob(base64), (letter) => letter.charCodeAt(0));
    clipboardData.items.add(new File([bytes], name, { type }));
    document.dispatchEvent(new ClipboardEvent('paste', { clipboardData, bubbles: true, cancelable: true }));
  }, { name, type, base64: Buffer.from(bytes).toString('base64') });
}

/** Clicks a button that saves and returns the bytes of the download. */
export async function save(page, studio, name) {
  const [download] = await Promise.all([page.waitForEvent('download', { timeout: MINUTE }), studio.click('button', name)]);
  return readFileSync(await download.path());
}
