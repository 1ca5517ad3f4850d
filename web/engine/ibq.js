// The IBQ engine for web pages: pictures become tokens and come back, on the visitor's own GPU (WebGPU), or on the processor,
// in a worker.
// A thin layer over ibq_wasm.js; types and documentation are in ibq.d.ts. Works in pages and in module workers.

import start, { WasmEngine, WasmJob, onPanic } from './ibq_wasm.js';

/** How often progress is looked at, in milliseconds. */
const PROGRESS_EVERY = 50;

/** Rejecters of the calls under way, for the case that the engine breaks. */
const underWay = new Set();
let started;
let broken;

export class Engine {
  #core;

  /** Use Engine.create(). */
  constructor(core, adapter) {
    if (!(core instanceof WasmEngine)) throw new TypeError('an engine is made by Engine.create()');
    this.#core = core;
    this.info = Object.freeze({ ...JSON.parse(core.info()), ...(adapter && { adapter }) });
  }

  static async create({ wasm, adapter, portable = false, signal } = {}) {
    signal?.throwIfAborted();
    await startOnce(wasm);
    const core = await run({ signal }, () => WasmEngine.open(adapter, portable, startWorker));
    const onGpu = JSON.parse(core.info()).device === 'gpu';
    return new Engine(core, adapter || !onGpu ? undefined : await adapterName());
  }

  async loadTokenizer(source, options = {}) {
    const core = this.#open();
    const model = modelOf(source);
    const loaded = await run(options, (job) => core.load(model, options.weights, options.precision, options.config, options.device, job));
    return new Tokenizer(LOADED, loaded);
  }

  async loadGenerator(source, options = {}) {
    const core = this.#open();
    const model = modelOf(source);
    const { precision, config, device, tokenizer } = options;
    const loaded = await run(options, (job) => (tokenizer instanceof Tokenizer
      ? core.loadGeneratorWith(model, precision, config, device, coreOf(tokenizer), job)
      : core.loadGenerator(model, precision, config, device, tokenizer === undefined ? undefined : modelOf(tokenizer), job)));
    return new Generator(LOADED, loaded);
  }

  get memoryInUse() {
    return this.#open().memoryInUse;
  }

  dispose() {
    this.#core?.free();
    this.#core = undefined;
  }

  #open() {
    if (!this.#core) throw new Error('this engine was disposed');
    return this.#core;
  }
}

/** Keeps the constructors of what is loaded to this file. */
const LOADED = Symbol('loaded');
/** The wasm handle of a tokenizer. */
let coreOf;

export class Tokenizer {
  #core;

  static {
    coreOf = (tokenizer) => tokenizer.#open();
  }

  constructor(key, core) {
    if (key !== LOADED) throw new TypeError('a tokenizer is made by engine.loadTokenizer()');
    this.#core = core;
    this.info = Object.freeze(JSON.parse(core.info()));
  }

  async encode(picture, options = {}) {
    const core = this.#open();
    const { resize, tiles } = options;
    if (picture instanceof Blob) {
      const bytes = new Uint8Array(await picture.arrayBuffer());
      return run(options, (job) => core.encodeFile(bytes, resize, setting(tiles), job));
    }
    const { data, width, height } = pixelsOf(picture);
    return run(options, (job) => core.encode(data, width, height, resize, setting(tiles), job));
  }

  async decode(tokens, options = {}) {
    const core = this.#open();
    const [rows, cols] = gridOf(tokens);
    const indices = tokens.tokens instanceof Int32Array ? tokens.tokens : Int32Array.from(tokens.tokens);
    const size = tokens.width && tokens.height ? Uint32Array.of(tokens.width, tokens.height) : undefined;
    const { data, width, height } = await run(options, (job) =>
      core.decode(indices, rows, cols, size, setting(options.tiles), job));
    return new ImageData(data, width, height);
  }

  dispose() {
    this.#core?.free();
    this.#core = undefined;
  }

  #open() {
    if (!this.#core) throw new Error('this tokenizer was disposed');
    return this.#core;
  }
}

export class Generator {
  #core;

  constructor(key, core) {
    if (key !== LOADED) throw new TypeError('a generator is made by engine.loadGenerator()');
    this.#core = core;
    this.info = Object.freeze(JSON.parse(core.info()));
    const tokenizer = core.tokenizer();
    this.tokenizer = tokenizer ? new Tokenizer(LOADED, tokenizer) : null;
  }

