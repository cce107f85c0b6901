import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { parseTrustedProxies } from '../../../server/process/proxy.ts';
import { Guesses } from '../../../server/web/access/guesses.ts';
import { Sessions } from '../../../server/web/access/sessions.ts';
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
  it.each(['%', '%zz', 'x', '', encodeURIComponent(TOKEN)])(
    'with the value %j is no session',
    async (value) => {
      const cookie = `tallyspan_session=${value}`;
      expect(placeOf(await ask('/', { cookie }))).toEqual([303, '/login']);
      expect((await fetch(`${url}/api/runs`, { headers: { cookie } })).status).toBe(401);
    },
  );
});

describe('a session', () => {
  it('is not the token, differs each time, and is found behind a wrong one of the same name', async () => {
    const [first, second] = [await cookieOfToken(), await cookieOfToken()];
    expect(first).toMatch(/^tallyspan_session=[\w-]{43}$/);
    expect(second).not.toBe(first);
    expect((await ask('/', { cookie: `tallyspan_session=%; tallyspan_session=x; ${first}` })).status).toBe(
      200,
    );
  });

  it('is sent by TLS only where the browser came by TLS', async () => {
    const answer = await fetch(`${url}/login`, {
      method: 'POST',
      body: new URLSearchParams({ token: TOKEN }),
      headers: { ...PEOPLE, origin: 'https://tallyspan.example.com' },
      redirect: 'manual',
    });
    expect(answer.headers.get('set-cookie')).toMatch(/^__Host-tallyspan_session=.*; Path=\/; .*; Secure$/);
    expect((await signIn({ token: TOKEN })).headers.get('set-cookie')).not.toContain('Secure');
  });

  it('ends by signing out, which no other site can do', async () => {
    const cookie = await cookieOfToken();
    const signOut = (origin: string): Promise<Response> =>
      fetch(`${url}/logout`, { method: 'POST', headers: { ...PEOPLE, cookie, origin }, redirect: 'manual' });
    expect((await signOut('https://other.example')).status).toBe(403);
    expect((await ask('/', { cookie })).status).toBe(200);
    expect(await (await ask('/', { cookie })).text()).toContain('href="/logout"');
    const left = await signOut(url);
    expect([...placeOf(left), left.headers.get('set-cookie')]).toEqual([
      303,
      '/login',
      expect.stringContaining('Max-Age=0'),
    ]);
    expect(placeOf(await ask('/', { cookie }))).toEqual([303, '/login']);
  });

  it('ends without use, and after its time however much it is used', () => {
    let now = 0;
    const sessions = new Sessions(() => now);
    const day = 86_400_000;
    const unused = sessions.begin();
    const used = sessions.begin();
    for (let days = 1; days < 30; days++) {
      now = days * day;
      expect(sessions.has(used)).toBe(true);
    }
    expect(sessions.has(unused)).toBe(false);
    now = 30 * day;
    expect(sessions.has(used)).toBe(false);
  });
});

describe('wrong tokens', () => {
  it('are looked at ten times a minute, by the form and by programs, which the log says', async () => {
    const other = await startTestServer({ host: '0.0.0.0', token: TOKEN });
    const at = other.uiUrl.replace('0.0.0.0', '127.0.0.1');
    const call = (token: string): Promise<Response> =>
      fetch(`${at}/api/runs`, { headers: { authorization: `Bearer ${token}` } });
    const bring = (token: string): Promise<Response> =>
      fetch(`${at}/login`, { method: 'POST', body: new URLSearchParams({ token }), redirect: 'manual' });
    for (let time = 0; time < 5; time++) {
      expect((await bring('wrong')).status).toBe(403);
      expect((await call('wrong')).status).toBe(401);
    }
    for (const answer of [await bring('wrong'), await bring(TOKEN), await call('wrong'), await call(TOKEN)]) {
      expect(answer.status).toBe(429);
      expect(Number(answer.headers.get('retry-after'))).toBeGreaterThan(0);
    }
    expect(other.lines.filter((line) => line.startsWith('sign-in:'))).toEqual([
      expect.stringMatching(/^sign-in: a wrong token from (::ffff:)?127\.0\.0\.1$/),
      expect.stringContaining('10 wrong tokens from'),
    ]);
    await other.remove();
  });

  it('of one program do not keep out another at the same address that had the right one', () => {
    let now = 0;
    const guesses = new Guesses(
      () => undefined,
      () => now,
    );
    guesses.noteRight('10.0.0.1');
    for (let time = 0; time < 10; time++) guesses.noteWrong('10.0.0.1');
    expect([guesses.waitSeconds('10.0.0.1'), guesses.isKnown('10.0.0.1')]).toEqual([60, true]);
    expect([guesses.waitSeconds('10.0.0.2'), guesses.isKnown('10.0.0.2')]).toEqual([0, false]);
    now = 60_000;
    expect(guesses.waitSeconds('10.0.0.1')).toBe(0);
    for (let time = 0; time < 10; time++) guesses.noteWrong(`2001:db8:1:2::${time}`);
    expect(guesses.waitSeconds('2001:db8:1:2:ffff::')).toBe(60);
    expect(guesses.waitSeconds('2001:db8:1:3::')).toBe(0);
  });
});

describe('the setting of trusted proxies', () => {
  it.each(['127.0.0.1', '10.0.0.0/8, ::1', 'loopback', ''])('takes %j', (text) => {
    expect(parseTrustedProxies(text).join(', ')).toBe(text);
  });
  it.each(['true', '*', '10.0.0.0/33', '0.0.0.0/0', 'proxy.example.com'])('refuses %j', (text) => {
    expect(() => parseTrustedProxies(text)).toThrow(/TALLYSPAN_TRUSTED_PROXY holds/);
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
