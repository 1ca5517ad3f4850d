//! The parameters of a model on the GPU, laid out as the kernels read them.

mod linear_weights;

use std::collections::HashMap;

use ibq_shaders::{LookupScore, Storage};

use crate::{
    gpu::{Bound, Buffer, Gpu, GpuError, decode_values, encode_values},
    picture::pixel_to_model,
};

use linear_weights::LinearParameters;

/// All parameters of one model.
#[derive(Debug)]
pub(crate) struct Parameters {
    /// By layer name: weights [ky, kx, in channels padded to four, out channels in fours] and bias.
    convs: HashMap<String, (Buffer, Buffer)>,
    /// By layer name: weight and bias, f32.
    norms: HashMap<String, (Buffer, Buffer)>,
    pub(crate) codebook: Codebook,
    pub(crate) linear: LinearParameters,
    /// The network's value of each 8-bit value.
    pub(crate) pixel_table: Buffer,
    /// Bound where a kernel's bias is not used.
    nothing: Buffer,
    pub(in crate::ops) storage: Storage,
}

/// The codes, in shards that each fit a binding.
#[derive(Debug, Default)]
pub(crate) struct Codebook {
    /// Number of codes K.
    pub(crate) codes: u32,
    pub(crate) shards: Vec<Shard>,
}

/// Some of the codes: [dimension padded to four, codes in fours].
#[derive(Debug)]
pub(crate) struct Shard {
    pub(crate) buffer: Buffer,
    /// `-|c|² / 2` of every code, f32, where codes are compared by distance: added to a dot product it gives the score.
    pub(crate) bias: Option<Buffer>,
    /// Index of the first code.
    pub(crate) first: u32,
    pub(crate) codes: u32,
}

impl Parameters {
    /// No parameters yet.
    ///
    /// # Errors
    /// [`GpuError`]: no memory.
    pub(crate) async fn empty(gpu: &Gpu, storage: Storage) -> Result<Self, GpuError> {
        let table: Vec<f32> = (0..=255).map(pixel_to_model).collect();
        Ok(Self {
            convs: HashMap::new(),
            norms: HashMap::new(),
            codebook: Codebook::default(),
            linear: LinearParameters::default(),
            pixel_table: gpu.upload("pixel values", bytemuck::cast_slice(&table)).await?,
            nothing: gpu.upload("nothing", &[0; 16]).await?,
            storage,
        })
    }

    /// The weights of a convolution that was put in. That it was is a matter of this program, not of a file.
    pub(crate) fn conv(&self, name: &str) -> &Buffer {
        &self.convs[name].0
    }

    pub(crate) fn bias(&self, name: &str) -> &Buffer {
        &self.convs[name].1
    }

    pub(crate) fn norm(&self, name: &str) -> (&Buffer, &Buffer) {
        let (weight, bias) = &self.norms[name];
        (weight, bias)
    }

