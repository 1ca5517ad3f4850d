//! Cutting work into ranges that fit one dispatch.

/// Ranges of at most `most` that cover `0..count`.
pub(super) fn bands(count: u64, most: u64) -> impl Iterator<Item = (u64, u64)> {
    let most = most.max(1);
    (0..count.div_ceil(most)).map(move |band| (band * most, ((band + 1) * most).min(count)))
}
