// Who tries again in place of the SDK: what LangChain sends again is of the same run, whatever was asked and by whatever
// model, and what the program itself sends again where it answers tool calls. A run has failed only where nothing comes.

import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { mkdtemp, mkdir, readdir, readFile } from 'node:fs/promises';
import path from 'node:path';
import type { EventRecord } from '../../core/event.ts';
import { ROWS, type FrameworkRow } from '../../scripts/generate/frameworks/rows.ts';
import { errorExchange, type Exchange } from '../fakes/anthropic-api.ts';
import { answer, text, toolUse } from '../fakes/messages.ts';
import { openHarness, type Harness, type Outcome } from '../contract/harness.ts';
import { prepareRow } from './prepare-row.ts';

const PROGRAM = path.join(import.meta.dirname, 'programs/own-retries.mjs');
const INSTALL_MS = 300_000;
const BUSY = errorExchange(529, 'overloaded_error', 'busy');

let harness: Harness;
beforeAll(async () => {
  harness = await openHarness();
  await mkdir(harness.spoolDir, { recursive: true });
});
afterAll(() => harness.close());

interface Observed extends Outcome {
  readonly calls: readonly EventRecord[];
  readonly runs: readonly EventRecord[];
}

async function observe(
  file: string,
  exchanges: readonly Exchange[],
  environment: Readonly<Record<string, string>>,
): Promise<Observed> {
  const folder = await mkdtemp(path.join(harness.spoolDir, 'file-'));
  const outcome = await harness.run(file, {
    scenario: { exchanges: [...exchanges] },
    environment: { ...environment, TALLYSPAN_FILE: folder },
  });
  const [name = ''] = await readdir(folder);
  const lines = (await readFile(path.join(folder, name), 'utf8')).trim().split('\n');
  const events = lines.map((line) => JSON.parse(line) as EventRecord);
  return {
    ...outcome,
    calls: events.filter((event) => event['event.name'] === 'agent.model_call'),
    runs: events.filter((event) => event['event.name'] === 'agent.run'),
  };
}

/** The program of LangChain; none where its packages cannot be had. */
async function observeLangChain(
  exchanges: readonly Exchange[],
  environment: Readonly<Record<string, string>> = {},
): Promise<Observed | undefined> {
  const row = ROWS.find(({ program }) => program === 'langchain.mjs') as FrameworkRow;
  const prepared = await prepareRow(row);
  return prepared && observe(prepared.file, exchanges, { ...prepared.environment, ...environment });
}

it.each(['by itself', 'exit'])('a program goes on with its tools (it ends: %s)', async (ends) => {
  const { stdout, runs, calls } = await observe(
    PROGRAM,
    [
      BUSY,
      answer({ blocks: [toolUse('look', { at: 'x' })] }),
      BUSY,
      answer({ blocks: [text('done')], model: 'claude-haiku-4-5' }),
      errorExchange(400, 'invalid_request_error', 'too long'),
      BUSY,
    ],
    { ENDS: ends },
  );
  expect(stdout.trim().split('\n')).toEqual(['529', '529', 'done', '400', '529']);
  // Nothing tells the first question from one that is asked anew.
  const failed = { 'agent.status': 'error', 'agent.turns': 1 };
  expect(runs).toMatchObject([
    { ...failed, 'error.type': 'overloaded_error' },
    { 'agent.status': 'ok', 'agent.turns': 3, 'agent.tool_calls': 1, 'agent.retries': 1 },
    { ...failed, 'error.type': 'invalid_request_error' },
    { ...failed, 'error.type': 'overloaded_error' },
  ]);
  const id = runs[1]?.['agent.run_id'];
  expect(calls.filter((call) => call['agent.run_id'] === id)).toHaveLength(3);
  expect(calls).toHaveLength(6);
});

it(
  'LangChain goes on with its first question, too',
  async () => {
    const observed = await observeLangChain([
      BUSY,
      answer({ blocks: [toolUse('look', { at: 'x' })] }),
      BUSY,
      answer({ blocks: [text('done')] }),
    ]);
    if (observed === undefined) return;
    const { stdout, runs, calls } = observed;
    expect(stdout.trim()).toBe('done');
    expect(runs).toMatchObject([
      { 'agent.status': 'ok', 'agent.turns': 4, 'agent.tool_calls': 1, 'agent.retries': 2 },
    ]);
    expect(calls).toHaveLength(4);
  },
  INSTALL_MS,
);

it(
  'LangChain goes on with its first question when it falls back on another model',
  async () => {
    const observed = await observeLangChain(
      [BUSY, answer({ blocks: [text('done')], model: 'claude-haiku-4-5' })],
      { WAY: 'fallback' },
    );
    if (observed === undefined) return;
    const { stdout, runs, calls } = observed;
    expect(stdout.trim()).toBe('done');
    expect(runs).toMatchObject([{ 'agent.status': 'ok', 'agent.turns': 2, 'agent.retries': 1 }]);
    expect(calls).toHaveLength(2);
  },
  INSTALL_MS,
);
