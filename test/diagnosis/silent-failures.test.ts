// Silent failures: each kind has a case that shows it and one beside it that does not.

import { describe, expect, it } from '@jest/globals';
import type { EventRecord } from '../../core/event.ts';
import { findSilentFailures, type SilentFailure } from '../../core/attribution/silent-failures.ts';
import { generatePeriod } from './generate-period.ts';

const AT_MS = Date.UTC(2026, 10, 20);

function call(step: number, fields: Partial<EventRecord> = {}): EventRecord {
  return {
    timestamp: AT_MS + step * 1_000,
    'event.name': 'agent.model_call',
    'agent.run_id': 'run',
    'agent.step_number': step,
    'gen_ai.response.model': 'claude-opus-5-5',
    'gen_ai.response.finish_reasons': ['tool_use'],
    duration_ms: 4_000,
    tokens_input: 5_000,
    cost_nano_usd: 1,
    ...fields,
  };
}

function tool(step: number, fields: Partial<EventRecord> = {}): EventRecord {
  return {
    timestamp: AT_MS + step * 1_000 + 500,
    'event.name': 'agent.tool_call',
    'agent.run_id': 'run',
    'agent.step_number': step,
    'gen_ai.tool.name': 'search',
    'tool.ok': true,
    'tool.result_len': 800,
    ...fields,
  };
}

/** Five ordinary steps, so that there are medians. */
const USUAL = [1, 2, 3, 4, 5].flatMap((step) => [call(step), tool(step)]);

function kindsOf(...events: readonly EventRecord[]): SilentFailure['kind'][] {
  return findSilentFailures([...USUAL, ...events]).map(({ kind }) => kind);
}

describe('a silent failure is found', () => {
  it.each<readonly [SilentFailure['kind'], readonly EventRecord[], readonly EventRecord[]]>([
    ['empty_result', [tool(6, { 'tool.result_empty': true, 'tool.result_len': 0 })], [tool(6)]],
    ['outsized_result', [tool(6, { 'tool.result_len': 8_000 })], [tool(6, { 'tool.result_len': 7_900 })]],
    [
      'error_ignored',
      [tool(6, { 'tool.ok': false }), call(7, { 'gen_ai.response.finish_reasons': ['end_turn'] })],
      [tool(6, { 'tool.ok': false }), call(7)],
    ],
    [
      'output_truncated',
      [call(6, { 'gen_ai.response.finish_reasons': ['max_tokens'] })],
      [call(6, { 'gen_ai.response.finish_reasons': ['end_turn'] })],
    ],
    ['refused', [call(6, { 'gen_ai.response.finish_reasons': ['refusal'] })], [call(6)]],
    [
      'paused_at_end',
      [
        call(6, { 'gen_ai.response.finish_reasons': ['pause_turn'] }),
        { timestamp: AT_MS + 9_000, 'event.name': 'agent.run', 'agent.run_id': 'run', 'agent.status': 'ok' },
      ],
      [
        call(6, { 'gen_ai.response.finish_reasons': ['pause_turn'] }),
        call(7, { 'gen_ai.response.finish_reasons': ['end_turn'] }),
        { timestamp: AT_MS + 9_000, 'event.name': 'agent.run', 'agent.run_id': 'run', 'agent.status': 'ok' },
      ],
    ],
    ['token_jump', [call(6, { tokens_input: 15_000 })], [call(6, { tokens_input: 14_900 })]],
    ['latency_outlier', [call(6, { duration_ms: 40_000 })], [call(6, { duration_ms: 39_000 })]],
  ])('%s, and not what is just short of it', (kind, shows, doesNot) => {
    expect(kindsOf(...shows)).toEqual([kind]);
    expect(kindsOf(...doesNot)).toEqual([]);
  });

  it('with the figures that show it', () => {
    const [failure] = findSilentFailures([...USUAL, tool(6, { 'tool.result_len': 9_000 })]);
    expect(failure).toMatchObject({
      runId: 'run',
      step: 6,
      tool: 'search',
      text: 'search returned 9,000 characters; its median is 800',
    });
  });
});

describe('nothing is found', () => {
  it('in ordinary work', () => {
    expect(findSilentFailures(generatePeriod({ runs: 30 }))).toEqual([]);
  });

  it('of a tool that is often empty, or that was hardly ever used', () => {
    const often = [6, 7, 8].map((step) => tool(step, { 'tool.result_empty': true, 'tool.result_len': 0 }));
    expect(kindsOf(...often)).toEqual([]);
    const rare = [
      tool(6, { 'gen_ai.tool.name': 'rare', 'tool.result_len': 10 }),
      tool(7, { 'gen_ai.tool.name': 'rare', 'tool.result_len': 90_000 }),
    ];
    expect(kindsOf(...rare)).toEqual([]);
  });
});
