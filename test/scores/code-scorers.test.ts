// `tallyspan score --with FILE`: scores by code, whatever the code does.

import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import type { RunTree } from '../../server/source.ts';
import { CodeScorer } from '../../cli/scorers/code-scorer.ts';
import type { RunFacts } from '../../core/scores/run-facts.ts';
import { runTallyspan } from '../programs/tallyspan.ts';
import { sampleRun } from '../server/web/sample-run.ts';
import { getJson, sendEvents, startTestServer, type TestServer } from '../server/harness.ts';

let server: TestServer;
let folder: string;

beforeAll(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'tallyspan-scorers-'));
  server = await startTestServer();
  await sendEvents(server, [
    ...sampleRun({ mark: 'a', endMs: Date.now() - 60_000 }),
    ...sampleRun({ mark: 'b', endMs: Date.now() - 30_000, status: 'error' }),
  ]);
});
afterAll(async () => {
  await server.remove();
  await rm(folder, { recursive: true, force: true });
});

async function scorerFile(name: string, text: string): Promise<string> {
  const file = path.join(folder, name);
  await writeFile(file, text);
  return file;
}

describe('score --with', () => {
  it('scores the runs of a view by their facts, once', async () => {
    const file = await scorerFile(
      'checks.mjs',
      'export default (run) => ({ fine: run.status === "ok" && run.toolFailures === 1, steps: run.turns, cheap: run.costNanoUsd < 1e9 });',
    );
    const args = ['score', '--with', file, '--url', server.uiUrl];
    expect(await runTallyspan(args)).toMatchObject({
      exitCode: 0,
      stdout: '6 scores of 2 runs, 6 new or corrected\n',
    });
    expect(await runTallyspan(args)).toMatchObject({ stdout: '6 scores of 2 runs, 0 new or corrected\n' });
    const { scores } = await getJson<RunTree>(server, `/api/runs/${'a'.repeat(32)}`);
    expect(scores).toMatchObject([
      { 'gen_ai.evaluation.name': 'cheap', score_passed: true, 'tallyspan.score.source': 'code' },
      { 'gen_ai.evaluation.name': 'fine', score_passed: true },
      { 'gen_ai.evaluation.name': 'steps', score_millionths: 2_000_000 },
    ]);
    expect(scores[0]?.['tallyspan.score.evaluator']).toMatch(/^checks\.mjs@[0-9a-f]{8}$/);
    const builtIn = await runTallyspan([
      'score',
      'bbbb',
      '--with',
      'built-in',
      '--url',
      server.uiUrl,
      '--json',
    ]);
    expect(JSON.parse(builtIn.stdout)).toMatchObject({ runs: 1, scores: 8, faults: [] });
  });

  it.each([
    ['throws', 'export default () => { throw new Error("oh no"); };', 'oh no'],
    ['loops', 'export default () => { for (;;); };', 'it took longer than 3000 ms'],
    ['ends', 'export default () => process.exit(0);', 'it ended its process'],
    [
      'grows',
      'export default () => { const all = []; for (;;) all.push(new Array(1e5).fill({})); };',
      'more than 256 MB',
    ],
    ['answers nonsense', 'export default () => 7;', 'it gave no object of scores'],
    ['answers a Map', 'export default () => new Map([["a", 1]]);', 'it gave no object of scores'],
  ])('gives no score where the code %s', async (name, text, error) => {
    // To fill its memory takes a while on a busy machine.
    const limitMs = name === 'grows' ? 100_000 : 3000;
    const scorer = await CodeScorer.open(await scorerFile(`${name.replaceAll(' ', '-')}.mjs`, text), limitMs);
    try {
      const run = { runId: 'x' } as RunFacts;
      expect(await scorer.score(run)).toMatchObject({ error: expect.stringContaining(error) });
    } finally {
      await scorer.close();
    }
  });

  it('says what is wrong with a file', async () => {
    const none = await scorerFile('none.mjs', 'export const a = 1;');
    const ended = await runTallyspan(['score', '--with', none, '--url', server.uiUrl]);
    expect(ended).toMatchObject({ exitCode: 1, stderr: expect.stringContaining('it exports no function') });
  });
});

describe('a scorer that prints', () => {
  it('keeps what a scorer prints out of the answer', async () => {
    const text =
      "console.log('noise'); export default () => { console.log('noise'); return { fine: true }; };";
    const file = await scorerFile('loud.mjs', text);
    const { stdout } = await runTallyspan(['score', '--with', file, '--url', server.uiUrl, '--json']);
    expect(JSON.parse(stdout)).toMatchObject({ runs: 2, scores: 2 });
  });
});
