// The worker in which the processor computes where there is no GPU: it gets the compiled program from the page, and then answers
// the page's requests.

import start, { answerPage } from './studio/studio.js';

self.onmessage = async ({ data: program }) => {
  self.onmessage = null;
  await start({ module_or_path: program });
  answerPage();
};
