// How feature maps and weights are stored: four neighboring channels at a time, as 32- or 16-bit floats.
// Arithmetic is always in f32. Without 16-bit floats in shaders, halves are packed in pairs into 32-bit words, which
// every WebGPU adapter can unpack.

#if F16
#if NATIVE_F16
enable f16;

alias Stored = vec4<f16>;

fn load(four: Stored) -> vec4<f32> {
    return vec4<f32>(four);
}

// Beyond the range of a half, the largest half: infinities would poison every later layer.
fn save(four: vec4<f32>) -> Stored {
    return vec4<f16>(clamp(four, vec4(-65504.0), vec4(65504.0)));
}
#else
alias Stored = vec2<u32>;

fn load(four: Stored) -> vec4<f32> {
    return vec4(unpack2x16float(four.x), unpack2x16float(four.y));
}

// Beyond the range of a half, the largest half: infinities would poison every later layer.
fn save(four: vec4<f32>) -> Stored {
    let halves = clamp(four, vec4(-65504.0), vec4(65504.0));
    return vec2(pack2x16float(halves.xy), pack2x16float(halves.zw));
}
#endif
#else
alias Stored = vec4<f32>;

fn load(four: Stored) -> vec4<f32> {
    return four;
}

fn save(four: vec4<f32>) -> Stored {
    return four;
}
#endif
