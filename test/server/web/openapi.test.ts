// The API against its own document: what the document promises is asked for with values that it allows, and with others.

import { spawn } from 'node:child_process';
import { request, type IncomingMessage } from 'node:http';
import { text } from 'node:stream/consumers';
import { existsSync } from 'node:fs';
import { homedir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { Ajv2020 } from 'ajv/dist/2020.js';
import * as fc from 'fast-check';
import { COST_WAYS } from '../../../server/queries/signals/read-cost.ts';
import { describeWhere } from '../../fixtures/describe-where.ts';
import { getJson, sendEvents, startTestServer, type TestServer } from '../harness.ts';
import { sampleRun } from './sample-run.ts';

interface Parameter {
  readonly name: string;
  readonly in: 'path' | 'query';
  readonly schema: Readonly<Record<string, unknown>>;
}

interface Operation {
  readonly operationId: string;
  readonly 'x-stability': string;
  readonly parameters: readonly Parameter[];
  readonly requestBody?: { readonly required: boolean };
  readonly responses: Readonly<Record<string, { readonly content: Readonly<Record<string, object>> }>>;
}

interface Document {
  readonly openapi: string;
  readonly paths: Readonly<Record<string, Readonly<Record<string, Operation>>>>;
  readonly components: { readonly schemas: Readonly<Record<string, object>> };
}

const STABLE = [
  '/api/alerts',
  '/api/backup',
  '/api/compare/groups',
  '/api/cost',
  '/api/diagnosis',
  '/api/export',
  '/api/findings',
  '/api/limits',
  '/api/meta',
  '/api/openapi.json',
  '/api/reconcile',
  '/api/runs',
  '/api/runs/sums',
  '/api/runs/{id}',
  '/api/runs/{id}/scores',
  '/api/signals/{id}',
  '/api/usage',
  '/api/versions',
  '/api/what-if',
];
/** Questions to each address; a few thousand find no more. */
const QUESTIONS = 15;
const SCHEMATHESIS = [
  process.env['SCHEMATHESIS_BINARY'] ?? '',
  path.join(homedir(), '.cache/tallyspan/schemathesis/bin/schemathesis'),
].find((file) => file !== '' && existsSync(file));

let server: TestServer;
let document: Document;
const ajv = new Ajv2020({ strict: false, validateFormats: false });

beforeAll(async () => {
  server = await startTestServer();
  const now = Date.now();
  await sendEvents(server, [
    ...sampleRun({ mark: 'a', endMs: now - 1000 }),
    ...sampleRun({ mark: 'b', endMs: now - 2000, status: 'error' }),
    ...sampleRun({ mark: 'c', endMs: now - 3000, isOpen: true }),
  ]);
  document = await getJson<Document>(server, '/api/openapi.json');
  ajv.addSchema({ $id: 'api', components: document.components });
});

afterAll(() => server.remove());

/** Every GET of the document. */
function operations(): readonly (readonly [string, Operation])[] {
  return Object.entries(document.paths).flatMap(([url, { get }]) => (get === undefined ? [] : [[url, get]]));
}

/** Whether the body is what the document says of this answer; the faults where it is not. */
function faultsOf(schema: object, body: unknown): unknown {
  const json = JSON.stringify(schema).replaceAll('"#/components', '"api#/components');
  const validate = ajv.compile(JSON.parse(json) as object);
  return validate(body) ? undefined : validate.errors;
}

/** Values that the schema allows, those that exist among them, and values that it does not. */
function valuesFor({ name, schema }: Parameter): fc.Arbitrary<string> {
  const known = { id: ['aaaa', 'cost', 'b'.repeat(32)], agent: ['support'], user: ['user-1'] }[name] ?? [];
  const allowed = [
    ...((schema['enum'] as string[]) ?? []),
    ...((schema['examples'] as string[]) ?? []),
    ...known,
  ];
  const ofType =
    schema['type'] === 'integer'
      ? fc.integer({ min: -5, max: 2000 }).map(String)
      : schema['type'] === 'boolean'
        ? fc.constantFrom('true', 'false')
        : fc.string({ unit: 'grapheme', maxLength: 20 });
  return fc.oneof(
    { weight: 3, arbitrary: allowed.length > 0 ? fc.constantFrom(...allowed) : ofType },
    { weight: 1, arbitrary: ofType },
  );
}

function questionsOf(url: string, { parameters }: Operation): fc.Arbitrary<string> {
  const values = Object.fromEntries(parameters.map((parameter) => [parameter.name, valuesFor(parameter)]));
  const inPath = parameters.filter((parameter) => parameter.in === 'path').map(({ name }) => name);
  return fc.record(values, { requiredKeys: inPath }).map((chosen) => {
    const query = new URLSearchParams();
    let address = url;
    for (const [name, value] of Object.entries<string | undefined>(chosen)) {
      if (value === undefined) continue;
      // Neither an empty part nor one of dots is an address of anything.
      if (inPath.includes(name))
        address = address.replace(`{${name}}`, encodeURIComponent(value.replace(/^\.*$/, 'x')));
      else query.set(name, value);
    }
    return query.size === 0 ? address : `${address}?${query.toString()}`;
  });
}

/** `fetch` sends no TRACE. */
async function ask(url: string, method: string) {
  const response = await new Promise<IncomingMessage>((resolve, reject) => {
    request(url, { method }, resolve).on('error', reject).end();
  });
  return { status: response.statusCode, headers: response.headers, body: await text(response) };
}

describe('the document of the API', () => {
  it('has every address that answers, and says which are stable', () => {
    expect(document.openapi).toBe('3.1.0');
    const stable = operations().filter(([, operation]) => operation['x-stability'] === 'stable');
    expect(stable.map(([url]) => url).toSorted()).toEqual(STABLE);
    const ids = operations().map(([, { operationId }]) => operationId);
    expect(new Set(ids).size).toBe(ids.length);
  });

  it('is true of every answer, whatever is asked', async () => {
    const seen = new Map<string, Set<number>>();
    for (const [url, operation] of operations()) {
      // Files are no JSON, and take long.
      if (operation.responses['200']?.content['application/json'] === undefined) continue;
      const statuses = new Set<number>();
      seen.set(url, statuses);
      const questions = fc.sample(questionsOf(url, operation), { numRuns: QUESTIONS, seed: 28 });
      for (const question of new Set([url.replaceAll(/\{\w+\}/g, 'aaaa'), ...questions])) {
        const answer = await fetch(server.uiUrl + question);
        const body = (await answer.json()) as object;
        const [type = ''] = (answer.headers.get('content-type') ?? '').split(';');
        const schema = operation.responses[String(answer.status)]?.content[type] as { schema?: object };
        const faults = schema === undefined ? 'not in the document' : faultsOf(schema.schema ?? {}, body);
        expect({ question, status: answer.status, type, faults, body: faults && body }).toMatchObject({
          faults: undefined,
        });
        statuses.add(answer.status);
      }
    }
    // Both what is right and what is wrong was asked.
    expect([...seen].filter(([, statuses]) => statuses.has(200)).length).toBeGreaterThan(8);
    expect(seen.get('/api/runs/{id}')).toEqual(new Set([200, 404]));
    expect(seen.get('/api/cost')).toContain(400);
  });

  it('says which questions are open to whom posts, and what has to be posted', () => {
    const posts = Object.entries(document.paths).flatMap(([url, { post }]) =>
      post ? [[url, post] as const] : [],
    );
    expect(posts.map(([url, post]) => [url, post['x-stability'], post.requestBody?.required])).toEqual([
      ['/api/scores', 'stable', true],
      ['/api/feedback', 'stable', true],
      ['/api/limits/guard', 'internal', true],
      ['/api/limits/leases', 'internal', true],
    ]);
  });

  it.each(COST_WAYS)('has the spend by %s, whatever it is narrowed to', async (by) => {
    for (const narrowing of ['', '&user=user-1', '&agent=support&session=s', '&model=claude-sonnet-5-5']) {
      const answer = await fetch(`${server.uiUrl}/api/cost?by=${by}${narrowing}`);
      expect({ narrowing, status: answer.status }).toEqual({ narrowing, status: 200 });
    }
  });

  it.each([
    '/api/runs?since=63027604w',
    '/api/runs?until=999999999999999w',
    '/api/cost?by=model&since=63027604w',
    '/api/usage?since=63027604w',
    '/api/export?since=63027604w&events=agent.run',
    '/api/diagnosis?against=63027604w',
    '/api/limits?since=63027604w',
    '/runs?since=63027604w',
  ])('takes a time before all times for all of it: %s', async (url) => {
    const answer = await fetch(server.uiUrl + url);
    await answer.text();
    expect(answer.status).toBe(200);
  });

  it('names every parameter there is: others are refused, with the one that was probably meant', async () => {
    const asked = Object.entries(document.paths).flatMap(([address, { get }]) => {
      if (get === undefined) return [];
      const known = get.parameters.find((parameter) => parameter.in === 'query');
      return [`${address.replaceAll(/\{\w+\}/g, 'cost')}?${known?.name ?? 'agent'}x=1`];
    });
    expect(asked).toEqual(
      expect.arrayContaining(['/api/export?formatx=1', '/api/usage?kindx=1', '/api/findings?agentx=1']),
    );
    for (const url of asked) {
      const { status } = await ask(server.uiUrl + url, 'GET');
      expect({ url, status }).toEqual({ url, status: 400 });
    }
    const { body } = await ask(`${server.uiUrl}/api/usage?sinse=7d`, 'GET');
    expect(JSON.parse(body)).toMatchObject({ detail: expect.stringContaining('since') });
  });

  it.each([
    '/api/versions?agent=support',
    '/api/compare/groups?a=agent:support&b=agent:other',
    '/api/cost?by=day',
    '/api/runs?limit=1',
  ])('takes one time and not two of which one counts: %s', async (url) => {
    for (const times of ['time=7d&from=2026-11-01', 'time=7d&to=junk']) {
      const { status, body } = await ask(`${server.uiUrl}${url}&${times}`, 'GET');
      expect([times, status, JSON.parse(body)]).toEqual([
        times,
        400,
        expect.objectContaining({ detail: expect.stringContaining('give one time') }),
      ]);
    }
  });

  it('refuses a zone that is none, wherever one is taken', async () => {
    const asked = Object.entries(document.paths).flatMap(([address, { get }]) =>
      get?.parameters.some(({ name }) => name === 'zone') === true
        ? [`${address.replaceAll(/\{\w+\}/g, 'cost')}?zone=Mars`]
        : [],
    );
    expect(asked).toEqual(expect.arrayContaining(['/api/runs?zone=Mars', '/api/runs/sums?zone=Mars']));
    for (const url of asked) {
      const { status, body } = await ask(server.uiUrl + url, 'GET');
      expect({ url, status, body }).toEqual({ url, status: 400, body: expect.stringContaining('time zone') });
    }
  });

  it('says which methods an address has', async () => {
    for (const [method, url, allow] of [
      ['DELETE', '/api/runs/aaaa', 'GET, HEAD'],
      ['TRACE', '/api/cost?by=day', 'GET, HEAD'],
      ['QUERY', '/api/runs/aaaa', 'GET, HEAD'],
      ['GET', '/api/scores', 'POST'],
    ] as const) {
      const { status, headers, body } = await ask(server.uiUrl + url, method);
      expect({ method, status, allow: headers.allow }).toEqual({ method, status: 405, allow });
      expect(JSON.parse(body)).toMatchObject({ status: 405, detail: expect.stringContaining(allow) });
    }
  });

  it('leads through a list by the links of its answers', async () => {
    const seen: string[] = [];
    let next: string | undefined = '/api/runs?limit=1&sort=newest';
    while (next !== undefined) {
      const answer: Response = await fetch(server.uiUrl + next);
      seen.push(...((await answer.json()) as { started_at: string }[]).map((run) => run.started_at));
      next = /<([^>]+)>; rel="next"/.exec(answer.headers.get('link') ?? '')?.[1];
    }
    expect(seen).toHaveLength(3);
    expect(new Set(seen).size).toBe(3);
  });

  it('has one form for what went wrong, with the token, too', async () => {
    const closed = await startTestServer({ token: 'a-token-of-thirty-two-characters' });
    try {
      for (const [url, status] of [
        [`${closed.uiUrl}/api/runs`, 401],
        [`${server.uiUrl}/api/nothing`, 404],
        [`${server.uiUrl}/api/cost?by=colour`, 400],
      ] as const) {
        const answer = await fetch(url);
        expect([answer.status, answer.headers.get('content-type')]).toEqual([
          status,
          'application/problem+json; charset=utf-8',
        ]);
        const body = (await answer.json()) as { detail: string };
        expect(body).toMatchObject({ type: 'about:blank', status, detail: expect.any(String) });
      }
    } finally {
      await closed.remove();
    }
  });
});

describeWhere(
  SCHEMATHESIS !== undefined,
  'the fuzzer of the API',
  'schemathesis is not installed: see CONTRIBUTING.md',
)('schemathesis', () => {
  it('finds no fault', async () => {
    const checks =
      'not_a_server_error,status_code_conformance,content_type_conformance,response_schema_conformance,unsupported_method,negative_data_rejection';
    const child = spawn(
      SCHEMATHESIS ?? '',
      [
        'run',
        `${server.uiUrl}/api/openapi.json`,
        `--checks=${checks}`,
        '--phases=examples,coverage,fuzzing',
        '--max-examples=12',
        '--request-timeout=60',
        '--seed=28',
        '--no-color',
        '--generation-database=none',
        '--exclude-path-regex=/api/(export|backup)',
      ],
      { stdio: ['ignore', 'pipe', 'pipe'] },
    );
    let output = '';
    for (const stream of [child.stdout, child.stderr])
      stream.setEncoding('utf8').on('data', (part: string) => (output += part));
    const code = await new Promise((resolve) => child.once('close', resolve));
    expect(code === 0 ? '' : output).toBe('');
    expect(output).toMatch(/\d+ generated|\d+ passed|operations/i);
  }, 600_000);
});
