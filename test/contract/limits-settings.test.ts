// Settings of limits as a real process follows them: a tool's share, calls without a price, a guard that fails, and a file
// with patterns. The price of an answer of 100 and 20 tokens is 400,000 nano-USD; at worst a request costs 1,050,000.

import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { decodeShares } from '../../core/attribution/cost-shares.ts';
import type { Exchange, RecordedRequest } from '../fakes/anthropic-api.ts';
import { answer, toolUse } from '../fakes/messages.ts';
import { eventsOf, openHarness, ROOT, type Harness, type Outcome } from './harness.ts';

const PROGRAM = path.join(import.meta.dirname, 'programs/limits.mjs');
/** A thousand tokens and an answer to them cost a little over $0.0001. */
const PRICE = { input: 0.1, output: 0.1, cacheRead: 0.1, cacheWrite5m: 0.1, cacheWrite1h: 0.1 };
const LIMIT = { TALLYSPAN_LIMIT_RUN: '$5' };

let harness: Harness;
let folder: string;
beforeAll(async () => {
  harness = await openHarness();
  folder = await mkdtemp(path.join(tmpdir(), 'tallyspan-limits-file-'));
});
afterAll(async () => {
  await harness.close();
  await rm(folder, { recursive: true, force: true });
});

const start = (
  name: string,
  environment: Readonly<Record<string, string>> = {},
  respond: (request: RecordedRequest) => Exchange = ({ body }) =>
    answer({ model: (body as { model: string }).model }),
): Promise<Outcome> =>
  harness.run(PROGRAM, {
    scenario: { exchanges: [], respond },
    arguments: [name],
    environment: { PACKAGE: path.join(harness.packageDir, 'index.mjs'), ...environment },
  });
const refusalsOf = (outcome: Outcome) =>
  eventsOf(outcome, 'agent.limit').filter((event) => event['limit.action'] === 'refused');

it('TALLYSPAN_LIMIT_TOOL_RUN stops at what one tool costs in the context, and names it', async () => {
  const outcome = await start('tool', { TALLYSPAN_LIMIT_TOOL_RUN: '$0.01' }, ({ body }) =>
    answer({
      blocks: [toolUse('search', { q: 1 }), toolUse('save', { at: 1 })],
      usage: { input_tokens: Math.ceil(JSON.stringify(body).length / 4), output_tokens: 60 },
    }),
  );
  expect(outcome.stdout).toContain('LimitExceededError true true 402 tool_run TALLYSPAN_LIMIT_TOOL_RUN usd');
  const [refusal, ...more] = refusalsOf(outcome);
  expect(more).toEqual([]);
  expect(refusal).toMatchObject({ 'limit.key': 'search', 'gen_ai.tool.name': 'search' });
  // By the events of the run the tool has cost what the refusal says. What it costs is known after a call: a limit is
  // passed by no more than what the tool grew by in one.
  const costs = eventsOf(outcome, 'agent.model_call').flatMap((call) =>
    decodeShares(call['tallyspan.cost_shares'] ?? [])
      .filter(({ tool }) => tool === 'search')
      .map(({ costNanoUsd }) => costNanoUsd),
  );
  const spent = costs.reduce((sum, cost) => sum + cost, 0);
  expect(refusal?.limit_spent_nano_usd).toBe(spent);
  const [before = 0, last = 0] = costs.slice(-2);
  expect(spent).toBeLessThanOrEqual(10_000_000 + (last - before));
  expect(spent + last).toBeGreaterThan(10_000_000);
  expect(outcome.requests).toHaveLength(eventsOf(outcome, 'agent.model_call').length);
});

it('calls without a price are refused where that is asked for, and else go through, aloud', async () => {
  const refused = await start('unpriced', { ...LIMIT, TALLYSPAN_LIMIT_UNPRICED: 'refuse' });
  expect(refused.requests).toHaveLength(0);
  expect(refused.stdout).toContain('0 LimitExceededError true true 402 unpriced TALLYSPAN_LIMIT_UNPRICED');
  expect(refusalsOf(refused)).toHaveLength(1);
  const warned = await start('unpriced', LIMIT);
  expect(warned.requests).toHaveLength(1);
  expect(warned.said.join('\n')).toContain('TALLYSPAN_LIMIT_UNPRICED=refuse stops such calls');
});

