// What a search over codes found: its largest and second-largest product, and the index of the largest.
struct Found {
    best: f32,
    second: f32,
    index: u32,
    unused: u32,
}

// Merges what two searches found: the larger product wins, the lower index on an exact tie.
fn merge(a: Found, b: Found) -> Found {
    let a_wins = a.best > b.best || (a.best == b.best && a.index <= b.index);
    let second = max(min(a.best, b.best), max(a.second, b.second));
    if a_wins {
        return Found(a.best, second, a.index, 0u);
    }
    return Found(b.best, second, b.index, 0u);
}
