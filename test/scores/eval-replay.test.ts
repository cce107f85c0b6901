// A dataset of frozen runs: an agent is recorded, its run is kept with hashes and sealed content, and evaluated by replay, with
// no model. A change in each of prompt, tools, model and loop is found and named without a baseline.

import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import path from 'node:path';
import type { RunSummary } from '../../server/source.ts';
import { startAnthropicApi, type AnthropicApi } from '../fakes/anthropic-api.ts';
import { answer, text, toolUse } from '../fakes/messages.ts';
import { runTallyspan, type Finished } from '../programs/tallyspan.ts';
import { getJson, startTestServer, type TestServer } from '../server/harness.ts';
import { waitUntil } from '../stack/process.ts';

let folder: string;
let api: AnthropicApi;
let server: TestServer;
let agent: string;
let runId: string;
let dataset: string;

beforeAll(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'tallyspan-eval-replay-'));
  dataset = path.join(folder, 'kept.jsonl');
  api = await startAnthropicApi({
    exchanges: [],
    respond: ({ body }) => {
      const { messages, model } = body as { messages: readonly unknown[]; model: string };
      return answer({
        model,
        blocks: [messages.length > 1 ? text('42 marzipans') : toolUse('look_up', { id: 1 })],
      });
    },
  });
  server = await startTestServer();
  agent = path.join(folder, 'agent.mjs');
  const sdk = createRequire(import.meta.url).resolve('@anthropic-ai/sdk');
  await writeFile(
    agent,
    `import Anthropic from ${JSON.stringify(sdk)};
const client = new Anthropic.Anthropic({ maxRetries: 0 });
const fault = process.env.FAULT;
const tools = [{ name: 'look_up', description: fault === 'tools' ? 'Finds.' : 'Looks up.', input_schema: { type: 'object' } }];
const ask = (messages) => client.messages.create({
  model: fault === 'model' ? 'claude-opus-4-8' : 'claude-sonnet-5-5', max_tokens: 100, tools, messages,
  system: fault === 'prompt' ? 'Be long.' : 'Be short.',
});
const messages = [{ role: 'user', content: process.env.TALLYSPAN_ITEM_INPUT ?? 'How many?' }];
const first = await ask(messages);
messages.push({ role: 'assistant', content: first.content }, { role: 'user', content: [{ type: 'tool_result', tool_use_id: first.content[0].id, content: 'ok' }] });
const last = await ask(messages);
if (fault === 'loop') await ask([...messages, { role: 'assistant', content: last.content }, { role: 'user', content: 'again' }]);
process.stdout.write(last.content[0].text);
`,
  );
  const recorded = await runTallyspan(['exec', '--', process.execPath, agent], {
    env: {
      NODE_OPTIONS: '',
      ANTHROPIC_API_KEY: 'k',
      ANTHROPIC_BASE_URL: api.url,
      TALLYSPAN_CONTENT: 'full',
      OTEL_EXPORTER_OTLP_ENDPOINT: `http://${server.grpcAddress}`,
      OTEL_EXPORTER_OTLP_PROTOCOL: 'grpc',
      TALLYSPAN_SPOOL: path.join(folder, 'spool'),
    },
  });
  if (recorded.exitCode !== 0) throw new Error(recorded.stderr);
  runId = await waitUntil(
    async () => {
      const [run] = await getJson<RunSummary[]>(server, '/api/runs');
      return run?.['agent.turns'] === 2 ? run['agent.run_id'] : undefined;
    },
    { what: () => 'the run' },
  );
  const options = ['--input', 'How many?', '--expect', '42', '--content', '--url', server.uiUrl];
  const added = await runTallyspan(['dataset', 'add', dataset, runId, ...options]);
  if (added.exitCode !== 0) throw new Error(added.stderr);
}, 60_000);
afterAll(async () => {
  await server.remove();
  await api.close();
  await rm(folder, { recursive: true, force: true });
});

function evaluate(fault: string, options: readonly string[] = []): Promise<Finished> {
  const key = path.join(server.dataDir, 'content.key');
  const env = { NODE_OPTIONS: '', FAULT: fault, ANTHROPIC_BASE_URL: 'http://127.0.0.1:1' };
  const args = ['eval', '--dataset', dataset, '--replay', '--key', key, ...options];
  return runTallyspan([...args, '--', process.execPath, agent], { env });
}

describe('a frozen dataset', () => {
  it('has hashes of what was sent and what was recorded, sealed, and no word of it', async () => {
    const kept = await readFile(dataset, 'utf8');
    const [item] = kept
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as Record<string, unknown>);
    expect(item).toMatchObject({
      id: runId,
      expected: { tools: ['look_up'], contains: ['42'] },
      sent: { prompt: [expect.any(String)], tools: [expect.any(String)], model: ['claude-sonnet-5-5'] },
    });
    expect(item?.['recording']).toHaveLength(2);
    for (const word of ['marzipan', 'Be short', 'Looks up']) expect(kept).not.toContain(word);
  });

  it('is passed by the same agent without a model, as often as it is tried', async () => {
    const before = api.requests.length;
    const ended = await evaluate('', ['--trials', '3']);
    expect(ended).toMatchObject({ exitCode: 0, stderr: '' });
    expect(ended.stdout).toMatch(/pass rate +100\.0 %\npass@3 +100\.0 %/);
    expect(api.requests).toHaveLength(before);
  });

  it.each([
    ['prompt', 'prompt: RUN: another system prompt was sent', 'in system'],
    ['tools', 'tools: RUN: other tool definitions were sent', 'in tools'],
    ['model', 'model: RUN: the model is claude-opus-4-8, not claude-sonnet-5-5', 'in model'],
    ['loop', 'pass: RUN: 0 of 1 passed', 'request 3 is another than the recorded one, in request'],
  ])('finds a change of the %s and names it', async (fault, named, where) => {
    const ended = await evaluate(fault);
    expect(ended.exitCode).toBe(1);
    expect(ended.stdout).toContain(named.replace('RUN', runId));
    expect(ended.stdout).toContain(where);
  });

  it('says what it needs', async () => {
    const bare = path.join(folder, 'bare.jsonl');
    await writeFile(bare, '{"id":"x"}\n');
    const ended = await runTallyspan(['eval', '--dataset', bare, '--replay', '--', process.execPath, agent]);
    expect(ended).toMatchObject({ exitCode: 2, stderr: expect.stringContaining('x has no recording') });
  });
});
