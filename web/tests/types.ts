// Only compiled, never run: what a page may write against engine/ibq.d.ts, and what it may not.

import { Engine, Generator, Tokenizer } from '../engine/ibq.js';
import type { EncodedTokens, GenerateStep, Progress, Tokens } from '../engine/ibq.js';

export async function everythingAPageDoes(file: File, folder: FileList, frame: VideoFrame): Promise<ImageData> {
  const engine: Engine = await Engine.create({ adapter: 'software', portable: true, wasm: new URL('https://example.org/x.wasm') });
  const name: string = engine.info.adapter;
  const device: 'gpu' | 'cpu' = engine.info.device;
  const bytes: number = engine.memoryInUse;
  const stop = new AbortController();
  const onProgress = ({ stage, done }: Progress) => console.log(name, device, bytes, stage, done);
  const loaded: Tokenizer = await engine.loadTokenizer(file, { onProgress, signal: stop.signal, weights: 'ema', precision: 'f16', device: 'cpu' });
  for (const source of ['models/ibq/', new URL('https://example.org/a.ckpt'), new ArrayBuffer(8), new Uint8Array(8), folder]) {
    (await engine.loadTokenizer(source)).dispose();
  }
  const tokens: EncodedTokens = await loaded.encode(frame, { resize: 'short:256', tiles: 512, signal: stop.signal });
  await loaded.encode(new ImageData(16, 16), { tiles: 'auto' });
  await loaded.encode(file);
  const [rows, columns]: [number, number] = tokens.grid;
  const plain: Tokens = tokens;
  await loaded.decode({ grid: [rows, columns], tokens: [1, 2, 3] });
  engine.dispose();
  return loaded.decode(plain, { onProgress });
}

export async function whatDoesNotCompile(engine: Engine, tokenizer: Tokenizer): Promise<void> {
  // @ts-expect-error: an engine is made by Engine.create()
  new Engine();
  // @ts-expect-error: there is no such set of weights
  await engine.loadTokenizer('a.ckpt', { weights: 'best' });
  // @ts-expect-error: there is no such device
  await engine.loadTokenizer('a.ckpt', { device: 'tpu' });
  // @ts-expect-error: a number is no picture
  await tokenizer.encode(5);
  // @ts-expect-error: a grid is needed
  await tokenizer.decode({ tokens: [1] });
  // @ts-expect-error: what is loaded cannot be changed
  tokenizer.info.factor = 8;
}

export async function everythingAGeneratorDoes(engine: Engine, tokenizer: Tokenizer): Promise<number> {
  const alone: Generator = await engine.loadGenerator('models/ar/', { precision: 'int4', config: 'transformer_config:' });
  const factor: number | undefined = alone.info.tokenizer?.factor;
  const ar: Generator = await engine.loadGenerator('models/ar/', { tokenizer: 'models/ibq/' });
  await engine.loadGenerator('models/ar/', { tokenizer });
  const options = { seed: 2n ** 60n, count: 2, cfg: 4, schedule: 'cosine', temperature: 0.9, topK: 100, topP: 0.96 };
  for await (const step of ar.generate({ class: 'lighthouse', mix: { class: 3, share: 0.25 }, ...options })) {
    const whole: GenerateStep = step;
    if (whole.result) await tokenizer.decode(whole.result);
  }
  for await (const { result } of ar.generate({ class: 3, pictures: true })) {
    if (!result) continue;
    const picture: ImageData = result.picture ?? await ar.decode(result);
    const png: Blob = await ar.png(result);
    console.log(picture.width, png.size, result.recipe?.length, ar.tokenizer?.info.factor, factor, ar.info.memory.weights);
  }
  for await (const { tokens } of ar.generate({ class: null, prefix: [1, 2], fixed: [null, 3] })) console.log(tokens.length);
  const { perToken, total } = await ar.score([1, 2, 3], 7);
  ar.dispose();
  return perToken.length + total;
}

export async function whatAGeneratorDoesNot(engine: Engine, ar: Generator): Promise<void> {
  // @ts-expect-error: a generator is made by engine.loadGenerator()
  new Generator();
  // @ts-expect-error: there is no such precision
  await engine.loadGenerator('a.ckpt', { precision: 'int2' });
  // @ts-expect-error: a recipe alone is no picture
  await ar.png({ recipe: '{}' });
  // @ts-expect-error: a class is a number, a name or null
  ar.generate({ class: true });
}
