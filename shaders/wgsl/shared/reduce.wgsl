// Sum and maximum over a workgroup of THREADS invocations. All of them call, and all get the result.
var<workgroup> parts: array<f32, THREADS>;

fn workgroup_sum(mine: f32, thread: u32) -> f32 {
    parts[thread] = mine;
    workgroupBarrier();
    for (var half = THREADS / 2u; half > 0u; half /= 2u) {
        if thread < half {
            parts[thread] += parts[thread + half];
        }
        workgroupBarrier();
    }
    let sum = parts[0];
    // The next call writes where this one reads.
    workgroupBarrier();
    return sum;
}

fn workgroup_max(mine: f32, thread: u32) -> f32 {
    parts[thread] = mine;
    workgroupBarrier();
    for (var half = THREADS / 2u; half > 0u; half /= 2u) {
        if thread < half {
            parts[thread] = max(parts[thread], parts[thread + half]);
        }
        workgroupBarrier();
    }
    let most = parts[0];
    workgroupBarrier();
    return most;
}
