import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { EventRecord } from '../../../core/event.ts';
import { sendEvents, startTestServer, type TestServer } from '../harness.ts';
import { sampleRun } from './sample-run.ts';

// What the page of a run says of it, in its HTML.

const NOW = Date.now();
const FAILURES = 13;

let server: TestServer;

beforeAll(async () => {
  server = await startTestServer();
  await sendEvents(server, [
    ...sampleRun({ mark: 'a', endMs: NOW - 1000, agent: 'support & more' }),
    ...doubtfulRun(),
    ...failingRun(),
    ...unpricedRun(),
    ...abandonedRun(),
  ]);
});

afterAll(() => server.remove());

/** One call has no price, and the price of the other is a guess. */
function doubtfulRun(): EventRecord[] {
  return sampleRun({ mark: 'b', endMs: NOW - 2000 }).map((event) => {
    if (event['event.name'] !== 'agent.model_call') return event;
    if (event['agent.step_number'] === 1) return { ...event, 'tallyspan.cost.status': 'estimated' };
    const { cost_nano_usd: _, ...unpriced } = event;
    return { ...unpriced, 'tallyspan.cost.status': 'unpriced' };
  });
}

/** Many tool calls fail; of one nobody knows the span. */
function failingRun(): EventRecord[] {
  const [start, call, tool, , , end] = sampleRun({ mark: 'c', endMs: NOW - 3000 }) as [
    EventRecord,
    EventRecord,
    EventRecord,
    EventRecord,
    EventRecord,
    EventRecord,
  ];
  const tools = Array.from({ length: FAILURES }, (_, index): EventRecord => {
    const { span_id: _span, ...nameless } = tool;
    const span = index === 1 ? {} : { span_id: index.toString(16).padStart(16, '0') };
    return { ...nameless, ...span, 'agent.step_number': index + 1 };
  });
  const failed = { ...call, 'error.type': 'overloaded_error', 'agent.step_number': 20 };
  return [start, ...tools, failed, end].map((event, index) => ({ ...event, 'tallyspan.seq': index + 1 }));
}

const NOTE = `${'long '.repeat(400)}end of it`;

/** No call has a price, one was stopped before its answer, names are hostile, and a note is a page long. */
function unpricedRun(): EventRecord[] {
  const events = sampleRun({ mark: '7', endMs: NOW - 4000, agent: 'agent\u202Elive' }).map((event) => {
    if (event['event.name'] === 'agent.run') return { ...event, cost_nano_usd: 0, 'agent.cost_nano_usd': 0 };
    if (event['event.name'] !== 'agent.model_call') return event;
    const { cost_nano_usd: _, ...unpriced } = event;
    return { ...unpriced, 'tallyspan.cost.status': 'unpriced' };
  });
  const first = events.find((event) => event['event.name'] === 'agent.model_call') as EventRecord;
  const common = Object.fromEntries(
    Object.entries(first).filter(([key]) => /^(?:service|agent|trace_id|user|gen_ai.request)/.test(key)),
  );
  return [
    ...events,
    {
      ...common,
      timestamp: first.timestamp,
      'event.name': 'agent.model_call',
      span_id: 'f'.repeat(16),
      'agent.step_number': 9,
      'tallyspan.seq': 90,
      duration_ms: 5,
    },
    {
      ...common,
      timestamp: first.timestamp,
      'event.name': 'agent.note',
      span_id: 'e'.repeat(16),
      'tallyspan.seq': 91,
      'agent.note.kind': 'memo',
      'agent.note.text': NOTE,
    },
  ] as EventRecord[];
}

function abandonedRun(): EventRecord[] {
  return sampleRun({ mark: '8', endMs: NOW - 5000 }).map((event) =>
    event['event.name'] === 'agent.run' ? { ...event, 'agent.status': 'lost' } : event,
  );
}

async function pageOf(mark: string): Promise<string> {
  const answer = await fetch(`${server.uiUrl}/runs/${mark.repeat(32)}`, { headers: { accept: 'text/html' } });
  return answer.text();
}

/** The value of a fact, with its markup. */
function factIn(html: string, name: string): string {
  return new RegExp(`<dt>${name}</dt><dd[^>]*>(.*?)</dd>`, 's').exec(html)?.[1] ?? '';
}

