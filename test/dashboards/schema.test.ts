// The files are what Grafana's own schema says: each is written down as a constant of its types, with the
// options of every panel under the types of its panel plugin, and the compiler judges.

import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from '@jest/globals';
import type { Dashboard } from '@grafana/grafana-foundation-sdk/dashboard';
import type { Dashboard as GrafanaDashboard } from '@grafana/schema/dist/esm/raw/dashboard/x/Dashboard_types.gen';
import { panelsOf } from './grafana.ts';

const ROOT = join(dirname(fileURLToPath(import.meta.url)), '../..');
const DIST = join(ROOT, 'dashboards/dist');
const COMPILE_LIMIT_MS = 120_000;

/** Names of the schema's files about the options of panel plugins. */
const PLUGINS: Readonly<Record<string, string>> = {
  barchart: 'BarChart',
  bargauge: 'BarGauge',
  logs: 'Logs',
  stat: 'Stat',
  statetimeline: 'StateTimeline',
  table: 'Table',
  timeseries: 'TimeSeries',
};
/** Plugins whose options the schema does not have. */
const WITHOUT_SCHEMA = new Set(['alertlist']);

const dashboards = readdirSync(DIST).map(
  (file) => [file, JSON.parse(readFileSync(join(DIST, file), 'utf8')) as Dashboard] as const,
);

describe('the schema of Grafana', () => {
  it(
    'accepts every file and the options of every panel',
    () => {
      expect(compile(dashboards.map(([file, dashboard]) => constantsOf(file, dashboard)).join('\n'))).toBe(
        '',
      );
    },
    COMPILE_LIMIT_MS,
  );

  it(
    'refuses a file with a misspelt key or value',
    () => {
      const least: GrafanaDashboard = { schemaVersion: 42 };
      expect(compile(`export const least: Plain<Dashboard> = ${JSON.stringify(least)};`)).toBe('');
      const misspelt = JSON.stringify({ ...least, titel: 'x' });
      expect(compile(`export const wrong: Plain<Dashboard> = ${misspelt};`)).toMatch(/titel/);
      expect(compile(optionsOf('stat', 'wrong', { colorMode: 'loud' }))).toMatch(/loud/);
    },
    COMPILE_LIMIT_MS,
  );
});

/** The file and its panels' options as constants of the schema's types. */
function constantsOf(file: string, dashboard: Dashboard): string {
  const name = file.replaceAll(/\W/g, '_');
  // What a data source asks of an annotation stands beside the schema's keys; of targets the schema knows
  // only those of Grafana's own store.
  const list = (dashboard.annotations.list ?? []).map((own) => {
    const { expr: _, titleFormat: __, textFormat: ___, tagKeys: ____, target: _____, ...mark } = own;
    return mark;
  });
  const plain = { ...dashboard, annotations: { list } };
  const lines = [`export const ${name}: Plain<Dashboard> = ${JSON.stringify(plain)};`];
  panelsOf(dashboard).forEach((panel, index) => {
    if (WITHOUT_SCHEMA.has(panel.type)) return;
    lines.push(optionsOf(pluginOf(panel.type), `${name}_${index}`, panel.options));
    lines.push(customOf(pluginOf(panel.type), `${name}_${index}`, panel.fieldConfig?.defaults.custom));
  });
  return lines.join('\n');
}

/** Name of the plugin's folder in the schema. */
function pluginOf(type: string): string {
  return type.replaceAll('-', '');
}

function optionsOf(type: string, name: string, options: unknown): string {
  return `export const options_${name}: Plain<Partial<${type}.Options>> = ${JSON.stringify(options)};`;
}

/** What a field of the panel has beyond the common settings; logs, stats and bar gauges have nothing. */
function customOf(type: string, name: string, custom: unknown): string {
  if (custom === undefined || Object.keys(custom as object).length === 0) return '';
  return `export const custom_${name}: Plain<Partial<${type}.FieldConfig>> = ${JSON.stringify(custom)};`;
}

const HEAD = [
  "import type { Dashboard } from '@grafana/schema/dist/esm/raw/dashboard/x/Dashboard_types.gen';",
  ...Object.entries(PLUGINS).map(
    ([type, name]) =>
      `import type * as ${type} from '@grafana/schema/dist/esm/raw/composable/${type}/panelcfg/x/${name}PanelCfg_types.gen';`,
  ),
  // JSON has the values of an enum, not its members.
  'type Plain<T> = T extends string ? `${T}` : T extends number ? number : T extends boolean ? boolean',
  '  : T extends readonly (infer U)[] ? Plain<U>[] : T extends object ? { [K in keyof T]: Plain<T[K]> } : T;',
].join('\n');

/** What the compiler says about the text; empty when nothing. */
function compile(text: string): string {
  mkdirSync(join(ROOT, 'build'), { recursive: true });
  const folder = mkdtempSync(join(ROOT, 'build/schema-'));
  try {
    writeFileSync(join(folder, 'check.ts'), `${HEAD}\n${text}\n`);
    const config = {
      compilerOptions: {
        strict: true,
        noEmit: true,
        skipLibCheck: true,
        module: 'nodenext',
        types: [],
        lib: ['es2023', 'dom'],
      },
      files: ['check.ts'],
    };
    writeFileSync(join(folder, 'tsconfig.json'), JSON.stringify(config));
    const tsc = join(ROOT, 'node_modules/typescript/bin/tsc');
    const { stdout, stderr } = spawnSync(process.execPath, [tsc, '-p', folder], { encoding: 'utf8' });
    return `${stdout}${stderr}`.trim();
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
