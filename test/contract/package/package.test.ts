// The package as users get it: packed, installed in an empty project, used in both formats and typed.

import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { build } from 'esbuild';
import { execFile } from 'node:child_process';
import { mkdir, mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { promisify } from 'node:util';
import { runInNewContext } from 'node:vm';
import { packPackages } from '../../../scripts/pack.ts';
import { startAnthropicApi } from '../../fakes/anthropic-api.ts';
import { answer } from '../../fakes/messages.ts';
import { startOtlpReceiver } from '../../fakes/otlp-receiver.ts';
import { ROOT } from '../harness.ts';

const execute = promisify(execFile);

/** What the edge runtime of Next.js does. */
const throws = (): never => {
  throw new Error('not supported in the Edge Runtime');
};

describe('the packed package', () => {
  let folder: string;
  let project: string;

  beforeAll(async () => {
    folder = await mkdtemp(path.join(tmpdir(), 'tallyspan-package-'));
    const [tarball = ''] = await packPackages(folder);
    project = path.join(folder, 'project');
    await mkdir(project);
    await writeFile(
      path.join(project, 'package.json'),
      '{"name":"my-agent","version":"1.2.3","private":true}',
    );
    await execute('npm', ['install', '--offline', '--no-audit', '--no-fund', '--omit=dev', tarball], {
      cwd: project,
    });
    await symlink(
      path.join(ROOT, 'node_modules/@anthropic-ai'),
      path.join(project, 'node_modules/@anthropic-ai'),
    );
  });
  afterAll(() => rm(folder, { recursive: true, force: true }));

  it('brings no other package with it', async () => {
    const lock = JSON.parse(await readFile(path.join(project, 'package-lock.json'), 'utf8')) as {
      packages: Record<string, unknown>;
    };
    expect(Object.keys(lock.packages)).toEqual(['', 'node_modules/@tallyspan/node']);
  });

  it.each([
    ['--import', 'app.mjs'],
    ['--require', 'app.cjs'],
    ['--require', 'app.mjs'],
  ])('%s @tallyspan/node/register %s', async (flag, name) => {
    const ask = `new Anthropic().messages.create({ model: 'claude-sonnet-5-5', max_tokens: 9, messages: [{ role: 'user', content: 'hi' }] })`;
    await writeFile(
      path.join(project, 'app.mjs'),
      `import Anthropic from '@anthropic-ai/sdk'; import { run } from '@tallyspan/node';
       console.log((await run({ agent: 'mine' }, () => ${ask})).content[0].text);`,
    );
    await writeFile(
      path.join(project, 'app.cjs'),
      `const Anthropic = require('@anthropic-ai/sdk').default; const { run } = require('@tallyspan/node');
       run({ agent: 'mine' }, () => ${ask}).then((message) => console.log(message.content[0].text));`,
    );
    const api = await startAnthropicApi({ exchanges: [answer()] });
    const receiver = await startOtlpReceiver();
    try {
      const { stdout } = await execute(process.execPath, [flag, '@tallyspan/node/register', name], {
        cwd: project,
        env: {
          PATH: process.env['PATH'],
          ANTHROPIC_BASE_URL: api.url,
          ANTHROPIC_API_KEY: 'test-key',
          OTEL_EXPORTER_OTLP_ENDPOINT: receiver.grpcUrl,
          TALLYSPAN_SPOOL: path.join(folder, 'spool'),
        },
      });
      expect(stdout).toBe('Hello there, how can I help?\n');
      // The project's own package.json names the service where no variable does.
      expect(receiver.events('agent.run')).toMatchObject([
        { 'gen_ai.agent.name': 'mine', 'service.name': 'my-agent', 'service.version': '1.2.3' },
      ]);
      expect(receiver.events('agent.model_call')).toHaveLength(1);
    } finally {
      await api.close();
      await receiver.close();
    }
  });

  it('is built into programs for places without Node, and passes through there', async () => {
    await writeFile(
      path.join(project, 'edge.mjs'),
      `import { feedback, identify, run, usageOf } from '@tallyspan/node';
       import { wrapQuery } from '@tallyspan/node/agent-sdk';
       identify({ userId: 'u' });
       globalThis.seen = [run({ agent: 'edge' }, ({ id }) => 'ran' + id), feedback('run'), typeof wrapQuery(() => ({})),
         usageOf({ model: 'claude-sonnet-5-5', usage: { input_tokens: 10, output_tokens: 1 } }).costNanoUsd];`,
    );
    const outfile = path.join(project, 'edge.js');
    // For a browser esbuild knows none of Node's modules.
    await build({
      entryPoints: [path.join(project, 'edge.mjs')],
      bundle: true,
      platform: 'browser',
      outfile,
    });
    for (const process of [undefined, { env: {}, getBuiltinModule: throws }]) {
      const place = { process, seen: [] };
      runInNewContext(await readFile(outfile, 'utf8'), place);
      expect([...place.seen]).toEqual(['ran', undefined, 'function', 30_000]);
    }
  });

  it('its types are complete in both formats', async () => {
    const source = `
      import { identify, note, run, tool, usageOf, wrapAgent, flush, type RunHandle } from '@tallyspan/node';
      import { wrapQuery } from '@tallyspan/node/agent-sdk';
      const weather: (city: string) => Promise<number> = tool('weather', async (city: string) => city.length);
      const agent = wrapAgent({ run: async (input: string) => input.length, other: 1 });
      export const result: Promise<number> = run({ agent: 'a' }, async (r: RunHandle) => {
        note('decision', r.id);
        identify({ userId: 'u' });
        return (await weather('Rome')) + (await agent.run('x')) + agent.other;
      });
      export const cost: number | undefined = usageOf({ model: 'm', usage: {} }).costUsd;
      export const query: (p: { prompt: string }) => object = wrapQuery((p: { prompt: string }) => ({ p }));
      export const flushed: Promise<void> = flush();
    `;
    await writeFile(path.join(project, 'typed.mts'), source);
    await writeFile(path.join(project, 'typed.cts'), source);
    const tsc = path.join(ROOT, 'node_modules/.bin/tsc');
    const options = ['--noEmit', '--strict', '--module', 'nodenext', '--target', 'es2023', '--types', ''];
    const { stdout } = await execute(tsc, [...options, 'typed.mts', 'typed.cts'], { cwd: project });
    expect(stdout).toBe('');
  });
});
