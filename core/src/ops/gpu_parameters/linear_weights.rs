//! The weights of linear layers and tables on the GPU, as the kernels read them.

use std::collections::HashMap;

use ibq_shaders::{Kernel, Storage, params::LinearWeightsParams};

use crate::{
    gpu::{Bound, Buffer, DispatchBuilder, Extent, Gpu, GpuError, RunError, encode_values},
    job::Job,
};

#[cfg(not(target_arch = "wasm32"))]
use crate::ops::PartWords;
use crate::ops::{LinearPart, LinearRows, LinearShape, LinearWords, PIECE};

/// Weights as `linear.wgsl` reads them.
#[derive(Debug)]
pub(crate) struct Matrix {
    pub(crate) weights: Buffer,
    pub(crate) scales: Option<Buffer>,
    pub(crate) shape: LinearShape,
}

/// The weights of one layer, in shards of outputs that fit a binding.
#[derive(Debug)]
pub(crate) struct LinearMatrices {
    pub(crate) shards: Vec<Matrix>,
    /// Outputs of each shard but the last.
    shard_rows: u32,
    /// Outputs of each shard but the last, in fours.
    pub(crate) shard4: u32,
    /// Outputs of all shards, in fours.
    pub(crate) o4: u32,
}

/// A table whose rows are looked up, in shards that fit a binding.
#[derive(Debug)]
pub(crate) struct ShardedTable {
    pub(crate) shards: Vec<Buffer>,
    /// Rows of each shard but the last.
    pub(crate) rows: u32,
    columns: u32,
    /// Rows that were put in.
    filled: u32,
}

/// Linear layers, tables and vectors by name.
#[derive(Debug, Default)]
pub(crate) struct LinearParameters {
    linears: HashMap<String, LinearMatrices>,
    tables: HashMap<String, ShardedTable>,
    vectors: HashMap<String, Buffer>,
    /// Weights on their way.
    staging: Option<Buffer>,
}

impl Matrix {
    fn bytes(&self) -> u64 {
        self.weights.bytes + self.scales.as_ref().map_or(0, |scales| scales.bytes)
    }
}

impl LinearMatrices {
    /// Bytes of all shards.
    pub(crate) fn bytes(&self) -> u64 {
        self.shards.iter().map(Matrix::bytes).sum()
    }
}

fn usage() -> wgpu::BufferUsages {
    wgpu::BufferUsages::STORAGE | wgpu::BufferUsages::COPY_DST | wgpu::BufferUsages::COPY_SRC
}

impl LinearParameters {
    /// A layer that was put in. That it was is a matter of this program, not of a file.
    pub(crate) fn linear(&self, name: &str) -> &LinearMatrices {
        &self.linears[name]
    }

    pub(crate) fn table(&self, name: &str) -> &ShardedTable {
        &self.tables[name]
    }

    pub(crate) fn vector(&self, name: &str) -> &Buffer {
        &self.vectors[name]
    }

    /// Bytes on the GPU.
    pub(crate) fn bytes(&self) -> u64 {
        let tables = self.tables.values().flat_map(|table| &table.shards);
        let buffers = tables.chain(self.vectors.values());
        self.linears.values().map(LinearMatrices::bytes).sum::<u64>()
            + buffers.map(|buffer| buffer.bytes).sum::<u64>()
    }

    /// Room for a layer, in shards of this many rows.
    pub(in crate::ops) async fn begin_linear(
        &mut self,
        gpu: &Gpu,
        storage: Storage,
        name: &str,
        shape: LinearShape,
        shard_rows: u32,
    ) -> Result<(), GpuError> {
        let mut shards = Vec::new();
        for first in (0..shape.rows).step_by(shard_rows.max(1) as usize) {
            let shape = LinearShape { rows: shard_rows.min(shape.rows - first), ..shape };
            let (weights, scales) = shape.bytes(storage.bytes_of_four());
            let weights = gpu.buffer(name, weights, usage()).await?;
            let scales = match scales {
                Some(bytes) => Some(gpu.buffer(name, bytes, usage()).await?),
                None => None,
            };
            shards.push(Matrix { weights, scales, shape });
        }
        let shard4 = LinearShape { rows: shard_rows.min(shape.rows), ..shape }.o4();
        let matrices = LinearMatrices { shards, shard_rows, shard4, o4: shape.o4() };
        self.linears.insert(name.to_owned(), matrices);
        Ok(())
    }

