//! From weights in files to parameters on the GPU: turned, folded and quantised piece by piece.

use ibq_shaders::{Kernel, Storage, WeightForm};
use serde::{Deserialize, Serialize};

use crate::{
    gpu::{Bound, Buffer, DispatchBuilder, Gpu, fold},
    job::Job,
    ops::stored,
    weights::Precision,
};

use super::{TransformerConfig, TransformerError, TransformerWeights};

/// Bytes of f32 weights that are on their way to the GPU at one time.
const PIECE: u64 = 16 << 20;

/// How the weights of a transformer are stored. Sums are always f32; keys and values are f32 or, with anything smaller,
/// 16-bit floats.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum TransformerPrecision {
    /// 32-bit floats.
    #[default]
    F32,
    /// 16-bit floats.
    F16,
    /// 8 bits, with two 16-bit floats for 128 weights.
    Int8,
    /// 4 bits, with two 16-bit floats for 64 weights.
    Int4,
}

impl TransformerPrecision {
    /// All of them, the most exact first.
    pub const ALL: [Self; 4] = [Self::F32, Self::F16, Self::Int8, Self::Int4];

    /// As on the command line.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::F32 => "f32",
            Self::F16 => "f16",
            Self::Int8 => "int8",
            Self::Int4 => "int4",
        }
    }

    pub(super) fn form(self) -> WeightForm {
        match self {
            Self::F32 | Self::F16 => WeightForm::Float,
            Self::Int8 => WeightForm::Int8,
            Self::Int4 => WeightForm::Int4,
        }
    }

    pub(super) fn storage(self, gpu: &Gpu) -> Storage {
        gpu.storage(if self == Self::F32 { Precision::F32 } else { Precision::F16 })
    }
}

/// The weights of one linear layer, as `linear.wgsl` reads them.
#[derive(Debug)]
pub(super) struct Matrix {
    pub(super) weights: Buffer,
    pub(super) scales: Option<Buffer>,
    /// Inputs and outputs, in fours.
    pub(super) k4: u32,
    pub(super) o4: u32,
    pub(super) form: WeightForm,
}

/// The parameters of one block.
#[derive(Debug)]
pub(super) struct Block {
    pub(super) condition: Matrix,
    pub(super) condition_bias: Buffer,
    pub(super) qkv: Matrix,
    pub(super) output: Matrix,
    /// `w1` and `w3`, four rows of each in turn.
    pub(super) gate: Matrix,
    pub(super) down: Matrix,
}

/// All parameters of a transformer.
#[derive(Debug)]
pub(super) struct Parameters {
    pub(super) table: Buffer,
    pub(super) classes: Buffer,
    pub(super) blocks: Vec<Block>,
    pub(super) head_condition: Matrix,
    pub(super) head_condition_bias: Buffer,
    pub(super) head: Matrix,
    /// Cosine and sine of every position and pair.
    pub(super) rotation: Buffer,
}

impl Matrix {
    pub(super) fn bytes(&self) -> u64 {
        self.weights.bytes + self.scales.as_ref().map_or(0, |scales| scales.bytes)
    }
}

impl Parameters {
    /// Bytes on the GPU.
    pub(super) fn bytes(&self) -> u64 {
        let block = |block: &Block| {
            let matrices = [&block.condition, &block.qkv, &block.output, &block.gate, &block.down];
            block.condition_bias.bytes + matrices.iter().map(|matrix| matrix.bytes()).sum::<u64>()
        };
        let buffers = [&self.table, &self.classes, &self.head_condition_bias, &self.rotation];
        self.blocks.iter().map(block).sum::<u64>()
            + buffers.iter().map(|buffer| buffer.bytes).sum::<u64>()
            + self.head_condition.bytes()
            + self.head.bytes()
    }

