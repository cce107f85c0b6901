// The manual API: declared runs and tools, and what happens without the preload.

import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import path from 'node:path';
import type { Scenario } from '../fakes/anthropic-api.ts';
import { answer, text, toolUse } from '../fakes/messages.ts';
import { eventsOf, openHarness, spansOf, type Harness, type Outcome } from './harness.ts';

const PROGRAM = path.join(import.meta.dirname, 'programs/declared.mjs');

function scenario(): Scenario {
  return {
    exchanges: [
      answer({ blocks: [toolUse('weather', { city: 'Rome' }), toolUse('weather', { city: 'Atlantis' })] }),
      answer({ blocks: [text('It is sunny.')] }),
      answer({ blocks: [text('hello')] }),
    ],
  };
}

describe('the manual API', () => {
  let harness: Harness;
  let bare: Outcome;
  let observed: Outcome;

  beforeAll(async () => {
    harness = await openHarness();
    const environment = { PACKAGE: path.join(harness.packageDir, 'index.mjs') };
    bare = await harness.run(PROGRAM, { scenario: scenario(), preload: 'none', environment });
    observed = await harness.run(PROGRAM, { scenario: scenario(), environment });
  });
  afterAll(() => harness.close());

  it('passes everything through without the preload', () => {
    expect(bare.stderr).toBe('');
    expect(bare.stdout).toBe(
      [
        'run id none',
        'It is sunny.',
        'true good day good day Ada, hello',
        'thrown SyntaxError',
        'stopped',
        '30000',
        '',
      ].join('\n'),
    );
    expect(observed.stdout).toBe(bare.stdout.replace('none', '32'));
    expect(observed.stderr).toBe('');
  });

  it('declared runs carry what the caller said and end as their function ends', () => {
    const runs = eventsOf(observed, 'agent.run');
    expect(
      runs.map((run) => [
        run['gen_ai.agent.name'],
        run['agent.status'],
        run['error.type'],
        run['agent.turns'],
      ]),
    ).toEqual([
      ['forecaster', 'ok', undefined, 2],
      ['greeter', 'ok', undefined, 1],
      ['broken', 'error', 'SyntaxError', 0],
      ['limited', 'budget_exceeded', undefined, 0],
    ]);
    expect(runs[0]).toMatchObject({
      'agent.inferred': false,
      'user.id': 'u1',
      'agent.task_type': 'forecast',
      'agent.version': '2',
      'agent.tags': ['beta', 'europe'],
      'agent.user_input_len': 8,
      'agent.output_len': 12,
      'agent.tool_calls': 2,
    });
    // What a run identifies at once is not for the runs after it.
    expect(runs.map((run) => run['gen_ai.conversation.id'])).toEqual([
      undefined,
      'session-9',
      undefined,
      undefined,
    ]);
    expect(runs.slice(1).map((run) => run['agent.tags'])).toEqual([undefined, undefined, undefined]);
  });

  it('a declared tool replaces the inferred one: measured, not guessed', () => {
    const tools = eventsOf(observed, 'agent.tool_call');
    expect(tools.map((call) => [call['tool.ok'], call['error.type'], call['agent.inferred']])).toEqual([
      [true, undefined, false],
      [false, 'RangeError', false],
    ]);
    expect(tools.map((call) => call['tool.result_len'])).toEqual([13, 24]);
    expect(spansOf(observed, 'execute_tool')).toHaveLength(2);
    const toolSpans = new Set(spansOf(observed, 'execute_tool').map(({ spanId }) => spanId));
    for (const call of tools) expect(toolSpans).toContain(call.span_id);
  });

  it('a note stands on its run', () => {
    const [run] = eventsOf(observed, 'agent.run');
    const notes = eventsOf(observed, 'agent.note').filter((note) => note['agent.note.kind'] === 'decision');
    expect(notes).toMatchObject([
      {
        'agent.run_id': run?.['agent.run_id'],
        'agent.note.kind': 'decision',
        'agent.note.text': 'ask for the weather first',
        'gen_ai.tool.name': 'weather',
      },
    ]);
  });
});
