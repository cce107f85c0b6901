// Receipts and matchers, with the built package, in the runners that people use.

import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { execFile } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { decodeEvent, type EventRecord } from '../../core/event.ts';
import type * as Testing from '../../instrumentation/testing.ts';
import { ensureBuilt } from '../../scripts/ensure-built.ts';
import { startAnthropicApi, type AnthropicApi } from '../fakes/anthropic-api.ts';
import { answer, text, toolUse } from '../fakes/messages.ts';

const ROOT = path.resolve(import.meta.dirname, '../..');
const DIST = path.join(ROOT, 'instrumentation/dist');
let folder: string;
let api: AnthropicApi;
let agent: string;
let testing: typeof Testing;

beforeAll(async () => {
  await ensureBuilt();
  testing = (await import(path.join(DIST, 'testing.mjs'))) as typeof Testing;
  folder = await mkdtemp(path.join(tmpdir(), 'tallyspan-testing-'));
  api = await startAnthropicApi({
    exchanges: [],
    respond: ({ body }) => {
      const isLate = (body as { messages: readonly unknown[] }).messages.length > 1;
      return answer({ blocks: [isLate ? text('done') : toolUse('look_up', { id: 1 })] });
    },
  });
  agent = path.join(folder, 'agent.mjs');
  const sdk = createRequire(import.meta.url).resolve('@anthropic-ai/sdk');
  await writeFile(
    agent,
    `import Anthropic from ${JSON.stringify(sdk)};
import { run, score, tool } from ${JSON.stringify(path.join(DIST, 'index.mjs'))};
const client = new Anthropic.Anthropic({ apiKey: 'k', baseURL: ${JSON.stringify(api.url)}, maxRetries: 0 });
const lookUp = tool('look_up', async () => 'found');
export const work = () => run({ agent: 'helper' }, async (handle) => {
  const messages = [{ role: 'user', content: 'hi' }];
  const ask = () => client.messages.create({ model: 'claude-sonnet-5-5', max_tokens: 100, messages, tools: [{ name: 'look_up', input_schema: { type: 'object' } }] });
  const first = await ask();
  const [use] = first.content;
  messages.push({ role: 'assistant', content: first.content }, { role: 'user', content: [{ type: 'tool_result', tool_use_id: use.id, content: await lookUp(use.input) }] });
  handle.score({ helpful: true });
  await ask();
  return handle.id;
});
if (process.argv[1].endsWith('agent.mjs')) {
  const id = await work();
  score(id, { tone: 0.5, broken: NaN }, { author: 'me' });
  process.stdout.write(id);
}
`,
  );
});
afterAll(async () => {
  await api.close();
  await rm(folder, { recursive: true, force: true });
});

/** Runs Node to its end; the fake API answers meanwhile. */
function runNode(
  args: readonly string[],
  env: Readonly<Record<string, string>>,
): Promise<{ code: number; stdout: string; stderr: string }> {
  return new Promise((resolve) => {
    const quiet = { NODE_OPTIONS: '', OTEL_LOGS_EXPORTER: 'none', OTEL_TRACES_EXPORTER: 'none' };
    const options = { env: { ...process.env, ...quiet, ...env }, timeout: 120_000 };
    const child = execFile(process.execPath, args, options, (_error, stdout, stderr) => {
      resolve({ code: child.exitCode ?? -1, stdout, stderr });
    });
  });
}

describe('expectations of a run', () => {
  it('hold for a program observed from any runner, and say what was when they do not', async () => {
    const { run, runs, exitCode, stdout } = await testing.observeRuns([process.execPath, agent]);
    expect({ exitCode, stdout, runs: runs.length }).toEqual({ exitCode: 0, stdout: run.runId, runs: 1 });
    testing
      .expectRun(run)
      .toEndOk()
      .toCostLessThan('$0.05')
      .toTakeAtMostTurns(2)
      .toCallTool('look_up', 1)
      .toCallToolsInOrder(['look_up'])
      .toUseModel('claude-sonnet-5-5')
      .toHaveNoToolFailures()
      .not.toCallTool('delete_all');
    expect(() => testing.expectRun(run).toTakeAtMostTurns(1)).toThrow(
      `run ${run.runId.slice(0, 8)} of helper took 2 turns; expected it to take at most 1 turns`,
    );
    expect(() => testing.expectRun(run).not.toEndOk()).toThrow('ended ok; expected it not to end ok');
    const unpriced = { ...run, unpricedCalls: 1 };
    expect(() => testing.expectRun(unpriced).toCostLessThan(1)).toThrow('a call has no price');
    expect(() => testing.expectRun(unpriced).not.toCostLessThan(0)).toThrow('a call has no price');
    expect(() => testing.expectRun({} as never).toEndOk()).toThrow('this is no run');
    const judged = testing.matchers.toCallTool(run, 'delete_all' as never);
    expect(judged.pass).toBe(false);
    expect(judged.message()).toContain('called look_up; expected it to call delete_all');
  });

  it('hold within Jest, whose files have global objects of their own', async () => {
    await mkdir(path.join(folder, 'jest'));
    await writeFile(path.join(folder, 'jest/package.json'), '{"type":"commonjs"}');
    await writeFile(
      path.join(folder, 'jest/agent.test.js'),
      `const { run } = require(${JSON.stringify(path.join(DIST, 'index.cjs'))});
const { observe, expectRun } = require(${JSON.stringify(path.join(DIST, 'testing.cjs'))});
test('the agent', async () => {
  const { run: seen, result } = await observe(() => run({ agent: 'named' }, (handle) => handle.id));
  expectRun(seen).toEndOk();
  expect([seen.runId, seen.agent]).toEqual([result, 'named']);
});
`,
    );
    const jest = path.join(ROOT, 'node_modules/jest/bin/jest.js');
    const flags = ['--rootDir', path.join(folder, 'jest'), '--runInBand', '--config', '{"transform":{}}'];
    const observed = await runNode(['--import', path.join(DIST, 'register.mjs'), jest, ...flags], {});
    expect(observed).toMatchObject({ code: 0 });
  });

  it('hold within node:test, under the preload', async () => {
    const file = path.join(folder, 'agent.test.mjs');
    await writeFile(
      file,
      `import test from 'node:test';
import { observe, expectRun } from ${JSON.stringify(path.join(DIST, 'testing.mjs'))};
import { work } from './agent.mjs';
test('the agent', async () => {
  const { run, result } = await observe(work);
  expectRun(run).toEndOk().toCostLessThan(0.05).not.toTakeAtMostTurns(1);
  if (result !== run.runId) throw new Error('another run');
});
`,
    );
    const flags = ['--test', '--test-isolation=none', file];
    const observed = await runNode(['--import', path.join(DIST, 'register.mjs'), ...flags], {});
    expect(observed).toMatchObject({ code: 0 });
    const bare = await runNode(flags, {});
    expect(bare.code).toBe(1);
    expect(bare.stdout).toContain('observe() needs the preload');
  });
});

