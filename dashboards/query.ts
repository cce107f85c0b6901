// Queries of signals as Grafana asks them: narrowed to the variables of a board, in the unit that is shown,
// with a readable name for the group that has none.

import { columnOf } from '../core/columns.ts';
import { type Dimension } from '../core/schema.ts';
import { signalOf } from '../signals/catalogue/index.ts';
import { unionOf } from '../signals/logql-text.ts';
import { foldsOf, type Signal } from '../signals/signal.ts';
import { DAY_LABEL, labelOf, toLogql, type LogqlContext } from '../signals/to-logql.ts';
import { DAYS, type SignalSource, type Within } from './source.ts';
import { displayOf } from './unit.ts';
import { NARROWING, TIMEZONE } from './variables.ts';

/** Name of the group of events that carry no value of the dimension. */
export const NO_GROUP = '(none)';

/** Matchers of every query of a board. */
export const STREAM_MATCHERS = [chosen('service_name', 'service')];

/**
 * A label filter by what was chosen for a variable. Grafana escapes for a regular expression; the back quotes
 * leave its backslashes and any quotes in a name alone.
 */
export function chosen(label: string, variable: string): string {
  return `${label}=~\`\${${variable}:regex}\``;
}

/**
 * Keeps the events of the run that the board shows; without an id none, also not those that are in no run. What was typed
 * or pasted stands in back quotes, where a quote or a backslash in it is nothing but itself.
 */
export const OF_RUN = `${columnOf('agent.run_id')}=\`$run\` | ${columnOf('agent.run_id')}!=""`;

/** Passes over the lines that do not name it, before any is read. */
export const NAMES_RUN = '|= `$run`';

/** Keeps the events of the run whose id was given, or only begun; without an id those of all runs. */
export const OF_RUN_FROM = `${columnOf('agent.run_id')}=~\`\${run:regex}.*\``;

export interface PanelQuery {
  readonly expr: string;
  readonly queryType: 'instant' | 'range';
  /** Labels of each series, in order. */
  readonly labels: readonly string[];
}

/** The query of a source. Throws where Loki cannot say it. */
export function queryOf(source: SignalSource): PanelQuery {
  const signal = signalOf(source.signal);
  const labels = source.by.map(labelOf);
  const value = rankedValue(source, scaled(vectorOf(source, signal), signal));
  const dayLabels = source.over === 'days' ? [...labels, DAY_LABEL] : labels;
  const groups = named(value, labels);
  return {
    expr: source.isSorted ? sorted(groups, source) : groups,
    queryType: source.over === 'steps' ? 'range' : 'instant',
    labels: dayLabels,
  };
}

/** The variables of a board that narrow a signal, beside the service. */
export function narrowingOf(signal: Signal, within?: Within): Dimension[] {
  if (within !== undefined && within !== 'tools') return [];
  return [...NARROWING, ...(within === 'tools' ? (['tool'] as const) : [])].filter((dimension) =>
    signal.dimensions.includes(dimension),
  );
}

/** The label filters of the variables that the signal knows. */
function filtersOf(source: SignalSource, signal: Signal): string[] {
  if (source.within === 'run') return [OF_RUN];
  return narrowingOf(signal, source.within).map((dimension) => chosen(labelOf(dimension), dimension));
}

const CONTEXTS: Readonly<Record<SignalSource['over'], LogqlContext>> = {
  range: { kind: 'panel' },
  steps: { kind: 'steps', step: 'auto' },
  days: { kind: 'days', count: DAYS },
};

function vectorOf(source: SignalSource, signal: Signal): string {
  const compiled = toLogql(signal, {
    by: source.by,
    context: CONTEXTS[source.over],
    timezone: TIMEZONE,
    matchers: STREAM_MATCHERS,
    filters: filtersOf(source, signal),
  });
  if ('reason' in compiled) throw new Error(`${signal.id} over ${source.over}: ${compiled.reason}`);
  if (source.period === undefined) return compiled.logql;
  const before = shifted(compiled.logql, signal);
  if (source.period === 'before') return before;
  return unionOf('sum', source.by.map(labelOf), [compiled.logql, `(${before}) * -1`]);
}

/** The query moved back by the length of the range. */
function shifted(logql: string, signal: Signal): string {
  const isPlain = foldsOf(signal.value).every(({ span }) => (span ?? 'window') === 'window');
  if (!isPlain || signal.window.kind !== 'range') throw new Error(`${signal.id} has no period before`);
  return logql.replaceAll('[$__range]', '[$__range] offset $__range');
}

function scaled(logql: string, signal: Signal): string {
  const { divideBy } = displayOf(signal.unit);
  return divideBy === 1 ? logql : `(${logql}) / ${divideBy}`;
}

function rankedValue(source: SignalSource, value: string): string {
  if (source.top === undefined) return value;
  if (source.rankedBy === undefined) return `topk(${source.top}, ${value})`;
  const rankSignal = signalOf(source.rankedBy.signal);
  const rank = vectorOf({ ...source, period: undefined, ...source.rankedBy }, rankSignal);
  return `(${value}) and on (${source.by.map(labelOf).join(', ')}) topk(${source.top}, ${rank})`;
}

/** Label by which texts of steps are in the order of numbers. */
export const STEP_ORDER = 'step_order';

function sorted(groups: string, { by }: SignalSource): string {
  if (by.length !== 1 || by[0] !== 'step') return `sort_desc(${groups})`;
  const step = labelOf('step');
  return ['000$1', '00$1', '0$1'].reduce(
    (vector, digits, index) =>
      `label_replace(${vector}, "${STEP_ORDER}", "${digits}", "${step}", "([0-9]{${index + 1}})")`,
    `label_replace(${groups}, "${STEP_ORDER}", "$1", "${step}", "(.*)")`,
  );
}

function named(vector: string, labels: readonly string[]): string {
  return labels.reduce(
    (inner, label) => `label_replace(${inner}, "${label}", "${NO_GROUP}", "${label}", "")`,
    vector,
  );
}
