// Each kind of finding: a scenario in which it must appear with what the fix is worth, and one in which it must not.
// What a fix is worth is what the same work costs when it is really run with it.

import { setTimeout } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { EventRecord } from '../../core/event.ts';
import { findWaste, type WasteKind } from '../../core/findings/find-waste.ts';
import { stateOf } from '../../core/findings/finding-state.ts';
import type { FindingsReport } from '../../server/source.ts';
import { readCommand } from '../cli/read-command.ts';
import { runCommand } from '../cli/run-command.ts';
import { costOf, generatePeriod, type Setting } from '../diagnosis/generate-period.ts';
import { getJson, sendEvents, startTestServer, type TestServer } from '../server/harness.ts';

const DAY = 86_400_000;
const PERIOD = { runs: 24, seed: 9 };

function amounts(events: readonly EventRecord[], kind: WasteKind): Record<string, number> {
  return Object.fromEntries(
    findWaste(events)
      .filter((waste) => waste.kind === kind)
      .map(({ subject, spots }) => [subject, spots.reduce((sum, { nanoUsd }) => sum + nanoUsd, 0)] as const)
      .filter(([, nanoUsd]) => nanoUsd > 0),
  );
}

const call = (run: string, step: number, more: Partial<EventRecord> = {}): EventRecord => ({
  timestamp: Date.UTC(2026, 10, 20) + step * 1000,
  'event.name': 'agent.model_call',
  'agent.run_id': run.repeat(32),
  'agent.step_number': step,
  'gen_ai.response.model': 'claude-sonnet-5-5',
  tokens_input: 500,
  tokens_output: 100,
  cost_nano_usd: 2_000_000,
  ...more,
});
const tool = (run: string, step: number, name: string, attempt: number): EventRecord => ({
  timestamp: Date.UTC(2026, 10, 20) + step * 1000 + 500,
  'event.name': 'agent.tool_call',
  'agent.run_id': run.repeat(32),
  'agent.step_number': step,
  'gen_ai.tool.name': name,
  'tool.ok': attempt > 1,
  'tool.retry_attempt': attempt,
});

const note = (kind: string): EventRecord => ({
  timestamp: Date.UTC(2026, 10, 20) + 2500,
  'event.name': 'agent.note',
  'agent.run_id': 'a'.repeat(32),
  'agent.note.kind': kind,
});
const ending = (reason: string): EventRecord => call('a', 1, { 'gen_ai.response.finish_reasons': [reason] });

describe('what a fix is worth', () => {
  it.each<[WasteKind, string, Partial<Setting>, Partial<Setting>]>([
    ['no_cache', '', { cache: 'off' }, { cache: '5m' }],
    ['cache_lifetime', '', { gapMs: 400_000 }, { gapMs: 400_000, cache: '1h' }],
    ['cache_broken', 'tools_reordered', { breaks: 'tools_reordered' }, {}],
    ['cache_broken', 'system_changed', { breaks: 'system_changed' }, {}],
    ['cache_broken', 'messages_changed', { breaks: 'messages_changed' }, {}],
  ])('%s %s', (kind, subject, bad, good) => {
    const recorded = generatePeriod({ ...PERIOD, ...bad });
    const fixed = generatePeriod({ ...PERIOD, ...good });
    const worth = costOf(recorded) - costOf(fixed);
    const found = amounts(recorded, kind)[subject] ?? 0;
    expect(Math.abs(found - worth) / worth).toBeLessThan(0.05);
    expect(amounts(fixed, kind)[subject]).toBeUndefined();
  });

  it('tool_retries: the calls that asked again, shared by what they asked for', () => {
    const events = [
      ...[1, 2, 3, 4].map((step) => call('a', step)),
      tool('a', 1, 'refund', 0),
      tool('a', 2, 'refund', 1),
      tool('a', 3, 'refund', 2),
      tool('a', 3, 'search', 0),
    ];
    expect(amounts(events, 'tool_retries')).toEqual({ refund: 2_000_000 + 1_000_000 });
    expect(amounts([...events.slice(0, 4), tool('a', 1, 'refund', 0)], 'tool_retries')).toEqual({});
  });

  it('loop: what the run cost after it was noted', () => {
    const calls = [1, 2, 3, 4].map((step) => call('a', step));
    expect(amounts([...calls, note('loop_suspected')], 'loop')).toEqual({ '': 4_000_000 });
    expect(amounts([...calls, note('decision')], 'loop')).toEqual({});
  });

  it('cut_answers: the calls that ended at max_tokens', () => {
    expect(amounts([ending('max_tokens')], 'cut_answers')).toEqual({ '': 2_000_000 });
    expect(amounts([ending('end_turn')], 'cut_answers')).toEqual({});
  });
});

