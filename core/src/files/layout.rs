//! Where the elements of a tensor lie in its storage: shape, strides, offset.

use crate::formats::safetensors::MOST_AXES;

/// Most elements of a tensor that repeats stored elements (stride 0), so that a small file cannot ask for much memory.
const MOST_EXPANDED: u64 = 1 << 24;

/// Element `(i0, i1, …)` lies at `offset + Σ i · stride`, counted in elements of the storage. Checked when made: every
/// element lies inside, and no two share a place but by a stride of 0.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Layout {
    shape: Vec<u64>,
    strides: Vec<u64>,
    offset: u64,
    elements: u64,
}

impl Layout {
    /// A layout over a storage of `stored` elements.
    pub(super) fn new(shape: Vec<u64>, strides: Vec<u64>, offset: u64, stored: u64) -> Result<Self, String> {
        if shape.len() > MOST_AXES {
            return Err(format!("has {} axes, at most {MOST_AXES} are read", shape.len()));
        }
        if shape.len() != strides.len() {
            return Err(format!("has {} axes but {} strides", shape.len(), strides.len()));
        }
        let too_large = || format!("shape {shape:?} is too large");
        let elements = if shape.contains(&0) { 0 } else { product(&shape).ok_or_else(too_large)? };
        let layout = Self { shape, strides, offset, elements };
        if elements > 0 {
            let end = layout.end().ok_or_else(|| format!("strides {:?} are too large", layout.strides))?;
            if end > stored {
                return Err(format!("needs {end} stored elements but has {stored}"));
            }
            let innermost_first = layout.axes_by_stride();
            let mut span = 0;
            for &(size, stride, _) in innermost_first.iter().rev().filter(|axis| axis.1 > 0) {
                if stride <= span {
                    return Err(format!("strides {:?} lay elements over each other", layout.strides));
                }
                span += (size - 1) * stride;
            }
            if elements > stored.max(MOST_EXPANDED) {
                return Err(format!("repeats {stored} stored elements to {elements}, which is too many"));
            }
        }
        Ok(layout)
    }

    /// Row-major elements from the start of a storage that holds exactly them.
    pub(super) fn contiguous(shape: Vec<u64>) -> Result<Self, String> {
        let elements = if shape.contains(&0) { Some(0) } else { product(&shape) };
        let elements = elements.ok_or_else(|| format!("shape {shape:?} is too large"))?;
        let strides = row_major(&shape);
        Self::new(shape, strides, 0, elements)
    }

    /// Size of each axis.
    pub(super) fn shape(&self) -> &[u64] {
        &self.shape
    }

    /// Number of elements.
    pub(super) fn elements(&self) -> u64 {
        self.elements
    }

    /// First stored element of the tensor.
    pub(super) fn offset(&self) -> u64 {
        self.offset
    }

    /// One past the last stored element of the tensor.
    pub(super) fn end(&self) -> Option<u64> {
        let mut last = self.offset;
        for (&size, &stride) in self.shape.iter().zip(&self.strides) {
            last = last.checked_add(size.saturating_sub(1).checked_mul(stride)?)?;
        }
        last.checked_add(1)
    }

    /// Whether the elements lie one after the other in row-major order.
    pub(super) fn is_contiguous(&self) -> bool {
        let expected = row_major(&self.shape);
        let axes = self.shape.iter().zip(self.strides.iter().zip(&expected));
        self.elements == 0
            || axes.into_iter().all(|(&size, (stride, expected))| size == 1 || stride == expected)
    }

    /// `count` entries along the first axis from `first` on.
    pub(super) fn rows(&self, first: u64, count: u64) -> Option<Self> {
        let (&size, &stride) = (self.shape.first()?, self.strides.first()?);
        if first.checked_add(count)? > size {
            return None;
        }
        let mut rows = self.clone();
        rows.shape[0] = count;
        rows.elements = self.elements.checked_div(size).unwrap_or(0) * count;
        rows.offset = if rows.elements == 0 { self.offset } else { self.offset + first * stride };
        Some(rows)
    }

    /// (size, stride in the storage, stride in row-major order) of each axis longer than 1, widest stride first.
    pub(super) fn axes_by_stride(&self) -> Vec<(u64, u64, u64)> {
        let row_major = row_major(&self.shape);
        let axes = self.shape.iter().zip(self.strides.iter().zip(&row_major));
        let mut axes: Vec<_> = axes.map(|(&size, (&stored, &ours))| (size, stored, ours)).collect();
        axes.retain(|axis| axis.0 > 1);
        axes.sort_by_key(|axis| std::cmp::Reverse(axis.1));
        axes
    }
}

fn product(shape: &[u64]) -> Option<u64> {
    shape.iter().try_fold(1u64, |product, &size| product.checked_mul(size))
}

/// Strides of row-major order. Only meaningful for shapes whose product fits.
fn row_major(shape: &[u64]) -> Vec<u64> {
    let mut strides = vec![1u64; shape.len()];
    for axis in (1..shape.len()).rev() {
        strides[axis - 1] = strides[axis].saturating_mul(shape[axis].max(1));
    }
    strides
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_of_a_transposed_matrix_keep_its_strides() {
        let transposed = Layout::new(vec![6, 4], vec![1, 6], 0, 24).unwrap();
        assert!(!transposed.is_contiguous());
        let rows = transposed.rows(2, 3).unwrap();
        assert_eq!((rows.shape(), rows.offset(), rows.elements()), (&[3, 4][..], 2, 12));
        assert!(transposed.rows(5, 2).is_none());
        assert!(transposed.rows(u64::MAX, 2).is_none());
    }

    #[test]
    fn layouts_that_leave_the_storage_or_overlap_are_refused() {
        let refused = |shape: &[u64], strides: &[u64], offset, stored| {
            Layout::new(shape.to_vec(), strides.to_vec(), offset, stored).unwrap_err()
        };
        assert!(refused(&[4], &[1], 1, 4).contains("needs 5"));
        assert!(refused(&[3, 3], &[1, 1], 0, 100).contains("over each other"));
        assert!(refused(&[u64::MAX, 2], &[1, 1], 0, 4).contains("too large"));
        assert!(refused(&[2, 2], &[u64::MAX, 1], 0, 4).contains("too large"));
        assert!(refused(&[1 << 40], &[0], 0, 1).contains("too many"));
        assert!(refused(&[1; 17], &[1; 17], 0, 1).contains("axes"));
    }

    #[test]
    fn empty_and_scalar_tensors_are_fine() {
        assert_eq!(Layout::new(vec![0, 3], vec![3, 1], 0, 0).unwrap().elements(), 0);
        assert_eq!(Layout::new(vec![], vec![], 0, 1).unwrap().elements(), 1);
    }
}
