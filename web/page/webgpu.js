// Whether this browser can run the studio, and if not, what a person can do about it.

/** Nothing when WebGPU works; else what to say: {title, why, advice}. */
export async function whatIsMissing() {
  if (!window.isSecureContext) {
    return {
      title: 'This address is not secure',
      why: 'Browsers give WebGPU only to pages from https or from this machine.',
      advice: `Open the page as https://${location.host}, or from localhost.`,
    };
  }
  if (!navigator.gpu) {
    return {
      title: 'This browser offers no WebGPU here',
      why: 'IBQ Studio computes on your graphics card through WebGPU, which this browser does not have or has switched off.',
      advice: adviceFor(navigator.userAgent),
    };
  }
  const adapter = await navigator.gpu.requestAdapter().catch(() => null);
  if (!adapter) {
    return {
      title: 'WebGPU is here, but no graphics card answers',
      why: 'This browser has WebGPU, yet it gives out no GPU: hardware acceleration is switched off, or the driver is too old or known to be faulty.',
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
