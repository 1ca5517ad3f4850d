// How a weight matrix is packed: INT8, INT4: 4 inputs × 4 outputs an element, with one scale for GROUP4 elements of inputs;
// without quantization as every other map is stored.
#import storage

#const GROUP4

#if INT8
alias Weights = vec4<u32>;
const STEPS: f32 = 255.0;
#elif INT4
alias Weights = vec2<u32>;
const STEPS: f32 = 15.0;
#else
alias Weights = Stored;
#endif
