//! Squares of one size in memory.

use std::{
    fs,
    io::{Read, Write},
    path::Path,
};

use burn::tensor::{Device, Tensor, TensorData};
use ibq_core::{
    data_set::{DataSet, Skipped},
    files::write_whole,
    picture::{model_to_pixel, pixel_to_model},
};
use ibq_scenes::{Class, FIRST_HELD_OUT_SEED, render};
use image::RgbImage;
use rayon::prelude::*;

use super::{error::DataError, squares::middle_squares};
use crate::{input_file::check_file, random::Random};

/// Square 8-bit RGB pictures of one size, in memory.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pictures {
    side: usize,
    /// Picture after picture, row by row, RGB.
    bytes: Vec<u8>,
}

/// First bytes of a file of pictures. Side and number of the pictures follow, then their bytes.
const MAGIC: &[u8; 8] = b"IBQPICT2";
/// First bytes of a file of an older version, without the number of pictures.
const MAGIC_WITHOUT_COUNT: &[u8; 8] = b"IBQPICT1";

impl Pictures {
    /// Side in pixels.
    #[must_use]
    pub fn side(&self) -> usize {
        self.side
    }

    /// How many.
    #[must_use]
    pub fn len(&self) -> usize {
        self.bytes.len() / self.size()
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.bytes.is_empty()
    }

    /// Bytes of one picture.
    fn size(&self) -> usize {
        self.side * self.side * 3
    }

    /// Scenes to train on, every class equally often. Each shows a part of its scene: all of it where its entry of `zooms`
    /// (taken in turn) is 1, a half of the width where it is 2, and so on, so that texture comes at every scale.
    /// `progress` is called with the fraction that is done.
    #[must_use]
    pub fn scenes(
        count: usize,
        side: usize,
        first_seed: u64,
        zooms: &[usize],
        progress: impl Fn(f32) + Sync,
    ) -> Self {
        let classes = Class::ALL;
        let done = std::sync::atomic::AtomicUsize::new(0);
        let draw = |index: usize| -> Vec<u8> {
            let class = classes[index % classes.len()];
            let seed = first_seed + (index / classes.len()) as u64;
            let zoom = zooms.get(index / classes.len() % zooms.len().max(1)).copied().unwrap_or(1).max(1);
            let whole = render(class, seed, (side * zoom) as u32, (side * zoom) as u32);
            let mut random = Random::new(seed.wrapping_mul(31).wrapping_add(index as u64));
            let (left, top) = (random.below(side * (zoom - 1) + 1), random.below(side * (zoom - 1) + 1));
            let row = |y: usize| &whole.rgb[((top + y) * side * zoom + left) * 3..][..side * 3];
            let crop = (0..side).flat_map(row).copied().collect();
            progress(done.fetch_add(1, std::sync::atomic::Ordering::Relaxed) as f32 / count as f32);
            crop
        };
        let bytes = (0..count).into_par_iter().map(draw).collect::<Vec<_>>().concat();
        Self { side, bytes }
    }

    /// Square pictures of one size; none where they are not, or where there are none.
    #[must_use]
    pub fn of(pictures: &[RgbImage]) -> Option<Self> {
        let side = pictures.first()?.width();
        let square = pictures.iter().all(|picture| picture.dimensions() == (side, side));
        let bytes = pictures.iter().flat_map(RgbImage::as_raw).copied().collect();
        (square && side > 0).then_some(Self { side: side as usize, bytes })
    }

    /// Whole scenes with seeds that no run trains on, `each` of every class.
    #[must_use]
    pub fn held_out_scenes(each: usize, side: usize, first: u64) -> Self {
        let of_class = |class: &Class| {
            (0..each as u64)
                .map(|i| render(*class, FIRST_HELD_OUT_SEED + first + i, side as u32, side as u32).rgb)
                .collect::<Vec<_>>()
        };
        let bytes = Class::ALL.par_iter().flat_map(of_class).collect::<Vec<_>>().concat();
        Self { side, bytes }
    }

    /// All pictures of a folder or of shards ([`DataSet::open`]): each is scaled so that its smaller side is `side`, and its
    /// middle is kept.
    ///
    /// # Errors
    /// [`DataError`] when they cannot be read or none is usable. Single files that cannot be used are skipped and named.
    pub fn folder(path: &Path, side: usize) -> Result<(Self, Vec<Skipped>), DataError> {
        let set = DataSet::open(path)?;
        let (mut bytes, mut skipped) = (Vec::new(), set.skipped().to_vec());
        for square in middle_squares(&set, 0..set.len(), side) {
            match square {
                Ok(picture) => bytes.extend_from_slice(picture.as_raw()),
                Err(file) => skipped.push(file),
            }
        }
        skipped.sort();
        if bytes.is_empty() {
            return Err(DataError::NoPictures { path: path.to_owned(), side, skipped: skipped.len() });
        }
        Ok((Self { side, bytes }, skipped))
    }

