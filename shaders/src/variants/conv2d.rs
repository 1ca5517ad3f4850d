//! Tile shapes of the convolution.

use crate::specialize::Specialization;

/// Tile shapes of [`Kernel::Conv2d`](crate::Kernel::Conv2d).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ConvTile {
    /// For software adapters: registers only.
    Software,
    /// 32 pixels × 32 channels through workgroup memory: small maps, where larger tiles would leave a GPU idle.
    Small,
    /// 128 pixels × 128 channels through workgroup memory.
    Large,
}

impl ConvTile {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Software, Self::Small, Self::Large];

    /// WX, WY, TM, TN, KS as `conv2d.wgsl` names them.
    const fn shape(self) -> [u32; 5] {
        match self {
            // SwiftShader, the software adapter of browsers, does not get done compiling what is best for lavapipe.
            Self::Software => [8, 1, if cfg!(target_arch = "wasm32") { 8 } else { 16 }, 1, 1],
            Self::Small => [8, 8, 4, 1, 4],
            Self::Large => [16, 16, 8, 2, 2],
        }
    }

    /// Output pixels of one workgroup.
    #[must_use]
    pub const fn pixels(self) -> u32 {
        let [_, wy, tm, ..] = self.shape();
        wy * tm
    }

    /// Output channels of one workgroup, counted in vec4.
    #[must_use]
    pub const fn channels4(self) -> u32 {
        let [wx, _, _, tn, _] = self.shape();
        wx * tn
    }

    pub(crate) const fn workgroup(self) -> [u32; 3] {
        let [wx, wy, ..] = self.shape();
        [wx, wy, 1]
    }

    pub(crate) fn specialization(self) -> Specialization {
        let [wx, wy, tm, tn, ks] = self.shape();
        let a_loads = tm * ks / wx;
        let constants = [("WX", wx), ("WY", wy), ("TM", tm), ("TN", tn), ("KS", ks), ("A_LOADS", a_loads)];
        Specialization {
            flags: [("SHARED", self != Self::Software)].into(),
            constants: constants.map(|(name, value)| (name, value.into())).into(),
            ..Specialization::default()
        }
    }
}
