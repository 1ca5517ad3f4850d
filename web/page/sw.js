// Keeps the page for visits without a network. precache.js lists each file with its SHA-256, and a version that changes with any
// of them. A file that arrives with other content is not kept: the installation fails, and the browser repeats it at a later
// visit. So the cache of a version never holds a file of another version.
/* global IBQ_VERSION, IBQ_FILES */

importScripts('precache.js');

const CACHE = `ibq-${IBQ_VERSION}`;
const HOME = new URL('./', self.location).href;

self.addEventListener('install', (event) => {
  event.waitUntil(keepEverything());
});

self.addEventListener('activate', (event) => {
  event.waitUntil(dropOldVersions().then(() => self.clients.claim()));
});

// The page asks for it at its start, and then loads again: so one visit never mixes two versions.
self.addEventListener('message', (event) => {
  if (event.data === 'activate') self.skipWaiting();
});

self.addEventListener('fetch', (event) => {
  const { request } = event;
  const address = new URL(request.url);
  const ours = address.href.startsWith(HOME) && (request.method === 'GET' || request.method === 'HEAD');
  if (ours) event.respondWith(answer(request, address));
});

async function keepEverything() {
  const cache = await caches.open(CACHE);
  const requests = IBQ_FILES.map(([file, integrity]) => new Request(new URL(file, HOME), { cache: 'no-cache', integrity }));
  try {
    await cache.addAll(requests);
  } catch (error) {
    // What an earlier worker of this version kept is whole and stays in use.
    if (!self.registration.active) await caches.delete(CACHE);
    throw error;
  }
}

async function dropOldVersions() {
  const names = await caches.keys();
  await Promise.all(names.filter((name) => name.startsWith('ibq-') && name !== CACHE).map((name) => caches.delete(name)));
}

async function answer(request, address) {
  const cache = await caches.open(CACHE);
  const kept = await cache.match(address.origin + address.pathname, { ignoreVary: true });
  if (!kept) return fetch(request);
  const range = request.headers.get('Range');
  if (range) return partOf(kept, range);
  return request.method === 'HEAD' ? new Response(null, kept) : kept;
}

/** The bytes that a Range header asks for: large models are read in parts. */
async function partOf(kept, range) {
  const blob = await kept.blob();
  const [, from, to] = /^bytes=(\d+)-(\d*)$/.exec(range) ?? [];
  if (from === undefined) return new Response(blob, { headers: kept.headers });
  const first = Number(from);
  const last = Math.min(to ? Number(to) : Infinity, blob.size - 1);
  if (first > last) return new Response(null, { status: 416, headers: { 'Content-Range': `bytes */${blob.size}` } });
  const headers = {
    'Content-Type': kept.headers.get('Content-Type') ?? 'application/octet-stream',
    'Content-Length': String(last - first + 1),
    'Content-Range': `bytes ${first}-${last}/${blob.size}`,
  };
  return new Response(blob.slice(first, last + 1), { status: 206, headers });
}
