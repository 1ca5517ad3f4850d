// How feature maps and weights are stored: four neighboring channels at a time, as 32- or 16-bit floats.
// Arithmetic is always in f32. Without 16-bit floats in shaders, halves are packed in pairs into 32-bit words, which
// every WebGPU adapter can unpack.
//
// `save` clamps to the range of a half: infinities would spoil every later layer.
#if NATIVE_F16
enable f16;
#endif
#import constants

#if NATIVE_F16
alias Stored = vec4<f16>;

fn load(stored: Stored) -> vec4<f32> {
    return vec4<f32>(stored);
}

fn save(value: vec4<f32>) -> Stored {
    return vec4<f16>(clamp(value, vec4(-F16_MAX), vec4(F16_MAX)));
}
#elif F16
alias Stored = vec2<u32>;

fn load(stored: Stored) -> vec4<f32> {
    return vec4(unpack2x16float(stored.x), unpack2x16float(stored.y));
}

fn save(value: vec4<f32>) -> Stored {
    let clamped = clamp(value, vec4(-F16_MAX), vec4(F16_MAX));
    return vec2(pack2x16float(clamped.xy), pack2x16float(clamped.zw));
}
#else
alias Stored = vec4<f32>;

fn load(stored: Stored) -> vec4<f32> {
    return stored;
}

fn save(value: vec4<f32>) -> Stored {
    return value;
}
#endif
