// The silent watch by itself: what is usual is measured on what came before, in bounded memory.

import { describe, expect, it } from '@jest/globals';
import * as fc from 'fast-check';
import type { EventRecord } from '../../core/event.ts';
import { findSilentFailures, needsUsual } from '../../core/attribution/silent-failures.ts';
import type { EventLog, Fields } from '../../instrumentation/record/event-log.ts';
import { SilentWatch, type SilentMemory } from '../../instrumentation/record/seen/silent-watch.ts';

const SPAN = { traceId: '0'.repeat(32), spanId: '0'.repeat(16), traceFlags: 1 };

const newRun = (id: string) => ({
  id,
  silent: { failedTools: [] } as SilentMemory,
  fields: () => ({ 'agent.run_id': id }),
});

const tool = (length: number): Fields => ({
  'agent.run_id': 'r',
  'gen_ai.tool.name': 't',
  'tool.ok': true,
  'tool.result_len': length,
});

function watch() {
  const notes: Fields[] = [];
  const events = {
    emit: (_name: string, _atMs: number, _span: object, fields: Fields) => notes.push(fields),
  };
  return { watched: new SilentWatch(events as unknown as EventLog), notes };
}

const call = (more: Fields): Fields => ({
  'agent.run_id': 'r',
  'agent.step_number': 1,
  'gen_ai.response.model': 'm',
  'gen_ai.response.finish_reasons': ['end_turn'],
  cost_nano_usd: 1,
  ...more,
});

describe('silent watch', () => {
  it('what is usual is asked for only where it can matter', () => {
    const count = fc.integer({ min: 0, max: 60_000 });
    fc.assert(
      fc.property(count, count, count, fc.boolean(), (length, duration, median, isOk) => {
        const usual = {
          resultLen: new Map([['t', median]]),
          emptyShare: new Map([['t', 0.01]]),
          callDurationMs: new Map([['m', median]]),
        };
        const events = [
          { ...tool(length), 'tool.ok': isOk, 'event.name': 'agent.tool_call', timestamp: 1 },
          { ...call({ duration_ms: duration }), 'event.name': 'agent.model_call', timestamp: 1 },
        ] as EventRecord[];
        const compared = new Set(['empty_result', 'outsized_result', 'latency_outlier']);
        for (const event of events) {
          const found = findSilentFailures([event], usual).filter(({ kind }) => compared.has(kind));
          expect(found.length === 0 || needsUsual(event)).toBe(true);
        }
      }),
    );
  });

  it('a call that takes ten times the median of its model, and none before five are known', () => {
    const { watched, notes } = watch();
    for (let n = 0; n < 4; n += 1) watched.seeCall(newRun('r'), n, SPAN, call({ duration_ms: 2_000 }));
    watched.seeCall(newRun('r'), 5, SPAN, call({ duration_ms: 30_000 }));
    expect(notes).toEqual([]);
    watched.seeCall(newRun('r'), 6, SPAN, call({ duration_ms: 30_000 }));
    expect(notes.map((note) => [note['agent.note.subject'], note['agent.note.kind']])).toEqual([
      ['latency_outlier', 'silent_failure'],
    ]);
  });

  it('what is usual is what was usual lately', () => {
    const { watched, notes } = watch();
    for (let n = 0; n < 100; n += 1) watched.seeTool(newRun('r'), n, SPAN, tool(100));
    for (let n = 0; n < 100; n += 1) watched.seeTool(newRun('r'), n, SPAN, tool(50_000));
    // Half of the remembered results are as long: from then on that is usual.
    expect(notes.length).toBeGreaterThanOrEqual(32);
    expect(notes.length).toBeLessThan(64);
  });

  it('a run that ended well on a paused turn; a call is not told twice', () => {
    const { watched, notes } = watch();
    const run = newRun('r');
    watched.seeCall(run, 1, SPAN, call({ 'gen_ai.response.finish_reasons': ['max_tokens'] }));
    const paused = { 'agent.step_number': 2, 'gen_ai.response.finish_reasons': ['pause_turn'] };
    watched.seeCall(run, 2, SPAN, call(paused));
    watched.seeEnd(run, 3, SPAN, { 'agent.run_id': 'r', 'agent.status': 'ok' });
    expect(notes.map((note) => note['agent.note.subject'])).toEqual(['output_truncated', 'paused_at_end']);
  });

  it('many names are no leak: beyond a limit nothing more is remembered', () => {
    const { watched, notes } = watch();
    for (let n = 0; n < 300; n += 1)
      for (const length of [500, 500, 500, 500, 500, 0])
        watched.seeTool(newRun('r'), n, SPAN, {
          'agent.run_id': 'r',
          'gen_ai.tool.name': `t${String(n)}`,
          'tool.ok': true,
          'tool.result_len': length,
        });
    expect(notes).toHaveLength(256);
  });
});
