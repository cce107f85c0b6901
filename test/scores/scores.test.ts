// Scores in a real server: by the API, by OTLP, by a feedback token and by the command line.

import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { createHmac } from 'node:crypto';
import type { EventRecord } from '../../core/event.ts';
import { makeFeedbackToken } from '../../core/scores/feedback-token.ts';
import type { RunTree } from '../../server/source.ts';
import type { SignalResult } from '../../signals/result.ts';
import { readCommand } from '../cli/read-command.ts';
import { runCommand } from '../cli/run-command.ts';
import { getJson, JSON_TYPE, post, sendEvents, startTestServer, type TestServer } from '../server/harness.ts';

const SECRET = 'a secret of sixteen or more';
const TOKEN = 'token-of-the-server-1';
const GOOD = 'a'.repeat(32);
const BAD = 'b'.repeat(32);
const NOW = Date.now();

function run(id: string, costNanoUsd: number, more: Partial<EventRecord> = {}): EventRecord[] {
  const base = {
    trace_id: id,
    span_id: id.slice(16),
    'service.name': 'shop',
    'agent.run_id': id,
    'gen_ai.agent.name': 'support',
    'agent.version': '7',
    'user.id': 'ada',
  } as const;
  return [
    { ...base, timestamp: NOW - 5000, 'event.name': 'agent.run.started' },
    {
      ...base,
      timestamp: NOW - 3000,
      'event.name': 'agent.model_call',
      span_id: id.slice(0, 15) + 'c',
      'gen_ai.response.id': `msg_${id.slice(0, 4)}`,
    },
    {
      ...base,
      timestamp: NOW - 2000,
      'event.name': 'agent.run',
      'agent.status': 'ok',
      'agent.cost_nano_usd': costNanoUsd,
      ...more,
    },
  ];
}

let server: TestServer;
beforeAll(async () => {
  server = await startTestServer({ feedbackSecret: SECRET });
  await sendEvents(server, [
    ...run(GOOD, 2_000_000, { 'agent.nested_cost_nano_usd': 1_000_000 }),
    ...run(BAD, 5_000_000),
  ]);
});
afterAll(() => server.remove());

async function send(body: unknown, headers = {}): Promise<{ status: number; body: Record<string, unknown> }> {
  const answer = await fetch(`${server.uiUrl}/api/scores`, {
    method: 'POST',
    headers: { ...JSON_TYPE, ...headers },
    body: JSON.stringify(body),
  });
  return { status: answer.status, body: (await answer.json()) as Record<string, unknown> };
}

async function scoresOf(id: string): Promise<RunTree['scores']> {
  return (await getJson<RunTree>(server, `/api/runs/${id}`)).scores;
}

async function signal(id: string, query: string): Promise<number | null> {
  const result = await getJson<SignalResult>(server, `/api/signals/${id}?window=1h&${query}`);
  return 'value' in result ? result.value : Number.NaN;
}

