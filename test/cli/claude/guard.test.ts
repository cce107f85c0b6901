// `tallyspan claude guard`: the built program as a hook, beside a real server.

import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { spawn } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { createServer, type ServerResponse } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { ensureBuilt } from '../../../scripts/ensure-built.ts';
import { hasOpenssl, makeCertificate } from '../../fakes/certificate.ts';
import { describeWhere } from '../../fixtures/describe-where.ts';
import { startServer, type RunningServer } from '../../../server/start-server.ts';
import { startClosedServer } from '../../fixtures/closed-server.ts';

const MAIN = path.resolve(import.meta.dirname, '../../../cli/dist/main.js');

async function askGuard(input: string, env: Readonly<Record<string, string>>) {
  const child = spawn(process.execPath, [MAIN, 'claude', 'guard'], {
    env: { PATH: process.env['PATH'] ?? '', ...env },
  });
  let stdout = '';
  let stderr = '';
  child.stdout.on('data', (chunk: Buffer) => (stdout += chunk.toString()));
  child.stderr.on('data', (chunk: Buffer) => (stderr += chunk.toString()));
  child.stdin.end(input);
  const code = await new Promise((resolve) => child.on('close', resolve));
  return { stdout, stderr, code };
}

describe('claude guard', () => {
  let dataDir: string;
  let server: RunningServer;
  beforeAll(async () => {
    await ensureBuilt();
    dataDir = await mkdtemp(path.join(tmpdir(), 'tallyspan-guard-'));
    server = await startServer({ dataDir, uiPort: 0, grpcPort: 0, httpPort: 0, log: () => undefined });
    await server.appendEvents([
      {
        timestamp: Date.now(),
        'event.name': 'agent.model_call',
        'service.name': 'claude-code',
        'gen_ai.conversation.id': 's1',
        'gen_ai.response.model': 'claude-sonnet-5-5',
        cost_nano_usd: 600_000_000,
      },
    ]);
  });
  afterAll(async () => {
    await server.close();
    await rm(dataDir, { recursive: true, force: true });
  });

  const ask = (hook: object | string, env: Readonly<Record<string, string>>) =>
    askGuard(typeof hook === 'string' ? hook : JSON.stringify(hook), {
      TALLYSPAN_URL: server.uiUrl,
      TALLYSPAN_LIMIT_WAIT_MS: '9000',
      ...env,
    });
  const tool = { session_id: 's1', hook_event_name: 'PreToolUse', tool_name: 'Bash' };

  it('lets go on below the limit, without a limit, and in another session', async () => {
    const on = { stdout: '', stderr: '', code: 0 };
    expect(await ask(tool, { TALLYSPAN_LIMIT_SESSION: '$0.61' })).toEqual(on);
    expect(await ask(tool, {})).toEqual(on);
    expect(await ask({ ...tool, session_id: 's2' }, { TALLYSPAN_LIMIT_SESSION: '$0.50' })).toEqual(on);
  });

  it('stops a tool, and a prompt, at the limit of the session or of the day; each is a row of the limits', async () => {
    const denied = await ask(tool, { TALLYSPAN_LIMIT_SESSION: '$0.50' });
    const reason =
      'tallyspan: this session has cost $0.6000, the limit is $0.5000. Begin a new session, or raise TALLYSPAN_LIMIT_SESSION.';
    expect(JSON.parse(denied.stdout)).toEqual({
      continue: false,
      stopReason: reason,
      hookSpecificOutput: {
        hookEventName: 'PreToolUse',
        permissionDecision: 'deny',
        permissionDecisionReason: reason,
      },
    });
    const prompt = { session_id: 's2', hook_event_name: 'UserPromptSubmit' };
    const blocked = await ask(prompt, { TALLYSPAN_LIMIT_USER_DAY: '$0.50' });
    expect(JSON.parse(blocked.stdout)).toMatchObject({ continue: false, decision: 'block' });
    const limits = await fetch(`${server.uiUrl}/api/limits`);
    expect(await limits.json()).toMatchObject({
      actions: [
        { action: 'refused', scope: 'user_day', session: 's2' },
        { action: 'refused', scope: 'session', session: 's1', tool: 'Bash', spent_nano_usd: 600_000_000 },
      ],
    });
  });

  it('without a server lets go on, unless told otherwise; a wrong limit is said', async () => {
    const away = { TALLYSPAN_URL: 'http://127.0.0.1:9', TALLYSPAN_LIMIT_SESSION: '$0.50' };
    expect((await ask(tool, away)).stdout).toBe('');
    const refused = await ask(tool, { ...away, TALLYSPAN_LIMIT_WITHOUT_SERVER: 'refuse' });
    expect(JSON.parse(refused.stdout)).toMatchObject({ continue: false });
    // Values are written as for the preload.
    const spelled = await ask(tool, { ...away, TALLYSPAN_LIMIT_WITHOUT_SERVER: ' Refuse ' });
    expect(spelled.stdout).toBe(refused.stdout);
    const misspelled = await ask(tool, { ...away, TALLYSPAN_LIMIT_WITHOUT_SERVER: 'deny' });
    expect([misspelled.stdout, misspelled.stderr]).toEqual([
      '',
      expect.stringContaining('TALLYSPAN_LIMIT_WITHOUT_SERVER=deny is not valid; it is one of allow, refuse'),
    ]);
    const nonsense = await ask(tool, { ...away, TALLYSPAN_URL: '127.0.0.1:4319' });
    expect([nonsense.stdout, nonsense.stderr]).toEqual([
      '',
      'tallyspan: the server at 127.0.0.1:4319 is no address such as http://127.0.0.1:4319: nothing is limited meanwhile.\n',
    ]);
    const other = await ask(tool, { TALLYSPAN_LIMITS: 'limits.json', TALLYSPAN_LIMIT_TURNS: '5' });
    expect([other.stdout, other.stderr]).toEqual(['', expect.stringContaining('nothing is limited')]);
    const wrong = await ask(tool, { TALLYSPAN_LIMIT_SESSION: 'much' });
    expect([wrong.stdout, wrong.code]).toEqual(['', 0]);
    expect(wrong.stderr).toContain('TALLYSPAN_LIMIT_SESSION=much is not an amount in dollars');
    const slip = await ask(tool, { TALLYSPAN_LIMIT_SESION: '$1' });
    expect([slip.stdout, slip.stderr]).toEqual([
      '',
      'tallyspan: TALLYSPAN_LIMIT_SESION is not a setting. Did you mean TALLYSPAN_LIMIT_SESSION?\n',
    ]);
  });

  it('says that the server wants a token, whether it lets go on or not', async () => {
    const closed = await startClosedServer(dataDir);
    try {
      const env = { TALLYSPAN_LIMIT_SERVER: ` ${closed.uiUrl}/ `, TALLYSPAN_LIMIT_SESSION: '$0.50' };
      const said = `the server at ${closed.uiUrl} wants the token that it was started with (TALLYSPAN_TOKEN)`;
      const allowed = await ask(tool, env);
      expect([allowed.stdout, allowed.stderr]).toEqual(['', expect.stringContaining(said)]);
      const refused = await ask(tool, { ...env, TALLYSPAN_LIMIT_WITHOUT_SERVER: 'refuse' });
      expect(JSON.parse(refused.stdout)).toMatchObject({
        stopReason: expect.stringContaining(said) as unknown,
      });
      const known = await ask(tool, { ...env, TALLYSPAN_TOKEN: 'a-token-of-thirty-two-characters' });
      expect([known.stdout, known.stderr]).toEqual(['', '']);
    } finally {
      await closed.close();
    }
  });

  it.each<[string, object]>([
    ['PostToolUse', { continue: false, decision: 'block' }],
    ['SessionStart', { continue: false }],
    ['UserPromptSubmit', { continue: false, decision: 'block' }],
  ])('answers %s in its own form', async (event, form) => {
    const { stdout } = await ask(
      { session_id: 's1', hook_event_name: event },
      { TALLYSPAN_LIMIT_SESSION: '$0.50' },
    );
    const { stopReason, reason, ...rest } = JSON.parse(stdout) as Record<string, unknown>;
    expect(rest).toEqual(form);
    expect([stopReason, reason ?? stopReason]).toEqual([stopReason, stopReason]);
  });

  it.each(['Stop', 'SubagentStop', 'SessionEnd', 'Notification', 'PreCompact'])(
    'says nothing to %s: a stop that is blocked goes on',
    async (event) => {
      const hook = { session_id: 's1', hook_event_name: event };
      const silent = { stdout: '', stderr: '', code: 0 };
      expect(await ask(hook, { TALLYSPAN_LIMIT_SESSION: '$0.50' })).toEqual(silent);
    },
  );

  it.each(['', 'nonsense', '[]', '"text"', '{"session_id":7}', `{"session_id":"${'x'.repeat(5000)}"}`])(
    'lets go on where the hook says %s',
    async (input) => {
      const { stdout, code } = await ask(input, { TALLYSPAN_LIMIT_SESSION: '$0.50' });
      expect([stdout, code]).toEqual(['', 0]);
    },
  );

  it.each<[string, (response: ServerResponse) => void]>([
    ['nothing', () => undefined],
    ['half an answer', (response) => response.write('{')],
    ['a page', (response) => response.end('<html>')],
    ['a list', (response) => response.end('[]')],
    ['an error', (response) => response.writeHead(500).end('{}')],
  ])('takes a server that answers %s for one that is away', async (_, answer) => {
    const other = createServer((_request, response) => {
      answer(response);
    });
    await new Promise<void>((resolve) => other.listen(0, '127.0.0.1', resolve));
    try {
      const env = {
        TALLYSPAN_URL: `http://127.0.0.1:${(other.address() as AddressInfo).port}`,
        TALLYSPAN_LIMIT_WAIT_MS: '300',
        TALLYSPAN_LIMIT_SESSION: '$0.50',
      };
      expect((await ask(tool, env)).stdout).toBe('');
      const refused = await ask(tool, { ...env, TALLYSPAN_LIMIT_WITHOUT_SERVER: 'refuse' });
      expect(JSON.parse(refused.stdout)).toMatchObject({ continue: false });
    } finally {
      other.closeAllConnections();
      other.close();
    }
  });
});

describeWhere(
  hasOpenssl(),
  'claude guard by TLS',
  'there is no openssl',
)('claude guard by TLS', () => {
  it('asks a server that is behind TLS', async () => {
    await ensureBuilt();
    const { key, cert, caFile } = makeCertificate();
    const secure = createTlsServer({ key, cert }, (_request, response) => {
      response.end('{"refusal":"enough"}');
    });
    await new Promise<void>((resolve) => secure.listen(0, '127.0.0.1', resolve));
    try {
      const { stdout } = await askGuard('{"hook_event_name":"PreToolUse"}', {
        TALLYSPAN_URL: `https://127.0.0.1:${(secure.address() as AddressInfo).port}`,
        TALLYSPAN_LIMIT_WAIT_MS: '9000',
        TALLYSPAN_LIMIT_SESSION: '$0.50',
        NODE_EXTRA_CA_CERTS: caFile,
      });
      expect(JSON.parse(stdout)).toMatchObject({ stopReason: 'enough' });
    } finally {
      secure.close();
    }
  });
});
