// Sum and maximum over a workgroup of THREADS invocations. All of them call, and all get the result.
var<workgroup> partials: array<f32, THREADS>;

fn workgroup_sum(value: f32, thread: u32) -> f32 {
    partials[thread] = value;
    workgroupBarrier();
    for (var half = THREADS / 2u; half > 0u; half /= 2u) {
        if thread < half {
            partials[thread] += partials[thread + half];
        }
        workgroupBarrier();
    }
    let sum = partials[0];
    // The next call writes where this one reads.
    workgroupBarrier();
    return sum;
}

fn workgroup_max(value: f32, thread: u32) -> f32 {
    partials[thread] = value;
    workgroupBarrier();
    for (var half = THREADS / 2u; half > 0u; half /= 2u) {
        if thread < half {
            partials[thread] = max(partials[thread], partials[thread + half]);
        }
        workgroupBarrier();
    }
    let maximum = partials[0];
    workgroupBarrier();
    return maximum;
}