  async *generate(options = {}) {
    const core = this.#open();
    const { grid } = this.info;
    const total = grid[0] * grid[1];
    const stop = new AbortController();
    const signal = options.signal ? AbortSignal.any([options.signal, stop.signal]) : stop.signal;
    if (options.pictures && !this.tokenizer) throw new Error(core.missingTokenizer());
    const request = requestOf(options);
    // A handle of its own: disposing of the generator does not end what is under way.
    const tokenizer = options.pictures ? new Tokenizer(LOADED, core.tokenizer()) : null;
    const waiting = [];
    const made = [];
    let wake = () => {};
    let ended = false;
    const onTokens = (picture, position, tokens, recipe) => {
      made[picture] ??= new Int32Array(total);
      made[picture].set(tokens, position);
      const count = position + tokens.length;
      const result = count === total ? { grid: [...grid], tokens: made[picture].slice(), recipe } : undefined;
      waiting.push({ picture, position, tokens, done: count / total, result });
      wake();
    };
    let failure;
    const running = run({ ...options, signal }, (job) => core.generate(request, onTokens, job))
      .catch((error) => { failure = { error }; })
      .finally(() => {
        ended = true;
        wake();
      });
    try {
      while (true) {
        while (waiting.length > 0) {
          const step = waiting.shift();
          if (step.result && tokenizer) step.result.picture = await tokenizer.decode(step.result, { signal });
          yield step;
        }
        if (ended) break;
        await new Promise((resolve) => { wake = resolve; });
      }
      if (failure) throw failure.error;
    } finally {
      // Whoever leaves the loop wants no more tokens.
      stop.abort();
      await running;
      tokenizer?.dispose();
    }
  }

  async decode(tokens, options = {}) {
    const core = this.#open();
    if (!this.tokenizer) throw new Error(core.missingTokenizer());
    return this.tokenizer.decode(tokens, options);
  }

  async png(result, options = {}) {
    const core = this.#open();
    if (!this.tokenizer) throw new Error(core.missingTokenizer());
    if (typeof result?.recipe !== 'string') throw new TypeError('png() takes the result of a step, with its recipe');
    const bytes = await run(options, (job) => core.png(result.recipe, job));
    return new Blob([bytes], { type: 'image/png' });
  }

  async score(tokens, klass, options = {}) {
    const core = this.#open();
    const list = tokens?.tokens ?? tokens;
    const given = list instanceof Int32Array ? list : Int32Array.from(list);
    const perToken = await run(options, (job) => core.score(given, JSON.stringify(klass ?? null), job));
    return { perToken, total: perToken.reduce((sum, each) => sum + each, 0) };
  }

  dispose() {
    this.tokenizer?.dispose();
    this.#core?.free();
    this.#core = undefined;
  }

  #open() {
    if (!this.#core) throw new Error('this generator was disposed');
    return this.#core;
  }
}

/** What is to be generated, as the wasm module takes it. */
function requestOf({ class: klass = null, mix, seed = 0, count = 1, cfg, schedule, temperature, topK, topP, prefix, fixed = [] }) {
  if (prefix && fixed.length > 0) throw new TypeError('give either a prefix or fixed tokens');
  if (typeof seed !== 'bigint' && !Number.isSafeInteger(seed)) throw new TypeError(`a seed is a whole number from 0 on, not ${seed}`);
  return JSON.stringify({
    condition: mix ? [klass, mix.class, mix.share ?? 0.5] : klass,
    seed: String(seed), count, cfg, schedule, temperature, topK, topP,
    fixed: Array.from(prefix?.tokens ?? prefix ?? fixed),
  });
}

/** What the browser tells about its default adapter: "nvidia turing", or its full name where pages may know it. */
async function adapterName() {
  const { description, vendor, architecture } = (await navigator.gpu.requestAdapter())?.info ?? {};
  return description || [vendor, architecture].filter(Boolean).join(' ');
}

/** A worker in which the processor computes. A script from another place is not one's own worker, but may be imported by one. */
function startWorker() {
  const script = new URL('worker.js', import.meta.url);
  if (script.origin === globalThis.location?.origin) return new Worker(script, { type: 'module', name: 'ibq' });
  const address = URL.createObjectURL(new Blob([`import ${JSON.stringify(script.href)};`], { type: 'text/javascript' }));
  return new Worker(address, { type: 'module', name: 'ibq' });
}

