//! What may help against an error, for each face to say in terms of its own controls.

/// What may help against an error. Texts of core name no command-line flags, cards or arguments; a face appends its own
/// advice.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Remedy {
    /// Use less memory of the GPU: a smaller picture, tiles, a smaller precision.
    UseLessMemory,
    /// Store weights and activations as 32-bit floats.
    UseF32,
}
