// What a process could not send before it exited: the server of the same machine fetches it.

import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { mkdir, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { startAnthropicApi, type AnthropicApi } from '../../fakes/anthropic-api.ts';
import { answer } from '../../fakes/messages.ts';
import { startTallyspan, type Started } from '../../programs/started.ts';
import { readTallyspan, runTallyspan } from '../../programs/tallyspan.ts';
import { waitUntil } from '../../stack/process.ts';

/** Ends in the moment in which the answer is there, as a worker of a cluster does. */
const ASK = `
  const body = JSON.stringify({ model: 'claude-sonnet-5-5', max_tokens: 9, messages: [{ role: 'user', content: 'hi' }] });
  await (await fetch(process.env.ANTHROPIC_BASE_URL + '/v1/messages', { method: 'POST', body })).json();
  process.exit(0);`;

let folder: string;
let api: AnthropicApi;
let server: Started;
beforeAll(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'tallyspan-drain-'));
  api = await startAnthropicApi({ exchanges: [], respond: () => answer() });
  await writeFile(path.join(folder, 'ask.mjs'), ASK);
  const ports = ['--port', '0', '--grpc-port', '0', '--http-port', '0'];
  server = startTallyspan(['up', ...ports, '--data', path.join(folder, 'data')], {
    env: { TALLYSPAN_SPOOL: path.join(folder, 'spool'), TALLYSPAN_TOKEN: '' },
  });
});
afterAll(async () => {
  server.child.kill('SIGTERM');
  await server.ended;
  await api.close();
  await rm(folder, { recursive: true, force: true });
});

it('of a process that exits at once all is in the server, and what is for another one stays', async () => {
  await server.printed('tallyspan ready');
  const [, ui = '', grpc = ''] = /ui=(\S+)\s+otlp-grpc=(\S+)/.exec(server.stdout()) ?? [];
  const other = path.join(folder, 'spool/other-0123456789ab');
  await mkdir(other, { recursive: true });
  await writeFile(path.join(other, 'target.json'), '{"logs":"127.0.0.1:1","traces":"127.0.0.1:1"}');
  await writeFile(path.join(other, `${String(Date.now())}-1-1.1.logs`), 'x');

  await runTallyspan(['exec', '--', 'node', 'ask.mjs'], {
    cwd: folder,
    env: {
      ANTHROPIC_BASE_URL: api.url,
      OTEL_EXPORTER_OTLP_ENDPOINT: `http://${grpc}`,
      OTEL_SERVICE_NAME: 'asker',
      TALLYSPAN_SPOOL: path.join(folder, 'spool'),
    },
  });
  const [run] = await waitUntil(
    async () => {
      const runs = await readTallyspan<Record<string, unknown>[]>(['runs', '--url', ui]);
      return runs.some((found) => found['agent.status'] === 'ok') ? runs : undefined;
    },
    { what: () => 'the run' },
  );
  expect(run).toMatchObject({ 'agent.cost_nano_usd': 400_000 });
  const left = await readdir(path.join(folder, 'spool'), { recursive: true });
  expect(left.filter((name) => name.endsWith('.logs'))).toEqual([expect.stringContaining('other-')]);
});
