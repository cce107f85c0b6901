// What leaving a tool out saves is what was said before: the share of its definition (never used, and paid for
// in every call), and what carrying its results costs.

import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import type { EventRecord } from '../../core/event.ts';
import { HOUR_MS } from '../../core/time/time.ts';
import type { CostReport } from '../../server/source.ts';
import { getJson, sendEvents, startTestServer, type TestServer } from '../server/harness.ts';
import { costOf, generatePeriod, USUAL, type Setting } from './generate-period.ts';

jest.setTimeout(60_000);

/** The share by which a prediction may be beside what is saved. */
const TOLERANCE = 0.05;
/** Sizes are estimated by characters: where JSON has more tokens a character than prose, definitions look smaller. */
const DENSE_JSON_TOLERANCE = 0.2;
/** A tokenizer that is nearly the same for prose, JSON and results. */
const EVEN = { text: 3.6, tool: 3.5, tool_use: 3.5, tool_result: 3.6 };
const TOOLS = 8;
const FROM_MS = Date.now() - 40 * HOUR_MS;
const CASES: readonly (readonly [string, Partial<Setting>])[] = [
  ['without a cache', { cache: 'off' }],
  ['with the five-minute cache', { cache: '5m', seed: 2 }],
  ['with the one-hour cache', { cache: '1h', seed: 3 }],
  ['in short runs', { cache: '5m', meanTurns: 2, seed: 4 }],
  ['in long runs', { cache: '5m', meanTurns: 14, seed: 5 }],
  ['with dense JSON', { charsPerToken: undefined, seed: 6 }],
];

function periodOf(change: Partial<Setting>): EventRecord[] {
  return generatePeriod({
    runs: 20,
    fromMs: FROM_MS,
    spacingMs: HOUR_MS / 2,
    toolCount: TOOLS,
    charsPerToken: EVEN,
    ...change,
  });
}

/** How far a prediction is beside what was saved, as a share of that. */
function errorOf(predicted: number, saved: number): number {
  return Math.abs(predicted / saved - 1);
}

function carriedBy(events: readonly EventRecord[], tool: string): number {
  let sum = 0;
  for (const event of events)
    if (event['event.name'] === 'agent.tool_cost' && event['gen_ai.tool.name'] === tool)
      sum += event.cost_nano_usd ?? 0;
  return sum;
}

describe.each(CASES)('a tool that is left out, %s,', (_, setting) => {
  const recorded = periodOf(setting);
  let server: TestServer;

  beforeAll(async () => {
    server = await startTestServer();
    const stored = recorded.map((event, index) => ({
      ...event,
      'tallyspan.seq': index + 1,
      'service.instance.id': 'one',
      trace_id: event['agent.run_id'],
      span_id: index.toString(16).padStart(16, '0'),
    }));
    for (let start = 0; start < stored.length; start += 2000)
      await sendEvents(server, stored.slice(start, start + 2000));
  });
  afterAll(() => server.remove());

  it('and was never used saves the cost that the list of unused tools says', async () => {
    const report = await getJson<CostReport>(server, '/api/cost?by=tool&since=7d');
    const last = report.tool_tax?.unused.find(({ tool }) => tool === `tool_${TOOLS - 1}`);
    const saved = costOf(recorded) - costOf(periodOf({ ...setting, toolCount: TOOLS - 1 }));
    const isEven = !('charsPerToken' in setting);
    expect(saved).toBeGreaterThan(0);
    expect(errorOf(last?.cost_nano_usd ?? 0, saved)).toBeLessThan(isEven ? TOLERANCE : DENSE_JSON_TOLERANCE);
  });

  it('saves what carrying its results costs', async () => {
    const report = await getJson<CostReport>(server, '/api/cost?by=tool&since=7d');
    const row = report.rows.find(({ name }) => name === 'search_docs');
    // The calls of the tool stay, with an answer of one character.
    const without = periodOf({ ...setting, resultChars: { ...USUAL.resultChars, search_docs: 0 } });
    const saved = costOf(recorded) - costOf(without);
    const predicted = (row?.cost_nano_usd ?? 0) - carriedBy(without, 'search_docs');
    expect(errorOf(predicted, saved)).toBeLessThan(TOLERANCE);
  });
});
