// `tallyspan statusline`: what it makes of what Claude Code hands it, of a server and of the file of the last import.

import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { spawn } from 'node:child_process';
import { mkdir, rm, writeFile } from 'node:fs/promises';
import { createServer, type AddressInfo, type Socket } from 'node:net';
import path from 'node:path';
import { text } from 'node:stream/consumers';
import { makeDataDir } from '../../server/data-dir.ts';
import { startTestServer, type TestServer } from '../../server/harness.ts';
import { openSource } from '../../../server/source.ts';
import { sendEvents } from '../../../cli/files/send-events.ts';
import { answerLine, SESSION, userLine } from '../../transcripts/transcript.ts';
import { PROGRAM } from '../../programs/tallyspan.ts';
import { runCommand } from '../run-command.ts';
import { readCommand } from '../read-command.ts';

const INPUT = {
  model: { id: 'claude-opus-5-5', display_name: 'Opus 5.5' },
  cost: { total_cost_usd: 1.25 },
  context_window: { used_percentage: 33.7 },
};
/** A test machine may be busy. */
const PATIENT = { TALLYSPAN_STATUSLINE_WAIT_MS: '20000' };
const NOWHERE = { TALLYSPAN_URL: 'http://127.0.0.1:9' };

let server: TestServer;
let dataDir: string;

beforeAll(async () => {
  server = await startTestServer();
  dataDir = await makeDataDir();
});

afterAll(async () => {
  await server.remove();
  await rm(dataDir, { recursive: true, force: true });
});

async function statusLine(input: unknown, env: NodeJS.ProcessEnv): Promise<string> {
  const { stdout, exitCode } = await runCommand(['statusline', '--data', dataDir], {
    stdin: typeof input === 'string' ? input : JSON.stringify(input),
    env,
  });
  expect(exitCode).toBe(0);
  return stdout;
}

test('without server and file it shows what it was handed; what is no JSON it outlives', async () => {
  expect(await statusLine(INPUT, NOWHERE)).toBe('Opus 5.5 · session $1.25 · context 34 %\n');
  expect(await statusLine('{"model":', NOWHERE)).toBe('tallyspan\n');
  expect(await statusLine({ model: { display_name: 'a\u001b[31m\nb' } }, NOWHERE)).not.toContain('\u001b');
});

test('under a plan money is list value, and the limits are shown', async () => {
  const limits = { five_hour: { used_percentage: 23.4 }, seven_day: { used_percentage: 41 } };
  expect(await statusLine({ ...INPUT, rate_limits: limits }, NOWHERE)).toBe(
    'Opus 5.5 · list value: session $1.25 · context 34 % · 5 h limit 23 % · week limit 41 %\n',
  );
  expect(await statusLine(INPUT, { ...NOWHERE, TALLYSPAN_CLAUDE_PLAN: 'max' })).toContain(
    'list value: session',
  );
});

test('a server says what today and the current block come to', async () => {
  await sendEvents(
    server.httpAddress,
    [
      {
        timestamp: Date.now() - 1000,
        'event.name': 'agent.model_call',
        trace_id: 'a'.repeat(32),
        span_id: 'b'.repeat(16),
        cost_nano_usd: 2_500_000_000,
      },
    ],
    { signal: new AbortController().signal },
  );
  const line = await statusLine(INPUT, { ...PATIENT, TALLYSPAN_URL: server.uiUrl });
  expect(line).toMatch(/^Opus 5\.5 · session \$1\.25 · today \$2\.50 · block \$2\.50 \(\d.* left\)/);
  const source = await openSource({ url: server.uiUrl });
  expect(await source.statusLine()).toMatchObject({ today_nano_usd: 2_500_000_000, is_list_value: false });
});

