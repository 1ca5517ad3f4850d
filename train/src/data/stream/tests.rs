use std::{fs, path::PathBuf};

use super::*;

/// A folder of sixteen pictures of 24×20, some files that only look like pictures, and one picture that is too small.
struct Folder(PathBuf);

impl Folder {
    fn new(name: &str, good: u8) -> Self {
        let path = std::env::temp_dir().join(format!("ibq-train-stream-{name}-{}", std::process::id()));
        let _ = fs::remove_dir_all(&path);
        fs::create_dir_all(&path).unwrap();
        for level in 0..good {
            let picture = RgbImage::from_fn(24, 20, |x, y| image::Rgb([level, x as u8, y as u8]));
            picture.save(path.join(format!("{level:02}.png"))).unwrap();
        }
        fs::write(path.join("broken.jpg"), "no picture").unwrap();
        fs::write(path.join("empty.webp"), "").unwrap();
        RgbImage::new(9, 40).save(path.join("thin.png")).unwrap();
        Self(path)
    }

    fn stream(&self, step: u64, threads: usize, job: &Job) -> Stream {
        let plan = Plan { seed: 5, step, batch: 6, side: 12, threads };
        Stream::new(DataSet::open(&self.0).unwrap(), plan, job)
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

fn batch(stream: &Stream, step: u64, part: u64) -> Result<Vec<f32>, DataError> {
    let draw = Draw { step, part };
    let tensor = stream.draw(draw, 6, 12, &mut Random::new(0), &Device::flex())?;
    assert_eq!(tensor.dims(), [6, 3, 12, 12]);
    Ok(tensor.to_data().iter().collect())
}

#[test]
fn batches_depend_on_seed_and_step_alone() {
    let folder = Folder::new("order", 16);
    let stream = |step, threads| folder.stream(step, threads, &Job::new());
    let one = stream(0, 1);
    let all: Vec<_> = (0..9).map(|step| batch(&one, step, 0).unwrap()).collect();
    assert!(all.windows(2).all(|pair| pair[0] != pair[1]));
    // With other parts between them, with more threads, from another step on, and out of turn.
    let three = stream(4, 3);
    for step in 4..9 {
        let part = batch(&three, step, 1).unwrap();
        assert_eq!(batch(&three, step, 0).unwrap(), all[step as usize]);
        assert_ne!(part, all[step as usize]);
    }
    assert_eq!(batch(&three, 2, 0).unwrap(), all[2]);
}

#[test]
fn files_that_cannot_be_used_are_named_once() {
    let folder = Folder::new("skipped", 4);
    let stream = folder.stream(0, 2, &Job::new());
    let mut named = Vec::new();
    for step in 0..20 {
        batch(&stream, step, 0).unwrap();
        named.extend(stream.newly_skipped());
    }
    named.sort();
    let names: Vec<_> = named.iter().map(|s| s.path.file_name().unwrap().to_str().unwrap()).collect();
    assert_eq!(names, ["broken.jpg", "empty.webp", "thin.png"]);
    assert!(named[2].reason.contains("9×40 is smaller than 12×12"));
}

#[test]
fn a_data_set_without_a_usable_picture_is_an_error() {
    let folder = Folder::new("useless", 0);
    let stream = folder.stream(0, 2, &Job::new());
    let message = batch(&stream, 0, 0).unwrap_err().to_string();
    assert!(message.contains("at least 12×12") && message.contains("3 files skipped"), "{message}");
}

#[test]
fn a_cancelled_job_ends_the_waiting() {
    let folder = Folder::new("ends", 2);
    let job = Job::new();
    let stream = folder.stream(0, 1, &job);
    assert!(batch(&stream, 0, 0).is_ok());
    job.cancel();
    for part in [0, 1] {
        assert!(matches!(batch(&stream, 1, part), Err(DataError::Stopped)));
    }
}
