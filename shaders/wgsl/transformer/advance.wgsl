// advance: goes on to a later position, so that the same list of kernels makes one token after the other.
//
// One invocation.

struct Params {
    step: u32,
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read_write> position: u32;

@compute @workgroup_size(1)
fn main() {
    position += params.step;
}
