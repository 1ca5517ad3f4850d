// What conv2d and conv2d_matrix share: the window of each output pixel, and what is done with its sum.
//
// x    [batch, in_h, in_w, in_c4]    four channels an element; outside of the picture x is 0
// w    [side, side, in_c, out_c4]    four output channels an element
// bias [out_c4]
// y    [batch, out_h, out_w, out_c4]
//
// `upsample` reads x as if it had been enlarged to twice its size by repeating pixels. One dispatch makes the rows
// first_row … first_row + rows - 1 of all batch · out_h rows, so that a map larger than a binding is made in bands; the
// shifts say where the bound parts begin.
#import storage

struct Params {
    in_h: u32,
    in_w: u32,
    in_c4: u32,
    // Rows of w per tap. Four channels are read at a time; those of the last element that have no row meet zeros in x.
    in_c: u32,
    out_h: u32,
    out_w: u32,
    out_c4: u32,
    first_row: u32,
    rows: u32,
    side: u32,
    stride: u32,
    pad: u32,
    upsample: u32,
    add_bias: u32,
    // 1: the result is added to what y holds.
    accumulate: u32,
    scale: f32,
    x_shift: u32,
    y_shift: u32,
    w_shift: u32,
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> x: array<Stored>;
@group(0) @binding(2) var<storage, read> w: array<Stored>;
@group(0) @binding(3) var<storage, read> bias: array<vec4<f32>>;
@group(0) @binding(4) var<storage, read_write> y: array<Stored>;

// Where a pixel's window begins in x: batch item, row and column (before padding is taken away).
struct Corner {
    item: u32,
    row: u32,
    col: u32,
    inside: bool,
}

fn corner(pixel: u32) -> Corner {
    let row = params.first_row + pixel / params.out_w;
    return Corner(
        row / params.out_h,
        (row % params.out_h) * params.stride,
        (pixel % params.out_w) * params.stride,
        pixel < params.rows * params.out_w,
    );
}

// Index of the first channel of the pixel that one tap of the window meets, and whether it lies in the picture.
struct Tap {
    index: u32,
    inside: bool,
}

fn tap(at: Corner, ky: u32, kx: u32) -> Tap {
    // Left of and above the picture these wrap around to huge numbers, which are outside as well.
    let row = at.row + ky - params.pad;
    let col = at.col + kx - params.pad;
    let inside = at.inside && row < (params.in_h << params.upsample) && col < (params.in_w << params.upsample);
    let pixel = (at.item * params.in_h + (row >> params.upsample)) * params.in_w + (col >> params.upsample);
    return Tap(select(0u, pixel * params.in_c4 + params.x_shift, inside), inside);
}

fn channels(at: Tap, c4: u32) -> Stored {
    return select(Stored(), x[at.index + c4], at.inside && c4 < params.in_c4);
}

fn weights(window: u32, input: u32, n: u32) -> Stored {
    let row = window * params.in_c + min(input, params.in_c - 1u);
    return w[row * params.out_c4 + n + params.w_shift];
}

fn store(pixel: u32, n: u32, sum: vec4<f32>) {
    if n >= params.out_c4 {
        return;
    }
    let index = (params.first_row * params.out_w + pixel) * params.out_c4 + n + params.y_shift;
    var value = sum * params.scale;
    if params.add_bias != 0u {
        value += bias[n];
    }
    if params.accumulate != 0u {
        value += load(y[index]);
    }
    y[index] = save(value);
}