describe('a score of a run', () => {
  it('has the identity and the cost of its run, is kept once, and stays when it is corrected', async () => {
    const score = {
      id: 's1',
      run: 'aaaa',
      name: 'helpful',
      value: true,
      comment: 'fine',
      source: 'human',
      author: 'bo',
    };
    expect((await send(score)).status).toBe(201);
    expect(await send(score)).toEqual({
      status: 200,
      body: { scores: [{ id: 's1', run: GOOD, name: 'helpful', outcome: 'kept' }] },
    });
    expect(await scoresOf(GOOD)).toMatchObject([
      {
        'gen_ai.agent.name': 'support',
        'agent.version': '7',
        'user.id': 'ada',
        'service.name': 'shop',
        'gen_ai.evaluation.score.value': 1,
        score_passed: true,
        score_run_cost_nano_usd: 3_000_000,
        'gen_ai.evaluation.explanation': 'fine',
        'tallyspan.score.author': 'bo',
      },
    ]);
    expect((await send({ ...score, value: false })).body['scores']).toMatchObject([{ outcome: 'corrected' }]);
    expect((await send(score)).body['scores']).toMatchObject([{ outcome: 'corrected' }]);
    const lines = await (await fetch(`${server.uiUrl}/api/export?events=agent.score`)).text();
    const kept = lines
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as EventRecord);
    expect(kept.map((event) => [event.score_passed, event['tallyspan.duplicate'] === true])).toEqual([
      [true, true],
      [false, true],
      [true, false],
    ]);
    await send({ id: 's2', run: BAD, name: 'helpful', value: false });
    expect(await signal('score_share', 'score=helpful')).toBe(0.5);
    expect(await signal('score_mean', 'score=helpful&version=7')).toBe(0.5);
    expect(await signal('cost_per_good_run', 'score=helpful')).toBe(8_000_000);
    expect(await signal('scored_runs', '')).toBe(2);
    // A score is no step, and a run that was scored has not gone on.
    expect((await getJson<RunTree>(server, `/api/runs/${GOOD}`)).steps).toHaveLength(1);
  });

  it.each([
    [{ run: 'ffff0000', name: 'helpful', value: 1 }, 404, 'there is no run ffff0000'],
    [{ run: GOOD, value: 1 }, 400, 'a score needs a name'],
    [
      { run: GOOD, name: 'x', value: null },
      400,
      'the value of x is a number, true, false or a label, not null',
    ],
    [{ run: GOOD, name: 'x', value: 1e300 }, 400, 'the value of x is a number up to a billion, not 1e+300'],
    [
      { run: GOOD, name: 'x', value: 1, source: 'oracle' },
      400,
      'the source of a score is human, user, code, judge, not oracle',
    ],
    [{ run: GOOD, name: 'x', value: 1, stars: 5 }, 400, /has no "stars"/],
    [{ name: 'x', value: 1 }, 400, /say what is scored/],
    [{ model_call: 'msg_none', name: 'x', value: 1 }, 404, 'there is no model_call msg_none'],
    [
      {
        scores: [
          { id: 'q', run: GOOD, name: 'x', value: 1 },
          { id: 'q', run: BAD, name: 'x', value: 1 },
        ],
      },
      400,
      /same id/,
    ],
    [[], 400, /a score is an object/],
  ])('that cannot be one is refused: %j', async (body, status, error) => {
    const answer = await send(body);
    expect(answer.status).toBe(status);
    expect(answer.body['error']).toMatch(error);
  });

  it('is not taken from a page of another site', async () => {
    const answer = await send({ run: GOOD, name: 'x', value: 1 }, { 'sec-fetch-site': 'cross-site' });
    expect(answer.status).toBe(403);
  });

  it('can be of a model call, whose run it finds', async () => {
    await send({ model_call: 'msg_bbbb', name: 'tone', value: 0.1 });
    expect((await scoresOf(BAD)).find((score) => score['gen_ai.evaluation.name'] === 'tone')).toMatchObject({
      'tallyspan.score.target': 'model_call',
      score_millionths: 100_000,
    });
  });
});

const attributes = (fields: Record<string, string | number>) =>
  Object.entries(fields).map(([key, value]) => ({
    key,
    value: typeof value === 'string' ? { stringValue: value } : { doubleValue: value },
  }));

describe('an evaluation result of the GenAI conventions', () => {
  it('is a score of the run of its message or span', async () => {
    const record = {
      timeUnixNano: `${NOW}000000`,
      eventName: 'gen_ai.evaluation.result',
      traceId: GOOD,
      spanId: `${GOOD.slice(0, 15)}c`,
    };
    const body = {
      resourceLogs: [
        {
          scopeLogs: [
            {
              scope: { name: 'evals' },
              logRecords: [
                {
                  ...record,
                  attributes: attributes({
                    'gen_ai.evaluation.name': 'relevance',
                    'gen_ai.evaluation.score.value': 0.25,
                    'gen_ai.evaluation.score.label': 'pass',
                    'gen_ai.response.id': 'msg_aaaa',
                  }),
                },
                {
                  ...record,
                  attributes: attributes({
                    'gen_ai.evaluation.name': 'fluency',
                    'gen_ai.evaluation.score.value': 3,
                  }),
                },
                {
                  ...record,
                  attributes: attributes({
                    'gen_ai.evaluation.name': 'fluency',
                    'gen_ai.evaluation.score.label': 'pass',
                  }),
                },
              ],
            },
          ],
        },
      ],
    };
    for (let times = 0; times < 2; times++) {
      const answer = await post(server.httpAddress, '/v1/logs', JSON.stringify(body), JSON_TYPE);
      expect(answer.body.toString()).toBe('{}');
    }
    const found = (await scoresOf(GOOD)).filter((score) =>
      ['relevance', 'fluency'].includes(String(score['gen_ai.evaluation.name'])),
    );
    expect(found).toMatchObject([
      { 'gen_ai.evaluation.name': 'fluency', score_millionths: 3_000_000, 'gen_ai.agent.name': 'support' },
      { 'gen_ai.evaluation.name': 'fluency', score_millionths: 1_000_000, score_passed: true },
      {
        'gen_ai.evaluation.name': 'relevance',
        score_millionths: 250_000,
        score_passed: true,
        score_run_cost_nano_usd: 3_000_000,
      },
    ]);
  });
});

