// The page of a long conversation: its turns page by page, the latest first, with the totals of all of them.

import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { EventRecord } from '../../../core/event.ts';
import { sendEvents, startTestServer, type TestServer } from '../harness.ts';

const TURNS = 450;
const NOW = Date.now();

let server: TestServer;

function idOf(turn: number): string {
  return turn.toString(16).padStart(32, '0');
}

/** A model call with two tool calls, one of them failed. */
function turnOf(turn: number): EventRecord[] {
  const common = {
    timestamp: NOW - (TURNS - turn + 1) * 10_000,
    'agent.run_id': idOf(turn),
    trace_id: idOf(turn),
    'gen_ai.conversation.id': 'long',
    'service.instance.id': 'p',
    'agent.step_number': 1,
  };
  const tool = (n: number): EventRecord => ({
    ...common,
    'event.name': 'agent.tool_call',
    'tallyspan.seq': turn * 10 + n,
    span_id: (turn * 10 + n).toString(16).padStart(16, 'b'),
    'gen_ai.tool.name': 'search_docs',
    'tool.ok': n !== 1,
  });
  return [
    {
      ...common,
      'event.name': 'agent.run.started',
      'tallyspan.seq': turn * 10,
      'agent.user_input_len': 7000 + turn,
    },
    {
      ...common,
      timestamp: common.timestamp + 1000,
      'event.name': 'agent.model_call',
      'tallyspan.seq': turn * 10 + 4,
      span_id: turn.toString(16).padStart(16, 'a'),
      'gen_ai.response.id': `msg_${turn}`,
      'gen_ai.response.model': 'claude-sonnet-4-5',
      'gen_ai.response.finish_reasons': ['tool_use', 'max_tokens'],
      cost_nano_usd: 1_000_000,
      'tallyspan.cost.status': 'priced',
    },
    tool(1),
    tool(2),
    {
      ...common,
      timestamp: common.timestamp + 2000,
      'event.name': 'agent.run',
      'tallyspan.seq': turn * 10 + 5,
      duration_ms: 2000,
      'agent.status': 'ok',
      'agent.cost_nano_usd': 1_000_000,
      'agent.output_len': turn,
    },
  ];
}

beforeAll(async () => {
  server = await startTestServer();
  const events = Array.from({ length: TURNS }, (_, index) => turnOf(index + 1)).flat();
  for (let from = 0; from < events.length; from += 500)
    await sendEvents(server, events.slice(from, from + 500));
});

afterAll(() => server.remove());

async function turnsOf(query: string): Promise<{ html: string; runs: string[] }> {
  const answer = await fetch(`${server.uiUrl}/sessions/long${query}`, { headers: { accept: 'text/html' } });
  expect(answer.status).toBe(200);
  const html = await answer.text();
  return { html, runs: [...html.matchAll(/<tbody data-run="([^"]+)"/g)].map(([, id]) => id ?? '') };
}

describe('a conversation of 450 turns', () => {
  it.each([
    ['', 401, 450],
    ['?offset=0', 1, 200],
    ['?offset=200', 201, 400],
    ['?offset=430', 431, 450],
  ])('with %s shows turns %i to %i', async (query, first, last) => {
    const { html, runs } = await turnsOf(query);
    expect(runs).toEqual(Array.from({ length: last - first + 1 }, (_, index) => idOf(first + index)));
    expect(html).toContain(`>${first}–${last} of 450<`);
    expect(html).toMatch(/data-signal="cost" data-value="450000000"/);
    expect(html).toMatch(/data-signal="model_calls" data-value="450"/);
    expect(html).toMatch(/data-signal="tool_calls" data-value="900"/);
  });

  it('leads from each page to its neighbours', async () => {
    const { html } = await turnsOf('?offset=200');
    expect(html).toMatch(/href="\/sessions\/long\?offset=0#turns"[^>]*>← Before/);
    expect(html).toMatch(/href="\/sessions\/long\?offset=400#turns"[^>]*>Next →/);
  });

  it('has the calls and tools of the turns that it shows', async () => {
    const { html } = await turnsOf('?offset=430');
    expect(html.match(/class="call"/g)).toHaveLength(20);
    expect(html.match(/stop: max_tokens/g)).toHaveLength(20);
    expect(html.match(/search_docs/g)?.length).toBeGreaterThanOrEqual(40);
    expect(html).toContain('×2');
    expect(html).toContain('1 failed');
    expect(html).toMatch(/\$0\.45/);
  });
});
