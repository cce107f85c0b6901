// Doctor says what would happen: it sends by the same way as the preload.

import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { startTestServer, type TestServer } from '../server/harness.ts';
import { runTallyspan } from '../programs/tallyspan.ts';
import type { DoctorFinding } from '../../cli/doctor/finding.ts';

const TOKEN = 'secret-token-of-the-test';
let open: TestServer;
let guarded: TestServer;

beforeAll(async () => {
  open = await startTestServer();
  guarded = await startTestServer({ token: TOKEN });
});
afterAll(async () => {
  await open.remove();
  await guarded.remove();
});

/** Findings about delivery and settings as `verdict what | advice`. */
async function findings(env: NodeJS.ProcessEnv): Promise<string[]> {
  const { stdout } = await runTallyspan(['doctor', '--json'], { env });
  return (JSON.parse(stdout) as DoctorFinding[])
    .filter(({ check }) => check === 'delivery' || check === 'settings')
    .map(({ verdict, what, advice = '' }) => `${verdict} ${what} | ${advice}`);
}

describe('doctor on the way to the server', () => {
  it('is content where events and spans arrive, by either protocol', async () => {
    const byGrpc = await findings({ OTEL_EXPORTER_OTLP_ENDPOINT: `http://${open.grpcAddress}` });
    expect(byGrpc).toEqual([
      `ok events arrive at ${open.grpcAddress} (grpc) | `,
      `ok spans arrive at ${open.grpcAddress} (grpc) | `,
    ]);
    const byHttp = await findings({
      OTEL_EXPORTER_OTLP_ENDPOINT: `http://${open.httpAddress}`,
      OTEL_EXPORTER_OTLP_PROTOCOL: 'http/protobuf',
    });
    expect(byHttp).toEqual([
      `ok events arrive at ${open.httpAddress} (http/protobuf) | `,
      `ok spans arrive at ${open.httpAddress} (http/protobuf) | `,
    ]);
  });

  it('says when the endpoint speaks the other protocol, and when nothing listens', async () => {
    const [events] = await findings({ OTEL_EXPORTER_OTLP_ENDPOINT: `http://${open.httpAddress}` });
    expect(events).toMatch(/^fail events do not arrive at .*OTEL_EXPORTER_OTLP_PROTOCOL=http\/protobuf/);
    const [other] = await findings({
      OTEL_EXPORTER_OTLP_ENDPOINT: `http://${open.grpcAddress}`,
      OTEL_EXPORTER_OTLP_PROTOCOL: 'http/protobuf',
    });
    expect(other).toMatch(/^fail events do not arrive at .*OTEL_EXPORTER_OTLP_PROTOCOL=grpc/);
    const [nobody] = await findings({ OTEL_EXPORTER_OTLP_ENDPOINT: 'http://127.0.0.1:1' });
    expect(nobody).toMatch(
      /^fail events do not arrive at 127.0.0.1:1 \(grpc\): connect ECONNREFUSED.* \| Start `tallyspan up`/,
    );
  });

  it('looks at the endpoint of each signal', async () => {
    const [events, spans] = await findings({
      OTEL_EXPORTER_OTLP_ENDPOINT: `http://${open.httpAddress}`,
      OTEL_EXPORTER_OTLP_LOGS_ENDPOINT: `http://${open.httpAddress}/nowhere`,
      OTEL_EXPORTER_OTLP_PROTOCOL: 'http/protobuf',
    });
    expect(events).toMatch(/^fail events do not arrive at .*HTTP 404.* \| Check the path/);
    expect(spans).toMatch(/^ok spans arrive/);
  });

  it('says when the token is missing, and is content when it is there', async () => {
    const endpoint = { OTEL_EXPORTER_OTLP_ENDPOINT: `http://${guarded.grpcAddress}` };
    for (const finding of await findings(endpoint)) expect(finding).toMatch(/^fail .* \| Give the token/);
    const headers = { OTEL_EXPORTER_OTLP_HEADERS: `authorization=Bearer%20${TOKEN}` };
    for (const finding of await findings({ ...endpoint, ...headers })) expect(finding).toMatch(/^ok /);
  });

  it('names settings that are none, and says when all is off', async () => {
    const env = { OTEL_EXPORTER_OTLP_ENDPOINT: `http://${open.grpcAddress}`, TALLYSPAN_CONTNET: 'full' };
    expect(await findings(env)).toContain(
      'warn TALLYSPAN_CONTNET is not a setting. Did you mean TALLYSPAN_CONTENT? | ',
    );
    expect(await findings({ OTEL_SDK_DISABLED: 'true' })).toEqual([
      'fail OTEL_SDK_DISABLED=true: nothing is observed and nothing sent | Unset it.',
    ]);
  });
});
