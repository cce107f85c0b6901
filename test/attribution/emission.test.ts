// What the preload sends about attribution: tool costs whose parts sum up, the tools that were defined,
// and notes of what a known program sends for the first time.

import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { decodeShares } from '../../core/attribution/cost-shares.ts';
import { decodeEvent, type EventRecord } from '../../core/event.ts';
import { toolCostFields } from '../../core/pricing/cost-fields.ts';
import type { Exchange, Scenario } from '../../examples/fake-api/exchange.ts';
import { supportAgentScenario } from '../../examples/scenarios/support-agent.ts';
import { FirstSights } from '../../instrumentation/record/seen/first-sights.ts';
import { eventsOf, EXAMPLE, openHarness, type Harness, type Outcome } from '../contract/harness.ts';

/** The scenario, its first whole answer with a compaction before it. */
function withCompaction(scenario: Scenario): Scenario {
  let isDone = false;
  const exchanges = scenario.exchanges.map((exchange): Exchange => {
    const message = 'json' in exchange ? (exchange.json as { usage?: Record<string, unknown> }) : {};
    if (isDone || message.usage === undefined) return exchange;
    isDone = true;
    const compaction = { type: 'compaction', input_tokens: 900, output_tokens: 100 };
    const iterations = [compaction, { ...message.usage, type: 'message' }];
    return { ...exchange, json: { ...message, usage: { ...message.usage, iterations } } };
  });
  return { ...scenario, exchanges };
}

function costOf(rows: readonly Partial<EventRecord>[]): number {
  return rows.reduce((sum, row) => sum + (row.cost_nano_usd ?? 0), 0);
}

describe('the support agent', () => {
  let harness: Harness;
  let first: Outcome;
  let second: Outcome;

  beforeAll(async () => {
    harness = await openHarness();
    first = await harness.run(EXAMPLE, { scenario: supportAgentScenario() });
    second = await harness.run(EXAMPLE, { scenario: supportAgentScenario() });
  });
  afterAll(() => harness.close());

  it('pays for each tool in parts that sum to its cost', () => {
    const rows = eventsOf(first, 'agent.tool_cost');
    expect(rows.length).toBeGreaterThan(11);
    const calls = eventsOf(first, 'agent.model_call');
    for (const call of calls)
      expect(costOf(decodeShares(call['tallyspan.cost_shares'] ?? []).map(toolCostFields))).toBe(
        call.cost_nano_usd,
      );
    // Each run has its rows, and they sum to its calls.
    for (const run of eventsOf(first, 'agent.run')) {
      const own = ({ 'agent.run_id': id }: EventRecord): boolean => id === run['agent.run_id'];
      expect(costOf(rows.filter(own))).toBe(costOf(calls.filter(own)));
      expect(costOf(rows.filter(own))).toBe(run['agent.cost_nano_usd']);
    }
    for (const row of rows) {
      const parts = [
        row.cost_first_read_nano_usd,
        row.cost_cache_write_nano_usd,
        row.cost_cache_read_nano_usd,
        row.cost_carry_nano_usd,
        row.cost_output_nano_usd,
        row.cost_web_search_nano_usd,
      ];
      expect(parts.reduce<number>((sum, part) => sum + (part ?? 0), 0)).toBe(row.cost_nano_usd);
    }
    expect(rows.map((row) => row['gen_ai.tool.name'])).toContain('(tools)');
    const outputs = rows.filter((row) => row['gen_ai.tool.name'] === '(output)');
    expect(outputs.reduce((sum, row) => sum + (row['tallyspan.calls'] ?? 0), 0)).toBe(11);
    expect(first.events.length).toBeLessThanOrEqual(calls.length * 5);
  });

  it('tells with each run which tools it defined, by name and estimated tokens', () => {
    for (const run of eventsOf(first, 'agent.run')) {
      expect(run['agent.tool_definitions']?.length).toBeGreaterThan(0);
      for (const tool of run['agent.tool_definitions'] ?? []) expect(tool).toMatch(/^\w+=\d+$/);
    }
  });

  it('marks a compaction where the usage has a step for it', async () => {
    const scenario = supportAgentScenario();
    const notes = eventsOf(first, 'agent.note').filter((note) => note['agent.note.kind'] === 'compaction');
    expect(notes).toEqual([]);
    const compacted = await harness.run(EXAMPLE, { scenario: withCompaction(scenario) });
    const marked = eventsOf(compacted, 'agent.note').filter(
      (note) => note['agent.note.kind'] === 'compaction',
    );
    expect(marked).toHaveLength(1);
    expect(marked[0]?.['agent.step_number']).toBeGreaterThan(0);
  });

  it('marks the commit and the version of the SDK on every call, and their first sight', async () => {
    const stamps = eventsOf(first, 'agent.model_call').map((call) => call['tallyspan.sdk.version']);
    expect(new Set(stamps)).toEqual(new Set(['1.15.0']));
    // Known since before the beginning of the program.
    const spool = path.join(harness.spoolDir, 'stamps');
    const environment = { TALLYSPAN_SPOOL: spool, GIT_SHA: 'aaaaaaa1' };
    const run = (more: Readonly<Record<string, string>> = {}) =>
      harness.run(EXAMPLE, {
        scenario: supportAgentScenario(),
        endpoint: 'absent',
        environment: { ...environment, ...more, TALLYSPAN_FILE: path.join(spool, 'daily') },
      });
    await run();
    await run({ GIT_SHA: 'BBBBBBB2' });
    const [name = ''] = readdirSync(path.join(spool, 'daily'));
    const events = readFileSync(path.join(spool, 'daily', name), 'utf8')
      .trimEnd()
      .split('\n')
      .map((line) => decodeEvent(line));
    const revisions = events.flatMap((event) => event?.['vcs.ref.head.revision'] ?? []);
    expect(new Set(revisions)).toEqual(new Set(['aaaaaaa1', 'bbbbbbb2']));
    const notes = events.filter((event) => event?.['agent.note.kind'] === 'first_seen');
    expect(notes.map((note) => [note?.['agent.note.subject'], note?.['agent.note.value']])).toEqual([
      ['revision', 'bbbbbbb2'],
    ]);
  });

  it('marks no first sight in its first process, nor when the same is sent again', () => {
    const notes = [...eventsOf(first, 'agent.note'), ...eventsOf(second, 'agent.note')];
    expect(notes.filter((note) => note['agent.note.kind'] === 'first_seen')).toEqual([]);
  });
});

