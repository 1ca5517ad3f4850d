// Starts the studio: narrows what the page may connect to, looks for WebGPU or WebGL, loads the program with honest progress,
// and hands over what only a page can see (its address, pasted pictures, the camera).

import { takePicture } from './camera.js';
import { modelStore } from './models.js';
import { originsIn, sentenceAbout } from './origins.js';
import { hasWebGpu, whatIsMissing } from './graphics.js';

const splash = document.getElementById('splash');
const bar = document.getElementById('progress');
const stage = document.getElementById('stage');
const canvas = document.getElementById('studio');

/** Share of the bar for the download; the rest is for starting the program and opening the GPU. */
const DOWNLOAD = 0.85;

const origins = originsIn(location.href);
allowConnectionsTo(origins.allowed);
sayOrigins();

// A picture that misses the studio must not replace the page.
for (const name of ['dragover', 'drop']) document.addEventListener(name, (event) => event.preventDefault());

open();

async function open() {
  try {
    if (isFramed()) throw new Error('it does not run inside another page; open it in a tab of its own');
    if (await switchToWaitingVersion()) return;
    const webgpu = await hasWebGpu();
    const missing = whatIsMissing(webgpu);
    if (missing) return showMissing(missing);
    const studio = await loadStudio();
    advance(0.92, webgpu ? 'Opening the GPU' : 'Starting on the processor');
    studio.offerCamera(takePicture);
    studio.offerModelStore(modelStore);
    reportCrashes(studio);
    await studio.start(canvas, location.href, showStopped, webgpu, startWorker);
    advance(1, 'Ready');
    window.ibqStarted = true;
    forwardPastedPictures(studio);
    canvas.focus();
    splash.classList.add('done');
    splash.addEventListener('transitionend', () => splash.remove(), { once: true });
    setTimeout(() => splash.remove(), 1000);
    keepForOffline();
  } catch (error) {
    console.error(error);
    stage.textContent = `IBQ Studio did not start: ${error.message ?? error}`;
    bar.hidden = true;
  }
}

/** A worker in which the processor computes. */
function startWorker() {
  return new Worker(new URL('worker.js', import.meta.url), { type: 'module', name: 'ibq' });
}

/** Whether another page shows this one in a frame, where its buttons could be covered. */
function isFramed() {
  return window.top !== window;
}

/** Says beside the promise which other servers the page's address names, before anything is fetched from them. */
function sayOrigins() {
  const text = sentenceAbout(origins);
  document.getElementById('origins').textContent = text;
  document.getElementById('origins').hidden = !text;
  if (origins.refused.length) console.warn(text);
}

/** A second content-security policy: policies only ever add restrictions, so nothing later can lift this one. */
function allowConnectionsTo(origins) {
  const policy = document.createElement('meta');
  policy.httpEquiv = 'Content-Security-Policy';
  policy.content = `connect-src ${[...new Set(["'self'", ...origins])].join(' ')}`;
  document.head.append(policy);
}

/** Downloads the program with progress and starts it. */
async function loadStudio() {
  const [studio, { STUDIO_BYTES }] = await Promise.all([import('./studio/studio.js'), import('./studio/size.js')]);
  const response = await fetch(new URL('studio/studio_bg.wasm', import.meta.url));
  if (!response.ok) throw new Error(`studio_bg.wasm: the server answers ${response.status} ${response.statusText}`);
  let loaded = 0;
  const counted = response.body.pipeThrough(new TransformStream({
    transform(chunk, controller) {
      loaded += chunk.byteLength;
      const share = Math.min(loaded / STUDIO_BYTES, 1);
      advance(share * DOWNLOAD, `Loading the program, ${megabytes(loaded)} of ${megabytes(STUDIO_BYTES)} MB`);
      controller.enqueue(chunk);
    },
  }));
  const headers = { 'Content-Type': 'application/wasm' };
  await studio.default({ module_or_path: new Response(counted, { headers }) });
  return studio;
}

function megabytes(bytes) {
  return (bytes / 1e6).toFixed(1);
}

/** Moves the bar forward, never back. */
function advance(share, text) {
  bar.value = Math.max(bar.value, share);
  stage.textContent = text;
}

/** Pictures from the clipboard; text goes to the studio's own text fields by itself. */
function forwardPastedPictures(studio) {
  document.addEventListener('paste', (event) => {
    const files = [...(event.clipboardData?.files ?? [])];
    if (!files.length) return;
    event.preventDefault();
    for (const file of files) file.arrayBuffer().then((buffer) => studio.paste(file.name, new Uint8Array(buffer)), console.error);
  }, { capture: true });
}

/** A bug of the program ends it with an exception: say so instead of showing a frozen picture. */
function reportCrashes(studio) {
  const look = () => {
    const message = studio.crash();
    if (message) showStopped(`The program met a bug of its own: ${message}`);
  };
  window.addEventListener('error', look);
  window.addEventListener('unhandledrejection', look);
}

function showStopped(why) {
  document.getElementById('stopped-why').textContent = why;
  document.getElementById('reload').onclick = () => location.reload();
  document.getElementById('stopped').hidden = false;
  canvas.hidden = true;
}

/** Keeps everything for visits without a network, once the first picture no longer has to wait for the line. */
async function keepForOffline() {
  try {
    // Once it is there, the browser itself looks for newer versions at every visit.
    if (await navigator.serviceWorker?.getRegistration()) return;
    await navigator.serviceWorker?.register('sw.js');
  } catch (error) {
    console.info(`this page will not work offline: ${error.message}`);
  }
}

/** When a newer version is ready, changes to it and loads the page again. */
async function switchToWaitingVersion() {
  const registration = await navigator.serviceWorker?.getRegistration().catch(() => undefined);
  const waiting = registration?.waiting;
  if (!waiting) return false;
  navigator.serviceWorker.addEventListener('controllerchange', () => location.reload(), { once: true });
  waiting.postMessage('activate');
  return true;
}

function showMissing({ title, why, advice }) {
  document.getElementById('missing-title').textContent = title;
  document.getElementById('missing-why').textContent = why;
  document.getElementById('missing-advice').textContent = advice;
  document.getElementById('again').addEventListener('click', () => location.reload());
  document.getElementById('missing').hidden = false;
  canvas.hidden = true;
  splash.remove();
}
