/**
 * The IBQ engine for web pages: pictures become tokens and come back, on the visitor's own GPU (WebGPU).
 *
 * ```js
 * import { Engine } from './engine/ibq.js';
 * const engine = await Engine.create();
 * const tokenizer = await engine.loadTokenizer('models/ibq/');
 * const tokens = await tokenizer.encode(imageData);   // {grid: [rows, columns], tokens: Int32Array, width, height}
 * const picture = await tokenizer.decode(tokens);     // ImageData
 * ```
 *
 * Works in pages and in module workers. Nothing is sent anywhere: a model is fetched, all else happens on the machine.
 * Every failure is an `Error` whose message says what happened, to which file or setting, and what to do.
 */

/** How far a call is. */
export interface Progress {
  /** What is being done now, ready to be shown. */
  stage: string;
  /** Share of this stage that is done, 0 to 1. */
  done: number;
}

/** What every call takes. */
export interface CallOptions {
  /** Aborting it ends the call: the promise is rejected with the signal's reason (an `AbortError` unless you gave another). */
  signal?: AbortSignal;
  /** Called when there is progress, at most twenty times a second. */
  onProgress?: (progress: Progress) => void;
}

export interface EngineOptions {
  /** Where `ibq_wasm_bg.wasm` is, or its bytes or compiled module. Default: beside `ibq_wasm.js`. */
  wasm?: string | URL | Request | Response | Promise<Response> | BufferSource | WebAssembly.Module;
  /** `'software'` asks for a software adapter. Default: the fastest there is. */
  adapter?: string;
  /** Keep to the features and limits that every WebGPU browser has. */
  portable?: boolean;
  signal?: AbortSignal;
}

/** The open GPU. */
export interface EngineInfo {
  /** What the browser tells about the adapter, mostly its maker and architecture. */
  readonly adapter: string;
  readonly backend: string;
  readonly driver: string;
  /** "discrete GPU", "integrated GPU", "software", … */
  readonly kind: string;
  readonly software: boolean;
  readonly tier: 'portable' | 'fast' | 'matrix';
  readonly features: readonly string[];
}

/**
 * A model: an address (a `.ckpt` or `.safetensors` file, or a model folder with a trailing `/`), a `File` or `Blob`, the bytes
 * themselves, or the `File`s of a model folder (`config.json` and the safetensors). Large files are read in parts where the server
 * answers range requests.
 */
export type ModelSource = string | URL | Blob | ArrayBuffer | ArrayBufferView | Iterable<File>;

export interface LoadOptions extends CallOptions {
  /** Which weights of a training checkpoint. Default: the moving average where there is one. */
  weights?: 'ema' | 'raw';
  /** How weights and activations are stored on the GPU. Default `'f32'`. */
  precision?: 'f32' | 'f16';
}

/** A loaded tokenizer. */
export interface TokenizerInfo {
  /** File or address that it came from. */
  readonly name: string;
  readonly weights: 'ema' | 'raw';
  readonly precision: 'f32' | 'f16';
  /** Pixels per token side. */
  readonly factor: number;
  /** Number of codes. */
  readonly codebookSize: number;
  /** Length of a code's vector. */
  readonly codeDimension: number;
  /** Number of parameters. */
  readonly parameters: number;
  /** The whole configuration, with the official names. */
  readonly config: Readonly<Record<string, number | readonly number[]>>;
}

/** What can be encoded: pixels, a picture file, or anything a canvas can draw. Transparent parts are put on white. */
export type PictureSource = ImageData | Blob | CanvasImageSource;

export interface EncodeOptions extends CallOptions {
  /** `'none'` (default), `'short:256'` (smaller side), `'fit:512x512'` (within). */
  resize?: string;
  /** Overlapping tiles: only when memory asks for it (`'auto'`, default), never, or with a side in pixels. */
  tiles?: 'auto' | 'off' | number;
}

export interface DecodeOptions extends CallOptions {
  tiles?: 'auto' | 'off' | number;
}

/** The tokens of one picture. */
export interface Tokens {
  /** Rows and columns. */
  grid: [rows: number, columns: number];
  /** Code indices, row by row. */
  tokens: Int32Array;
  /** Width of the picture in pixels, before it was padded to a multiple of the factor. */
  width: number;
  /** Height of the picture in pixels, before it was padded to a multiple of the factor. */
  height: number;
}

/** Tokens as they come from a picture. */
export interface EncodedTokens extends Tokens {
  /** What was done to the picture, ready to be shown: resizing, padding, alpha. */
  notes: string[];
}

/** Tokens to decode. Without `width` and `height` the whole grid is shown. */
export interface DecodableTokens {
  grid: readonly [rows: number, columns: number] | readonly number[];
  tokens: Int32Array | ArrayLike<number>;
  width?: number;
  height?: number;
}

/** An open GPU with the engine on it. */
export class Engine {
  private constructor();
  /** Starts the engine and opens the GPU. */
  static create(options?: EngineOptions): Promise<Engine>;
  readonly info: EngineInfo;
  /** Bytes in the engine's GPU buffers now. */
  readonly memoryInUse: number;
  loadTokenizer(source: ModelSource, options?: LoadOptions): Promise<Tokenizer>;
  /** Lets go of the GPU. Tokenizers that are loaded stay usable. */
  dispose(): void;
}

/** A tokenizer on the GPU. */
export class Tokenizer {
  private constructor();
  readonly info: TokenizerInfo;
  /** A picture of any size as tokens. */
  encode(picture: PictureSource, options?: EncodeOptions): Promise<EncodedTokens>;
  /** Tokens as a picture. */
  decode(tokens: DecodableTokens, options?: DecodeOptions): Promise<ImageData>;
  /** Frees its memory on the GPU once the calls under way have ended. */
  dispose(): void;
}
