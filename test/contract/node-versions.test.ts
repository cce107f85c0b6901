// The versions of Node that are supported: the example agent on each of them. NODE_BINARIES holds the paths
// of the binaries, separated as in PATH; without it only the Node that runs the tests is used.

import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { execFileSync } from 'node:child_process';
import path from 'node:path';
import { supportAgentScenario } from '../../examples/scenarios/support-agent.ts';
import { eventsOf, EXAMPLE, openHarness, type Harness } from './harness.ts';

const given = process.env['NODE_BINARIES']?.split(path.delimiter).filter((entry) => entry !== '') ?? [];
if (given.length === 0) console.log('SKIP other versions of Node: NODE_BINARIES is not set');

const NODES = [process.execPath, ...given].map((binary) => ({
  binary,
  version: execFileSync(binary, ['--version'], { encoding: 'utf8' }).trim(),
}));

describe.each(NODES)('Node $version', ({ binary }) => {
  let harness: Harness;
  beforeAll(async () => {
    harness = await openHarness();
  });
  afterAll(() => harness.close());

  it.each(['import', 'require', 'node-options'] as const)('observes the example by %s', async (preload) => {
    const bare = await harness.run(EXAMPLE, {
      scenario: supportAgentScenario(),
      preload: 'none',
      node: binary,
    });
    const observed = await harness.run(EXAMPLE, { scenario: supportAgentScenario(), preload, node: binary });
    expect([observed.stdout, observed.stderr, observed.code]).toEqual([bare.stdout, bare.stderr, 0]);
    expect(eventsOf(observed, 'agent.run').map((run) => run['agent.status'])).toEqual(['ok', 'ok', 'ok']);
    expect(eventsOf(observed, 'agent.model_call')).toHaveLength(11);
    expect(eventsOf(observed, 'agent.tool_call')).toHaveLength(9);
  });
});
