import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { EventRecord } from '../../../core/event.ts';
import { openSource, type RunSummary, type RunTree } from '../../../server/source.ts';
import { getJson, makeDataDir, sendEvents, startTestServer, type TestServer } from '../harness.ts';
import { SAMPLE_COST_NANO_USD, SAMPLE_LENGTH_MS, sampleRun } from '../web/sample-run.ts';

const NOW = Date.now();
const MINUTE_MS = 60_000;

let server: TestServer;

beforeAll(async () => {
  server = await startTestServer({ lostAfterMs: 10 * MINUTE_MS });
  await sendEvents(server, [
    ...sampleRun({ mark: 'a', endMs: NOW - MINUTE_MS }),
    ...sampleRun({
      mark: 'b',
      endMs: NOW - 2 * MINUTE_MS,
      status: 'error',
      user: 'user-2',
      agent: 'research',
      tags: ['beta', 'nightly run'],
    }),
    ...sampleRun({ mark: 'c', endMs: NOW - 3 * MINUTE_MS, isOpen: true, tags: ['beta'] }),
  ]);
});

afterAll(() => server.remove());

async function ids(query: string): Promise<string[]> {
  const runs = await getJson<RunSummary[]>(server, `/api/runs?${query}`);
  return runs.map((run) => run['agent.run_id'].slice(0, 1));
}

describe('the list of runs', () => {
  it('has ended and running ones, newest first', async () => {
    const runs = await getJson<RunSummary[]>(server, '/api/runs');
    expect(runs.map((run) => [run['agent.run_id'].slice(0, 1), run['agent.status']])).toEqual([
      ['a', 'ok'],
      ['b', 'error'],
      ['c', 'running'],
    ]);
    expect(runs[0]).toMatchObject({
      duration_ms: SAMPLE_LENGTH_MS,
      ended_at: new Date(NOW - MINUTE_MS).toISOString(),
      started_at: new Date(NOW - MINUTE_MS - SAMPLE_LENGTH_MS).toISOString(),
      'agent.cost_nano_usd': SAMPLE_COST_NANO_USD,
      'agent.cost_usd': SAMPLE_COST_NANO_USD / 1e9,
      'user.id': 'user-1',
    });
  });

  it('shows what a running one has cost so far', async () => {
    const [run] = await getJson<RunSummary[]>(server, '/api/runs?status=running');
    expect(run).toMatchObject({
      'agent.cost_nano_usd': SAMPLE_COST_NANO_USD,
      'agent.turns': 2,
      'agent.tool_calls': 2,
      duration_ms: null,
      ended_at: null,
    });
  });

  it('is filtered by status, failure, user, agent, task, tag, session, model, tool, price and error', async () => {
    expect(await ids('status=error')).toEqual(['b']);
    expect(await ids('failed=true')).toEqual(['b']);
    expect(await ids('user=user-2')).toEqual(['b']);
    expect(await ids('agent=support')).toEqual(['a', 'c']);
    expect(await ids('session=session-c')).toEqual(['c']);
    expect(await ids('task=answer')).toEqual(['a', 'b', 'c']);
    expect(await ids('task=refund')).toEqual([]);
    expect(await ids('tag=beta')).toEqual(['b', 'c']);
    expect(await ids('tag=nightly%20run')).toEqual(['b']);
    expect(await ids('tag=bet')).toEqual([]);
    expect(await ids('error=API')).toEqual(['b']);
    // The tool of each run failed so, whatever became of the run.
    expect(await ids('error=TimeOut')).toEqual(['a', 'b', 'c']);
    expect(await ids('model=claude-sonnet-5-5')).toEqual(['a', 'b', 'c']);
    expect(await ids('model=claude-sonnet')).toEqual([]);
    expect(await ids('tool=search_docs')).toEqual(['a', 'b', 'c']);
    expect(await ids('tool=search')).toEqual([]);
    expect(await ids('unpriced=true')).toEqual([]);
    expect(await ids('user=nobody')).toEqual([]);
  });

  it('is of those that went on in a stretch of time: a running one as long as something happens', async () => {
    const [at185, at125, at90, at65] = [185, 125, 90, 65].map((seconds) =>
      new Date(NOW - seconds * 1000).toISOString(),
    );
    expect(await ids(`since=${at90}`)).toEqual(['a']);
    expect(await ids(`since=${at185}`)).toEqual(['a', 'b', 'c']);
    expect(await ids(`until=${at90}`)).toEqual(['b', 'c']);
    expect(await ids(`until=${at65}`)).toEqual(['a', 'b', 'c']);
    expect(await ids(`since=${at125}&until=${at90}`)).toEqual(['b']);
  });

  it('has a running one where its time and its cost so far belong', async () => {
    const own = await startTestServer();
    const runaway = sampleRun({ mark: 'd', endMs: NOW - 5 * MINUTE_MS, isOpen: true });
    await sendEvents(own, [
      ...sampleRun({ mark: 'a', endMs: NOW - MINUTE_MS }),
      ...sampleRun({ mark: 'b', endMs: NOW - 2 * MINUTE_MS }),
      ...runaway.map((event) =>
        event.cost_nano_usd === undefined ? event : { ...event, cost_nano_usd: 30e9 },
      ),
    ]);
    for (const query of ['sort=most-expensive&limit=1', 'sort=slowest&limit=1'])
      expect(await getJson(own, `/api/runs?${query}`)).toMatchObject([
        { 'agent.run_id': 'd'.repeat(32), 'agent.status': 'running', 'agent.cost_usd': 60 },
      ]);
    expect(await getJson(own, '/api/runs?sort=most-expensive&limit=2&offset=2')).toHaveLength(1);
    await own.remove();
  });

  it('says what a cost leaves out and what it guesses', async () => {
    const own = await startTestServer();
    const statuses = ['unpriced', 'estimated'];
    await sendEvents(own, [
      ...sampleRun({ mark: 'a', endMs: NOW - MINUTE_MS }),
      ...sampleRun({ mark: 'b', endMs: NOW }).map((event) =>
        event['event.name'] === 'agent.model_call'
          ? { ...event, 'tallyspan.cost.status': statuses.shift() }
          : event,
      ),
    ]);
    expect(await getJson(own, '/api/runs')).toMatchObject([
      { unpriced_calls: 1, estimated_calls: 1 },
      { unpriced_calls: 0, estimated_calls: 0 },
    ]);
    expect(await getJson(own, `/api/runs/${'b'.repeat(32)}`)).toMatchObject({
      unpriced_calls: 1,
      estimated_calls: 1,
    });
    const marksOf = async (query: string): Promise<string[]> =>
      (await getJson<RunSummary[]>(own, `/api/runs?${query}`)).map((run) => run['agent.run_id'].slice(0, 1));
    expect(await marksOf('unpriced=true')).toEqual(['b']);
    expect(await marksOf('-unpriced=false')).toEqual(['b']);
    expect(await marksOf('unpriced=false')).toEqual(['a']);
    expect(await marksOf('filter=unpriced:no')).toEqual(['a']);
    expect(await marksOf('duration=>=1ms')).toEqual(['b', 'a']);
    await own.remove();
  });

  it('is cut into pages', async () => {
    expect(await ids('limit=2')).toEqual(['a', 'b']);
    expect(await ids('limit=2&offset=2')).toEqual(['c']);
  });

  it('says what a wrong parameter may be', async () => {
    for (const query of ['sort=cheapest', 'limit=-1', 'limit=x', 'since=yesterday']) {
      const answer = await fetch(`${server.uiUrl}/api/runs?${query}`);
      expect(answer.status).toBe(400);
      expect(await answer.json()).toMatchObject({ status: 400, detail: expect.any(String) });
    }
  });
});

