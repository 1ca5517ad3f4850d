// group_norm_finish: from the statistics of chunks to one scale and one shift per channel, so that
// GN(x) = x · scale + shift with scale = weight / sqrt(var + eps), shift = bias - mean · scale.
//
// stats  [batch, chunks, c4, 2]   mean and M2 of each channel in each chunk (of `group_norm_stats`)
// weight, bias [c4]
// factors [batch, c4, 2]          scale, shift
//
// One workgroup merges one group of one batch item. Means and M2 of parts a and b merge to
// mean = mean_a + δ·n_b/n, M2 = M2_a + M2_b + δ²·n_a·n_b/n with δ = mean_b - mean_a (Chan et al. 1983), which stays
// exact where summing squares would not.
//
// Cost: reads the statistics once; negligible beside the pass over x.
#const THREADS

struct Params {
    c4: u32,
    channels: u32,
    groups: u32,
    item_pixels: u32,
    chunk_pixels: u32,
    item_chunks: u32,
    eps: f32,
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> stats: array<vec4<f32>>;
@group(0) @binding(2) var<storage, read> weight: array<vec4<f32>>;
@group(0) @binding(3) var<storage, read> bias: array<vec4<f32>>;
@group(0) @binding(4) var<storage, read_write> factors: array<f32>;

struct Moments {
    count: f32,
    mean: f32,
    m2: f32,
}

var<workgroup> parts: array<Moments, THREADS>;

fn merge(a: Moments, b: Moments) -> Moments {
    let count = a.count + b.count;
    if count == 0.0 {
        return a;
    }
    let delta = b.mean - a.mean;
    let weight_b = b.count / count;
    return Moments(count, a.mean + delta * weight_b, a.m2 + b.m2 + delta * delta * a.count * weight_b);
}

@compute @workgroup_size(THREADS)
fn main(@builtin(workgroup_id) group: vec3<u32>, @builtin(local_invocation_index) thread: u32) {
    let width = params.channels / params.groups;
    let first = group.x * width;
    let item = group.y;

    var merged = Moments(0.0, 0.0, 0.0);
    for (var e = thread; e < params.item_chunks * width; e += THREADS) {
        let chunk = e / width;
        let channel = first + e % width;
        let at = ((item * params.item_chunks + chunk) * params.c4 + channel / 4u) * 2u;
        let count = f32(min(params.chunk_pixels, params.item_pixels - chunk * params.chunk_pixels));
        merged = merge(merged, Moments(count, stats[at][channel % 4u], stats[at + 1u][channel % 4u]));
    }
    parts[thread] = merged;
    workgroupBarrier();
    for (var half = THREADS / 2u; half > 0u; half /= 2u) {
        if thread < half {
            parts[thread] = merge(parts[thread], parts[thread + half]);
        }
        workgroupBarrier();
    }

    let all = parts[0];
    let inverse = 1.0 / sqrt(all.m2 / all.count + params.eps);
    for (var c = first + thread; c < first + width; c += THREADS) {
        let scale = weight[c / 4u][c % 4u] * inverse;
        let out = (item * params.c4 + c / 4u) * 8u + c % 4u;
        factors[out] = scale;
        factors[out + 4u] = bias[c / 4u][c % 4u] - all.mean * scale;
    }
}
