//! Every variant of every kernel is valid WGSL within the floor of WebGPU; all failures are collected before any is shown.

use ibq_shaders::{Kernel, MatrixUnit, Storage};
use naga::valid::{Capabilities, ModuleInfo, ValidationFlags, Validator};

/// Limits that every WebGPU adapter keeps.
const INVOCATIONS: u32 = 256;
const WORKGROUP_BYTES: u32 = 16 * 1024;
const STORAGE_BUFFERS: usize = 8;

#[test]
fn every_variant_is_valid_and_within_the_floor() {
    let mut problems = Vec::new();
    for kernel in Kernel::all() {
        for storage in Storage::ALL.into_iter().filter(|&storage| kernel.takes(storage)) {
            if let Err(problem) = check(kernel, storage) {
                problems.push(format!("{kernel:?} {storage:?}: {problem}"));
            }
        }
    }
    assert!(problems.is_empty(), "{}", problems.join("\n"));
}

fn check(kernel: Kernel, storage: Storage) -> Result<(), String> {
    let source = kernel.source(storage).map_err(|error| error.to_string())?;
    let module = naga::front::wgsl::parse_str(&source).map_err(|error| error.emit_to_string(&source))?;
    let mut capabilities = Capabilities::SHADER_FLOAT16_IN_FLOAT32;
    capabilities.set(Capabilities::SHADER_FLOAT16, storage == Storage::NativeF16);
    let matrix = matches!(kernel, Kernel::Conv2dMatrix(..));
    capabilities.set(Capabilities::COOPERATIVE_MATRIX | Capabilities::SUBGROUP, matrix);
    let _: ModuleInfo = Validator::new(ValidationFlags::all(), capabilities)
        .validate(&module)
        .map_err(|error| error.emit_to_string(&source))?;
    let invocations: u32 = module.entry_points[0].workgroup_size.iter().product();
    if module.entry_points.len() != 1 || invocations > INVOCATIONS {
        return Err(format!("{} entry points, {invocations} invocations", module.entry_points.len()));
    }
    let mut workgroup = 0;
    let mut buffers = 0;
    for (_, variable) in module.global_variables.iter() {
        match variable.space {
            naga::AddressSpace::WorkGroup => {
                workgroup += module.types[variable.ty].inner.size(module.to_ctx());
            }
            naga::AddressSpace::Storage { .. } => buffers += 1,
            _ => {}
        }
    }
    let most = if matrix { MatrixUnit::WORKGROUP_BYTES } else { WORKGROUP_BYTES };
    if workgroup > most || buffers > STORAGE_BUFFERS {
        return Err(format!("{workgroup} bytes of workgroup memory, {buffers} storage buffers"));
    }
    Ok(())
}