describe('one run', () => {
  it('is a tree of steps in order, with the cost so far', async () => {
    const run = await getJson<RunTree>(server, `/api/runs/${'a'.repeat(32)}`);
    expect(
      run.steps.map((step) => [
        step.step,
        step['gen_ai.tool.name'] ?? step['agent.step_number'],
        step.offset_ms,
        step.total_cost_nano_usd,
      ]),
    ).toEqual([
      ['model_call', 1, 0, 3_500_000],
      ['tool_call', 'search_docs', 3000, 3_500_000],
      ['tool_call', 'read_file', 3000, 3_500_000],
      ['model_call', 2, 7000, SAMPLE_COST_NANO_USD],
    ]);
  });

  it('has each failed tool call and the model call that read its result name each other', async () => {
    const { steps } = await getJson<RunTree>(server, `/api/runs/${'a'.repeat(32)}`);
    const [, failed, worked, reader] = steps;
    expect(failed?.read_by).toBe(reader?.['span_id']);
    expect(reader?.reads_failed).toEqual([failed?.['span_id']]);
    expect(worked?.read_by).toBeUndefined();
  });

  it('is found by an unambiguous beginning of its id, and by nothing else', async () => {
    const run = await getJson<RunTree>(server, '/api/runs/aaaa');
    expect(run['agent.run_id']).toBe('a'.repeat(32));
    expect((await fetch(`${server.uiUrl}/api/runs/aaa`)).status).toBe(404);
    expect((await fetch(`${server.uiUrl}/api/runs/ffff`)).status).toBe(404);
  });
});

