//! Structs of the tokenizer's kernels.
//!
//! A name that ends in 4 counts vec4 elements: four neighboring channels, dimensions or codes. A shift is added to the
//! index of an element of a map, because a binding begins where its alignment allows; it wraps around.

use super::host_shareable;

host_shareable! {
    /// Parameters of `conv2d` and `conv2d_matrix`.
    pub struct WindowParams {
        /// Rows of x, of one batch item.
        pub in_h: u32,
        /// Columns of x.
        pub in_w: u32,
        /// Channels of x.
        pub in_c4: u32,
        /// Rows of w for each tap of the window, which may be fewer than 4 · `in_c4`.
        pub in_c: u32,
        /// Rows of y, of one batch item.
        pub out_h: u32,
        /// Columns of y.
        pub out_w: u32,
        /// Channels of y.
        pub out_c4: u32,
        /// First row of this dispatch, counted over the batch.
        pub first_row: u32,
        /// Rows of this dispatch.
        pub rows: u32,
        /// Side of the square window.
        pub side: u32,
        /// Distance of neighboring windows.
        pub stride: u32,
        /// Rows and columns of zeros above and left of x.
        pub pad: u32,
        /// 1: x is read as if its pixels were repeated to twice its size.
        pub upsample: u32,
        /// 1: the bias is added.
        pub add_bias: u32,
        /// 1: the result is added to what y holds.
        pub accumulate: u32,
        /// What sums are multiplied with.
        pub scale: f32,
        /// Shift of x.
        pub x_shift: u32,
        /// Shift of y.
        pub y_shift: u32,
        /// Shift of w.
        pub w_shift: u32,
    }

    /// Parameters of `group_norm_stats`.
    pub struct GroupNormStatsParams {
        /// Channels.
        pub c4: u32,
        /// Pixels of one batch item.
        pub item_pixels: u32,
        /// Pixels of one chunk; the last chunk of an item may have fewer.
        pub chunk_pixels: u32,
        /// Chunks of one batch item.
        pub item_chunks: u32,
        /// First chunk of this dispatch, counted over the batch.
        pub first_chunk: u32,
        /// Chunks of this dispatch.
        pub chunks: u32,
        /// Shift of x.
        pub x_shift: u32,
    }

    /// Parameters of `group_norm_finish`.
    pub struct GroupNormFinishParams {
        /// Channels, counted in vec4.
        pub c4: u32,
        /// Channels.
        pub channels: u32,
        /// Groups of channels.
        pub groups: u32,
        /// Pixels of one batch item.
        pub item_pixels: u32,
        /// Pixels of one chunk; the last chunk of an item may have fewer.
        pub chunk_pixels: u32,
        /// Chunks of one batch item.
        pub item_chunks: u32,
        /// Added to the variance.
        pub eps: f32,
    }

    /// Parameters of `group_norm_apply`.
    pub struct GroupNormApplyParams {
        /// Channels.
        pub c4: u32,
        /// Elements of one batch item.
        pub item_elements: u32,
        /// First element of this dispatch, counted over the batch.
        pub first_element: u32,
        /// Elements of this dispatch.
        pub elements: u32,
        /// 1: swish follows.
        pub swish: u32,
        /// Shift of x.
        pub x_shift: u32,
        /// Shift of y.
        pub y_shift: u32,
    }

    /// Parameters of `softmax`.
    pub struct SoftmaxParams {
        /// Values of a row that count.
        pub columns: u32,
        /// Elements of a row.
        pub columns4: u32,
        /// Rows.
        pub rows: u32,
        /// Shift of x.
        pub x_shift: u32,
    }

    /// Parameters of `transpose`.
    pub struct TransposeParams {
        /// Rows of x.
        pub rows: u32,
        /// Elements of a row of y.
        pub rows4: u32,
        /// Elements of a row of x.
        pub columns4: u32,
        /// Shift of x.
        pub x_shift: u32,
        /// Shift of y.
        pub y_shift: u32,
    }

    /// Parameters of `lookup`.
    pub struct LookupParams {
        /// Positions of z.
        pub positions: u32,
        /// First position of this dispatch.
        pub first_position: u32,
        /// Dimensions of a code.
        pub d4: u32,
        /// Codes of the shard, counted in vec4.
        pub codes4: u32,
        /// Codes of the shard; the last element may hold fewer than four.
        pub codes: u32,
        /// Index of the shard's first code.
        pub first_code: u32,
        /// Elements of codes that one workgroup goes through: its part of the shard.
        pub part4: u32,
        /// Parts of all shards.
        pub parts: u32,
        /// The shard's first part.
        pub first_part: u32,
        /// Shift of z.
        pub z_shift: u32,
    }

    /// Parameters of `lookup_finish`.
    pub struct LookupFinishParams {
        /// Positions.
        pub positions: u32,
        /// Parts of all shards.
        pub parts: u32,
    }

    /// The two best codes of a search; a buffer of `lookup` and `lookup_finish`.
    pub struct Top2 {
        /// The largest score.
        pub best: f32,
        /// The second-largest score.
        pub second: f32,
        /// Index of the code with the largest score, or [`NO_INDEX`](crate::NO_INDEX).
        pub index: u32,
        /// Not used.
        pub padding: u32,
    }

    /// Parameters of `embed`.
    pub struct EmbedParams {
        /// Positions of z.
        pub positions: u32,
        /// Dimensions of a code.
        pub d4: u32,
        /// Codes of the shard, counted in vec4.
        pub codes4: u32,
        /// Codes of the shard.
        pub codes: u32,
        /// Index of the shard's first code.
        pub first_code: u32,
        /// Shift of z.
        pub z_shift: u32,
    }

    /// Parameters of `pixels_in` and `pixels_out`.
    pub struct PixelsParams {
        /// First pixel of this dispatch.
        pub first_pixel: u32,
        /// Pixels of this dispatch.
        pub pixels: u32,
        /// Shift of the map.
        pub map_shift: u32,
    }
}
