// Texts of others that would move the cursor, colour the screen or reorder a line are shown, not obeyed.

import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { sendEvents, startTestServer, type TestServer } from '../../server/harness.ts';
import { sampleRun } from '../../server/web/sample-run.ts';
import { obeyedIn, withoutColours } from './obeyed-characters.ts';
import { runCommand } from '../run-command.ts';

const EVIL = '\u001B]0;owned\u0007\u001B[2Jroot\u009B31m\u202Eexe';
const ESCAPED = String.raw`\x1b]0;owned\x07\x1b[2Jroot\x9b31m\u202eexe`;
let server: TestServer;

beforeAll(async () => {
  server = await startTestServer();
  const run = sampleRun({ mark: 'e', endMs: Date.now() - 1000, status: 'error', user: EVIL, agent: EVIL });
  await sendEvents(
    server,
    run.map((event) => ({
      ...event,
      'gen_ai.conversation.id': EVIL,
      ...('error.type' in event ? { 'error.type': EVIL } : {}),
      ...('gen_ai.tool.name' in event ? { 'gen_ai.tool.name': EVIL } : {}),
    })),
  );
});

afterAll(() => server.remove());

describe('a run whose texts are escape sequences', () => {
  it.each([
    [['runs']],
    [['run', 'e'.repeat(8)]],
    [['conversation', EVIL]],
    [['cost', '--by', 'user']],
    [['cost', '--by', 'tool']],
    [['signal', 'cost', '--by', 'user']],
  ])('is printed by %j without a character that a terminal obeys', async (args) => {
    const text = await runCommand([...args, '--url', server.uiUrl]);
    expect(text).toMatchObject({ exitCode: 0, stderr: '', stdout: expect.stringContaining(ESCAPED) });
    expect(obeyedIn(text.stdout, true)).toEqual([]);
    const json = await runCommand([...args, '--json', '--url', server.uiUrl]);
    expect(obeyedIn(json.stdout, true)).toEqual([]);
    expect(JSON.stringify(JSON.parse(json.stdout))).toContain(JSON.stringify(EVIL).slice(1, -1));
  });

  it('is printed with no other escape sequences than our colours on a terminal', async () => {
    const { stdout } = await runCommand(['runs', '--url', server.uiUrl], { columns: 200 });
    expect(obeyedIn(withoutColours(stdout), true)).toEqual([]);
    expect(stdout).toContain(ESCAPED.slice(0, 8));
  });

  it('is named safely in a message of an error', async () => {
    const { exitCode, stderr } = await runCommand(['run', EVIL, '--url', server.uiUrl]);
    expect(exitCode).not.toBe(0);
    expect(stderr).toContain(ESCAPED);
    expect(stderr).not.toContain('\u001B');
  });
});
