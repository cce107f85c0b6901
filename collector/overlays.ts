// Overlays that change what the base does rather than where it delivers, and the gateway in front of
// several Collectors. Each owns the lists it sets, so they combine with every backend.

import { EXTENSIONS, MEMORY_LIMITER, SPAN_FORWARD, TRACE_PROCESSORS } from './config.ts';
import type { YamlMap } from './yaml-map.ts';

const SAMPLE = 'forward/sample';

/**
 * Keeps failed, slow and expensive runs whole, and a share of the others. Spans only: events pass by, so no
 * number moves. A decision waits for the end of the run, or at most `SAMPLING_MAX_RUN`.
 */
export function samplingOverlay(): YamlMap {
  return {
    processors: {
      tail_sampling: {
        decision_wait: '${env:SAMPLING_MAX_RUN:-30m}',
        decision_wait_after_root_received: '${env:SAMPLING_AFTER_ROOT:-10s}',
        num_traces: 50_000,
        decision_cache: { sampled_cache_size: 100_000, non_sampled_cache_size: 100_000 },
        policies: [
          { name: 'failed', type: 'status_code', status_code: { status_codes: ['ERROR'] } },
          { name: 'slow', type: 'latency', latency: { threshold_ms: '${env:SAMPLING_SLOW_MS:-60000}' } },
          {
            name: 'expensive',
            type: 'ottl_condition',
            ottl_condition: {
              error_mode: 'ignore',
              span: [
                'attributes["agent.cost_nano_usd"] != nil and attributes["agent.cost_nano_usd"] >= ${env:SAMPLING_DEAR_NANO_USD:-1000000000}',
                'attributes["cost_nano_usd"] != nil and attributes["cost_nano_usd"] >= ${env:SAMPLING_DEAR_NANO_USD:-1000000000}',
              ],
            },
          },
          {
            name: 'share',
            type: 'probabilistic',
            probabilistic: { sampling_percentage: '${env:SAMPLING_PERCENT:-10}' },
          },
        ],
      },
    },
    connectors: { [SAMPLE]: {} },
    service: {
      pipelines: {
        'traces/in': { receivers: ['otlp'], processors: TRACE_PROCESSORS, exporters: [SAMPLE] },
        'traces/sampled': { receivers: [SAMPLE], processors: ['tail_sampling'], exporters: [SPAN_FORWARD] },
      },
    },
  };
}

/** Lets content through. Secrets in it are still masked. */
export function contentOverlay(): YamlMap {
  return { processors: { 'transform/content': { trace_statements: [], log_statements: [] } } };
}

/**
 * What only our own distribution can do, after config.yaml: a request is refused before it is decoded when
 * memory is short, with a status that the sender retries; and a batch that Loki, or a proxy before it,
 * answered with 500 is sent again.
 */
export function distributionOverlay(): YamlMap {
  const guarded = { middlewares: [{ id: 'memory_limiter' }] };
  return {
    receivers: { otlp: { protocols: { grpc: guarded, http: guarded } } },
    exporters: { 'otlp_http/loki': { middlewares: [{ id: 'retry_server_error' }] } },
    extensions: { memory_limiter: MEMORY_LIMITER, retry_server_error: {} },
    service: { extensions: ['memory_limiter', 'retry_server_error', ...EXTENSIONS] },
  };
}

/**
 * The first of two tiers: sends all spans of one trace to the same Collector of the second tier, found
 * by the DNS name `GATEWAY_TARGETS`. Nothing is read or changed here.
 */
export function gatewayConfig(): YamlMap {
  return {
    receivers: {
      otlp: {
        protocols: {
          grpc: {
            endpoint: '${env:OTLP_GRPC_LISTEN:-127.0.0.1:4317}',
            max_recv_msg_size_mib: 16,
          },
          http: { endpoint: '${env:OTLP_HTTP_LISTEN:-127.0.0.1:4318}' },
        },
      },
    },
    processors: { memory_limiter: MEMORY_LIMITER },
    exporters: {
      load_balancing: {
        routing_key: 'traceID',
        protocol: {
          otlp: {
            tls: { insecure: true },
            retry_on_failure: { enabled: true, max_elapsed_time: '0s' },
            sending_queue: { enabled: true },
          },
        },
        resolver: { dns: { hostname: '${env:GATEWAY_TARGETS}', port: '${env:GATEWAY_TARGET_PORT:-4317}' } },
        retry_on_failure: {
          enabled: true,
          initial_interval: '1s',
          max_interval: '30s',
          max_elapsed_time: '0s',
        },
        sending_queue: {
          enabled: true,
          storage: 'file_storage',
          sizer: 'bytes',
          queue_size: '${env:QUEUE_BYTES:-268435456}',
        },
      },
    },
    extensions: {
      health_check: { endpoint: '${env:HEALTH_LISTEN:-127.0.0.1:13133}' },
      file_storage: { directory: '${env:QUEUE_DIR:-/var/lib/tallyspan/queue}', create_directory: true },
    },
    service: {
      extensions: EXTENSIONS,
      pipelines: {
        traces: { receivers: ['otlp'], processors: ['memory_limiter'], exporters: ['load_balancing'] },
        logs: { receivers: ['otlp'], processors: ['memory_limiter'], exporters: ['load_balancing'] },
      },
      telemetry: {
        metrics: {
          readers: [
            {
              pull: {
                exporter: {
                  prometheus: { host: '${env:METRICS_HOST:-127.0.0.1}', port: '${env:METRICS_PORT:-8888}' },
                },
              },
            },
          ],
        },
      },
    },
  };
}
