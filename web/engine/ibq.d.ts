/**
 * The IBQ engine for web pages: pictures become tokens and come back, on the visitor's own GPU (WebGPU), or on the processor where
 * there is none.
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
  /** `'software'` asks for a software adapter, on which then everything computes. Default: the fastest GPU there is. */
  adapter?: string;
  /** Keep to the features and limits that every WebGPU browser has. */
  portable?: boolean;
  signal?: AbortSignal;
}

/** What computes where nothing else is asked for. */
export interface EngineInfo {
  /** The GPU, or the processor (in a worker) where there is no GPU or only a software adapter. */
  readonly device: 'gpu' | 'cpu';
  /** What the browser tells about the adapter, mostly its maker and architecture. */
  readonly adapter: string;
  readonly backend: string;
  readonly driver: string;
  /** "discrete GPU", "integrated GPU", "software", "processor", … */
  readonly kind: string;
  /** Whether it is a software adapter. */
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
  /**
   * What computes: the GPU, the processor, or (`'auto'`, the default) the processor only where there is no GPU or only a software
   * adapter. The processor computes in a worker of its own and keeps all values in f32.
   */
  device?: 'auto' | 'gpu' | 'cpu';
  /** Text of an official YAML: its class states how codes are chosen, which checkpoints do not. It must agree with the weights. */
  config?: string;
}

