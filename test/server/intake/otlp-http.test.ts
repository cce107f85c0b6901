import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { request } from 'node:http';
import { gzipSync } from 'node:zlib';
import {
  JSON_TYPE,
  PROTOBUF_TYPE,
  decodeResponse,
  decodeStatus,
  encodeLogs,
  getJson,
  post,
  startTestServer,
  type TestServer,
} from '../harness.ts';
import { sampleRun } from '../web/sample-run.ts';

interface Meta {
  events: number;
  spans: number;
}

let server: TestServer;
let http: string;

beforeAll(async () => {
  server = await startTestServer();
  http = server.httpAddress;
});

afterAll(() => server.remove());

async function countEvents(): Promise<number> {
  return (await getJson<Meta>(server, '/api/meta')).events;
}

/** The run without the digits that its ids are made of. */
function unmarked(run: unknown): string {
  return JSON.stringify(run).replaceAll(/[12]/g, '#');
}

describe('what is accepted', () => {
  it('protobuf, gzip and JSON bring the same events', async () => {
    const endMs = Date.now();
    const bodies = [
      [encodeLogs(sampleRun({ mark: '1', endMs })), PROTOBUF_TYPE],
      [
        gzipSync(encodeLogs(sampleRun({ mark: '2', endMs }))),
        { ...PROTOBUF_TYPE, 'content-encoding': 'gzip' },
      ],
    ] as const;
    const before = await countEvents();
    for (const [body, headers] of bodies) {
      const answer = await post(http, '/v1/logs', body, headers);
      expect(answer.status).toBe(200);
      expect(answer.type).toContain('application/x-protobuf');
      expect(decodeResponse(answer.body)).toEqual({});
    }
    expect((await countEvents()) - before).toBe(2 * sampleRun({ mark: '1', endMs: 0 }).length);
    const runs = await Promise.all(
      ['1', '2'].map((mark) => getJson<Record<string, unknown>>(server, `/api/runs/${mark.repeat(32)}`)),
    );
    expect(unmarked(runs[0])).toBe(unmarked(runs[1]));
  });

  it('an empty request is a success', async () => {
    expect((await post(http, '/v1/logs', Buffer.alloc(0), PROTOBUF_TYPE)).status).toBe(200);
    expect((await post(http, '/v1/traces', '{}', JSON_TYPE)).status).toBe(200);
  });

  it('records that are no events are counted, not stored, and no fault', async () => {
    const before = await countEvents();
    const body = {
      resourceLogs: [
        { scopeLogs: [{ scope: { name: 'winston' }, logRecords: [{ body: { stringValue: 'hi' } }] }] },
      ],
    };
    const answer = await post(http, '/v1/logs', JSON.stringify(body), JSON_TYPE);
    expect(answer.status).toBe(200);
    expect(JSON.parse(answer.body.toString())).toEqual({});
    expect(await countEvents()).toBe(before);
    const meta = await getJson<{ intake: { recordsOther: number } }>(server, '/api/meta');
    expect(meta.intake.recordsOther).toBe(1);
  });

  it('of a request part of which is refused, the rest is stored and the answer says how many are not', async () => {
    const span = {
      traceId: 'a'.repeat(32),
      spanId: 'b'.repeat(16),
      name: 'x',
      startTimeUnixNano: '1',
      endTimeUnixNano: '2',
    };
    const body = { resourceSpans: [{ scopeSpans: [{ spans: [span, { ...span, spanId: '' }] }] }] };
    const answer = await post(http, '/v1/traces', JSON.stringify(body), JSON_TYPE);
    expect(answer.status).toBe(200);
    expect(JSON.parse(answer.body.toString())).toMatchObject({ partialSuccess: { rejectedSpans: '1' } });
    expect((await getJson<Meta>(server, '/api/meta')).spans).toBe(1);
  });

  it('metrics are refused by partial success, which says how to stop sending them', async () => {
    const points = { dataPoints: [{ asInt: '1' }, { asInt: '2' }] };
    const body = { resourceMetrics: [{ scopeMetrics: [{ metrics: [{ name: 'm', gauge: points }] }] }] };
    const answer = await post(http, '/v1/metrics', JSON.stringify(body), JSON_TYPE);
    expect(answer.status).toBe(200);
    expect(JSON.parse(answer.body.toString())).toEqual({
      partialSuccess: {
        rejectedDataPoints: '2',
        errorMessage: expect.stringContaining('OTEL_METRICS_EXPORTER=none'),
      },
    });
  });
});

