//! Pictures through the command line, with the tiny model: on the processor, but for what a GPU does otherwise.

use std::io::Cursor;

use crate::command::{Folder, Ran, colorful, golden};
use ibq_core::{
    interruption::is_ignored,
    picture::{fit_to_factor, psnr, ssim},
};
use image::{ExtendedColorType, ImageEncoder, RgbaImage, codecs::jpeg::JpegEncoder};

/// Rotate90 in an EXIF block.
const TURNED: [u8; 26] =
    [b'I', b'I', 42, 0, 8, 0, 0, 0, 1, 0, 0x12, 0x01, 3, 0, 1, 0, 0, 0, 6, 0, 0, 0, 0, 0, 0, 0];

/// Runs a command with the tiny model on the processor.
fn ibq(folder: &Folder, words: &str) -> Ran {
    ibq_on("cpu", folder, words)
}

/// Runs a command with the tiny model on a device.
fn ibq_on(device: &str, folder: &Folder, words: &str) -> Ran {
    let model = golden("tokenizer_tiny.ckpt");
    let mut all: Vec<&str> = words.split_whitespace().collect();
    all.extend(["--device", device, "--model", &model]);
    folder.ibq_with(&all)
}

fn jpeg_turned(width: u32, height: u32) -> Vec<u8> {
    let mut bytes = Vec::new();
    let mut encoder = JpegEncoder::new(&mut bytes);
    encoder.set_exif_metadata(TURNED.to_vec()).unwrap();
    encoder.write_image(&colorful(width, height), width, height, ExtendedColorType::Rgb8).unwrap();
    bytes
}

fn transparent(width: u32, height: u32) -> Vec<u8> {
    let picture = RgbaImage::from_fn(width, height, |x, y| image::Rgba([x as u8, y as u8, 9, (x * 7) as u8]));
    let mut bytes = Cursor::new(Vec::new());
    picture.write_to(&mut bytes, image::ImageFormat::Png).unwrap();
    bytes.into_inner()
}

#[test]
fn a_folder_of_pictures_is_reconstructed_and_measured() {
    let folder = Folder::new("folder");
    let plain = folder.picture("in/plain.png", 32, 32);
    folder.picture("in/odd.png", 40, 33);
    folder.write("in/turned.jpg", &jpeg_turned(48, 32));
    folder.write("in/clear.png", &transparent(32, 32));
    folder.write("in/broken.png", b"\x89PNG\r\n\x1a\nno more");
    folder.write("in/readme.txt", b"not taken");
    folder.picture("in/deeper/hidden.png", 32, 32);
    folder.picture("other/plain.png", 16, 16);
    let ran = ibq(&folder, "reconstruct in other/*.png -o out --compare --json").ends_with(1);
    // The broken one is named, the others went on.
    let ran =
        ran.says(&["broken.png", "EMA weights", "device", "padded from 40 × 33 to 48 × 48", "EXIF", "alpha"]);
    assert!(!ran.err.contains('\r') && !ran.err.contains('━'), "a progress bar in a pipe: {}", ran.err);
    assert_eq!(
        folder.list("out"),
        [
            "clear-compare.png",
            "clear.png",
            "comparison.png",
            "odd-compare.png",
            "odd.png",
            "plain-2-compare.png",
            "plain-2.png",
            "plain-compare.png",
            "plain.png",
            "turned-compare.png",
            "turned.png"
        ]
    );
    let document = ran.json();
    assert_eq!(document["weights"], "ema");
    assert_eq!(document["failed"].as_array().unwrap().len(), 1);
    let pictures = document["pictures"].as_array().unwrap();
    let of = |name: &str| pictures.iter().find(|entry| entry["input"] == name).unwrap();
    // The metrics are those of the files that were written.
    let written = folder.open("out/plain.png");
    let entry = of("in/plain.png");
    assert!((entry["psnr"].as_f64().unwrap() - psnr(&plain, &written)).abs() < 1e-9);
    assert!((entry["ssim"].as_f64().unwrap() - ssim(&plain, &written)).abs() < 1e-9);
    assert_eq!((entry["tokens"].as_u64(), &entry["grid"]), (Some(4), &serde_json::json!([2, 2])));
    assert_eq!(entry["bits_per_pixel"], 4.0 * 9.0 / 1024.0);
    assert!(
        ["encode", "lookup", "decode"].iter().all(|stage| entry["times_ms"][stage].as_f64().unwrap() > 0.0)
    );
    // Cropped to the size before padding; upright; original, reconstruction and difference with gaps of 8.
    assert_eq!(folder.open("out/odd.png").dimensions(), (40, 33));
    assert_eq!(folder.open("out/turned.png").dimensions(), (32, 48));
    assert_eq!(folder.open("out/odd-compare.png").dimensions(), (3 * 40 + 16, 33));
    assert_eq!(folder.open("out/comparison.png").width(), 3 * 40 + 16);
    assert_eq!(of("other/plain.png")["output"], "out/plain-2.png");
    let mean = pictures.iter().map(|entry| entry["psnr"].as_f64().unwrap()).sum::<f64>() / 5.0;
    assert!((document["mean"]["psnr"].as_f64().unwrap() - mean).abs() < 1e-9);
}

