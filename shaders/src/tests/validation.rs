//! Every variant is valid WGSL within WebGPU's default limits, with the entry points and the workgroup size of the list.

use naga::{
    AddressSpace, Module, ShaderStage,
    valid::{Capabilities, ValidationFlags, Validator},
};

use super::{Variant, check_all};
use crate::{MatrixUnit, Stages, entry::Entry, params::HostShareable, params::PeakCopyParams};

/// Limits that every WebGPU adapter has.
const INVOCATIONS: u32 = 256;
const WORKGROUP_SIZE: [u32; 3] = [256, 256, 64];
const WORKGROUP_BYTES: u32 = 16 * 1024;
const STORAGE_BUFFERS: usize = 8;
const UNIFORM_BUFFERS: usize = 12;

#[test]
fn every_variant_is_valid_and_within_the_default_limits() {
    check_all(check);
}

pub(super) fn check(variant: &Variant) -> Result<(), String> {
    let (module, source) = variant.parse()?;
    Validator::new(ValidationFlags::all(), variant.capabilities)
        .validate(&module)
        .map_err(|error| error.emit_to_string(&source))?;
    check_entry_points(&module, variant.entry.stages)?;
    check_memory(&module, variant.capabilities.contains(Capabilities::COOPERATIVE_MATRIX))
}

fn check_entry_points(module: &Module, stages: Stages) -> Result<(), String> {
    let found: Vec<_> = module.entry_points.iter().map(|point| (point.name.as_str(), point.stage)).collect();
    let expected: &[_] = match stages {
        Stages::Compute(_) => &[("main", ShaderStage::Compute)],
        Stages::Draw => &[("vertex", ShaderStage::Vertex), ("fragment", ShaderStage::Fragment)],
    };
    if found != expected {
        return Err(format!("has the entry points {found:?}, not {expected:?}"));
    }
    if let Stages::Compute(size) = stages {
        let written = module.entry_points[0].workgroup_size;
        if written != size {
            return Err(format!("has workgroups of {written:?}, not {size:?}"));
        }
        let fits = size.iter().zip(WORKGROUP_SIZE).all(|(&size, most)| size <= most);
        if !fits || size.iter().product::<u32>() > INVOCATIONS {
            return Err(format!("has workgroups of {size:?}, which is too large"));
        }
    }
    Ok(())
}

fn check_memory(module: &Module, matrix: bool) -> Result<(), String> {
    let (mut workgroup, mut storage, mut uniform) = (0, 0, 0);
    for (_, variable) in module.global_variables.iter() {
        match variable.space {
            AddressSpace::WorkGroup => workgroup += module.types[variable.ty].inner.size(module.to_ctx()),
            AddressSpace::Storage { .. } => storage += 1,
            AddressSpace::Uniform => uniform += 1,
            _ => {}
        }
    }
    let most = if matrix { MatrixUnit::WORKGROUP_BYTES } else { WORKGROUP_BYTES };
    if workgroup > most || storage > STORAGE_BUFFERS || uniform > UNIFORM_BUFFERS {
        return Err(format!(
            "takes {workgroup} bytes of workgroup memory, {storage} storage and {uniform} uniform buffers"
        ));
    }
    Ok(())
}

/// A kernel with this text that copies nothing.
fn compute(text: &'static str, workgroup: [u32; 3]) -> Variant {
    let (stages, params) = (Stages::Compute(workgroup), PeakCopyParams::LAYOUT);
    let entry = Entry { file: "probe.wgsl", text, stages, params, specialization: Default::default() };
    Variant::new("probe", entry, crate::Storage::F32)
}

#[test]
fn a_workgroup_size_other_than_that_of_the_list_is_reported() {
    let text = "@compute @workgroup_size(32)\nfn main() {\n}";
    assert_eq!(check(&compute(text, [32, 1, 1])), Ok(()));
    assert!(check(&compute(text, [64, 1, 1])).unwrap_err().contains("workgroups of [32, 1, 1]"));
    let text = "#const THREADS\n@compute @workgroup_size(THREADS)\nfn main() {\n}";
    assert_eq!(check(&compute(text, [64, 1, 1])), Ok(()));
    assert!(check(&compute(text, [512, 1, 1])).unwrap_err().contains("too large"));
}

#[test]
fn more_than_the_default_limits_is_reported() {
    let text =
        "var<workgroup> a: array<f32, 4097>;\n@compute @workgroup_size(1)\nfn main() {\na[0] = 1.0;\n}";
    assert!(check(&compute(text, [1, 1, 1])).unwrap_err().contains("16388 bytes of workgroup memory"));
}
