//! Variants of the kernel that runs on matrix units.

use crate::specialize::Specialization;

/// What an adapter's matrix units do: square matrices of 16-bit floats, summed in 32 bits, by a subgroup of fixed size.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct MatrixUnit {
    /// Rows and columns of a matrix.
    pub size: MatrixSize,
    /// Invocations of a subgroup, a power of two from 8 to [`MatrixUnit::LARGEST_SUBGROUP`].
    pub subgroup: u32,
}

/// Sizes of matrices that shaders can name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum MatrixSize {
    /// 8 × 8.
    Eight = 8,
    /// 16 × 16.
    Sixteen = 16,
}

/// Tile shapes of [`Kernel::Conv2dMatrix`](crate::Kernel::Conv2dMatrix).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum MatrixTile {
    /// 64 pixels × 64 channels: small maps, where larger tiles would leave a GPU idle.
    Small,
    /// 128 pixels × 128 channels.
    Large,
}

/// Rows of the weights that are staged at a time.
const KS: u32 = 32;

impl MatrixUnit {
    /// Larger subgroups would make workgroups larger than adapters take.
    pub const LARGEST_SUBGROUP: u32 = 32;
    /// Workgroup memory that every tile fits into, in bytes.
    pub const WORKGROUP_BYTES: u32 = 32 * 1024;

    /// The units that exist: lavapipe's, Apple's and Intel's sizes, NVIDIA's.
    pub const ALL: [Self; 4] = [
        Self { size: MatrixSize::Eight, subgroup: 8 },
        Self { size: MatrixSize::Eight, subgroup: 32 },
        Self { size: MatrixSize::Sixteen, subgroup: 16 },
        Self { size: MatrixSize::Sixteen, subgroup: 32 },
    ];
}

impl MatrixTile {
    /// Both.
    pub const ALL: [Self; 2] = [Self::Small, Self::Large];

    /// Subgroups along channels and pixels, and pixels and channels of a subgroup's patch.
    const fn shape(self) -> [u32; 4] {
        match self {
            Self::Small => [2, 2, 32, 32],
            Self::Large => [2, 4, 32, 64],
        }
    }

    /// Output pixels of one workgroup.
    #[must_use]
    pub const fn pixels(self) -> u32 {
        let [_, sy, pixels, _] = self.shape();
        sy * pixels
    }

    /// Output channels of one workgroup, counted in vec4.
    #[must_use]
    pub const fn channels4(self) -> u32 {
        let [sx, _, _, channels] = self.shape();
        sx * channels / 4
    }

    pub(crate) const fn workgroup(self, unit: MatrixUnit) -> [u32; 3] {
        let [sx, sy, ..] = self.shape();
        [unit.subgroup * sx * sy, 1, 1]
    }

    pub(crate) fn specialization(self, unit: MatrixUnit) -> Specialization {
        let [sx, sy, pixels, channels] = self.shape();
        let [threads, ..] = self.workgroup(unit);
        let size = unit.size as u32;
        let constants = [
            ("SIZE", size),
            ("SUBGROUP", unit.subgroup),
            ("SX", sx),
            ("SY", sy),
            ("TM", pixels / size),
            ("TN", channels / size),
            ("KS", KS),
            ("A_LOADS", self.pixels() * (KS / 4) / threads),
        ];
        Specialization {
            flags: [("SIXTEEN", unit.size == MatrixSize::Sixteen)].into(),
            constants: constants.map(|(name, value)| (name, value.into())).into(),
            ..Specialization::default()
        }
    }
}
