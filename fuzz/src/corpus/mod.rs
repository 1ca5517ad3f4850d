//! Small valid files of every form, as the tools of the field write them.

mod archive;
mod checkpoint;
mod pickle;

pub use archive::zip;
pub use checkpoint::{checkpoint, layouts, legacy, lightning, pickles, state_dict, tokenizer};
pub use pickle::{Pickle, StoredTensor};

use serde_json::{Map, Value, json};

/// A safetensors file of float32 tensors that count up.
#[must_use]
pub fn safetensors(tensors: &[(&str, &[u64])]) -> Vec<u8> {
    let mut header = Map::new();
    header.insert("__metadata__".to_owned(), json!({ "format": "pt" }));
    let mut data = Vec::new();
    for (name, shape) in tensors {
        let begin = data.len();
        let elements = shape.iter().product::<u64>() as u16;
        data.extend((0..elements).flat_map(|value| f32::from(value).to_le_bytes()));
        let entry = json!({ "dtype": "F32", "shape": shape, "data_offsets": [begin, data.len()] });
        header.insert((*name).to_owned(), entry);
    }
    with_header(&Value::Object(header), &data)
}

/// A safetensors file with any header.
#[must_use]
pub fn with_header(header: &Value, data: &[u8]) -> Vec<u8> {
    let header = header.to_string();
    let mut bytes = (header.len() as u64).to_le_bytes().to_vec();
    bytes.extend(header.into_bytes());
    bytes.extend(data);
    bytes
}

/// `config.json` of a model folder.
#[must_use]
pub fn folder_config() -> String {
    json!({
        "kind": "tokenizer",
        "weights": "ema",
        "precision": "f16",
        "source": "a.ckpt",
        "tokenizer": {
            "ch": 32, "ch_mult": [1, 2], "num_res_blocks": 1, "attn_resolutions": [128], "resolution": 256,
            "z_channels": 8, "embed_dim": 8, "n_embed": 16, "quantizer": "vq", "in_channels": 3, "out_ch": 3,
        },
    })
    .to_string()
}

/// An official configuration file.
pub const YAML: &str = "\
model:
  class_path: src.IBQ.models.ibqgan.IBQ
  init_args:
    ddconfig:
      double_z: False
      z_channels: 8 # of the encoder
      resolution: 256
      in_channels: 3
      out_ch: 3
      ch: 32
      ch_mult: [1, 2]
      num_res_blocks: 1
      attn_resolutions:
      - 128
      dropout: 0.0
    n_embed: 16
    embed_dim: 8
    learning_rate: 1e-4
    l2_normalize: False
";
