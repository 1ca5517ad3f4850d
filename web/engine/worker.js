// The worker in which the processor computes: it gets the compiled program from who started it, and then answers its requests.

import start, { answerPage } from './ibq_wasm.js';

self.onmessage = async ({ data: program }) => {
  self.onmessage = null;
  await start({ module_or_path: program });
  answerPage();
};
