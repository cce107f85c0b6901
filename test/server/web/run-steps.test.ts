import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { randomBytes } from 'node:crypto';
import { rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import type { EventRecord } from '../../../core/event.ts';
import { sendEvents, startTestServer, type TestServer } from '../harness.ts';
import { SECRET_WORD, SYSTEM, idOf, nestedRuns, spanOf, toldRun } from './told-run.ts';

// The steps of a run on its page, and what opens with one of them, as the server draws them.

const NOW = Date.now();
const LONG_TURNS = 300;

let server: TestServer;

beforeAll(async () => {
  server = await startTestServer({ traceUrls: 'http://127.0.0.1:16686/trace/{trace_id}' });
  await sendEvents(server, [
    ...nestedRuns(NOW - 60_000),
    ...toldRun({ mark: 'b0', endMs: NOW - 50_000, status: 'error', turns: 4 }),
    ...toldRun({ mark: 'b1', endMs: NOW - 50_000, hasContent: false }),
    ...toldRun({ mark: 'b2', endMs: NOW - 50_000 }),
    ...toldRun({
      mark: 'c0',
      endMs: NOW - 40_000,
      turns: LONG_TURNS,
      hasContent: false,
      toolsOf: (turn) => [turn % 50 === 0 ? 'read_order' : 'search_docs'],
    }),
    ...[60, LONG_TURNS].flatMap((turns, index) =>
      toldRun({
        mark: `d${index}`,
        endMs: NOW,
        turns,
        hasContent: false,
        isOpen: true,
        toolsOf: () => ['search_docs'],
      }),
    ),
  ]);
});

afterAll(() => server.remove());

async function pageOf(mark: string, query = '', headers: Record<string, string> = {}): Promise<string> {
  const answer = await fetch(`${server.uiUrl}/runs/${idOf(mark)}${query}`, {
    headers: { accept: 'text/html', ...headers },
  });
  expect(answer.status).toBe(200);
  return answer.text();
}

function textOf(html: string): string {
  return html
    .replaceAll(/<[^>]*>/g, ' ')
    .replaceAll('&quot;', '"')
    .replaceAll(/\s+/g, ' ')
    .trim();
}

function rowsOf(html: string): string[] {
  return [...(/<table class="steps.*?<\/table>/s.exec(html)?.[0] ?? '').matchAll(/<tr.*?<\/tr>/gs)]
    .slice(1)
    .map(([row]) => textOf(row));
}

const isGroup = (row: string): boolean => row.startsWith('▸');

describe('a run that goes on', () => {
  it('folds nothing away while it fits on a page, and never its newest turns', async () => {
    const short = rowsOf(await pageOf('d0'));
    expect(short.length).toBeGreaterThan(100);
    expect(short.filter(isGroup)).toEqual([]);
    const long = rowsOf(await pageOf('d1'));
    expect(long.some(isGroup)).toBe(true);
    expect(long.slice(-19).filter(isGroup)).toEqual([]);
  });
});

function partOf(html: string, label: string): string {
  return textOf(new RegExp(`aria-label="${label}">(.*?)</section>`, 's').exec(html)?.[1] ?? '');
}

describe('the tree', () => {
  it('has a nested run below the tool call that started it, and what is nested in that when both are open', async () => {
    expect(rowsOf(await pageOf('a0')).slice(0, 4)).toEqual([
      expect.stringContaining('1. claude-sonnet-5-5'),
      expect.stringContaining('search_docs parallel ×2'),
      expect.stringContaining('▸ Run helper-1 ok 3 model calls · 2 tool calls · 3 nested runs'),
      expect.stringContaining('read_order parallel ×2'),
    ]);
    const all = rowsOf(await pageOf('a0', `?open=${['a1', 'a2', 'a3'].map(idOf).join(',')}`));
    expect(all.filter((row) => row.includes('Run helper'))).toEqual([
      expect.stringContaining('▾ Run helper-1'),
      expect.stringContaining('▾ Run helper-2'),
      expect.stringContaining('▾ Run helper-3'),
      expect.stringContaining('▸ Run helper-4 error'),
    ]);
  });

  it('opens a step of an open nested run in the pane', async () => {
    const html = await pageOf('a0', `?open=${idOf('a1')}&step=${spanOf('a1', 1)}`);
    expect(partOf(html, 'Content')).toContain('Where is my order 17?');
  });

  it('joins steps that repeat, and lists them when asked', async () => {
    const rows = rowsOf(await pageOf('c0'));
    expect(rows.some((row) => row.startsWith('▸ search_docs × 46 in 46 model calls'))).toBe(true);
    expect(rows.length).toBeLessThan(60);
    const listed = await pageOf('c0', '?expand=all');
    expect(rowsOf(listed)).toHaveLength(200);
    expect(textOf(listed)).toContain('1–200 of 599');
    expect(rowsOf(await pageOf('c0', '?expand=all&offset=400'))).toHaveLength(199);
  });

  it('shows the page on which the chosen step is', async () => {
    const html = await pageOf('c0', `?expand=all&step=${spanOf('c0', 250)}`);
    expect(html).toContain(`id="s-${spanOf('c0', 250)}" class="chosen"`);
  });

  it.each([
    ['only=errors', 1],
    ['only=slow', 20],
    ['tool=read_order', 5],
    ['q=TIMEOUT', 1],
    ['from=10000&to=13999', 4],
    ['q=nothing-like-it', 0],
  ])('lists with %s what it says', async (query, count) => {
    expect(rowsOf(await pageOf('c0', `?${query}`))).toHaveLength(count);
  });

  it.each([
    ['where is my ORDER 17', 1],
    ['Looking, turn 2', 1],
    ['order 1, note', 1],
    ['nothing-like-it', 0],
  ])('finds %s in recorded content, at the step that had it first', async (text, calls) => {
    const query = `?${new URLSearchParams({ q: text }).toString()}`;
    const rows = rowsOf(await pageOf('b0', query));
    expect(rows.filter((row) => row.includes('claude-'))).toHaveLength(calls);
    // Who may not read content does not learn what is in it.
    expect(rowsOf(await pageOf('b0', query, { 'x-forwarded-for': '10.0.0.1' }))).toEqual([]);
  });

  it.each(['only=none', 'view=all', 'from=x', 'offset=-1'])('refuses %s', async (query) => {
    const answer = await fetch(`${server.uiUrl}/runs/${idOf('c0')}?${query}`);
    expect(answer.status).toBe(400);
  });
});

describe('the summary', () => {
  it('says how the run ended, which step failed, and which call decided it', async () => {
    const text = textOf(await pageOf('b0'));
    expect(text).toContain(
      'Outcome Failed after 8.0 s: timeout. Why step 2, search_docs failed: timeout. It was decided by step 2, claude-sonnet-5-5 .',
    );
    expect(text).toContain('Where the cost went search_docs $0.0048 (40.0 %)');
    expect(text).toContain('System prompt $0.0024 (20.0 %)');
  });
});

describe('a model call in the pane', () => {
  it('has what is new since the previous call, and the whole on request', async () => {
    const step = spanOf('b0', 2);
    const fresh = partOf(await pageOf('b0', `?step=${step}`), 'Content');
    expect(fresh).toContain('1 earlier message as in the previous call.');
    expect(fresh).toContain('Looking, turn 1.');
    expect(fresh).not.toContain('Where is my order 17?');
    const whole = partOf(await pageOf('b0', `?step=${step}&view=whole`), 'Content');
    expect(whole).toContain('Where is my order 17?');
    expect(whole).toContain('You are a careful support agent.');
  });

  it('has each bucket with its price, and the attempts', async () => {
    const html = await pageOf('b0', `?step=${spanOf('b0', 2)}`);
    expect(partOf(html, 'Usage and cost')).toContain('Input, uncached 200 $3.00 / M $0.0006');
    expect(partOf(html, 'Usage and cost')).toContain('Total $0.0030 Price row claude-sonnet-5-5@2026-01-01');
    expect(partOf(html, 'Context cost')).toContain('search_docs 100 40.0 % $0.0012');
    expect(partOf(html, 'Context cost')).toContain('Tool definitions 100 10.0 % $0.0003');
    expect(partOf(html, 'Cache')).toContain('The first 1,800 of 2,100 input tokens were read from the cache');
    expect(textOf(html)).toContain('2 attempts: 529 → answered');
    expect(partOf(html, 'Ids')).toContain('req_b0_2');
    expect(html).toContain(`http://127.0.0.1:16686/trace/${idOf('b0')}`);
  });

  it('gives the JSON that was recorded, to the byte', async () => {
    const sent = toldRun({ mark: 'b0', endMs: 0, turns: 4 }).find(
      (event) => event.span_id === spanOf('b0', 3),
    );
    for (const [part, field] of [
      ['request', 'tallyspan.request_json'],
      ['response', 'tallyspan.response_json'],
    ] as const) {
      const answer = await fetch(`${server.uiUrl}/api/runs/${idOf('b0')}/steps/${spanOf('b0', 3)}/${part}`);
      expect(await answer.text()).toBe(sent?.[field]);
    }
  });

  it('says how to record content where there is none', async () => {
    const html = await pageOf('b1', `?step=${spanOf('b1', 1)}`);
    expect(partOf(html, 'Content')).toContain(
      'Not recorded. To see what is sent and what comes back, start the agent with TALLYSPAN_CONTENT=full',
    );
    expect(html).not.toContain(SYSTEM.slice(0, 20));
    const answer = await fetch(`${server.uiUrl}/api/runs/${idOf('b1')}/steps/${spanOf('b1', 1)}/request`);
    expect(answer.status).toBe(404);
  });

  it('shows no content to who comes through a proxy to a server without a token', async () => {
    const through = { 'x-forwarded-for': '192.0.2.7' };
    const html = await pageOf('b0', `?step=${spanOf('b0', 1)}&view=json`, through);
    expect(html).not.toContain(SECRET_WORD);
    expect(partOf(html, 'Content')).toContain('Content is shown only on the machine of the server');
    const answer = await fetch(`${server.uiUrl}/api/runs/${idOf('b0')}/steps/${spanOf('b0', 1)}/request`, {
      headers: through,
    });
    expect(answer.status).toBe(403);
  });
});

describe('a tool call in the pane', () => {
  it('has its arguments and its result', async () => {
    const content = partOf(await pageOf('b0', `?step=${spanOf('b0', 1001)}`), 'Content');
    expect(content).toContain('"query": "order 1"');
    expect(content).toContain('Order 1: sent on Monday.');
  });

  it('that failed has its error text, the call that asked for it and the one that read it', async () => {
    const html = await pageOf('b0', `?step=${spanOf('b0', 2000)}`);
    expect(partOf(html, 'Content')).toContain('Error timed out after 30 s');
    expect(textOf(html)).toContain(
      'Failed : timeout. Asked for by step 2, claude-sonnet-5-5 . Read by step 3, claude-sonnet-5-5 .',
    );
  });
});

describe('a step that is not there', () => {
  it('is said to be missing', async () => {
    expect(textOf(await pageOf('b0', '?step=ffff'))).toContain('There is no such step in this run.');
  });
});

/** Asks for the content of run `b2` to be removed. */
const removeContent = (headers: Record<string, string>): Promise<Response> =>
  fetch(`${server.uiUrl}/runs/${idOf('b2')}/remove-content`, {
    method: 'POST',
    headers,
    redirect: 'manual',
  });

describe('the content of one run', () => {
  it('is removed by its switch, only from a page of this server, and its numbers stay', async () => {
    const before = await pageOf('b2', `?step=${spanOf('b2', 1)}&view=whole`);
    expect(before).toContain(SYSTEM.slice(0, 20));
    expect((await removeContent({ origin: 'http://evil.example' })).status).toBe(403);
    expect((await removeContent({ origin: server.uiUrl })).status).toBe(303);
    const html = await pageOf('b2', `?step=${spanOf('b2', 1)}&view=whole`);
    expect(html).not.toContain(SYSTEM.slice(0, 20));
    expect(partOf(html, 'Content')).toContain('Not recorded.');
    expect(textOf(html)).toContain('Total $0.0030');
    expect(partOf(await pageOf('b0', `?step=${spanOf('b0', 1)}`), 'Content')).toContain(
      'Where is my order 17?',
    );
  });
});

describe('content that came after its run had failed', () => {
  it('stands at its call', async () => {
    const events = toldRun({ mark: 'b4', endMs: NOW - 50_000, status: 'error' }).flatMap(
      (event): EventRecord[] => {
        if (event['event.name'] !== 'agent.model_call') return [event];
        const { 'tallyspan.request_json': request, 'tallyspan.response_json': response, ...call } = event;
        const { timestamp, trace_id: traceId, span_id: spanId, 'agent.run_id': runId } = event;
        const content = {
          timestamp,
          trace_id: traceId,
          span_id: spanId,
          'agent.run_id': runId,
          'event.name': 'agent.content' as const,
          'tallyspan.request_json': request,
          'tallyspan.response_json': response,
        };
        return [call, content];
      },
    );
    await sendEvents(server, events);
    const html = await pageOf('b4', `?step=${spanOf('b4', 1)}`);
    expect(partOf(html, 'Content')).toContain('Where is my order 17?');
    expect(rowsOf(html)).toHaveLength(6);
    expect(html).toContain('tallyspan replay b4b4b4b4');
  });
});

describe('a secret in what was recorded', () => {
  it('is masked before it is stored, whoever sent it', async () => {
    const secret = `sk-ant-api03-${'x'.repeat(40)}`;
    await sendEvents(server, toldRun({ mark: 'b3', endMs: NOW - 50_000, question: `my key is ${secret}.` }));
    const html = await pageOf('b3', `?step=${spanOf('b3', 1)}`);
    expect(html).not.toContain(secret);
    expect(partOf(html, 'Content')).toContain('my key is ****.');
  });

  it('is masked in what is stored in the clear: arguments, notes, comments', async () => {
    const secret = `sk-ant-api03-${'y'.repeat(40)}`;
    const place = { timestamp: NOW, trace_id: idOf('b9'), 'agent.run_id': idOf('b9') };
    await sendEvents(server, [
      { ...place, span_id: spanOf('b9', 1), 'event.name': 'agent.note', 'agent.note.text': `note ${secret}` },
      {
        ...place,
        span_id: spanOf('b9', 2),
        'event.name': 'agent.tool_call',
        'tool.args_json': JSON.stringify({ key: secret, password: 'hunter2' }),
      },
    ]);
    const lines = await (await fetch(`${server.uiUrl}/api/export?format=jsonl`)).text();
    expect(lines).toContain('note ****');
    for (const said of [secret, 'hunter2']) expect(lines).not.toContain(said);
  });
});

function largeCall(n: number, fields: Partial<EventRecord>): EventRecord {
  return {
    timestamp: NOW,
    'event.name': 'agent.model_call',
    'agent.run_id': idOf('e0'),
    trace_id: idOf('e0'),
    span_id: spanOf('e0', n),
    'agent.step_number': n,
    ...fields,
  };
}

describe('blocks that are not whole', () => {
  it('are shown: a call of a tool without arguments, and what nobody sees', async () => {
    const hidden = String.fromCodePoint(0xe0061, 0x200b);
    const events = toldRun({ mark: 'b8', endMs: NOW - 50_000, question: `look${hidden}` }).map((event) =>
      event['tallyspan.response_json'] === undefined
        ? event
        : {
            ...event,
            'tallyspan.response_json': JSON.stringify({ content: [{ type: 'tool_use', name: 'bare' }] }),
          },
    );
    await sendEvents(server, events);
    const html = await pageOf('b8', `?step=${spanOf('b8', 1)}`);
    expect(partOf(html, 'Content')).toContain('calls bare');
    expect(html).not.toMatch(/[\u{e0061}\u{200b}]/u);
    expect(textOf(html)).toContain(String.raw`look \u{e0061} \u200b`);
  });
});

describe('content as large as a request may be', () => {
  const hostile = '<svg onload=alert(1)>\u202e\u001b[31m[x](javascript:alert(1)) **y** ';
  const requestOf = (chars: number): string =>
    JSON.stringify({ messages: [{ role: 'user', content: hostile.repeat(chars / hostile.length) }] });

  it('is left out, said so, and costs only itself', async () => {
    await sendEvents(server, [
      largeCall(1, { 'tallyspan.request_json': requestOf(16_000_000), tokens_input: 7 }),
    ]);
    const text = textOf(await pageOf('e0', `?step=${spanOf('e0', 1)}`));
    expect(text).toContain('Request and answer were too long to be recorded');
    expect(text).toContain('Input, uncached 7');
  });

  it('as much of it as is stored is a page of a moment, with the whole one link away', async () => {
    const request = requestOf(2_000_000);
    await sendEvents(server, [largeCall(2, { 'tallyspan.request_json': request })]);
    const html = await pageOf('e0', `?step=${spanOf('e0', 2)}&view=whole`);
    expect(html.length).toBeLessThan(300_000);
    for (const part of ['<svg onload', '\u202e', '\u001b', 'href="javascript:'])
      expect(html).not.toContain(part);
    const all = await fetch(`${server.uiUrl}/api/runs/${idOf('e0')}/steps/${spanOf('e0', 2)}/request`);
    expect(await all.text()).toBe(request);
  });
});

describe('with another key, or none', () => {
  it('the page says what is missing', async () => {
    const key = path.join(server.dataDir, 'content.key');
    await writeFile(key, randomBytes(32));
    const other = partOf(await pageOf('b0', `?step=${spanOf('b0', 1)}`), 'Content');
    expect(other).toContain('it was recorded with another key, or changed since');
    await rm(key);
    const none = partOf(await pageOf('b0', `?step=${spanOf('b0', 1)}`), 'Content');
    expect(none).toContain('cannot read the key of the recorded content');
  });
});
