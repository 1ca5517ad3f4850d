// The servers of the test: `cargo xtask serve` for the page, and one of its own for what the page's server never does.

import { spawn } from 'node:child_process';
import { createReadStream, existsSync, statSync } from 'node:fs';
import { createServer } from 'node:http';
import { extname, join, normalize } from 'node:path';
import { fileURLToPath } from 'node:url';

const DIST = fileURLToPath(new URL('../dist/', import.meta.url));
export const GOLDEN = process.env.IBQ_GOLDEN ?? fileURLToPath(new URL('../../tests/golden/', import.meta.url));

const TYPES = { '.html': 'text/html', '.js': 'text/javascript', '.wasm': 'application/wasm', '.json': 'application/json', '.png': 'image/png', '.css': 'text/css', '.svg': 'image/svg+xml' };

/** Starts `xtask serve` on a free port: {origin, stop}. */
export async function servePage() {
  if (!process.env.XTASK) throw new Error('set XTASK to the path of the xtask program');
  const child = spawn(process.env.XTASK, ['serve', '--port', '0'], { stdio: ['ignore', 'pipe', 'inherit'] });
  const origin = await new Promise((resolve, reject) => {
    let said = '';
    child.once('exit', (code) => reject(new Error(`xtask serve ended with ${code}: ${said}`)));
    child.stdout.on('data', (text) => {
      said += text;
      const address = /http:\/\/localhost:\d+/.exec(said);
      if (address) resolve(address[0]);
    });
  });
  return { origin, stop: () => child.kill() };
}

/**
 * A server of files in memory and of folders: `/models/` with ranges, `/plain/` without, `/stalled/` that stops half-way, `/refused/`
 * that answers 403, and `/` the built engine. Answers {origin, files, answers, requests, stop}; `files` maps paths to bytes, `answers`
 * paths to functions of request and response.
 */
export async function serveEngine() {
  const files = new Map([['/blank.html', Buffer.from('<!doctype html><link rel="icon" href="data:,"><title>blank</title>')]]);
  const answers = new Map();
  const requests = [];
  const server = createServer((request, response) => {
    const path = decodeURIComponent(new URL(request.url, 'http://x').pathname);
    requests.push({ method: request.method, path, range: request.headers.range });
    response.setHeader('Cache-Control', 'no-store');
    response.setHeader('Access-Control-Allow-Origin', '*');
    if (request.headers['access-control-request-headers']) response.setHeader('Access-Control-Allow-Headers', 'range');
    response.setHeader('Access-Control-Expose-Headers', 'Content-Range, Accept-Ranges, Content-Length');
    if (request.method === 'OPTIONS') return response.writeHead(204).end();
    if (path.startsWith('/refused/')) return response.writeHead(403).end();
    response.setHeader('Content-Type', TYPES[extname(path)] ?? 'application/octet-stream');
    if (answers.has(path)) return answers.get(path)(request, response);
    if (files.has(path)) return response.end(request.method === 'HEAD' ? undefined : files.get(path));
    const file = fileOf(path);
    if (!file) return response.writeHead(404).end();
    sendFile(request, response, file, path);
  });
  await new Promise((resolve) => server.listen(0, 'localhost', resolve));
  const stop = () => {
    server.closeAllConnections();
    server.close();
  };
  return { origin: `http://localhost:${server.address().port}`, files, answers, requests, stop };
}

function fileOf(path) {
  const [, first, rest] = /^\/(models|plain|stalled)\/(.+)$/.exec(path) ?? [];
  const file = first ? join(GOLDEN, normalize(`/${rest}`)) : join(DIST, normalize(path));
  return existsSync(file) && statSync(file).isFile() ? file : undefined;
}

function sendFile(request, response, file, path) {
  const { size } = statSync(file);
  const ranged = !path.startsWith('/plain/');
  if (ranged) response.setHeader('Accept-Ranges', 'bytes');
  const [, from, to] = (ranged && /^bytes=(\d+)-(\d*)$/.exec(request.headers.range ?? '')) || [];
  const first = Number(from ?? 0);
  const last = to ? Math.min(Number(to), size - 1) : size - 1;
  if (first > last) return response.writeHead(416, { 'Content-Range': `bytes */${size}` }).end();
  const headers = { 'Content-Length': last - first + 1 };
  if (from !== undefined) headers['Content-Range'] = `bytes ${first}-${last}/${size}`;
  response.writeHead(from === undefined ? 200 : 206, headers);
  if (request.method === 'HEAD') return response.end();
  const stalled = path.startsWith('/stalled/') && last - first > 64 * 1024;
  createReadStream(file, { start: first, end: stalled ? first + 1024 : last }).pipe(response, { end: !stalled });
}
