// Python: Anthropic's SDK with the instrumentations of others, as they send their spans to the server. Installed once into
// a folder of the cache; where there is no Python, or no registry, the test says so.

import { afterEach, describe, expect, it } from '@jest/globals';
import { execFile } from 'node:child_process';
import path from 'node:path';
import { promisify } from 'node:util';
import { installRequirements } from '../contract/versions/cached-packages.ts';
import { startAnthropicApi, type AnthropicApi } from '../fakes/anthropic-api.ts';
import { getJson, startTestServer, type TestServer } from '../server/harness.ts';
import { waitUntil } from '../stack/process.ts';
import { AGENT_COST_NANO_USD, agentScenario } from './agent-scenario.ts';

const INSTALL_MS = 300_000;
const HERE = import.meta.dirname;

let server: TestServer | undefined;
let api: AnthropicApi | undefined;
afterEach(async () => {
  await server?.remove();
  await api?.close();
});

async function valueOf(signal: string): Promise<number | null> {
  if (server === undefined) return null;
  return (await getJson<{ value: number | null }>(server, `/api/signals/${signal}?window=1h`)).value;
}

describe('an agent in Python', () => {
  it.each(['OpenLLMetry', 'OpenInference'])(
    'with %s: its calls are counted once and cost what the API was asked for',
    async (emitter) => {
      const python = await installRequirements(path.join(HERE, 'projects/python/requirements.txt'));
      if (python === undefined) return;
      api = await startAnthropicApi(agentScenario);
      server = await startTestServer();
      const { stdout } = await promisify(execFile)(python, [path.join(HERE, 'programs/agent.py')], {
        env: {
          PATH: process.env['PATH'],
          ANTHROPIC_BASE_URL: api.url,
          OTEL_EXPORTER_OTLP_ENDPOINT: `http://${server.httpAddress}`,
          EMITTER: emitter,
        },
      });
      expect(stdout).toBe('secret-answer\n');
      expect(api.requests).toHaveLength(3);
      // A trace is complete when nothing more of it comes.
      await waitUntil(async () => (await valueOf('cost')) === AGENT_COST_NANO_USD, {
        what: () => 'the cost of the calls',
      });
      expect(await valueOf('unpriced_calls')).toBe(0);
      expect(await valueOf('model_calls')).toBe(3);
    },
    INSTALL_MS,
  );
});
