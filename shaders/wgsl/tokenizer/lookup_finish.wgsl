// lookup_finish: merges the top 2 of all parts of a lookup into one index and one margin per position.
//
// partials [positions, parts]   best score, second, index (of `lookup`)
// indices  [positions]          NO_INDEX where no score was a number
// margins  [positions]          best minus second-best score
//
// One invocation, one position. Cost: reads the partials once.
#import top2

#const THREADS
#import invocation

struct Params {
    positions: u32,
    parts: u32,
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> partials: array<Top2>;
@group(0) @binding(2) var<storage, read_write> indices: array<u32>;
@group(0) @binding(3) var<storage, read_write> margins: array<f32>;

@compute @workgroup_size(THREADS)
fn main(@builtin(global_invocation_id) id: vec3<u32>, @builtin(num_workgroups) groups: vec3<u32>) {
    let position = invocation_index(id, groups);
    if position >= params.positions {
        return;
    }
    var all = partials[position * params.parts];
    for (var part = 1u; part < params.parts; part++) {
        all = merge(all, partials[position * params.parts + part]);
    }
    indices[position] = all.index;
    margins[position] = all.best - all.second;
}
