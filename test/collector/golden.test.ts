import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { BACKENDS, type Backend } from '../../collector/backends.ts';
import { collectorFiles } from '../../collector/generated.ts';
import { makeTemporaryFolder } from '../stack/folders.ts';
import { waitUntil } from '../stack/process.ts';
import { promptConfig, promptGrpcConfig } from '../stack/prompt-export.ts';
import { startRecordingBackend, type RecordingBackend } from '../stack/recording-backend.ts';
import { isStockCollector, startCollector, type CollectorServer } from '../stack/servers.ts';
import { BUILD_TIMEOUT_MS, describeWith } from '../stack/tier.ts';
import { goldenFor, type Golden } from './golden-file.ts';
import { GOLDEN_SPANS, sendGoldenInput } from './golden-input.ts';
import { readRecords, type GoldenRecord } from './golden-output.ts';

// Every shipped configuration in a real Collector, fed with the same input; all that it sends is compared
// with a committed file. To take a change over: UPDATE_GOLDEN=1 npm test -- test/collector/golden

const ENVIRONMENT: Readonly<Record<string, (backend: RecordingBackend) => Record<string, string>>> = {
  loki: ({ httpUrl }) => ({ LOKI_URL: httpUrl }),
  tempo: ({ grpcEndpoint }) => ({ TEMPO_ENDPOINT: grpcEndpoint }),
  // From a file, as in the stack.
  tallyspan: ({ grpcEndpoint }) => ({
    TALLYSPAN_ENDPOINT: grpcEndpoint,
    TALLYSPAN_TOKEN: `\${file:${fileWith('the-token')}}`,
  }),
  langfuse: ({ httpUrl }) => ({ LANGFUSE_HOST: httpUrl, LANGFUSE_AUTH: 'cGs6c2s=' }),
  honeycomb: ({ grpcEndpoint }) => ({ HONEYCOMB_ENDPOINT: grpcEndpoint, HONEYCOMB_API_KEY: 'hc-key' }),
  datadog: ({ httpUrl }) => ({ DATADOG_OTLP_ENDPOINT: httpUrl, DD_API_KEY: 'dd-key' }),
  jaeger: ({ grpcEndpoint }) => ({ JAEGER_ENDPOINT: grpcEndpoint }),
  otlp: ({ httpUrl }) => ({
    OTLP_BACKEND_URL: httpUrl,
    OTLP_BACKEND_AUTHORIZATION: 'Bearer of-the-backend',
  }),
};

function fileWith(text: string): string {
  const file = join(makeTemporaryFolder('token'), 'token');
  writeFileSync(file, text);
  return file;
}

const COVERED = new Set<string>();

function wanted(id: string, output: Golden): Golden {
  COVERED.add(id);
  return goldenFor(id, output);
}

function describeOutput(requests: RecordingBackend['requests']): Golden {
  const sends = new Map(
    requests.map(({ route, headers }) => [JSON.stringify({ route, headers }), { route, headers }] as const),
  );
  const records = readRecords(requests.map(({ content }) => content));
  return {
    sends: [...sends].sort(([left], [right]) => (left < right ? -1 : 1)).map(([, send]) => send),
    ...splitRecords(records),
  };
}

function splitRecords(records: readonly GoldenRecord[]): {
  spans: readonly GoldenRecord[];
  logs: readonly GoldenRecord[];
} {
  return {
    spans: records.filter((record) => 'startTimeUnixNano' in record),
    logs: records.filter((record) => !('startTimeUnixNano' in record)),
  };
}

function countRecords(backend: RecordingBackend): { spans: number; logs: number } {
  const { spans, logs } = describeOutput(backend.requests);
  return { spans: spans.length, logs: logs.length };
}

function exporterOf({ exporters }: Backend): string[] {
  return Object.keys(exporters).filter((name) => !name.startsWith('file/'));
}

async function untilArrived(
  collector: CollectorServer,
  backend: RecordingBackend,
  least: { spans: number; logs: number },
): Promise<void> {
  await waitUntil(
    () => {
      const { spans, logs } = countRecords(backend);
      return spans >= least.spans && logs >= least.logs;
    },
    {
      what: () =>
        `${JSON.stringify(least)}, there are ${JSON.stringify(countRecords(backend))}; the Collector said\n` +
        collector.process.output().slice(-3000),
    },
  );
}