#[test]
fn tokens_of_every_form_decode_to_the_reconstruction() {
    let folder = Folder::new("tokens");
    folder.picture("a.png", 40, 33);
    folder.picture("b.png", 48, 48);
    let ran = ibq(&folder, "reconstruct a.png -o direct.png").ends_with(0);
    assert!(ran.out.starts_with("picture") && ran.out.contains("40×33"), "{}", ran.out);
    // a.png is padded to the size of b.png, so that both fit into every form.
    for form in ["json", "npy", "safetensors"] {
        let ran = ibq(&folder, &format!("encode a.png b.png -o t.{form}")).ends_with(0);
        ran.says(&["wrote", "2 pictures", "padded from 40 × 33 to 48 × 48"]);
    }
    let json: serde_json::Value =
        serde_json::from_slice(&std::fs::read(folder.at("t.json")).unwrap()).unwrap();
    let first = &json[0];
    assert_eq!((first["width"].as_u64(), first["height"].as_u64()), (Some(40), Some(33)));
    assert_eq!((first["factor"].as_u64(), first["codebook_size"].as_u64()), (Some(16), Some(512)));
    assert_eq!(first["grid"], serde_json::json!([3, 3]));
    assert_eq!(first["model"], "tokenizer_tiny.ckpt");
    let rows: Vec<i64> =
        json.as_array().unwrap().iter().flat_map(|picture| numbers(&picture["tokens"])).collect();
    let npy = std::fs::read(folder.at("t.npy")).unwrap();
    let values = npy[npy.len() - 18 * 4..].as_chunks::<4>().0;
    assert_eq!(values.iter().map(|&value| i64::from(i32::from_le_bytes(value))).collect::<Vec<_>>(), rows);

    ibq(&folder, "decode t.json -o from-json.png").ends_with(0).says(&["cropped from 48 × 48 to 40 × 33"]);
    ibq(&folder, "decode t.safetensors -o folder").ends_with(0);
    ibq(&folder, "decode t.npy -o whole.png").ends_with(0);
    let direct = folder.open("direct.png");
    assert!(folder.open("from-json-1.png") == direct, "decoding the tokens gives another picture");
    assert_eq!(folder.list("folder"), ["t-1.png", "t-2.png"]);
    assert!(folder.open("folder/t-1.png") == direct);
    // NumPy files do not hold the size before padding.
    let whole = folder.open("whole-1.png");
    assert_eq!(whole.dimensions(), (48, 48));
    let crop = fit_to_factor(direct.clone(), ibq_core::picture::Resize::None, 1).crop;
    assert!(crop.apply(&whole) == direct);
}

#[test]
fn tiles_and_half_precision_on_request() {
    let folder = Folder::new("tiles");
    folder.picture("a.png", 192, 64);
    let words = "reconstruct a.png -o whole.png --precision f16 --json";
    let ran = ibq_on("software", &folder, words).ends_with(0);
    assert_eq!(
        (&ran.json()["precision"], &ran.json()["pictures"][0]["notes"]),
        (&"f16".into(), &serde_json::json!([]))
    );
    for device in ["cpu", "software"] {
        ibq_on(device, &folder, "reconstruct a.png -o tiles.png --tile 128 --overwrite")
            .ends_with(0)
            .says(&["2 tiles of 128 × 64 pixels"]);
        assert_eq!(folder.open("tiles.png").dimensions(), (192, 64));
    }
}

#[cfg(unix)]
#[test]
fn an_interrupt_cancels_and_leaves_no_file_behind() {
    use std::io::{BufRead, BufReader};

    let folder = Folder::new("interrupt");
    folder.picture("a.png", 1024, 1024);
    let model = golden("tokenizer_tiny.ckpt");
    let words = ["reconstruct", "a.png", "-o", "out", "--adapter", "software", "--model", &model];
    let mut child = folder.start(&words);
    // The device is open and the work begins.
    let mut messages = BufReader::new(child.stderr.take().unwrap());
    let mut line = String::new();
    while !line.starts_with("device") {
        line.clear();
        assert!(messages.read_line(&mut line).unwrap() > 0, "ended early");
    }
    let id = child.id().to_string();
    let (signal, code) = if is_ignored(2) { ("-TERM", 143) } else { ("-INT", 130) };
    assert!(std::process::Command::new("kill").args([signal, &id]).status().unwrap().success());
    let mut rest = String::new();
    std::io::Read::read_to_string(&mut messages, &mut rest).unwrap();
    assert_eq!(child.wait().unwrap().code(), Some(code), "{rest}");
    assert!(rest.contains("cancelled"), "{rest}");
    assert_eq!(folder.list("out"), [""; 0]);
}

