//! Prints how many products per second the convolution computes, for shapes of the tokenizers.

use std::time::Instant;

use ibq_cpu::{Cpu, Panels, Window, conv2d, isa::Isa, padded};

fn main() {
    let shapes = [
        (32, 128, 128, 3),
        (256, 64, 64, 3),
        (256, 64, 3, 3),
        (256, 3, 64, 3),
        (64, 128, 128, 3),
        (16, 512, 512, 3),
        (64, 256, 512, 1),
    ];
    for threads in [1, 2] {
        for isa in Isa::available() {
            let cpu = Cpu::new(isa, threads);
            for (side, in_c, out_c, kernel) in shapes {
                let window = Window {
                    in_h: side,
                    in_w: side,
                    in_c,
                    out_h: side,
                    out_w: side,
                    out_c,
                    side: kernel,
                    stride: 1,
                    pad: kernel / 2,
                    upsample: false,
                };
                let x = vec![0.5; side * side * padded(in_c)];
                let mut y = vec![0.0; side * side * padded(out_c)];
                let panels = Panels::new(&cpu, (kernel * kernel, in_c, out_c), |_, _, _| 0.01);
                let mut best = f64::MAX;
                for _ in 0..7 {
                    let started = Instant::now();
                    conv2d(&cpu, &window, &x, &panels, None, (1.0, false), &mut y);
                    best = best.min(started.elapsed().as_secs_f64());
                }
                let flops = 2.0 * (side * side * in_c * out_c * kernel * kernel) as f64;
                println!(
                    "{threads} threads  {:8} {kernel}×{kernel} {in_c:3}→{out_c:3} at {side:3}: {:7.2} ms {:6.1} GFLOP/s",
                    isa.name(),
                    best * 1e3,
                    flops / best / 1e9
                );
            }
        }
    }
}
