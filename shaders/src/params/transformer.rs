//! Structs of the transformer's kernels.
//!
//! A name that ends in 4 counts vec4 elements: four neighboring channels, inputs or outputs. Rows are positions of
//! sequences: of each sequence `queries` neighboring ones.

use super::host_shareable;

host_shareable! {
    /// Parameters of `linear`.
    pub struct LinearParams {
        /// Rows of x.
        pub rows: u32,
        /// Rows of one sequence.
        pub queries: u32,
        /// Inputs.
        pub k4: u32,
        /// Outputs of w.
        pub o4: u32,
        /// Outputs of a row of y: more than `o4` where w is a part of a layer.
        pub y4: u32,
        /// Elements of the vectors of one sequence.
        pub stride4: u32,
        /// Where in the vectors of a sequence the factors of the inputs begin.
        pub scale4: u32,
        /// Where in the vectors of a sequence the shifts of the inputs begin.
        pub shift4: u32,
        /// Where in the vectors of a sequence the factors of the outputs begin.
        pub gamma4: u32,
        /// Heads.
        pub heads: u32,
        /// Channels of one head.
        pub head4: u32,
        /// Positions of the cache.
        pub positions: u32,
    }

    /// Parameters of `linear_weights`.
    pub struct LinearWeightsParams {
        /// Rows of the piece.
        pub rows: u32,
        /// Inputs.
        pub k4: u32,
        /// Outputs of the packed matrix.
        pub o4: u32,
        /// Where in the packed matrix the piece begins.
        pub first4: u32,
        /// Distance in the packed matrix of neighboring elements of the piece.
        pub step4: u32,
    }

    /// Parameters of `token_embed`.
    pub struct TokenEmbedParams {
        /// Rows of x.
        pub rows: u32,
        /// Rows of one sequence.
        pub queries: u32,
        /// Channels.
        pub c4: u32,
        /// Pictures.
        pub pictures: u32,
        /// Tokens of one picture.
        pub block: u32,
        /// First token of the shard.
        pub first_token: u32,
        /// Tokens of the shard.
        pub shard_tokens: u32,
        /// Tokens of all shards.
        pub vocab: u32,
    }

    /// The class vector of one sequence, a mix of two; a buffer of `token_embed`.
    pub struct ClassMix {
        /// Row of the first class.
        pub first: u32,
        /// Row of the second class.
        pub second: u32,
        /// Weight of the second class, 0 to 1.
        pub second_weight: f32,
    }

    /// The position that all sequences are at; a buffer of several kernels.
    pub struct State {
        /// First position of a pass, from 0: the class.
        pub position: u32,
    }

    /// Parameters of `causal_attention`.
    pub struct CausalAttentionParams {
        /// Rows of one sequence.
        pub queries: u32,
        /// Heads.
        pub heads: u32,
        /// Channels of one head.
        pub head4: u32,
        /// Positions of the cache.
        pub positions: u32,
        /// What products of queries and keys are multiplied with.
        pub scale: f32,
    }

    /// Parameters of `sample`.
    pub struct SampleParams {
        /// Pictures.
        pub pictures: u32,
        /// Tokens to choose from.
        pub vocab: u32,
        /// Values of a row of logits.
        pub stride: u32,
        /// Tokens of one picture.
        pub block: u32,
        /// 1: rows without a class follow those with one.
        pub unconditional: u32,
    }

    /// How the tokens of one picture are drawn; a buffer of `sample`.
    pub struct SampleSettings {
        /// Lower half of the seed.
        pub seed_low: u32,
        /// Upper half of the seed.
        pub seed_high: u32,
        /// Number of the picture among those of the seed.
        pub number: u32,
        /// Tokens that may be drawn at most; 0: all.
        pub top_k: u32,
        /// What logits are divided by; 0: the most probable token.
        pub temperature: f32,
        /// Probability that the most probable tokens must reach together; 1: all tokens.
        pub top_p: f32,
    }

    /// Parameters of `advance`.
    pub struct AdvanceParams {
        /// Positions to go forward.
        pub step: u32,
    }
}
