// Example data: what an empty server shows to who asks for it stands apart from what was sent, and removing it leaves nothing.

import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import { readdir } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { getJson, sendEvents, startTestServer, type TestServer } from '../harness.ts';
import { SAMPLE_COST_NANO_USD, sampleRun } from './sample-run.ts';

jest.setTimeout(180_000);

let server: TestServer;
let before: ReadonlySet<string>;
let cookie = '';

beforeAll(async () => {
  before = new Set(await exampleFolders());
  server = await startTestServer();
});

afterAll(async () => {
  await server.remove();
});

async function exampleFolders(): Promise<string[]> {
  return (await readdir(tmpdir())).filter((name) => name.startsWith('tallyspan-example-'));
}

function send(address: string, headers: Readonly<Record<string, string>> = {}): Promise<Response> {
  return fetch(server.uiUrl + address, {
    method: 'POST',
    headers: { origin: server.uiUrl, cookie, ...headers },
    body: new URLSearchParams(),
    redirect: 'manual',
  });
}

async function page(address: string, isLooking = true): Promise<string> {
  const headers = { accept: 'text/html', ...(isLooking && { cookie }) };
  return (await fetch(server.uiUrl + address, { headers })).text();
}

async function costOf(isLooking: boolean): Promise<number | null> {
  const answer = await fetch(`${server.uiUrl}/api/signals/cost?window=30d`, {
    headers: isLooking ? { cookie } : {},
  });
  return ((await answer.json()) as { value: number | null }).value;
}

describe('example data', () => {
  it('is offered by an empty server and shown to who asked for it, and to nobody else', async () => {
    expect(await page('/')).toContain('Show me example data');
    const answer = await send('/example');
    expect(answer.status).toBe(303);
    cookie = /^([^;]+)/.exec(answer.headers.get('set-cookie') ?? '')?.[1] ?? '';
    for (const address of ['/', '/runs', '/users', '/diagnose', '/alerts'])
      expect(await page(address)).toContain('Remove the example data');
    expect(await page('/runs?time=7d')).toContain('support');
    expect(await page('/', false)).toContain('Show me example data');
    expect(await costOf(true)).toBeGreaterThan(0);
    expect(await costOf(false)).toBeNull();
  });

  it('is in no sum with what is sent meanwhile', async () => {
    const example = await costOf(true);
    await sendEvents(server, sampleRun({ mark: 'a', endMs: Date.now() - 60_000, user: 'ana' }));
    expect(await costOf(false)).toBe(SAMPLE_COST_NANO_USD);
    expect(await costOf(true)).toBe(example);
    expect(await getJson<unknown[]>(server, '/api/runs')).toHaveLength(1);
  });

  it('is not begun or ended by a page of somebody else', async () => {
    for (const address of ['/example', '/example/remove'])
      expect((await send(address, { origin: 'https://evil.example' })).status).toBe(403);
    const forged = await fetch(`${server.uiUrl}/alerts/run-cost/silence`, {
      method: 'POST',
      headers: { origin: 'https://evil.example', cookie },
      body: new URLSearchParams({ for: '1h' }),
    });
    expect(forged.status).toBe(403);
    expect(await page('/')).toContain('Remove the example data');
  });

  it('goes away wholly', async () => {
    expect((await exampleFolders()).filter((name) => !before.has(name))).toHaveLength(1);
    const answer = await send('/example/remove');
    expect(answer.headers.get('set-cookie')).toContain('Max-Age=0');
    expect((await exampleFolders()).filter((name) => !before.has(name))).toEqual([]);
    // A cookie that was kept opens nothing.
    expect(await costOf(true)).toBe(SAMPLE_COST_NANO_USD);
    expect(await page('/')).not.toContain('Example data');
    expect(await page('/runs?time=30d')).not.toContain('research');
  });
});
