// One triangle in one color.
struct Params {
    rounds: u32,
    factor: f32,
}

@group(0) @binding(0) var<uniform> params: Params;

@vertex
fn vertex(@builtin(vertex_index) index: u32) -> @builtin(position) vec4<f32> {
    return vec4(f32(index & 1u), f32(index >> 1u), 0.0, 1.0);
}

@fragment
fn fragment() -> @location(0) vec4<f32> {
    return vec4(params.factor);
}
