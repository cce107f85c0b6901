// The example agent, from the SDK call to OTLP: what it does stays the same, and every number is right.

import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { decodeShares } from '../../core/attribution/cost-shares.ts';
import { supportAgentScenario } from '../../examples/scenarios/support-agent.ts';
import { eventsOf, EXAMPLE, openHarness, spansOf, type Harness, type Outcome } from './harness.ts';

/** By hand, from the usages of the scenario and the list prices, USD per million tokens. */
const COST_NANO_USD = {
  // sonnet 5.5: input 2, 5m write 2.50, read 0.10, output 10
  first:
    41 * 2_000 +
    2_130 * 2_500 +
    78 * 10_000 +
    (112 * 2_000 + 2_130 * 100 + 141 * 10_000) +
    (268 * 2_000 + 2_130 * 100 + 64 * 10_000) +
    (391 * 2_000 + 2_130 * 100 + 52 * 10_000),
  // opus 5.5: input 4, 1h write 8, read 0.20, output 20
  second:
    57 * 4_000 +
    2_044 * 8_000 +
    83 * 20_000 +
    (149 * 4_000 + 2_044 * 200 + 97 * 20_000) +
    (277 * 4_000 + 2_044 * 200 + 118 * 20_000) +
    (402 * 4_000 + 2_044 * 200 + 33 * 20_000),
  // haiku 5.5: input 0.10, output 0.50
  third: 2_019 * 100 + 61 * 500 + (2_167 * 100 + 58 * 500) + (2_288 * 100 + 27 * 500),
};

