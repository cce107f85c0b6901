// Replay with the example agent: recorded under the preload, kept encrypted, answered again.

import { copyFile, mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { PassThrough } from 'node:stream';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { runCli } from '../../cli/program.ts';
import type { RunSummary, RunTree } from '../../server/source.ts';
import { playSupportAgent } from '../programs/support-agent.ts';
import { getJson, startTestServer } from '../server/harness.ts';

const AGENT = path.resolve(import.meta.dirname, '../../examples/support-agent.mjs');
/** Words of a prompt, of a system prompt, of a tool result and of an answer. */
const CONTENT = ['Where is my order', 'support agent of a small shop', 'sorting centre', 'batteries does'];

let folder: string;
let dataDir: string;
let source: string;
let apiAnswers: string;
/** Run ids by the model that each run of the example asks. */
const runs: Record<string, string> = {};

beforeAll(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'tallyspan-replay-test-'));
  dataDir = path.join(folder, 'data');
  source = await readFile(AGENT, 'utf8');
  for (const content of ['full', 'none']) {
    const server = await startTestServer({ dataDir });
    const played = await playSupportAgent(server.grpcAddress, content, {
      TALLYSPAN_CONTENT: content,
      TALLYSPAN_SPOOL: path.join(folder, 'spool'),
    });
    if (played.exitCode !== 0) throw new Error(played.stderr);
    const known = new Set(Object.values(runs));
    for (const run of await getJson<RunSummary[]>(server, '/api/runs')) {
      if (known.has(run['agent.run_id'])) continue;
      const tree = await getJson<RunTree>(server, `/api/runs/${run['agent.run_id']}`);
      const model = tree.steps.find(({ step }) => step === 'model_call')?.['gen_ai.request.model'];
      runs[`${content} ${String(model)}`] = run['agent.run_id'];
    }
    if (content === 'full') {
      const id = runs['full claude-sonnet-5-5'] ?? '';
      const addresses = [`/api/runs/${id}`, `/runs/${id}`, '/api/export', `/api/export?format=csv`];
      const shown = addresses.map(async (url) => (await fetch(server.uiUrl + url)).text());
      apiAnswers = (await Promise.all(shown)).join('\n');
    }
    await server.close();
  }
});

afterAll(() => rm(folder, { recursive: true, force: true }));

async function replay(
  run: string,
  program: string,
  ...options: string[]
): Promise<{ code: number; out: string; err: string }> {
  let out = '';
  let err = '';
  const command = [process.execPath, '--input-type=module', '--eval', program];
  const code = await runCli(['replay', runs[run] ?? run, '--data', dataDir, ...options, '--', ...command], {
    stdin: new PassThrough().end(),
    stdout: { write: (text) => (out += text) },
    stderr: { write: (text) => (err += text) },
    env: { ...process.env, NODE_OPTIONS: '' },
    now: Date.now,
    signal: new AbortController().signal,
  });
  return { code, out, err };
}

/** The example with only its nth question, from 0. */
function asking(n: number): string {
  return source.replace('of QUESTIONS)', `of QUESTIONS.slice(${String(n)}, ${String(n + 1)}))`);
}

