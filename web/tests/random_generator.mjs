// A small transformer with random weights: what it makes is noise, but all of it works. It has the codes of the small tokenizer.

const [VOCAB, WIDTH, HIDDEN, CLASSES, LAYERS, BLOCK] = [512, 24, 64, 3, 2, 16];

/** The two files of a model folder. */
export function randomGenerator() {
  const shapes = { 'tok_emb.weight': [VOCAB, WIDTH], 'class_emb.embedding_table.weight': [CLASSES + 1, WIDTH] };
  for (let layer = 0; layer < LAYERS; layer += 1) {
    Object.assign(shapes, {
      [`blocks.${layer}.attention.wqkv.weight`]: [3 * WIDTH, WIDTH],
      [`blocks.${layer}.attention.wo.weight`]: [WIDTH, WIDTH],
      [`blocks.${layer}.feed_forward.w1.weight`]: [HIDDEN, WIDTH],
      [`blocks.${layer}.feed_forward.w3.weight`]: [HIDDEN, WIDTH],
      [`blocks.${layer}.feed_forward.w2.weight`]: [WIDTH, HIDDEN],
      [`blocks.${layer}.attention_norm.weight`]: [WIDTH],
      [`blocks.${layer}.ffn_norm.weight`]: [WIDTH],
      [`blocks.${layer}.ada_lin.1.weight`]: [6 * WIDTH, WIDTH],
      [`blocks.${layer}.ada_lin.1.bias`]: [6 * WIDTH],
    });
  }
  Object.assign(shapes, {
    'head_nm.rmsnorm.weight': [WIDTH], 'head_nm.ada_lin.1.weight': [2 * WIDTH, WIDTH], 'head_nm.ada_lin.1.bias': [2 * WIDTH], 'head.weight': [VOCAB, WIDTH],
  });
  const random = noise(1);
  const header = {};
  const parts = [];
  let end = 0;
  for (const [name, shape] of Object.entries(shapes)) {
    const scale = name.includes('emb') ? 1.5 : name === 'head.weight' ? 0.6 : 1.6;
    const values = Float32Array.from({ length: shape.reduce((a, b) => a * b) }, () => scale * random());
    header[`transformer.${name}`] = { dtype: 'F32', shape, data_offsets: [end, end + values.byteLength] };
    parts.push(Buffer.from(values.buffer));
    end += values.byteLength;
  }
  const text = Buffer.from(JSON.stringify(header));
  const length = Buffer.alloc(8);
  length.writeBigUInt64LE(BigInt(text.length));
  const config = {
    kind: 'transformer', weights: 'raw',
    transformer: { vocab_size: VOCAB, block_size: BLOCK, n_layer: LAYERS, n_head: 2, n_embd: WIDTH, class_num: CLASSES, ffn_dim: HIDDEN },
    class_names: ['lighthouse', 'castle, fortress', 'strawberry'],
  };
  return { 'config.json': Buffer.from(JSON.stringify(config)), 'model.safetensors': Buffer.concat([length, text, ...parts]) };
}

/** Values between -1 and 1, always the same. */
function noise(seed) {
  let state = seed;
  return () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return (state >>> 8) / 2 ** 23 - 1;
  };
}
