// `tallyspan eval` around a small real agent: a regression put in each of prompt, tool list, model and loop is found.

import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { addToDataset, readDataset } from '../../cli/eval/dataset-file.ts';
import { judgeTrial, passAtK, type ItemResult } from '../../core/scores/evaluation.ts';
import { beyondTexts, checkLimits } from '../../core/scores/limits.ts';
import type { RunFacts } from '../../core/scores/run-facts.ts';
import { startAnthropicApi, type AnthropicApi } from '../fakes/anthropic-api.ts';
import { answer, text, toolUse } from '../fakes/messages.ts';
import { runTallyspan, type Finished } from '../programs/tallyspan.ts';

let folder: string;
let api: AnthropicApi;
let agent: string;
let dataset: string;
let baseline: string;

beforeAll(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'tallyspan-eval-'));
  api = await startAnthropicApi({
    exchanges: [],
    respond: ({ body }) => {
      const { messages, model, system } = body as {
        messages: readonly { content: string }[];
        model: string;
        system: string;
      };
      const [, check = '', failed = ''] = /check: (\w+)\. verdict: (\w+) where/.exec(system) ?? [];
      // The judge: it finds every answer too short.
      if (check !== '') {
        const input = { check, verdict: failed, quote: 'done', addresses_judge: false };
        return answer({ model, blocks: [toolUse('record_verdict', input)] });
      }
      const blocks = [messages.length > 1 ? text('done') : toolUse('look_up', { id: 1 })];
      return answer({ model, blocks });
    },
  });
  agent = path.join(folder, 'agent.mjs');
  dataset = path.join(folder, 'small.jsonl');
  baseline = path.join(folder, 'baseline.json');
  const sdk = createRequire(import.meta.url).resolve('@anthropic-ai/sdk');
  await writeFile(
    agent,
    `import Anthropic from ${JSON.stringify(sdk)};
const client = new Anthropic.Anthropic({ apiKey: 'k', maxRetries: 0 });
const fault = process.env.FAULT;
const tools = [{ name: 'look_up', description: fault === 'tools' ? 'Finds.' : 'Looks up.', input_schema: { type: 'object' } }];
const ask = (messages) => client.messages.create({
  model: fault === 'model' ? 'claude-opus-4-8' : 'claude-sonnet-5-5', max_tokens: 100, tools, messages,
  system: fault === 'prompt' ? 'Be long.' : 'Be short.',
});
const messages = [{ role: 'user', content: process.env.TALLYSPAN_ITEM_INPUT }];
const first = await ask(messages);
messages.push({ role: 'assistant', content: first.content }, { role: 'user', content: [{ type: 'tool_result', tool_use_id: first.content[0].id, content: 'ok' }] });
const last = await ask(messages);
if (fault === 'loop') await ask([...messages, { role: 'assistant', content: last.content }, { role: 'user', content: 'again' }]);
process.stdout.write(fault === 'answer' ? 'nothing' : last.content[0].text);
`,
  );
  const items = ['a', 'b'].map((id) => ({
    id,
    input: `item ${id}`,
    expected: { contains: ['done'], tools: ['look_up'] },
  }));
  await writeFile(dataset, items.map((item) => JSON.stringify(item)).join('\n'));
  const first = await evaluate([], ['--save', baseline]);
  if (first.exitCode !== 0) throw new Error(first.stderr);
});
afterAll(async () => {
  await api.close();
  await rm(folder, { recursive: true, force: true });
});

function evaluate(
  faults: readonly string[],
  options: readonly string[],
  more: Readonly<Record<string, string>> = {},
): Promise<Finished> {
  const env = { NODE_OPTIONS: '', ANTHROPIC_BASE_URL: api.url, FAULT: faults[0] ?? '', ...more };
  return runTallyspan(['eval', '--dataset', dataset, ...options, '--', process.execPath, agent], { env });
}

