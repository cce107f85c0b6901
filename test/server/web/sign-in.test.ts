import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { startTestServer, type TestServer } from '../harness.ts';

// People sign in by a form, and come to the page that they asked for.

const TOKEN = 'a token of some length %&;=';
const PEOPLE = { accept: 'text/html' };

let server: TestServer;
let url: string;

beforeAll(async () => {
  server = await startTestServer({ host: '0.0.0.0', token: TOKEN });
  url = server.uiUrl.replace('0.0.0.0', '127.0.0.1');
});

afterAll(() => server.remove());

function ask(path: string, headers: Record<string, string> = {}): Promise<Response> {
  return fetch(url + path, { headers: { ...PEOPLE, ...headers }, redirect: 'manual' });
}

function signIn(form: Record<string, string>): Promise<Response> {
  return fetch(`${url}/login`, {
    method: 'POST',
    body: new URLSearchParams(form),
    headers: PEOPLE,
    redirect: 'manual',
  });
}

async function cookieOfToken(): Promise<string> {
  return ((await signIn({ token: TOKEN })).headers.get('set-cookie') ?? '').split(';')[0] ?? '';
}

function placeOf(answer: Response): [number, string | null] {
  return [answer.status, answer.headers.get('location')];
}

describe('signing in', () => {
  it('sets a cookie that opens the pages, that scripts cannot read and forms elsewhere do not send', async () => {
    expect((await signIn({ token: 'wrong' })).status).toBe(403);
    const answer = await signIn({ token: TOKEN });
    expect(placeOf(answer)).toEqual([303, '/']);
    const cookie = answer.headers.get('set-cookie') ?? '';
    expect(cookie).toMatch(/; HttpOnly; SameSite=Lax; Path=\/; Max-Age=\d+$/);
    expect((await ask('/', { cookie: cookie.split(';')[0] ?? '' })).status).toBe(200);
  });

  it('leads to what was asked for, by way of a wrong token, too', async () => {
    const asked = await ask('/runs?status=error&user=a%20b');
    expect(placeOf(asked)).toEqual([303, '/login?next=%2Fruns%3Fstatus%3Derror%26user%3Da%2520b']);
    const form = await (await ask(asked.headers.get('location') ?? '')).text();
    const next = '/runs?status=error&user=a%20b';
    expect(form).toContain(`name="next" value="${next.replace('&', '&amp;')}"`);
    const wrong = await (await signIn({ token: 'wrong', next })).text();
    expect(wrong).toContain('That is not the token.');
    expect(wrong).toContain(`name="next" value="${next.replace('&', '&amp;')}"`);
    expect(placeOf(await signIn({ token: TOKEN, next }))).toEqual([303, next]);
  });

  it('leads nowhere else', async () => {
    const next = '//other.example/é';
    expect(placeOf(await signIn({ token: TOKEN, next }))).toEqual([303, '/']);
    expect(await (await ask(`/login?${new URLSearchParams({ next }).toString()}`)).text()).not.toContain(
      'other.example',
    );
  });

  it('is not asked of who is signed in', async () => {
    const cookie = await cookieOfToken();
    expect(placeOf(await ask('/login', { cookie }))).toEqual([303, '/']);
    expect(placeOf(await ask('/login?next=%2Ftools', { cookie }))).toEqual([303, '/tools']);
    expect(placeOf(await ask('/login?next=%2F%2Fother.example', { cookie }))).toEqual([303, '/']);
    const open = await startTestServer();
    const answer = await fetch(`${open.uiUrl}/login`, { headers: PEOPLE, redirect: 'manual' });
    expect(placeOf(answer)).toEqual([303, '/']);
    await open.remove();
  });

  it('is asked for by a page without navigation and without a word about alerts', async () => {
    const form = await (await ask('/login')).text();
    expect(form).toContain('This server needs its token');
    expect(form).not.toMatch(/alerts|<nav|<a /);
  });
});

describe('a cookie of somebody else', () => {
  it.each(['%', '%zz', 'x', ''])('with the value %j is no token', async (value) => {
    const cookie = `tallyspan_token=${value}`;
    expect(placeOf(await ask('/', { cookie }))).toEqual([303, '/login']);
    expect((await fetch(`${url}/api/runs`, { headers: { cookie } })).status).toBe(401);
  });
});

describe('a part of a page that htmx asks for', () => {
  it('is answered with the way to the form, as a page of its own', async () => {
    const answer = await ask('/runs?status=error', { 'hx-request': 'true' });
    expect([answer.status, answer.headers.get('hx-redirect'), answer.headers.get('location')]).toEqual([
      401,
      '/login?next=%2Fruns%3Fstatus%3Derror',
      null,
    ]);
    expect(await answer.text()).not.toContain('<');
    const cookie = await cookieOfToken();
    const signedIn = await ask('/runs?status=error', { 'hx-request': 'true', cookie });
    expect([signedIn.status, signedIn.headers.get('hx-redirect')]).toEqual([200, null]);
  });
});
