// What a call leaves behind: once it has ended, it is gone with the next small collection, so that the memory of a program
// does not grow with what it has done.

import { afterAll, expect, test } from '@jest/globals';
import { execFile } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { promisify } from 'node:util';
import { ensureBuilt } from '../../scripts/ensure-built.ts';

const ROOT = path.resolve(import.meta.dirname, '../..');
const LIMIT_MS = 120_000;
/** Some 20,000 where contexts or registries hold an ended call, 4,000 where nothing does. */
const MOST_BYTES = 8_000;

const folder = mkdtempSync(path.join(tmpdir(), 'tallyspan-retention-'));
afterAll(() => {
  rmSync(folder, { recursive: true, force: true });
});

test(
  'a call that has ended is gone with the next small collection',
  async () => {
    await ensureBuilt();
    const preload = path.join(ROOT, 'instrumentation/dist/register.cjs');
    const program = path.join(import.meta.dirname, 'programs/left-behind.cjs');
    const { stdout } = await promisify(execFile)(
      process.execPath,
      ['--expose-gc', '--require', preload, program],
      {
        timeout: LIMIT_MS,
        env: {
          PATH: process.env['PATH'],
          TALLYSPAN_LOG: 'off',
          TALLYSPAN_SPOOL: folder,
          OTEL_EXPORTER_OTLP_ENDPOINT: 'http://127.0.0.1:9',
        },
      },
    );
    const { calls, bytesPerCall } = JSON.parse(stdout) as { calls: number; bytesPerCall: number };
    expect(calls).toBe(200);
    expect(bytesPerCall).toBeLessThan(MOST_BYTES);
  },
  LIMIT_MS,
);