describe('a run that never ends', () => {
  let lossy: TestServer;
  const endMs = NOW - 30 * MINUTE_MS;

  beforeAll(async () => {
    lossy = await startTestServer({ lostAfterMs: 20 * MINUTE_MS, importPatienceMs: 0 });
    const killed = sampleRun({ mark: 'd', endMs, isOpen: true });
    await sendEvents(
      lossy,
      killed.map((event) => ({ ...event, 'agent.project': 'web' })),
    );
    await sendEvents(lossy, sampleRun({ mark: 'e', endMs: NOW, isOpen: true }));
  });

  afterAll(() => lossy.remove());

  async function statuses(): Promise<Record<string, string>> {
    const runs = await getJson<RunSummary[]>(lossy, '/api/runs');
    return Object.fromEntries(runs.map((run) => [run['agent.run_id'].slice(0, 1), run['agent.status']]));
  }

  it('is closed as lost after the time-out, stamped with the last thing seen of it', async () => {
    while ((await statuses())['d'] !== 'lost') await new Promise((next) => setTimeout(next, 50));
    const [run] = await getJson<RunSummary[]>(lossy, '/api/runs?status=lost');
    expect(run).toMatchObject({
      ended_at: new Date(endMs).toISOString(),
      duration_ms: SAMPLE_LENGTH_MS,
      'agent.cost_nano_usd': SAMPLE_COST_NANO_USD,
      'user.id': 'user-1',
    });
    // It is found by all that the start said of it.
    expect(await getJson(lossy, '/api/runs?status=abandoned&project=web')).toHaveLength(1);
    expect((await statuses())['e']).toBe('running');
    const rate = await getJson<{ value: number }>(lossy, '/api/signals/run_success_rate?window=24h');
    expect(rate.value).toBe(0);
    // Looked for once a minute: on a busy machine the first look is over before the events come.
  }, 180_000);

  it('is not lost before its start was here for a while, however old: more of its history may come', async () => {
    const first = await startTestServer({ lostAfterMs: 60 * MINUTE_MS });
    await sendEvents(first, sampleRun({ mark: 'f', endMs, isOpen: true }));
    await first.close();
    const next = await startTestServer({ dataDir: first.dataDir, lostAfterMs: 20 * MINUTE_MS });
    try {
      await sendEvents(next, sampleRun({ mark: 'd', endMs, isOpen: true }));
      const statusOf = async (mark: string): Promise<string | undefined> =>
        (await getJson<RunSummary>(next, `/api/runs/${mark.repeat(32)}`))['agent.status'];
      while ((await statusOf('f')) !== 'lost') await new Promise((soon) => setTimeout(soon, 50));
      expect(await statusOf('d')).toBe('running');
    } finally {
      await next.remove();
    }
  });

  it('was not lost if its end arrives after all', async () => {
    const ended = sampleRun({ mark: 'd', endMs });
    await sendEvents(lossy, ended.slice(-1));
    expect((await statuses())['d']).toBe('ok');
    const count = await getJson<{ value: number }>(lossy, '/api/signals/run_ended_count?window=24h');
    expect(count.value).toBe(1);
  });
});

describe('a loss that is told too late', () => {
  it('is no second end, in the same request or after', async () => {
    const late = await startTestServer();
    const run = sampleRun({ mark: 'd', endMs: NOW });
    const loss = { ...(run.at(-1) as EventRecord), 'agent.status': 'lost', 'tallyspan.seq': 99 };
    await sendEvents(late, [...run, loss]);
    await sendEvents(late, [{ ...loss, 'tallyspan.seq': 100 }]);
    const runs = await getJson<RunSummary[]>(late, '/api/runs');
    expect(runs.map((one) => one['agent.status'])).toEqual(['ok']);
    await late.remove();
  });
});