(await describeWith('collector'))('what each configuration sends, to the last field', () => {
  const closing: (() => Promise<void>)[] = [];

  async function record(): Promise<RecordingBackend> {
    const backend = await startRecordingBackend();
    closing.push(async () => backend.stop());
    return backend;
  }

  async function run(configs: readonly string[], env: Record<string, string>): Promise<CollectorServer> {
    const collector = await startCollector({ configs, env });
    closing.push(async () => collector.stop());
    return collector;
  }

  async function stopAll(): Promise<void> {
    for (const close of closing.splice(0).toReversed()) await close();
  }

  describe('every backend, all in one Collector', () => {
    const recorders = new Map<string, RecordingBackend>();
    const files = makeTemporaryFolder('golden');

    beforeAll(async () => {
      const env: Record<string, string> = { FILE_DIR: files };
      for (const [id, describeEnvironment] of Object.entries(ENVIRONMENT)) {
        const backend = await record();
        recorders.set(id, backend);
        Object.assign(env, describeEnvironment(backend));
      }
      const exporters = BACKENDS.flatMap(exporterOf);
      const collector = await run(
        [
          'base.yaml',
          ...BACKENDS.map(({ id }) => `${id}.yaml`),
          promptConfig(exporters.filter((name) => name.startsWith('otlp_http/'))),
          promptGrpcConfig(exporters.filter((name) => name.startsWith('otlp_grpc/'))),
        ],
        env,
      );
      const sent = await sendGoldenInput(collector.httpUrl);
      for (const { id, spans, events } of BACKENDS) {
        const backend = recorders.get(id);
        if (backend === undefined) continue;
        await untilArrived(collector, backend, {
          spans: spans === undefined ? 0 : sent.spans,
          logs: events === undefined ? 0 : sent.logs,
        });
      }
      const otlp = describeOutput(recorders.get('otlp')?.requests ?? []);
      goldenFor('clean', { spans: otlp.spans, logs: otlp.logs });
      // Files are written once a second and closed with the Collector.
      await stopAll();
    }, BUILD_TIMEOUT_MS);

    it.each(Object.keys(ENVIRONMENT))('%s', (id) => {
      const output = describeOutput(recorders.get(id)?.requests ?? []);
      expect(output).toEqual(wanted(id, output));
    });

    it('file', () => {
      const requests = readdirSync(files).flatMap((name) =>
        readFileSync(join(files, name), 'utf8')
          .trim()
          .split('\n')
          .map((line) => JSON.parse(line) as Record<string, unknown>),
      );
      const output = splitRecords(readRecords(requests));
      expect(output).toEqual(wanted('file', output));
    });
  });

  describe('the others', () => {
    afterEach(stopAll);

    it.each([
      ['config', ['config.yaml']],
      ['distribution', ['config.yaml', 'distribution.yaml']],
    ])('%s', async (id, configs) => {
      if (id === 'distribution' && isStockCollector()) {
        process.stderr.write('SKIP distribution.yaml because it needs parts of our own build\n');
        COVERED.add(id);
        return;
      }
      const [loki, tempo] = [await record(), await record()];
      const collector = await run(
        [...configs, promptConfig(['otlp_http/loki']), promptGrpcConfig(['otlp_grpc/tempo'])],
        { LOKI_URL: loki.httpUrl, TEMPO_ENDPOINT: tempo.grpcEndpoint },
      );
      const sent = await sendGoldenInput(collector.httpUrl);
      await untilArrived(collector, loki, { spans: 0, logs: sent.logs });
      await untilArrived(collector, tempo, { spans: sent.spans, logs: 0 });
      const output = describeOutput([...loki.requests, ...tempo.requests]);
      expect(output).toEqual(wanted(id, output));
    });

    it('content', async () => {
      const backend = await record();
      const collector = await run(
        ['base.yaml', 'otlp.yaml', 'content.yaml', promptConfig(['otlp_http/backend'])],
        { OTLP_BACKEND_URL: backend.httpUrl },
      );
      await untilArrived(collector, backend, await sendGoldenInput(collector.httpUrl));
      const output = describeOutput(backend.requests);
      expect(output).toEqual(wanted('content', output));
    });

    it('sampling', async () => {
      const backend = await record();
      const collector = await run(
        ['base.yaml', 'otlp.yaml', 'sampling.yaml', promptConfig(['otlp_http/backend'])],
        {
          OTLP_BACKEND_URL: backend.httpUrl,
          SAMPLING_PERCENT: '0',
          SAMPLING_AFTER_ROOT: '1s',
          SAMPLING_MAX_RUN: '3s',
        },
      );
      const { logs } = await sendGoldenInput(collector.httpUrl);
      const traces = new Set(GOLDEN_SPANS.flatMap(({ spans }) => spans.map(({ traceId }) => traceId))).size;
      const readDecided = async (): Promise<number> =>
        collector.readMetric('otelcol_processor_tail_sampling_global_count_traces_sampled');
      await waitUntil(async () => (await readDecided()) >= traces, {
        what: () => `${traces} decisions; the Collector said\n${collector.process.output().slice(-3000)}`,
      });
      let before = -1;
      while (countRecords(backend).spans > before) {
        before = countRecords(backend).spans;
        await sleep(1000);
      }
      await untilArrived(collector, backend, { spans: 0, logs });
      const output = describeOutput(backend.requests);
      expect(output).toEqual(wanted('sampling', output));
    });

    it('gateway', async () => {
      const backend = await record();
      const collector = await run(['gateway.yaml'], {
        GATEWAY_TARGETS: '127.0.0.1',
        GATEWAY_TARGET_PORT: backend.grpcEndpoint.split(':')[1] ?? '',
      });
      await untilArrived(collector, backend, await sendGoldenInput(collector.httpUrl));
      const output = describeOutput(backend.requests);
      expect(output).toEqual(wanted('gateway', output));
    });
  });

  afterAll(stopAll);

  it('leaves out no configuration that is shipped', () => {
    const names = collectorFiles.map(({ path }) => path.replace(/^.*\/(.*)\.yaml$/, '$1'));
    // base.yaml delivers nowhere: it is in all of them, and its output is clean.json.
    expect(names.filter((name) => name !== 'base' && !COVERED.has(name))).toEqual([]);
  });
});
