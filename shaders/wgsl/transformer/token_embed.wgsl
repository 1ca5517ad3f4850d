// token_embed: what the transformer starts from at each position: at position 0 the vector of the class, at position p
// that of token p - 1.
//
// tokens     [sequences, block]    of every picture
// conditions [rows / queries]      class, second class, share of the second (f32), unused
// table      [count, c4]           four channels an element: the vectors of the tokens from `first` on. A large table is in
//                                  several shards, and each dispatch makes the rows of its own
// classes    [classes + 1, c4]     the last row stands for "no class"
// x          [rows, c4]            f32; a sequence has `queries` neighboring rows. There may be more sequences than
//                                  pictures: the second half repeats the tokens, for guidance
//
// One invocation, one element of x. Cost: rows · c values read and written.
#import storage

struct Params {
    rows: u32,
    queries: u32,
    c4: u32,
    pictures: u32,
    block: u32,
    first: u32,
    count: u32,
    vocab: u32,
}

struct State {
    position: u32,
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<uniform> state: State;
@group(0) @binding(2) var<storage, read> tokens: array<u32>;
@group(0) @binding(3) var<storage, read> conditions: array<vec4<u32>>;
@group(0) @binding(4) var<storage, read> table: array<Stored>;
@group(0) @binding(5) var<storage, read> classes: array<Stored>;
@group(0) @binding(6) var<storage, read_write> x: array<vec4<f32>>;

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3<u32>, @builtin(num_workgroups) groups: vec3<u32>) {
    let index = id.x + id.y * groups.x * 64u;
    let row = index / params.c4;
    let c = index % params.c4;
    if row >= params.rows {
        return;
    }
    let sequence = row / params.queries;
    let position = state.position + row % params.queries;
    if position == 0u {
        if params.first > 0u {
            return;
        }
        let condition = conditions[sequence];
        let one = load(classes[condition.x * params.c4 + c]);
        let other = load(classes[condition.y * params.c4 + c]);
        x[index] = mix(one, other, bitcast<f32>(condition.z));
    } else {
        let at = sequence % params.pictures * params.block + min(position, params.block) - 1u;
        // A token that could not be drawn has no vector; its picture has failed already.
        let token = min(tokens[at], params.vocab - 1u);
        if token >= params.first && token - params.first < params.count {
            x[index] = load(table[(token - params.first) * params.c4 + c]);
        }
    }
}
