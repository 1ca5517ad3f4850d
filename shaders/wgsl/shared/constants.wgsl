// Constants that several kernels share with each other and with the host; `src/constants.rs` has their values.

// The index that stands for none.
#const NO_INDEX
// Below every value that is compared: where a search for the largest begins.
#const F32_LOWEST
// The largest 16-bit float.
#const F16_MAX