function textOf(html: string): string {
  return html.replaceAll(/<[^>]*>/g, '').replaceAll('&amp;', '&');
}

describe('the facts of a run', () => {
  it('lead to the pages of its agent and task', async () => {
    const html = await pageOf('a');
    expect(factIn(html, 'Agent')).toContain(
      '<a href="/agents/support%20%26%20more"><bdi>support &amp; more</bdi></a>',
    );
    expect(factIn(html, 'Task')).toBe('<a href="/tasks/answer"><bdi>answer</bdi></a>');
  });

  it('say what the cost leaves out, and what of it is a guess', async () => {
    const cost = textOf(factIn(await pageOf('b'), 'Cost'));
    expect(cost).toContain('1 call unpriced: not in it');
    expect(cost).toContain('$0.0035 of it estimated (1 call)');
    expect(textOf(factIn(await pageOf('a'), 'Cost'))).toBe('$0.0077');
  });
});

describe('a run of which little is known', () => {
  it('has no cost where nothing of it has a price, in the list as well', async () => {
    const html = await pageOf('7');
    expect(textOf(factIn(html, 'Cost'))).toMatch(/^–\d calls? unpriced: not in it$/);
    expect(textOf(factIn(html, 'Where the cost went'))).toBe('No price is known for its model calls.');
    const answer = await fetch(`${server.uiUrl}/api/runs/${'7'.repeat(32)}`);
    expect(await answer.json()).toMatchObject({
      'agent.cost_nano_usd': null,
      cost_with_nested_nano_usd: null,
    });
  });

  it('does not claim an hour of silence where its process may have been killed', async () => {
    const html = await pageOf('8');
    expect(textOf(factIn(html, 'Outcome'))).toContain(
      'Abandoned: no end was reported. Its process was killed, or nothing came for an hour.',
    );
    expect(textOf(factIn(html, 'Why'))).not.toContain('the code around the agent');
  });

  it('says of a call that nothing came back because its caller stopped it', async () => {
    const text = textOf(await pageOf('7'));
    expect(text.split('no answer: stopped by its caller')).toHaveLength(2);
    expect(textOf(await pageOf('c')).includes('stopped by its caller')).toBe(false);
  });

  it('has the beginning of a long note in its list, and no name that turns the text around', async () => {
    const html = await pageOf('7');
    expect(html.includes('long long long')).toBe(true);
    expect(html.includes('end of it')).toBe(false);
    for (const address of ['/', '/runs', `/compare?a=${'a'.repeat(32)}&b=${'7'.repeat(32)}`])
      expect(textOf(await (await fetch(server.uiUrl + address)).text()).includes('\u202E')).toBe(false);
  });
});

describe('the steps of a run that failed', () => {
  it('stand above them all as links to their rows', async () => {
    const html = await pageOf('c');
    const [, above = ''] = /<div class="empty">(.*?)<\/div>/s.exec(html) ?? [];
    const [calls = '', tools = ''] = above.split('</span><span class="why">');
    expect(textOf(calls)).toBe('1 model call failed: step 20 overloaded_error');
    expect(textOf(tools)).toBe(
      `13 tool calls failed: ${Array.from({ length: 10 }, (_, index) => `step ${index + 1} search_docs`).join(' · ')} and 3 more`,
    );
    const links = [...(calls + tools).matchAll(/data-step="([^"]+)"/g)].map(([, key = '']) => key);
    expect(links).toHaveLength(10);
    for (const key of links) expect(html).toContain(`<tr id="s-${key}" class="failed">`);
  });

  it('are named by the call that read them, of many the first', async () => {
    const html = await pageOf('c');
    expect(html.match(/read the failure of/g)).toHaveLength(5);
    // The row of the one without a span cannot be named.
    expect(html).toContain('and 7 more');
  });

  it('are not spoken of where none did', async () => {
    const fine = sampleRun({ mark: 'd', endMs: NOW }).filter((event) => event['tool.ok'] !== false);
    await sendEvents(server, fine);
    expect(await pageOf('d')).not.toContain('failed: ');
  });
});
