//! Files for PyTorch, as `torch.save` writes them: a zip archive with a pickle that describes a dictionary, and one entry per
//! tensor with its values.
//!
//! Entries are stored, not compressed, and their contents begin at multiples of 64 bytes, so that PyTorch can map them
//! into memory. All sizes and places are written in their 64-bit form: a file may be larger than 4 GiB. Tensors are written one
//! at a time.

use std::{io, path::Path};

use burn::tensor::Tensor;
use ibq_core::{
    files::{WholeFile, write_whole},
    formats::zip::ZipWriter,
};

use crate::safetensors_file::TensorFileError;

/// Contents begin at multiples of this many bytes.
const ALIGNMENT: u64 = 64;

/// A tensor on its way to a file.
#[derive(Debug)]
pub struct Entry<'a> {
    /// Its name in the state dict.
    pub name: String,
    /// Its shape; none of a single number.
    pub shape: Vec<usize>,
    /// Its values in row-major order.
    pub values: Values<'a>,
}

/// Values of a tensor.
#[derive(Clone, Copy, Debug)]
pub enum Values<'a> {
    /// 32-bit floats, fetched from their device when their turn comes.
    Tensor(&'a Tensor<1>),
    /// 32-bit floats.
    Floats(&'a [f32]),
    /// One 32-bit float.
    Float(f32),
    /// One whole number of 32 bits.
    Int(i32),
    /// One whole number of 64 bits.
    Long(i64),
}

impl<'a> Entry<'a> {
    /// A tensor of one number.
    pub(crate) fn single(name: &str, values: Values<'a>) -> Self {
        Self { name: name.to_owned(), shape: Vec::new(), values }
    }
}

impl Values<'_> {
    /// PyTorch's name for storages of this type.
    fn storage(self) -> &'static str {
        match self {
            Self::Tensor(_) | Self::Floats(_) | Self::Float(_) => "FloatStorage",
            Self::Int(_) => "IntStorage",
            Self::Long(_) => "LongStorage",
        }
    }

    fn bytes(self) -> Vec<u8> {
        let floats = |values: &[f32]| values.iter().flat_map(|value| value.to_le_bytes()).collect();
        match self {
            Self::Tensor(tensor) => floats(&tensor.to_data().iter::<f32>().collect::<Vec<f32>>()),
            Self::Floats(values) => floats(values),
            Self::Float(value) => floats(&[value]),
            Self::Int(value) => value.to_le_bytes().to_vec(),
            Self::Long(value) => value.to_le_bytes().to_vec(),
        }
    }
}