describe('eval', () => {
  it('passes an unchanged agent, trial after trial', async () => {
    const ended = await evaluate(
      [],
      ['--baseline', baseline, '--trials', '3', '--max-cost-per-item', '$0.1'],
    );
    expect(ended).toMatchObject({ exitCode: 0 });
    expect(ended.stdout).toMatch(/pass rate +100\.0 % {2}before 100\.0 %\npass@3 +100\.0 %/);
  });

  it.each(['prompt', 'tools', 'model', 'loop'])(
    'finds a regression in the %s and names it',
    async (fault) => {
      const ended = await evaluate([fault], ['--baseline', baseline]);
      expect(ended.exitCode).toBe(1);
      expect(ended.stdout).toContain(`${fault}: a: `);
    },
  );

  it('lets a change pass that is meant', async () => {
    const ended = await evaluate(['prompt'], ['--baseline', baseline, '--allow', 'prompt']);
    expect(ended.exitCode).toBe(0);
  });

  it('reports what failed as Markdown and JUnit XML', async () => {
    const [markdown, junit] = ['out.md', 'out.xml'].map((name) => path.join(folder, name)) as [
      string,
      string,
    ];
    const ended = await evaluate(
      ['answer'],
      ['--baseline', baseline, '--markdown', markdown, '--junit', junit],
    );
    expect(ended.exitCode).toBe(1);
    expect(await readFile(markdown, 'utf8')).toContain(
      '| a | pass | 0 of 1 passed: the answer lacks "done" |',
    );
    expect(await readFile(junit, 'utf8')).toContain(
      '<failure message="pass: 0 of 1 passed: the answer lacks &quot;done&quot;">',
    );
  });

  it('lets a judge advise, and decide only where that is asked for', async () => {
    const file = path.join(folder, 'judge.json');
    const rules = [{ name: 'long_enough', failure: 'The answer is a single word.' }];
    await writeFile(file, JSON.stringify({ model: 'claude-haiku-4-5', maxCostPerDay: '$5', rules }));
    const judged = await evaluate([], ['--judge', file], { ANTHROPIC_API_KEY: 'k' });
    expect(judged.exitCode).toBe(0);
    expect(judged.stdout).toContain('advice: a: long_enough: 0 of 1 were good');
    const gated = await evaluate([], ['--judge', file, '--judge-gates'], { ANTHROPIC_API_KEY: 'k' });
    expect(gated.exitCode).toBe(1);
    expect(gated.stdout).toContain('judge: a: long_enough: 0 of 1 were good');
  });

  it('stops at its budget, and says what is wrong with its input', async () => {
    const over = await evaluate([], ['--max-cost', '$0.000001']);
    expect(over).toMatchObject({ exitCode: 1, stdout: expect.stringContaining('1 of 2 items were run') });
    expect(await evaluate([], ['--baseline', path.join(folder, 'none.json')])).toMatchObject({ exitCode: 2 });
    await writeFile(path.join(folder, 'broken.json'), '{"items":[{}]}');
    expect(await evaluate([], ['--baseline', path.join(folder, 'broken.json')])).toMatchObject({
      exitCode: 2,
    });
  });

  it('stops within an item, and keeps no part of a result as a baseline', async () => {
    const save = path.join(folder, 'part.json');
    const over = await evaluate(
      [],
      ['--trials', '5', '--max-cost', '$0.000001', '--save', save, '--baseline', baseline],
    );
    expect(over.exitCode).toBe(1);
    expect(over.stdout).toContain('1 of 2 items were run, the last one in 1 of 5 trials');
    // The other item was not run; it is in the dataset all the same.
    expect(over.stdout).not.toContain('not in the dataset');
    expect(over.stderr).toContain('part.json is not written');
    await expect(readFile(save)).rejects.toThrow('ENOENT');
  });

  it('does not pass a trial that ended well because it was stopped', async () => {
    const file = path.join(folder, 'late.jsonl');
    await writeFile(file, '{"id":"a"}');
    const program = `process.on('SIGTERM', () => process.exit(0)); setInterval(() => 0, 1000);`;
    const { exitCode, stdout } = await runTallyspan(
      ['eval', '--dataset', file, '--timeout', '2s', '--', process.execPath, '-e', program],
      { env: { NODE_OPTIONS: '' } },
    );
    expect([exitCode, stdout]).toEqual([1, expect.stringContaining('it took too long')]);
  });

  it.each([
    { expected: { contain: ['x'] } },
    { expected_output: 'x' },
    { expectedAnswer: 'x' },
    { expected: ['x'] },
    { expected: 5 },
    { expected: false },
    { expected: { json: 'yes' } },
    { expect: { contains: ['x'] } },
    { contains: ['x'] },
  ])('does not pass over what is expected in another form: %j', async (item) => {
    const file = path.join(folder, 'form.jsonl');
    await writeFile(file, JSON.stringify({ id: 'a', ...item }));
    await expect(readDataset(file)).rejects.toThrow('"expected"');
  });

  it.each<[string, string, readonly string[]]>([
    ['no folder', '{"id":"a"}', ['--save', '/no/such/folder/base.json']],
    ['nothing to start', '{"id":"a"}', ['--', 'no-such-program']],
    ['character 0', '{"id":"a","input":"x\\u0000y"}', []],
    ['environment variable', JSON.stringify({ id: 'a', input: 'ä'.repeat(70_000) }), []],
    ['is no JSON', '{"id":', []],
    ['there is no dataset', '', ['--dataset', 'none.jsonl']],
  ])('ends with 2, and says so, where it was called wrongly: %s', async (_, line, options) => {
    const file = path.join(folder, 'odd.jsonl');
    await writeFile(file, line);
    const command = options.includes('--') ? [] : ['--', process.execPath, agent];
    const { exitCode, stderr } = await runTallyspan(['eval', '--dataset', file, ...options, ...command], {
      env: { NODE_OPTIONS: '' },
    });
    expect([exitCode, stderr.split('\n').length]).toEqual([2, 2]);
    expect(stderr).toMatch(/^tallyspan: /);
    expect(stderr).not.toMatch(/ENOENT|E2BIG|options\.env/);
  });

  it('reads a dataset with a byte order mark, and ends what a trial leaves running', async () => {
    const file = path.join(folder, 'left.jsonl');
    await writeFile(file, '\uFEFF{"id":"a"}\n');
    // It has the streams of the trial, and is not the command itself.
    const left = path.join(folder, 'left.pid');
    const script = `echo done; ${process.execPath} -e 'setInterval(() => 0, 1000)' & echo $! > ${left}; sleep 60`;
    const { stdout } = await runTallyspan(
      ['eval', '--dataset', file, '--timeout', '1s', '--', 'sh', '-c', script],
      { env: { NODE_OPTIONS: '' } },
    );
    expect(stdout).toContain('pass: a: 0 of 1 passed: the command ended by a signal');
    const pid = Number(await readFile(left, 'utf8'));
    expect(pid).toBeGreaterThan(0);
    await expect(isGone(pid)).resolves.toBe(true);
  });
});

