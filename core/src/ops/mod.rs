//! One file per operation of the network.
