// Compiler to LogQL. Contexts differ only in how they say time (logql-time.ts): a panel has Grafana's
// variables, a rule fixed durations, a question at an instant the very intervals of the request.
// In a vector a group without data has no series, and a number without data is no vector at all.

import { columnOf } from '../core/columns.ts';
import { fieldOfDimension, PROCESS_FIELDS, type Dimension, type FieldKey } from '../core/schema.ts';
import {
  labelConditionOf,
  conditionOfQuery,
  isAnyOf,
  isNoneOf,
  latestCount,
  latestCountOrZero,
  latestDistinct,
  latestSum,
  type Census,
} from './logql-latest.ts';
import {
  aggregateOf,
  labelFilterOf,
  presentFilterOf,
  quotedText,
  selectorOf,
  unionOf,
} from './logql-text.ts';
import { listChoices } from './choice.ts';
import { DAY_LABEL, DAYS_AGO, LogqlTime, type LogqlContext, type TimeRange } from './logql-time.ts';
import {
  fieldOf,
  dimensionsOf,
  filtersOf,
  isCount,
  type Exclusion,
  type Fold,
  type NotSupported,
  type Signal,
  type SignalRequest,
  type Term,
  type Value,
} from './signal.ts';
import { dayObstacle, seriesObstacle } from './spans.ts';

export { DAY_LABEL, type LogqlContext } from './logql-time.ts';

export interface LogqlOptions extends Pick<SignalRequest, 'by' | 'where'> {
  readonly context: LogqlContext;
  /** IANA time zone of calendar days. */
  readonly timezone: string;
  /** Stream matchers of a board: `service_name=~"$service"`. */
  readonly matchers?: readonly string[];
  /** Label filters of a board: `gen_ai_agent_name=~"$agent"`. */
  readonly filters?: readonly string[];
  /** Dimensions without whose value an event is in no group. It still counts in a whole of which the groups are shares. */
  readonly named?: readonly Dimension[];
}

/** A query and how to ask it. */
export interface LogqlQuery {
  readonly logql: string;
  readonly queryType: 'instant' | 'range';
  /** Step of a range query: `1h` or `1d`; absent where Grafana chooses it. */
  readonly step?: '1h' | '1d';
}

/**
 * Compiles a signal to one LogQL query. A series has a label of the Loki name for each dimension.
 * Throws a SignalError on a dimension that the signal has not.
 */
export function toLogql(signal: Signal, options: LogqlOptions): LogqlQuery | NotSupported {
  const by = dimensionsOf(signal, options);
  const { context } = options;
  if (context.kind === 'steps' || context.kind === 'days') {
    const reason = seriesObstacle(signal) ?? zoneObstacle(options);
    if (reason !== undefined) return { reason };
  }
  if (context.kind === 'rule' && context.isDay === true) {
    const reason = dayObstacle(signal);
    if (reason !== undefined) return { reason };
  }
  const compiler = new Compiler(signal, options, by);
  const vector = compiler.vectorOf(signal.value, by);
  const isOneNumber = by.length === 0 && context.kind !== 'days';
  const logql = isOneNumber && isCount(signal.value) ? `${vector} or vector(0)` : vector;
  if (context.kind !== 'steps') return { logql, queryType: 'instant' };
  if (context.step === 'auto') return { logql, queryType: 'range' };
  return { logql, queryType: 'range', step: context.step === 'hour' ? '1h' : '1d' };
}

/** Range queries of Loki are cut at multiples of the step since 1970 UTC. */
function zoneObstacle({ context, timezone }: LogqlOptions): string | undefined {
  const isDaily = context.kind === 'steps' && context.step === 'day';
  return isDaily && timezone !== 'UTC' ? 'Loki cuts daily steps at midnight UTC only' : undefined;
}

/** The Loki label of a dimension. */
export function labelOf(dimension: Dimension): string {
  return columnOf(fieldOfDimension(dimension));
}

class Compiler {
  readonly #signal: Signal;
  readonly #options: LogqlOptions;
  readonly #by: readonly Dimension[];
  readonly #time: LogqlTime;

