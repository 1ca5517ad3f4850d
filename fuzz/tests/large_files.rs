//! Files beyond what 32 bits can count: only what is asked for is read.

use std::{
    fs::File,
    io::{Seek, SeekFrom, Write},
};

use ibq_core::files::Model;
use pollster::block_on;
use serde_json::json;

#[test]
fn the_end_of_a_file_of_six_gigabytes_is_read_at_once() {
    let path = std::env::temp_dir().join(format!("ibq-large-{}.safetensors", std::process::id()));
    let (rows, cols) = (1_500_000u64, 1024u64);
    let size = rows * cols * 4;
    let header = json!({"w": {"dtype": "F32", "shape": [rows, cols], "data_offsets": [0, size]}}).to_string();
    let start = 8 + header.len() as u64;
    // The file is a hole but for its ends: it takes no room on the disk.
    let mut file = File::create(&path).expect("a file");
    file.write_all(&(header.len() as u64).to_le_bytes()).expect("the length");
    file.write_all(header.as_bytes()).expect("the header");
    file.set_len(start + size).expect("a hole");
    file.seek(SeekFrom::Start(start + size - 4)).expect("the end");
    file.write_all(&7f32.to_le_bytes()).expect("the last value");
    drop(file);

    let last = block_on(async {
        let model = Model::open_path(&path).await?;
        model.read_tensor_rows("w", rows - 1, 1).await
    });
    std::fs::remove_file(&path).expect("removal");
    let last = last.unwrap_or_else(|error| panic!("{error}"));
    assert_eq!((last.len(), last[0], last[1023]), (1024, 0.0, 7.0));
}