test('what Claude Code says is used under a plan is list value, unless the setting says otherwise', async () => {
  const other = await startTestServer();
  try {
    const call = {
      timestamp: Date.now() - 1000,
      'event.name': 'agent.model_call',
      cost_nano_usd: 5e9,
    } as const;
    const session = { 'gen_ai.conversation.id': 'one' } as const;
    await sendEvents(
      other.httpAddress,
      [
        { ...call, ...session, trace_id: 'a'.repeat(32), span_id: 'b'.repeat(16), 'anthropic.plan': 'max' },
        { ...call, ...session, trace_id: 'a'.repeat(32), span_id: 'c'.repeat(16) },
      ],
      { signal: new AbortController().signal },
    );
    const env = { ...PATIENT, TALLYSPAN_URL: other.uiUrl };
    expect(await statusLine({}, env)).toContain('list value: today $10.00');
    expect(await statusLine({}, { ...env, TALLYSPAN_CLAUDE_PLAN: 'api' })).toMatch(/^today \$10\.00/);
    // Left for a status line that cannot wait.
    const { stdout } = await runCommand(['statusline', '--data', other.dataDir], {
      stdin: '{}',
      env: NOWHERE,
    });
    expect(stdout).toContain('list value: today $10.00');
  } finally {
    await other.remove();
  }
});

test.each([
  ['takes its time', () => undefined],
  [
    'answers in its own way',
    (socket: Socket) => socket.end('HTTP/1.1 200 OK\r\n\r\n{"today_nano_usd":1,"block":{}}'),
  ],
  ['breaks off', (socket: Socket) => socket.destroy()],
])('a server that %s is not waited for', async (_, answer) => {
  const slow = createServer((socket) => {
    socket.on('error', () => undefined);
    answer(socket);
  });
  await new Promise<void>((listening) => slow.listen(0, '127.0.0.1', listening));
  try {
    const url = `http://127.0.0.1:${String((slow.address() as AddressInfo).port)}`;
    expect(await statusLine(INPUT, { TALLYSPAN_URL: url })).toMatch(/^Opus 5\.5 · session \$1\.25 · /);
  } finally {
    slow.close();
  }
});

test.each([
  [[], 'tallyspan'],
  [{ model: 'Opus 5.5', cost: null, rate_limits: [] }, 'Opus 5.5'],
  [{ model: { id: 5 }, cost: { total_cost_usd: '1' }, context_window: { used_percentage: -1 } }, 'tallyspan'],
  [{ cost: { total_cost_usd: 1e300 }, context_window: { used_percentage: null } }, 'tallyspan'],
  [{ cost: { total_cost_usd: 0 } }, 'session $0.00'],
  [
    {
      context_window: {
        context_window_size: 200_000,
        current_usage: { input_tokens: 8_500, output_tokens: 1_200, cache_read_input_tokens: 60_000 },
      },
    },
    'context 34 %',
  ],
  [{ context_window: { context_window_size: 200_000, current_usage: null } }, 'tallyspan'],
])('%j is shown as %s', async (input, shown) => {
  expect(await statusLine(input, NOWHERE)).toBe(`${shown}\n`);
});

test('the program answers while what hands it over keeps the pipe open', async () => {
  const child = spawn(process.execPath, [PROGRAM, 'statusline', '--data', dataDir], {
    env: { ...process.env, ...NOWHERE },
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  child.stdin.write(JSON.stringify(INPUT));
  expect(await text(child.stdout)).toContain('Opus 5.5 · session $1.25');
});

test('an import leaves the numbers in a file', async () => {
  const folder = path.join(dataDir, 'claude');
  await mkdir(folder);
  const timestamp = new Date(Date.now() - 1000).toISOString();
  await writeFile(
    path.join(folder, `${SESSION}.jsonl`),
    `${userLine(0, 'x', { timestamp })}\n${answerLine(1, { id: 'msg_1', output: 0 }, { timestamp })}\n`,
  );
  await readCommand(['import', 'claude', folder, '--data', dataDir]);
  expect(await statusLine(INPUT, NOWHERE)).toContain('today $0.0020 · block $0.0020');
});
