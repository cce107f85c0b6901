// Operations that a framework shows: which run is nested in which tool, how tools ended, and when a run has failed.

import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { copyFile, readdir, readFile } from 'node:fs/promises';
import path from 'node:path';
import type { EventRecord } from '../../core/event.ts';
import { installProject } from '../contract/versions/cached-packages.ts';
import { openHarness, type Harness } from '../contract/harness.ts';
import { errorExchange, type Exchange } from '../fakes/anthropic-api.ts';
import { answer, text, toolUse } from '../fakes/messages.ts';

const HERE = import.meta.dirname;
const INSTALL_MS = 300_000;
/** 100 tokens in, 20 out of claude-sonnet-5-5, in nano-USD. */
const COST = 400_000;

let harness: Harness;
beforeAll(async () => {
  harness = await openHarness();
});
afterAll(() => harness.close());

async function run(
  way: string,
  exchanges: readonly Exchange[],
  { project, name: programName } = { project: 'ai-sdk-7', name: 'operations.mjs' },
) {
  const folder = await installProject(path.join(HERE, 'projects', project));
  if (folder === undefined) return undefined;
  const program = path.join(folder, programName);
  await copyFile(path.join(HERE, 'programs', programName), program);
  const file = path.join(harness.spoolDir, `file-${project}-${way}`);
  const outcome = await harness.run(program, {
    scenario: { exchanges },
    environment: { WAY: way, TALLYSPAN_FILE: file },
  });
  const [name = ''] = await readdir(file);
  const lines = (await readFile(path.join(file, name), 'utf8')).trim().split('\n');
  const events = lines.map((line) => JSON.parse(line) as EventRecord);
  return { outcome, of: (kind: string) => events.filter((event) => event['event.name'] === kind) };
}

it.each(['ai-sdk-5', 'ai-sdk-6'])(
  '%s: an agent in a tool of another is a run in its run, by the spans of both',
  async (project) => {
    const seen = await run(
      'nested-spans',
      [
        answer({ blocks: [toolUse('delegate', { at: 'x' })] }),
        answer({ blocks: [text('from the helper')] }),
        answer({ blocks: [text('done')] }),
      ],
      { project, name: 'operations.mjs' },
    );
    if (seen === undefined) return;
    const [helper, guide] = seen.of('agent.run');
    expect([helper, guide]).toMatchObject([
      { 'gen_ai.agent.name': 'helper', 'agent.turns': 1, 'agent.parent_run_id': guide?.['agent.run_id'] },
      { 'gen_ai.agent.name': 'guide', 'agent.turns': 2, 'agent.nested_cost_nano_usd': COST },
    ]);
  },
  INSTALL_MS,
);

it(
  'an agent in a tool of another is a run in its run; a tool that fails has failed',
  async () => {
    const seen = await run('nested', [
      answer({ blocks: [toolUse('delegate', { at: 'x' })] }),
      answer({ blocks: [text('from the helper')] }),
      answer({ blocks: [toolUse('fail', { at: 'x' })] }),
      answer({ blocks: [text('done')] }),
    ]);
    if (seen === undefined) return;
    const { outcome, of } = seen;
    expect([outcome.stdout, outcome.stderr, outcome.said]).toEqual(['done\n', '', []]);
    const [helper, guide] = of('agent.run');
    expect([helper, guide]).toMatchObject([
      { 'gen_ai.agent.name': 'helper', 'agent.status': 'ok', 'agent.turns': 1, 'agent.cost_nano_usd': COST },
      {
        'gen_ai.agent.name': 'guide',
        'agent.status': 'ok',
        'agent.turns': 3,
        'agent.tool_calls': 2,
        'agent.cost_nano_usd': 3 * COST,
        'agent.nested_cost_nano_usd': COST,
      },
    ]);
    expect(helper?.['agent.parent_run_id']).toBe(guide?.['agent.run_id']);
    const [delegate, fail] = of('agent.tool_call');
    expect([delegate, fail]).toMatchObject([
      { 'gen_ai.tool.name': 'delegate', 'tool.ok': true, 'agent.inferred': false },
      { 'gen_ai.tool.name': 'fail', 'tool.ok': false, 'error.type': 'tool_error', 'agent.inferred': false },
    ]);
    // The helper's run stands below the span of the tool that it ran in.
    expect(helper?.['parent_span_id']).toBe(delegate?.['span_id']);
    expect(JSON.stringify(outcome.events)).not.toContain('secret');
  },
  INSTALL_MS,
);

