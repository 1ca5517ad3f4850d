//! What the tests of several crates share: the golden vectors.

pub mod vectors;
