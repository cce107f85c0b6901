// Raw responses of the SDK: whichever way the caller reads the Response that `asResponse()` gives, or hands its body on, the
// call is whole. What answers with a status of success and no message is a failed call, and every failure names its request.

import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import path from 'node:path';
import type { EventRecord } from '../../../core/event.ts';
import type { Exchange, Scenario, SseEvent } from '../../fakes/anthropic-api.ts';
import { answer, streamedAnswer } from '../../fakes/messages.ts';
import { eventsOf, openHarness, type Harness, type Outcome } from '../harness.ts';

const PROGRAM = path.join(import.meta.dirname, '../programs/raw-responses.mjs');
/** 100 tokens in, 20 out of claude-sonnet-5-5, in nano-USD. */
const COST = 400_000;
const READINGS = ['text', 'arrayBuffer', 'blob', 'body', 'handed on', 'transformed', 'of a clone'];

const error = (type: string): unknown => ({ type: 'error', error: { type, message: 'no' } });
const NO_ANSWERS: Readonly<Record<string, Exchange>> = {
  'an error': { json: error('overloaded_error') },
  'a page': { json: '<html></html>', headers: { 'content-type': 'text/html' } },
  nothing: { json: '', status: 204 },
  null: { json: null },
  refused: { json: error('invalid_request_error'), status: 400 },
  overloaded: { json: error('overloaded_error'), status: 529 },
};

function scenario(): Scenario {
  const { events } = streamedAnswer() as { readonly events: readonly SseEvent[] };
  return {
    exchanges: [],
    respond: ({ body }) => {
      const { metadata, stream } = body as { metadata: { user_id: string }; stream?: boolean };
      const way = metadata.user_id;
      const headers = { 'request-id': `req of ${way}` };
      if (way === 'left') {
        return { events: events.map((each, at) => ({ ...each, delayMs: at > 3 ? 50 : 0 })), headers };
      }
      const exchange = NO_ANSWERS[way] ?? (stream === true ? streamedAnswer() : answer());
      return { ...exchange, headers: { ...headers, ...exchange.headers } };
    },
  };
}

describe('raw responses', () => {
  let harness: Harness;
  let bare: Outcome;
  let outcome: Outcome;
  let calls: ReadonlyMap<unknown, EventRecord>;
  beforeAll(async () => {
    harness = await openHarness();
    bare = await harness.run(PROGRAM, { scenario: scenario(), preload: 'none' });
    outcome = await harness.run(PROGRAM, { scenario: scenario() });
    calls = new Map(eventsOf(outcome, 'agent.model_call').map((call) => [call['user.id'], call]));
  });
  afterAll(() => harness.close());

  it('are what they are without the preload, and a call each', () => {
    expect(outcome.stdout).toBe(bare.stdout);
    expect(outcome.code).toBe(0);
    expect(outcome.said).toEqual([]);
    expect(eventsOf(outcome, 'agent.model_call')).toHaveLength(outcome.requests.length);
    expect(calls.size).toBe(outcome.requests.length);
  });

  it.each(READINGS.flatMap((reading) => [`${reading}, plain`, `${reading}, streamed`]))('%s', (way) => {
    const call = calls.get(way);
    expect([call?.['tallyspan.cost.status'], call?.cost_nano_usd]).toEqual(['priced', COST]);
    expect(call?.['gen_ai.response.finish_reasons']).toEqual(['end_turn']);
    expect(call?.['error.type']).toBeUndefined();
  });

  it('count once where the SDK parses them after all', () => {
    const call = calls.get('parsed after all');
    expect([call?.['tallyspan.cost.status'], call?.cost_nano_usd]).toEqual(['priced', COST]);
  });

  it('that are left are estimated', () => {
    const call = calls.get('left');
    expect(call?.['tallyspan.cost.status']).toBe('estimated');
    expect(call?.['tallyspan.cost.reason']).toBe('aborted');
  });

  it.each([
    ['an error', 'overloaded_error'],
    ['a page', 'api_error'],
    ['nothing', 'api_error'],
    ['null', 'api_error'],
    ['refused', 'invalid_request_error'],
    ['overloaded', 'overloaded_error'],
  ])('with %s in place of a message are failed calls of a known request', (way, errorType) => {
    const call = calls.get(way);
    expect(call?.['error.type']).toBe(errorType);
    expect(call?.['tallyspan.cost.status']).toBeUndefined();
    expect(call?.['anthropic.request.id']).toBe(`req of ${way}`);
  });
});
