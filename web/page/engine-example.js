// The engine in a page of your own: load a model, encode a picture, decode its tokens.

import { Engine } from './engine/ibq.js';

const field = (id) => document.getElementById(id);
let engine;
let tokenizer;
let loadedFrom;
let stopping;

field('form').addEventListener('submit', async (event) => {
  event.preventDefault();
  stopping = new AbortController();
  field('run').disabled = true;
  field('stop').disabled = false;
  try {
    await reconstruct(stopping.signal);
  } catch (error) {
    say(error.name === 'AbortError' ? 'Stopped.' : error.message);
  } finally {
    field('run').disabled = false;
    field('stop').disabled = true;
  }
});

field('stop').addEventListener('click', () => stopping.abort());

async function reconstruct(signal) {
  const picture = field('picture').files[0];
  if (!picture) throw new Error('Choose a picture first.');
  const calls = { signal, onProgress: ({ stage, done }) => say(`${stage}, ${Math.round(100 * done)} %`) };

  await load(calls);
  const started = performance.now();
  const tokens = await tokenizer.encode(picture, calls);
  const after = await tokenizer.decode(tokens, calls);
  const seconds = ((performance.now() - started) / 1000).toFixed(1);

  draw('before', await createImageBitmap(picture));
  draw('after', after);
  show(tokens);
  const [rows, columns] = tokens.grid;
  const notes = tokens.notes.map((note) => `; ${note}`).join('');
  say(`${tokens.width} × ${tokens.height} pixels as ${rows} × ${columns} tokens out of ${tokenizer.info.codebookSize}, in ${seconds} s on ${engine.info.adapter}${notes}.`);
}

/** Opens the GPU once, and the model when another one is chosen. */
async function load(calls) {
  engine ??= await Engine.create();
  const files = [...field('model').files];
  const source = files.length > 1 ? files : files[0] ?? field('address').value.trim();
  if (!source) throw new Error('Choose a model first.');
  const from = files.map((file) => `${file.name} ${file.size} ${file.lastModified}`).join() || source;
  if (from === loadedFrom) return;
  tokenizer?.dispose();
  loadedFrom = undefined;
  tokenizer = await engine.loadTokenizer(source, calls);
  loadedFrom = from;
}

/** Draws ImageData or an ImageBitmap on a canvas of its size. */
function draw(id, picture) {
  const canvas = field(id);
  canvas.width = picture.width;
  canvas.height = picture.height;
  const context = canvas.getContext('2d');
  if (picture instanceof ImageData) context.putImageData(picture, 0, 0);
  else context.drawImage(picture, 0, 0);
  field('result').hidden = false;
}

function show({ grid: [rows, columns], tokens }) {
  const lines = [];
  for (let row = 0; row < rows; row += 1) {
    lines.push(Array.from(tokens.subarray(row * columns, (row + 1) * columns), (token) => String(token).padStart(6)).join(''));
  }
  field('tokens').textContent = lines.join('\n');
  field('tokens').hidden = false;
}

function say(text) {
  field('status').textContent = text;
}