/** A loaded tokenizer. */
export interface TokenizerInfo {
  /** File or address that it came from. */
  readonly name: string;
  readonly weights: 'ema' | 'raw';
  readonly precision: 'f32' | 'f16';
  /** What computes. */
  readonly device: 'gpu' | 'cpu';
  /** Pixels per token side. */
  readonly factor: number;
  /** Number of codes. */
  readonly codebookSize: number;
  /** Length of a code's vector. */
  readonly codeDimension: number;
  /** How a code is chosen: by the largest dot product (`'ibq'`), or as the nearest one (`'vq'`). */
  readonly quantizer: 'ibq' | 'vq';
  /** Whether neither the model nor `config` states this, so that IBQ was assumed. */
  readonly quantizerAssumed: boolean;
  /** What was chosen or changed when the model was opened: the entry of the file, a prefix left out of all names. */
  readonly notes: readonly string[];
  /** Number of parameters. */
  readonly parameters: number;
  /** The whole configuration, with the official names. */
  readonly config: Readonly<Record<string, number | string | readonly number[]>>;
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

export interface GeneratorOptions extends CallOptions {
  /** How the weights are stored; sums are always 32 bits wide. Default `'f32'`, or as they are stored where they are quantized. */
  precision?: 'f32' | 'f16' | 'int8' | 'int4';
  /** Text of an official YAML: tells the number of heads, which checkpoints do not. */
  config?: string;
  /** What computes, as for a tokenizer. The processor computes in f32 with weights of any precision. */
  device?: 'auto' | 'gpu' | 'cpu';
  /** The tokenizer that draws the tokens, loaded or to be loaded. Default: the one inside of the transformer's file. */
  tokenizer?: ModelSource | Tokenizer;
}

/** A loaded generator. */
export interface GeneratorInfo {
  /** File or address that it came from. */
  readonly name: string;
  readonly precision: 'f32' | 'f16' | 'int8' | 'int4';
  /** What computes. */
  readonly device: 'gpu' | 'cpu';
  /** Number of classes. */
  readonly classes: number;
  /** Their names, where they are known. */
  readonly classNames: readonly string[] | null;
  /** Rows and columns of tokens of a picture. */
  readonly grid: readonly [rows: number, columns: number];
  /** Number of codes. */
  readonly codebookSize: number;
  /** Number of parameters. */
  readonly parameters: number;
  /** Bytes on the GPU: of the transformer's weights, and of keys and values of one picture, without guidance and with it. */
  readonly memory: { readonly weights: number; readonly picture: number; readonly guidedPicture: number };
  /** The tokenizer that draws the tokens, and whether it is inside of the transformer's file; `null` where there is none. */
  readonly tokenizer: { readonly name: string; readonly inside: boolean; readonly factor: number } | null;
  /** What the file does not tell and was taken to be as in the official models. */
  readonly assumed: readonly string[];
  /** The whole configuration, with the official names. */
  readonly config: Readonly<Record<string, number>>;
}

/** A class: its number, or its name where the model has names; `null` for no class. */
export type ClassName = number | string | null;

export interface GenerateOptions extends CallOptions {
  class?: ClassName;
  /** A second class, and its share (default 0.5). */
  mix?: { class: number | string; share?: number };
  /** The same seed gives the same tokens. Default 0. */
  seed?: number | bigint;
  /** Pictures of this seed, each with its own draws. Default 1. */
  count?: number;
  /** Guidance scale; 1 (default) is without guidance. */
  cfg?: number;
  /** How guidance grows: `'constant'` (default), `'linear'`, `'cosine'`, `'power2'`. */
  schedule?: string;
  /** Default 1; 0 always takes the most probable token. */
  temperature?: number;
  /** Only so many of the most probable tokens; 0 (default): all. */
  topK?: number;
  /** Only the most probable tokens that have this share; 1 (default): all. */
  topP?: number;
  /** The first tokens, which are kept. */
  prefix?: ArrayLike<number> | { tokens: ArrayLike<number> };
  /** Tokens that are kept, by position; `null` where one is to be drawn. */
  fixed?: readonly (number | null)[];
  /** Decodes every picture as soon as its last token is there, for `result.picture`. Default: false. */
  pictures?: boolean;
}

/** A picture whose tokens are all there. */
export interface GenerateResult {
  grid: [rows: number, columns: number];
  /** Code indices, row by row. */
  tokens: Int32Array;
  /** Text that repeats the picture: what `Generator.png` writes into it. Undefined where the generator has no tokenizer. */
  recipe?: string;
  /** The picture, where `pictures` was asked for. */
  picture?: ImageData;
}

/** Tokens of one picture that were made, or kept. */
export interface GenerateStep {
  /** Which of the pictures, from 0 on. */
  picture: number;
  /** Position of the first of these tokens, row by row. */
  position: number;
  tokens: Int32Array;
  /** Share of this picture that is there, 0 to 1. */
  done: number;
  /** The whole picture, with its last step. */
  result?: GenerateResult;
}

export interface Score {
  /** Natural logarithm of the probability of each token. */
  perToken: Float64Array;
  /** Their sum. */
  total: number;
}

/** The engine on what computes. */
export class Engine {
  private constructor();
  /** Starts the engine and opens the GPU, if there is one. */
  static create(options?: EngineOptions): Promise<Engine>;
  readonly info: EngineInfo;
  /** Bytes of the engine's weights and activations now. */
  readonly memoryInUse: number;
  loadTokenizer(source: ModelSource, options?: LoadOptions): Promise<Tokenizer>;
  /**
   * Loads an autoregressive transformer and the tokenizer that draws its tokens: the one inside of its file, or the one in the
   * options. Without either it makes and scores tokens, and draws nothing.
   */
  loadGenerator(source: ModelSource, options?: GeneratorOptions): Promise<Generator>;
  /** Lets go of the GPU. Tokenizers and generators that are loaded stay usable. */
  dispose(): void;
}

/** A tokenizer on its device. */
export class Tokenizer {
  private constructor();
  readonly info: TokenizerInfo;
  /** A picture of any size as tokens. */
  encode(picture: PictureSource, options?: EncodeOptions): Promise<EncodedTokens>;
  /** Tokens as a picture. */
  decode(tokens: DecodableTokens, options?: DecodeOptions): Promise<ImageData>;
  /** Frees its memory once the calls under way have ended. */
  dispose(): void;
}

/** An autoregressive transformer and its tokenizer on their device. */
export class Generator {
  private constructor();
  readonly info: GeneratorInfo;
  /** Draws the tokens; `null` where there is none. It is freed together with the generator. */
  readonly tokenizer: Tokenizer | null;
  /** Makes tokens and hands them over as they come. Leaving the loop stops the work. */
  generate(options?: GenerateOptions): AsyncGenerator<GenerateStep, void, void>;
  /** Tokens as a picture. */
  decode(tokens: DecodableTokens, options?: DecodeOptions): Promise<ImageData>;
  /** A PNG of a picture that was generated. It carries its recipe: `ibq generate --from` and the studio repeat it. */
  png(result: GenerateResult, options?: CallOptions): Promise<Blob>;
  /** How probable the tokens of a picture (or its first ones) are under a class, without guidance at temperature 1. */
  score(tokens: ArrayLike<number> | { tokens: ArrayLike<number> }, klass: ClassName, options?: CallOptions): Promise<Score>;
  /** Frees its memory once the calls under way have ended. */
  dispose(): void;
}
