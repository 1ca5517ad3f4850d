// token_embed: the input of the transformer at each position: at position 0 the vector of the class, at position p that
// of token p - 1.
//
// tokens     [pictures, block]
// conditions [rows / queries]      the class, or two classes and the weight of the second
// table      [shard_tokens, c4]    four channels an element: the vectors of the tokens from `first_token` on. A large table
//                                  has several shards, and each dispatch makes the rows of one
// classes    [classes + 1, c4]     the last row stands for "no class"
// x          [rows, c4]            f32; a sequence has `queries` neighboring rows. There may be more sequences than
//                                  pictures: the second half repeats the tokens, for guidance
//
// One invocation, one element of x. Cost: rows · c values read and written.
#import storage
#import state

#const THREADS
#import invocation

struct Params {
    rows: u32,
    queries: u32,
    c4: u32,
    pictures: u32,
    block: u32,
    first_token: u32,
    shard_tokens: u32,
    vocab: u32,
}

struct ClassMix {
    first: u32,
    second: u32,
    second_weight: f32,
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<uniform> state: State;
@group(0) @binding(2) var<storage, read> tokens: array<u32>;
@group(0) @binding(3) var<storage, read> conditions: array<ClassMix>;
@group(0) @binding(4) var<storage, read> table: array<Stored>;
@group(0) @binding(5) var<storage, read> classes: array<Stored>;
@group(0) @binding(6) var<storage, read_write> x: array<vec4<f32>>;

@compute @workgroup_size(THREADS)
fn main(@builtin(global_invocation_id) id: vec3<u32>, @builtin(num_workgroups) groups: vec3<u32>) {
    let index = invocation_index(id, groups);
    let row = index / params.c4;
    let c = index % params.c4;
    if row >= params.rows {
        return;
    }
    let sequence = row / params.queries;
    let position = state.position + row % params.queries;
    if position == 0u {
        if params.first_token > 0u {
            return;
        }
        let condition = conditions[sequence];
        let first = load(classes[condition.first * params.c4 + c]);
        let second = load(classes[condition.second * params.c4 + c]);
        x[index] = mix(first, second, condition.second_weight);
    } else {
        let at = sequence % params.pictures * params.block + min(position, params.block) - 1u;
        // NO_INDEX has no vector; its picture has failed already.
        let token = min(tokens[at], params.vocab - 1u);
        if token >= params.first_token && token - params.first_token < params.shard_tokens {
            x[index] = load(table[(token - params.first_token) * params.c4 + c]);
        }
    }
}
