// Which transcripts an import finds, and which of them it reads: links, folders of several users, copies, times.

import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { mkdir, rm, symlink, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { makeDataDir } from '../../server/data-dir.ts';
import { answerLine, costState, SESSION, userLine } from '../../transcripts/transcript.ts';
import { readCommand } from '../read-command.ts';
import { runCommand } from '../run-command.ts';

const OTHER = '22222222-2222-4222-8222-222222222222';
const SONNET = 'claude-sonnet-5-5';

type Answer = Readonly<Record<string, unknown>>;

let work: string;
let dataDir: string;

beforeEach(async () => {
  work = await makeDataDir();
  dataDir = path.join(work, 'data');
});

afterEach(() => rm(work, { recursive: true, force: true }));

async function write(file: string, lines: readonly string[]): Promise<void> {
  const target = path.join(work, file);
  await mkdir(path.dirname(target), { recursive: true });
  await writeFile(target, lines.map((line) => `${line}\n`).join(''));
}

const sessionOf = (session: string, call: string, at?: string): readonly string[] => {
  const fields = { sessionId: session, ...(at !== undefined && { timestamp: at }) };
  return [userLine(0, 'x', fields), answerLine(1, { id: call }, fields)];
};

async function importOf(args: readonly string[], env: NodeJS.ProcessEnv = {}): Promise<Answer> {
  return readCommand<Answer>(['import', 'claude', ...args, '--data', dataDir], { env });
}

test('links are followed once, and one that leads nowhere costs nothing else', async () => {
  const project = path.join(work, 'claude/projects/-home-shop');
  await write(`claude/projects/-home-shop/${SESSION}.jsonl`, sessionOf(SESSION, 'msg_1'));
  await write(`elsewhere/-home-two/${OTHER}.jsonl`, sessionOf(OTHER, 'msg_2'));
  await symlink('..', path.join(project, 'loop'));
  await symlink('gone', path.join(project, 'gone.jsonl'));
  await symlink('self.jsonl', path.join(project, 'self.jsonl'));
  await symlink(path.join(work, 'elsewhere/-home-two'), path.join(work, 'claude/projects/-home-two'));
  expect(await importOf([path.join(work, 'claude')])).toMatchObject({
    sessions: 2,
    files: 2,
    model_calls: 2,
    unreadable_files: [{ file: path.join(project, 'self.jsonl') }],
  });
});

test('the folders are those of CLAUDE_CONFIG_DIR, else both of the user', async () => {
  await write(`a/projects/-p/${SESSION}.jsonl`, sessionOf(SESSION, 'msg_1'));
  await write(`home/b/projects/-p/${OTHER}.jsonl`, sessionOf(OTHER, 'msg_2'));
  const home = path.join(work, 'home');
  const named = ` ${path.join(work, 'a')} ,~/b/projects, ${path.join(work, 'gone')}`;
  expect(await importOf([], { HOME: home, CLAUDE_CONFIG_DIR: named })).toMatchObject({ sessions: 2 });
  await write(`home/.claude/projects/-p/${SESSION}.jsonl`, sessionOf(SESSION, 'msg_3'));
  await write(`home/.config/claude/projects/-p/${OTHER}.jsonl`, sessionOf(OTHER, 'msg_4'));
  expect(await importOf([], { HOME: home })).toMatchObject({ sessions: 2, model_calls: 2 });
  const gone = path.join(work, 'gone');
  const { exitCode, stderr } = await runCommand(['import', 'claude'], { env: { CLAUDE_CONFIG_DIR: gone } });
  expect([exitCode, stderr]).toEqual([1, expect.stringContaining(`CLAUDE_CONFIG_DIR (${gone})`)]);
  await write('notes.txt', ['x']);
  const text = await runCommand(['import', 'claude', path.join(work, 'notes.txt')]);
  expect([text.exitCode, text.stderr]).toEqual([1, expect.stringContaining('is no transcript')]);
});

test.each([
  ['first', ['live', 'backup']],
  ['last', ['backup', 'live']],
])(
  'a session that lies in a backup as well counts once, by its newest count: the live one %s',
  async (_, order) => {
    const before = [
      ...sessionOf(SESSION, 'msg_1'),
      costState({ [SONNET]: { inputTokens: 1_500, outputTokens: 100 } }),
    ];
    await write(`backup/${SESSION}.jsonl`, before);
    await write(`live/${SESSION}.jsonl`, [
      ...before,
      userLine(5, 'y'),
      answerLine(6, { id: 'msg_2' }),
      costState({ [SONNET]: { inputTokens: 2_700, outputTokens: 200 } }),
    ]);
    expect(await importOf(order.map((folder) => path.join(work, folder)))).toMatchObject({
      model_calls: 2,
      // $2 a million.
      not_in_transcript_nano_usd: 700 * 2_000,
    });
  },
);

test('--since goes by what was written, not by when the file was copied', async () => {
  await write(`c/${SESSION}.jsonl`, sessionOf(SESSION, 'msg_1', '2026-10-20T10:00:00.000Z'));
  await write(`c/${OTHER}.jsonl`, sessionOf(OTHER, 'msg_2'));
  const folder = path.join(work, 'c');
  expect(await importOf([folder, '--since', '2026-11-01'])).toMatchObject({ sessions: 1, model_calls: 1 });
  expect(await importOf([folder])).toMatchObject({ sessions: 1, unchanged_sessions: 1 });
  const { exitCode, stderr } = await runCommand(['import', 'claude', folder, '--since', '2026-02-31']);
  expect([exitCode, stderr]).toEqual([2, expect.stringContaining('is no day')]);
});

test.each<[string, string]>([
  ['without a time', '"timestamp":null'],
  ['of a clock that was never set', '"timestamp":"0001-01-01T00:00:00.000Z"'],
  ['of a time that none has', '"timestamp":"+275760-09-13T00:00:00.000Z"'],
  ['with a number', `"timestamp":${String(Date.parse('2026-11-20T10:00:01.000Z'))}`],
])('a line %s counts where it stands', async (_, written) => {
  const line = answerLine(1, { id: 'msg_1' }).replace(/"timestamp":"[^"]*"/, written);
  await write(`c/${SESSION}.jsonl`, [userLine(0, 'x'), line]);
  expect(await importOf([path.join(work, 'c')])).toMatchObject({ model_calls: 1, malformed_lines: 0 });
  const daily = await readCommand<{ rows: readonly Answer[] }>([
    'daily',
    '--since',
    '2026-11-01',
    '--data',
    dataDir,
  ]);
  expect(daily.rows).toMatchObject([{ name: '2026-11-20', model_calls: 1 }]);
});

const nested = (depth: number): string => `${'{"a":'.repeat(depth)}1${'}'.repeat(depth)}`;

test.each<[string, (line: string) => Buffer]>([
  ['a byte order mark', (line) => Buffer.from(`\uFEFF${line}\n`)],
  ['zeros that a lost machine left', (line) => Buffer.from(`\0\0\0${line}\n`)],
  ['bytes that are no UTF-8', (line) => Buffer.from(`${line}\n`.replace('Done.', 'Do\u00FFe.'), 'latin1')],
  [
    'a value of a hundred thousand levels',
    (line) => Buffer.from(`${line.replace('"text":"Done."', `"text":"","x":${nested(100_000)}`)}\n`),
  ],
  ['megabytes and no break', (line) => Buffer.from(line.replace('Done.', 'x'.repeat(3_000_000)))],
])('a line with %s is a call', async (_, bytes) => {
  const file = path.join(work, `c/${SESSION}.jsonl`);
  await mkdir(path.dirname(file));
  await writeFile(file, bytes(answerLine(1, { id: 'msg_1' })));
  expect(await importOf([path.join(work, 'c')])).toMatchObject({ model_calls: 1, malformed_lines: 0 });
});

test('the file of a sub-agent beside its session is found by its lines, however long they are and however spaced', async () => {
  const agent = { isSidechain: true, agentId: 'old', sessionId: undefined };
  const prompt = (text: string): string =>
    userLine(0, text, agent).replace(/}$/, `,"sessionId": "${SESSION}"}`);
  await write(`claude/projects/-p/${SESSION}.jsonl`, sessionOf(SESSION, 'msg_1'));
  await write('claude/projects/-p/agent-long.jsonl', [
    prompt('"sessionId":"no" '.repeat(20_000)),
    answerLine(1, { id: 'msg_2' }, agent),
  ]);
  await write('claude/projects/-p/agent-untold.jsonl', ['{"type":"summary"}']);
  expect(await importOf([path.join(work, 'claude')])).toMatchObject({
    sessions: 1,
    files: 2,
    model_calls: 2,
    unreadable_files: [{ file: path.join(work, 'claude/projects/-p/agent-untold.jsonl') }],
  });
});