  constructor(signal: Signal, options: LogqlOptions, by: readonly Dimension[]) {
    this.#signal = signal;
    this.#options = options;
    this.#by = by;
    this.#time = new LogqlTime(signal, options.context, options.timezone);
  }

  /** A vector with a series per group that has data. */
  vectorOf(value: Value, by: readonly Dimension[]): string {
    switch (value.kind) {
      case 'fold':
        return this.#foldVector(value, by);
      case 'ratio':
        return this.#ratioVector(value, by);
      case 'total': {
        const parts = value.parts.map(({ times, over, value: part }) => {
          const scale = `${times === 1 ? '' : ` * ${times}`}${over === undefined ? '' : ` / ${over}`}`;
          const vector = this.vectorOf(part, by);
          return scale === '' ? vector : `(${vector})${scale}`;
        });
        return parts.length === 1 ? String(parts[0]) : unionOf('sum', this.#labelsOf(by), parts);
      }
      case 'guarded':
        return `(${this.vectorOf(value.value, by)}) and (${this.#foldVector(value.needs, by)} >= ${value.atLeast})`;
    }
  }

  /** Labels that tell the series of a vector apart. */
  #labelsOf(by: readonly Dimension[]): string[] {
    const labels = by.map(labelOf);
    return this.#options.context.kind === 'days' ? [...labels, DAY_LABEL] : labels;
  }

