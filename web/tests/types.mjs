// The TypeScript types: what a page may write compiles, what it may not does not; and they name what the module exports.

import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { describe, it } from 'node:test';
import { fileURLToPath } from 'node:url';

import { MINUTE } from './browser.mjs';

const WEB = fileURLToPath(new URL('..', import.meta.url));

describe('types of the engine', { timeout: MINUTE }, () => {
  it('compile where they should, and only there', () => {
    execFileSync(process.execPath, [`${WEB}/node_modules/typescript/bin/tsc`, '-p', WEB], { stdio: 'inherit' });
  });

  it('name the classes that the module exports', () => {
    const classes = (name) => [...readFileSync(`${WEB}/engine/${name}`, 'utf8').matchAll(/^export class (\w+)/gm)].map((found) => found[1]);
    assert.deepEqual(classes('ibq.d.ts'), classes('ibq.js'));
  });
});