/// Writes `{"state_dict": {name: tensor, …}, fact: number, …}`, which `torch.load(path)` reads, also with `weights_only=True`.
/// What stood at `path` is replaced when the new file is complete on disk.
///
/// # Errors
/// [`TensorFileError::Io`].
pub fn save(path: &Path, facts: &[(&str, i64)], entries: &[Entry<'_>]) -> Result<(), TensorFileError> {
    write_whole(path, |file| write(file, facts, entries))
        .map_err(|source| TensorFileError::Io { path: path.to_owned(), source })
}

fn write(file: &mut WholeFile, facts: &[(&str, i64)], entries: &[Entry<'_>]) -> io::Result<()> {
    let mut archive = ZipWriter::new(file);
    let mut add = |name: &str, content: &[u8]| archive.add(name, content, Some(ALIGNMENT));
    add("archive/data.pkl", &pickle(facts, entries))?;
    add("archive/byteorder", b"little")?;
    for (key, entry) in entries.iter().enumerate() {
        add(&format!("archive/data/{key}"), &entry.values.bytes())?;
    }
    add("archive/version", b"3\n")?;
    archive.finish().map(drop)
}

/// The dictionary as a pickle of protocol 2. A tensor is a call of the function that PyTorch's own pickles call, with a
/// reference to the entry that holds its values.
fn pickle(facts: &[(&str, i64)], entries: &[Entry<'_>]) -> Vec<u8> {
    let mut out = Pickle(b"\x80\x02".to_vec());
    out.op(b"}(");
    for (name, value) in facts {
        out.text(name);
        out.whole(*value);
    }
    out.text("state_dict");
    out.op(b"}(");
    for (key, entry) in entries.iter().enumerate() {
        out.text(&entry.name);
        out.op(b"ctorch._utils\n_rebuild_tensor_v2\n(");
        // The storage: ("storage", its type, its key, where it was, its number of values).
        out.op(b"(");
        out.text("storage");
        out.op(format!("ctorch\n{}\n", entry.values.storage()).as_bytes());
        out.text(&key.to_string());
        out.text("cpu");
        out.whole(entry.shape.iter().product::<usize>() as i64);
        out.op(b"tQ");
        // First value, shape, strides, no gradient, no hooks.
        out.whole(0);
        out.tuple(entry.shape.iter().copied());
        let stride = |axis: usize| entry.shape[axis + 1..].iter().product();
        out.tuple((0..entry.shape.len()).map(stride));
        out.op(b"\x89ccollections\nOrderedDict\n)RtR");
    }
    out.op(b"uu.");
    out.0
}

/// A pickle in the making.
struct Pickle(Vec<u8>);

impl Pickle {
    /// Operations as they are.
    fn op(&mut self, bytes: &[u8]) {
        self.0.extend_from_slice(bytes);
    }

    fn text(&mut self, text: &str) {
        self.op(b"X");
        self.op(&(text.len() as u32).to_le_bytes());
        self.op(text.as_bytes());
    }

    fn whole(&mut self, value: i64) {
        if let Ok(small) = i32::try_from(value) {
            self.op(b"J");
            self.op(&small.to_le_bytes());
        } else {
            self.op(b"\x8a\x08");
            self.op(&value.to_le_bytes());
        }
    }

    fn tuple(&mut self, sizes: impl Iterator<Item = usize>) {
        self.op(b"(");
        sizes.for_each(|size| self.whole(size as i64));
        self.op(b"t");
    }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use burn::tensor::Device;
    use ibq_core::files::Model;

    use super::*;

    fn entry<'a>(name: &str, shape: &[usize], values: Values<'a>) -> Entry<'a> {
        Entry { name: name.to_owned(), shape: shape.to_vec(), values }
    }

    /// A file of one test, removed at its end.
    struct Temporary(std::path::PathBuf);

    impl Temporary {
        fn new(name: &str) -> Self {
            Self(std::env::temp_dir().join(format!("ibq-train-pytorch-{name}-{}.ckpt", std::process::id())))
        }
    }

    impl Drop for Temporary {
        fn drop(&mut self) {
            let _ = fs::remove_file(&self.0);
        }
    }

    #[test]
    fn the_engine_reads_what_was_written() {
        let file = Temporary::new("whole");
        let values: Vec<f32> = (0..24).map(|i| i as f32 * 0.37 - 3.0).collect();
        let tensor = Tensor::<1>::from_floats([1.5, -2.0], &Device::flex());
        let entries = [
            entry("a.weight", &[2, 3, 4], Values::Floats(&values)),
            entry("a.bias", &[2], Values::Tensor(&tensor)),
            Entry::single("decay", Values::Float(0.999)),
            Entry::single("updates", Values::Int(-1)),
            Entry::single("count", Values::Long(1 << 40)),
        ];
        save(&file.0, &[("global_step", 1 << 33)], &entries).unwrap();
        pollster::block_on(async {
            let model = Model::open_path(&file.0).await.unwrap();
            let names: Vec<&str> = model.tensors().iter().map(|entry| entry.name.as_str()).collect();
            assert_eq!(names, ["a.weight", "a.bias", "decay", "updates", "count"]);
            assert_eq!(model.tensor("a.weight").unwrap().shape, [2, 3, 4]);
            assert_eq!(model.read_tensor("a.weight").await.unwrap(), values);
            assert_eq!(model.read_tensor("a.bias").await.unwrap(), [1.5, -2.0]);
            assert!(model.tensor("decay").unwrap().shape.is_empty());
            assert_eq!(model.read_tensor("decay").await.unwrap(), [0.999]);
            assert_eq!(model.read_integers("updates").await.unwrap(), [-1]);
            assert_eq!(model.read_integers("count").await.unwrap(), [1 << 40]);
        });
        let bytes = fs::read(&file.0).unwrap();
        let raw: Vec<u8> = values.iter().flat_map(|value| value.to_le_bytes()).collect();
        let place = bytes.windows(raw.len()).position(|window| window == raw).unwrap();
        assert_eq!(place % 64, 0);
    }

    #[test]
    fn a_place_that_cannot_be_written_to_is_named_and_nothing_is_left_there() {
        let folder = std::env::temp_dir().join(format!("ibq-train-no-folder-{}", std::process::id()));
        let message = save(&folder.join("model.ckpt"), &[], &[]).unwrap_err().to_string();
        assert!(message.contains("model.ckpt"), "{message}");
    }
}