describe('first sights', () => {
  const folder = mkdtempSync(path.join(tmpdir(), 'tallyspan-sights-'));
  afterAll(() => {
    rmSync(folder, { recursive: true });
  });

  it('are what a later process of the program sends that none has sent before', () => {
    const one = new FirstSights(folder, 'service main.mjs');
    expect(one.add('model', 'claude-opus-5-5', 0)).toBe(false);
    const two = new FirstSights(folder, 'service main.mjs');
    expect(two.add('model', 'claude-opus-5-5', 1_000)).toBe(false);
    expect(two.add('model', 'claude-fable-5-2', 1_000)).toBe(true);
    expect(two.add('model', 'claude-fable-5-2', 1_000)).toBe(false);
    expect(new FirstSights(folder, 'another.mjs').add('model', 'claude-fable-5-2', 1_000)).toBe(false);
  });

  it('begin ten minutes after the first process of the program did', () => {
    const sights = new FirstSights(folder, 'long-lived.mjs');
    expect(sights.add('system_prompt', 'one', 0)).toBe(false);
    expect(sights.add('system_prompt', 'two', 599_000)).toBe(false);
    expect(sights.add('system_prompt', 'three', 601_000)).toBe(true);
  });

  it('end where a value varies all the time', () => {
    const sights = new FirstSights(folder, 'varying.mjs');
    sights.add('system_prompt', 'start', 0);
    const marked = Array.from({ length: 100 }, (_, n) => sights.add('system_prompt', `v${n}`, 1e6));
    expect(marked.filter(Boolean).length).toBeLessThan(20);
    const deployed = Array.from({ length: 100 }, (_, n) => sights.add('revision', `c${n}`, 1e6));
    expect(deployed.filter(Boolean).length).toBe(100);
  });
});
