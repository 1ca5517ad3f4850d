//! From weights in files to matrices on the GPU: turned, folded and quantized piece by piece.

use ibq_shaders::{Kernel, Storage, WeightFormat, params::LinearWeightsParams};

use crate::{
    gpu::{Bound, Buffer, DispatchBuilder, Extent, Gpu, encode_values},
    job::Job,
};

use super::{
    TransformerConfig, TransformerError, TransformerPrecision, TransformerWeights,
    layers::{HEAD_PIECE, Layer, element_bytes},
    matrix::{Head, Matrix, Table},
};

/// Bytes of f32 weights that are on their way to the GPU at one time.
const PIECE: u64 = 16 << 20;

/// Reads tensors and brings them to the GPU.
pub(super) struct Loader<'a> {
    gpu: &'a Gpu,
    weights: &'a TransformerWeights,
    storage: Storage,
    format: WeightFormat,
    job: &'a Job,
    staging: Buffer,
    total: f32,
    done: f32,
}

impl<'a> Loader<'a> {
    /// A loader for one model.
    ///
    /// # Errors
    /// [`TransformerError`]: no memory, weights that are stored quantized in another way.
    pub(super) async fn new(
        gpu: &'a Gpu,
        weights: &'a TransformerWeights,
        precision: TransformerPrecision,
        job: &'a Job,
    ) -> Result<Self, TransformerError> {
        if let Some(stored) = weights.quantized()
            && stored != precision
        {
            let (stored, asked) = (stored.name(), precision.name());
            let reason = format!("{} is stored as {stored}; it cannot become {asked}", weights.name());
            return Err(TransformerError::Input(reason));
        }
        let config = weights.config();
        let staging = gpu
            .buffer(
                "weights on their way",
                PIECE.max(16 * u64::from(config.n_embd.max(config.ffn_dim))),
                wgpu::BufferUsages::STORAGE | wgpu::BufferUsages::COPY_DST,
            )
            .await?;
        let (storage, format) = (precision.storage(gpu), precision.format());
        let total = config.parameter_count() as f32;
        Ok(Self { gpu, weights, storage, format, job, staging, total, done: 0.0 })
    }

    /// Rows of `columns` f32 values that fit the staging buffer, a multiple of four.
    fn rows_at_once(&self, columns: u32) -> u32 {
        (self.staging.bytes / 4 / u64::from(columns)) as u32 / 4 * 4
    }

    fn progress(&mut self, values: u64) -> Result<(), TransformerError> {
        self.job.check()?;
        self.done += values as f32;
        self.job.set_progress((self.done / self.total).min(1.0));
        Ok(())
    }

    /// Most bytes of a buffer that kernels see as a whole.
    fn limit(&self) -> u64 {
        let limits = self.gpu.limits();
        limits.max_storage_buffer_binding_size.min(limits.max_buffer_size)
    }

    /// A buffer that kernels see as a whole.
    async fn buffer(&self, what: &str, bytes: u64) -> Result<Buffer, TransformerError> {
        let limit = self.limit();
        if bytes > limit {
            let advice = "use a smaller precision";
            return Err(TransformerError::TooLarge { what: format!("`{what}`"), bytes, limit, advice });
        }
        let usage = wgpu::BufferUsages::STORAGE | wgpu::BufferUsages::COPY_DST | wgpu::BufferUsages::COPY_SRC;
        Ok(self.gpu.buffer(what, bytes, usage).await?)
    }

    /// A table whose rows are looked up.
    pub(super) async fn table(
        &mut self,
        name: &str,
        rows: u32,
        columns: u32,
    ) -> Result<Table, TransformerError> {
        let row = u64::from(columns / 4) * self.storage.bytes_of_four();
        let shard = ((self.limit() / row) as u32).min(rows).max(1);
        let mut shards = Vec::new();
        for begin in (0..rows).step_by(shard as usize) {
            let end = rows.min(begin.saturating_add(shard));
            let buffer = self.buffer(name, u64::from(end - begin) * row).await?;
            let most = self.rows_at_once(columns);
            for first in (begin..end).step_by(most as usize) {
                let values = self.weights.read_rows(name, first, most.min(end - first)).await?;
                let content = encode_values(&values, self.storage);
                self.gpu.write_large(&buffer, u64::from(first - begin) * row, &content).await?;
                self.progress(values.len() as u64)?;
            }
            shards.push(buffer);
        }
        Ok(Table { shards, rows: shard })
    }

