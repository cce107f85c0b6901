// A program that tries again by itself, as LangChain does: what it sends again is of the same run, by whatever model, and a
// run has failed only where nothing comes.

import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { readdir, readFile } from 'node:fs/promises';
import path from 'node:path';
import type { EventRecord } from '../../core/event.ts';
import { errorExchange } from '../fakes/anthropic-api.ts';
import { answer, text, toolUse } from '../fakes/messages.ts';
import { openHarness, type Harness } from '../contract/harness.ts';

const PROGRAM = path.join(import.meta.dirname, 'programs/own-retries.mjs');

let harness: Harness;
beforeAll(async () => {
  harness = await openHarness();
});
afterAll(() => harness.close());

it.each(['by itself', 'exit'])('its run goes on after a failure (the program ends: %s)', async (ends) => {
  const folder = path.join(harness.spoolDir, `file-${ends.replaceAll(' ', '-')}`);
  const outcome = await harness.run(PROGRAM, {
    scenario: {
      exchanges: [
        errorExchange(529, 'overloaded_error', 'busy'),
        answer({ blocks: [toolUse('look', { at: 'x' })] }),
        errorExchange(529, 'overloaded_error', 'busy'),
        answer({ blocks: [text('done')], model: 'claude-haiku-4-5' }),
        errorExchange(400, 'invalid_request_error', 'too long'),
        errorExchange(529, 'overloaded_error', 'busy'),
      ],
    },
    environment: { ENDS: ends, TALLYSPAN_FILE: folder },
  });
  expect(outcome.stdout.trim().split('\n')).toEqual(['529', '529', 'done', '400', '529']);
  const [name = ''] = await readdir(folder);
  const lines = (await readFile(path.join(folder, name), 'utf8')).trim().split('\n');
  const events = lines.map((line) => JSON.parse(line) as EventRecord);
  const calls = events.filter((event) => event['event.name'] === 'agent.model_call');
  const runs = events.filter((event) => event['event.name'] === 'agent.run');
  expect(runs).toMatchObject([
    { 'agent.status': 'ok', 'agent.turns': 4, 'agent.tool_calls': 1, 'agent.retries': 2 },
    { 'agent.status': 'error', 'error.type': 'invalid_request_error', 'agent.turns': 1 },
    { 'agent.status': 'error', 'error.type': 'overloaded_error', 'agent.turns': 1 },
  ]);
  const [run] = runs;
  expect(calls.filter((call) => call['agent.run_id'] === run?.['agent.run_id'])).toHaveLength(4);
  expect(calls).toHaveLength(6);
});
