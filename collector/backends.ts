// Backends: where spans and events can go. Each has its exporter with a queue of its own on disk,
// so that one that is down neither loses anything nor holds up another.

import { lokiProcessor } from './redaction.ts';
import type { YamlMap } from './yaml-map.ts';

export interface Backend {
  /** Name of its file, and of its pipelines after the slash. */
  readonly id: string;
  readonly doc: string;
  /** Environment variables it reads; the required ones have no default in `exporters`. */
  readonly settings: readonly { readonly name: string; readonly doc: string; readonly isRequired: boolean }[];
  readonly exporters: YamlMap;
  /** Exporter that takes the spans; absent when the backend takes none. */
  readonly spans?: string;
  /** Exporter that takes the events; absent when the backend takes none. */
  readonly events?: string;
  /** Processors that its events pass, by name. */
  readonly eventProcessors?: YamlMap;
  /** It reads spans and records of others itself: it takes all as it came, and hands in what it made of it. */
  readonly makesEvents?: true;
}

/** Bytes of one exporter's queue on disk. */
export const QUEUE_BYTES = 256 * 1024 * 1024;

/** What every network exporter shares: retry without end, a queue on disk in bytes, batches below the 4 MiB of gRPC servers. */
const DURABLE = {
  retry_on_failure: { enabled: true, initial_interval: '1s', max_interval: '30s', max_elapsed_time: '0s' },
  sending_queue: {
    enabled: true,
    storage: 'file_storage',
    // Four batches on the way at most: what a backend may see twice when an answer is lost. Loki knows them
    // again as long as they fit into a block (stack/loki.yaml).
    num_consumers: 4,
    sizer: 'bytes',
    queue_size: `\${env:QUEUE_BYTES:-${QUEUE_BYTES}}`,
    batch: { flush_timeout: '1s', sizer: 'bytes', min_size: 1_000_000, max_size: 2_000_000 },
  },
} as const satisfies YamlMap;

/**
 * A span that is larger than a batch may be is dropped, and the sender was told that it was taken. The server gets spans
 * with all that was said in them: a prompt with pictures has megabytes. It takes as much as the Collector does, 20 MiB.
 */
const LARGEST_SPAN_BYTES = 20_900_000;

