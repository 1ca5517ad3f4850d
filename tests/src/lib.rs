//! Golden vectors and the device that tests run on: for the tests of this crate, and for those of other crates that compare
//! with the same vectors. Temporary folders, and commands that are interrupted, for the
//! proofs about files.

pub mod device;
pub mod folder;
pub mod interrupted;
pub mod vectors;
