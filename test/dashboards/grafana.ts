// What Grafana does between a dashboard file and Loki: it puts variables into a query (in the browser), then
// ranges and steps (in its back end), and turns the answer into frames. Rules: Grafana's documentation of
// variables and of the Loki data source.

import type { Dashboard, Panel, VariableModel } from '@grafana/grafana-foundation-sdk/dashboard';
import { DAY_MS, HOUR_MS, MINUTE_MS } from '../../core/time/time.ts';

/** A query of Loki as it stands in a dashboard. */
export interface LokiTarget {
  readonly refId: string;
  readonly expr: string;
  readonly queryType: 'instant' | 'range';
  readonly maxLines?: number;
  readonly legendFormat?: string;
  readonly datasource?: Panel['datasource'];
}

export interface Range {
  readonly from: number;
  readonly to: number;
}

/** What someone chose for variables; the rest is as the file says. */
export type Choices = Readonly<Record<string, string | readonly string[]>>;

/** One series of an answer: its labels, and its points by Unix milliseconds. */
export interface Frame {
  readonly labels: Readonly<Record<string, string>>;
  readonly points: ReadonlyMap<number, number>;
}

/** Every panel of a dashboard, those of closed rows too. */
export function panelsOf(dashboard: Dashboard): Panel[] {
  return (dashboard.panels ?? []).flatMap((panel) => ('panels' in panel ? panel.panels : [panel]));
}

/** Puts variables into a text as the Loki data source does. */
export function interpolate(
  text: string,
  variables: readonly VariableModel[],
  choices: Choices = {},
): string {
  return text.replaceAll(
    /\$\{(\w+)(?::(\w+))?\}|\$(\w+)/g,
    (whole, braced?: string, format?: string, plain?: string) => {
      const name = braced ?? plain ?? '';
      const variable = variables.find((one) => one.name === name);
      return variable === undefined ? whole : formatValue(variable, choices[name], format);
    },
  );
}

function formatValue(
  variable: VariableModel,
  choice: string | readonly string[] | undefined,
  format: string | undefined,
): string {
  const value = choice ?? variable.current?.value ?? variable.query ?? '';
  if (value === '$__all') return variable.allValue ?? '.*';
  const values = typeof value === 'string' ? [value] : (value as readonly string[]);
  if (format === 'regex') {
    const escaped = values.map((one) => one.replaceAll(/[\\^$*+?.()|[\]{}/]/g, '\\$&'));
    return escaped.length === 1 ? (escaped[0] ?? '') : `(${escaped.join('|')})`;
  }
  if (format !== undefined) throw new Error(`this is not known here: format ${format}`);
  if (variable.multi === true || variable.includeAll === true) {
    throw new Error(`${variable.name} may hold several values and needs a format`);
  }
  return values.join('');
}

/** The range that a panel asks for: its own where it has one. */
export function rangeOf(panel: Panel, range: Range, now: number): Range {
  if (panel.timeFrom === undefined) return range;
  const match = /^(\d+)h$/.exec(panel.timeFrom);
  if (!match) throw new Error(`this is not known here: timeFrom ${panel.timeFrom}`);
  return { from: now - Number(match[1]) * HOUR_MS, to: now };
}

const ROUND_STEPS: readonly (readonly [below: number, stepMs: number])[] = [
  [90_000, MINUTE_MS],
  [210_000, 2 * MINUTE_MS],
  [450_000, 5 * MINUTE_MS],
  [750_000, 10 * MINUTE_MS],
  [1_050_000, 15 * MINUTE_MS],
  [1_500_000, 20 * MINUTE_MS],
  [2_700_000, 30 * MINUTE_MS],
  [5_400_000, HOUR_MS],
  [9_000_000, 2 * HOUR_MS],
  [16_200_000, 3 * HOUR_MS],
  [32_400_000, 6 * HOUR_MS],
  [86_400_000, 12 * HOUR_MS],
];

/** The step that Grafana chooses: the range over the points of the panel, rounded, and not under its minimum. */
export function stepOf(panel: Panel, { from, to }: Range): number {
  const raw = (to - from) / (panel.maxDataPoints ?? 1000);
  const rounded = ROUND_STEPS.find(([below]) => raw < below)?.[1] ?? DAY_MS;
  return Math.max(rounded, MINUTE_MS);
}

/** Puts ranges and steps into a query as the back end does. */
export function fillTime(expr: string, { from, to }: Range, queryType: string, stepMs: number): string {
  const range = `${Math.round((to - from) / 1000)}s`;
  return expr
    .replaceAll('$__range', range)
    .replaceAll('$__from', String(from))
    .replaceAll('$__to', String(to))
    .replaceAll('$__auto', queryType === 'instant' ? range : `${stepMs / 1000}s`);
}

/** Asks Loki what the panel asks, and gives the frames. */
export async function askLoki(
  url: string,
  dashboard: Dashboard,
  panel: Panel,
  target: LokiTarget,
  options: { readonly range: Range; readonly now: number; readonly choices?: Choices },
): Promise<Frame[]> {
  const range = rangeOf(panel, options.range, options.now);
  const stepMs = stepOf(panel, range);
  const text = interpolate(target.expr, dashboard.templating.list ?? [], options.choices);
  const query = fillTime(text, range, target.queryType, stepMs);
  const params =
    target.queryType === 'instant'
      ? { query, time: `${range.to}000000` }
      : { query, start: `${range.from}000000`, end: `${range.to}000000`, step: `${stepMs / 1000}` };
  const path = target.queryType === 'instant' ? 'query' : 'query_range';
  const response = await fetch(`${url}/loki/api/v1/${path}`, {
    method: 'POST',
    body: new URLSearchParams({ ...params, limit: String(target.maxLines ?? 5000) }),
  });
  const body = await response.text();
  if (!response.ok) throw new Error(`Loki refused ${query}: ${body}`);
  return framesOf(JSON.parse(body) as LokiAnswer);
}

interface LokiAnswer {
  readonly data: {
    readonly resultType: string;
    readonly result: readonly {
      readonly metric?: Record<string, string>;
      readonly stream?: Record<string, string>;
      readonly value?: readonly [number, string];
      readonly values?: readonly (readonly [number | string, string])[];
    }[];
  };
}

/** A frame per series; of a log query a frame per stream, its points counted per instant. */
function framesOf({ data }: LokiAnswer): Frame[] {
  if (data.resultType === 'streams') {
    return data.result.map(({ stream = {}, values = [] }) => ({
      labels: stream,
      points: new Map(values.map(([time], index) => [Number(time) / 1e6 + index / 1e6, 1])),
    }));
  }
  return data.result.map(({ metric = {}, value, values }) => ({
    labels: metric,
    points: new Map(
      (values ?? (value ? [value] : [])).map(([time, text]) => [Number(time) * 1000, Number(text)]),
    ),
  }));
}