  #ratioVector(value: Extract<Value, { kind: 'ratio' }>, by: readonly Dimension[]): string {
    const of = this.vectorOf(value.of, by);
    const wholeBy = by.filter((dimension) => value.shareOver?.includes(dimension) !== true);
    const to = this.#ofWhole(wholeBy).vectorOf(value.to, wholeBy);
    if (wholeBy.length < by.length)
      return `${of} / on (${this.#labelsOf(wholeBy).join(', ')}) group_left () ${to}`;
    // A series of a count is never 0; anything else may be.
    const divisor = isCount(value.to) ? to : `(${to} != 0)`;
    if (!isCount(value.of)) return `(${of}) / ${divisor}`;
    if (value.of.kind === 'fold' && value.of.onlyLatest === true && value.of.aggregate === 'count')
      return `${this.#latestVector(value.of, by, true)} / ${divisor}`;
    return `(${of} or ${this.#labelsOf(by).length === 0 ? 'vector(0)' : `${to} * 0`}) / ${divisor}`;
  }

  #ofWhole(wholeBy: readonly Dimension[]): Compiler {
    const { named = [] } = this.#options;
    const left = named.filter((dimension) => wholeBy.includes(dimension));
    return left.length === named.length
      ? this
      : new Compiler(this.#signal, { ...this.#options, named: left }, this.#by);
  }

  /** Label filters of all lines. */
  #filters(): string[] {
    const { named = [], filters = [] } = this.#options;
    return [...named.map((dimension) => `${labelOf(dimension)}!=""`), ...filters];
  }

  #foldVector(fold: Fold, by: readonly Dimension[]): string {
    const labels = this.#labelsOf(by);
    if (fold.onlyLatest === true) return this.#latestVector(fold, by);
    if (fold.aggregate === 'days') return this.#daysVector(fold, labels);
    if (fold.aggregate === 'historyDays') return this.#historyDaysVector(fold, labels);
    const ranges =
      fold.instant === 'start' ? this.#time.startedIn() : this.#time.rangesOf(fold.span ?? 'window');
    if (fold.aggregate === 'distinct') return this.#distinctVector(fold, labels, ranges);
    const vectors = ranges.map((time) => this.#rangeVector(fold, labels, time));
    const [only] = vectors;
    // A span of no length has no events.
    if (only === undefined) return `(vector(0) > 0)`;
    return vectors.length === 1 ? only : unionOf('sum', labels, vectors);
  }

  #distinctVector(fold: Fold, labels: readonly string[], ranges: readonly TimeRange[]): string {
    const inner = [...labels, columnOf(fieldOf(fold))];
    const seen = ranges.map(({ range, stages }) =>
      aggregateOf('sum', inner, `count_over_time(${this.#lines(fold, stages)} ${range})`),
    );
    const [only] = seen;
    if (only === undefined) return `(vector(0) > 0)`;
    const excluded = (fold.unlessRunHas ?? []).flatMap((exclusion) => this.#runsWith(exclusion));
    // Set operations are worked off from left to right.
    const each = [seen.length === 1 ? only : `(${seen.join(' or ')})`, ...excluded];
    return aggregateOf('count', labels, each.join(` unless on (${columnOf('agent.run_id')}) `));
  }

  /** A fold over records of which only the latest of each key counts; as a count it may have its groups of 0, too. */
  #latestVector(fold: Fold, by: readonly Dimension[], hasZeros = false): string {
    const [time, ...others] = this.#time.rangesOf(fold.span ?? 'window');
    if (time === undefined) return `(vector(0) > 0)`;
    if (others.length > 0) throw new Error('the latest records of several ranges are not those of one');
    const census = this.#censusOf(fold, this.#labelsOf(by), time);
    switch (fold.aggregate) {
      case 'count':
        return hasZeros ? latestCountOrZero(census) : latestCount(census);
      case 'distinct':
        return latestDistinct(census, columnOf(fieldOf(fold)));
      case 'sum': {
        const label = columnOf(fieldOf(fold));
        const lines = this.#linesOf(fold.of, time.stages);
        const numbers = `max_over_time(${lines} | ${unwrap(fold)} ${time.range}) by (${label})`;
        return latestSum(census, label, numbers);
      }
      default:
        throw new Error(`no ${JSON.stringify(fold.aggregate)} of latest records`);
    }
  }

  #censusOf(fold: Fold, labels: readonly string[], time: TimeRange): Census {
    const { matchers = [], where, context } = this.#options;
    const isPresent = fold.field !== undefined && !doesUnwrap(fold) ? [fold.field] : [];
    return {
      selector: selectorOf(fold.of, []),
      time,
      labels,
      apart: context.kind === 'days' ? [DAY_LABEL] : [],
      conditions: [
        ...[...matchers, ...this.#filters()].map(conditionOfQuery),
        ...listChoices(where).flatMap(({ dimension, any, none }) => [
          ...(any.length === 0 ? [] : [isAnyOf(labelOf(dimension), any)]),
          ...(none.length === 0 ? [] : [isNoneOf(labelOf(dimension), none)]),
        ]),
        ...isPresent.map((field) => labelConditionOf({ field, isPresent: true })),
        ...filtersOf(fold, this.#by).map(labelConditionOf),
      ],
    };
  }

  /** Vectors with a series for each run that has such an event. */
  #runsWith({ of, span }: Exclusion): string[] {
    return this.#time.rangesOf(span).map(({ range, stages }) => {
      const lines = this.#linesOf(of, [presentFilterOf('agent.run_id'), ...stages]);
      return aggregateOf('sum', [columnOf('agent.run_id')], `count_over_time(${lines} ${range})`);
    });
  }

  #rangeVector(fold: Fold, labels: readonly string[], time: TimeRange): string {
    const lines = this.#lines(fold, time.stages);
    const { range } = time;
    const groups = `by (${labels.join(', ')})`;
    if (typeof fold.aggregate === 'object') {
      return `quantile_over_time(${fold.aggregate.quantile}, ${lines} | ${unwrap(fold)} ${range}) ${groups}`;
    }
    switch (fold.aggregate) {
      case 'count':
        return aggregateOf('sum', labels, `count_over_time(${lines} ${range})`);
      case 'sum':
        return aggregateOf('sum', labels, `sum_over_time(${lines} | ${unwrap(fold)} ${range})`);
      case 'max':
        return `max_over_time(${lines} | ${unwrap(fold)} ${range}) ${groups}`;
      case 'distinct':
        throw new Error('different values are counted over all ranges at once');
      case 'maxAge':
        return `max_over_time(${lines} | ${ageStages(fieldOf(fold))} ${range}) ${groups}`;
      case 'gaps':
      case 'places': {
        const process = [...labels, ...PROCESS_FIELDS.map(columnOf)];
        const counter = `${lines} | ${unwrap(fold)} ${range}`;
        const places = `max_over_time(${counter}) by (${process.join(', ')}) - min_over_time(${counter}) by (${process.join(', ')}) + 1`;
        const seen = aggregateOf('sum', process, `count_over_time(${lines} ${range})`);
        return aggregateOf('sum', labels, fold.aggregate === 'gaps' ? `${places} - ${seen}` : places);
      }
      case 'days':
      case 'historyDays':
        throw new Error('days are counted apart');
    }
  }

  #daysVector(fold: Fold, labels: readonly string[]): string {
    const { ranges, isLabelled } = this.#time.daysOf(fold.span ?? 'window');
    const inner = isLabelled ? [...labels, DAYS_AGO] : labels;
    const vectors = ranges.map(({ range, stages }) =>
      aggregateOf('sum', inner, `count_over_time(${this.#lines(fold, stages)} ${range})`),
    );
    return isLabelled
      ? aggregateOf('count', labels, vectors.join(' or '))
      : unionOf('count', labels, vectors);
  }

  /** The greatest number of days ago of which there is a line. */
  #historyDaysVector(fold: Fold, labels: readonly string[]): string {
    const { ranges, isLabelled } = this.#time.daysOf(fold.span ?? 'window');
    const vectors = ranges.map(({ range, stages, daysAgo }) =>
      isLabelled
        ? aggregateOf(
            'max',
            labels,
            `max_over_time(${this.#lines(fold, stages)} | unwrap ${DAYS_AGO} | __error__="" ${range})`,
          )
        : `${aggregateOf('sum', labels, `count_over_time(${this.#lines(fold, stages)} ${range})`)} * 0 + ${daysAgo ?? 0}`,
    );
    return unionOf('max', labels, vectors);
  }

  #lines(fold: Fold, timeStages: readonly string[]): string {
    const stages = this.#filters();
    for (const { dimension, any, none } of listChoices(this.#options.where)) {
      const label = labelOf(dimension);
      if (any.length > 0) stages.push(any.map((value) => `${label}=${quotedText(value)}`).join(' or '));
      stages.push(...none.map((value) => `${label}!=${quotedText(value)}`));
    }
    if (fold.withDuplicates !== true && fold.onlyLatest !== true) stages.push('tallyspan_duplicate!="true"');
    // An aggregate that unwraps leaves out lines without the field by itself.
    if (fold.field !== undefined && !doesUnwrap(fold)) stages.push(presentFilterOf(fold.field));
    if (fold.terms) stages.push(fold.terms.map(({ field }) => presentFilterOf(field)).join(' or '));
    stages.push(...filtersOf(fold, this.#by).map(labelFilterOf));
    return this.#linesOf(fold.of, [...stages, ...timeStages]);
  }

  #linesOf(kind: Fold['of'], stages: readonly string[]): string {
    return [selectorOf(kind, this.#options.matchers ?? []), ...stages].join(' | ');
  }
}

function doesUnwrap({ aggregate }: Fold): boolean {
  return typeof aggregate === 'object' || aggregate === 'sum' || aggregate === 'max';
}

/** Reads the measure of the fold as a number; a line on which it is none is left out. */
function unwrap(fold: Fold): string {
  if (fold.terms === undefined) return `unwrap ${columnOf(fieldOf(fold))} | __error__=""`;
  return `label_format measure=\`{{ ${termsTemplate(fold.terms)} }}\` | unwrap measure | __error__=""`;
}

/** Template of the sum of integer labels; an absent one is 0. */
function termsTemplate(terms: readonly Term[]): string {
  const sumOf = (times: Term['times']): string => {
    const labels = terms.filter((term) => term.times === times).map(({ field }) => `.${columnOf(field)}`);
    return labels.length === 0 ? '0' : `(add ${labels.join(' ')})`;
  };
  return `sub ${sumOf(1)} ${sumOf(-1)}`;
}

/** Reads how long before the line the date was that a text field begins with, in ms. */
function ageStages(field: FieldKey): string {
  const label = columnOf(field);
  const date = `(unixEpochMillis (toDate "2006-01-02" (substr 0 10 .${label})))`;
  return [
    `${label}=~\`\\d{4}-\\d{2}-\\d{2}.*\``,
    `label_format age_ms=\`{{ sub (unixEpochMillis __timestamp__) ${date} }}\``,
    'unwrap age_ms',
    '__error__=""',
  ].join(' | ');
}
