import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { request, type RequestOptions } from 'node:https';
import type { IncomingHttpHeaders } from 'node:http';
import path from 'node:path';
import { hasOpenssl, makeCertificate, type Certificate } from '../../fakes/certificate.ts';
import { describeWhere } from '../../fixtures/describe-where.ts';
import { makeTemporaryFolder } from '../../stack/folders.ts';
import { findFreePorts, startProcess, waitUntil, type ServerProcess } from '../../stack/process.ts';
import { JSON_TYPE, startTestServer, type TestServer } from '../harness.ts';

// The set-up of docs/server.md with a real nginx in front: its own configuration, but for ports and certificates.

const NGINX = ['/usr/sbin/nginx', '/usr/bin/nginx', '/usr/local/sbin/nginx'].find((file) => existsSync(file));
const NAME = 'tallyspan.example.com';
const TOKEN = 'a token of some length';
const PEOPLE = { accept: 'text/html' };

const FORM = { 'content-type': 'application/x-www-form-urlencoded', origin: `https://${NAME}` };

function form(values: Record<string, string>): string {
  return new URLSearchParams(values).toString();
}

interface Asked {
  readonly status: number | undefined;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
}

const describeNginx = describeWhere(
  NGINX !== undefined && hasOpenssl(),
  'the server behind a proxy',
  'nginx or openssl is not installed',
);

describeNginx('behind nginx as documented', () => {
  let certificate: Certificate;
  let server: TestServer;
  let ports: readonly number[];
  let nginx: ServerProcess;

  beforeAll(async () => {
    certificate = makeCertificate();
    ports = await findFreePorts(2);
    server = await startTestServer({
      token: TOKEN,
      trustedProxies: '127.0.0.1',
      alertEnv: { TALLYSPAN_URL: `https://${NAME}`, WEBHOOK_URL: 'http://127.0.0.1:9/hook' },
    });
    nginx = await startNginx();
  });

  afterAll(async () => {
    await nginx.stop();
    await server.remove();
  });

  /** The documented server twice: as it is written, and without the line that keeps Host. */
  async function startNginx(): Promise<ServerProcess> {
    const folder = makeTemporaryFolder('nginx');
    const text = readFileSync(path.resolve(import.meta.dirname, '../../../docs/server.md'), 'utf8');
    const documented = /```nginx\n([\s\S]*?)```/.exec(text)?.[1] ?? '';
    expect(documented).toContain('proxy_set_header Host $host;');
    const keyFile = path.join(folder, 'key.pem');
    writeFileSync(keyFile, certificate.key);
    const [kept = 0, rewritten = 0] = ports;
    const at = (port: number): string =>
      documented
        .replace('443', `127.0.0.1:${port}`)
        .replace('/etc/ssl/tallyspan.pem', certificate.caFile)
        .replace('/etc/ssl/tallyspan.key', keyFile)
        .replace('127.0.0.1:4319', new URL(server.uiUrl).host)
        .replace('127.0.0.1:4318', server.httpAddress);
    const places = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi']
      .map((name) => `${name}_temp_path ${path.join(folder, name)};`)
      .join(' ');
    const file = path.join(folder, 'nginx.conf');
    writeFileSync(
      file,
      `daemon off; master_process off; pid ${path.join(folder, 'pid')}; error_log stderr;
events {} http { access_log off; ${places}
${at(kept)}
${at(rewritten).replaceAll('proxy_set_header Host $host;', '')} }`,
    );
    const process = startProcess(NGINX ?? '', ['-p', folder, '-c', file]);
    await waitUntil(async () => (await ask(kept, '/healthz').catch(() => undefined))?.status === 200, {
      what: () => `nginx: ${process.output()}`,
      timeoutMs: 90_000,
    });
    return process;
  }

  function ask(
    port: number,
    url: string,
    headers: Record<string, string> = {},
    body?: string,
  ): Promise<Asked> {
    const options: RequestOptions = {
      host: '127.0.0.1',
      port,
      path: url,
      method: body === undefined ? 'GET' : 'POST',
      // As a browser that asked for the name.
      headers: { ...PEOPLE, host: NAME, ...headers },
      ca: certificate.cert,
      servername: 'localhost',
    };
    return new Promise((done, failed) => {
      request(options, (answer) => {
        let text = '';
        answer.setEncoding('utf8');
        answer.on('data', (piece: string) => (text += piece));
        answer.on('end', () => done({ status: answer.statusCode, headers: answer.headers, body: text }));
      })
        .on('error', failed)
        .end(body);
    });
  }

  describe.each([
    ['that keeps Host', 0],
    ['that rewrites Host', 1],
  ])('%s', (_what, index) => {
    const port = (): number => ports[index] ?? 0;

    it('people sign in, press buttons and sign out', async () => {
      expect((await ask(port(), '/')).headers.location).toBe('/login');
      const signedIn = await ask(port(), '/login', FORM, form({ token: TOKEN, next: '/alerts' }));
      expect([signedIn.status, signedIn.headers.location]).toEqual([303, '/alerts']);
      const [set = ''] = signedIn.headers['set-cookie'] ?? [];
      expect(set).toMatch(
        /^__Host-tallyspan_session=[\w-]{43}; HttpOnly; SameSite=Lax; Path=\/; Max-Age=\d+; Secure$/,
      );
      const cookie = set.split(';')[0] ?? '';
      expect((await ask(port(), '/alerts', { cookie })).status).toBe(200);
      const own = { ...FORM, cookie, 'sec-fetch-site': 'same-origin' };
      const tested = await ask(port(), '/alerts/test', own, form({ channel: 'webhook' }));
      expect(tested.status).toBe(303);
      const foreign = { ...own, origin: 'https://other.example' };
      expect((await ask(port(), '/alerts/test', foreign, form({ channel: 'webhook' }))).status).toBe(403);
      expect((await ask(port(), '/logout', own, '')).status).toBe(303);
      expect((await ask(port(), '/alerts', { cookie })).status).toBe(303);
    });

    it('senders are taken with the token', async () => {
      const headers = { ...JSON_TYPE, authorization: `Bearer ${TOKEN}` };
      expect(await ask(port(), '/v1/logs', headers, '{}')).toMatchObject({ status: 200, body: '{}' });
      expect((await ask(port(), '/v1/logs', JSON_TYPE, '{}')).status).toBe(401);
    });
  });

  it('what the proxy reports of an address counts, what a sender writes does not', async () => {
    for (let time = 0; time < 10; time++)
      await ask(
        ports[0] ?? 0,
        '/login',
        { ...FORM, 'x-forwarded-for': `10.0.0.${time}` },
        form({ token: 'wrong' }),
      );
    expect((await ask(ports[0] ?? 0, '/login', FORM, form({ token: TOKEN }))).status).toBe(429);
    expect(server.lines.join('\n')).toContain('10 wrong tokens from 127.0.0.1 within a minute');
  });
});
