//! Compute pipelines, compiled once per device.

use std::{collections::HashMap, sync::Mutex};

use ibq_shaders::{Kernel, Storage};

use super::{GpuError, error::one_line, lock::lock};

/// The pipelines of one device. Compilation takes a driver up to a second, so each is made once, when first needed.
#[derive(Debug, Default)]
pub(super) struct PipelineCache(Mutex<HashMap<(Kernel, Storage), wgpu::ComputePipeline>>);

impl PipelineCache {
    /// The pipeline of a kernel.
    ///
    /// # Errors
    /// [`GpuError::Refused`] when the driver does not take the shader.
    pub(super) async fn get(
        &self,
        device: &wgpu::Device,
        kernel: Kernel,
        storage: Storage,
    ) -> Result<wgpu::ComputePipeline, GpuError> {
        if let Some(pipeline) = lock(&self.0).get(&(kernel, storage)) {
            return Ok(pipeline.clone());
        }
        let refused = |reason: String| GpuError::Refused { what: format!("the kernel {kernel:?}"), reason };
        let source = kernel.source(storage).map_err(|error| refused(one_line(&error)))?;
        let scope = device.push_error_scope(wgpu::ErrorFilter::Validation);
        let module = device.create_shader_module(wgpu::ShaderModuleDescriptor {
            label: Some(kernel.name()),
            source: wgpu::ShaderSource::Wgsl(source.into()),
        });
        let pipeline = device.create_compute_pipeline(&wgpu::ComputePipelineDescriptor {
            label: Some(kernel.name()),
            layout: None,
            module: &module,
            entry_point: Some("main"),
            compilation_options: wgpu::PipelineCompilationOptions {
                // Every kernel writes its workgroup memory before it reads it.
                zero_initialize_workgroup_memory: false,
                ..Default::default()
            },
            cache: None,
        });
        if let Some(error) = scope.pop().await {
            return Err(refused(one_line(&error)));
        }
        lock(&self.0).insert((kernel, storage), pipeline.clone());
        Ok(pipeline)
    }
}
