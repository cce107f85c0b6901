// Files of the data folder that people edit: what cannot be read is said, left out and kept; and what a clock did.

import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { AlertChanges } from '../../server/alerting/alert-changes.ts';
import { OwnRules } from '../../server/alerting/own-rules.ts';

const HOUR = 3_600_000;
const CHANGE = { atMs: 1_000, by: '127.0.0.1' };
const OWN = {
  id: 'own-a',
  title: 'A',
  signal: 'cost',
  window: '1h',
  comparison: 'above',
  limit: 1,
  severity: 'warning',
} as const;

let dataDir = '';
let lines: string[] = [];
beforeEach(async () => {
  dataDir = await mkdtemp(path.join(tmpdir(), 'tallyspan-kept-'));
  lines = [];
});
afterEach(() => rm(dataDir, { recursive: true, force: true }));

const log = (line: string): void => void lines.push(line);
const fileOf = (name: string): string => path.join(dataDir, name);

describe("rules of one's own in a file with a mistake", () => {
  it.each([
    ['a comma too many', '{"rules":[{"id":"own-b"},]}', /alert-rules\.json cannot be read/],
    ['no list', '{"rules":{}}', /it holds no list of rules/],
    ['nothing', 'null', /it holds no list of rules/],
    [
      'a wrong rule',
      JSON.stringify({ rules: [{ ...OWN, id: 'own-b', window: '3h' }] }),
      /is left out: window is/,
    ],
  ])('with %s are said, and not lost by the next change', async (_, text, line) => {
    await writeFile(fileOf('alert-rules.json'), text);
    const rules = new OwnRules(dataDir, [], log);
    expect(lines).toEqual([expect.stringMatching(line)]);
    expect(rules.all()).toEqual([]);
    rules.save(OWN, CHANGE);
    expect(await readFile(fileOf('alert-rules.json.unreadable'), 'utf8')).toBe(text);
    // Once put aside it stays as it was.
    rules.save({ ...OWN, title: 'B' }, CHANGE);
    expect(await readFile(fileOf('alert-rules.json.unreadable'), 'utf8')).toBe(text);
    expect(new OwnRules(dataDir, [], log).all().map(({ own }) => own.title)).toEqual(['B']);
  });
});

describe('limits and silences in a file with a mistake', () => {
  it('are used as far as they can be, and the rest is said and kept', async () => {
    const text = JSON.stringify({
      limits: {
        runCost: { value: 2, ...CHANGE },
        noSuch: { value: 2, ...CHANGE },
        userDayCost: { value: '9' },
      },
      silences: { turns: { untilMs: 'soon', ...CHANGE } },
      channels: [],
    });
    await writeFile(fileOf('alert-changes.json'), text);
    const changes = new AlertChanges(dataDir, {}, log);
    expect(changes.limitOf('runCost')?.value).toBe(2);
    expect(lines.map((line) => line.replace(dataDir, ''))).toEqual(
      ['the limit of noSuch', 'the limit of userDayCost', 'the silence of turns'].map(
        (what) => `alerts: ${what} in /alert-changes.json cannot be used and is left out`,
      ),
    );
    changes.silence('turns', 5_000, CHANGE);
    expect(await readFile(fileOf('alert-changes.json.unreadable'), 'utf8')).toBe(text);
  });
});

describe('a silence', () => {
  it('lasts over a start', () => {
    new AlertChanges(dataDir, {}, log).silence('turns', 1_000 + HOUR, CHANGE);
    const changes = new AlertChanges(dataDir, {}, log);
    expect(changes.silenceOf('turns', HOUR)).toBeDefined();
    expect(changes.silenceOf('turns', 1_000 + HOUR)).toBeUndefined();
  });

  it('lasts no longer than it was made for when the clock is set back', () => {
    const changes = new AlertChanges(dataDir, {}, log);
    const yearMs = 365 * 24 * HOUR;
    changes.silence('turns', yearMs + HOUR, { atMs: yearMs, by: 'x' });
    expect(changes.silenceOf('turns', 10 * HOUR)?.untilMs).toBe(11 * HOUR);
    expect(changes.silenceOf('turns', 11 * HOUR + 1)).toBeUndefined();
  });
});