describe('what is sent again', () => {
  let again: TestServer;

  beforeAll(async () => {
    again = await startTestServer();
  });

  afterAll(() => again.remove());

  const meta = (): Promise<{ events: number; duplicates: number; events_lost: number }> =>
    getJson(again, '/api/meta');

  it('is stored once, in one request, in two at once, and after others', async () => {
    const run = sampleRun({ mark: 'f', endMs: NOW });
    await sendEvents(again, [...run, ...run]);
    await Promise.all([sendEvents(again, run), sendEvents(again, run)]);
    await sendEvents(again, sampleRun({ mark: '0', endMs: NOW }));
    await sendEvents(again, run.toReversed());
    expect((await meta()).events).toBe(2 * run.length);
  });

  it('is stored once without a place in its process, too', async () => {
    const before = (await meta()).events;
    const nameless = sampleRun({ mark: '9', endMs: NOW }).map(
      ({ 'tallyspan.seq': _seq, ...event }) => event as EventRecord,
    );
    await sendEvents(again, nameless);
    await sendEvents(again, nameless);
    expect((await meta()).events - before).toBe(nameless.length);
  });

  it('counts one cost for one response, whoever reports it', async () => {
    const [, first] = sampleRun({ mark: '8', endMs: NOW });
    const reported = { ...(first as EventRecord), 'service.instance.id': 'proxy', 'tallyspan.seq': 1 };
    const cost = async (): Promise<number | null> =>
      (await getJson<{ value: number | null }>(again, '/api/signals/cost?window=24h&session=session-8'))
        .value;
    const { cost_nano_usd: _cost, ...unpriced } = reported;
    await sendEvents(again, [unpriced]);
    expect(await cost()).toBeNull();
    await sendEvents(again, [first as EventRecord]);
    await sendEvents(again, [{ ...reported, 'tallyspan.seq': 2 }]);
    expect(await cost()).toBe(3_500_000);
    const calls = await getJson<{ value: number }>(
      again,
      '/api/signals/model_calls?window=24h&session=session-8',
    );
    expect(calls.value).toBe(1);
    expect((await meta()).duplicates).toBe(2);
  });

  it('is no duplicate: the sum of the shares that a call brought', async () => {
    const before = (await meta()).duplicates;
    const call = sampleRun({ mark: '5', endMs: NOW })[1] as EventRecord;
    const { 'service.instance.id': process, timestamp } = call;
    await sendEvents(again, [
      { ...call, 'tallyspan.cost_shares': ['search=p f1200 t340'] },
      {
        timestamp,
        'service.instance.id': process,
        'event.name': 'agent.tool_cost',
        'gen_ai.tool.name': 'search',
        'tallyspan.calls': 1,
        cost_nano_usd: 1200,
      },
    ]);
    expect((await meta()).duplicates).toBe(before);
  });

  it('is no second step: a tool call that a span tells, too', async () => {
    const run = sampleRun({ mark: '6', endMs: NOW });
    const tools = run.filter((event) => event['event.name'] === 'agent.tool_call');
    const told = tools.map((event, index) => ({
      ...event,
      'service.instance.id': 'spans',
      'tallyspan.seq': index + 1,
      'tallyspan.source': 'span' as const,
      'tallyspan.duplicate': true,
    }));
    await sendEvents(again, [...run, ...told]);
    const { steps } = await getJson<RunTree>(again, `/api/runs/${'6'.repeat(32)}`);
    const ofTools = steps.filter(({ step }) => step === 'tool_call');
    expect(ofTools.map((step) => step['tallyspan.source'])).toEqual(tools.map(() => undefined));
    const page = await (await fetch(`${again.uiUrl}/runs/${'6'.repeat(32)}`)).text();
    expect(page.match(/<td class="what[^>]*><i class="kind tool"/g)).toHaveLength(tools.length);
  });

  it('a gap in a process is counted as lost', async () => {
    const before = (await meta()).events_lost;
    const run = sampleRun({ mark: '7', endMs: NOW });
    await sendEvents(
      again,
      run.filter((_, index) => index !== 2),
    );
    expect((await meta()).events_lost - before).toBe(1);
  });
});

describe('a source', () => {
  it('answers the same from the server and from its folder', async () => {
    const dataDir = await makeDataDir();
    const running = await startTestServer({ dataDir });
    await sendEvents(running, sampleRun({ mark: 'a', endMs: NOW - 1000 }));
    const window = { since: NOW - 86_400_000, until: NOW };
    const ask = async (options: { url?: string; dataDir?: string }): Promise<unknown[]> => {
      const source = await openSource(options);
      try {
        return [
          await source.runs({ limit: 10 }),
          await source.run('aaaa'),
          await source.run('nothing'),
          await source.cost({ by: 'model', ...window }),
          await source.cost({ by: 'day', ...window }),
          await source.signal('run_success_rate', { from: NOW - 86_400_000, to: NOW }),
          await source.signal('tool_calls', { from: NOW - 86_400_000, to: NOW, by: 'tool' }),
        ];
      } finally {
        await source.close();
      }
    };
    const fromServer = await ask({ url: running.uiUrl });
    await running.close();
    expect(await ask({ dataDir })).toEqual(fromServer);
    expect(fromServer[3]).toMatchObject({ total: { cost_nano_usd: SAMPLE_COST_NANO_USD } });
    await running.remove();
  });
});