    /// Puts rows of one matrix of a layer in: turned, and rounded or quantized.
    pub(in crate::ops) async fn put_rows(
        &mut self,
        gpu: &Gpu,
        storage: Storage,
        name: &str,
        LinearRows { matrix, first }: LinearRows,
        values: &[f32],
        job: &Job,
    ) -> Result<(), RunError> {
        if self.staging.is_none() {
            let usage = wgpu::BufferUsages::STORAGE | wgpu::BufferUsages::COPY_DST;
            self.staging = Some(gpu.buffer("weights on their way", PIECE, usage).await?);
        }
        let Some(staging) = &self.staging else { unreachable!("made above") };
        let layer = &self.linears[name];
        let Matrix { weights, scales, shape } = &layer.shards[(first / layer.shard_rows) as usize];
        let first = first % layer.shard_rows;
        gpu.write(staging, 0, bytemuck::cast_slice(values));
        let rows = values.len() as u32 / shape.inputs;
        let mut bindings = vec![Bound::whole(staging), Bound::whole(weights)];
        bindings.extend(scales.as_ref().map(Bound::whole));
        let groups = shape.part_rows(LinearPart::Scales);
        let dispatch = DispatchBuilder {
            kernel: Kernel::LinearWeights(shape.format),
            storage,
            params: LinearWeightsParams {
                rows,
                k4: shape.k4(),
                o4: shape.o4(),
                first4: first / 4 * shape.matrices + matrix,
                step4: shape.matrices,
            }
            .into(),
            bindings,
            extent: Extent::Elements(u64::from(rows.div_ceil(4)) * u64::from(groups)),
            label: "linear_weights".into(),
            flops: 0.0,
            bytes: values.len() as f64 * 4.0,
        };
        let dispatch = dispatch.build(gpu).await?;
        gpu.run(&[dispatch], false, job, |_| {}).await?;
        Ok(())
    }

    /// Puts words of a shard in that begins with row `first`, from row `row` of the part on.
    pub(in crate::ops) async fn put_words(
        &mut self,
        gpu: &Gpu,
        name: &str,
        LinearWords { part, outputs, row }: LinearWords,
        words: &[u32],
    ) -> Result<(), GpuError> {
        let first = outputs.start;
        let layer = &self.linears[name];
        let matrix = &layer.shards[(first / layer.shard_rows) as usize];
        let buffer = match part {
            LinearPart::Levels => Some(&matrix.weights),
            LinearPart::Scales => matrix.scales.as_ref(),
        };
        let Some(buffer) = buffer else { return Ok(()) };
        let offset = u64::from(row) * matrix.shape.part_row_bytes(part);
        gpu.write_large(buffer, offset, bytemuck::cast_slice(words)).await
    }

    /// Takes a layer out again: the words of a part of each of its shards.
    #[cfg(not(target_arch = "wasm32"))]
    pub(in crate::ops) async fn take_words(
        &mut self,
        gpu: &Gpu,
        name: &str,
    ) -> Result<Vec<PartWords>, GpuError> {
        let mut parts = Vec::new();
        for matrix in self.linears.remove(name).into_iter().flat_map(|layer| layer.shards) {
            let buffers =
                [(LinearPart::Levels, Some(&matrix.weights)), (LinearPart::Scales, matrix.scales.as_ref())];
            for (part, buffer) in buffers {
                let Some(buffer) = buffer else { continue };
                let shape = matrix.shape;
                let bytes = u64::from(shape.part_rows(part)) * shape.part_row_bytes(part);
                parts.push((part, gpu.read_words(buffer, bytes / 4).await?));
            }
        }
        Ok(parts)
    }

    /// Room for a table, in shards of this many rows.
    pub(in crate::ops) async fn begin_table(
        &mut self,
        gpu: &Gpu,
        storage: Storage,
        name: &str,
        (rows, columns): (u32, u32),
        shard_rows: u32,
    ) -> Result<(), GpuError> {
        let row = u64::from(columns / 4) * storage.bytes_of_four();
        let mut shards = Vec::new();
        for first in (0..rows).step_by(shard_rows.max(1) as usize) {
            let bytes = u64::from(shard_rows.min(rows - first)) * row;
            shards.push(gpu.buffer(name, bytes, usage()).await?);
        }
        let table = ShardedTable { shards, rows: shard_rows, columns, filled: 0 };
        self.tables.insert(name.to_owned(), table);
        Ok(())
    }

    /// Puts the next rows of a table in; none of them may be of two shards.
    pub(in crate::ops) async fn put_table_rows(
        &mut self,
        gpu: &Gpu,
        storage: Storage,
        name: &str,
        values: &[f32],
    ) -> Result<(), GpuError> {
        let Some(table) = self.tables.get_mut(name) else { return Ok(()) };
        let row = u64::from(table.columns / 4) * storage.bytes_of_four();
        let (shard, first) = (table.filled / table.rows, table.filled % table.rows);
        let content = encode_values(values, storage);
        gpu.write_large(&table.shards[shard as usize], u64::from(first) * row, &content).await?;
        table.filled += values.len() as u32 / table.columns;
        Ok(())
    }

    /// Puts a vector in.
    pub(in crate::ops) async fn put_vector(
        &mut self,
        gpu: &Gpu,
        name: &str,
        values: &[f32],
    ) -> Result<(), GpuError> {
        let buffer = gpu.upload(name, bytemuck::cast_slice(values)).await?;
        self.vectors.insert(name.to_owned(), buffer);
        Ok(())
    }

    /// Gives up what only loading needed.
    pub(in crate::ops) fn finish(&mut self) {
        self.staging = None;
    }
}
