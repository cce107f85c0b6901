// Nothing goes unseen in silence: a process in which an SDK or a framework was loaded, or a request went to a model, and
// of which nothing was observed, says so in one line, with what to do.

import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { mkdir, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { explainSilence, type ProcessReport } from '../../core/process-report.ts';
import { answer } from '../fakes/messages.ts';
import { eventsOf, openHarness, ROOT, type Harness } from './harness.ts';

let harness: Harness;
beforeAll(async () => {
  harness = await openHarness();
});
afterAll(() => harness.close());

const SDK = path.join(ROOT, 'node_modules/@anthropic-ai/sdk/index.js');

it.each([
  [
    'an SDK that is loaded and never asked',
    `require(${JSON.stringify(SDK)})`,
    [expect.stringMatching(/^tallyspan: @anthropic-ai\/sdk was loaded, and no request to a model was seen/)],
  ],
  [
    'a request that is none that can be read',
    `fetch(process.env.ANTHROPIC_BASE_URL + '/v1/messages', { method: 'POST', body: 'x' }).then(() => 0)`,
    [
      expect.stringMatching(
        /^tallyspan: a request went to an endpoint of Claude models and none was a model call.*: its body is no request for a message\. /,
      ),
    ],
  ],
  [
    'a request whose body nobody asked for',
    `fetch('http://127.0.0.1:2/v1/messages', { method: 'POST', duplex: 'half', body: new Blob(['x']).stream() }).catch(() => 0)`,
    [expect.stringContaining('it broke off before its body was sent (connection_error)')],
  ],
  [
    'a request in the form of another API',
    `fetch(process.env.ANTHROPIC_BASE_URL + '/v1/chat/completions', { method: 'POST', body: '{"messages":[],"model":"anthropic/claude-sonnet-5-5"}' }).then(() => 0)`,
    [
      expect.stringMatching(
        /^tallyspan: a request went .*OpenAI’s chat completions or Vercel’s AI Gateway, which is not read: use the Messages API/,
      ),
    ],
  ],
  [
    'a request to a gateway that has the model in a header',
    `fetch(process.env.ANTHROPIC_BASE_URL + '/v3/ai/language-model', { method: 'POST', headers: { 'ai-language-model-id': 'anthropic/claude-sonnet-5.5' }, body: '{"prompt":[]}' }).then(() => 0)`,
    [expect.stringContaining('a request went')],
  ],
  [
    'a request of another model in the form of another API',
    `require('node:http').request(process.env.ANTHROPIC_BASE_URL + '/v1/chat/completions', { method: 'POST' }).on('response', (r) => r.resume()).end(JSON.stringify({ model: 'gpt-6', messages: [{ content: '"model":"claude"' }] }))`,
    [],
  ],
  ['a program that has nothing to do with models', `console.log(1)`, []],
])('%s', async (name, source, said) => {
  const file = path.join(harness.packageDir, `${name.replaceAll(' ', '-')}.cjs`);
  await writeFile(file, source);
  const outcome = await harness.run(file, { scenario: { exchanges: [answer()] }, preload: 'require' });
  expect(outcome.said).toEqual(said);
});

// The file that they share with the others loads the SDK in each of them.
it.each([
  [
    'a worker thread',
    `const { isMainThread, Worker } = require('node:worker_threads');
     if (isMainThread) new Worker(__filename); else ask();`,
  ],
  [
    'a worker of a cluster',
    `const cluster = require('node:cluster');
     if (cluster.isPrimary) cluster.fork(); else ask().then(() => process.disconnect());`,
  ],
])('only %s asks: the main one is silent, and both are one program', async (worker, source) => {
  const folder = path.join(harness.packageDir, worker.replaceAll(' ', '-'));
  await mkdir(folder);
  await writeFile(path.join(folder, 'package.json'), '{"name":"till"}');
  const file = path.join(folder, 'asks.cjs');
  await writeFile(
    file,
    `const { default: Anthropic } = require(${JSON.stringify(SDK)});
     const ask = () => new Anthropic().messages.create({
       model: 'claude-sonnet-5-5', max_tokens: 9, messages: [{ role: 'user', content: 'hello' }],
     });
     ${source}`,
  );
  const outcome = await harness.run(file, {
    scenario: { exchanges: [answer()] },
    preload: 'require',
    environment: { OTEL_SERVICE_NAME: '' },
    during: async (_child, receiver) => {
      await receiver.waitFor(() => receiver.events('agent.run.started').length > 0);
    },
  });
  expect(outcome.said).toEqual([]);
  expect(eventsOf(outcome, 'agent.run.started')).toMatchObject([{ 'service.name': 'till' }]);
});

it('work that a program begins as the process ends is no sign that nobody answers', async () => {
  const file = path.join(harness.packageDir, 'last-work.cjs');
  await writeFile(
    file,
    `const { default: Anthropic } = require(${JSON.stringify(SDK)});
     const client = new Anthropic();
     const ask = () => client.messages.create({
       model: 'claude-sonnet-5-5', max_tokens: 9, messages: [{ role: 'user', content: 'hello' }],
     });
     let left = 16;
     process.on('beforeExit', () => { if (left-- > 0) setTimeout(ask, left % 4); });
     ask();`,
  );
  const outcome = await harness.run(file, {
    scenario: { exchanges: Array.from({ length: 17 }, () => answer()) },
    preload: 'require',
    protocol: 'http/protobuf',
  });
  expect([outcome.said, outcome.requests.length]).toEqual([[], 17]);
});

const NOTHING: ProcessReport = {
  program: '/app/agent.mjs',
  frameworks: [],
  sdkVersions: [],
  requests: 0,
  unread: {},
  runs: 0,
  calls: 0,
  tools: 0,
  callsByWay: { sdk: 0, request: 0 },
  costNanoUsd: 0,
};

it.each([
  [{ frameworks: ['@anthropic-ai/claude-agent-sdk'] }, /wrapQuery/],
  [{ frameworks: ['ai', '@mastra/core'] }, /^ai, @mastra\/core were loaded/],
  [{ requests: 2 }, /^2 requests went/],
  [
    { requests: 3, unread: { foreign: 1, too_large: 2 } },
    /: its body is no request for a message, 1; its body is larger than the API takes, 2\. /,
  ],
  [{ requests: 1, runs: 1, unread: { foreign: 1 } }, /^a request went/],
  [{ frameworks: ['ai'], program: '/home/me/npm-agent/esbuild/agent.mjs' }, /^ai was loaded/],
])('%j is explained', (seen, text) => {
  expect(explainSilence({ ...NOTHING, ...seen })).toMatch(text);
});

it.each([
  [{}],
  [{ frameworks: ['ai'], calls: 1 }],
  [{ frameworks: ['ai'], runs: 1 }],
  [{ frameworks: ['ai'], program: '/usr/lib/node_modules/npm/bin/npm-cli.js' }],
  [{ frameworks: ['ai'], program: '/app/node_modules/next/dist/build/worker.js' }],
])('%j needs no word', (seen) => {
  expect(explainSilence({ ...NOTHING, ...seen })).toBeUndefined();
});