describe('a bad request costs only its sender', () => {
  const bad: readonly (readonly [string, () => Promise<{ status: number; body: Buffer }>, number, RegExp])[] =
    [
      [
        'protobuf that is none',
        () => post(http, '/v1/logs', Buffer.from('nonsense'), PROTOBUF_TYPE),
        400,
        /not protobuf|cut off|not OTLP/,
      ],
      [
        'protobuf cut off',
        () =>
          post(
            http,
            '/v1/logs',
            encodeLogs(sampleRun({ mark: '3', endMs: 1 })).subarray(0, -5),
            PROTOBUF_TYPE,
          ),
        400,
        /protobuf|cut off/,
      ],
      ['JSON that is none', () => post(http, '/v1/logs', '{"resourceLogs":', JSON_TYPE), 400, /not JSON/],
      [
        'JSON of another shape',
        () => post(http, '/v1/logs', '{"resourceLogs": 7}', JSON_TYPE),
        400,
        /not an array/,
      ],
      [
        'gzip that is none',
        () => post(http, '/v1/logs', 'plain', { ...PROTOBUF_TYPE, 'content-encoding': 'gzip' }),
        400,
        /not gzip/,
      ],
      [
        'another coding',
        () => post(http, '/v1/logs', 'x', { ...PROTOBUF_TYPE, 'content-encoding': 'br' }),
        415,
        /use gzip/,
      ],
      [
        'another content type',
        () => post(http, '/v1/logs', '<a/>', { 'content-type': 'text/xml' }),
        415,
        /application\/x-protobuf/,
      ],
      ['an unknown path', () => post(http, '/v1/spans', '{}', JSON_TYPE), 404, /\/v1\/traces/],
      [
        'a gzip bomb',
        () =>
          post(http, '/v1/logs', gzipSync(Buffer.alloc(200 * 1024 * 1024)), {
            ...PROTOBUF_TYPE,
            'content-encoding': 'gzip',
          }),
        413,
        /decompressed/,
      ],
    ];

  for (const [name, send, status, message] of bad) {
    it(`${name}: ${status}, and the next request is answered`, async () => {
      const answer = await send();
      expect(answer.status).toBe(status);
      const text = answer.body.toString();
      expect(
        text.startsWith('{')
          ? (JSON.parse(text) as { message: string }).message
          : decodeStatus(answer.body).message,
      ).toMatch(message);
      expect((await post(http, '/v1/logs', '{}', JSON_TYPE)).status).toBe(200);
    });
  }

  it('a body of 65 MB: 413 before it is read', async () => {
    const { hostname, port } = new URL(`http://${http}`);
    const status = await new Promise<number | undefined>((done, failed) => {
      const sent = request(
        {
          hostname,
          port,
          path: '/v1/logs',
          method: 'POST',
          headers: { ...PROTOBUF_TYPE, 'content-length': 65 * 1024 * 1024 },
        },
        (answer) => {
          answer.resume();
          done(answer.statusCode);
          sent.destroy();
        },
      );
      sent.on('error', failed);
      sent.write(Buffer.alloc(1024));
    });
    expect(status).toBe(413);
  });

  it('who was led here by another name may not send', async () => {
    const answer = await new Promise<number | undefined>((done, failed) => {
      const sent = request(`http://${http}/v1/logs`, {
        method: 'POST',
        headers: { ...JSON_TYPE, host: 'evil.example' },
      });
      sent.on('response', (response) => {
        response.resume();
        done(response.statusCode);
      });
      sent.on('error', failed);
      sent.end('{}');
    });
    expect(answer).toBe(421);
  });

  it('GET says that records are sent with POST', async () => {
    const answer = await fetch(`http://${http}/v1/logs`);
    expect(answer.status).toBe(405);
    expect(answer.headers.get('allow')).toBe('POST');
  });

  it('values nested without end are refused', async () => {
    const depth = 5000;
    const value = `${'{"arrayValue":{"values":['.repeat(depth)}${']}}'.repeat(depth)}`;
    const body = `{"resourceLogs":[{"scopeLogs":[{"logRecords":[{"body":${value}}]}]}]}`;
    expect((await post(http, '/v1/logs', body, JSON_TYPE)).status).toBe(400);
  });
});
