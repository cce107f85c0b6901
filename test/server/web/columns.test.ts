// The choice of columns: what an address names is what the page and the files of the list have, and links keep it.

import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import { sendEvents, startTestServer, type TestServer } from '../harness.ts';
import { sampleRun } from './sample-run.ts';

jest.setTimeout(60_000);

let server: TestServer;

beforeAll(async () => {
  server = await startTestServer();
  const now = Date.now();
  await sendEvents(server, [
    ...sampleRun({ mark: 'a', endMs: now - 60_000, user: 'ana' }),
    ...sampleRun({ mark: 'b', endMs: now - 120_000, user: 'ben' }),
  ]);
});

afterAll(async () => {
  await server.remove();
});

async function ask(address: string): Promise<{ readonly status: number; readonly text: string }> {
  const answer = await fetch(server.uiUrl + address, { headers: { accept: 'text/html' } });
  return { status: answer.status, text: await answer.text() };
}

/** The headings of the first table. */
function headingsOf(html: string): readonly string[] {
  const head = /<thead>(.*?)<\/thead>/s.exec(html)?.[1] ?? '';
  return [...head.matchAll(/<th[^>]*>(.*?)<\/th>/gs)].map(([, cell = '']) =>
    cell
      .replaceAll(/<[^>]+>/g, '')
      .replace(/ [▲▼]$/, '')
      .trim(),
  );
}

describe('the list of runs', () => {
  it('shows the columns that were chosen, in its own order, in links and files as well', async () => {
    const { text } = await ask('/runs?columns=cost,run&columns=user');
    expect(headingsOf(text)).toEqual(['Run', 'User', 'Cost']);
    const links = [...text.matchAll(/href="(\/runs\?[^"]*(?:sort|format)=[^"]*)"/g)].map(([, href]) => href);
    expect(links.length).toBeGreaterThan(2);
    for (const link of links) expect(link).toContain('columns=run%2Cuser%2Ccost');
    const csv = await ask('/runs?columns=run,user&format=csv');
    expect(csv.text.split('\r\n').slice(0, 2)).toEqual(['run,user', `${'a'.repeat(32)},ana`]);
    const json = await ask('/runs?columns=user&format=json');
    expect(JSON.parse(json.text)).toEqual([{ user: 'ana' }, { user: 'ben' }]);
  });

  it('shows all of them where nobody chose, and says which there are', async () => {
    expect(headingsOf((await ask('/runs')).text)).toHaveLength(13);
    const wrong = await ask('/runs?columns=colour');
    expect([wrong.status, wrong.text]).toEqual([400, expect.stringContaining('there is no column colour')]);
  });
});

describe('the list of a dimension', () => {
  it('shows the columns that were chosen beside names and cost, and its files the same', async () => {
    const { text } = await ask('/users?columns=run_count,share');
    expect(headingsOf(text)).toEqual(['User', 'Cost', 'Share', 'Runs']);
    const csv = await ask('/users?columns=run_count&format=csv&sort=name&order=ascending');
    expect(csv.text).toMatch(/^user,cost_usd,run_count\r\nana,[\d.]+,1\r\nben,[\d.]+,1\r\n$/);
    expect((await ask('/users?columns=colour')).status).toBe(400);
  });
});
