import { afterEach, expect, it } from '@jest/globals';
import { readFileSync } from 'node:fs';
import { startOtlpReceiver, type OtlpReceiver } from '../fakes/otlp-receiver.ts';
import { startMockBackend, type MockBackend } from '../stack/backend.ts';
import { makeTemporaryFolder } from '../stack/folders.ts';
import { sendLogs, sendSpans, toLog } from '../stack/otlp-client.ts';
import { findFreePorts, waitUntil } from '../stack/process.ts';
import { promptGrpcConfig, promptJsonConfig } from '../stack/prompt-export.ts';
import { startCollector, type CollectorServer } from '../stack/servers.ts';
import { BUILD_TIMEOUT_MS, describeWith } from '../stack/tier.ts';

const RESOURCE = { 'service.name': 'shop' };
const EVENT = toLog({
  timestamp: Date.parse('2026-11-20T10:00:00Z'),
  'event.name': 'agent.model_call',
  trace_id: 'a'.repeat(32),
  span_id: 'b'.repeat(16),
  cost_nano_usd: 42,
  tokens_output: 7,
  'gen_ai.usage.output_tokens': 7,
  'gen_ai.response.id': 'msg_1',
});
/** Of tokens it has what the conventions name, and no buckets. */
const JUDGE = toLog({
  timestamp: Date.parse('2026-11-20T10:00:01Z'),
  'event.name': 'judge.call',
  'gen_ai.usage.output_tokens': 9,
  'gen_ai.response.id': 'msg_2',
});

