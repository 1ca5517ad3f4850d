//! A small generator with random weights: its pictures are noise, but all of it works.

use std::path::{Path, PathBuf};

/// Values between -1 and 1 that depend on nothing but the seed.
fn noise(count: usize, seed: u64) -> impl Iterator<Item = f32> {
    let mut state = seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1;
    (0..count).map(move |_| {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        (state >> 40) as f32 / (1 << 23) as f32 - 1.0
    })
}

/// Writes a model folder with 512 codes (those of the small checkpoint), 4 × 4 tokens, three classes.
pub(crate) fn write(folder: &Path) -> PathBuf {
    let (vocab, width, hidden, classes, layers) = (512_usize, 24_usize, 64_usize, 3_usize, 2);
    let mut tensors: Vec<(String, Vec<usize>)> = vec![
        ("tok_emb.weight".to_owned(), vec![vocab, width]),
        ("class_emb.embedding_table.weight".to_owned(), vec![classes + 1, width]),
        ("head_nm.rmsnorm.weight".to_owned(), vec![width]),
        ("head_nm.ada_lin.1.weight".to_owned(), vec![2 * width, width]),
        ("head_nm.ada_lin.1.bias".to_owned(), vec![2 * width]),
        ("head.weight".to_owned(), vec![vocab, width]),
    ];
    for layer in 0..layers {
        for (name, shape) in [
            ("attention.wqkv.weight", vec![3 * width, width]),
            ("attention.wo.weight", vec![width, width]),
            ("feed_forward.w1.weight", vec![hidden, width]),
            ("feed_forward.w3.weight", vec![hidden, width]),
            ("feed_forward.w2.weight", vec![width, hidden]),
            ("attention_norm.weight", vec![width]),
            ("ffn_norm.weight", vec![width]),
            ("ada_lin.1.weight", vec![6 * width, width]),
            ("ada_lin.1.bias", vec![6 * width]),
        ] {
            tensors.push((format!("blocks.{layer}.{name}"), shape));
        }
    }
    let (mut header, mut data) = (serde_json::Map::new(), Vec::new());
    for (index, (name, shape)) in tensors.iter().enumerate() {
        let begin = data.len();
        let scale = if name.contains("emb") || name == "head.weight" { 1.5 } else { 0.35 };
        for value in noise(shape.iter().product(), index as u64 + 1) {
            data.extend_from_slice(&(value * scale).to_le_bytes());
        }
        let entry = serde_json::json!({"dtype": "F32", "shape": shape, "data_offsets": [begin, data.len()]});
        header.insert(format!("transformer.{name}"), entry);
    }
    let header = serde_json::Value::Object(header).to_string();
    let mut bytes = (header.len() as u64).to_le_bytes().to_vec();
    bytes.extend_from_slice(header.as_bytes());
    bytes.append(&mut data);
    let config = serde_json::json!({
        "kind": "transformer", "weights": "raw",
        "transformer": {
            "vocab_size": vocab, "block_size": 16, "n_layer": layers, "n_head": 2, "n_embd": width,
            "class_num": classes, "ffn_dim": hidden,
        },
        "class_names": ["lighthouse", "castle, fortress", "strawberry"],
    });
    let folder = folder.join("random-ar");
    std::fs::create_dir_all(&folder).unwrap();
    std::fs::write(folder.join("model.safetensors"), bytes).unwrap();
    std::fs::write(folder.join("config.json"), config.to_string()).unwrap();
    folder
}