function readEvents(dir: string): EventRecord[] {
  return readdirSync(dir).flatMap((name) =>
    readFileSync(path.join(dir, name), 'utf8')
      .split('\n')
      .flatMap((line) => decodeEvent(line) ?? []),
  );
}

describe('a program under the preload', () => {
  it('is told which options and scores nobody reads, once each, and runs on', async () => {
    const program = path.join(folder, 'slips.mjs');
    const events = path.join(folder, 'slips');
    await writeFile(
      program,
      `import { identify, run, score } from ${JSON.stringify(path.join(DIST, 'index.mjs'))};
for (const user of ['ana', 'bo']) run({ agent: 'helper', user }, () => undefined);
run({ agent: 'helper', userId: 'cy', limit: { turns: 5 }, wholly: 1 }, (handle) => {
  score(handle.id, 'good');
  score(handle.id, null);
  score(handle.id, { tone: 1e20, fine: 1 }, { by: 'me' });
});
run('helper', () => undefined);
identify({ session: 's-1' });
`,
    );
    const { code, stderr } = await runNode(['--import', path.join(DIST, 'register.mjs'), program], {
      TALLYSPAN_FILE: events,
    });
    expect(code).toBe(0);
    const said = stderr.split('\n').filter((line) => line.includes('(): '));
    expect(said.map((line) => line.replace('tallyspan: ', ''))).toEqual([
      'run(): user is not an option, and is not read. Did you mean userId?',
      'run(): wholly is not an option, and is not read.',
      'score(): scores are an object such as { helpful: true, tone: 0.8 }. Nothing was recorded.',
      'score(): by is not an option, and is not read.',
      'score(): the value of tone is a number up to a billion, not 100000000000000000000. It was not recorded.',
      'run(): its options are an object, not a string.',
      'identify(): session is not an option, and is not read. Did you mean sessionId?',
    ]);
    const scores = readEvents(events).filter((event) => event['event.name'] === 'agent.score');
    expect(scores.map((event) => event['gen_ai.evaluation.name'])).toEqual(['fine']);
  });

  it('has a receipt for each run, and scores with what their run cost', async () => {
    const events = path.join(folder, 'events');
    const { stdout, stderr } = await runNode(['--import', path.join(DIST, 'register.mjs'), agent], {
      TALLYSPAN_RECEIPT: '1',
      TALLYSPAN_FILE: events,
    });
    expect(stderr).toMatch(
      new RegExp(
        String.raw`run ${stdout.slice(0, 8)} helper ok · \$0\.\d+ · 2 turns · cache 0\.0 % · .+ · slowest tool look_up \d+ ms`,
      ),
    );
    expect(stderr).toContain('score(): the value of broken is a number, true, false or a label, not NaN');
    const scores = readEvents(events).filter((event) => event['event.name'] === 'agent.score');
    const end = readEvents(events).find((event) => event['event.name'] === 'agent.run');
    expect(scores).toMatchObject([
      {
        'gen_ai.evaluation.name': 'helpful',
        score_passed: true,
        score_run_cost_nano_usd: end?.['agent.cost_nano_usd'],
      },
      {
        'gen_ai.evaluation.name': 'tone',
        score_millionths: 500_000,
        score_run_cost_nano_usd: end?.['agent.cost_nano_usd'],
      },
    ]);
    expect(scores.every((event) => event['gen_ai.agent.name'] === 'helper')).toBe(true);
  });
});
