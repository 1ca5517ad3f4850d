//! Running `ibq` as a user would, in a folder of its own.

use std::{
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
};

use image::{Rgb, RgbImage};

/// What a run gave.
#[derive(Debug)]
pub(crate) struct Ran {
    /// Exit code.
    pub(crate) code: i32,
    /// Standard output.
    pub(crate) out: String,
    /// Standard error.
    pub(crate) err: String,
}

impl Ran {
    /// Waits for the end of a run.
    pub(crate) fn of(child: Child) -> Self {
        let output = child.wait_with_output().unwrap();
        let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
        let code = output.status.code().expect("ended by a signal");
        Self { code, out: text(output.stdout), err: text(output.stderr) }
    }

    /// Fails the test unless the exit code is this one.
    #[track_caller]
    pub(crate) fn ends_with(self, code: i32) -> Self {
        assert_eq!(self.code, code, "standard output:\n{}\nstandard error:\n{}", self.out, self.err);
        self
    }

    /// Fails the test unless standard error holds all of these.
    #[track_caller]
    pub(crate) fn says(self, parts: &[&str]) -> Self {
        for part in parts {
            assert!(self.err.contains(part), "no `{part}` in standard error:\n{}", self.err);
        }
        self
    }

    /// Standard output as JSON.
    #[track_caller]
    pub(crate) fn json(&self) -> serde_json::Value {
        serde_json::from_str(&self.out).unwrap_or_else(|error| panic!("{error} in:\n{}", self.out))
    }
}

/// A folder that exists as long as the test.
pub(crate) struct Folder(PathBuf);

impl Folder {
    /// An empty folder.
    pub(crate) fn new(name: &str) -> Self {
        let path = std::env::temp_dir().join(format!("ibq-cli-{name}-{}", std::process::id()));
        let _ = std::fs::remove_dir_all(&path);
        std::fs::create_dir_all(&path).unwrap();
        Self(path)
    }

    /// A path in it.
    pub(crate) fn at(&self, name: &str) -> PathBuf {
        self.0.join(name)
    }

    /// Writes a file.
    pub(crate) fn write(&self, name: &str, bytes: &[u8]) {
        let path = self.at(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, bytes).unwrap();
    }

    /// Writes a colorful picture as PNG.
    pub(crate) fn picture(&self, name: &str, width: u32, height: u32) -> RgbImage {
        let picture = colorful(width, height);
        self.write(name, &ibq_core::picture::encode_png(&picture).unwrap());
        picture
    }

    /// Opens a picture.
    pub(crate) fn open(&self, name: &str) -> RgbImage {
        ibq_core::picture::open(&std::fs::read(self.at(name)).unwrap()).unwrap().rgb
    }

    /// The names of the files in a folder in it.
    pub(crate) fn list(&self, name: &str) -> Vec<String> {
        let entries = std::fs::read_dir(self.at(name)).unwrap().flatten();
        let mut names: Vec<String> =
            entries.map(|entry| entry.file_name().to_string_lossy().into_owned()).collect();
        names.sort();
        names
    }

    /// Runs `ibq` with these words, separated by blanks, in this folder, with its streams piped.
    pub(crate) fn ibq(&self, words: &str) -> Ran {
        self.ibq_with(&words.split_whitespace().collect::<Vec<_>>())
    }

    /// Runs `ibq` with these words.
    pub(crate) fn ibq_with(&self, words: &[&str]) -> Ran {
        Ran::of(self.start(words))
    }

    /// Starts `ibq` with these words.
    pub(crate) fn start(&self, words: &[&str]) -> Child {
        let mut command = Command::new(env!("CARGO_BIN_EXE_ibq"));
        command.args(words).current_dir(&self.0).stdin(Stdio::null());
        command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap()
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

/// Smooth colors with an edge.
pub(crate) fn colorful(width: u32, height: u32) -> RgbImage {
    RgbImage::from_fn(width, height, |x, y| {
        let edge = if x > width / 2 { 90 } else { 0 };
        Rgb([(x * 5 + edge) as u8, (y * 6) as u8, (255 - (x + y) % 256) as u8])
    })
}

/// A file of the golden vectors.
pub(crate) fn golden(name: &str) -> String {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/golden");
    folder.join(name).canonicalize().unwrap_or_else(|error| panic!("{name}: {error}")).display().to_string()
}
