// A bundle that holds a copy of the SDK, beside a file that loads the same version from its package: the observed copy
// does not hide the other one.

import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { build } from 'esbuild';
import { writeFile } from 'node:fs/promises';
import path from 'node:path';
import { answer } from '../../fakes/messages.ts';
import { eventsOf, openHarness, ROOT, type Harness } from '../harness.ts';

let harness: Harness;
beforeAll(async () => {
  harness = await openHarness();
});
afterAll(() => harness.close());

it('each copy is one call and one run for each of its calls', async () => {
  const file = path.join(harness.packageDir, 'app.cjs');
  await build({
    stdin: {
      contents: `const { default: Bundled } = require('@anthropic-ai/sdk');
        const { default: Loaded } = module.require(process.env.SDK);
        const request = { model: 'claude-sonnet-5-5', max_tokens: 9, messages: [{ role: 'user', content: 'hello' }] };
        const ask = async (Client) => { console.log((await new Client().messages.create(request)).id !== undefined); };
        ask(Loaded).then(() => ask(Bundled)).then(() => Promise.all([ask(Loaded), ask(Bundled)]));`,
      resolveDir: ROOT,
    },
    outfile: file,
    bundle: true,
    platform: 'node',
    logLevel: 'silent',
  });
  await writeFile(path.join(harness.packageDir, 'package.json'), '{"name":"app"}');
  const outcome = await harness.run(file, {
    scenario: { exchanges: [answer(), answer(), answer(), answer()] },
    preload: 'require',
    environment: { SDK: path.join(ROOT, 'node_modules/@anthropic-ai/sdk/index.js') },
  });
  expect([outcome.stdout, outcome.said]).toEqual(['true\n'.repeat(4), []]);
  expect(new Set(eventsOf(outcome, 'agent.model_call').map((call) => call['gen_ai.response.id'])).size).toBe(
    4,
  );
  expect(eventsOf(outcome, 'agent.run').map((run) => run['agent.turns'])).toEqual([1, 1, 1, 1]);
});
