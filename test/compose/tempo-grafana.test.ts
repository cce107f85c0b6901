import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { describeWhere } from '../fixtures/describe-where.ts';
import { randomHex, sendSpans } from '../stack/otlp-client.ts';
import { waitUntil } from '../stack/process.ts';
import { startCollector, type CollectorServer } from '../stack/servers.ts';
import { openTempo, type TempoServer } from '../stack/tempo.ts';
import { BUILD_TIMEOUT_MS, describeWith } from '../stack/tier.ts';

// A real Tempo as test/stack/tempo.ts finds it, and a Grafana that runs elsewhere and was provisioned from this
// repository: GRAFANA_URL with GRAFANA_PASSWORD.

const grafanaUrl = (process.env['GRAFANA_URL'] ?? '').replace(/\/+$/, '');

async function get<T>(path: string): Promise<T> {
  const password = process.env['GRAFANA_PASSWORD'] ?? '';
  const authorization = `Basic ${Buffer.from(`admin:${password}`).toString('base64')}`;
  const answer = await fetch(`${grafanaUrl}${path}`, { headers: { authorization } });
  if (!answer.ok) throw new Error(`${path} answered ${answer.status}: ${await answer.text()}`);
  return (await answer.json()) as T;
}

(await describeWith('collector', 'tempo'))('a real Tempo behind the real Collector', () => {
  const marker = `said-${randomHex(8)}`;
  const traceId = randomHex(16);
  let collector: CollectorServer;
  let tempo: TempoServer;

  beforeAll(async () => {
    tempo = await openTempo();
    collector = await startCollector({
      configs: ['base.yaml', 'tempo.yaml'],
      env: { TEMPO_ENDPOINT: tempo.grpcEndpoint },
    });
    const rootId = randomHex(8);
    await sendSpans(collector.httpUrl, { 'service.name': 'shop' }, '@traceloop/instrumentation-anthropic', [
      {
        name: 'anthropic.chat',
        traceId,
        parentSpanId: rootId,
        attributes: { 'gen_ai.usage.input_tokens': 10, 'gen_ai.prompt.0.content': marker },
      },
      { name: 'invoke_agent support', traceId, spanId: rootId, attributes: {} },
    ]);
  }, BUILD_TIMEOUT_MS);

  afterAll(async () => {
    await collector.stop();
    await tempo.stop();
  });

  it('shows the whole trace as its emitter sent it, without content', async () => {
    const text = await waitUntil(
      async () => {
        const answer = await fetch(`${tempo.url}/api/traces/${traceId}`, {
          headers: { accept: 'application/json' },
        });
        const body = await answer.text();
        return answer.ok && body.includes('anthropic.chat') ? body : undefined;
      },
      { what: () => `the trace in Tempo; the Collector said\n${collector.process.output().slice(-2000)}` },
    );
    expect(text).toContain('invoke_agent support');
    expect(text).toContain('gen_ai.usage.input_tokens');
    expect(text).not.toContain('gen_ai.prompt');
    expect(text).not.toContain(marker);
  });
});

describeWhere(
  grafanaUrl !== '',
  'grafana',
  'GRAFANA_URL is not set',
)('a real Grafana', () => {
  it.each(['loki', 'tempo'])('reaches %s', async (uid) => {
    expect(await get<{ status: string }>(`/api/datasources/uid/${uid}/health`)).toMatchObject({
      status: 'OK',
    });
  });

  it('links events to traces and spans to events, with the variables as they were written', async () => {
    const loki = await get<{ jsonData: { derivedFields: unknown[] } }>('/api/datasources/uid/loki');
    expect(loki.jsonData.derivedFields).toEqual([
      expect.objectContaining({ datasourceUid: 'tempo', url: '${__value.raw}' }),
    ]);
    const tempo = await get<{ jsonData: { tracesToLogsV2: unknown } }>('/api/datasources/uid/tempo');
    expect(tempo.jsonData.tracesToLogsV2).toMatchObject({
      datasourceUid: 'loki',
      query: '{${__tags}} | trace_id="${__trace.traceId}"',
    });
  });

  it('has the boards and the rules', async () => {
    expect((await get<unknown[]>('/api/search?type=dash-db&query=')).length).toBeGreaterThan(0);
    expect((await get<unknown[]>('/api/v1/provisioning/alert-rules')).length).toBeGreaterThan(0);
  });
});