describe('replay', () => {
  it.each([
    ['streamed', 'full claude-sonnet-5-5', 0],
    ['as JSON, with a tool that fails', 'full claude-opus-5-5', 1],
  ])('finds no difference when nothing changed: %s', async (_, run, question) => {
    const { code, out, err } = await replay(run, asking(question));
    expect([code, err]).toEqual([0, '']);
    expect(out).toMatch(/replayed (\d+) of \1 steps of run .*: every request is the recorded one/);
    expect(out).toMatch(/^> /);
  });

  it('names the step and the message in which another question differs', async () => {
    const program = asking(0).replace('Where is my order A-1001?', 'Where is my order A-1002?');
    const { code, out, err } = await replay('full claude-sonnet-5-5', program);
    expect(code).toBe(1);
    expect(out).toMatch(
      /step 1 of \d+ diverges in message 1 \(user\)\n {2}recorded: .*A-1001.*\n {2}now: .*A-1002/,
    );
    expect(err).toContain('diverged at step 1');
  });

  it('finds a tool that answers otherwise at the step that reads it', async () => {
    const program = asking(0).replace('Leipzig', 'Halle');
    const { code, out } = await replay('full claude-sonnet-5-5', program, '--json');
    expect(code).toBe(1);
    const report = JSON.parse(out) as {
      served: number;
      divergence: { step: number; part: string; now: string };
    };
    expect(report.divergence.step).toBe(report.served + 1);
    expect(report.divergence.step).toBeGreaterThan(1);
    expect(report.divergence).toMatchObject({
      part: expect.stringMatching(/^message \d+ \(user\)$/),
      now: expect.stringContaining('Halle'),
    });
  });

  it.each([
    ['model', "'claude-sonnet-5-5'", "'claude-haiku-5-5'"],
    ['system', 'Be brief.', 'Be long.'],
    ['tools', 'Search the help pages.', 'Search all pages.'],
    ['max_tokens', 'max_tokens: 1024', 'max_tokens: 1025'],
  ])('names what else was changed: %s', async (part, before, after) => {
    const { out } = await replay('full claude-sonnet-5-5', asking(0).replace(before, after));
    expect(out).toMatch(new RegExp(`step 1 of \\d+ diverges in ${part}\\n`));
  });

  it('says so when the command asks more, or less, than was recorded', async () => {
    const more = await replay('full claude-sonnet-5-5', `${asking(0)}\nawait ask(QUESTIONS[1]);`);
    expect(more.out).toContain('now:      one more request');
    const less = await replay('full claude-sonnet-5-5', 'console.log("nothing")');
    expect(less.out).toContain('step 1 of');
    expect(less.out).toContain('now:      (the command ended, exit code 0)');
    expect([more.code, less.code]).toEqual([1, 1]);
  });

  it('says of each step that nothing was recorded, and how to record', async () => {
    const { code, out, err } = await replay('none claude-sonnet-5-5', asking(0));
    expect([code, out]).toEqual([1, '']);
    expect(err).toContain('step 1 (claude-sonnet-5-5): neither request nor answer was recorded');
    expect(err).toContain('TALLYSPAN_CONTENT=full');
  });

  it('needs the key that the content was recorded with', async () => {
    const other = path.join(folder, 'other.key');
    await writeFile(other, Buffer.alloc(32, 7));
    const wrong = await replay('full claude-sonnet-5-5', asking(0), '--key', other);
    expect([wrong.code, wrong.out]).toEqual([1, '']);
    expect(wrong.err).toContain('recorded with another key');
    const none = await replay('full claude-sonnet-5-5', asking(0), '--key', `${other}.not`);
    expect(none.err).toContain('cannot read the key');
  });
});

describe('recorded content', () => {
  it('is nowhere in the data folder in clear text, and the key is its owner’s alone', async () => {
    const files = await readdir(dataDir, { recursive: true });
    expect(files).toEqual(expect.arrayContaining(['content.key', 'tallyspan.duckdb']));
    expect((await stat(path.join(dataDir, 'content.key'))).mode & 0o777).toBe(0o600);
    // The file compresses its text, so the text is also asked for by SQL, in every column of every table.
    const copy = path.join(folder, 'copy.duckdb');
    await copyFile(path.join(dataDir, 'tallyspan.duckdb'), copy);
    const { DuckDBInstance } = await import('@duckdb/node-api');
    const instance = await DuckDBInstance.create(copy);
    const connection = await instance.connect();
    for (const table of ['events', 'spans']) {
      const rows = (await connection.runAndReadAll(`SELECT * FROM ${table}`)).getRowObjectsJson();
      expect(rows.length).toBeGreaterThan(0);
      for (const words of CONTENT)
        expect([words, JSON.stringify(rows).includes(words)]).toEqual([words, false]);
    }
    connection.closeSync();
    instance.closeSync();
    for (const name of files) {
      const bytes = await readFile(path.join(dataDir, name)).catch(() => Buffer.alloc(0));
      for (const words of CONTENT) expect([name, words, bytes.includes(words)]).toEqual([name, words, false]);
    }
  });

  it('is in no page, answer or export, not even encrypted', () => {
    expect(apiAnswers.length).toBeGreaterThan(10_000);
    for (const words of [...CONTENT, '"tallyspan.request_json"', 'tallyspan_request_json', 'v1:'])
      expect([words, apiAnswers.includes(words)]).toEqual([words, false]);
  });
});