export const BACKENDS: readonly Backend[] = [
  {
    id: 'loki',
    doc: 'Grafana Loki: the events, so all numbers.',
    settings: [{ name: 'LOKI_URL', doc: 'Base address, default http://127.0.0.1:3100', isRequired: false }],
    exporters: {
      'otlp_http/loki': { endpoint: '${env:LOKI_URL:-http://127.0.0.1:3100}/otlp', ...DURABLE },
    },
    events: 'otlp_http/loki',
    eventProcessors: { 'transform/loki': lokiProcessor() },
  },
  {
    id: 'tempo',
    doc: 'Grafana Tempo: the spans, to read one run.',
    settings: [
      { name: 'TEMPO_ENDPOINT', doc: 'OTLP gRPC address, default 127.0.0.1:14317', isRequired: false },
    ],
    exporters: {
      'otlp_grpc/tempo': {
        endpoint: '${env:TEMPO_ENDPOINT:-127.0.0.1:14317}',
        tls: { insecure: true },
        ...DURABLE,
      },
    },
    spans: 'otlp_grpc/tempo',
  },
  {
    id: 'tallyspan',
    doc: 'The embedded server (tallyspan up): spans and events as they came. It hands the events that it makes of others’ back by --forward.',
    settings: [
      { name: 'TALLYSPAN_ENDPOINT', doc: 'OTLP gRPC address, default 127.0.0.1:24317', isRequired: false },
      {
        name: 'TALLYSPAN_TOKEN',
        doc: 'Token of a server that does not listen on loopback; that of the stack’s own, where none is set, the init service makes and prints once',
        isRequired: false,
      },
    ],
    exporters: {
      'otlp_grpc/tallyspan': {
        endpoint: '${env:TALLYSPAN_ENDPOINT:-127.0.0.1:24317}',
        tls: { insecure: true },
        headers: { authorization: 'Bearer ${env:TALLYSPAN_TOKEN:-}' },
        ...DURABLE,
        sending_queue: {
          ...DURABLE.sending_queue,
          batch: { ...DURABLE.sending_queue.batch, max_size: LARGEST_SPAN_BYTES },
        },
      },
    },
    spans: 'otlp_grpc/tallyspan',
    events: 'otlp_grpc/tallyspan',
    makesEvents: true,
  },
  {
    id: 'langfuse',
    doc: 'Langfuse: the spans.',
    settings: [
      { name: 'LANGFUSE_HOST', doc: 'Base address, default https://cloud.langfuse.com', isRequired: false },
      { name: 'LANGFUSE_AUTH', doc: 'Base64 of PUBLIC_KEY:SECRET_KEY', isRequired: true },
    ],
    exporters: {
      'otlp_http/langfuse': {
        endpoint: '${env:LANGFUSE_HOST:-https://cloud.langfuse.com}/api/public/otel',
        headers: {
          Authorization: 'Basic ${env:LANGFUSE_AUTH}',
          'x-langfuse-ingestion-version': '4',
        },
        ...DURABLE,
      },
    },
    spans: 'otlp_http/langfuse',
  },
  {
    id: 'honeycomb',
    doc: 'Honeycomb: spans and events.',
    settings: [
      {
        name: 'HONEYCOMB_ENDPOINT',
        doc: 'Default api.honeycomb.io:443 (EU: api.eu1.honeycomb.io:443)',
        isRequired: false,
      },
      { name: 'HONEYCOMB_API_KEY', doc: 'Ingest key', isRequired: true },
    ],
    exporters: {
      'otlp_grpc/honeycomb': {
        endpoint: '${env:HONEYCOMB_ENDPOINT:-api.honeycomb.io:443}',
        headers: { 'x-honeycomb-team': '${env:HONEYCOMB_API_KEY}' },
        ...DURABLE,
      },
    },
    spans: 'otlp_grpc/honeycomb',
    events: 'otlp_grpc/honeycomb',
  },
  {
    id: 'datadog',
    doc: 'Datadog by its OTLP intake: spans and events.',
    settings: [
      { name: 'DATADOG_OTLP_ENDPOINT', doc: 'Default https://otlp.datadoghq.com', isRequired: false },
      { name: 'DD_API_KEY', doc: 'API key', isRequired: true },
      { name: 'DATADOG_OTLP_SOURCE', doc: 'Header dd-otlp-source, default llmobs', isRequired: false },
    ],
    exporters: {
      'otlp_http/datadog': {
        endpoint: '${env:DATADOG_OTLP_ENDPOINT:-https://otlp.datadoghq.com}',
        headers: {
          'dd-api-key': '${env:DD_API_KEY}',
          'dd-otlp-source': '${env:DATADOG_OTLP_SOURCE:-llmobs}',
        },
        ...DURABLE,
      },
    },
    spans: 'otlp_http/datadog',
    events: 'otlp_http/datadog',
  },
  {
    id: 'jaeger',
    doc: 'Jaeger 2: the spans.',
    settings: [
      { name: 'JAEGER_ENDPOINT', doc: 'OTLP gRPC address, default 127.0.0.1:34317', isRequired: false },
    ],
    exporters: {
      'otlp_grpc/jaeger': {
        endpoint: '${env:JAEGER_ENDPOINT:-127.0.0.1:34317}',
        tls: { insecure: true },
        ...DURABLE,
      },
    },
    spans: 'otlp_grpc/jaeger',
  },
  {
    id: 'otlp',
    doc: 'Any backend that speaks OTLP over HTTP: spans and events.',
    settings: [
      { name: 'OTLP_BACKEND_URL', doc: 'Base address; /v1/traces and /v1/logs are added', isRequired: true },
      { name: 'OTLP_BACKEND_AUTHORIZATION', doc: 'Value of the Authorization header', isRequired: false },
    ],
    exporters: {
      'otlp_http/backend': {
        endpoint: '${env:OTLP_BACKEND_URL}',
        headers: { Authorization: '${env:OTLP_BACKEND_AUTHORIZATION:-}' },
        ...DURABLE,
      },
    },
    spans: 'otlp_http/backend',
    events: 'otlp_http/backend',
  },
  {
    id: 'file',
    doc: 'Two files of OTLP JSON lines, rotated: spans and events.',
    settings: [{ name: 'FILE_DIR', doc: 'Folder, default /var/lib/tallyspan/file', isRequired: false }],
    exporters: {
      'file/spans': fileExporter('spans'),
      'file/events': fileExporter('events'),
    },
    spans: 'file/spans',
    events: 'file/events',
  },
];

function fileExporter(name: string): YamlMap {
  return {
    path: `\${env:FILE_DIR:-/var/lib/tallyspan/file}/${name}.jsonl`,
    create_directory: true,
    flush_interval: '1s',
    rotation: { max_megabytes: 100, max_backups: 10 },
  };
}
