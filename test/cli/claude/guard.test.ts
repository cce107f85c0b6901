// `tallyspan claude guard`: the built program as a hook, beside a real server.

import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { spawn } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { ensureBuilt } from '../../../scripts/ensure-built.ts';
import { startServer, type RunningServer } from '../../../server/start-server.ts';

const MAIN = path.resolve(import.meta.dirname, '../../../cli/dist/main.js');

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

  const ask = async (hook: object, env: Readonly<Record<string, string>>) => {
    const child = spawn(process.execPath, [MAIN, 'claude', 'guard'], {
      env: {
        PATH: process.env['PATH'] ?? '',
        TALLYSPAN_URL: server.uiUrl,
        TALLYSPAN_LIMIT_WAIT_MS: '9000',
        ...env,
      },
    });
    let stdout = '';
    let stderr = '';
    child.stdout.on('data', (chunk: Buffer) => (stdout += chunk.toString()));
    child.stderr.on('data', (chunk: Buffer) => (stderr += chunk.toString()));
    child.stdin.end(JSON.stringify(hook));
    const code = await new Promise((resolve) => child.on('close', resolve));
    return { stdout, stderr, code };
  };
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
    const wrong = await ask(tool, { TALLYSPAN_LIMIT_SESSION: 'much' });
    expect([wrong.stdout, wrong.code]).toEqual(['', 0]);
    expect(wrong.stderr).toContain('TALLYSPAN_LIMIT_SESSION=much is not an amount in dollars');
  });
});