    /// The vectors of the classes, which are one binding.
    pub(super) async fn classes(&mut self) -> Result<Buffer, TransformerError> {
        let (name, config) = ("class_emb.embedding_table.weight", self.weights.config());
        let rows = config.class_num + 1;
        let table = self.table(name, rows, config.n_embd).await?;
        let bytes = table.shards.iter().map(|shard| shard.bytes).sum();
        let mut shards = table.shards.into_iter();
        match (shards.next(), shards.next()) {
            (Some(only), None) => Ok(only),
            _ => {
                let (what, limit) = (format!("`{name}`"), self.limit());
                let advice = "use a smaller precision";
                Err(TransformerError::TooLarge { what, bytes, limit, advice })
            }
        }
    }

    /// The layer that makes the logits. What is stored quantized comes in the pieces of its file.
    pub(super) async fn head(&mut self) -> Result<Head, TransformerError> {
        let config = self.weights.config();
        let layer = config.head_layer();
        let mut shards = Vec::new();
        let rows = if self.weights.quantized().is_some() {
            for (_, piece) in config.head_pieces() {
                shards.push(self.stored(&piece).await?);
            }
            HEAD_PIECE
        } else {
            // Shards begin where bindings may: every 256 bytes of logits.
            let four = u64::from(layer.k4()) * self.element(layer.format(self.format));
            let most =
                (self.limit() / four * 4 / 64 * 64).min(u64::from(layer.rows).next_multiple_of(64)) as u32;
            let most = most.max(64);
            for first in (0..layer.rows).step_by(most as usize) {
                let end = layer.rows.min(first + most);
                shards.push(self.made(&layer, first, end - first, None).await?);
            }
            most
        };
        Ok(Head { shards, shard4: rows / 4, o4: layer.o4(layer.rows) })
    }

    /// A linear layer, quantized here or in the file.
    pub(super) async fn layer(&mut self, layer: &Layer) -> Result<Matrix, TransformerError> {
        if self.weights.quantized().is_some() {
            self.stored(layer).await
        } else {
            self.made(layer, 0, layer.rows, None).await
        }
    }

    /// Bytes of one element of a matrix.
    fn element(&self, format: WeightFormat) -> u64 {
        element_bytes(format, self.storage.bytes_of_four())
    }

    async fn empty(&self, layer: &Layer, rows: u32) -> Result<Matrix, TransformerError> {
        let (k4, o4, format) = (layer.k4(), layer.o4(rows), layer.format(self.format));
        let (weights, scales) = layer.bytes(rows, self.format, self.storage.bytes_of_four());
        let weights = self.buffer(&layer.stem, weights).await?;
        let scales = match scales {
            Some(bytes) => Some(self.buffer(&layer.stem, bytes).await?),
            None => None,
        };
        Ok(Matrix { weights, scales, k4, o4, format })
    }

    /// A layer that is stored as the kernels read it.
    async fn stored(&mut self, layer: &Layer) -> Result<Matrix, TransformerError> {
        let matrix = self.empty(layer, layer.rows).await?;
        for (buffer, name) in [Some(&matrix.weights), matrix.scales.as_ref()]
            .into_iter()
            .flatten()
            .zip(layer.stored_names(self.format))
        {
            let scales = name.ends_with("scales");
            let rows = if scales { matrix.k4.div_ceil(matrix.format.group4()) } else { matrix.k4 };
            let row = u64::from(matrix.o4) * if scales { 16 } else { self.element(matrix.format) };
            let most = (PIECE / row).max(1);
            for first in (0..rows).step_by(most as usize) {
                let count = (most as u32).min(rows - first);
                let words = self.weights.read_words(&name, first, count).await?;
                let content = bytemuck::cast_slice(&words);
                self.gpu.write_large(buffer, u64::from(first) * row, content).await?;
                self.job.check()?;
            }
        }
        self.progress(16 * u64::from(matrix.k4) * u64::from(matrix.o4))?;
        Ok(matrix)
    }

