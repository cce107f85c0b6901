// Each kind of finding: a scenario in which it must appear with what the fix is worth, and one in which it must not.
// What a fix is worth is what the same work costs when it is really run with it.

import { setTimeout } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { EventRecord } from '../../core/event.ts';
import { findWaste, type WasteKind } from '../../core/findings/find-waste.ts';
import { stateOf } from '../../core/findings/finding-state.ts';
import { readFindings } from '../../server/queries/findings/read-findings.ts';
import type { FindingsReport } from '../../server/source.ts';
import { readCommand } from '../cli/read-command.ts';
import { runCommand } from '../cli/run-command.ts';
import { costOf, generatePeriod, USUAL, type Setting } from '../diagnosis/generate-period.ts';
import { openTestStore, removeTestStore } from '../server/test-store.ts';
import { getJson, sendEvents, startTestServer, type TestServer } from '../server/harness.ts';

const DAY = 86_400_000;
/** Results of the search are three times as long. */
const GROWN = { resultChars: { ...USUAL.resultChars, search_docs: 18_000 } };
const PERIOD = { runs: 24, seed: 9 };

function amounts(events: readonly EventRecord[], kind: WasteKind): Record<string, number> {
  const sums: Record<string, number> = {};
  for (const { kind: found, subject, nanoUsd } of findWaste(events))
    if (found === kind) sums[subject] = (sums[subject] ?? 0) + nanoUsd;
  return Object.fromEntries(Object.entries(sums).filter(([, nanoUsd]) => nanoUsd > 0));
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

const ago = (...days: number[]): Set<number> => new Set(days);

describe('a finding', () => {
  it.each([
    ['is open while it is there', ago(0, 1, 2), ago(0, 1, 2), 'open'],
    ['is open when it is new', ago(0), ago(0, 1, 2), 'open'],
    ['is closed after a day with calls and without it', ago(1, 2), ago(0, 1, 2), 'closed'],
    ['is not closed by a day without calls', ago(2, 3), ago(2, 3), 'open'],
    ['is open again when it comes back', ago(0, 3), ago(0, 1, 2, 3), 'reopened'],
    ['stays closed', ago(6), ago(0, 3, 6), 'closed'],
  ])('%s', (_, spots, calls, state) => {
    expect(stateOf(spots, calls)).toBe(state);
  });
});

const weekOf = (fromMs: number, setting: Partial<Setting>): EventRecord[] =>
  generatePeriod({ runs: 60, seed: 5, fromMs, spacingMs: 9_000_000, ...setting });

/** The findings of a store with a week like the one before but for what is given. */
async function changesOf(change: Partial<Setting>): Promise<{ found: FindingsReport; worth: number }> {
  const store = await openTestStore();
  try {
    const toMs = Date.now();
    const before = weekOf(toMs - 13.9 * DAY, {});
    const now = weekOf(toMs - 6.9 * DAY, change);
    for (const events of [before, now]) await store.store.write({ events, spans: [] });
    return { found: await readFindings(store.database, toMs), worth: costOf(now) - costOf(before) };
  } finally {
    await removeTestStore(store);
  }
}

describe('a cost change', () => {
  it.each<[string, string, Partial<Setting>]>([
    ['results of a tool grow', 'cost_change/tool_results_grew/search_docs', GROWN],
    ['another model answers', 'cost_change/model_changed', { model: 'claude-fable-5' }],
    ['the system prompt grows', 'cost_change/system_prompt_grew', { systemChars: 30_000 }],
  ])('%s: what the week cost more', async (_, id, change) => {
    const { found, worth } = await changesOf(change);
    const finding = found.findings.find((each) => each.id.startsWith(id));
    expect(found.findings.map((each) => each.id)).toContain(finding?.id ?? id);
    expect(Math.abs((finding?.weekly_nano_usd ?? 0) - worth) / worth).toBeLessThan(0.05);
    // It may be about the same money as others, and is not added to theirs.
    const others = found.findings.filter(({ kind }) => kind !== 'cost_change');
    expect(found.weekly_nano_usd).toBe(others.reduce((sum, { weekly_nano_usd: one }) => sum + one, 0));
  });

  it.each<[string, Partial<Setting>]>([
    ['a week like the one before', {}],
    ['a cheaper week', { systemChars: 3_000 }],
    ['more work, which is no fault', { runs: 64 }],
  ])('%s is none', async (_, change) => {
    const { found } = await changesOf(change);
    expect(found.findings.filter(({ kind }) => kind === 'cost_change')).toEqual([]);
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