describe('a finding', () => {
  const NOW = 10 * DAY;
  const ago = (...days: number[]): number[] => days.map((day) => NOW - day * DAY - 1);
  it.each([
    ['is open while it is there', ago(0, 1, 2), ago(0, 1, 2), 'open'],
    ['is open when it is new', ago(0), ago(0, 1, 2), 'open'],
    ['is closed after a day with calls and without it', ago(1, 2), ago(0, 1, 2), 'closed'],
    ['is not closed by a day without calls', ago(2, 3), ago(2, 3), 'open'],
    ['is open again when it comes back', ago(0, 3), ago(0, 1, 2, 3), 'reopened'],
    ['stays closed', ago(6), ago(0, 3, 6), 'closed'],
  ])('%s', (_, spots, calls, state) => {
    expect(stateOf(spots, calls, NOW)).toBe(state);
  });
});

describe('the list of findings', () => {
  let server: TestServer;
  let worth: number;

  beforeAll(async () => {
    server = await startTestServer({ findingsEveryMs: 1000 });
    const fromMs = Date.now() - 2.5 * DAY;
    const setting = { ...PERIOD, fromMs, spacingMs: 3_600_000 };
    const recorded = generatePeriod({ ...setting, cache: 'off' });
    worth = costOf(recorded) - costOf(generatePeriod({ ...setting, cache: '5m' }));
    const definitions: EventRecord[] = ['a', 'b'].flatMap((run): EventRecord[] => [
      {
        timestamp: fromMs + DAY,
        'event.name': 'agent.run',
        trace_id: run.repeat(32),
        span_id: run.repeat(16),
        'agent.run_id': run.repeat(32),
        'agent.status': 'ok',
        'agent.tool_definitions': ['search_docs=100', 'never_used=300'],
      },
      {
        timestamp: fromMs + DAY - 100,
        'event.name': 'agent.tool_cost',
        trace_id: run.repeat(32),
        span_id: run.repeat(16),
        'agent.run_id': run.repeat(32),
        'gen_ai.tool.name': '(tools)',
        cost_nano_usd: 400_000_000,
      },
    ]);
    await sendEvents(server, [...recorded, ...definitions]);
  });
  afterAll(() => server.remove());

  it('has the money, the runs and the fix, the same in API, command and page', async () => {
    const report = await getJson<FindingsReport>(server, '/api/findings');
    const cache = report.findings.find(({ kind }) => kind === 'no_cache');
    expect(Math.abs((cache?.weekly_nano_usd ?? 0) - worth) / worth).toBeLessThan(0.05);
    expect(cache?.runs).toHaveLength(5);
    const unused = report.findings.find(({ id }) => id === 'unused_tool//never_used');
    expect(unused?.weekly_nano_usd).toBe(600_000_000);
    expect(report.findings.map(({ id }) => id)).not.toContain('unused_tool//search_docs');
    const open = report.findings.filter(({ state, kind }) => state !== 'closed' && kind !== 'cost_change');
    expect(report.weekly_nano_usd).toBe(open.reduce((sum, { weekly_nano_usd: one }) => sum + one, 0));
    const command = await readCommand<FindingsReport>(['findings', '--url', server.uiUrl]);
    expect(command.findings.map(({ id }) => id)).toEqual(report.findings.map(({ id }) => id));
    const { stdout } = await runCommand(['findings', '--url', server.uiUrl]);
    const page = await (await fetch(`${server.uiUrl}/findings`, { headers: { accept: 'text/html' } })).text();
    for (const text of ['Prompts are sent again without the cache', '$0.6000 a week', 'cache_control'])
      expect([stdout.includes(text), page.includes(text)]).toEqual([true, true]);
  });

  it('stands on the overview, and is a signal', async () => {
    const report = await getJson<FindingsReport>(server, '/api/findings');
    const overview = async (): Promise<string> =>
      (await fetch(server.uiUrl, { headers: { accept: 'text/html' } })).text();
    while (!(await overview()).includes('Fixes would recover')) await setTimeout(100);
    let value: number | null = null;
    while (value === null)
      ({ value } = await getJson<{ value: number | null }>(server, '/api/signals/recoverable_cost'));
    expect(value).toBe(report.weekly_nano_usd);
  });
});
