// The top 2 of a search over codes: its largest and second-largest product, and the index of the largest.
struct Top2 {
    best: f32,
    second: f32,
    index: u32,
    padding: u32,
}

// Merges the top 2 of two searches: the larger product wins, the lower index on an exact tie.
fn merge(a: Top2, b: Top2) -> Top2 {
    let a_wins = a.best > b.best || (a.best == b.best && a.index <= b.index);
    let second = max(min(a.best, b.best), max(a.second, b.second));
    if a_wins {
        return Top2(a.best, second, a.index, 0u);
    }
    return Top2(b.best, second, b.index, 0u);
}