    /// Writes all pictures to a file that [`open`](Self::open) reads.
    ///
    /// # Errors
    /// [`DataError::Io`].
    pub fn save(&self, path: &Path) -> Result<(), DataError> {
        write_whole(path, |file| {
            file.write_all(MAGIC)?;
            file.write_all(&(self.side as u64).to_le_bytes())?;
            file.write_all(&(self.len() as u64).to_le_bytes())?;
            file.write_all(&self.bytes)
        })
        .map_err(|source| DataError::Io { path: path.to_owned(), source })
    }

    /// Reads a file that [`save`](Self::save) wrote, also one of an older version, which did not store the number of pictures.
    ///
    /// # Errors
    /// [`DataError`].
    pub fn open(path: &Path) -> Result<Self, DataError> {
        let io = |source| DataError::Io { path: path.to_owned(), source };
        let format = |reason: &str| DataError::Format { path: path.to_owned(), reason: reason.to_owned() };
        check_file(path).map_err(io)?;
        let mut file = fs::File::open(path).map_err(io)?;
        let mut head = [0u8; 16];
        file.read_exact(&mut head).map_err(io)?;
        let has_count = &head[..8] == MAGIC;
        if !has_count && &head[..8] != MAGIC_WITHOUT_COUNT {
            return Err(format("not a file of pictures (make one with `ibq-train pictures`)"));
        }
        let side = u64::from_le_bytes(head[8..].try_into().unwrap_or_default());
        let side = usize::try_from(side).ok().filter(|side| (1..=4096).contains(side));
        let side = side.ok_or_else(|| format("its pictures have an impossible size"))?;
        let mut count = [0u8; 8];
        if has_count {
            file.read_exact(&mut count).map_err(io)?;
        }
        let mut bytes = Vec::new();
        file.read_to_end(&mut bytes).map_err(io)?;
        if bytes.is_empty() || bytes.len() % (side * side * 3) != 0 {
            return Err(format("its last picture is cut short"));
        }
        let (stated, found) = (u64::from_le_bytes(count), (bytes.len() / (side * side * 3)) as u64);
        if has_count && stated != found {
            let reason = format!("it has {found} pictures, but its header says {stated}: it is not whole");
            return Err(DataError::Format { path: path.to_owned(), reason });
        }
        Ok(Self { side, bytes })
    }

    /// The picture at `index`.
    #[must_use]
    pub fn get(&self, index: usize) -> RgbImage {
        let bytes = self.bytes[index * self.size()..][..self.size()].to_vec();
        RgbImage::from_raw(self.side as u32, self.side as u32, bytes).unwrap_or_default()
    }

    /// Pictures at `indices` as `[B, 3, side, side]` in [-1, 1].
    #[must_use]
    pub fn tensor(&self, indices: &[usize], device: &Device) -> Tensor<4> {
        let whole = |index: &usize| Crop { index: *index, left: 0, top: 0, mirrored: false };
        self.crops(&indices.iter().map(whole).collect::<Vec<_>>(), self.side, device)
    }

    /// `count` squares of `side` pixels at random from random pictures, half of them mirrored, as
    /// `[count, 3, side, side]` in [-1, 1]. `side` must not be larger than the pictures.
    #[must_use]
    pub fn random_crops(&self, count: usize, side: usize, random: &mut Random, device: &Device) -> Tensor<4> {
        let room = self.side - side + 1;
        let mut pick = || Crop {
            index: random.below(self.len()),
            left: random.below(room),
            top: random.below(room),
            mirrored: random.below(2) == 1,
        };
        let crops: Vec<Crop> = (0..count).map(|_| pick()).collect();
        self.crops(&crops, side, device)
    }

    fn crops(&self, crops: &[Crop], side: usize, device: &Device) -> Tensor<4> {
        let mut values = Vec::with_capacity(crops.len() * side * side * 3);
        for crop in crops {
            let picture = &self.bytes[crop.index * self.size()..][..self.size()];
            for channel in 0..3 {
                for row in picture.chunks_exact(self.side * 3).skip(crop.top).take(side) {
                    let column = |x: usize| crop.left + if crop.mirrored { side - 1 - x } else { x };
                    values.extend((0..side).map(|x| pixel_to_model(row[column(x) * 3 + channel])));
                }
            }
        }
        Tensor::from_data(TensorData::new(values, [crops.len(), 3, side, side]), device)
    }
}

/// A square of a picture.
struct Crop {
    index: usize,
    left: usize,
    top: usize,
    mirrored: bool,
}

/// Pictures `[B, 3, H, W]` in [-1, 1] as 8-bit pictures, as the official code writes them.
#[must_use]
pub fn to_pictures(tensor: &Tensor<4>) -> Vec<RgbImage> {
    let [batch, _, height, width] = tensor.dims();
    let values: Vec<f32> = tensor.to_data().iter::<f32>().collect();
    let area = height * width;
    let of_picture = |index: usize| {
        let planes = &values[index * 3 * area..][..3 * area];
        RgbImage::from_fn(width as u32, height as u32, |x, y| {
            let place = y as usize * width + x as usize;
            image::Rgb([0, 1, 2].map(|c| model_to_pixel(planes[c * area + place])))
        })
    };
    (0..batch).map(of_picture).collect()
}
