// sample: the next token of every picture, drawn from its logits.
//
// logits   [rows, stride]       of the class; with `unconditional` the rows from `pictures` on are those without a class
// settings [pictures]
// guidance [pictures, block]    scale s at each position
// fixed    [pictures, block]    a token that is given, or NO_INDEX
// tokens   [pictures, block]    the result, at the position of the state; NO_INDEX where a logit is not finite
// guided   [pictures, vocab]    u + s · (c - u) (only for s > 1, else c), divided by the temperature
// filters  [pictures]           key of the smallest guided logit that may be drawn
//
// Top-k keeps the logits that are not below the k-th largest. Of these, top-p keeps the smallest set of the largest that
// has more than p of the probability. Both thresholds are found exactly, bit by bit, on keys that are ordered like the
// logits. Temperature 0 takes the largest logit, the lowest index on a tie. The draw inverts the cumulative distribution at a random number that
// depends on seed, position and the picture's number alone.
//
// One workgroup takes one picture. Cost: a few passes over the logits, and 32 for each filter.
#import constants
#import philox
#import state

#const THREADS
#import reduce

struct Params {
    pictures: u32,
    vocab: u32,
    stride: u32,
    block: u32,
    // 1: rows without a class follow those with one.
    unconditional: u32,
}

struct SampleSettings {
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
@group(0) @binding(3) var<storage, read> settings: array<SampleSettings>;
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
    let setting = settings[picture];
    let slot = picture * params.block + position;
    let row = picture * params.vocab;

    // Guided logits, their maximum, and how many are not finite.
    let scale = guidance[slot];
    var best = F32_LOWEST;
    var best_index = NO_INDEX;
    var invalid = 0.0;
    for (var v = thread; v < params.vocab; v += THREADS) {
        var value = logits[picture * params.stride + v];
        if params.unconditional == 1u && scale > 1.0 {
            let unconditional = logits[(params.pictures + picture) * params.stride + v];
            value = unconditional + scale * (value - unconditional);
        }
        if setting.temperature > 0.0 {
            value /= setting.temperature;
        }
        guided[row + v] = value;
        if (bitcast<u32>(value) & 0x7f800000u) == 0x7f800000u {
            invalid += 1.0;
        } else if value > best || best_index == NO_INDEX {
            best = value;
            best_index = v;
        }
    }
    invalid = workgroup_sum(invalid, thread);
    partials[thread] = best;
    indices[thread] = best_index;
    workgroupBarrier();
    for (var half = THREADS / 2u; half > 0u; half /= 2u) {
        if thread < half {
            let other = partials[thread + half];
            let other_index = indices[thread + half];
            let better = other > partials[thread] || (other == partials[thread] && other_index < indices[thread]);
            if other_index != NO_INDEX && (better || indices[thread] == NO_INDEX) {
                partials[thread] = other;
                indices[thread] = other_index;
            }
        }
        workgroupBarrier();
    }
    best = partials[0];
    best_index = indices[0];
    workgroupBarrier();

    // The largest key that at least k logits reach.
    var threshold = 0u;
    if setting.top_k > 0u && setting.top_k < params.vocab {
        for (var bit = 0x80000000u; bit > 0u; bit >>= 1u) {
            var reached = 0.0;
            for (var v = thread; v < params.vocab; v += THREADS) {
                reached += f32(key(guided[row + v]) >= (threshold | bit));
            }
            if u32(workgroup_sum(reached, thread)) >= setting.top_k {
                threshold |= bit;
            }
        }
    }
    // The largest key that more than p of the probability reaches.
    if setting.top_p < 1.0 {
        var sum = 0.0;
        for (var v = thread; v < params.vocab; v += THREADS) {
            let value = guided[row + v];
            sum += select(0.0, exp(value - best), key(value) >= threshold);
        }
        let limit = setting.top_p * workgroup_sum(sum, thread);
        var cut = 0u;
        for (var bit = 0x80000000u; bit > 0u; bit >>= 1u) {
            var mass = 0.0;
            for (var v = thread; v < params.vocab; v += THREADS) {
                let value = guided[row + v];
                mass += select(0.0, exp(value - best), key(value) >= max(threshold, cut | bit));
            }
            if workgroup_sum(mass, thread) > limit {
                cut |= bit;
            }
        }
        threshold = max(threshold, cut);
    }

    // From here on an invocation takes a run of neighboring tokens.
    storageBarrier();
    let run = (params.vocab + THREADS - 1u) / THREADS;
    let begin = min(thread * run, params.vocab);
    let end = min(begin + run, params.vocab);
    var sum = 0.0;
    for (var v = begin; v < end; v++) {
        let value = guided[row + v];
        sum += select(0.0, exp(value - best), key(value) >= threshold);
    }
    partials[thread] = sum;
    workgroupBarrier();
    if thread == 0u {
        filters[picture] = threshold;
        tokens[slot] = draw(setting, slot, row, run, invalid, best, best_index, threshold);
    }
}

fn draw(
    setting: SampleSettings,
    slot: u32,
    row: u32,
    run: u32,
    invalid: f32,
    best: f32,
    best_index: u32,
    threshold: u32,
) -> u32 {
    if fixed[slot] != NO_INDEX {
        return fixed[slot];
    }
    if invalid > 0.0 {
        return NO_INDEX;
    }
    if setting.temperature == 0.0 {
        return best_index;
    }
    var all = 0.0;
    for (var t = 0u; t < THREADS; t++) {
        all += partials[t];
    }
    let random = philox(vec4(state.position, setting.number, 0u, 0u), vec2(setting.seed_low, setting.seed_high));
    let goal = f32(random.x >> 8u) * (1.0 / 16777216.0) * all;
    // The run in which the goal lies; by rounding it may lie beyond the last.
    var before = 0.0;
    var chosen = 0u;
    var start = 0.0;
    for (var t = 0u; t < THREADS; t++) {
        if partials[t] > 0.0 {
            chosen = t;
            start = before;
        }
        before += partials[t];
        if before > goal {
            break;
        }
    }
    var token = best_index;
    var reached = start;
    for (var v = chosen * run; v < min((chosen + 1u) * run, params.vocab); v++) {
        let value = guided[row + v];
        if key(value) >= threshold {
            token = v;
            reached += exp(value - best);
            if reached > goal {
                break;
            }
        }
    }
    return token;
}
