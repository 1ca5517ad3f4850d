//! Feature maps: where a tensor lies and how it is shaped.

use serde::{Deserialize, Serialize};

/// A tensor of a graph, by its place in the graph's list.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub(crate) struct TensorId(pub(crate) usize);

/// A feature map [items, h, w, c] in NHWC order, channels padded to a multiple of four, within a tensor.
///
/// A matrix is a map with `w = 1`: rows are `h`, columns are `c`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Map {
    /// The tensor it lies in.
    pub(crate) tensor: TensorId,
    /// Where it begins there, in elements of four values.
    pub(crate) offset4: u64,
    /// Batch items.
    pub(crate) items: u32,
    /// Rows of an item.
    pub(crate) h: u32,
    /// Columns.
    pub(crate) w: u32,
    /// Channels that count.
    pub(crate) c: u32,
}

impl Map {
    /// Channels in fours, the last one padded.
    pub(crate) fn c4(&self) -> u32 {
        self.c.div_ceil(4)
    }

    /// Elements of four values of one row.
    pub(crate) fn row4(&self) -> u64 {
        u64::from(self.w) * u64::from(self.c4())
    }

    /// Rows of all items.
    pub(crate) fn rows(&self) -> u64 {
        u64::from(self.items) * u64::from(self.h)
    }

    /// Pixels of one item.
    pub(crate) fn item_pixels(&self) -> u64 {
        u64::from(self.h) * u64::from(self.w)
    }

    /// Elements of four values.
    pub(crate) fn len4(&self) -> u64 {
        self.rows() * self.row4()
    }

    /// Its values within its tensor.
    pub(crate) fn range(&self) -> std::ops::Range<usize> {
        4 * self.offset4 as usize..4 * (self.offset4 + self.len4()) as usize
    }

    /// One item as a matrix [h · w, c].
    pub(crate) fn item_matrix(&self, item: u32) -> Self {
        let offset4 = self.offset4 + u64::from(item) * self.item_pixels() * u64::from(self.c4());
        Self { offset4, items: 1, h: self.h * self.w, w: 1, ..*self }
    }

    /// The rows `from..to` of a map of one item.
    pub(crate) fn row_range(&self, from: u32, to: u32) -> Self {
        Self { offset4: self.offset4 + u64::from(from) * self.row4(), h: to - from, ..*self }
    }
}