it(
  'an agent of the AI SDK is named by its id, in the tool of another, too; what its tools ask is not it',
  async () => {
    const delegate = answer({ blocks: [toolUse('delegate', { at: 'x' })] });
    const done = answer({ blocks: [text('done')] });
    const seen = await run('agents', [delegate, delegate, done, done, done]);
    if (seen === undefined) return;
    expect([seen.outcome.stdout, seen.outcome.stderr, seen.outcome.said]).toEqual(['done\n', '', []]);
    const [nameless, helper, guide] = seen.of('agent.run');
    expect([nameless, helper, guide].map((one) => one?.['gen_ai.agent.name'])).toEqual([
      nameless?.['service.name'],
      'helper',
      'guide',
    ]);
    expect([nameless?.['agent.parent_run_id'], helper?.['agent.parent_run_id']]).toEqual([
      helper?.['agent.run_id'],
      guide?.['agent.run_id'],
    ]);
  },
  INSTALL_MS,
);

it(
  'an agent of Mastra that another hands work to is a run in its run, for the same user and session',
  async () => {
    const seen = await run(
      'team',
      [
        answer({ blocks: [toolUse('agent-helper', { prompt: 'x' })] }),
        answer({ blocks: [text('from the helper')] }),
        answer({ blocks: [text('done')] }),
      ],
      { project: 'mastra', name: 'mastra-team.mjs' },
    );
    if (seen === undefined) return;
    expect(seen.outcome.stdout).toBe('done\n');
    const who = { 'user.id': 'u-7', 'gen_ai.conversation.id': 's-7', 'agent.status': 'ok' };
    const [helper, guide] = seen.of('agent.run');
    expect([helper, guide]).toMatchObject([
      { ...who, 'gen_ai.agent.name': 'Helper', 'agent.cost_nano_usd': COST },
      { ...who, 'gen_ai.agent.name': 'Guide', 'agent.turns': 2, 'agent.nested_cost_nano_usd': COST },
    ]);
    expect(helper?.['agent.parent_run_id']).toBe(guide?.['agent.run_id']);
  },
  INSTALL_MS,
);

it(
  'a call that was tried until its framework gave it up has failed at that moment',
  async () => {
    const busy = errorExchange(529, 'overloaded_error', 'busy', { 'retry-after': '0' });
    const seen = await run('failing', [busy, busy, busy, answer({ blocks: [text('done')] })]);
    if (seen === undefined) return;
    expect(seen.outcome.stdout).toBe('AI_RetryError done\n');
    expect(seen.of('agent.model_call')).toMatchObject([
      { 'error.type': 'overloaded_error', attempts: 3 },
      { attempts: 1, cost_nano_usd: COST },
    ]);
    expect(seen.of('agent.run')).toMatchObject([
      { 'agent.status': 'error', 'error.type': 'overloaded_error' },
      { 'agent.status': 'ok', 'agent.turns': 1 },
    ]);
  },
  INSTALL_MS,
);

it(
  'a run that stops at its limit of steps has reached it, though the process exits at once',
  async () => {
    const seen = await run('limited', [answer({ blocks: [toolUse('delegate', { at: 'x' })] })]);
    if (seen === undefined) return;
    expect(seen.outcome.stdout).toBe('tool-calls\n');
    expect(seen.of('agent.run')).toMatchObject([{ 'agent.status': 'max_turns', 'agent.turns': 1 }]);
  },
  INSTALL_MS,
);

it(
  'a run whose program gives it up is aborted',
  async () => {
    const seen = await run('aborted', [answer({ blocks: [toolUse('stop', { at: 'x' })] }), answer()]);
    if (seen === undefined) return;
    expect(seen.outcome.stdout).toBe('AbortError\n');
    const [guide] = seen.of('agent.run');
    expect(guide).toMatchObject({ 'gen_ai.agent.name': 'guide', 'agent.status': 'aborted' });
    expect(guide).not.toHaveProperty('error.type');
  },
  INSTALL_MS,
);
