// Grafana's own library of data frames: transformations, field settings and display names, as the browser runs
// them. It is written for a browser, so it is bundled here once per test file, with a window of its own.

import { createRequire } from 'node:module';
import { compileFunction } from 'node:vm';
import { buildSync } from 'esbuild';
import type * as Library from '@grafana/data';

export type { DataFrame, Field } from '@grafana/data';

const NAMES = [
  'applyFieldOverrides',
  'createTheme',
  'FieldType',
  'formattedValueToString',
  'getFieldDisplayName',
  'getFieldDisplayValues',
  'getFieldDisplayValuesProxy',
  'standardFieldConfigEditorRegistry',
  'standardTransformers',
  'standardTransformersRegistry',
  'transformDataFrame',
] as const;

/** Settings of fields that Grafana's front end knows, by id and path; those of panels themselves stay as they are. */
const FIELD_SETTINGS = [
  'displayName',
  'unit',
  'decimals',
  'min',
  'max',
  'noValue',
  'links',
  'mappings',
  'thresholds',
  'color',
];

export type GrafanaData = Pick<typeof Library, (typeof NAMES)[number]>;

/** The library with its transformations and field settings in place. */
export function loadGrafanaData(): GrafanaData {
  const { outputFiles } = buildSync({
    stdin: {
      contents: `export { ${NAMES.join(', ')} } from '@grafana/data';`,
      resolveDir: import.meta.dirname,
    },
    bundle: true,
    write: false,
    platform: 'node',
    format: 'cjs',
    mainFields: ['module', 'main'],
    conditions: ['import'],
    define: { window: 'browserWindow' },
    // Dashboards are scenes since Grafana 11: options of transformations reach the library with variables put in.
    banner: { js: 'const browserWindow = { __grafanaSceneContext: {}, addEventListener() {} };' },
    logLevel: 'error',
  });
  const bundled = { exports: {} };
  const run = compileFunction(outputFiles[0]?.text ?? '', ['module', 'exports', 'require']);
  run(bundled, bundled.exports, createRequire(import.meta.url));
  const library = bundled.exports as GrafanaData;
  register(library);
  return library;
}

function register(library: GrafanaData): void {
  const byId = new Map(Object.values(library.standardTransformers).map((one) => [one.id, one]));
  const transformations = [...byId.values()].map((transformation) => ({
    id: transformation.id,
    name: transformation.name,
    transformation,
    editor: () => null,
    imageDark: '',
    imageLight: '',
  }));
  library.standardTransformersRegistry.setInit(() => transformations as never);
  const settings = FIELD_SETTINGS.map((id) => ({
    id,
    path: id,
    name: id,
    process: (value: unknown) => value,
    shouldApply: () => true,
    settings: {},
  }));
  library.standardFieldConfigEditorRegistry.setInit(() => settings as never);
}
