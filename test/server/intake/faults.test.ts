import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { LimitKeeper } from '../../../server/limits/limit-keeper.ts';
import { rm } from 'node:fs/promises';
import { request } from 'node:http';
import { accessOf } from '../../../server/process/access.ts';
import { Intake } from '../../../server/intake/intake.ts';
import { RunAssembler } from '../../../server/foreign/run-assembler.ts';
import { TraceStore } from '../../../server/foreign/trace-store.ts';
import { makeWebServer } from '../../../server/web/web-server.ts';
import { sendEvents, startTestServer, type TestServer } from '../harness.ts';
import { sampleRun } from '../web/sample-run.ts';
import { openTestStore } from '../test-store.ts';

// What cannot be answered is a page to people and JSON to programs, whoever found the fault.

const TOKEN = 'a token of some length';
/** Characters that an address writes with three, and a sign that means something in it. */
const LONG_SESSION = `chat/${'ü'.repeat(700)}`;

let server: TestServer;
let guarded: TestServer;

beforeAll(async () => {
  server = await startTestServer();
  guarded = await startTestServer({ host: '0.0.0.0', token: TOKEN });
  const events = sampleRun({ mark: 'a', endMs: Date.now() - 1000 });
  await sendEvents(
    server,
    events.map((event) => ({ ...event, 'gen_ai.conversation.id': LONG_SESSION })),
  );
});

afterAll(async () => {
  await server.remove();
  await guarded.remove();
});

interface Asked {
  readonly status: number | undefined;
  readonly type: string;
  readonly location: string | undefined;
  readonly policy: string;
  readonly text: string;
}

/** As it is written: `fetch` would mend the address. */
function ask(to: TestServer, path: string, headers: Record<string, string>): Promise<Asked> {
  const { port } = new URL(to.uiUrl);
  return new Promise((done, failed) => {
    request({ hostname: '127.0.0.1', port, path, headers }, (answer) => {
      let text = '';
      answer.setEncoding('utf8');
      answer.on('data', (piece: string) => (text += piece));
      answer.on('end', () =>
        done({
          status: answer.statusCode,
          type: String(answer.headers['content-type']),
          location: answer.headers.location,
          policy: String(answer.headers['content-security-policy']),
          text,
        }),
      );
    })
      .on('error', failed)
      .end();
  });
}

const PEOPLE = { accept: 'text/html' };

describe('a fault', () => {
  it.each([
    ['/runs/%zz', 400, 'That did not work', /cannot be read: a % in it/],
    ['/sessions/%ff', 400, 'That did not work', /cannot be read: a % in it/],
    [
      '/?window=never',
      400,
      'That did not work',
      /time is today, yesterday, week, or a length such as 24h or 7d, not never/,
    ],
    ['/tools?window=500d', 400, 'That did not work', /the time is at most 400d long: choose a shorter one/],
    ['/tools?window=99999w', 400, 'That did not work', /at most 4,100 are shown\. Choose a shorter time/],
    ['/nowhere', 404, 'Nothing here', /there is nothing at \/nowhere/],
    ['/runs/ffff', 404, 'Nothing here', /There is no run ffff/],
  ])('%s is a page with a title of its own', async (path, status, title, message) => {
    const page = await ask(server, path, PEOPLE);
    expect([page.status, page.type]).toEqual([status, 'text/html; charset=utf-8']);
    expect(page.text).toContain(`<title>${title} · tallyspan</title>`);
    expect(page.text).toContain(`<h1>${title}</h1>`);
    expect(page.text).toMatch(message);
    expect(page.policy).toContain("default-src 'none'");
  });

  it('is JSON for a program', async () => {
    for (const headers of [{}, PEOPLE] as Record<string, string>[]) {
      const answer = await ask(server, '/api/runs/%zz', headers);
      expect([answer.status, JSON.parse(answer.text)]).toEqual([
        400,
        expect.objectContaining({ detail: 'this address cannot be read: a % in it stands for no character' }),
      ]);
    }
  });

  it('of the server is titled as one, and only its log has the reason', async () => {
    const { dataDir, database, store } = await openTestStore();
    const lines: string[] = [];
    const web = makeWebServer({
      limits: await LimitKeeper.open(dataDir, () => 0),
      database,
      store,
      intake: new Intake(store, new RunAssembler(new TraceStore(database), store)),
      access: accessOf('127.0.0.1', undefined),
      timezone: 'UTC',
      traceUrls: [],
      readAlerts: () => undefined,
      testChannel: () => undefined,
      grpcAddress: () => undefined,
      httpAddress: () => undefined,
      log: (line) => lines.push(line),
    });
    await database.close();
    const answer = await web.inject({ url: '/runs', headers: { ...PEOPLE, host: 'localhost' } });
    await web.close();
    await rm(dataDir, { recursive: true, force: true });
    expect(answer.statusCode).toBe(500);
    expect(answer.body).toContain('<title>The server failed · tallyspan</title>');
    expect(answer.body).toContain('its log says why');
    expect(lines).toEqual([expect.stringMatching(/^web: ./)]);
    expect(answer.body).not.toContain(lines[0]?.slice('web: '.length));
  });

  it('found before a page is looked up still needs the token and the right host', async () => {
    const away = await ask(guarded, '/runs/%zz', PEOPLE);
    expect([away.status, away.location, away.text]).toEqual([303, '/login?next=%2Fruns%2F%25zz', '']);
    expect((await ask(guarded, '/api/runs/%zz', {})).status).toBe(401);
    expect((await ask(guarded, '/runs/%zz', { ...PEOPLE, authorization: `Bearer ${TOKEN}` })).status).toBe(
      400,
    );
    expect((await ask(server, '/runs/%zz', { ...PEOPLE, host: 'other.example' })).status).toBe(421);
  });
});

describe('a session with a long id', () => {
  it('has a page, as the list of runs says', async () => {
    const list = await (await fetch(`${server.uiUrl}/runs`, { headers: PEOPLE })).text();
    const path = `/sessions/${encodeURIComponent(LONG_SESSION)}`;
    expect(list).toContain(path);
    const page = await ask(server, path, PEOPLE);
    expect([page.status, page.text]).toEqual([200, expect.stringContaining(LONG_SESSION)]);
  });
});
