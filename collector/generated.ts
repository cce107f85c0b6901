// The files of this folder that are generated and committed: configurations of the Collector.

import type { GeneratedFile } from '../core/generated-file.ts';
import { BACKENDS, type Backend } from './backends.ts';
import { backendOverlay, baseConfig, mergedConfig } from './config.ts';
import { contentOverlay, distributionOverlay, gatewayConfig, samplingOverlay } from './overlays.ts';
import { renderYaml } from './render.ts';

export const collectorFiles: readonly GeneratedFile[] = [
  {
    path: 'collector/dist/base.yaml',
    render: () =>
      renderYaml(baseConfig(), [
        'Receives OTLP, gives foreign spans the standard keys, removes content and masks secrets.',
        'Delivers nowhere by itself: add the files of one or more backends after it.',
      ]),
  },
  {
    path: 'collector/dist/config.yaml',
    render: () =>
      renderYaml(mergedConfig(['loki', 'tempo']), [
        'The default: base.yaml with loki.yaml and tempo.yaml in one file.',
        'More backends are added by giving their files after this one.',
      ]),
  },
  {
    path: 'collector/dist/sampling.yaml',
    render: () =>
      renderYaml(samplingOverlay(), [
        'Keeps failed, slow and expensive runs whole and a share of the others. Spans only; no number moves.',
        '  SAMPLING_PERCENT: share of the other runs, default 10',
        '  SAMPLING_SLOW_MS: a run is slow from here, default 60000',
        '  SAMPLING_DEAR_NANO_USD: a run or call is expensive from here, default 1000000000 (one dollar)',
        '  SAMPLING_MAX_RUN: longest wait for the end of a run, default 30m',
      ]),
  },
  {
    path: 'collector/dist/content.yaml',
    render: () =>
      renderYaml(contentOverlay(), [
        'Lets prompts, answers and tool arguments through. Secrets are still masked.',
      ]),
  },
  {
    path: 'collector/dist/distribution.yaml',
    render: () =>
      renderYaml(distributionOverlay(), [
        'For our own distribution (npm run collector:build), after config.yaml: memory is guarded before',
        'a request is decoded, and an answer of 500 is retried like one of 503. The stock Collector has',
        'no such parts and works without this file.',
      ]),
  },
  {
    path: 'collector/dist/gateway.yaml',
    render: () =>
      renderYaml(gatewayConfig(), [
        'First tier of two: sends each trace to one Collector of the second tier. See docs/scale.md.',
        '  GATEWAY_TARGETS (required): DNS name of the second tier',
        '  GATEWAY_TARGET_PORT: its OTLP gRPC port, default 4317',
      ]),
  },
  ...BACKENDS.map((backend) => ({
    path: `collector/dist/${backend.id}.yaml`,
    render: () => renderYaml(backendOverlay(backend), [backend.doc, ...describeSettings(backend)]),
  })),
];

function describeSettings(backend: Backend): string[] {
  return backend.settings.map(
    ({ name, doc, isRequired }) => `  ${name}${isRequired ? ' (required)' : ''}: ${doc}`,
  );
}
