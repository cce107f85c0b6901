// The Collector's configuration, as data.
// `base` receives and cleans; it ends in two `forward` connectors, one for spans and one
// for events. A backend is an overlay: its exporter and one pipeline per signal behind a connector.
// Overlays only add map entries, never repeat a list, so any number of them combine.

import { BACKENDS, type Backend } from './backends.ts';
import type { Yaml, YamlMap } from './yaml-map.ts';
import { contentProcessor, eventProcessor, secretNameProcessor, secretProcessor } from './redaction.ts';

export const SPAN_FORWARD = 'forward/spans';
export const EVENT_FORWARD = 'forward/events';

/** Processors of the trace pipeline. What foreign spans mean is the server's to say: here only what must go goes. */
export const TRACE_PROCESSORS = [
  'memory_limiter',
  'transform/content',
  'transform/secrets',
  'redaction/secrets',
] as const;
export const LOG_PROCESSORS = [
  'memory_limiter',
  'transform/events',
  'transform/content',
  'transform/secrets',
  'redaction/secrets',
] as const;

/** What the memory limiter is told, as processor and as extension. */
export const MEMORY_LIMITER = {
  check_interval: '1s',
  limit_mib: '${env:MEMORY_LIMIT_MIB:-320}',
  spike_limit_mib: '${env:MEMORY_SPIKE_MIB:-64}',
} as const;

export const EXTENSIONS = ['health_check', 'file_storage'] as const;

/** Receives and cleans; delivers nowhere until an overlay adds a backend. */
export function baseConfig(): YamlMap {
  return {
    receivers: {
      otlp: {
        protocols: {
          grpc: { endpoint: '${env:OTLP_GRPC_LISTEN:-127.0.0.1:4317}', max_recv_msg_size_mib: 16 },
          http: { endpoint: '${env:OTLP_HTTP_LISTEN:-127.0.0.1:4318}' },
        },
      },
    },
    processors: {
      memory_limiter: MEMORY_LIMITER,
      'transform/events': eventProcessor(),
      'transform/content': contentProcessor(),
      'transform/secrets': secretNameProcessor(),
      'redaction/secrets': secretProcessor(),
    },
    exporters: { nop: {} },
    connectors: { [SPAN_FORWARD]: {}, [EVENT_FORWARD]: {} },
    extensions: {
      health_check: { endpoint: '${env:HEALTH_LISTEN:-127.0.0.1:13133}' },
      file_storage: {
        directory: '${env:QUEUE_DIR:-/var/lib/tallyspan/queue}',
        create_directory: true,
        compaction: {
          directory: '${env:QUEUE_DIR:-/var/lib/tallyspan/queue}',
          on_start: true,
          on_rebound: true,
          cleanup_on_start: true,
        },
      },
    },
    service: {
      extensions: EXTENSIONS,
      pipelines: {
        'traces/in': { receivers: ['otlp'], processors: TRACE_PROCESSORS, exporters: [SPAN_FORWARD] },
        'logs/in': { receivers: ['otlp'], processors: LOG_PROCESSORS, exporters: [EVENT_FORWARD] },
        // A connector must have a reader even where no backend takes the signal.
        'traces/none': { receivers: [SPAN_FORWARD], exporters: ['nop'] },
        'logs/none': { receivers: [EVENT_FORWARD], exporters: ['nop'] },
      },
      telemetry: {
        logs: { level: '${env:COLLECTOR_LOG_LEVEL:-info}' },
        metrics: {
          readers: [
            {
              pull: {
                exporter: {
                  prometheus: {
                    host: '${env:METRICS_HOST:-127.0.0.1}',
                    port: '${env:METRICS_PORT:-8888}',
                    // Names as they stand in the metrics' definitions, as dashboards expect them.
                    without_type_suffix: true,
                    without_units: true,
                    without_scope_info: true,
                  },
                },
              },
            },
          ],
        },
      },
    },
  };
}

/** One backend: its exporters, and for each signal that it takes a pipeline behind the connector. */
export function backendOverlay(backend: Backend): YamlMap {
  if (backend.makesEvents === true) return serverOverlay(backend);
  const pipelines: Record<string, Yaml> = {};
  if (backend.spans !== undefined) {
    pipelines[`traces/${backend.id}`] = { receivers: [SPAN_FORWARD], exporters: [backend.spans] };
  }
  const processors = backend.eventProcessors;
  if (backend.events !== undefined) {
    pipelines[`logs/${backend.id}`] = {
      receivers: [EVENT_FORWARD],
      ...(processors === undefined ? {} : { processors: Object.keys(processors) }),
      exporters: [backend.events],
    };
  }
  return {
    ...(processors === undefined ? {} : { processors }),
    exporters: backend.exporters,
    service: { pipelines },
  };
}

/**
 * The server gets everything from where it comes in: no span that sampling leaves out is missing in its numbers, and it
 * leaves content out itself, after it has read the counts in it. The events that it hands in are known to it by their
 * keys: those that are given back to it change nothing.
 */
function serverOverlay({ exporters, spans = '', events = '' }: Backend): YamlMap {
  return {
    exporters,
    service: {
      pipelines: {
        'traces/tallyspan': {
          receivers: ['otlp'],
          processors: TRACE_PROCESSORS.filter((name) => name !== 'transform/content'),
          exporters: [spans],
        },
        'logs/tallyspan': { receivers: ['otlp'], processors: LOG_PROCESSORS, exporters: [events] },
      },
    },
  };
}

/** Base with the given backends in one file, merged as the Collector merges files. */
export function mergedConfig(ids: readonly string[]): YamlMap {
  return ids
    .map((id) => {
      const backend = BACKENDS.find((candidate) => candidate.id === id);
      if (backend === undefined) throw new Error(`no backend ${id}`);
      return backendOverlay(backend);
    })
    .reduce(mergeMaps, baseConfig());
}

/** Maps merge deeply; anything else, lists included, is replaced. That is the Collector's rule. */
export function mergeMaps(base: YamlMap, overlay: YamlMap): YamlMap {
  const out: Record<string, Yaml> = { ...base };
  for (const [key, value] of Object.entries(overlay)) {
    const before = out[key];
    out[key] = isMap(before) && isMap(value) ? mergeMaps(before, value) : value;
  }
  return out;
}

function isMap(value: Yaml | undefined): value is YamlMap {
  return typeof value === 'object' && !Array.isArray(value);
}