    /// Reads every parameter and uploads it.
    ///
    /// # Errors
    /// [`TransformerError`]: a tensor that cannot be read, no memory, cancelled.
    pub(super) async fn load(
        gpu: &Gpu,
        weights: &TransformerWeights,
        precision: TransformerPrecision,
        job: &Job,
    ) -> Result<Self, TransformerError> {
        let config = weights.config();
        let (width, hidden) = (config.n_embd, config.ffn_dim);
        job.stage("load weights");
        let total = config.parameter_count() as f32;
        let staging = gpu
            .buffer(
                "weights on their way",
                PIECE.max(16 * u64::from(width.max(hidden))),
                wgpu::BufferUsages::STORAGE | wgpu::BufferUsages::COPY_DST,
            )
            .await?;
        let (storage, form) = (precision.storage(gpu), precision.form());
        let mut loader = Loader { gpu, weights, storage, form, job, staging, total, done: 0.0 };
        let table = loader.table("tok_emb.weight", config.vocab_size, width).await?;
        let classes = loader.table("class_emb.embedding_table.weight", config.class_num + 1, width).await?;
        let mut blocks = Vec::new();
        for index in 0..config.n_layer {
            let name = |part: &str| format!("blocks.{index}.{part}.weight");
            let norms = [name("attention_norm"), name("ffn_norm")];
            let layer = format!("blocks.{index}.ada_lin.1");
            // gamma1, gamma2, scale1, scale2, shift1, shift2.
            let scales = [(2, norms[0].as_str()), (3, norms[1].as_str())];
            let (condition, condition_bias) = loader.condition(&layer, 6, &scales, width).await?;
            blocks.push(Block {
                condition,
                condition_bias,
                qkv: loader.matrix(&[&name("attention.wqkv")], 3 * width, width, None).await?,
                output: loader.matrix(&[&name("attention.wo")], width, width, None).await?,
                gate: loader
                    .matrix(&[&name("feed_forward.w1"), &name("feed_forward.w3")], hidden, width, None)
                    .await?,
                down: loader.matrix(&[&name("feed_forward.w2")], width, hidden, None).await?,
            });
        }
        let scales = [(0, "head_nm.rmsnorm.weight")];
        let (head_condition, head_condition_bias) =
            loader.condition("head_nm.ada_lin.1", 2, &scales, width).await?;
        let head = loader.matrix(&["head.weight"], config.vocab_size, width, None).await?;
        let rotation = gpu.upload("rotations", bytemuck::cast_slice(&rotations(config))).await?;
        Ok(Self { table, classes, blocks, head_condition, head_condition_bias, head, rotation })
    }
}

/// Reads tensors and brings them to the GPU.
struct Loader<'a> {
    gpu: &'a Gpu,
    weights: &'a TransformerWeights,
    storage: Storage,
    form: WeightForm,
    job: &'a Job,
    staging: Buffer,
    total: f32,
    done: f32,
}

