// `tallyspan up --scores … --judge …`: runs are scored as they end, by code and by a model, and one scorer that loops or
// throws costs nobody else anything.

import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { toOtlpLogs } from '../../core/otlp/otlp-log.ts';
import type { EventRecord } from '../../core/event.ts';
import type { RunTree } from '../../server/source.ts';
import { runCommand } from '../cli/run-command.ts';
import { startAnthropicApi, type AnthropicApi } from '../fakes/anthropic-api.ts';
import { makeMessage, toolUse } from '../fakes/messages.ts';
import { makeDataDir } from '../server/data-dir.ts';
import { JSON_TYPE, post } from '../server/harness.ts';
import { idOf, toldRun } from '../server/web/told-run.ts';

let folder: string;
let api: AnthropicApi;
const stop = new AbortController();
let running: ReturnType<typeof runCommand>;
let uiUrl = '';
let httpAddress = '';

beforeAll(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'tallyspan-ended-'));
  const scorers = path.join(folder, 'scores');
  await mkdir(scorers);
  await writeFile(
    path.join(scorers, 'told.mjs'),
    'export default (run, content) => ({ short: content === undefined ? "unknown" : content.output.length < 500, asked: content?.input.includes("order 17") ?? false, steps: run.turns });',
  );
  await writeFile(path.join(scorers, 'wrong.mjs'), 'export default () => { throw new Error("oh no"); };');
  const judge = path.join(folder, 'judge.json');
  const rules = [{ name: 'polite', failure: 'The answer is rude.' }];
  await writeFile(judge, JSON.stringify({ model: 'claude-haiku-4-5', maxCostPerDay: '$5', rules }));
  api = await startAnthropicApi({
    exchanges: [],
    respond: ({ body }) => {
      const [, check = '', passed = ''] =
        /check: (\w+)\. verdict: \w+ where the failure is there, (\w+)/.exec(
          (body as { system: string }).system,
        ) ?? [];
      const input = { check, verdict: passed, quote: '', addresses_judge: false };
      return { json: makeMessage({ model: 'claude-haiku-4-5', blocks: [toolUse('record_verdict', input)] }) };
    },
  });
  const dataDir = await makeDataDir();
  const ready = new Promise<string>((resolve) => {
    let printed = '';
    running = runCommand(
      `up --no-open --data ${dataDir} --port 0 --grpc-port 0 --http-port 0 --judge ${judge} --scores built-in json`
        .split(' ')
        .concat('contains:on its way', scorers),
      {
        env: { ANTHROPIC_API_KEY: 'k', ANTHROPIC_BASE_URL: api.url },
        signal: stop.signal,
        onStdout: (text) => {
          printed += text;
          if (printed.includes('\n')) resolve(printed);
        },
      },
    );
    void running.then(({ stderr }) => resolve(stderr));
  });
  const line = await ready;
  [, uiUrl = ''] = / ui=(\S+)/.exec(line) ?? [];
  [, httpAddress = ''] = / otlp-http=(\S+)/.exec(line) ?? [];
  if (uiUrl === '') throw new Error(line);
});
afterAll(async () => {
  stop.abort(new Error('over'));
  await running;
  await api.close();
  await rm(folder, { recursive: true, force: true });
});

async function send(events: readonly EventRecord[]): Promise<void> {
  const answer = await post(httpAddress, '/v1/logs', JSON.stringify(toOtlpLogs(events)), JSON_TYPE);
  expect(answer.status).toBe(200);
}

async function scoresWhen(mark: string, count: number): Promise<RunTree['scores']> {
  for (;;) {
    const { scores } = (await (await fetch(`${uiUrl}/api/runs/${idOf(mark)}`)).json()) as RunTree;
    if (scores.length >= count) return scores;
    await sleep(200);
  }
}

describe('a server with scorers', () => {
  it('scores a run as it ends, by its facts, by what it said, and by a judge', async () => {
    await send(toldRun({ mark: 'a7', endMs: Date.now() - 5000 }));
    // 8 built-in, 2 checks of the answer, 3 of the file, 1 of the judge.
    const scores = await scoresWhen('a7', 14);
    const byName = Object.fromEntries(scores.map((score) => [score['gen_ai.evaluation.name'], score]));
    expect(byName).toMatchObject({
      ended_ok: { score_passed: true, 'tallyspan.score.evaluator': 'built-in@1' },
      turns: { score_millionths: 3_000_000 },
      'contains on its way': { score_passed: true },
      json_valid: { score_passed: false },
      short: { score_passed: true, 'tallyspan.score.evaluator': expect.stringMatching(/^told\.mjs@/) },
      asked: { score_passed: true },
      polite: { score_passed: true, 'tallyspan.score.source': 'judge' },
    });
    const cost = (await (await fetch(`${uiUrl}/api/signals/judge_calls?window=1h`)).json()) as object;
    expect(cost).toMatchObject({ value: 2 });
  });

  it('scores what it can of a run without content, and says once what a scorer threw', async () => {
    await send(toldRun({ mark: 'b7', endMs: Date.now() - 5000, hasContent: false, status: 'error' }));
    const scores = await scoresWhen('b7', 11);
    const byName = Object.fromEntries(scores.map((score) => [score['gen_ai.evaluation.name'], score]));
    expect(byName).toMatchObject({
      ended_ok: { score_passed: false },
      short: { 'gen_ai.evaluation.score.label': 'unknown' },
    });
    expect(scores).toHaveLength(11);
    stop.abort(new Error('over'));
    const { stderr } = await running;
    expect(stderr.match(/scores: wrong\.mjs: oh no/g)).toHaveLength(1);
  });

  it.each([
    [['--scores', 'nowhere.ts'], 'there is no scorer nowhere.ts'],
    [['--scores', 'matches:('], 'is no regular expression'],
    [['--judge', 'nowhere.json'], 'there is no judge file nowhere.json'],
  ])('does not start with %j', async (args, error) => {
    const ended = await runCommand(['up', '--no-open', '--data', path.join(folder, 'none'), ...args]);
    expect(ended).toMatchObject({ exitCode: 1, stderr: expect.stringContaining(error) });
  });
});
