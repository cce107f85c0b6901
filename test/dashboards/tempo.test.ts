// What the boards ask of Tempo, on a real Tempo: it runs where TEMPO_URL is the address of its HTTP API (and
// TEMPO_ENDPOINT, where it is not port 4317 of the same host, that of OTLP over gRPC).

import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { fieldOfDimension } from '../../core/schema.ts';
import { RUN_SPANS } from '../../dashboards/panels/traces.ts';
import { NARROWING } from '../../dashboards/variables.ts';
import { randomHex, sendSpans } from '../stack/otlp-client.ts';
import { waitUntil } from '../stack/process.ts';
import { startCollector, type CollectorServer } from '../stack/servers.ts';
import { BUILD_TIMEOUT_MS } from '../stack/tier.ts';

const TEMPO_URL = process.env['TEMPO_URL'];
if (TEMPO_URL === undefined) process.stdout.write('SKIP tempo because TEMPO_URL is not set\n');
const describeWithTempo = TEMPO_URL === undefined ? describe.skip : describe;
const VISIBLE_AFTER_MS = 60_000;

describeWithTempo('a real Tempo', () => {
  const url = TEMPO_URL ?? '';
  const run = randomHex(16);
  const traceId = randomHex(16);
  const agent = `agent-${run.slice(0, 8)}`;
  let collector: CollectorServer;

  beforeAll(async () => {
    const endpoint = process.env['TEMPO_ENDPOINT'] ?? `${new URL(url).hostname}:4317`;
    collector = await startCollector({
      configs: ['base.yaml', 'tempo.yaml'],
      env: { TEMPO_ENDPOINT: endpoint },
    });
    const attributes = {
      'agent.run_id': run,
      'gen_ai.agent.name': agent,
      'gen_ai.response.model': 'claude-sonnet-4-5',
      'user.id': 'user-1',
      'agent.task_type': 'answer',
    };
    const span = { name: `invoke_agent ${agent}`, traceId, attributes };
    const status = await sendSpans(collector.httpUrl, { 'service.name': 'boards' }, 'test', [span]);
    if (status !== 200) throw new Error(`the Collector answered ${status}`);
  }, BUILD_TIMEOUT_MS);

  afterAll(async () => {
    await collector.stop();
  });

  it(
    'finds the trace of a run by the query of the run board',
    async () => {
      await waitUntil(async () => (await searchRun(url, run)).length > 0, {
        what: () => 'Tempo to find the run',
        timeoutMs: VISIBLE_AFTER_MS,
      });
      expect(await searchRun(url, run)).toEqual([traceId]);
    },
    2 * VISIBLE_AFTER_MS,
  );

  it('opens a trace by its id', async () => {
    const answer = await fetch(`${url}/api/v2/traces/${traceId}`);
    expect(answer.status).toBe(200);
    expect(await answer.text()).toContain(run);
  });

  it(
    'has the choices of the variables',
    async () => {
      for (const dimension of NARROWING) {
        const tag = `span.${fieldOfDimension(dimension)}`;
        const read = async (): Promise<string> =>
          (await fetch(`${url}/api/v2/search/tag/${encodeURIComponent(tag)}/values`)).text();
        await waitUntil(async () => (await read()).includes('"value"'), {
          what: () => `Tempo to know ${tag}`,
          timeoutMs: VISIBLE_AFTER_MS,
        });
      }
      const values = await fetch(`${url}/api/v2/search/tag/span.gen_ai.agent.name/values`);
      expect(await values.text()).toContain(agent);
    },
    5 * VISIBLE_AFTER_MS,
  );
});

/** Ids of the traces that the query of the run board finds. */
async function searchRun(url: string, run: string): Promise<string[]> {
  const q = RUN_SPANS.replace('$run', run);
  const answer = await fetch(`${url}/api/search?${new URLSearchParams({ q, limit: '20' }).toString()}`);
  const { traces = [] } = (await answer.json()) as { traces?: { traceID: string }[] };
  return traces.map(({ traceID }) => traceID.padStart(32, '0'));
}
