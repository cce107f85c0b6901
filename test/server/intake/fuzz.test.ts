import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { toOtlpLogs } from '../../../core/otlp/otlp-log.ts';
import { Random } from '../../fixtures/random.ts';
import {
  JSON_TYPE,
  PROTOBUF_TYPE,
  encodeLogs,
  getJson,
  post,
  startTestServer,
  type TestServer,
} from '../harness.ts';
import { sampleRun } from '../web/sample-run.ts';

// Bodies that were bitten: each is one of a good request's bytes with some changed, cut out, doubled or
// put in. Whatever they are, the answer is a success or the sender's fault, and the server goes on.

const BODIES_PER_ENCODING = 5000;
const WARM_UP = 1000;
const GROWTH_LIMIT_BYTES = 250e6;
const AT_ONCE = 16;
const RIGHT_STATUSES = new Set([200, 400]);

let server: TestServer;

beforeAll(async () => {
  server = await startTestServer();
});

afterAll(() => server.remove());

function bite(random: Random, good: Buffer): Buffer {
  const bytes = Buffer.from(good);
  const at = (): number => random.int(0, bytes.length - 1);
  switch (random.int(0, 4)) {
    case 0:
      for (let n = random.int(1, 8); n > 0; n--) bytes[at()] = random.int(0, 255);
      return bytes;
    case 1:
      return bytes.subarray(0, at());
    case 2:
      return Buffer.concat([bytes.subarray(0, at()), bytes.subarray(at())]); // doubled or left out, as it falls
    case 3: {
      const cut = at();
      const noise = Buffer.from(Array.from({ length: random.int(1, 40) }, () => random.int(0, 255)));
      return Buffer.concat([bytes.subarray(0, cut), noise, bytes.subarray(cut)]);
    }
    default:
      return Buffer.from(Array.from({ length: random.int(0, 300) }, () => random.int(0, 255)));
  }
}

describe('ten thousand bitten bodies', () => {
  for (const [name, good, headers] of [
    ['protobuf', (mark: string) => encodeLogs(sampleRun({ mark, endMs: Date.now() })), PROTOBUF_TYPE],
    [
      'JSON',
      (mark: string) => Buffer.from(JSON.stringify(toOtlpLogs(sampleRun({ mark, endMs: Date.now() })))),
      JSON_TYPE,
    ],
  ] as const) {
    it(`as ${name}: no wrong status, no growth, and nothing lost for others`, async () => {
      const random = new Random(20_261_121);
      const body = good('a');
      const wrong = new Map<number, number>();
      const sendSome = async (count: number): Promise<void> => {
        for (let sent = 0; sent < count; sent += AT_ONCE) {
          const answers = await Promise.all(
            Array.from({ length: AT_ONCE }, () =>
              post(server.httpAddress, '/v1/logs', bite(random, body), headers),
            ),
          );
          for (const { status } of answers)
            if (!RIGHT_STATUSES.has(status)) wrong.set(status, (wrong.get(status) ?? 0) + 1);
        }
      };
      await sendSome(WARM_UP);
      const { rss: before } = process.memoryUsage();
      await sendSome(BODIES_PER_ENCODING - WARM_UP);
      // The server runs in this process. Nothing of some thousand bodies of a few kilobytes may stay.
      expect(process.memoryUsage().rss - before).toBeLessThan(GROWTH_LIMIT_BYTES);
      expect([...wrong]).toEqual([]);
      const mark = name === 'JSON' ? 'e' : 'f';
      expect((await post(server.httpAddress, '/v1/logs', good(mark), headers)).status).toBe(200);
      const run = await getJson<{ 'agent.status': string }>(server, `/api/runs/${mark.repeat(32)}`);
      expect(run['agent.status']).toBe('ok');
      expect(server.lines.filter((line) => line.startsWith('intake:'))).toEqual([]);
    });
  }
});
