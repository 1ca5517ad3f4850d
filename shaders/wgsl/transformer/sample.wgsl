// sample: the next token of every picture, drawn from its logits.
//
// logits   [rows, stride]       of the class; with guidance the rows `pictures` … are those without a class
// settings [pictures]
// guidance [pictures, block]    scale s at each position
// fixed    [pictures, block]    a token that is given, or NOTHING
// tokens   [pictures, block]    the result, at the position of the state; NOTHING where a logit is not finite
// guided   [pictures, vocab]    u + s · (c - u) (only for s > 1, else c), divided by the temperature
// filters  [pictures]           key of the smallest guided logit that may be drawn
//
// Top-k keeps everything not below the k-th largest. Of that, top-p drops what comes after more than p of the
// probability. Both thresholds are found exactly, bit by bit, on keys that are ordered like the logits. Temperature 0
// takes the largest logit, the first one of equals. The draw inverts the cumulative distribution at a random number that
// depends on seed, position and the picture's number, and on nothing else.
//
// One workgroup takes one picture. Cost: a few passes over the logits, and 32 for each filter.
#import philox

const THREADS: u32 = 256u;

#import reduce

const NOTHING: u32 = 0xffffffffu;

struct Params {
    pictures: u32,
    vocab: u32,
    stride: u32,
    block: u32,
    // 1: there are rows without a class.
    two_rows: u32,
}

struct State {
    position: u32,
}

struct Settings {
    seed_low: u32,
    seed_high: u32,
    number: u32,
    // 0: all.
    top_k: u32,
    temperature: f32,
    top_p: f32,
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<uniform> state: State;
@group(0) @binding(2) var<storage, read> logits: array<f32>;
@group(0) @binding(3) var<storage, read> settings: array<Settings>;
@group(0) @binding(4) var<storage, read> guidance: array<f32>;
@group(0) @binding(5) var<storage, read> fixed: array<u32>;
@group(0) @binding(6) var<storage, read_write> tokens: array<u32>;
@group(0) @binding(7) var<storage, read_write> guided: array<f32>;
@group(0) @binding(8) var<storage, read_write> filters: array<u32>;

var<workgroup> indices: array<u32, THREADS>;

// A number that is ordered as the float is.
fn key(value: f32) -> u32 {
    let bits = select(bitcast<u32>(value), 0u, value == 0.0);
    return select(bits | 0x80000000u, ~bits, (bits >> 31u) == 1u);
}

@compute @workgroup_size(THREADS)
fn main(@builtin(workgroup_id) group: vec3<u32>, @builtin(local_invocation_index) thread: u32) {
    let picture = group.x;
    let position = state.position;
    if position >= params.block {
        return;
    }
    let chosen = settings[picture];
    let slot = picture * params.block + position;
    let row = picture * params.vocab;

    // Guided logits, their maximum, and whether all are numbers.
    let scale = guidance[slot];
    var best = -3.4e38;
    var best_index = NOTHING;
    var wrong = 0.0;
    for (var v = thread; v < params.vocab; v += THREADS) {
        var value = logits[picture * params.stride + v];
        if params.two_rows == 1u && scale > 1.0 {
            let without = logits[(params.pictures + picture) * params.stride + v];
            value = without + scale * (value - without);
        }
        if chosen.temperature > 0.0 {
            value /= chosen.temperature;
        }
        guided[row + v] = value;
        if (bitcast<u32>(value) & 0x7f800000u) == 0x7f800000u {
            wrong += 1.0;
        } else if value > best || best_index == NOTHING {
            best = value;
            best_index = v;
        }
    }
    wrong = workgroup_sum(wrong, thread);
    parts[thread] = best;
    indices[thread] = best_index;
    workgroupBarrier();
    for (var half = THREADS / 2u; half > 0u; half /= 2u) {
        if thread < half {
            let other = parts[thread + half];
            let other_index = indices[thread + half];
            if other_index != NOTHING && (other > parts[thread] || (other == parts[thread] && other_index < indices[thread]) || indices[thread] == NOTHING) {
                parts[thread] = other;
                indices[thread] = other_index;
            }
        }
        workgroupBarrier();
    }
    best = parts[0];
    best_index = indices[0];
    workgroupBarrier();

    // The largest key that at least k logits reach.
    var least = 0u;
    if chosen.top_k > 0u && chosen.top_k < params.vocab {
        for (var bit = 0x80000000u; bit > 0u; bit >>= 1u) {
            var reached = 0.0;
            for (var v = thread; v < params.vocab; v += THREADS) {
                reached += f32(key(guided[row + v]) >= (least | bit));
            }
            if u32(workgroup_sum(reached, thread)) >= chosen.top_k {
                least |= bit;
            }
        }
    }
    // The largest key that more than p of the probability reaches.
    if chosen.top_p < 1.0 {
        var sum = 0.0;
        for (var v = thread; v < params.vocab; v += THREADS) {
            let value = guided[row + v];
            sum += select(0.0, exp(value - best), key(value) >= least);
        }
        let limit = chosen.top_p * workgroup_sum(sum, thread);
        var cut = 0u;
        for (var bit = 0x80000000u; bit > 0u; bit >>= 1u) {
            var mass = 0.0;
            for (var v = thread; v < params.vocab; v += THREADS) {
                let value = guided[row + v];
                mass += select(0.0, exp(value - best), key(value) >= max(least, cut | bit));
            }
            if workgroup_sum(mass, thread) > limit {
                cut |= bit;
            }
        }
        least = max(least, cut);
    }

    // From here on an invocation takes neighboring tokens.
    storageBarrier();
    let each = (params.vocab + THREADS - 1u) / THREADS;
    let begin = min(thread * each, params.vocab);
    let end = min(begin + each, params.vocab);
    var sum = 0.0;
    for (var v = begin; v < end; v++) {
        let value = guided[row + v];
        sum += select(0.0, exp(value - best), key(value) >= least);
    }
    parts[thread] = sum;
    workgroupBarrier();
    if thread == 0u {
        filters[picture] = least;
        tokens[slot] = draw(chosen, slot, row, each, wrong, best, best_index, least);
    }
}

fn draw(chosen: Settings, slot: u32, row: u32, each: u32, wrong: f32, best: f32, best_index: u32, least: u32) -> u32 {
    if fixed[slot] != NOTHING {
        return fixed[slot];
    }
    if wrong > 0.0 {
        return NOTHING;
    }
    if chosen.temperature == 0.0 {
        return best_index;
    }
    var all = 0.0;
    for (var t = 0u; t < THREADS; t++) {
        all += parts[t];
    }
    let random = philox(vec4(state.position, chosen.number, 0u, 0u), vec2(chosen.seed_low, chosen.seed_high));
    let goal = f32(random.x >> 8u) * (1.0 / 16777216.0) * all;
    // The part in which the goal lies; by rounding it may lie beyond the last.
    var before = 0.0;
    var part = 0u;
    var start = 0.0;
    for (var t = 0u; t < THREADS; t++) {
        if parts[t] > 0.0 {
            part = t;
            start = before;
        }
        before += parts[t];
        if before > goal {
            break;
        }
    }
    var token = best_index;
    var reached = start;
    for (var v = part * each; v < min((part + 1u) * each, params.vocab); v++) {
        let value = guided[row + v];
        if key(value) >= least {
            token = v;
            reached += exp(value - best);
            if reached > goal {
                break;
            }
        }
    }
    return token;
}
