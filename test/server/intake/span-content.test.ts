// What of others' spans and logs is in the data file: by default nothing that a prompt, an answer, an argument or a result
// said; where the operator lets it in, request and answer of calls, encrypted.

import { afterAll, describe, expect, it } from '@jest/globals';
import { access, readFile, readdir } from 'node:fs/promises';
import path from 'node:path';
import { apiRequest, logsOf, otlpOf } from '../../claude-code/sample-logs.ts';
import { otlpJsonOf } from '../../fixtures/otlp-json-spans.ts';
import { readRecording } from '../../fixtures/recorded-spans.ts';
import { rowsOfSpans } from '../../../server/intake/rows-of-spans.ts';
import { decodeSpansJson } from '../../../server/intake/otlp-json.ts';
import { getJson, post, startTestServer, type TestServer } from '../harness.ts';

const RECORDINGS = [
  'ai-sdk-5',
  'ai-sdk-6',
  'ai-sdk-7',
  'pydantic-ai-over-native',
  'openinference-over-native',
  'openllmetry-over-native',
  'logfire',
];
/** Every prompt, argument, result and answer of the recordings holds this. */
const MARK = 'SECRET';
const CLAUDE_BODY = JSON.stringify({
  model: 'claude-opus-5-5',
  messages: [{ role: 'user', content: `${MARK}-CLAUDE-BODY` }],
});
const CLAUDE_MESSAGE = JSON.stringify({
  role: 'assistant',
  content: [{ type: 'text', text: `${MARK}-MESSAGE` }],
});

function bodyOf(name: string, endMs = 1_795_168_801_000): Buffer {
  const spans = readRecording(name).spans.map((span) => ({
    ...span,
    startTimeUnixNano: `${String(endMs - 1000)}000000`,
    endTimeUnixNano: `${String(endMs)}000000`,
  }));
  return Buffer.from(JSON.stringify(otlpJsonOf(spans)));
}

function rowsOf(name: string, keepsContent: boolean): string {
  return JSON.stringify(rowsOfSpans(decodeSpansJson(bodyOf(name)), keepsContent).rows);
}

it.each(RECORDINGS)('%s leaves no content, but its counts, names, ids and models', (name) => {
  const rows = rowsOf(name, false);
  expect(rows).not.toContain(MARK);
  expect(rows).not.toContain('Bern');
  expect(rows).toContain('.length');
  expect(rows).toContain('claude-sonnet-4-5');
  expect(rows).toMatch(/(?:tokens|Tokens|token_count)[^,]*:\d+/);
  expect(rowsOf(name, true)).toBe(rows);
});

/** The texts of all steps of all runs, as their pages show them. */
async function pagesOf(server: TestServer): Promise<string> {
  const runs = await getJson<{ 'agent.run_id': string }[]>(server, '/api/runs?limit=20');
  const pages: string[] = [];
  for (const { 'agent.run_id': id } of runs) {
    const { steps } = await getJson<{ steps: { span_id: string }[] }>(server, `/api/runs/${id}`);
    for (const { span_id: span } of steps)
      pages.push(await (await fetch(`${server.uiUrl}/runs/${id}?step=${span}&view=whole`)).text());
  }
  return pages.join('');
}

describe('a server', () => {
  const servers: TestServer[] = [];
  afterAll(() => Promise.all(servers.map((server) => server.remove())));

  async function fill(content: 'none' | 'full'): Promise<TestServer> {
    const server = await startTestServer({ content });
    servers.push(server);
    const headers = { 'content-type': 'application/json' };
    const now = Date.now();
    for (const name of ['ai-sdk-6', 'openinference-over-native'])
      await post(server.httpAddress, '/v1/traces', bodyOf(name, now), headers);
    const logs = logsOf(
      [
        ['user_prompt', { prompt: `${MARK}-CLAUDE-PROMPT`, prompt_length: 20 }],
        apiRequest('req_1'),
        ['assistant_response', { request_id: 'req_1', response: `${MARK}-CLAUDE-ANSWER` }],
        ['api_request_body', { query_source: 'sdk', body: CLAUDE_BODY }],
        ['api_response_body', { request_id: 'req_2', body: CLAUDE_MESSAGE }],
        apiRequest('req_2'),
      ],
      { startMs: now - 10_000 },
    );
    await post(server.httpAddress, '/v1/logs', JSON.stringify(otlpOf(logs)), headers);
    return server;
  }

  it('that lets content in shows it of every call, and its files do not have it', async () => {
    const server = await fill('full');
    const pages = await pagesOf(server);
    for (const said of [
      'PROMPT weather?',
      'ANSWER',
      'CLAUDE-PROMPT',
      'CLAUDE-ANSWER',
      'CLAUDE-BODY',
      'MESSAGE',
    ])
      expect(pages).toContain(`${MARK}-${said}`);
    expect(pages).toContain('It is what its emitter reported');
    expect(await textsOfFiles(server)).not.toContain(MARK);
    await server.close();
    expect(await textsOfFiles(server)).not.toContain(MARK);
  });

  it('by default has none of it', async () => {
    const server = await fill('none');
    expect(await pagesOf(server)).not.toContain(MARK);
    expect(await textsOfFiles(server)).not.toContain(MARK);
    await expect(access(path.join(server.dataDir, 'content.key'))).rejects.toThrow('ENOENT');
  });
});

async function textsOfFiles({ dataDir }: TestServer): Promise<string> {
  const names = await readdir(dataDir);
  const texts = names.map((name) => readFile(path.join(dataDir, name), 'latin1').catch(() => ''));
  return (await Promise.all(texts)).join('');
}

it('an unknown key is a length, whoever invents it; error texts too', () => {
  const body = otlpJsonOf([
    {
      traceId: 'a'.repeat(32),
      spanId: 'b'.repeat(16),
      name: 'chat',
      startTimeUnixNano: '1795168800000000000',
      endTimeUnixNano: '1795168801000000000',
      isError: true,
      attributes: {
        'mastra.agent.input': 'who am I',
        'new.vendor.output': ['x', 'y'],
        'new.vendor.model': 'm-1',
        n: 5,
      },
    },
  ]);
  const [row] = rowsOfSpans(decodeSpansJson(Buffer.from(JSON.stringify(body)))).rows;
  expect(JSON.parse(row?.attributes ?? '')).toEqual({
    'mastra.agent.input.length': 8,
    'new.vendor.output.length': 9,
    'new.vendor.model': 'm-1',
    n: 5,
  });
});
