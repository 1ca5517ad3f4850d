//! Golden vectors and the device that tests run on: for the tests of this crate, and for those of other crates that compare
//! with the same vectors. Commands that are interrupted, for the proofs about files.

pub mod device;
pub mod interrupted;
pub mod vectors;
