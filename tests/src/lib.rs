//! What the tests of several crates share: the golden vectors, and the device they run on.

pub mod device;
pub mod vectors;
