import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { readFileSync } from 'node:fs';
import { startServer, type RunningServer } from '../../server/start-server.ts';
import { playSupportAgent } from '../programs/support-agent.ts';
import { makeTemporaryFolder } from '../stack/folders.ts';
import { openLoki, type LokiServer } from '../stack/loki.ts';
import { waitUntil } from '../stack/process.ts';
import { startCollector, type CollectorServer } from '../stack/servers.ts';
import { BUILD_TIMEOUT_MS, describeWith } from '../stack/tier.ts';

// One program, seen three ways: straight by an embedded server, and through the real Collector by
// another embedded server and by the real Loki.

const TAG = 'collector-e2e';

interface Numbers {
  readonly runs: readonly Record<string, unknown>[];
  readonly cost: unknown;
  readonly events: number;
  readonly spans: number;
}

const IDS_AND_TIMES = new Set(['agent.run_id', 'trace_id', 'started_at', 'ended_at', 'duration_ms']);

async function startEmbedded(): Promise<RunningServer> {
  return startServer({
    dataDir: makeTemporaryFolder('embedded'),
    uiPort: 0,
    grpcPort: 0,
    httpPort: 0,
    log: () => {},
  });
}

async function readJson<T>(server: RunningServer, path: string): Promise<T> {
  return (await (await fetch(server.uiUrl + path)).json()) as T;
}

/** All that two plays of the same calls have in common. */
async function readNumbers(server: RunningServer): Promise<Numbers> {
  const runs = await readJson<Record<string, unknown>[]>(server, '/api/runs');
  const { total, rows } = await readJson<{ total: unknown; rows: unknown }>(server, '/api/cost?by=model');
  const { events, spans } = await readJson<Numbers>(server, '/api/meta');
  return {
    runs: runs.map((run) =>
      Object.fromEntries(Object.entries(run).filter(([key]) => !IDS_AND_TIMES.has(key))),
    ),
    cost: { total, rows },
    events,
    spans,
  };
}

(await describeWith('collector', 'loki'))('the agent through the real Collector', () => {
  let loki: LokiServer;
  let collector: CollectorServer;
  let straight: RunningServer;
  let behind: RunningServer;
  const files = makeTemporaryFolder('files');
  let plays: Awaited<ReturnType<typeof playSupportAgent>>[];

  beforeAll(async () => {
    [loki, straight, behind] = await Promise.all([openLoki(), startEmbedded(), startEmbedded()]);
    collector = await startCollector({
      configs: ['base.yaml', 'tallyspan.yaml', 'loki.yaml', 'file.yaml'],
      env: { TALLYSPAN_ENDPOINT: behind.grpcAddress, LOKI_URL: loki.url, FILE_DIR: files },
    });
    plays = [
      await playSupportAgent(straight.grpcAddress, TAG, { TALLYSPAN_SPOOL: makeTemporaryFolder('spool') }),
      await playSupportAgent(collector.grpcEndpoint, TAG, { TALLYSPAN_SPOOL: makeTemporaryFolder('spool') }),
    ];
    const wanted = await readNumbers(straight);
    await waitUntil(
      async () => {
        const { events, spans } = await readNumbers(behind);
        return events >= wanted.events && spans >= wanted.spans;
      },
      { what: () => `what the agent sent; the Collector said\n${collector.process.output().slice(-3000)}` },
    );
  }, BUILD_TIMEOUT_MS);

  afterAll(async () => {
    await collector.stop();
    await Promise.all([loki.stop(), straight.close(), behind.close()]);
  });

  it('behaves the same for the agent', () => {
    expect(plays.map(({ exitCode }) => exitCode)).toEqual([0, 0]);
    expect(plays[1]?.stdout).toBe(plays[0]?.stdout);
  });

  it('gives the same numbers as without it', async () => {
    const wanted = await readNumbers(straight);
    expect(wanted.runs).toHaveLength(3);
    expect(await readNumbers(behind)).toEqual(wanted);
  });

  it('gives Loki the same numbers as the embedded server', async () => {
    const { total, rows } = await readJson<{
      total: { cost_nano_usd: number };
      rows: { name: string; cost_nano_usd: number; calls: number }[];
    }>(straight, '/api/cost?by=model');
    // The embedded server stores a row for each share of a call's cost; what was sent are the calls, and sums of shares.
    const stored = (await (await fetch(`${straight.uiUrl}/api/export?format=jsonl`)).text())
      .trim()
      .split('\n');
    const events = stored
      .map((line) => JSON.parse(line) as Record<string, unknown>)
      .filter((event) => event['event.name'] !== 'agent.tool_cost' || 'tallyspan.calls' in event).length;
    const service = '{service_name="support-agent"}';
    await waitUntil(async () => (await loki.queryNumber(`sum(count_over_time(${service}[1h]))`)) >= events, {
      what: () => 'every event in Loki',
    });
    expect(await loki.queryNumber(`sum(count_over_time(${service}[1h]))`)).toBe(events);
    const calls = '{service_name="support-agent", event_name="agent.model_call"}';
    const sumOf = (filter: string): string =>
      `sum(sum_over_time(${calls} ${filter} | unwrap cost_nano_usd | __error__="" [1h]))`;
    expect(await loki.queryNumber(sumOf(''))).toBe(total.cost_nano_usd);
    for (const row of rows) {
      expect(await loki.queryNumber(sumOf(`| gen_ai_response_model="${row.name}"`))).toBe(row.cost_nano_usd);
    }
    const runs = '{service_name="support-agent", event_name="agent.run"}';
    expect(await loki.queryNumber(`sum(count_over_time(${runs} | agent_status="ok" [1h]))`)).toBe(3);
  });

  it('leaves nothing of what was said in Loki, nor in any span', async () => {
    const query = new URLSearchParams({ query: '{service_name=~".+"}', limit: '5000', since: '1h' });
    const stored = await (await fetch(`${loki.url}/loki/api/v1/query_range?${query.toString()}`)).text();
    const [spans, events] = ['spans', 'events'].map((name) => readFileSync(`${files}/${name}.jsonl`, 'utf8'));
    for (const text of [stored, spans, events]) {
      expect(text).toContain('lookup_order');
      for (const words of ['Where is my order', 'Leipzig', 'refunded', 'working days', 'A-1001']) {
        expect(text).not.toContain(words);
      }
    }
  });
});
