// What the browser does between the answers of data sources and what a panel draws. The Loki data source turns
// all series of one instant query into one table; then come the panel's transformations and field settings, run
// by Grafana's own library. Rules: Grafana's documentation of the Loki data source, of tables and of bar gauges.

import type { Panel } from '@grafana/grafana-foundation-sdk/dashboard';
import type { DataFrame, Field, GrafanaData } from './grafana-data.ts';
import type { Frame, LokiTarget } from './grafana.ts';

/** The series that a query answered. */
export interface Answer {
  readonly target: LokiTarget;
  readonly series: readonly Frame[];
}

/** A cell, a bar, or a number of a stat. */
export interface ShownValue {
  readonly value: unknown;
  /** As it is written, with its unit. */
  readonly text: string;
  readonly color?: string;
  /** Addresses that a click leads to. */
  readonly links?: readonly string[];
}

export interface NamedValue extends ShownValue {
  /** Written beside the value; absent where the panel writes none. */
  readonly name?: string;
}

export interface ShownTable {
  readonly heads: readonly string[];
  readonly rows: readonly (readonly ShownValue[])[];
}

export interface ShownSeries {
  readonly name: string;
  readonly points: ReadonlyMap<number, number>;
}

/**
 * The table of an instant query: the time, a column for each label in the order of the alphabet, and the value
 * under the name of the query. A series without a label has an empty text there. Without series there is none.
 */
export function tableFrameOf({ target, series }: Answer): DataFrame[] {
  if (series.length === 0) return [];
  const points = series.flatMap(({ labels, points: own }) =>
    [...own].map(([time, value]) => ({ labels, time, value })),
  );
  const names = [...new Set(series.flatMap(({ labels }) => Object.keys(labels)))].sort();
  return [
    {
      refId: target.refId,
      length: points.length,
      fields: [
        column(
          'Time',
          'time',
          points.map(({ time }) => time),
        ),
        ...names.map((name) =>
          column(
            name,
            'string',
            points.map(({ labels }) => labels[name] ?? ''),
            { filterable: true },
          ),
        ),
        column(
          `Value #${target.refId}`,
          'number',
          points.map(({ value }) => value),
        ),
      ],
    },
  ];
}

function column(name: string, type: string, values: unknown[], config = {}): Field {
  return { name, type, values, config } as unknown as Field;
}

/** A frame per series of a range query, named by the legend. */
function seriesFramesOf({ target, series }: Answer): DataFrame[] {
  return series.map(({ labels, points }) => {
    const name = (target.legendFormat ?? '').replaceAll(
      /\{\{\s*([\w.]+)\s*\}\}/g,
      (_, label: string) => labels[label] ?? '',
    );
    return {
      refId: target.refId,
      length: points.size,
      fields: [
        { name: 'Time', type: 'time', values: [...points.keys()], config: {} },
        {
          name: 'Value',
          type: 'number',
          labels,
          values: [...points.values()],
          config: { displayNameFromDS: name },
        },
      ],
    } as unknown as DataFrame;
  });
}

/** The frames of a panel as its plugin gets them. */
export function framesOf(library: GrafanaData, panel: Panel, answers: readonly Answer[]): DataFrame[] {
  const frames = answers.flatMap((answer) =>
    answer.target.queryType === 'instant' ? tableFrameOf(answer) : seriesFramesOf(answer),
  );
  let transformed: DataFrame[] = [];
  library
    .transformDataFrame((panel.transformations ?? []) as never, frames)
    .subscribe((after) => (transformed = after));
  return library.applyFieldOverrides({
    data: transformed,
    fieldConfig: (panel.fieldConfig ?? { defaults: {}, overrides: [] }) as never,
    theme: library.createTheme(),
    replaceVariables: (text, scoped, format) => replaceMacros(library, text, scoped, format),
    timeZone: 'utc',
  });
}

/** The columns of a table in order, without those that are hidden, and its rows. */
export function tableOf(library: GrafanaData, panel: Panel, answers: readonly Answer[]): ShownTable {
  const frames = framesOf(library, panel, answers);
  // A table shows one frame; with more it offers a choice, which nobody expects here.
  if (frames.length > 1) throw new Error(`${panel.title} has ${frames.length} tables`);
  const [frame] = frames;
  if (frame === undefined) return { heads: [], rows: [] };
  const hidden = new Set(
    (panel.fieldConfig?.overrides ?? [])
      .filter(({ properties }) =>
        properties.some(({ id, value }) => id === 'custom.hidden' && value === true),
      )
      .map(({ matcher }) => String(matcher.options)),
  );
  const shown = frame.fields.filter((field) => !hidden.has(library.getFieldDisplayName(field, frame)));
  return {
    heads: shown.map((field) => library.getFieldDisplayName(field, frame)),
    rows: Array.from({ length: frame.length }, (_, row) => shown.map((field) => cellOf(library, field, row))),
  };
}

