// The bound of a limit in 1,000 random schedules: real SDK, retries, streams, nested runs, calls that are given up.
// Fifty of them have two hundred calls at once, the others up to forty, among which a fault is found as a small one.
// SCHEDULES=1000 draws as many of two hundred calls each.

import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { execFile } from 'node:child_process';
import path from 'node:path';
import { promisify } from 'node:util';
import { openHarness, type Harness } from './harness.ts';

const PROGRAM = path.join(import.meta.dirname, 'programs/limit-bound.mjs');
const LARGE = Number(process.env['SCHEDULES'] ?? 50);
const LONGEST_MS = 900_000;

let harness: Harness;
beforeAll(async () => {
  harness = await openHarness();
});
afterAll(() => harness.close());

it.each([
  [LARGE, 200],
  [950, 40],
])(
  'in %i schedules of up to %i calls no limit is passed, and nothing stays reserved',
  async (schedules, calls) => {
    const halves = await Promise.all(
      [1, 2].map((seed) =>
        promisify(execFile)(
          process.execPath,
          [
            '--import',
            `file://${harness.packageDir}/register.mjs`,
            PROGRAM,
            ...[schedules / 2, calls, seed].map(String),
          ],
          {
            maxBuffer: 64 * 1024 * 1024,
            env: {
              PATH: process.env['PATH'],
              HOME: harness.spoolDir,
              PACKAGE: path.join(harness.packageDir, 'index.mjs'),
              TALLYSPAN_SPOOL: harness.spoolDir,
              TALLYSPAN_LOG: 'off',
              OTEL_LOGS_EXPORTER: 'none',
              OTEL_TRACES_EXPORTER: 'none',
              OTEL_TRACES_SAMPLER: 'always_off',
            },
          },
        ),
      ),
    );
    for (const { stdout } of halves) {
      const counts = JSON.parse(stdout) as Readonly<Record<string, number>>;
      expect(counts['schedules']).toBe(schedules / 2);
      for (const end of ['passed', 'refused', 'failed']) expect(counts[end]).toBeGreaterThan(schedules / 4);
    }
  },
  LONGEST_MS,
);
