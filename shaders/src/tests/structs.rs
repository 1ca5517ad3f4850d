//! The structs of the host have the fields, types, offsets and sizes that naga gives those of the WGSL text.

use std::collections::BTreeSet;

use naga::{AddressSpace, Handle, Module, ScalarKind, Type, TypeInner};

use super::{Variant, check_all};
use crate::{
    Stages, Storage,
    entry::Entry,
    params::{BUFFER_STRUCTS, HostShareable, PeakArithmeticParams, StructLayout},
};

#[test]
fn host_and_wgsl_have_the_same_structs() {
    let mut met = BTreeSet::new();
    check_all(|variant| check(variant, &mut met));
    let unused: Vec<_> = BUFFER_STRUCTS.iter().filter(|layout| !met.contains(layout.name)).collect();
    assert!(unused.is_empty(), "no kernel has {unused:?}");
}

/// Compares the parameters and every struct in a buffer; adds the names of the latter to `met`.
pub(super) fn check(variant: &Variant, met: &mut BTreeSet<&'static str>) -> Result<(), String> {
    let (module, _) = variant.parse()?;
    let mut has_params = false;
    for (_, variable) in module.global_variables.iter() {
        let is_uniform = variable.space == AddressSpace::Uniform;
        if !is_uniform && !matches!(variable.space, AddressSpace::Storage { .. }) {
            continue;
        }
        if is_uniform && variable.binding.is_some_and(|at| (at.group, at.binding) == (0, 0)) {
            compare(variant.entry.params, &module, variable.ty)?;
            has_params = true;
            continue;
        }
        for ty in structs(&module, variable.ty) {
            let name = module.types[ty].name.as_deref().unwrap_or_default();
            let layout = BUFFER_STRUCTS
                .into_iter()
                .find(|layout| layout.name == name)
                .ok_or_else(|| format!("the host has no struct `{name}`"))?;
            compare(layout, &module, ty)?;
            met.insert(layout.name);
        }
    }
    if has_params { Ok(()) } else { Err("has no parameters at binding 0".to_owned()) }
}

/// The structs in a type.
fn structs(module: &Module, ty: Handle<Type>) -> Vec<Handle<Type>> {
    match &module.types[ty].inner {
        TypeInner::Struct { members, .. } => {
            let nested = members.iter().flat_map(|member| structs(module, member.ty));
            std::iter::once(ty).chain(nested).collect()
        }
        TypeInner::Array { base, .. } => structs(module, *base),
        _ => Vec::new(),
    }
}

fn compare(layout: &StructLayout, module: &Module, ty: Handle<Type>) -> Result<(), String> {
    let TypeInner::Struct { members, span } = &module.types[ty].inner else {
        return Err(format!("where {} should be is no struct", layout.name));
    };
    let scalar = |ty: Handle<Type>| match module.types[ty].inner {
        TypeInner::Scalar(scalar) if scalar.width == 4 && scalar.kind == ScalarKind::Uint => "u32",
        TypeInner::Scalar(scalar) if scalar.width == 4 && scalar.kind == ScalarKind::Float => "f32",
        _ => "another type",
    };
    let wgsl: Vec<_> = members
        .iter()
        .map(|member| (member.name.as_deref().unwrap_or_default(), scalar(member.ty), member.offset as usize))
        .collect();
    let host: Vec<_> = layout.fields.iter().map(|field| (field.name, field.scalar, field.offset)).collect();
    if host != wgsl || layout.size != *span as usize {
        let name = layout.name;
        return Err(format!("{name} is {host:?} of {} bytes, in WGSL {wgsl:?} of {span}", layout.size));
    }
    Ok(())
}

/// A kernel whose parameters have these fields.
fn probe(fields: &str) -> Variant {
    let text = format!(
        "struct Params {{ {fields} }}\n@group(0) @binding(0) var<uniform> params: Params;\n\
         @compute @workgroup_size(1)\nfn main() {{\n}}"
    );
    let entry = Entry {
        file: "probe.wgsl",
        text: text.leak(),
        stages: Stages::Compute([1, 1, 1]),
        params: PeakArithmeticParams::LAYOUT,
        specialization: Default::default(),
    };
    Variant::new("probe", entry, Storage::F32)
}

#[test]
fn a_difference_in_names_types_offsets_or_size_is_reported() {
    let problem = |fields| check(&probe(fields), &mut BTreeSet::new()).err();
    assert_eq!(problem("rounds: u32, factor: f32"), None);
    for fields in [
        "rounds: u32, factors: f32",
        "factor: f32, rounds: u32",
        "rounds: i32, factor: f32",
        "rounds: u32, @align(8) factor: f32",
        "rounds: u32, factor: f32, more: u32",
        "rounds: u32",
        "rounds: u32, factor: vec4<f32>",
    ] {
        assert!(problem(fields).is_some_and(|problem| problem.contains("PeakArithmeticParams")), "{fields}");
    }
}
