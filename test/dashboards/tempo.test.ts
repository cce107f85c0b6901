// What the boards ask of Tempo, on a real Tempo as test/stack/tempo.ts finds it.

import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { readFileSync } from 'node:fs';
import { parse } from 'yaml';
import { fieldOfDimension } from '../../core/schema.ts';
import { RUN_SPANS } from '../../dashboards/panels/traces.ts';
import { NARROWING } from '../../dashboards/variables.ts';
import { randomHex, sendLogs, sendSpans, toLog } from '../stack/otlp-client.ts';
import { waitUntil } from '../stack/process.ts';
import { openLoki, type LokiServer } from '../stack/loki.ts';
import { startCollector, type CollectorServer } from '../stack/servers.ts';
import { openTempo, type TempoServer } from '../stack/tempo.ts';
import { BUILD_TIMEOUT_MS, describeWith } from '../stack/tier.ts';

const VISIBLE_AFTER_MS = 60_000;

(await describeWith('collector', 'loki', 'tempo'))('a real Tempo', () => {
  /** As somebody else's run may be called. */
  const run = `"${randomHex(8)}\\ ’`;
  const traceId = randomHex(16);
  const agent = `agent-${randomHex(4)}`;
  let loki: LokiServer;
  let collector: CollectorServer;
  let tempo: TempoServer;
  let url = '';

  beforeAll(async () => {
    tempo = await openTempo();
    url = tempo.url;
    loki = await openLoki();
    collector = await startCollector({
      configs: ['base.yaml', 'loki.yaml', 'tempo.yaml'],
      env: { LOKI_URL: loki.url, TEMPO_ENDPOINT: tempo.grpcEndpoint },
    });
    const attributes = {
      'agent.run_id': run,
      'gen_ai.agent.name': agent,
      'gen_ai.response.model': 'claude-sonnet-4-5',
      'user.id': 'user-1',
      'agent.task_type': 'answer',
      'agent.version': '1.4',
    };
    const span = { name: `invoke_agent ${agent}`, traceId, attributes };
    const status = await sendSpans(collector.httpUrl, { 'service.name': 'boards' }, 'test', [span]);
    if (status !== 200) throw new Error(`the Collector answered ${status}`);
    const event = toLog({
      timestamp: Date.now(),
      'event.name': 'agent.run.started',
      'agent.run_id': run,
      trace_id: traceId,
      span_id: randomHex(8),
    });
    await sendLogs(collector.httpUrl, { 'service.name': 'boards' }, [event]);
  }, BUILD_TIMEOUT_MS);

  afterAll(async () => {
    await collector.stop();
    await loki.stop();
    await tempo.stop();
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
    expect(await answer.text()).toContain(JSON.stringify(run));
  });

  it(
    'leads from a span to the events of its trace, and from an event to its trace, as the data sources say',
    async () => {
      const [query, field] = linksOfDataSources();
      const logql = query
        .replace('${__tags}', 'service_name="boards"')
        .replace('${__trace.traceId}', traceId);
      const read = (): Promise<Record<string, string>[]> => readStreams(loki.url, logql);
      await waitUntil(async () => (await read()).length > 0, {
        what: () => `Loki to answer ${logql}`,
        timeoutMs: VISIBLE_AFTER_MS,
      });
      const [labels] = await read();
      expect(labels?.['agent_run_id']).toBe(run);
      const answer = await fetch(`${url}/api/v2/traces/${labels?.[field]}`);
      expect(answer.status).toBe(200);
    },
    2 * VISIBLE_AFTER_MS,
  );

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
  const q = RUN_SPANS.replace('$run', () => run);
  const answer = await fetch(`${url}/api/search?${new URLSearchParams({ q, limit: '20' }).toString()}`);
  const { traces = [] } = (await answer.json()) as { traces?: { traceID: string }[] };
  return traces.map(({ traceID }) => traceID.padStart(32, '0'));
}

/** The query from a span to its events, and the label of an event that leads to its trace. */
function linksOfDataSources(): [query: string, label: string] {
  const file = new URL('../../stack/grafana/datasources/tallyspan.yaml', import.meta.url);
  const { datasources } = parse(readFileSync(file, 'utf8')) as {
    datasources: {
      uid: string;
      jsonData: {
        derivedFields?: { matcherType: string; matcherRegex: string }[];
        tracesToLogsV2?: { query: string };
      };
    }[];
  };
  const source = (uid: string) => datasources.find((one) => one.uid === uid)?.jsonData;
  // A doubled sign stands for one that Grafana does not expand when it reads the file.
  const query = source('tempo')?.tracesToLogsV2?.query.replaceAll('$$', () => '$') ?? '';
  return [query, source('loki')?.derivedFields?.[0]?.matcherRegex ?? ''];
}

/** Labels of the streams that a log query finds. */
async function readStreams(url: string, query: string): Promise<Record<string, string>[]> {
  const params = new URLSearchParams({ query, start: `${Date.now() - 600_000}000000` });
  const answer = await fetch(`${url}/loki/api/v1/query_range?${params.toString()}`);
  if (!answer.ok) throw new Error(`Loki refused ${query}: ${await answer.text()}`);
  const { data } = (await answer.json()) as { data: { result: { stream: Record<string, string> }[] } };
  return data.result.map(({ stream }) => stream);
}
