// What this browser can run the studio with, and, if it cannot, what a person can do about it.

/** A module that returns a vector: browsers without vector instructions in WebAssembly refuse it. */
const VECTORS = Uint8Array.of(0, 97, 115, 109, 1, 0, 0, 0, 1, 5, 1, 96, 0, 1, 123, 3, 2, 1, 0, 10, 10, 1, 8, 0, 65, 0, 253, 15, 253, 98, 11);

/** Whether the browser gives out a WebGPU adapter, if only a software one. */
export async function hasWebGpu() {
  const adapter = await navigator.gpu?.requestAdapter().catch(() => null);
  return Boolean(adapter);
}

/** Nothing when the studio runs here; else what to say: {title, why, advice}. */
export function whatIsMissing(webgpu) {
  if (!WebAssembly.validate(VECTORS)) {
    return {
      title: 'This browser is too old',
      why: 'IBQ Studio needs vector instructions in WebAssembly, which browsers have since 2021 (Safari since 2023).',
      advice: adviceFor(navigator.userAgent),
    };
  }
  if (!webgpu && !new OffscreenCanvas(1, 1).getContext('webgl2')) {
    return {
      title: 'This browser draws neither with WebGPU nor with WebGL',
      why: window.isSecureContext
        ? 'IBQ Studio draws its window with WebGPU, or with WebGL 2 where there is none. This browser has both switched off, or its graphics driver is too old.'
        : 'IBQ Studio draws its window with WebGPU, which browsers give only to pages from https or from this machine, or with WebGL 2, which this browser has switched off.',
      advice: `Switch on “use hardware acceleration” in the browser’s settings, update the graphics driver, and start the browser again. ${adviceFor(navigator.userAgent)}`,
    };
  }
  return undefined;
}

/** What to do in the browser that this seems to be. */
export function adviceFor(userAgent) {
  const linux = /Linux/.test(userAgent) && !/Android/.test(userAgent);
  if (/Firefox\//.test(userAgent)) {
    return 'You seem to use Firefox: update it, or open about:config and set dom.webgpu.enabled to true.';
  }
  if (/(iPhone|iPad)/.test(userAgent) || (/Safari\//.test(userAgent) && !/(Chrome|Chromium)\//.test(userAgent))) {
    return 'You seem to use Safari: update to version 26 or newer, which comes with the system’s updates.';
  }
  if (/(Chrome|Chromium)\//.test(userAgent)) {
    return linux
      ? 'You seem to use a browser of the Chrome family on Linux: open chrome://flags, enable “Unsafe WebGPU Support” and “Vulkan”, and start the browser again.'
      : 'You seem to use a browser of the Chrome family: update it to the newest version.';
  }
  return 'Please try a current version of one of the browsers below.';
}
