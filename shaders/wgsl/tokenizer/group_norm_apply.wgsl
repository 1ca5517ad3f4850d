// group_norm_apply: y = x · scale + shift, then swish(y) = y · sigmoid(y) when `swish` is set.
//
// x, y    [batch, pixels, c4]   four channels an element; IN_PLACE: y is x
// factors [batch, c4, 2]        scale and shift of each channel (of `group_norm_finish`)
//
// The last step of GroupNorm with the activation that follows it. One invocation, one element.
//
// Cost: reads and writes the map once.
#import storage

#const THREADS
#import invocation

struct Params {
    c4: u32,
    item_elements: u32,
    // The elements of this dispatch, counted over the batch.
    first_element: u32,
    elements: u32,
    swish: u32,
    x_shift: u32,
    y_shift: u32,
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> factors: array<vec4<f32>>;
@group(0) @binding(2) var<storage, read_write> y: array<Stored>;
#if !IN_PLACE
@group(0) @binding(3) var<storage, read> x: array<Stored>;
#endif

@compute @workgroup_size(THREADS)
fn main(@builtin(global_invocation_id) id: vec3<u32>, @builtin(num_workgroups) groups: vec3<u32>) {
    let index = invocation_index(id, groups);
    if index >= params.elements {
        return;
    }
    let element = params.first_element + index;
    let factor = ((element / params.item_elements) * params.c4 + element % params.c4) * 2u;
#if IN_PLACE
    let value = load(y[element + params.y_shift]);
#else
    let value = load(x[element + params.x_shift]);
#endif
    var normalized = value * factors[factor] + factors[factor + 1u];
    if params.swish != 0u {
        normalized = normalized / (1.0 + exp(-normalized));
    }
    y[element + params.y_shift] = save(normalized);
}
