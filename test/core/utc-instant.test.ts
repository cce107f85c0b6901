// Times as people write them: UTC unless they say otherwise, whatever zone the process is in, and only what a calendar has.

import { execFileSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from '@jest/globals';
import { utcInstantOf } from '../../core/time/utc-instant.ts';

const DAY = Date.UTC(2026, 9, 7);

describe('a written time', () => {
  it.each([
    ['2026-10-07', DAY],
    ['2026-10-07Z', DAY],
    ['2026-10-07 00:00', DAY],
    ['2026-10-07T01:30', DAY + 90 * 60_000],
    ['2026-10-07T00:00:01.5', DAY + 1_500],
    ['2026-10-07T02:00+02:00', DAY],
    ['2026-10-06t19:00:00-0500', DAY],
    ['2028-02-29', Date.UTC(2028, 1, 29)],
    ['2026-02-29', undefined],
    ['2026-02-30', undefined],
    ['2026-04-31T10:00Z', undefined],
    ['2026-13-01', undefined],
    ['2026-10-07T25:00', undefined],
    ['2026-10-07 soon', undefined],
    ['2026-10', undefined],
    ['', undefined],
  ])('%s', (text, atMs) => {
    expect(utcInstantOf(text)).toBe(atMs);
  });

  it('is the same in every zone', () => {
    const module = fileURLToPath(new URL('../../core/time/utc-instant.ts', import.meta.url));
    const script = `const { utcInstantOf } = await import(${JSON.stringify(module)});
      console.log(utcInstantOf('2026-10-07 00:00'));`;
    const told = execFileSync(process.execPath, ['--input-type=module', '--eval', script], {
      env: { ...process.env, TZ: 'America/New_York' },
      encoding: 'utf8',
    });
    expect(Number(told)).toBe(DAY);
  });
});
