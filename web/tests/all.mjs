// The browser test: `node web/tests/all.mjs` with CHROMIUM, IBQ (the native program) and XTASK (the server) in the environment,
// after `cargo xtask web`. Screenshots land in artifacts/web.

import './types.mjs';
import './engine.mjs';
import './no_gpu.mjs';
import './generator.mjs';
import './page.mjs';
import './safety.mjs';
import './generate_page.mjs';
