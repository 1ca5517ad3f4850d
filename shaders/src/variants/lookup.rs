//! Scores and tile shapes of the search over the codebook.

use serde::{Deserialize, Serialize};

use crate::specialize::Specialization;

/// Tile shapes of [`Kernel::Lookup`](crate::Kernel::Lookup).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum LookupTile {
    /// For software adapters.
    Software,
    /// For GPUs.
    Gpu,
}

impl LookupTile {
    /// Both.
    pub const ALL: [Self; 2] = [Self::Software, Self::Gpu];

    /// WX, WY, TM as `lookup.wgsl` names them.
    const fn shape(self) -> [u32; 3] {
        match self {
            Self::Software => [8, 1, 8],
            Self::Gpu => [16, 4, 8],
        }
    }

    /// Positions of one workgroup.
    #[must_use]
    pub const fn positions(self) -> u32 {
        let [_, wy, tm] = self.shape();
        wy * tm
    }

    pub(crate) const fn workgroup(self) -> [u32; 3] {
        let [wx, wy, _] = self.shape();
        [wx, wy, 1]
    }

    pub(crate) fn specialization(self, score: LookupScore) -> Specialization {
        let [wx, wy, tm] = self.shape();
        Specialization {
            flags: [("BIAS", score == LookupScore::Distance)].into(),
            constants: [("WX", wx.into()), ("WY", wy.into()), ("TM", tm.into())].into(),
            ..Specialization::default()
        }
    }
}

/// What [`Kernel::Lookup`](crate::Kernel::Lookup) compares codes by.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum LookupScore {
    /// The dot product `z · c`.
    DotProduct,
    /// `z · c - |c|² / 2`: largest where the Euclidean distance is smallest.
    Distance,
}

impl LookupScore {
    /// Both.
    pub const ALL: [Self; 2] = [Self::DotProduct, Self::Distance];
}
