import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { readdirSync } from 'node:fs';
import { Agent, get } from 'node:http';
import type { Socket } from 'node:net';
import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import { openDatabase } from '../../../server/store/file/database.ts';
import { ReadersBusyError } from '../../../server/store/file/reader-pool.ts';
import { waitUntil } from '../../stack/process.ts';
import { makeDataDir, sendEvents, startTestServer, type TestServer } from '../harness.ts';
import { sampleRun } from './sample-run.ts';

// Backups and exports go one at a time beside all else, and for own pages and programs only.

const PATHS = ['/api/backup', '/api/export', '/api/export?format=csv', '/api/export?format=parquet'];

let server: TestServer;

beforeAll(async () => {
  server = await startTestServer();
  for (const mark of 'abcdef') await sendEvents(server, sampleRun({ mark, endMs: Date.now() - 1000 }));
});

afterAll(() => server.remove());

function leftovers(): string[] {
  return readdirSync(server.dataDir).filter((name) => /\.[0-9a-f-]{36}\.tmp$/.test(name));
}

/** `fetch` writes these headers itself. */
function askFrom(path: string, site: string, mode: string): Promise<number | undefined> {
  const headers = { 'sec-fetch-site': site, 'sec-fetch-mode': mode };
  return new Promise((done, failed) => {
    get(server.uiUrl + path, { headers }, (answer) => {
      answer.resume();
      done(answer.statusCode);
    }).on('error', failed);
  });
}

describe.each(PATHS)('%s', (path) => {
  it.each(['cross-site', 'same-site'])('is refused to a page that is %s, by a link, too', async (site) => {
    for (const mode of ['no-cors', 'navigate']) expect(await askFrom(path, site, mode)).toBe(403);
  });

  it('is answered for its name without being made', async () => {
    const answer = await fetch(server.uiUrl + path, { method: 'HEAD' });
    expect([answer.status, answer.headers.get('content-type')]).toEqual([200, 'application/octet-stream']);
    expect(answer.headers.get('cross-origin-resource-policy')).toBe('same-origin');
    expect(leftovers()).toEqual([]);
  });

  it('stops with the client, and leaves nothing', async () => {
    // It may leave before anything is made, when the first bytes are there, and while they are sent.
    for (const afterMs of [1, 5, 10, 20, 40]) {
      const gone = new AbortController();
      const asked = fetch(server.uiUrl + path, { signal: gone.signal }).then((answer) =>
        answer.body?.cancel(),
      );
      setTimeout(() => gone.abort(), afterMs);
      await asked.catch(() => undefined);
    }
    await waitUntil(() => leftovers().length === 0, { what: () => `the end of ${leftovers().join(', ')}` });
    const whole = await fetch(server.uiUrl + path);
    expect([whole.status, (await whole.arrayBuffer()).byteLength > 0]).toEqual([200, true]);
    expect(server.lines.filter((line) => line.startsWith('web:'))).toEqual([]);
  });
});

function fromOther(mode: string): Promise<number | undefined> {
  return askFrom('/api/runs', 'cross-site', mode);
}

describe('other addresses of the API', () => {
  it('are refused to scripts of another site, and open by a link', async () => {
    expect([await fromOther('no-cors'), await fromOther('cors'), await fromOther('navigate')]).toEqual([
      403, 403, 200,
    ]);
  });
});

describe('a connection that is asked for one file after another', () => {
  it('keeps nothing of those that are done', async () => {
    const sockets: Socket[] = [];
    const note = (message: unknown): void => void sockets.push((message as { socket: Socket }).socket);
    subscribe('net.server.socket', note);
    const agent = new Agent({ keepAlive: true, maxSockets: 1 });
    try {
      for (let count = 0; count < 12; count++)
        await new Promise((done, failed) => {
          get(`${server.uiUrl}/api/export`, { agent }, (answer) => {
            answer.resume().on('end', done);
          }).on('error', failed);
        });
      expect(sockets.map((socket) => socket.listenerCount('timeout') < 4)).toEqual([true]);
    } finally {
      agent.destroy();
      unsubscribe('net.server.socket', note);
    }
  });
});

describe('twenty backups at once', () => {
  it('go one at a time, a few wait, the others are asked to come again, and everything else goes on', async () => {
    const asked = Array.from({ length: 20 }, async () => {
      const answer = await fetch(`${server.uiUrl}/api/backup`);
      await answer.arrayBuffer();
      return answer;
    });
    const done = Promise.all(asked);
    await sendEvents(server, sampleRun({ mark: '9', endMs: Date.now() }));
    const first = await Promise.race([done, fetch(`${server.uiUrl}/api/runs`)]);
    expect(first).toMatchObject({ status: 200 });
    const answers = await done;
    const taken = answers.filter((answer) => answer.status === 200);
    // One at work, four that wait, and those that came when one of them was done.
    expect(taken.length).toBeGreaterThanOrEqual(5);
    expect(taken.length).toBeLessThan(20);
    for (const answer of answers.filter((one) => one.status !== 200))
      expect([answer.status, answer.headers.get('retry-after')]).toEqual([503, '10']);
  });
});

describe('who reads for long', () => {
  it('has its turn alone, no limit of time, and ends when it is given up', async () => {
    const database = await openDatabase(await makeDataDir());
    const never = new AbortController().signal;
    const first = await database.readLong(never);
    const gone = new AbortController();
    const leaving = database.readLong(gone.signal);
    const second = database.readLong(never);
    gone.abort(new Error('left'));
    await expect(leaving).rejects.toThrow('left');
    // Questions and what frees memory are not held up by who only has the turn.
    expect(await database.all('SELECT 1 AS one')).toEqual([{ one: 1 }]);
    await database.settleReaders();
    first.end();
    const stopped = new AbortController();
    (await second).end();
    const third = await database.readLong(stopped.signal);
    const endless = third.all('SELECT count(*) FROM range(1000000000000) a, range(1000000) b');
    const settled = database.settleReaders();
    stopped.abort();
    await expect(endless).rejects.toThrow(/interrupt/i);
    await settled;
    third.end();
    const waiting = await database.readLong(never);
    const others = Array.from({ length: 4 }, () => database.readLong(never));
    await expect(database.readLong(never)).rejects.toThrow(ReadersBusyError);
    waiting.end();
    for (const other of others) (await other).end();
    await database.close();
  });
});