/** Starts the wasm module at the first call; a failed start can be tried again. */
async function startOnce(wasm) {
  started ??= start({ module_or_path: wasm ?? new URL('ibq_wasm_bg.wasm', import.meta.url) }).then(() => onPanic(breakDown));
  try {
    await started;
  } catch (cause) {
    started = undefined;
    throw new Error(`the engine's wasm module did not start: ${cause?.message ?? cause}`, { cause });
  }
}

/** A bug in the engine: nothing of it answers any more, so every call under way ends here. */
function breakDown(message) {
  broken = new Error(`the IBQ engine met a bug of its own and stopped; reload the page to use it again (${message})`);
  for (const reject of underWay) reject(broken);
}

/** Runs one call with its job: progress, abort, and errors that are always Errors. */
function run({ signal, onProgress }, call) {
  return new Promise((resolve, reject) => {
    if (broken) throw broken;
    signal?.throwIfAborted();
    const job = new WasmJob();
    let timer;
    let last = '';
    const report = () => {
      const { stage, done } = job;
      if (!stage || last === `${stage} ${done}`) return;
      last = `${stage} ${done}`;
      try {
        onProgress({ stage, done });
      } catch (error) {
        job.cancel();
        finish(reject, error);
      }
    };
    const abort = () => {
      job.cancel();
      finish(reject, signal.reason);
    };
    const fail = (error) => finish(reject, error instanceof Error ? error : new Error(String(error)));
    function finish(settle, value) {
      clearInterval(timer);
      signal?.removeEventListener('abort', abort);
      underWay.delete(fail);
      settle(value);
    }
    underWay.add(fail);
    signal?.addEventListener('abort', abort);
    if (onProgress) timer = setInterval(report, PROGRESS_EVERY);
    try {
      call(job).then((value) => {
        if (onProgress && underWay.has(fail)) report();
        finish(resolve, value);
      }, fail).finally(() => broken || job.free());
    } catch (error) {
      job.free();
      fail(error);
    }
  });
}

/** A model source as the wasm module takes it; addresses become absolute. */
function modelOf(source) {
  if (typeof source === 'string' || source instanceof URL) {
    const address = new URL(source, globalThis.document?.baseURI ?? globalThis.location?.href);
    if (!/^(https?|blob):$/.test(address.protocol)) throw new TypeError(`cannot load a model from ${address}`);
    return address.href;
  }
  if (source instanceof ArrayBuffer) return new Uint8Array(source);
  if (ArrayBuffer.isView(source)) return new Uint8Array(source.buffer, source.byteOffset, source.byteLength);
  if (source instanceof Blob) return source;
  if (source && typeof source[Symbol.iterator] === 'function') return Array.from(source);
  throw new TypeError('a model is an address, a File or Blob, an ArrayBuffer, or the Files of a model folder');
}

/** The pixels of ImageData, or of anything that a canvas can draw. */
function pixelsOf(picture) {
  if (picture instanceof ImageData) {
    if (picture.data.BYTES_PER_ELEMENT === 1) return picture;
    throw new TypeError('ImageData has to have 8 bits per channel ("rgba-unorm8")');
  }
  const width = picture?.displayWidth ?? picture?.videoWidth ?? picture?.naturalWidth ?? picture?.width;
  const height = picture?.displayHeight ?? picture?.videoHeight ?? picture?.naturalHeight ?? picture?.height;
  if (!(width > 0 && height > 0)) {
    throw new TypeError('a picture is ImageData, a Blob with a PNG, JPEG or WebP, or what a canvas can draw, and has pixels');
  }
  const context = new OffscreenCanvas(width, height).getContext('2d', { willReadFrequently: true });
  context.drawImage(picture, 0, 0, width, height);
  return context.getImageData(0, 0, width, height);
}

/** Rows and columns of a token grid, checked. */
function gridOf(tokens) {
  const [rows, cols] = tokens?.grid ?? [];
  if (!Number.isInteger(rows) || !Number.isInteger(cols) || rows < 1 || cols < 1) {
    throw new TypeError('tokens are {grid: [rows, columns], tokens: Int32Array, width, height}');
  }
  return [rows, cols];
}

/** A setting as the wasm module takes it: text or nothing. */
function setting(value) {
  return value === undefined ? undefined : String(value);
}
