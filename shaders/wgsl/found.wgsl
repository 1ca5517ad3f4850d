// Merges what two searches found: the larger product wins, the lower index on an exact tie.
fn merge(a: Found, b: Found) -> Found {
    let a_wins = a.best > b.best || (a.best == b.best && a.index <= b.index);
    let second = max(min(a.best, b.best), max(a.second, b.second));
    if a_wins {
        return Found(a.best, second, a.index, 0u);
    }
    return Found(b.best, second, b.index, 0u);
}
