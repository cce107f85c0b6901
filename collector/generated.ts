// The files of this folder that are generated and committed: configurations of the Collector.

import { BACKENDS, type Backend } from './backends.ts';
import { backendOverlay, baseConfig, mergedConfig } from './config.ts';
import { renderYaml } from './render.ts';

export interface GeneratedFile {
  /** Path from the root of the repository. */
  readonly path: string;
  readonly render: () => string;
}

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