function cellOf(library: GrafanaData, field: Field, row: number): ShownValue {
  const value: unknown = field.values[row];
  const display = field.display?.(value);
  // A table leaves out a link that leads nowhere.
  const links = (field.getLinks?.({ valueRowIndex: row }) ?? []).map(({ href }) => href).filter(Boolean);
  return {
    value,
    text: display === undefined ? '' : library.formattedValueToString(display),
    ...(display?.color === undefined ? {} : { color: display.color }),
    ...(links.length === 0 ? {} : { links }),
  };
}

/** The numbers of a stat or of a bar gauge in order, as many as it shows. */
export function valuesOf(library: GrafanaData, panel: Panel, answers: readonly Answer[]): NamedValue[] {
  const fieldConfig = (panel.fieldConfig ?? { defaults: {}, overrides: [] }) as never;
  const options = panel.options as {
    readonly reduceOptions: never;
    readonly textMode?: string;
  };
  const values = library.getFieldDisplayValues({
    fieldConfig,
    reduceOptions: options.reduceOptions,
    replaceVariables: (text, scoped, format) => replaceMacros(library, text, scoped, format),
    theme: library.createTheme(),
    data: framesOf(library, panel, answers),
    timeZone: 'utc',
  });
  // A bar on its own has a name only where the panel sets one for all.
  const isNamed =
    panel.type === 'bargauge'
      ? values.length > 1 || panel.fieldConfig?.defaults.displayName !== undefined
      : options.textMode === 'value_and_name';
  return values.map(({ display, getLinks }) => ({
    links: (getLinks?.() ?? []).map(({ href }) => href),
    value: display.text === panel.fieldConfig?.defaults.noValue ? null : display.numeric,
    text: library.formattedValueToString(display),
    ...(display.color === undefined ? {} : { color: display.color }),
    ...(isNamed && display.title !== undefined ? { name: display.title } : {}),
  }));
}

/** The lines of a time series with the names of its legend. */
export function seriesOf(library: GrafanaData, panel: Panel, answers: readonly Answer[]): ShownSeries[] {
  const frames = framesOf(library, panel, answers);
  return frames.flatMap((frame) => {
    const times = frame.fields.find(({ type }) => type === library.FieldType.time)?.values as number[];
    return frame.fields
      .filter(({ type }) => type === library.FieldType.number)
      .map((field) => ({
        name: library.getFieldDisplayName(field, frame, frames),
        points: new Map(times.map((time, index) => [time, field.values[index] as number])),
      }));
  });
}

/** Key under which Grafana hands over the row that a text is about. */
const CONTEXT = '__dataContext';

/** What writes itself, as texts and Grafana's formatted values do. */
interface Written {
  toString(): string;
}

interface RowContext {
  readonly frame: DataFrame;
  readonly field: Field;
  readonly rowIndex?: number;
}

/** Puts in what belongs to a row: `${__value.raw}` and `${__data.fields.NAME}`. Other variables stay. */
function replaceMacros(
  library: GrafanaData,
  text: string | undefined,
  scoped?: object,
  outerFormat?: unknown,
): string {
  const { [CONTEXT]: found } = (scoped ?? {}) as Partial<Record<typeof CONTEXT, { value: RowContext }>>;
  const context = found?.value;
  if (text === undefined || context?.rowIndex === undefined) return text ?? '';
  const { frame, field, rowIndex } = context;
  const fields = library.getFieldDisplayValuesProxy({ frame, rowIndex }) as Readonly<
    Record<string, Written | undefined>
  >;
  return text.replaceAll(
    /\$\{__(value\.raw|data\.fields\.(\w+))(?::(\w+))?\}/g,
    (whole, what: string, name?: string, own?: string) => {
      const cell =
        what === 'value.raw' ? (field.values[rowIndex] as Written | undefined) : fields[name ?? ''];
      if (cell === undefined) return whole;
      const value = cell.toString();
      const format = own ?? outerFormat;
      if (format === 'percentencode') return encodeURIComponent(value);
      return format === 'uriencode' ? encodeURI(value) : value;
    },
  );
}