it('a guard that fails lets the call through, or refuses it where that is asked for', async () => {
  const allowed = await start('fault', LIMIT);
  expect(allowed.stdout).toBe('passed 20\npassed 20\npassed 20\n');
  const refused = await start('fault', { ...LIMIT, TALLYSPAN_LIMIT_ON_FAULT: 'refuse' });
  expect(refused.stdout.split('\n').map((line) => line.split(' ').slice(0, 6).join(' '))).toEqual([
    'LimitExceededError true true 402 fault TALLYSPAN_LIMIT_ON_FAULT',
    'LimitExceededError true true 402 fault TALLYSPAN_LIMIT_ON_FAULT',
    'passed 20',
    '',
  ]);
  expect(refused.requests).toHaveLength(1);
  expect(refusalsOf(refused).map((event) => event['limit.scope'])).toEqual(['fault', 'fault']);
});

it('limits that are not understood refuse every call where faults do, and else nobody', async () => {
  const file = path.join(folder, 'broken.json');
  await writeFile(file, '{');
  for (const broken of [{ TALLYSPAN_LIMIT_RUN: '50c' }, { TALLYSPAN_LIMITS: file }]) {
    const allowed = await start('caught', broken);
    expect(allowed.requests).toHaveLength(1);
    const refused = await start('setting', { ...broken, TALLYSPAN_LIMIT_ON_FAULT: 'refuse' });
    expect(refused.requests).toHaveLength(0);
    expect(refused.stdout).toContain('0 LimitExceededError true true 402 fault TALLYSPAN_LIMIT_ON_FAULT');
    expect(refusalsOf(refused)).toHaveLength(1);
  }
});

it('a limit in code that is not understood is an error of the program, and says which part', async () => {
  const { stdout } = await start('badLimits');
  const said = stdout.trim().split('\n');
  expect(said).toHaveLength(16);
  expect(said.filter((line) => !line.startsWith('RangeError limit: '))).toEqual([]);
  expect(stdout).toContain('limit: dollars is not one of usd, tokens, turns, loop, onWarning');
});

it('a callback of a warning that fails, at once or later, does not end the program', async () => {
  const outcome = await start('warnings');
  expect([outcome.stdout, outcome.code, outcome.stderr]).toEqual(['done\n', 0, '']);
});

const write = async (content: unknown): Promise<string> => {
  const file = path.join(folder, 'limits.json');
  await writeFile(file, typeof content === 'string' ? content : JSON.stringify(content));
  return file;
};

const ofAll = (amount: string) => ({ limits: [{ user: '*', user_day: amount }] });
const contents = (...steps: readonly unknown[]): string =>
  JSON.stringify(
    steps.map((step) => (typeof step === 'string' || step === null ? step : JSON.stringify(step))),
  );
const inParts = ({ stdout }: Outcome): string[][] =>
  stdout
    .trim()
    .split('\n')
    .map((line) => line.split(' '));

