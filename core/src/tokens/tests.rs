//! Token files: every form there and back, what NumPy writes, and what is no token file.

use proptest::prelude::*;

use super::*;
use crate::picture::Size;

fn file(pictures: usize, rows: u32, cols: u32) -> TokenFile {
    let tokens = |picture: usize| (0..rows * cols).map(|t| (t * 7 + picture as u32) % 100).collect();
    TokenFile {
        grids: (0..pictures).map(|p| TokenGrid { rows, cols, tokens: tokens(p) }).collect(),
        sizes: Some(vec![Size::new(cols * 16 - 3, rows * 16); pictures]),
        factor: Some(16),
        codebook_size: Some(100),
        model: Some("a \"quoted\" model".to_owned()),
    }
}

fn bare(file: &TokenFile) -> TokenFile {
    TokenFile { grids: file.grids.clone(), sizes: None, factor: None, codebook_size: None, model: None }
}

fn reason(bytes: &[u8]) -> String {
    TokenFile::read("t", bytes).unwrap_err().to_string()
}

#[test]
fn formats_follow_the_ending() {
    assert_eq!(TokenFormat::from_name("a/b.JSON"), Some(TokenFormat::Json));
    assert_eq!(TokenFormat::from_name("b.npy"), Some(TokenFormat::Npy));
    assert_eq!(TokenFormat::from_name("b.x.safetensors"), Some(TokenFormat::Safetensors));
    assert_eq!(TokenFormat::from_name("b.png"), None);
    assert_eq!(TokenFormat::from_name("npy"), None);
}

proptest! {
    #[test]
    fn every_form_gives_back_what_it_got(pictures in 1usize..4, rows in 1u32..9, cols in 1u32..9) {
        let file = file(pictures, rows, cols);
        for format in [TokenFormat::Json, TokenFormat::Safetensors] {
            prop_assert_eq!(&TokenFile::read("t", &file.write(format).unwrap()).unwrap(), &file);
        }
        prop_assert_eq!(TokenFile::read("t", &file.write(TokenFormat::Npy).unwrap()).unwrap(), bare(&file));
    }

    #[test]
    fn broken_files_are_errors_or_token_files(
        format in prop::sample::select(vec![TokenFormat::Json, TokenFormat::Npy, TokenFormat::Safetensors]),
        flips in prop::collection::vec((any::<prop::sample::Index>(), 0u8..8), 1..6),
        cut in prop::option::of(any::<prop::sample::Index>()),
    ) {
        let mut bytes = file(2, 3, 4).write(format).unwrap();
        for (at, bit) in flips {
            let at = at.index(bytes.len());
            bytes[at] ^= 1 << bit;
        }
        if let Some(cut) = cut {
            bytes.truncate(cut.index(bytes.len()));
        }
        if let Ok(file) = TokenFile::read("t", &bytes) {
            prop_assert!(file.grids.iter().all(|g| g.tokens.len() as u32 == g.rows * g.cols));
        }
    }
}