    pub(crate) fn nothing(&self) -> Bound<'_> {
        Bound::whole(&self.nothing)
    }

    /// Bytes on the GPU.
    pub(crate) fn bytes(&self) -> u64 {
        let pairs = self.convs.values().chain(self.norms.values());
        let bytes = |shard: &Shard| shard.buffer.bytes + shard.bias.as_ref().map_or(0, |bias| bias.bytes);
        let shards = self.codebook.shards.iter().map(bytes);
        pairs.map(|(weight, bias)| weight.bytes + bias.bytes).sum::<u64>()
            + shards.sum::<u64>()
            + self.linear.bytes()
    }

    /// Puts a convolution in; `weight` as in PyTorch: [out, in, side, side].
    ///
    /// # Errors
    /// [`GpuError`]: no memory.
    pub(crate) async fn put_conv(
        &mut self,
        gpu: &Gpu,
        name: &str,
        (cout, cin, side): (usize, usize, usize),
        weight: &[f32],
        bias: &[f32],
    ) -> Result<(), GpuError> {
        let permuted = permute(weight, cout, cin, side);
        let weight = gpu.upload(name, &encode_values(&permuted, self.storage)).await?;
        let bias = gpu.upload(name, bytemuck::cast_slice(&padded(bias))).await?;
        self.convs.insert(name.to_owned(), (weight, bias));
        Ok(())
    }

    /// Puts a GroupNorm in.
    ///
    /// # Errors
    /// [`GpuError`]: no memory.
    pub(crate) async fn put_norm(
        &mut self,
        gpu: &Gpu,
        name: &str,
        weight: &[f32],
        bias: &[f32],
    ) -> Result<(), GpuError> {
        let weight = gpu.upload(name, bytemuck::cast_slice(&padded(weight))).await?;
        let bias = gpu.upload(name, bytemuck::cast_slice(&padded(bias))).await?;
        self.norms.insert(name.to_owned(), (weight, bias));
        Ok(())
    }

    /// Adds the next codes, `rows` × `dimension` values, which will be compared by `score`.
    ///
    /// # Errors
    /// [`GpuError`]: no memory.
    pub(crate) async fn put_codes(
        &mut self,
        gpu: &Gpu,
        rows: &[f32],
        dimension: usize,
        score: LookupScore,
    ) -> Result<(), GpuError> {
        let codes = rows.len() / dimension;
        let width = codes.next_multiple_of(4);
        let mut turned = vec![0.0; dimension.next_multiple_of(4) * width];
        for (code, row) in rows.chunks_exact(dimension).enumerate() {
            for (d, &value) in row.iter().enumerate() {
                turned[d * width + code] = value;
            }
        }
        let turned = encode_values(&turned, self.storage);
        let buffer = gpu.upload("codebook", &turned).await?;
        let bias = match score {
            LookupScore::DotProduct => None,
            LookupScore::Distance => {
                // Of the codes as they are stored, so that rounding them moves norms and products alike.
                let bias = half_norms(&decode_values(&turned, self.storage), width);
                Some(gpu.upload("code norms", bytemuck::cast_slice(&bias)).await?)
            }
        };
        let shard = Shard { buffer, bias, first: self.codebook.codes, codes: codes as u32 };
        self.codebook.codes += codes as u32;
        self.codebook.shards.push(shard);
        Ok(())
    }
}

/// Codes of one shard, at most, for codes of this dimension: 64 MiB, so that neither the host nor a binding has to hold a
/// large codebook at once.
pub(crate) fn shard_codes(dimension: u32, storage: Storage) -> u32 {
    let row = u64::from(dimension.next_multiple_of(4)) * storage.bytes_of_four() / 4;
    (((64 << 20) / row) as u32 / 4 * 4).max(4)
}

/// [out, in, ky, kx] to [ky, kx, in padded to four, out padded to four].
fn permute(weight: &[f32], cout: usize, cin: usize, side: usize) -> Vec<f32> {
    let (in_width, out_width) = (cin.next_multiple_of(4), cout.next_multiple_of(4));
    let mut permuted = vec![0.0; side * side * in_width * out_width];
    for (index, &value) in weight.iter().enumerate() {
        let (tap, rest) = (index % (side * side), index / (side * side));
        let (i, o) = (rest % cin, rest / cin);
        permuted[(tap * in_width + i) * out_width + o] = value;
    }
    permuted
}

/// `-|c|² / 2` of every column of a matrix with rows of `width` values, summed in f64.
fn half_norms(columns: &[f32], width: usize) -> Vec<f32> {
    let mut sums = vec![0.0f64; width];
    for row in columns.chunks_exact(width) {
        for (sum, &value) in sums.iter_mut().zip(row) {
            *sum += f64::from(value) * f64::from(value);
        }
    }
    sums.iter().map(|sum| (-sum / 2.0) as f32).collect()
}

fn padded(values: &[f32]) -> Vec<f32> {
    let mut values = values.to_vec();
    values.resize(values.len().next_multiple_of(4), 0.0);
    values
}