describe('limits.json', () => {
  it('gives each user, agent and model the first limit that fits', async () => {
    const file = await write({
      limits: [
        { user: 'premium-*', user_day: '$0.005' },
        { agent: 'report-*', turns: 1 },
        { user: '*', user_day: '$0.002' },
        { model: 'claude-haiku-*', user_day: '$0.0001' },
      ],
    });
    // As some editors write it.
    await writeFile(file, `\uFEFF${await readFile(file, 'utf8')}`);
    const outcome = await start('users', { TALLYSPAN_LIMITS: file });
    const [premium, ben, report, cleo] = outcome.stdout
      .trim()
      .split('\n')
      .map((line) => line.split(' '));
    // As many as fit with the worst price of one more: 0.4 + … + 1.05 <= the limit.
    expect([premium?.[0], premium?.[5], premium?.[8]]).toEqual(['10', 'user_day', '0.005']);
    expect([ben?.[0], ben?.[5], ben?.[8]]).toEqual(['3', 'user_day', '0.002']);
    // The same user on the same day: nothing is left, whatever the agent.
    expect([report?.[0], report?.[5], report?.[8]]).toEqual(['0', 'user_day', '0.002']);
    expect([cleo?.[5], cleo?.[8]]).toEqual(['user_day', '0.0001']);
    expect(Number(cleo?.[0])).toBeLessThanOrEqual(5);
    expect(refusalsOf(outcome).map((event) => event['limit.key'])).toEqual([
      'premium-ana',
      'ben',
      'ben',
      'cleo',
    ]);
  });

  it.each([
    ['no JSON', '{"limits": [', 'is not JSON'],
    ['an amount that is none', { limits: [{ user: '*', user_day: 'five' }] }, 'limits[0].user_day'],
    ['a word that nobody knows', { limits: [{ user: '*', user_year: '$5' }] }, 'user_year'],
  ])('with %s is said at the start, and nobody is limited by it', async (_, content, said) => {
    const outcome = await start('code', { TALLYSPAN_LIMITS: await write(content) });
    expect(outcome.said.join('\n')).toContain('TALLYSPAN_LIMITS: ');
    expect(outcome.said.join('\n')).toContain(said);
    expect(outcome.said.join('\n')).not.toContain('..');
    expect(outcome.stdout).toContain('5 LimitExceededError true true 402 code');
  });

  it('that is changed holds from then on, with what was spent; one with a fault changes nothing', async () => {
    const prices = path.join(folder, 'prices.json');
    await writeFile(prices, JSON.stringify({ models: { 'my-model': PRICE } }));
    const outcome = await start('changedFile', {
      TALLYSPAN_PRICES: prices,
      TALLYSPAN_LIMITS: await write(ofAll('$0.002')),
      CONTENTS: contents(
        {
          limits: [
            { model: 'claude-opus-*', user_day: '$1' },
            { user: 'an*', user_day: '$0.004' },
          ],
        },
        '{"limits": [',
        ofAll('$0.0001'),
        null,
        { limits: [{ turns: 4 }] },
        { limits: [] },
      ),
    });
    // 0.4 for each that passed, and 1.05 for the next, stay within the limit; what was spent before counts. A limit
    // that is new begins with nothing.
    expect(inParts(outcome).map(([passed, , , , , scope, , , limit]) => [passed, scope, limit])).toEqual([
      ['3', 'user_day', '0.002'],
      ['5', 'user_day', '0.004'],
      ['0', 'user_day', '0.004'],
      ['0', 'user_day', '0.004'],
      ['0', 'user_day', '0.004'],
      ['4', 'turns', '4'],
      ['never', undefined, undefined],
    ]);
    const said = outcome.said.filter((line) => line.includes('TALLYSPAN_LIMITS'));
    expect(said.map((line) => line.replaceAll(folder, ''))).toEqual([
      'tallyspan: TALLYSPAN_LIMITS: /limits.json was changed. Its 2 limits hold from now on; what was spent goes on to count.',
      expect.stringMatching(
        /limits\.json is not JSON: .*\. The limits stay as they were before the change\.$/,
      ),
      expect.stringContaining('limits[0].user_day ($0.0001) will refuse every call to it'),
      'tallyspan: TALLYSPAN_LIMITS: /limits.json cannot be read. The limits stay as they were before the change.',
      'tallyspan: TALLYSPAN_LIMITS: /limits.json was changed. Its limit holds from now on; what was spent goes on to count.',
      'tallyspan: TALLYSPAN_LIMITS: /limits.json was changed. Its 0 limits hold from now on; what was spent goes on to count.',
    ]);
  });

  it('that had a fault at the start refuses nobody once it is fixed, wherever the program went', async () => {
    const file = await write('{');
    const outcome = await start('changedFile', {
      TALLYSPAN_LIMITS: path.relative(path.dirname(PROGRAM), file),
      ELSEWHERE: folder,
      TALLYSPAN_LIMIT_ON_FAULT: 'refuse',
      CONTENTS: contents(ofAll('$0.002')),
    });
    expect(inParts(outcome).map(([passed, , , , , scope]) => [passed, scope])).toEqual([
      ['0', 'fault'],
      ['3', 'user_day'],
    ]);
  });

  it('that the process may not read is said, and the limits of the settings hold', async () => {
    const outcome = await harness.run(PROGRAM, {
      scenario: { exchanges: [], respond: () => answer() },
      arguments: ['setting'],
      flags: ['--permission', `--allow-fs-read=${ROOT}`, `--allow-fs-read=${harness.packageDir}`],
      environment: {
        PACKAGE: path.join(harness.packageDir, 'index.mjs'),
        TALLYSPAN_LIMITS: await write(ofAll('$5')),
        TALLYSPAN_LIMIT_TURNS: '2',
      },
    });
    expect(outcome.stdout).toContain('2 LimitExceededError true true 402 turns TALLYSPAN_LIMIT_TURNS');
    const said = outcome.said.join('\n');
    expect(said).toContain('limits.json cannot be read. No limit of the file applies.');
    expect(said).not.toContain('Calls are not observed');
  });
});