const sign = (text: string, secret = SECRET): string =>
  createHmac('sha256', secret).update(text).digest('base64url');
const tokenOf = (runId: string, expiresMs = NOW + 60_000, secret = SECRET): string =>
  makeFeedbackToken({ runId, name: 'thumb', expiresMs, nonce: 'n1' }, (text) => sign(text, secret));
const give = (token: string, body: object = {}): Promise<Response> =>
  fetch(`${server.uiUrl}/api/feedback`, {
    method: 'POST',
    headers: { ...JSON_TYPE, origin: 'https://shop.example', 'sec-fetch-site': 'cross-site' },
    body: JSON.stringify({ token, value: true, ...body }),
  });

describe('a feedback token', () => {
  it('posts one score of its run, from any site, whatever else is sent', async () => {
    const answer = await give(tokenOf(GOOD), { run: BAD, name: 'other', author: 'me', source: 'human' });
    expect(answer.status).toBe(201);
    expect(answer.headers.get('access-control-allow-origin')).toBe('*');
    expect(await answer.json()).toEqual({ status: 'recorded' });
    await give(tokenOf(GOOD), { value: false, comment: 'no' });
    const thumbs = (await scoresOf(GOOD)).filter((score) => score['gen_ai.evaluation.name'] === 'thumb');
    expect(thumbs).toMatchObject([{ score_passed: false, 'tallyspan.score.source': 'user' }]);
    expect((await scoresOf(BAD)).map((score) => score['gen_ai.evaluation.name'])).not.toContain('thumb');
  });

  it('is refused after its time, with another run in it, or signed with another secret', async () => {
    const changed = tokenOf(GOOD).replace(GOOD, BAD);
    for (const token of [
      tokenOf(GOOD, NOW - 1),
      changed,
      tokenOf(GOOD, NOW + 60_000, 'another secret of sixteen'),
      '',
      'x.y',
      ...['f1.%zz.thumb.zzzzzzzz.n', `f1.${GOOD}.thumb.!.n`].map((claims) => `${claims}.${sign(claims)}`),
    ])
      expect((await give(token)).status).toBe(403);
    expect((await give(tokenOf(GOOD), { value: 'great' })).status).toBe(400);
  });

  it('opens nothing else where the server needs a token', async () => {
    const guarded = await startTestServer({ feedbackSecret: SECRET, token: TOKEN });
    try {
      const token = tokenOf(GOOD);
      const page = await fetch(`${guarded.uiUrl}/feedback?token=${token}`);
      expect(page.status).toBe(200);
      const text = await page.text();
      expect(text).toContain('How was the answer?');
      expect(text).not.toContain(GOOD.slice(0, 8) + ' ');
      for (const path of ['/api/runs', `/api/runs/${GOOD}/scores`, '/api/scores'])
        for (const authorization of [`Bearer ${token}`, ''])
          expect(
            (await fetch(`${guarded.uiUrl}${path}?token=${token}`, { headers: { authorization } })).status,
          ).toBe(401);
      const wrong = await fetch(`${guarded.uiUrl}/feedback?token=no`, { headers: { accept: 'text/html' } });
      expect(wrong.status).toBe(403);
      expect(await wrong.text()).not.toMatch(/href="\/(runs|alerts)/);
    } finally {
      await guarded.remove();
    }
  });
});

describe('tallyspan score', () => {
  it('scores by part of an id, corrects its own score, and says what is wrong', async () => {
    const args = ['score', 'aaaa', '--url', server.uiUrl, '--author', 'cy'];
    expect(await readCommand([...args, 'cli=0.8', 'fault=wrong_tool', 'ok=true'])).toMatchObject([
      { name: 'cli', outcome: 'added', run: GOOD },
      { name: 'fault', outcome: 'added' },
      { name: 'ok', outcome: 'added' },
    ]);
    expect((await runCommand([...args, 'cli=0.9'])).stdout).toBe(`cli: corrected  run ${GOOD}\n`);
    expect(await signal('score_mean', 'score=cli')).toBe(0.9);
    await readCommand([...args, 'why=false', '--comment', 'it was rude']);
    const shown = await runCommand(['run', 'aaaa', '--url', server.uiUrl]);
    expect(
      shown.stdout
        .split('\n')
        .filter((line) => / by cy/.test(line))
        .toSorted(),
    ).toEqual([
      'scored cli: 0.9, by cy',
      'scored fault: wrong_tool, by cy',
      'scored ok: true, by cy',
      'scored why: false, by cy: it was rude',
    ]);
    expect(await runCommand([...args, 'cli'])).toMatchObject({
      exitCode: 2,
      stderr: expect.stringContaining('"cli" is no score; write a name and a value: helpful=0.8'),
    });
    expect(await runCommand([...args, 'cli=NaN'])).toMatchObject({
      exitCode: 2,
      stderr: expect.stringContaining('the value of cli is a number, true, false or a label, not NaN'),
    });
    expect(await runCommand(['score', 'dddd', 'x=1', '--url', server.uiUrl])).toMatchObject({
      exitCode: 1,
      stderr: expect.stringContaining('no run begins with "dddd"'),
    });
  });
});

const page = (url: string, init: RequestInit = {}): Promise<Response> =>
  fetch(server.uiUrl + url, { redirect: 'manual', ...init });

describe('the review of a person', () => {
  it('goes from run to run of a view, by a form that only pages of this server can send', async () => {
    const open = 'e'.repeat(32);
    const newest = run(open, 1).map((event) => ({ ...event, timestamp: event.timestamp + 1000 }));
    await sendEvents(server, newest);
    expect(await (await page(`/runs/${open}`)).text()).toContain('action="/review"');
    const start = await page('/review?agent=support');
    const [cookie = ''] = (start.headers.get('set-cookie') ?? '').split(';');
    const next = await page('/review/next', { headers: { cookie } });
    expect(next.headers.get('location')).toBe(`/runs/${open}#score-form`);
    const form = {
      method: 'POST',
      body: new URLSearchParams({ run: open, score: 'rating=4', comment: 'dry' }),
    };
    expect((await page('/review', { ...form, headers: { cookie } })).status).toBe(403);
    const own = { origin: server.uiUrl, 'sec-fetch-site': 'same-origin' };
    const sent = await page('/review', { ...form, headers: { cookie, ...own } });
    expect(sent.headers.get('location')).toBe(`/review/next?after=${open}`);
    expect(await scoresOf(open)).toMatchObject([
      { 'gen_ai.evaluation.name': 'rating', score_millionths: 4_000_000, 'tallyspan.score.source': 'human' },
    ]);
    const again = await page('/review/next', { headers: { cookie } });
    expect(again.headers.get('location')).not.toBe(`/runs/${open}#score-form`);
    const empty = { method: 'POST', body: new URLSearchParams({ run: open }), headers: own };
    expect((await page('/review', empty)).status).toBe(400);
    const bare = await page('/review', { ...form, headers: own });
    expect(bare.headers.get('location')).toBe(`/runs/${open}#scores`);
  });
});

describe('many scores', () => {
  it('of a run come in one request, and the newest are read', async () => {
    const scores = Array.from({ length: 1_000 }, (_, index) => ({
      id: `many-${index}`,
      run: BAD,
      name: `n${index % 5}`,
      value: index,
      comment: 'a comment of some length '.repeat(8),
    }));
    expect((await send({ scores })).status).toBe(201);
    expect((await send({ scores: [...scores, ...scores] })).status).toBe(400);
    await send({ run: BAD, name: 'latest', value: 1 });
    const read = await getJson<RunTree['scores']>(server, `/api/runs/${BAD.slice(0, 8)}/scores`);
    expect(read).toHaveLength(1_000);
    expect(read.at(-1)?.['gen_ai.evaluation.name']).toBe('latest');
  });
});
