// Models that the person keeps in this browser: in its private file system, so that they open without network or dialog.
//
// A model is a folder of numbered parts and `about.json`. Parts are written one by one: what was stored stays when the
// page is closed, and storing goes on after the last whole part. Opening joins the parts without reading them.

const PART = 32 * 1024 * 1024;

/** What the studio asks for. */
export const modelStore = { list, keep, open, remove };

/** JSON: the models with their sizes, and the room there is, in bytes. */
async function list() {
  const models = [];
  for await (const [name, folder] of (await store()).entries()) {
    if (folder.kind !== 'directory') continue;
    const about = await aboutOf(folder);
    // A folder without a description was left by a page that closed while making it.
    if (about) models.push({ name, have: sizeOf(await partsOf(folder)), total: about.total, address: about.address });
  }
  models.sort((a, b) => a.name.localeCompare(b.name));
  const { usage = 0, quota = 0 } = await navigator.storage.estimate();
  return JSON.stringify({ models, used: usage, quota });
}

/**
 * Stores a File, or what an address gives, under a name; goes on where it stopped before. `report` is called with the
 * bytes there are and the bytes there will be; once `stopped` says true it stops and keeps what it has.
 */
async function keep(name, source, report, stopped) {
  const folder = await (await store()).getDirectoryHandle(name, { create: true });
  const stop = new AbortController();
  const watch = setInterval(() => stopped() && stop.abort(new DOMException('stopped', 'AbortError')), 100);
  try {
    const { body, about, start } = await (typeof source === 'string' ? fetchRest : sliceRest)(source, folder, stop.signal);
    await checkRoom(about.total - start * PART);
    await write(folder, 'about.json', JSON.stringify(about));
    await storeParts(folder, body, start, about.total, (have) => report(have, about.total), stop.signal);
    // Ask that the browser does not throw models away when it needs room; it may refuse.
    await navigator.storage.persist?.();
  } finally {
    clearInterval(watch);
  }
}

/** The model as a File. */
async function open(name) {
  const folder = await (await store()).getDirectoryHandle(name);
  const parts = await partsOf(folder);
  const about = await aboutOf(folder);
  if (sizeOf(parts) !== about?.total) throw new Error(`${name} is not stored whole`);
  return new File(parts, name);
}

async function remove(name) {
  await (await store()).removeEntry(name, { recursive: true });
}

async function store() {
  if (!navigator.storage?.getDirectory) throw new Error('this browser has no file storage for pages');
  return (await navigator.storage.getDirectory()).getDirectoryHandle('models', { create: true });
}

async function aboutOf(folder) {
  try {
    const file = await (await folder.getFileHandle('about.json')).getFile();
    return JSON.parse(await file.text());
  } catch {
    return undefined;
  }
}

/** The parts in order, as far as they are whole. */
async function partsOf(folder) {
  const parts = [];
  try {
    for (;;) {
      const part = await (await folder.getFileHandle(String(parts.length))).getFile();
      parts.push(part);
      if (part.size !== PART) return parts;
    }
  } catch {
    return parts;
  }
}

function sizeOf(parts) {
  return parts.reduce((sum, part) => sum + part.size, 0);
}

/** Number of parts that need not be stored again. */
async function wholeParts(folder) {
  return (await partsOf(folder)).filter((part) => part.size === PART).length;
}

async function sliceRest(file, folder) {
  const about = { total: file.size, modified: file.lastModified };
  const before = await aboutOf(folder);
  const same = before?.total === about.total && before?.modified === about.modified;
  const start = same ? await wholeParts(folder) : 0;
  return { body: file.slice(start * PART).stream(), about, start };
}

async function fetchRest(address, folder, signal) {
  const before = await aboutOf(folder);
  // Without a tag one cannot know that the rest belongs to the beginning.
  const start = before?.address === address && before.tag ? await wholeParts(folder) : 0;
  const headers = start ? { Range: `bytes=${start * PART}-`, 'If-Range': before.tag } : {};
  const response = await fetch(address, { headers, signal });
  if (!response.ok) throw new Error(`${address}: the server answers ${response.status} ${response.statusText}`);
  // The length of a compressed answer is not that of the file.
  const encoding = response.headers.get('Content-Encoding');
  if (encoding && encoding !== 'identity') throw new Error(`${address}: the server compresses the file (${encoding}); it has to send model files as they are`);
  const continued = response.status === 206;
  const total = continued ? totalOfRest(response, start * PART, before.total, address) : lengthOf(response);
  if (!total) throw new Error(`${address}: the server does not say how large it is`);
  const etag = response.headers.get('ETag');
  const tag = etag?.startsWith('"') ? etag : undefined;
  return { body: response.body, about: { total, address, tag }, start: continued ? start : 0 };
}

/** What Content-Length says, if it is a number of bytes. */
function lengthOf(response) {
  const text = response.headers.get('Content-Length') ?? '';
  return /^\d{1,15}$/.test(text) ? Number(text) : undefined;
}

/** The total of an answer that has to continue at `first`. Servers that hide Content-Range from other pages are checked by length. */
function totalOfRest(response, first, total, address) {
  const range = response.headers.get('Content-Range');
  const [, from, to, all] = /^bytes (\d{1,15})-(\d{1,15})\/(\d{1,15})$/.exec(range ?? '') ?? [];
  const fits = range === null
    ? lengthOf(response) === total - first
    : Number(from) === first && Number(to) === total - 1 && Number(all) === total;
  if (!fits) throw new Error(`${address}: the server does not continue where it was asked to (${range ?? 'without Content-Range'})`);
  return total;
}

async function checkRoom(needed) {
  const { usage = 0, quota = Infinity } = await navigator.storage.estimate();
  if (needed > quota - usage) {
    const mega = (bytes) => `${Math.ceil(bytes / 1e6)} MB`;
    throw new Error(`there is no room: ${mega(needed)} are needed, ${mega(Math.max(0, quota - usage))} are free`);
  }
}

/** Stores what arrives; fails beyond `total` bytes, and when fewer arrive. What was stored before that stays whole. */
async function storeParts(folder, body, start, total, report, signal) {
  const reader = body.getReader();
  let [number, chunks, size] = [start, [], 0];
  report(start * PART);
  for (;;) {
    const { done, value } = await reader.read();
    signal.throwIfAborted();
    let rest = value ?? new Uint8Array();
    if (number * PART + size + rest.byteLength > total) {
      await reader.cancel();
      throw new Error(`more arrives than the ${total} bytes that were announced`);
    }
    while (size + rest.byteLength >= PART) {
      const fits = rest.subarray(0, PART - size);
      await write(folder, String(number), new Blob([...chunks, fits]));
      rest = rest.subarray(fits.byteLength);
      [number, chunks, size] = [number + 1, [], 0];
    }
    if (rest.byteLength) chunks.push(rest);
    size += rest.byteLength;
    report(number * PART + size);
    if (done) break;
  }
  const have = number * PART + size;
  if (have !== total) throw new Error(`only ${have} of ${total} bytes arrived; keep it again to continue`);
  // The last part, even an empty one, ends the list: parts of a longer model before must not follow.
  await write(folder, String(number), new Blob(chunks));
}

async function write(folder, name, content) {
  const writable = await (await folder.getFileHandle(name, { create: true })).createWritable();
  await writable.write(content);
  await writable.close();
}
