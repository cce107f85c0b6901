// Processes that others start, freeze and end: what is seen of an agent in them is the same to the nano-dollar.

import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { copyFile, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { installProject } from '../contract/versions/cached-packages.ts';
import { eventsOf, openHarness, type Harness } from '../contract/harness.ts';
import { waitUntil } from '../stack/process.ts';
import { AGENT_COST_NANO_USD, agentScenario } from './agent-scenario.ts';

const INSTALL_MS = 300_000;
const HERE = import.meta.dirname;

let harness: Harness;
beforeAll(async () => {
  harness = await openHarness();
});
afterAll(() => harness.close());

/** Folder of the project with the program in it; `undefined` where its packages cannot be had. */
async function place(project: string): Promise<string | undefined> {
  const folder = await installProject(path.join(HERE, 'projects', project));
  if (folder !== undefined)
    await copyFile(path.join(HERE, 'programs/processes.mjs'), path.join(folder, 'processes.mjs'));
  return folder;
}

const EXACT = {
  'agent.status': 'ok',
  'agent.turns': 3,
  'agent.tool_calls': 2,
  'agent.cost_nano_usd': AGENT_COST_NANO_USD,
};

it(
  'AWS Lambda: a process that is frozen at its answer has sent all of it before',
  async () => {
    const folder = await place('express');
    if (folder === undefined) return;
    const outcome = await harness.run(path.join(folder, 'processes.mjs'), {
      scenario: agentScenario,
      environment: {
        OTEL_SERVICE_NAME: '',
        AWS_LAMBDA_FUNCTION_NAME: 'desk',
        WAY: 'lambda',
        API: path.join(harness.packageDir, 'index.mjs'),
      },
      during: async (child, receiver) => {
        // Frozen: what has not left by now never will.
        await new Promise((resolve) => child.stdout?.once('data', resolve));
        await waitUntil(() => receiver.events().some((event) => event['event.name'] === 'agent.run'), {
          what: () => 'the run of the frozen process',
        });
        child.kill('SIGKILL');
      },
    });
    expect([outcome.stdout, outcome.said]).toEqual(['secret-answer\n', []]);
    expect(eventsOf(outcome, 'agent.run')).toMatchObject([{ ...EXACT, 'service.name': 'desk' }]);
    expect(eventsOf(outcome, 'agent.model_call')).toHaveLength(3);
  },
  INSTALL_MS,
);

it(
  "PM2: the agent is seen, under its own application's name, and PM2 itself is not",
  async () => {
    const folder = await place('pm2');
    if (folder === undefined) return;
    // Its daemon puts sockets there; a path of theirs must be short.
    const home = await mkdtemp(path.join(tmpdir(), 'pm2-'));
    try {
      const outcome = await harness.run(path.join(folder, 'node_modules/pm2/bin/pm2-runtime'), {
        scenario: agentScenario,
        preload: 'node-options',
        cwd: folder,
        arguments: ['start', 'processes.mjs', '--no-autorestart'],
        environment: { OTEL_SERVICE_NAME: '', WAY: 'pm2', PM2_HOME: home, PM2_DISABLE_VERSION_CHECK: 'true' },
        during: async (child, receiver) => {
          await waitUntil(() => receiver.events().some((event) => event['event.name'] === 'agent.run'), {
            what: () => 'the run of the agent',
          });
          child.kill('SIGINT');
        },
      });
      expect(outcome.said).toEqual([]);
      expect(eventsOf(outcome, 'agent.run')).toMatchObject([{ ...EXACT, 'service.name': 'tallyspan-pm2' }]);
    } finally {
      await rm(home, { recursive: true, force: true, maxRetries: 10 });
    }
  },
  INSTALL_MS,
);
