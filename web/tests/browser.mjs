// Chromium with WebGPU on its software adapter, and pages whose every complaint is kept.

import { existsSync, mkdirSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

import { chromium } from 'playwright-core';

/** Where screenshots are kept. */
export const ARTIFACTS = fileURLToPath(new URL('../../artifacts/web/', import.meta.url));

/** A minute in milliseconds; more on machines that say that they are busy (IBQ_PATIENCE=5). */
export const MINUTE = 60_000 * Number(process.env.IBQ_PATIENCE ?? 1);

const HAS_MODEL = existsSync(fileURLToPath(new URL('../dist/assets/models/default.txt', import.meta.url)));

/** Starts the browser that the environment names. */
export function launch() {
  const executablePath = process.env.CHROMIUM;
  if (!executablePath) throw new Error('set CHROMIUM to the path of Chromium or Chrome');
  mkdirSync(ARTIFACTS, { recursive: true });
  return chromium.launch({
    executablePath,
    // The new headless mode is the whole browser, WebGPU included; this default of the driver would switch it off.
    headless: false,
    ignoreDefaultArgs: ['--disable-gpu'],
    args: [
      '--headless=new', '--no-sandbox', '--no-first-run', '--disable-quic', '--disable-sync',
      // WebGPU, drawing and composition on one and the same software Vulkan: a canvas does not cross from one to another.
      '--enable-unsafe-webgpu', '--use-webgpu-adapter=swiftshader', '--enable-gpu', '--ignore-gpu-blocklist', '--enable-features=Vulkan',
      '--use-vulkan=swiftshader', '--use-angle=swiftshader', '--enable-unsafe-swiftshader',
      // A busy machine is no hung GPU.
      '--disable-gpu-watchdog',
      '--use-fake-device-for-media-stream', '--use-fake-ui-for-media-stream',
    ],
  });
}

/** Waits for as long as a busy machine needs. */
export function patient(page) {
  page.setDefaultTimeout(MINUTE);
  return page;
}

/**
 * Makes a page believe that its browser has no WebGPU. It then draws with WebGL, which a software driver does three times faster.
 */
export function hideWebGpu(page) {
  return page.addInitScript(() => Object.defineProperty(Navigator.prototype, 'gpu', { get: () => undefined }));
}

/** What a page said that it should not have: errors, warnings, policy violations, requests elsewhere. */
export function watch(page, allowed = []) {
  const complaints = [];
  page.on('console', (message) => {
    const bad = message.type() === 'error' || message.type() === 'warning';
    // A checkout without a bundled model builds a page that asks for one in vain.
    const noModel = !HAS_MODEL && message.location().url.endsWith('/assets/models/default.txt');
    if (bad && !noModel) complaints.push(`${message.type()}: ${message.text()} (${message.location().url})`);
  });
  page.on('pageerror', (error) => complaints.push(`uncaught: ${error.message}`));
  page.on('request', (request) => {
    const { origin, protocol } = new URL(request.url());
    const here = new URL(page.url() === 'about:blank' ? request.url() : page.url()).origin;
    if (/^https?:/.test(protocol) && origin !== here && !allowed.includes(origin)) complaints.push(`request to ${request.url()}`);
  });
  return complaints;
}
