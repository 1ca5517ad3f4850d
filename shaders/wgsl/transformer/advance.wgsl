// advance: moves all sequences to a later position, so that the same list of kernels computes token after token.
//
// One invocation.
#import state

#const THREADS

struct Params {
    step: u32,
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read_write> state: State;

@compute @workgroup_size(THREADS)
fn main() {
    state.position += params.step;
}