describe('the support agent', () => {
  let harness: Harness;
  let bare: Outcome;
  let observed: Outcome;

  beforeAll(async () => {
    harness = await openHarness();
    bare = await harness.run(EXAMPLE, { scenario: supportAgentScenario(), preload: 'none' });
    observed = await harness.run(EXAMPLE, { scenario: supportAgentScenario() });
  });
  afterAll(() => harness.close());

  it('prints and returns the same with and without the preload (law 8)', () => {
    expect(observed.stdout).toBe(bare.stdout);
    expect(observed.stderr).toBe(bare.stderr);
    expect([observed.code, observed.signal]).toEqual([0, null]);
    expect(bare.stdout).toContain('Your parcel P-77 is in Leipzig.');
  });

  it('says nothing where nothing is wrong', () => {
    expect(observed.said).toEqual([]);
  });

  it('costs what the usages cost by hand, to the nano-dollar', () => {
    const runs = eventsOf(observed, 'agent.run').map((run) => run['agent.cost_nano_usd']);
    expect(runs).toEqual([COST_NANO_USD.first, COST_NANO_USD.second, COST_NANO_USD.third]);
    const calls = eventsOf(observed, 'agent.model_call').map((call) => call.cost_nano_usd ?? Number.NaN);
    expect(calls).toHaveLength(11);
    expect(sum(calls)).toBe(COST_NANO_USD.first + COST_NANO_USD.second + COST_NANO_USD.third);
  });

  it('says what each call would have cost without the cache', () => {
    const [first, second] = eventsOf(observed, 'agent.model_call');
    expect(first?.cost_uncached_nano_usd).toBe((41 + 2_130) * 2_000 + 78 * 10_000);
    expect(second?.cost_uncached_nano_usd).toBe((112 + 2_130) * 2_000 + 141 * 10_000);
  });

  it('divides each call over what it carried, to the nano-dollar (law 14)', () => {
    for (const call of eventsOf(observed, 'agent.model_call')) {
      const shares = decodeShares(call['tallyspan.cost_shares'] ?? []);
      expect(sum(shares.map((share) => share.costNanoUsd))).toBe(call.cost_nano_usd);
    }
    for (const run of eventsOf(observed, 'agent.run')) {
      const rows = eventsOf(observed, 'agent.tool_cost').filter(
        ({ 'agent.run_id': id }) => id === run['agent.run_id'],
      );
      expect(sum(rows.map((row) => row.cost_nano_usd ?? Number.NaN))).toBe(run['agent.cost_nano_usd']);
    }
  });

  it('recognises three runs with their steps and tool calls', () => {
    const runs = eventsOf(observed, 'agent.run');
    expect(runs.map((run) => [run['agent.status'], run['agent.turns'], run['agent.tool_calls']])).toEqual([
      ['ok', 4, 4],
      ['ok', 4, 3],
      ['ok', 3, 2],
    ]);
    expect(runs.map((run) => run['user.id'])).toEqual(['user-17', 'user-88', 'user-17']);
    expect(runs.every((run) => run['agent.inferred'])).toBe(true);
    expect(eventsOf(observed, 'agent.run.started').map((run) => run['agent.run_id'])).toEqual(
      runs.map((run) => run['agent.run_id']),
    );
    const steps = eventsOf(observed, 'agent.model_call').map((call) => call['agent.step_number']);
    expect(steps).toEqual([1, 2, 3, 4, 1, 2, 3, 4, 1, 2, 3]);
  });

  it('shows the failed tool call and its retry', () => {
    const refunds = eventsOf(observed, 'agent.tool_call').filter(
      (call) => call['gen_ai.tool.name'] === 'refund',
    );
    expect(refunds.map((call) => [call['tool.ok'], call['error.type'], call['tool.retry_attempt']])).toEqual([
      [false, 'tool_error', 0],
      [true, undefined, 1],
    ]);
    expect(refunds.map((call) => call['tool.input_keys'])).toEqual([
      ['cents', 'order'],
      ['cents', 'order'],
    ]);
  });

  it('counts the attempt that met an overloaded server', () => {
    const retried = eventsOf(observed, 'agent.model_call').filter((call) => (call.attempts ?? 0) > 1);
    expect(retried.map((call) => [call.attempts, call.retried_status])).toEqual([[2, ['529']]]);
    expect(eventsOf(observed, 'agent.run').map((run) => run['agent.retries'])).toEqual([0, 2, 0]);
  });

  it('builds one tree per run: calls and tools below the run, one span per call (law 4)', () => {
    const runs = spansOf(observed, 'invoke_agent');
    const calls = spansOf(observed, 'chat');
    const tools = spansOf(observed, 'execute_tool');
    expect([runs.length, calls.length, tools.length, observed.spans.length]).toEqual([3, 11, 9, 23]);
    const runIds = new Set(runs.map(({ spanId }) => spanId));
    for (const span of [...calls, ...tools]) expect(runIds).toContain(span.parentSpanId);
    expect(new Set(calls.map(({ scope }) => scope))).toEqual(new Set(['com.anthropic.sdk.typescript']));
    // Never OK by us: the SDK sets it on its own spans.
    expect(runs.map(({ statusCode }) => statusCode)).toEqual([0, 0, 0]);
  });

  it('numbers its events without a gap', () => {
    const numbers = observed.events.map((event) => event['tallyspan.seq']);
    expect(numbers).toEqual(numbers.map((_, index) => index + 1));
  });

  it('keeps the event name on the record and as an attribute, and its place in the trace', () => {
    for (const log of observed.logs) {
      expect(log.attributes['event.name']).toBe(log.eventName);
      expect(log.scope).toBe('tallyspan');
      expect(log.resource['service.name']).toBe('contract');
      expect(log.traceId).toMatch(/^[0-9a-f]{32}$/);
      expect(JSON.parse(log.body)).toMatchObject({ span_id: log.spanId, 'event.name': log.eventName });
    }
  });

  it('lets no content and no baggage out (law 5)', () => {
    const sent = JSON.stringify([observed.logs, observed.spans]);
    for (const content of ['Leipzig', '25 euros', 'A-1001', 'small shop', 'Help pages'])
      expect(sent).not.toContain(content);
    expect(observed.requests.some(({ headers }) => 'baggage' in headers)).toBe(false);
    expect(observed.requests.every(({ headers }) => 'traceparent' in headers)).toBe(true);
  });

  it('sends the same over HTTP', async () => {
    const overHttp = await harness.run(EXAMPLE, {
      scenario: supportAgentScenario(),
      protocol: 'http/protobuf',
    });
    expect(overHttp.stdout).toBe(bare.stdout);
    expect([told(overHttp), summed(overHttp)]).toEqual([told(observed), summed(observed)]);
  });
});

/** Names of the events but for those that sum up cost, of which there is another one at each five minutes of the clock. */
function told({ events }: Outcome): readonly string[] {
  return events.map((event) => event['event.name']).filter((name) => name !== 'agent.tool_cost');
}

function summed(outcome: Outcome): number {
  return sum(eventsOf(outcome, 'agent.tool_cost').map((event) => event.cost_nano_usd ?? Number.NaN));
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0);
}