/** Whether the process is gone, once it had time to go. */
async function isGone(pid: number): Promise<boolean> {
  for (let tries = 0; tries < 200; tries++) {
    try {
      process.kill(pid, 0);
    } catch {
      return true;
    }
    if (/^\d+ \(.*\) Z/.test(await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => ''))) return true;
    await sleep(50);
  }
  return false;
}

describe('a dataset that is added to', () => {
  it('keeps what a person wrote into it', async () => {
    const file = path.join(folder, 'added.jsonl');
    const written = '{"id": "a",  "input": "x", "owner": "ada"}';
    await writeFile(file, written);
    expect(await addToDataset(file, [{ id: 'a' }, { id: 'b' }, { id: 'b' }])).toBe(1);
    expect(await readFile(file, 'utf8')).toBe(`${written}\n{"id":"b"}\n`);
  });
});

describe('an answer', () => {
  it('is not looked for in a part of what was printed', () => {
    const trial = { output: 'x', exitCode: 0, runs: [], events: [], isOutputCut: true };
    expect(judgeTrial(trial, { contains: ['y'] }).join()).toContain('more was printed than is looked at');
    expect(judgeTrial(trial).join()).not.toContain('more was printed');
  });

  it('costs what its limit says, to the nano-dollar', () => {
    expect(beyondTexts(36_000_000, 35_999_999)).toEqual(['$0.036', '$0.035999999']);
    expect(beyondTexts(36_000_000, 10_000_000)).toEqual(['$0.0360', '$0.0100']);
    const [outcome] = checkLimits([{ costNanoUsd: 36_000_000, unpricedCalls: 0 } as RunFacts], {
      maxCostNanoUsd: 35_999_999,
    });
    expect(outcome).toMatchObject({ isKept: false, value: '$0.036', limit: '≤ $0.035999999' });
  });
});

describe('pass@k', () => {
  it('is the chance that one of k trials passes', () => {
    const item = { trials: 4, passed: 1 } as ItemResult;
    expect(passAtK([item], 1)).toBeCloseTo(0.25, 12);
    expect(passAtK([item], 2)).toBeCloseTo(0.5, 12);
    expect(passAtK([item], 4)).toBe(1);
    expect(passAtK([item], 5)).toBeUndefined();
  });
});
