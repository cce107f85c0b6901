// Next.js as it is built by default: the SDK is in a bundle, and the server runs as a package's program.

import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { cp, readFile, writeFile } from 'node:fs/promises';
import { createServer, type AddressInfo } from 'node:net';
import path from 'node:path';
import { promisify } from 'node:util';
import { installProject } from '../contract/versions/cached-packages.ts';
import { eventsOf, openHarness, type Harness, type Outcome } from '../contract/harness.ts';
import { waitUntil } from '../stack/process.ts';
import { AGENT_COST_NANO_USD, agentScenario } from './agent-scenario.ts';

const BUILD_MS = 300_000;
const HERE = import.meta.dirname;
const ROUTE = path.join(HERE, 'programs/next-route.js');

let harness: Harness;
beforeAll(async () => {
  harness = await openHarness();
});
afterAll(() => harness.close());

/** Builds the application once for each text of its route. */
async function build(folder: string): Promise<void> {
  const built = path.join(folder, '.next/route.js');
  const route = await readFile(ROUTE, 'utf8');
  if (existsSync(built) && (await readFile(built, 'utf8')) === route) return;
  await cp(path.join(HERE, 'programs/next-layout.js'), path.join(folder, 'app/layout.js'));
  await cp(ROUTE, path.join(folder, 'app/ask/route.js'));
  await promisify(execFile)(process.execPath, [next(folder), 'build'], {
    cwd: folder,
    env: { ...process.env, NEXT_TELEMETRY_DISABLED: '1', NODE_OPTIONS: '' },
  });
  await writeFile(built, route);
}

function next(folder: string): string {
  return path.join(folder, 'node_modules/next/dist/bin/next');
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await new Promise((resolve) => server.once('listening', resolve));
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return port;
}

async function serve(folder: string): Promise<{ outcome: Outcome; answers: string[] }> {
  const port = await freePort();
  const url = `http://127.0.0.1:${String(port)}/ask`;
  let answers: string[] = [];
  const outcome = await harness.run(next(folder), {
    scenario: agentScenario,
    preload: 'node-options',
    arguments: ['start', '-p', String(port), '-H', '127.0.0.1'],
    cwd: folder,
    environment: { OTEL_SERVICE_NAME: '', NEXT_TELEMETRY_DISABLED: '1' },
    during: async (child, receiver, requests) => {
      await waitUntil(async () => (await fetch(url).catch(() => undefined))?.ok === true, {
        what: () => 'an answer of the application',
      });
      answers = await Promise.all([fetch(url), fetch(url)].map(async (answer) => (await answer).text()));
      // The server ends the process at once when it is asked to.
      await waitUntil(
        () =>
          receiver.events().filter((event) => event['event.name'] === 'agent.run').length ===
          requests.length / 3,
        { what: () => 'the runs' },
      );
      child.kill('SIGTERM');
    },
  });
  return { outcome, answers };
}

it(
  'a default build of Next.js: each request is a run with its calls and tools, of the application',
  async () => {
    const folder = await installProject(path.join(HERE, 'projects/next'));
    if (folder === undefined) return;
    await build(folder);
    const { outcome, answers } = await serve(folder);
    expect(answers).toEqual(['secret-answer', 'secret-answer']);
    const runs = eventsOf(outcome, 'agent.run');
    expect(runs).toHaveLength(outcome.requests.length / 3);
    for (const run of runs) {
      expect(run).toMatchObject({
        'service.name': 'tallyspan-next',
        'agent.status': 'ok',
        'agent.turns': 3,
        'agent.tool_calls': 2,
        'agent.cost_nano_usd': AGENT_COST_NANO_USD,
      });
    }
    expect(outcome.said).toEqual([]);
    expect(JSON.stringify([outcome.logs, outcome.spans]).match(/"[^"]*":"[^"]*secret-\w+/g)).toBeNull();
  },
  BUILD_MS,
);
