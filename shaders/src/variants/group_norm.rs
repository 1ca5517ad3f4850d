//! Where a normalized map goes.

use crate::specialize::Specialization;

/// Where [`Kernel::GroupNormApply`](crate::Kernel::GroupNormApply) writes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum NormOutput {
    /// Over the input.
    InPlace,
    /// Into a map of its own.
    Separate,
}

impl NormOutput {
    /// Both.
    pub const ALL: [Self; 2] = [Self::InPlace, Self::Separate];

    pub(crate) fn specialization(self) -> Specialization {
        Specialization { flags: [("IN_PLACE", self == Self::InPlace)].into(), ..Specialization::default() }
    }
}