#[test]
fn json_is_as_documented() {
    let json = String::from_utf8(file(1, 1, 2).write(TokenFormat::Json).unwrap()).unwrap();
    let expected = r#"{"width":29,"height":16,"factor":16,"grid":[1,2],"codebook_size":100,"tokens":[[0,7]],"model":"a \"quoted\" model"}"#;
    assert_eq!(json.trim_end(), expected);
    let minimal = TokenFile::read("t", br#" {"tokens": [[1, 2], [3, 4]]}"#).unwrap();
    assert_eq!(minimal.grids, [TokenGrid { rows: 2, cols: 2, tokens: vec![1, 2, 3, 4] }]);
}

#[test]
fn json_pictures_may_differ_in_size_but_the_other_forms_cannot_hold_them() {
    let mut mixed = bare(&file(1, 2, 2));
    mixed.grids.push(TokenGrid { rows: 1, cols: 3, tokens: vec![1, 2, 3] });
    assert_eq!(TokenFile::read("t", &mixed.write(TokenFormat::Json).unwrap()).unwrap(), mixed);
    for format in [TokenFormat::Npy, TokenFormat::Safetensors] {
        assert!(mixed.write(format).unwrap_err().to_string().contains("only as JSON"));
    }
}

/// An array as NumPy writes it.
fn npy(version: u8, header: &str, data: &[u8]) -> Vec<u8> {
    let mut bytes = b"\x93NUMPY".to_vec();
    bytes.extend([version, 0]);
    if version == 1 {
        bytes.extend((header.len() as u16).to_le_bytes());
    } else {
        bytes.extend((header.len() as u32).to_le_bytes());
    }
    bytes.extend(header.bytes());
    bytes.extend(data);
    bytes
}

#[test]
fn arrays_of_other_whole_numbers_are_read() {
    let header = |descr: &str| format!("{{'descr': '{descr}', 'fortran_order': False, 'shape': (1, 2), }}\n");
    let cases: [(&str, &[u8]); 6] = [
        ("<i8", &[1, 0, 0, 0, 0, 0, 0, 0, 2, 0, 0, 0, 0, 0, 0, 0]),
        ("<u4", &[1, 0, 0, 0, 2, 0, 0, 0]),
        ("<i2", &[1, 0, 2, 0]),
        ("|u1", &[1, 2]),
        (">i4", &[0, 0, 0, 1, 0, 0, 0, 2]),
        ("<u8", &[1, 0, 0, 0, 0, 0, 0, 0, 2, 0, 0, 0, 0, 0, 0, 0]),
    ];
    for (descr, data) in cases {
        for version in [1, 2] {
            let file = TokenFile::read("t", &npy(version, &header(descr), data)).unwrap();
            assert_eq!(file.grids, [TokenGrid { rows: 1, cols: 2, tokens: vec![1, 2] }], "{descr}");
        }
    }
    assert!(reason(&npy(1, &header("<f4"), &[0; 8])).contains("`<f4`"));
    assert!(reason(&npy(1, &header("<i2"), &[1, 0, 0xff, 0xff])).contains("negative"));
    assert!(reason(&npy(1, &header("<i8"), &[0xff; 15])).contains("cannot be shape"));
    assert!(reason(&npy(9, &header("<i4"), &[0; 8])).contains("version"));
}

#[test]
fn absurd_shapes_are_refused_without_allocating() {
    let array = |shape: &str| {
        let header = format!("{{'descr': '<i4', 'fortran_order': False, 'shape': {shape}, }}");
        reason(&npy(1, &header, &[0; 8]))
    };
    assert!(array("(4294967295, 4294967295, 4294967295)").contains("cannot be shape"));
    assert!(array("(0, 5000000000)").contains("cannot be shape"));
    assert!(array("(2,)").contains("not [rows, cols]"));
    let header = "{'descr': '<i4', 'fortran_order': True, 'shape': (1, 2), }";
    assert!(reason(&npy(1, header, &[0; 8])).contains("Fortran"));
}

#[test]
fn what_is_wrong_is_said() {
    assert!(reason(b"").contains("no token file"));
    assert!(reason(b"\x89PNG").contains("no token file"));
    assert!(reason(b"[]").contains("no picture"));
    assert!(reason(br#"{"tokens": [[1, 2], [3]]}"#).contains("different lengths"));
    assert!(reason(br#"{"tokens": [[]]}"#).contains("grid of 0 × 1"));
    assert!(reason(br#"{"tokens": [[-1]]}"#).contains("-1"));
    assert!(reason(br#"{"grid": [2, 1], "tokens": [[1, 2]]}"#).contains("`grid` [2, 1]"));
    assert!(reason(br#"{"codebook_size": 8, "tokens": [[1], [8]]}"#).contains("token 8 in row 1, column 0"));
    assert!(reason(br#"{"width": 16, "tokens": [[1]]}"#).contains("only one of"));
    assert!(
        reason(br#"{"width": 17, "height": 16, "factor": 16, "tokens": [[1]]}"#).contains("does not fit")
    );
    assert!(reason(&[b"[".repeat(100_000), b"]".repeat(100_000)].concat()).contains("t: "));
    let other = br#"[{"factor": 8, "tokens": [[1]]}, {"factor": 16, "tokens": [[1]]}]"#;
    assert!(reason(other).contains("another model"));
}

#[test]
fn tokens_of_another_model_are_refused() {
    let file = |text: &str| TokenFile::read("t", text.as_bytes()).unwrap();
    let full = file(r#"{"codebook_size": 512, "factor": 16, "tokens": [[1]]}"#);
    assert_eq!(full.check_model(512, 16), Ok(()));
    assert_eq!(full.check_model(1024, 8), Err(OtherModel::Codes { file: 512, model: 1024 }));
    assert_eq!(full.check_model(512, 8), Err(OtherModel::Factor { file: 16, model: 8 }));
    // What a file does not say may be of any model.
    assert_eq!(file(r#"{"tokens": [[1]]}"#).check_model(1024, 8), Ok(()));
}

#[test]
fn pictures_are_counted_before_they_are_kept() {
    const MOST: usize = super::file::MOST_PICTURES;
    let array = |pictures: usize| {
        let header = format!("{{'descr': '|u1', 'fortran_order': False, 'shape': ({pictures}, 1, 1), }}");
        npy(1, &header, &vec![3; pictures])
    };
    assert_eq!(TokenFile::read("t", &array(MOST)).unwrap().grids.len(), MOST);
    assert!(reason(&array(MOST + 1)).contains("more than 100000 pictures"));
    let list = |pictures: usize| format!("[{}]", vec![r#"{"tokens":[[1]]}"#; pictures].join(","));
    assert!(reason(list(MOST + 1).as_bytes()).contains("more than 100000 pictures"));
    let grid = TokenGrid { rows: 1, cols: 1, tokens: vec![1] };
    let file = TokenFile {
        grids: vec![grid; MOST + 1],
        sizes: None,
        factor: None,
        codebook_size: None,
        model: None,
    };
    assert!(file.write(TokenFormat::Safetensors).unwrap_err().to_string().contains("more than 100000"));
}

#[test]
fn text_of_any_editor_and_arrays_of_python_2_are_read() {
    let plain = r#"{"tokens": [[1, 2], [3, 4]]}"#;
    let expected = TokenFile::read("t", plain.as_bytes()).unwrap();
    let utf16: Vec<u8> = format!("\u{feff}{plain}").encode_utf16().flat_map(u16::to_le_bytes).collect();
    for bytes in [format!("\u{feff}{plain}").into_bytes(), utf16] {
        assert_eq!(TokenFile::read("t", &bytes).unwrap(), expected);
    }
    let header = "{'descr': '|u1', 'fortran_order': False, 'shape': (2L, 2L), }";
    assert_eq!(TokenFile::read("t", &npy(1, header, &[1, 2, 3, 4])).unwrap(), expected);
}

#[test]
fn bare_lists_of_tokens_are_read() {
    let rows = TokenFile::read("t", br#"{"tokens": [[1, 2], [3, 4]]}"#).unwrap();
    assert_eq!(TokenFile::read("t", b"[[1, 2], [3, 4]]").unwrap(), rows);
    assert_eq!(TokenFile::read("t", b" [ [[1, 2], [3, 4]] ]").unwrap(), rows);
    let codes: Vec<u32> = (0..256).collect();
    let json = serde_json::to_string(&codes).unwrap();
    let square = [TokenGrid { rows: 16, cols: 16, tokens: codes.clone() }];
    for text in [json.clone(), format!("[{json}]"), format!("{{\"tokens\": {json}}}")] {
        let read = ReadTokens::read("t", text.as_bytes(), None).unwrap();
        assert_eq!(read.file.grids, square);
        assert!(read.assumed.unwrap().contains("16 × 16"));
    }
    // What the file or the caller says needs no assumption.
    let stated = format!("{{\"grid\": [8, 32], \"tokens\": {json}}}");
    let read = ReadTokens::read("t", stated.as_bytes(), None).unwrap();
    assert_eq!((read.file.grids[0].grid(), read.assumed), (Grid::new(8, 32), None));
    let read = ReadTokens::read("t", json.as_bytes(), Some(Grid::new(32, 8))).unwrap();
    assert_eq!((read.file.grids[0].grid(), read.assumed), (Grid::new(32, 8), None));
    for (text, said) in [
        ("[1, 2, 3]", "not [rows, cols]"),
        ("[[1, 2], [3]]", "different lengths"),
        ("[[1, -2]]", "negative"),
        ("[[1, 2.5]]", "no whole number"),
        ("{\"tokens\": [[[1]]]}", "those of one picture are rows"),
        ("{\"grid\": [2, 2], \"tokens\": [1, 2, 3]}", "needs 4 tokens but has 3"),
    ] {
        assert!(reason(text.as_bytes()).contains(said), "{}", reason(text.as_bytes()));
    }
}

/// As `extract_codes_c2i.py` of LlamaGen saves the codes of a picture and of its mirror image.
fn llamagen(shape: &str, pictures: u64) -> Vec<u8> {
    let header = format!("{{'descr': '<i8', 'fortran_order': False, 'shape': {shape}, }}");
    let data: Vec<u8> = (0..pictures * 256).flat_map(u64::to_le_bytes).collect();
    npy(1, &header, &data)
}

#[test]
fn codes_in_a_row_are_square_grids_and_that_is_said() {
    for (shape, pictures) in [("(1, 2, 256)", 2), ("(1, 10, 256)", 10), ("(1, 256)", 1), ("(256,)", 1)] {
        let bytes = llamagen(shape, pictures);
        let read = ReadTokens::read("t", &bytes, None).unwrap();
        assert_eq!(read.file.grids.len() as u64, pictures, "{shape}");
        assert!(read.file.grids.iter().all(|grid| grid.grid() == Grid::new(16, 16)));
        assert_eq!(read.file.grids[0].tokens, (0..256).collect::<Vec<_>>());
        assert!(read.assumed.unwrap().contains("16 × 16 codes in a row"));
        let read = ReadTokens::read("t", &bytes, Some(Grid::new(8, 32))).unwrap();
        assert_eq!((read.file.grids[0].grid(), read.assumed), (Grid::new(8, 32), None));
        let error = ReadTokens::read("t", &bytes, Some(Grid::new(7, 7))).unwrap_err().to_string();
        assert!(error.contains("a grid of 7 × 7 needs 49"), "{error}");
    }
    let read = ReadTokens::read("t", &llamagen("(100, 256)", 100), Some(Grid::new(16, 16))).unwrap();
    assert_eq!(read.file.grids.len(), 100);
}

#[test]
fn long_grids_that_this_program_wrote_stay_grids() {
    for (pictures, rows, cols) in [(1, 2, 64), (3, 1, 16), (1, 400, 25), (1, 1, 256)] {
        let bare = bare(&file(pictures, rows, cols));
        for format in [TokenFormat::Json, TokenFormat::Npy, TokenFormat::Safetensors] {
            let bytes = bare.write(format).unwrap();
            let read = ReadTokens::read("t", &bytes, None).unwrap();
            assert_eq!((read.file, read.assumed), (bare.clone(), None));
        }
        let full = file(pictures, rows, cols);
        assert_eq!(TokenFile::read("t", &full.write(TokenFormat::Safetensors).unwrap()).unwrap(), full);
    }
}
