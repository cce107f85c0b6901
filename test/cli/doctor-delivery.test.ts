// Doctor says what would happen: it sends by the same way as the preload.

import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import path from 'node:path';
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

/** Findings about delivery, settings and the page as `verdict what | advice`. */
async function findings(env: NodeJS.ProcessEnv): Promise<string[]> {
  const { stdout } = await runTallyspan(['doctor', '--json'], { env });
  return (JSON.parse(stdout) as DoctorFinding[])
    .filter(({ check }) => ['delivery', 'settings', 'page'].includes(check))
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

  it('does not take a web page for an answer, nor plain HTTP for TLS', async () => {
    const web = createServer((_, response) => {
      response.writeHead(200, { 'content-type': 'text/html; charset=utf-8' }).end('<h1>It works!</h1>');
    });
    await new Promise<void>((resolve) => web.listen(0, '127.0.0.1', resolve));
    const { port } = web.address() as AddressInfo;
    const [events] = await findings({
      OTEL_EXPORTER_OTLP_ENDPOINT: `http://127.0.0.1:${port}`,
      OTEL_EXPORTER_OTLP_PROTOCOL: 'http/protobuf',
    });
    web.close();
    expect(events).toMatch(
      /^fail events do not arrive .*a web page came back \(HTTP 200\) \| Something else/,
    );
    for (const OTEL_EXPORTER_OTLP_PROTOCOL of ['grpc', 'http/protobuf']) {
      const env = { OTEL_EXPORTER_OTLP_ENDPOINT: `https://${open.httpAddress}`, OTEL_EXPORTER_OTLP_PROTOCOL };
      expect((await findings(env))[0]).toMatch(/the answer is not TLS .*begin OTEL_EXPORTER_OTLP_ENDPOINT/);
    }
  });

  it('says that an address lacks its scheme', async () => {
    const [problem, events] = await findings({
      OTEL_EXPORTER_OTLP_ENDPOINT: 'localhost:1',
      OTEL_EXPORTER_OTLP_PROTOCOL: 'http/protobuf',
    });
    expect(problem).toMatch(
      /^warn OTEL_EXPORTER_OTLP_ENDPOINT=localhost:1 is no address .*http:\/\/localhost:1\./,
    );
    expect(events).toContain(' at 127.0.0.1:4318 ');
  });

  it('says which folders cannot be written and which price file cannot be read', async () => {
    const file = import.meta.filename;
    const said = await findings({
      OTEL_EXPORTER_OTLP_ENDPOINT: `http://${open.grpcAddress}`,
      TALLYSPAN_SPOOL: path.join(file, 'spool'),
      TALLYSPAN_FILE: path.join(file, 'events'),
      TALLYSPAN_PRICES: path.join(file, 'prices.json'),
    });
    expect(said.slice(0, 3)).toEqual([
      expect.stringMatching(/^warn \S+spool cannot be written \(E\w+\)\. .* Set TALLYSPAN_SPOOL/),
      expect.stringMatching(/^warn \S+events cannot be written \(E\w+\)\. Set TALLYSPAN_FILE/),
      expect.stringMatching(/^warn TALLYSPAN_PRICES: \S+ cannot be read\. List prices apply\./),
    ]);
  });

  it('says when the page is that of another server than the one that gets the events, or of none', async () => {
    const env = { OTEL_EXPORTER_OTLP_ENDPOINT: `http://${open.grpcAddress}`, TALLYSPAN_TOKEN: '' };
    const pages = async (more: NodeJS.ProcessEnv): Promise<string[]> =>
      (await findings({ ...env, ...more })).filter((finding) => !finding.includes(' arrive at '));
    expect(await pages({ TALLYSPAN_URL: open.uiUrl })).toEqual([]);
    expect(await pages({ TALLYSPAN_URL: guarded.uiUrl, TALLYSPAN_TOKEN: TOKEN })).toEqual([
      expect.stringContaining(
        `warn events go to ${open.grpcAddress}, and the server of ${guarded.uiUrl} takes`,
      ),
    ]);
    expect(await pages({ TALLYSPAN_URL: guarded.uiUrl })).toEqual([
      expect.stringMatching(/^warn TALLYSPAN_URL is .*answers with 401.*Set TALLYSPAN_TOKEN/),
    ]);
    expect(await pages({ TALLYSPAN_URL: 'http://127.0.0.1:1' })).toEqual([
      expect.stringMatching(/^warn TALLYSPAN_URL is http:\/\/127.0.0.1:1, which does not answer/),
    ]);
  });
});