    /// Some rows of a layer, from its matrices in the file; with two of them, four rows of each in turn. Rows may be
    /// multiplied by factors.
    pub(super) async fn made(
        &mut self,
        layer: &Layer,
        begin: u32,
        rows: u32,
        factors: Option<&[f32]>,
    ) -> Result<Matrix, TransformerError> {
        let matrix = self.empty(layer, rows).await?;
        let (count, columns) = (layer.weights.len() as u32, layer.columns);
        let most = self.rows_at_once(columns);
        for (offset, name) in layer.weights.iter().enumerate() {
            for first in (0..rows).step_by(most as usize) {
                let mut values = self.weights.read_rows(name, begin + first, most.min(rows - first)).await?;
                if let Some(factors) = factors {
                    let rows = values.chunks_exact_mut(columns as usize);
                    for (row, factor) in rows.zip(&factors[(begin + first) as usize..]) {
                        row.iter_mut().for_each(|value| *value *= factor);
                    }
                }
                self.gpu.write(&self.staging, 0, bytemuck::cast_slice(&values));
                let rows = values.len() as u32 / columns;
                let mut bindings = vec![Bound::whole(&self.staging), Bound::whole(&matrix.weights)];
                bindings.extend(matrix.scales.as_ref().map(Bound::whole));
                let groups = matrix.k4.div_ceil(matrix.format.group4());
                let dispatch = DispatchBuilder {
                    kernel: Kernel::LinearWeights(matrix.format),
                    storage: self.storage,
                    params: LinearWeightsParams {
                        rows,
                        k4: matrix.k4,
                        o4: matrix.o4,
                        first4: first / 4 * count + offset as u32,
                        step4: count,
                    }
                    .into(),
                    bindings,
                    extent: Extent::Elements(u64::from(rows.div_ceil(4)) * u64::from(groups)),
                    label: "linear_weights".into(),
                    flops: 0.0,
                    bytes: values.len() as f64 * 4.0,
                };
                let dispatch = dispatch.build(self.gpu).await?;
                self.gpu.run(&[dispatch], false, self.job, |_| {}).await?;
                self.progress(values.len() as u64)?;
            }
        }
        Ok(matrix)
    }

    /// The layer that makes the vectors of adaptive layer norm, and its bias.
    pub(super) async fn condition(&mut self, layer: &Layer) -> Result<(Matrix, Buffer), TransformerError> {
        let (bias, factors) = self.folded(layer).await?;
        let matrix = match factors {
            Some(factors) => self.made(layer, 0, layer.rows, Some(&factors)).await?,
            None => self.stored(layer).await?,
        };
        let bias = self.gpu.upload(&layer.stem, bytemuck::cast_slice(&bias)).await?;
        Ok((matrix, bias))
    }

    /// The bias of a layer that makes the vectors of adaptive layer norm, and what its rows are multiplied with. Instead of
    /// a scale s the layer makes w · (1 + s), with w the weight of the norm: what the kernels multiply with. In files with
    /// quantized layers that is done already.
    pub(super) async fn folded(
        &mut self,
        layer: &Layer,
    ) -> Result<(Vec<f32>, Option<Vec<f32>>), TransformerError> {
        if self.weights.quantized().is_some() {
            return Ok((self.weights.read(&layer.folded_bias()).await?, None));
        }
        let columns = layer.columns as usize;
        let mut bias = self.weights.read(&format!("{}.bias", layer.stem)).await?;
        let mut factors = vec![1.0; layer.rows as usize];
        for (part, norm) in &layer.norms {
            let norm = self.weights.read(norm).await?;
            let range = part * columns..(part + 1) * columns;
            for (value, weight) in bias[range.clone()].iter_mut().zip(&norm) {
                *value = weight * (1.0 + *value);
            }
            factors[range].copy_from_slice(&norm);
        }
        Ok((bias, Some(factors)))
    }
}

/// Cosine and sine of [position, pair]: the first half of a head's pairs turns with the row, the second with the column.
/// The class, at position 0, has zeros: its queries and keys vanish.
pub(super) fn rotations(config: &TransformerConfig) -> Vec<f32> {
    let pairs = config.head_size() / 2;
    let axis = pairs / 2;
    let mut table = vec![0.0; 2 * pairs as usize];
    for token in 0..config.block_size {
        let (row, column) = (token / config.side(), token % config.side());
        for pair in 0..pairs {
            let at = if pair < axis { row } else { column };
            let frequency = 10_000_f64.powf(-f64::from(pair % axis) / f64::from(axis));
            let (sine, cosine) = (f64::from(at) * frequency).sin_cos();
            table.extend([cosine as f32, sine as f32]);
        }
    }
    table
}
