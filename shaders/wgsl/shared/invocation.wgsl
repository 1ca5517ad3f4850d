// The number of an invocation in a dispatch of workgroups of THREADS invocations. The host folds a row of more workgroups
// than one dimension takes (65,535) into several rows; the last ones may have no work.
fn invocation_index(id: vec3<u32>, groups: vec3<u32>) -> u32 {
    return id.x + id.y * groups.x * THREADS;
}
