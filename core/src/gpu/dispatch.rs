//! One run of a kernel as plain data: pipeline, bindings, workgroups, and what it costs.

use std::sync::Arc;

use ibq_shaders::{Kernel, Storage};

use super::{Gpu, GpuError, buffer::Buffer};

/// A part of a buffer that a kernel sees.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Bound<'a> {
    pub(crate) buffer: &'a Buffer,
    pub(crate) offset: u64,
    pub(crate) bytes: u64,
}

impl<'a> Bound<'a> {
    /// All of a buffer.
    pub(crate) fn whole(buffer: &'a Buffer) -> Self {
        Self { buffer, offset: 0, bytes: buffer.bytes }
    }
}

/// A kernel ready to run.
#[derive(Debug)]
pub(crate) struct Dispatch {
    pub(super) pipeline: wgpu::ComputePipeline,
    pub(super) group: wgpu::BindGroup,
    pub(super) workgroups: [u32; 3],
    /// What it does, for the table of kernel times: "conv2d 3×3 128→128".
    pub(crate) label: Arc<str>,
    /// Floating-point operations.
    pub(crate) flops: f64,
    /// Bytes that must move at least.
    pub(crate) bytes: f64,
}

/// What is known of a dispatch before its pipeline and bindings are made.
pub(crate) struct DispatchBuilder<'a> {
    pub(crate) kernel: Kernel,
    pub(crate) storage: Storage,
    /// The words of the kernel's `Params`.
    pub(crate) params: Vec<u32>,
    /// Bindings 1, 2, ….
    pub(crate) bindings: Vec<Bound<'a>>,
    pub(crate) workgroups: [u32; 3],
    pub(crate) label: Arc<str>,
    pub(crate) flops: f64,
    pub(crate) bytes: f64,
}

impl DispatchBuilder<'_> {
    /// Makes pipeline, parameters and bindings.
    ///
    /// # Errors
    /// [`GpuError`]: no memory for the parameters, or the driver refuses.
    pub(crate) async fn build(self, gpu: &Gpu) -> Result<Dispatch, GpuError> {
        let pipeline = gpu.pipelines().get(gpu.device(), self.kernel, self.storage).await?;
        let mut words = self.params;
        words.resize(words.len().next_multiple_of(4), 0);
        let usage = wgpu::BufferUsages::UNIFORM | wgpu::BufferUsages::COPY_DST;
        let params = gpu.buffer("parameters", 4 * words.len() as u64, usage).await?;
        gpu.write(&params, 0, bytemuck::cast_slice(&words));
        let parameters = Bound::whole(&params);
        let entries: Vec<wgpu::BindGroupEntry<'_>> = std::iter::once(&parameters)
            .chain(&self.bindings)
            .enumerate()
            .map(|(binding, bound)| wgpu::BindGroupEntry {
                binding: binding as u32,
                resource: wgpu::BindingResource::Buffer(wgpu::BufferBinding {
                    buffer: &bound.buffer.raw,
                    offset: bound.offset,
                    size: std::num::NonZeroU64::new(bound.bytes),
                }),
            })
            .collect();
        let group = gpu.device().create_bind_group(&wgpu::BindGroupDescriptor {
            label: Some(&self.label),
            layout: &pipeline.get_bind_group_layout(0),
            entries: &entries,
        });
        let (workgroups, label) = (self.workgroups, self.label);
        Ok(Dispatch { pipeline, group, workgroups, label, flops: self.flops, bytes: self.bytes })
    }
}

/// Workgroups (x, y) for `count` workgroups in a row, where one dimension takes at most 65,535.
pub(crate) fn fold(count: u64) -> (u32, u32) {
    const MOST: u64 = 65_535;
    let rows = count.div_ceil(MOST).max(1);
    (count.div_ceil(rows).max(1) as u32, rows as u32)
}