impl Loader<'_> {
    /// Rows of `columns` f32 values that fit the staging buffer, a multiple of four.
    fn rows_at_once(&self, columns: u32) -> u32 {
        (self.staging.bytes / 4 / u64::from(columns)) as u32 / 4 * 4
    }

    fn progress(&mut self, values: usize) -> Result<(), TransformerError> {
        self.job.check()?;
        self.done += values as f32;
        self.job.set_progress(self.done / self.total);
        Ok(())
    }

    /// A buffer that kernels see as a whole.
    async fn buffer(&self, what: &str, bytes: u64) -> Result<Buffer, TransformerError> {
        let limits = self.gpu.limits();
        let limit = limits.max_storage_buffer_binding_size.min(limits.max_buffer_size);
        if bytes > limit {
            let advice = "use a smaller precision";
            return Err(TransformerError::TooLarge { what: format!("`{what}`"), bytes, limit, advice });
        }
        let usage = wgpu::BufferUsages::STORAGE | wgpu::BufferUsages::COPY_DST | wgpu::BufferUsages::COPY_SRC;
        Ok(self.gpu.buffer(what, bytes, usage).await?)
    }

    /// A table whose rows are looked up.
    async fn table(&mut self, name: &str, rows: u32, columns: u32) -> Result<Buffer, TransformerError> {
        let row = u64::from(columns / 4) * self.storage.bytes_of_four();
        let buffer = self.buffer(name, u64::from(rows) * row).await?;
        let most = self.rows_at_once(columns);
        for first in (0..rows).step_by(most as usize) {
            let values = self.weights.read_rows(name, first, most.min(rows - first)).await?;
            self.gpu.write(&buffer, u64::from(first) * row, &stored(&values, self.storage));
            self.progress(values.len())?;
        }
        Ok(buffer)
    }

    /// A linear layer; with two names, four rows of each in turn. Rows may be multiplied by factors.
    async fn matrix(
        &mut self,
        names: &[&str],
        rows: u32,
        columns: u32,
        factors: Option<&[f32]>,
    ) -> Result<Matrix, TransformerError> {
        let count = names.len() as u32;
        let (k4, o4) = (columns / 4, rows.div_ceil(4) * count);
        let element = match self.form {
            WeightForm::Float => 4 * self.storage.bytes_of_four(),
            WeightForm::Int8 => 16,
            WeightForm::Int4 => 8,
        };
        let weights = self.buffer(names[0], u64::from(k4) * u64::from(o4) * element).await?;
        let scales = match self.form {
            WeightForm::Float => None,
            form => {
                let groups = u64::from(k4.div_ceil(form.group4()));
                Some(self.buffer(names[0], groups * u64::from(o4) * 16).await?)
            }
        };
        let most = self.rows_at_once(columns);
        for (offset, name) in names.iter().enumerate() {
            for first in (0..rows).step_by(most as usize) {
                let mut values = self.weights.read_rows(name, first, most.min(rows - first)).await?;
                if let Some(factors) = factors {
                    let rows = values.chunks_exact_mut(columns as usize);
                    for (row, factor) in rows.zip(&factors[first as usize..]) {
                        row.iter_mut().for_each(|value| *value *= factor);
                    }
                }
                self.gpu.write(&self.staging, 0, bytemuck::cast_slice(&values));
                let rows = values.len() as u32 / columns;
                let mut bindings = vec![Bound::whole(&self.staging), Bound::whole(&weights)];
                bindings.extend(scales.as_ref().map(Bound::whole));
                let (groups_x, groups_y) = fold(
                    (u64::from(rows.div_ceil(4)) * u64::from(k4.div_ceil(self.form.group4()))).div_ceil(64),
                );
                let dispatch = DispatchBuilder {
                    kernel: Kernel::LinearWeights(self.form),
                    storage: self.storage,
                    params: vec![rows, k4, o4, first / 4 * count + offset as u32, count],
                    bindings,
                    workgroups: [groups_x, groups_y, 1],
                    label: "linear_weights".into(),
                    flops: 0.0,
                    bytes: values.len() as f64 * 4.0,
                };
                let dispatch = dispatch.build(self.gpu).await?;
                self.gpu.run(&[dispatch], false, self.job, |_| {}).await?;
                self.progress(values.len())?;
            }
        }
        Ok(Matrix { weights, scales, k4, o4, form: self.form })
    }

    /// The layer that makes the vectors of adaptive layer norm. Instead of a scale s it makes w · (1 + s), with w the
    /// weight of the norm: what the kernels multiply with. `scales` lists which of the `parts` are scales, of which norm.
    async fn condition(
        &mut self,
        layer: &str,
        parts: usize,
        scales: &[(usize, &str)],
        width: u32,
    ) -> Result<(Matrix, Buffer), TransformerError> {
        let columns = width as usize;
        let mut bias = self.weights.read(&format!("{layer}.bias")).await?;
        let mut factors = vec![1.0; parts * columns];
        for &(part, norm) in scales {
            let norm = self.weights.read(norm).await?;
            let range = part * columns..(part + 1) * columns;
            for (value, weight) in bias[range.clone()].iter_mut().zip(&norm) {
                *value = weight * (1.0 + *value);
            }
            factors[range].copy_from_slice(&norm);
        }
        let name = format!("{layer}.weight");
        let matrix = self.matrix(&[&name], parts as u32 * width, width, Some(&factors)).await?;
        let bias = self.gpu.upload(layer, bytemuck::cast_slice(&bias)).await?;
        Ok((matrix, bias))
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
