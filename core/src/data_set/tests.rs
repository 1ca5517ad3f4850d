use std::{fs, path::PathBuf, sync::Arc};

use image::RgbImage;

use super::*;
use crate::{job::Job, picture};

struct Folder(PathBuf);

impl Folder {
    fn new(name: &str) -> Self {
        let path = std::env::temp_dir().join(format!("ibq-core-data-set-{name}-{}", std::process::id()));
        let _ = fs::remove_dir_all(&path);
        fs::create_dir_all(&path).unwrap();
        Self(path)
    }

    fn put(&self, name: &str, bytes: &[u8]) {
        let path = self.0.join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, bytes).unwrap();
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

fn png(side: u32, level: u8) -> Vec<u8> {
    crate::picture::encode_png(&RgbImage::from_pixel(side, side, image::Rgb([level; 3]))).unwrap()
}

fn tar(members: &[(&str, &[u8])]) -> Vec<u8> {
    let mut tar = tar::Builder::new(Vec::new());
    for (name, bytes) in members {
        let mut header = tar::Header::new_gnu();
        header.set_size(bytes.len() as u64);
        tar.append_data(&mut header, name, *bytes).unwrap();
    }
    tar.into_inner().unwrap()
}

/// Class and brightness of every picture.
fn seen(set: &DataSet) -> Vec<(Option<u16>, u8)> {
    (0..set.len()).map(|index| (set.class(index), set.read(index).unwrap().rgb.get_pixel(0, 0)[0])).collect()
}

#[test]
fn sub_folders_are_classes_in_the_order_of_their_names() {
    let folder = Folder::new("classes");
    for (name, level) in
        [("zebra/1.png", 1), ("10/deep/2.PNG", 2), ("10/a.png", 3), ("top.png", 4), (".hidden/5.png", 5)]
    {
        folder.put(name, &png(4, level));
    }
    folder.put("zebra/notes.txt", b"no picture");
    fs::create_dir(folder.0.join("empty")).unwrap();
    let set = DataSet::open(&folder.0).unwrap();
    assert_eq!(set.class_names(), ["10", "zebra"]);
    assert_eq!(seen(&set), [(Some(0), 3), (Some(0), 2), (None, 4), (Some(1), 1)]);
    assert_eq!(set.skipped().len(), 1);
    assert!(set.skipped()[0].path.ends_with("zebra/notes.txt"));
    let labeled = set.labeled();
    assert_eq!(seen(&labeled), [(Some(0), 3), (Some(0), 2), (Some(1), 1)]);
    assert_eq!(labeled.skipped()[1].reason, "it has no class");
}

#[test]
fn pictures_without_labels_are_of_one_class() {
    let folder = Folder::new("plain");
    folder.put("a.png", &png(4, 1));
    let set = DataSet::open(&folder.0).unwrap();
    assert_eq!((set.class_names().len(), set.class(0)), (0, None));
    let set = set.labeled();
    assert_eq!((set.class_names().len(), set.class(0)), (1, Some(0)));
    assert!(set.class_names()[0].contains("plain"));
}

#[test]
fn shards_are_found_by_pattern_by_folder_and_alone() {
    let folder = Folder::new("shards");
    let (a, b, c) = (png(4, 1), png(4, 2), png(4, 3));
    folder.put("s-08.tar", &tar(&[("0.png", &a), ("0.cls", b"1"), ("1.png", &b)]));
    folder.put("s-09.tar", &tar(&[("2.png", &c), ("2.cls", b"0")]));
    let expected = [(Some(1), 1), (None, 2), (Some(0), 3)];
    for path in [folder.0.clone(), folder.0.join("s-{08..09}.tar")] {
        let set = DataSet::open(&path).unwrap();
        assert_eq!(seen(&set), expected, "{}", path.display());
        assert_eq!(set.class_names(), ["0", "1"]);
    }
    let one = DataSet::open(&folder.0.join("s-09.tar")).unwrap();
    assert_eq!(seen(&one), [(Some(0), 3)]);
    assert!(one.name(0).ends_with("s-09.tar/2.png"));
    let message = |path: &str| DataSet::open(&folder.0.join(path)).unwrap_err().to_string();
    assert!(message("s-{08..10}.tar").contains("s-10.tar"));
    assert!(message("s-{08..x}.tar").contains("{000..012}"));
    assert!(message("nowhere").contains("nowhere"));
    folder.put("s.tar.gz", b"packed");
    assert!(message("s.tar.gz").contains("unpacked"));
}

#[test]
fn a_folder_without_pictures_is_refused() {
    let folder = Folder::new("none");
    folder.put("a/readme.txt", b"x");
    let message = DataSet::open(&folder.0).unwrap_err().to_string();
    assert!(message.contains("no pictures") && message.contains("1 files skipped"), "{message}");
}

#[test]
fn pictures_are_read_ahead_in_order_from_any_place_and_a_broken_one_is_named() {
    let folder = Folder::new("ahead");
    for level in 0..12 {
        folder.put(&format!("{level:02}.png"), &png(4, level));
    }
    folder.put("05.png", b"broken");
    let set = Arc::new(DataSet::open(&folder.0).unwrap());
    let read = |indices, threads| -> Vec<(usize, Result<u8, String>)> {
        let pictures = Arc::clone(&set).read_ahead(indices, threads, &Job::new());
        let level = |picture: picture::Picture| picture.rgb.get_pixel(0, 0)[0];
        let name = |skipped: Skipped| skipped.path.file_name().unwrap().to_string_lossy().into_owned();
        pictures.map(|(index, picture)| (index, picture.map(level).map_err(name))).collect()
    };
    let all = read(0..12, 1);
    assert_eq!(all.len(), 12);
    for (place, (index, picture)) in all.iter().enumerate() {
        assert_eq!(*index, place);
        assert_eq!(*picture, if place == 5 { Err("05.png".to_owned()) } else { Ok(place as u8) });
    }
    // A reader that starts anew continues exactly where another one stopped, with any number of threads.
    assert_eq!(read(4..99, 3), all[4..]);
    assert_eq!(read(20..30, 2), []);
    let job = Job::new();
    job.cancel();
    assert_eq!(Arc::clone(&set).read_ahead(0..12, 2, &job).count(), 0);
}
