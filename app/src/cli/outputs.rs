//! Where results go: names that do not collide, files that appear whole or not at all.

use std::{
    collections::HashSet,
    io::{self, Write},
    path::{Path, PathBuf},
};

use clap::Args;
use ibq_core::{files::WholeFile, picture::encode_png};
use image::RgbImage;

use super::{
    failure::Failure,
    paths::{readable, shown},
};

/// What may happen to files that are there already.
#[derive(Args)]
#[command(next_help_heading = "Output")]
pub(crate) struct OverwriteOption {
    /// Replace files that are already in the output folder
    #[arg(long)]
    pub(crate) overwrite: bool,
}

/// Where pictures go.
pub(crate) enum Destination {
    /// One picture, or numbered ones, to this name.
    File(PathBuf),
    /// Any number of pictures into this folder.
    Folder(PathBuf),
}

impl Destination {
    /// A name that ends in `.png` is a file, everything else a folder.
    pub(crate) fn of(path: &Path) -> Result<Self, Failure> {
        let ending = path.extension().map(|ending| ending.to_string_lossy().to_lowercase());
        if path.is_dir() {
            return Ok(Self::Folder(path.to_owned()));
        }
        match ending.as_deref() {
            Some("png") => Ok(Self::File(path.to_owned())),
            Some("jpg" | "jpeg" | "webp" | "gif" | "bmp" | "tif" | "tiff" | "avif") => Err(Failure::Usage(
                format!("{}: pictures are written as PNG; use the ending .png", shown(path)),
            )),
            _ if path.exists() => Err(Failure::in_file(path, "exists and is no folder")),
            _ => Ok(Self::Folder(path.to_owned())),
        }
    }
}

/// Names within a folder, each given once.
#[derive(Default)]
pub(crate) struct Names(HashSet<String>);

impl Names {
    /// `stem`, or `stem-2`, `stem-3`, … : the first for which no name with these endings was given yet.
    pub(crate) fn assign(&mut self, stem: &str, endings: &[&str]) -> String {
        // Many file systems do not tell upper case from lower case.
        let names =
            |stem: &str| endings.iter().map(|ending| format!("{stem}{ending}").to_lowercase()).collect();
        let mut number = 1;
        let mut candidate = stem.to_owned();
        loop {
            let wanted: Vec<String> = names(&candidate);
            if wanted.iter().all(|name| !self.0.contains(name)) {
                self.0.extend(wanted);
                return candidate;
            }
            number += 1;
            candidate = format!("{stem}-{number}");
        }
    }
}

/// `out.png` with `-compare` becomes `out-compare.png`.
pub(crate) fn beside(path: &Path, suffix: &str) -> PathBuf {
    let stem = path.file_stem().unwrap_or_default().to_string_lossy();
    path.with_file_name(format!("{stem}{suffix}.png"))
}

/// Refuses what would be lost without being meant: inputs, and files whose names the user did not spell out.
pub(crate) fn protect(outputs: &[PathBuf], inputs: &[&Path], may_replace: bool) -> Result<(), Failure> {
    let inputs: HashSet<PathBuf> =
        inputs.iter().filter_map(|path| std::fs::canonicalize(path).ok()).collect();
    let mut existing = Vec::new();
    for output in outputs {
        let Ok(canonical) = std::fs::canonicalize(output) else { continue };
        if inputs.contains(&canonical) {
            return Err(Failure::in_file(output, "this output would replace an input; choose another -o"));
        }
        existing.push(output);
    }
    match existing[..] {
        [first, ref others @ ..] if !may_replace => {
            let more = if others.is_empty() { String::new() } else { format!(", and {} more", others.len()) };
            Err(Failure::in_file(first, format_args!("exists already{more}; --overwrite replaces")))
        }
        _ => Ok(()),
    }
}

/// Creates a folder and those above it.
pub(crate) fn create_folder(folder: &Path) -> Result<(), Failure> {
    std::fs::create_dir_all(folder)
        .map_err(|error| Failure::in_file(folder, format_args!("cannot be created: {}", readable(&error))))
}

/// Creates the folder that a file will be in.
pub(crate) fn create_parent(file: &Path) -> Result<(), Failure> {
    match file.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => create_folder(folder),
        _ => Ok(()),
    }
}

/// Writes a picture as PNG.
pub(crate) fn write_png(path: &Path, picture: &RgbImage) -> Result<(), Failure> {
    write(path, &encode_png(picture).map_err(|error| Failure::in_file(path, error))?)
}

/// Writes a file that appears whole or not at all.
pub(crate) fn write(path: &Path, bytes: &[u8]) -> Result<(), Failure> {
    let mut file = OutputFile::create(path)?;
    file.write_all(bytes).map_err(|error| Failure::in_file(path, readable(&error)))?;
    file.finish()
}

/// A [`WholeFile`] whose errors name its path.
pub(crate) struct OutputFile {
    path: PathBuf,
    file: WholeFile,
}

impl OutputFile {
    /// Begins a file.
    pub(crate) fn create(path: &Path) -> Result<Self, Failure> {
        let file = WholeFile::create(path).map_err(|error| {
            Failure::in_file(path, format_args!("cannot be written: {}", readable(&error)))
        })?;
        Ok(Self { path: path.to_owned(), file })
    }

    /// Gives it its name.
    pub(crate) fn finish(self) -> Result<(), Failure> {
        self.file.finish().map_err(|error| Failure::in_file(&self.path, readable(&error)))
    }
}

impl Write for OutputFile {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.file.write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.file.flush()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn equal_names_are_numbered_whatever_their_case() {
        let mut names = Names::default();
        let given: Vec<String> =
            ["cat", "Cat", "cat", "dog"].map(|stem| names.assign(stem, &[".png", "-compare.png"])).to_vec();
        assert_eq!(given, ["cat", "Cat-2", "cat-3", "dog"]);
        assert_eq!(names.assign("dog-compare", &[".png"]), "dog-compare-2");
    }

    #[test]
    fn an_unfinished_file_leaves_nothing_behind() {
        let folder = std::env::temp_dir().join(format!("ibq-outputs-{}", std::process::id()));
        create_folder(&folder).unwrap();
        let path = folder.join("a.txt");
        let mut file = OutputFile::create(&path).unwrap();
        file.write_all(b"half").unwrap();
        drop(file);
        assert_eq!(std::fs::read_dir(&folder).unwrap().count(), 0);
        write(&path, b"whole").unwrap();
        write(&path, b"again").unwrap();
        assert_eq!(std::fs::read(&path).unwrap(), b"again");
        assert_eq!(std::fs::read_dir(&folder).unwrap().count(), 1);
        std::fs::remove_dir_all(folder).unwrap();
    }

    #[test]
    fn other_picture_formats_are_refused_by_name() {
        let Err(failure) = Destination::of(Path::new("a.JPG")) else { panic!("a JPEG was accepted") };
        assert!(failure.to_string().contains("PNG") && failure.exit_code() == 2, "{failure}");
        assert!(matches!(Destination::of(Path::new("a.png")), Ok(Destination::File(_))));
        assert!(matches!(Destination::of(Path::new("pictures")), Ok(Destination::Folder(_))));
    }
}
