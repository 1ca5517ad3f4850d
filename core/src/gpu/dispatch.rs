//! One run of a kernel as plain data: pipeline, bindings, workgroups, and what it costs.

use std::sync::Arc;

use ibq_shaders::{Kernel, Storage, params::Params};

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

/// How much a dispatch runs.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Extent {
    /// One invocation for each of so many elements, in a row of workgroups that is folded.
    Elements(u64),
    /// Workgroups: x, y, z.
    Workgroups([u32; 3]),
}

/// What is known of a dispatch before its pipeline and bindings are made.
pub(crate) struct DispatchBuilder<'a> {
    pub(crate) kernel: Kernel,
    pub(crate) storage: Storage,
    /// The struct of the kernel's parameters.
    pub(crate) params: Params,
    /// Bindings 1, 2, ….
    pub(crate) bindings: Vec<Bound<'a>>,
    pub(crate) extent: Extent,
    pub(crate) label: Arc<str>,
    pub(crate) flops: f64,
    pub(crate) bytes: f64,
}

impl DispatchBuilder<'_> {
    /// Makes pipeline, parameters and bindings.
    ///
    /// # Errors
    /// [`GpuError`]: no memory for the parameters, parameters of another kernel, or the driver refuses.
    pub(crate) async fn build(self, gpu: &Gpu) -> Result<Dispatch, GpuError> {
        let refused = |reason: &str| GpuError::Refused {
            what: format!("the kernel {:?}", self.kernel),
            reason: reason.to_owned(),
        };
        if self.params.layout() != self.kernel.params() {
            return Err(refused(&format!("takes other parameters than {}", self.params.layout().name)));
        }
        let size = self.kernel.workgroup_size().ok_or_else(|| refused("draws, and cannot be dispatched"))?;
        let workgroups = match self.extent {
            Extent::Elements(count) => {
                let invocations: u32 = size.iter().product();
                let (x, y) = fold(count.div_ceil(u64::from(invocations)));
                [x, y, 1]
            }
            Extent::Workgroups(workgroups) => workgroups,
        };
        let pipeline = gpu.pipelines().get(gpu.device(), self.kernel, self.storage).await?;
        let mut bytes = self.params.bytes().to_vec();
        bytes.resize(bytes.len().next_multiple_of(16), 0);
        let usage = wgpu::BufferUsages::UNIFORM | wgpu::BufferUsages::COPY_DST;
        let params = gpu.buffer("parameters", bytes.len() as u64, usage).await?;
        gpu.write(&params, 0, &bytes);
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
        let Self { label, flops, bytes, .. } = self;
        Ok(Dispatch { pipeline, group, workgroups, label, flops, bytes })
    }
}

/// Workgroups (x, y) for `count` workgroups in a row, where one dimension takes at most 65,535.
pub(crate) fn fold(count: u64) -> (u32, u32) {
    const MOST: u64 = 65_535;
    let rows = count.div_ceil(MOST).max(1);
    (count.div_ceil(rows).max(1) as u32, rows as u32)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::gpu::{AdapterChoice, GpuOptions};
    use ibq_shaders::params::{PeakArithmeticParams, PeakCopyParams};

    #[test]
    fn workgroups_are_folded_into_as_few_equal_rows_as_fit() {
        assert_eq!(fold(0), (1, 1));
        assert_eq!(fold(65_535), (65_535, 1));
        assert_eq!(fold(65_536), (32_768, 2));
        assert_eq!(fold(3 * 65_535 + 1), (49_152, 4));
    }

    #[test]
    fn a_dispatch_covers_its_elements_and_takes_only_the_parameters_of_its_kernel() {
        let options = GpuOptions { adapter: AdapterChoice::Software, tier: None, default_limits: true };
        pollster::block_on(async {
            let gpu = Gpu::open(&options).await.expect("a software adapter");
            let buffer = gpu.buffer("elements", 16, wgpu::BufferUsages::STORAGE).await.unwrap();
            let other = gpu.buffer("elements", 16, wgpu::BufferUsages::STORAGE).await.unwrap();
            let copy = |params| DispatchBuilder {
                kernel: Kernel::PeakCopy,
                storage: Storage::F32,
                params,
                bindings: vec![Bound::whole(&buffer), Bound::whole(&other)],
                extent: Extent::Elements(129),
                label: "copy".into(),
                flops: 0.0,
                bytes: 0.0,
            };
            let dispatch = copy(PeakCopyParams { elements: 1 }.into()).build(&gpu).await.unwrap();
            assert_eq!(dispatch.workgroups, [3, 1, 1]);
            let wrong = copy(PeakArithmeticParams { rounds: 1, factor: 1.0 }.into()).build(&gpu).await;
            let error = wrong.unwrap_err().to_string();
            assert!(error.contains("other parameters than PeakArithmeticParams"), "{error}");
        });
    }
}