fn numbers(rows: &serde_json::Value) -> Vec<i64> {
    rows.as_array()
        .unwrap()
        .iter()
        .flat_map(|row| row.as_array().unwrap())
        .map(|v| v.as_i64().unwrap())
        .collect()
}

#[test]
fn tokens_of_another_model_and_sizes_that_do_not_fit_are_refused() {
    let folder = Folder::new("refused");
    folder.picture("a.png", 32, 32);
    folder.picture("b.png", 48, 32);
    let ran = ibq(&folder, "encode a.png b.png -o t.npy").ends_with(1);
    ran.says(&["b.png", "--resize", "1 picture to t.npy"]);
    let file = |codes: u32, size: u32, token: u32| {
        format!(
            r#"{{"width":{size},"height":32,"factor":16,"grid":[2,2],"codebook_size":{codes},"tokens":[[0,1],[2,{token}]],"model":"x"}}"#
        )
    };
    for (name, content, said) in [
        ("other.json", file(1024, 32, 3), "1,024 codes"),
        ("beyond.json", file(512, 32, 512), "beyond.json"),
        ("size.json", file(512, 33, 3), "33 × 32"),
    ] {
        folder.write(name, content.as_bytes());
        let ran = ibq(&folder, &format!("decode {name} -o out.png")).ends_with(1).says(&[name, said]);
        assert!(!ran.err.contains("panicked") && !folder.at("out.png").exists(), "{}", ran.err);
    }
}

#[test]
fn a_converted_model_gives_the_same_tokens() {
    let folder = Folder::new("convert");
    folder.picture("a.png", 32, 32);
    let checkpoint = golden("tokenizer_tiny.ckpt");
    let ran = folder.ibq_with(&["convert", &checkpoint, "-o", "small"]).ends_with(0);
    assert!(ran.err.contains("EMA weights") && ran.out.contains("f32"), "{ran:?}");
    assert_eq!(folder.list("small"), ["config.json", "model.safetensors"]);
    folder
        .ibq_with(&["convert", &checkpoint, "-o", "half", "--weights", "raw", "--precision", "f16"])
        .ends_with(0);
    let bytes = |path: &str| std::fs::metadata(folder.at(path)).unwrap().len();
    let checkpoint_bytes = std::fs::metadata(&checkpoint).unwrap().len();
    assert!(bytes("small/model.safetensors") * 2 < checkpoint_bytes);
    assert!(bytes("half/model.safetensors") * 19 / 10 < bytes("small/model.safetensors"));
    folder.ibq_with(&["convert", &checkpoint, "-o", "small"]).ends_with(1).says(&["--overwrite"]);

    let tokens = |name: &str, options: &str| {
        folder.ibq(&format!("encode a.png -o {name}.npy --device cpu {options}")).ends_with(0);
        std::fs::read(folder.at(&format!("{name}.npy"))).unwrap()
    };
    let ema = tokens("ema", &format!("--model {checkpoint}"));
    assert!(tokens("converted", "--model small") == ema, "the converted model gives other tokens");
    assert!(tokens("raw", &format!("--model {checkpoint} --weights raw")) != ema);
}

#[test]
fn a_benchmark_reports_stages_kernels_and_ceilings() {
    let folder = Folder::new("bench");
    for device in ["software", "cpu"] {
        let report = ibq_on(device, &folder, "bench --size 30 --json").ends_with(0).json();
        assert_eq!((&report["size"], &report["precision"]), (&32.into(), &"f32".into()));
        let stages: Vec<&str> = report["stages"]
            .as_array()
            .unwrap()
            .iter()
            .map(|stage| stage["stage"].as_str().unwrap())
            .collect();
        assert_eq!(stages, ["encode", "lookup", "decode"]);
        let positive = |value: &serde_json::Value| value.as_f64().unwrap() > 0.0;
        assert!(positive(&report["ceilings"]["gflops"]) && positive(&report["ceilings"]["gbytes_per_s"]));
        assert!(positive(&report["peak_memory"]) && report["kernels"].is_array());
    }
    let text = ibq(&folder, "bench --size 32").ends_with(0).out;
    for part in ["32 × 32 pixels", "GFLOP/s", "MiB", "together"] {
        assert!(text.contains(part), "no `{part}` in:\n{text}");
    }
}
