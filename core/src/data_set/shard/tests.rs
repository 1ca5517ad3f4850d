use std::{fs, io::Write};

use proptest::prelude::*;
use tar::{Builder, Header};

use super::*;

fn append(tar: &mut Builder<Vec<u8>>, name: &str, bytes: &[u8]) {
    let mut header = Header::new_gnu();
    header.set_size(bytes.len() as u64);
    header.set_mode(0o644);
    tar.append_data(&mut header, name, bytes).unwrap();
}

/// Lists an archive of these bytes.
fn list_bytes(bytes: &[u8]) -> Result<(Vec<Sample>, Vec<Skipped>), DataSetError> {
    static NUMBER: std::sync::atomic::AtomicUsize = std::sync::atomic::AtomicUsize::new(0);
    let number = NUMBER.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
    let path = std::env::temp_dir().join(format!("ibq-core-shard-{}-{number}.tar", std::process::id()));
    fs::File::create(&path).unwrap().write_all(bytes).unwrap();
    let listed = list(&path);
    fs::remove_file(path).unwrap();
    listed
}

/// A shard with long names of both kinds, labels, and members that are something else.
fn shard() -> Vec<u8> {
    let mut tar = Builder::new(Vec::new());
    append(&mut tar, "a/one.jpg", b"first");
    append(&mut tar, "a/one.cls", b"7\n");
    append(&mut tar, "a/one.json", b"{}");
    append(&mut tar, "two.cls", b"cat");
    append(&mut tar, "two.PNG", b"second");
    append(&mut tar, "alone.cls", b"3");
    append(&mut tar, "._hidden.jpg", b"x");
    append(&mut tar, &format!("{}/three.seg.webp", "long".repeat(60)), b"third");
    tar.append_pax_extensions([("path", "pax/name of four.jpeg".as_bytes()), ("mtime", b"1.5")]).unwrap();
    append(&mut tar, "short", b"fourth");
    tar.into_inner().unwrap()
}

#[test]
fn samples_have_their_names_labels_and_bytes() {
    let bytes = shard();
    let (samples, skipped) = list_bytes(&bytes).unwrap();
    let seen: Vec<_> = samples
        .iter()
        .map(|sample| {
            let content = &bytes[sample.offset as usize..][..sample.size as usize];
            (sample.name.to_string(), sample.label.as_deref(), std::str::from_utf8(content).unwrap())
        })
        .collect();
    let long = format!("{}/three.seg.webp", "long".repeat(60));
    assert_eq!(
        seen,
        [
            ("a/one.jpg".to_owned(), Some("7"), "first"),
            ("two.PNG".to_owned(), Some("cat"), "second"),
            (long, None, "third"),
            ("pax/name of four.jpeg".to_owned(), None, "fourth"),
        ]
    );
    assert_eq!(skipped.len(), 1);
    assert!(skipped[0].path.ends_with("alone"), "{skipped:?}");
}

#[test]
fn a_file_that_is_not_an_archive_is_refused_by_name() {
    let error = list_bytes(&[7; 2000]).unwrap_err().to_string();
    assert!(error.contains("ibq-core-shard") && error.contains("not a tar archive"), "{error}");
    assert_eq!(list_bytes(b"").unwrap(), (vec![], vec![]));
}

#[test]
fn endless_names_and_labels_are_not_read() {
    let mut tar = Builder::new(Vec::new());
    append(&mut tar, "good.jpg", b"x");
    append(&mut tar, "labeled.jpg", b"x");
    append(&mut tar, "labeled.cls", &[b'1'; 300]);
    append(&mut tar, &"n".repeat(1 << 17), b"y");
    let (samples, skipped) = list_bytes(&tar.into_inner().unwrap()).unwrap();
    assert_eq!(samples.len(), 2);
    assert_eq!(samples[1].label, None);
    assert!(skipped[0].reason.contains("256 bytes"), "{skipped:?}");
    assert!(skipped[1].reason.contains("broken after 3 members"), "{skipped:?}");
}

#[test]
fn a_member_that_claims_more_than_the_shard_has_is_left_out() {
    let mut tar = Builder::new(Vec::new());
    append(&mut tar, "good.jpg", b"x");
    let mut bytes = tar.into_inner().unwrap();
    bytes.truncate(1024);
    let mut header = Header::new_gnu();
    header.set_path("huge.jpg").unwrap();
    header.set_size(u64::MAX / 4);
    header.set_cksum();
    bytes.extend_from_slice(header.as_bytes());
    let (samples, skipped) = list_bytes(&bytes).unwrap();
    assert_eq!((samples.len(), skipped.len()), (1, 1));
}

proptest! {
    #[test]
    fn broken_shards_never_panic_and_never_point_outside(cut in 0usize..10_000, place in 0usize..10_000, with: u8) {
        let mut bytes = shard();
        let length = bytes.len();
        bytes[place % length] ^= with;
        bytes.truncate(cut.min(length));
        if let Ok((samples, _)) = list_bytes(&bytes) {
            for sample in samples {
                prop_assert!(sample.offset + sample.size <= bytes.len() as u64);
            }
        }
    }
}
