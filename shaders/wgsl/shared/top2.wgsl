// The two best codes of a search: the largest and second-largest score, and the index of the largest.
#import constants

struct Top2 {
    best: f32,
    second: f32,
    index: u32,
    padding: u32,
}

// The top 2 of no codes.
fn empty_top2() -> Top2 {
    return Top2(F32_LOWEST, F32_LOWEST, NO_INDEX, 0u);
}

// Merges two searches: the larger score wins, the lower index on an exact tie.
fn merge(a: Top2, b: Top2) -> Top2 {
    let a_wins = a.best > b.best || (a.best == b.best && a.index <= b.index);
    let second = max(min(a.best, b.best), max(a.second, b.second));
    if a_wins {
        return Top2(a.best, second, a.index, 0u);
    }
    return Top2(b.best, second, b.index, 0u);
}
