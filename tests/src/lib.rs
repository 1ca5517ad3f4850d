//! Golden vectors and the device that tests run on: for the tests of this crate, and for those of other crates that compare
//! with the same vectors.

pub mod device;
pub mod vectors;