(await describeWith('collector'))('every backend, as it is shipped', () => {
  let collector: CollectorServer;
  const closing: (() => Promise<void>)[] = [];

  async function start(configs: readonly string[], env: Record<string, string>): Promise<void> {
    collector = await startCollector({ configs: ['base.yaml', ...configs], env });
    closing.push(async () => collector.stop());
    await sendSpans(collector.httpUrl, RESOURCE, 'tallyspan', [
      { name: 'chat claude-opus-5-5', attributes: { 'gen_ai.operation.name': 'chat' } },
    ]);
    await sendLogs(collector.httpUrl, RESOURCE, [EVENT]);
  }

  async function startHttp(): Promise<MockBackend> {
    const backend = await startMockBackend();
    closing.push(async () => backend.stop());
    return backend;
  }

  async function startGrpc(): Promise<OtlpReceiver> {
    const receiver = await startOtlpReceiver();
    closing.push(async () => receiver.close());
    return receiver;
  }

  async function until(check: () => boolean): Promise<void> {
    await waitUntil(check, { what: () => `it to arrive:\n${collector.process.output().slice(-2000)}` });
  }

  afterEach(async () => {
    for (const close of closing.splice(0).toReversed()) await close();
  });

  it(
    'Langfuse gets spans, with its key and the header of the real-time path',
    async () => {
      const backend = await startHttp();
      await start(['langfuse.yaml', promptJsonConfig(['otlp_http/langfuse'])], {
        LANGFUSE_HOST: backend.url,
        LANGFUSE_AUTH: 'cGs6c2s=',
      });
      await until(() => backend.spans.length === 1);
      expect(backend.requests.map(({ path }) => path)).toEqual(['/api/public/otel/v1/traces']);
      expect(backend.requests[0]?.headers).toMatchObject({
        authorization: 'Basic cGs6c2s=',
        'x-langfuse-ingestion-version': '4',
      });
    },
    BUILD_TIMEOUT_MS,
  );

  it('Datadog gets spans and events, with its key', async () => {
    const backend = await startHttp();
    await start(['datadog.yaml', promptJsonConfig(['otlp_http/datadog'])], {
      DATADOG_OTLP_ENDPOINT: backend.url,
      DD_API_KEY: 'dd-key',
    });
    await until(() => backend.spans.length === 1 && backend.logs.length === 1);
    expect(backend.requests.map(({ path }) => path).sort()).toEqual(['/v1/logs', '/v1/traces']);
    expect(backend.requests[0]?.headers).toMatchObject({
      'dd-api-key': 'dd-key',
      'dd-otlp-source': 'llmobs',
    });
  });

  it('any OTLP backend gets spans and events, with its authorization', async () => {
    const backend = await startHttp();
    await start(['otlp.yaml', promptJsonConfig()], {
      OTLP_BACKEND_URL: backend.url,
      OTLP_BACKEND_AUTHORIZATION: 'Bearer of-the-backend',
    });
    await until(() => backend.spans.length === 1 && backend.logs.length === 1);
    expect(backend.requests[0]?.headers).toMatchObject({ authorization: 'Bearer of-the-backend' });
    expect(backend.logs[0]).toEqual({ body: EVENT.body, resource: RESOURCE, attributes: EVENT.attributes });
  });

  it('Loki gets events at its OTLP address', async () => {
    const backend = await startHttp();
    await start(['loki.yaml', promptJsonConfig(['otlp_http/loki'])], { LOKI_URL: backend.url });
    await until(() => backend.logs.length === 1);
    expect(backend.requests.map(({ path }) => path)).toEqual(['/otlp/v1/logs']);
    await sendLogs(collector.httpUrl, RESOURCE, [JUDGE]);
    await until(() => backend.logs.length === 2);
    await sendLogs(collector.httpUrl, RESOURCE, [EVENT], 'other.library');
    await until(() => backend.logs.length === 3);
    // Of our own records the line alone has what other labels say or what names this one record.
    expect(backend.logs).toEqual([
      {
        body: EVENT.body,
        resource: RESOURCE,
        attributes: { 'event.name': 'agent.model_call', cost_nano_usd: 42, tokens_output: 7 },
      },
      {
        body: JUDGE.body,
        resource: RESOURCE,
        attributes: { 'event.name': 'judge.call', 'gen_ai.usage.output_tokens': 9 },
      },
      { body: EVENT.body, resource: RESOURCE, attributes: EVENT.attributes },
    ]);
  });

  it('Loki gets names of others beside its labels, so that an id in them opens no stream', async () => {
    const backend = await startHttp();
    await start(['loki.yaml', promptJsonConfig(['otlp_http/loki'])], { LOKI_URL: backend.url });
    await until(() => backend.logs.length === 1);
    const names = [
      'order-17',
      'claude_code.api_request',
      'agent.model_call',
      'agent.model_call.2',
      'my agent.run',
    ];
    const records = names.map((name) => ({ ...EVENT, attributes: { 'event.name': name } }));
    await sendLogs(collector.httpUrl, RESOURCE, records, 'other.library');
    await until(() => backend.logs.length === 1 + names.length);
    expect(backend.logs.slice(1).map(({ attributes }) => attributes)).toEqual(
      names.map((name) => (name === 'agent.model_call' ? { 'event.name': name } : { event_name: name })),
    );
  });

  it.each([
    ['tempo', 'TEMPO_ENDPOINT', false],
    ['jaeger', 'JAEGER_ENDPOINT', false],
    ['honeycomb', 'HONEYCOMB_ENDPOINT', true],
    ['tallyspan', 'TALLYSPAN_ENDPOINT', true],
  ] as const)('%s gets what it takes over gRPC', async (id, variable, takesEvents) => {
    const receiver = await startGrpc();
    await start([`${id}.yaml`, promptGrpcConfig([`otlp_grpc/${id}`])], {
      [variable]: new URL(receiver.grpcUrl).host,
      HONEYCOMB_API_KEY: 'hc-key',
    });
    await until(() => receiver.spans.length === 1 && receiver.logs.length === (takesEvents ? 1 : 0));
    expect(receiver.spans[0]?.name).toBe('chat claude-opus-5-5');
  });

  it('files get spans and events', async () => {
    const folder = makeTemporaryFolder('file');
    await start(['file.yaml'], { FILE_DIR: folder });
    const read = (name: string): string => readFileSync(`${folder}/${name}.jsonl`, 'utf8');
    await until(
      () => read('spans').includes('claude-opus-5-5') && read('events').includes('agent.model_call'),
    );
    expect(JSON.parse(read('events').trim())).toHaveProperty('resourceLogs');
  });

  it('one that is down holds up no other', async () => {
    const backend = await startHttp();
    const [dead] = await findFreePorts(1);
    await start(['tempo.yaml', 'jaeger.yaml', 'loki.yaml', 'otlp.yaml', promptJsonConfig()], {
      TEMPO_ENDPOINT: `127.0.0.1:${dead}`,
      JAEGER_ENDPOINT: `127.0.0.1:${dead}`,
      LOKI_URL: `http://127.0.0.1:${dead}`,
      OTLP_BACKEND_URL: backend.url,
    });
    await until(() => backend.spans.length === 1 && backend.logs.length === 1);
    expect(await collector.readMetric('otelcol_exporter_queue_size', 'otlp_http/loki')).toBeGreaterThan(0);
  });

  it('the gateway sends a trace to the Collector behind it', async () => {
    const receiver = await startGrpc();
    const gateway = await startCollector({
      configs: ['gateway.yaml'],
      env: { GATEWAY_TARGETS: '127.0.0.1', GATEWAY_TARGET_PORT: new URL(receiver.grpcUrl).port },
    });
    closing.push(async () => gateway.stop());
    collector = gateway;
    await sendSpans(gateway.httpUrl, RESOURCE, 'tallyspan', [{ name: 'chat', attributes: {} }]);
    await sendLogs(gateway.httpUrl, RESOURCE, [EVENT]);
    await until(() => receiver.spans.length === 1 && receiver.logs.length === 1);
    expect(receiver.logs[0]?.body).toBe(EVENT.body);
  });
});
