// Compiler to SQL (DuckDB): one pass over the table `events`, each fold an aggregate with a FILTER.
// Instants and the zone's offsets are named parameters, so the text of a statement is the same for
// every window; constants of the definition stand in the text.

import { columnOf, FIELDS, fieldOfDimension, type Dimension, type FieldKey } from '../core/schema.ts';
import {
  DAY_MS,
  HOUR_MS,
  offsetAt,
  offsetStretches,
  startOfDate,
  type Interval,
  type Step,
} from '../core/time.ts';
import { numberOf, type Row, type SignalPoint } from './result.ts';
import {
  dimensionsOf,
  filtersOf,
  foldsOf,
  isCount,
  type Filter,
  type Fold,
  type NotSupported,
  type Signal,
  type SignalRequest,
  type Term,
  type Value,
} from './signal.ts';
import { intervalsOf, seriesObstacle, windowOf, endsOf } from './spans.ts';

/** A statement and the values of its named parameters (`$name`). */
export interface SqlQuery {
  readonly sql: string;
  readonly params: Readonly<Record<string, number | string>>;
}

/**
 * Compiles a signal to one DuckDB statement. Ungrouped it gives one row with the column `value`; grouped one row
 * per group, with a column of the dimension's name for each dimension. `shapeResult` reads the rows.
 * Throws a SignalError on a dimension that the signal has not.
 */
export function toSql(signal: Signal, request: SignalRequest): SqlQuery {
  const by = dimensionsOf(signal, request);
  const keys = by.map((dimension) => ({ name: dimension as string, sql: dimensionSql(dimension) }));
  return new Statement(signal, request, by).build(keys);
}

/**
 * Compiles a signal to one statement that gives a row per step with data: the columns `bucket` and `value`, and
 * one for each dimension. `shapeSeries` reads the rows. Signals that compare days have no time series.
 */
export function toSqlSeries(
  signal: Signal,
  request: SignalRequest & { readonly step: Step },
): SqlQuery | NotSupported {
  const by = dimensionsOf(signal, request);
  const reason = seriesObstacle(signal);
  if (reason !== undefined) return { reason };
  const statement = new Statement(signal, request, by);
  return statement.build([
    { name: 'bucket', sql: statement.bucketSql(request.step) },
    ...by.map((dimension) => ({ name: dimension as string, sql: dimensionSql(dimension) })),
  ]);
}

/** Rows of the statement made by `toSqlSeries` without dimensions, as one point for each of the steps. */
export function shapeSeries(
  signal: Signal,
  starts: readonly number[],
  request: Pick<SignalRequest, 'timezone'> & { readonly step: Step },
  rows: readonly Row[],
): SignalPoint[] {
  const valueByStart = new Map<number, number | null>();
  for (const row of rows) {
    const bucket = numberOf(row['bucket']);
    if (bucket === null) continue;
    const start = request.step === 'day' ? startOfDate(bucket, request.timezone) : bucket;
    valueByStart.set(start, numberOf(row['value']));
  }
  return starts.map((start) => ({ start, value: valueByStart.get(start) ?? signal.whenEmpty }));
}

interface KeyColumn {
  readonly name: string;
  readonly sql: string;
}

/** One statement under construction: collects the parameters that its text uses. */
class Statement {
  readonly #signal: Signal;
  readonly #request: SignalRequest;
  readonly #by: readonly Dimension[];
  readonly #window: Interval;
  readonly #params: Record<string, number | string> = {};
  #hoisted: readonly string[] = [];
  #isGrouped = false;

  constructor(signal: Signal, request: SignalRequest, by: readonly Dimension[]) {
    this.#signal = signal;
    this.#request = request;
    this.#by = by;
    this.#window = windowOf(signal, request);
  }

  build(keys: readonly KeyColumn[]): SqlQuery {
    this.#isGrouped = keys.length > 0;
    const folds = foldsOf(this.#signal.value);
    const conditions = folds.map((fold) => this.#conditionsOf(fold));
    // What every fold asks stands in WHERE; what only some ask, in the FILTER of each.
    this.#hoisted = (conditions[0] ?? []).filter((condition) =>
      conditions.every((list) => list.includes(condition)),
    );
    const rest = conditions.map((list) => list.filter((condition) => !this.#hoisted.includes(condition)));
    const anyFold = rest.every((list) => list.length > 0)
      ? [`(${[...new Set(rest.map((list) => conjunction(list)))].join(' OR ')})`]
      : [];
    const where = [...this.#whereOfRequest(), ...this.#hoisted, ...anyFold].join('\n  AND ');
    // Gaps need the least and the greatest number of each process first.
    const [first] = folds;
    const source = first && isPerProcess(first) ? this.#perProcessSql(first, keys, where) : undefined;
    const keySql = ({ name, sql }: KeyColumn): string => (source === undefined ? sql : `"${name}"`);
    const columns = [
      ...keys.map((key) => `${keySql(key)} AS "${key.name}"`),
      `CAST(${this.#valueSql(this.#signal.value)} AS DOUBLE) AS "value"`,
    ];
    const group = keys.length > 0 ? `\nGROUP BY ${keys.map(keySql).join(', ')}` : '';
    const from = source ?? `events\nWHERE ${where}`;
    const sql = `SELECT ${columns.join(',\n  ')}\nFROM ${from}${group}`;
    return { sql, params: this.#params };
  }

  #perProcessSql(fold: Fold, keys: readonly KeyColumn[], where: string): string {
    const column = quoted(columnOf(fieldOf(fold)));
    const columns = [
      ...keys.map(({ name, sql }) => `${sql} AS "${name}"`),
      `max(${column}) - min(${column}) + 1 AS "places"`,
      'count(*) AS "seen"',
    ];
    const group = [...keys.map(({ sql }) => sql), '"service_instance_id"'].join(', ');
    return `(\n  SELECT ${columns.join(', ')}\n  FROM events\n  WHERE ${where}\n  GROUP BY ${group}\n)`;
  }

  /** SQL of a value; NULL where there is no data, for a count only when grouped. */
  #valueSql(value: Value): string {
    switch (value.kind) {
      case 'fold': {
        const aggregate = this.#aggregateSql(value);
        return isCount(value) && this.#isGrouped && !isPerProcess(value)
          ? `nullif(${aggregate}, 0)`
          : aggregate;
      }
      case 'ratio':
        return this.#ratioSql(value);
      case 'total': {
        const parts = value.parts.map(({ times, over, value: part }) => {
          const sql = this.#valueSql(part);
          const scale = `${times === 1 ? '' : ` * ${times}`}${over === undefined ? '' : ` / ${over}`}`;
          return { sql, scale };
        });
        const [only] = parts;
        if (parts.length === 1 && only) return `(${only.sql}${only.scale})`;
        const sum = parts.map(({ sql, scale }) => `coalesce(${sql}, 0)${scale}`).join(' + ');
        return `CASE WHEN coalesce(${parts.map(({ sql }) => sql).join(', ')}) IS NOT NULL THEN ${sum} END`;
      }
      case 'guarded':
        return `CASE WHEN ${this.#aggregateSql(value.needs)} >= ${value.atLeast} THEN ${this.#valueSql(value.value)} END`;
    }
  }

  #ratioSql(value: Extract<Value, { kind: 'ratio' }>): string {
    const shared = this.#by.filter((dimension) => value.shareOver?.includes(dimension));
    if (shared.length > 0 && value.to.kind === 'fold') {
      const kept = this.#by.filter((dimension) => !shared.includes(dimension)).map(dimensionSql);
      const partition = kept.length > 0 ? `PARTITION BY ${kept.join(', ')}` : '';
      const whole = `sum(${this.#aggregateSql(value.to)}) OVER (${partition})`;
      return `(CAST(${this.#valueSql(value.of)} AS DOUBLE) / nullif(${whole}, 0))`;
    }
    const of = isCount(value.of) ? `coalesce(${this.#valueSql(value.of)}, 0)` : this.#valueSql(value.of);
    return `(CAST(${of} AS DOUBLE) / nullif(${this.#valueSql(value.to)}, 0))`;
  }

  #aggregateSql(fold: Fold): string {
    const conditions = this.#conditionsOf(fold).filter((condition) => !this.#hoisted.includes(condition));
    const filter = conditions.length > 0 ? ` FILTER (WHERE ${conjunction(conditions)})` : '';
    const column = fold.terms
      ? termsSql(fold.terms)
      : fold.field === undefined
        ? '*'
        : quoted(columnOf(fold.field));
    if (typeof fold.aggregate === 'object') {
      return `quantile_cont(${column}, ${fold.aggregate.quantile})${filter}`;
    }
    switch (fold.aggregate) {
      case 'count':
        return `count(*)${filter}`;
      case 'sum':
      case 'max':
        return `${fold.aggregate}(${column})${filter}`;
      case 'distinct':
        return `count(DISTINCT ${column})${filter}`;
      case 'days':
        return `count(DISTINCT ${this.#dateSql()})${filter}`;
      case 'maxAge':
        return `max(epoch_ms("timestamp") - epoch_ms(TRY_CAST(left(${column}, 10) AS DATE)))${filter}`;
      case 'gaps':
        return 'coalesce(sum("places" - "seen"), 0)';
      case 'places':
        return 'coalesce(sum("places"), 0)';
    }
  }

  #conditionsOf(fold: Fold): string[] {
    const conditions = [...this.#timeSql(fold)];
    if (fold.of !== '*') conditions.push(`"event_name" = ${literal(fold.of)}`);
    if (fold.withDuplicates !== true) conditions.push('"tallyspan_duplicate" IS NOT TRUE');
    if (fold.field !== undefined) conditions.push(presentSql(fold.field));
    if (fold.terms) conditions.push(`(${fold.terms.map(({ field }) => presentSql(field)).join(' OR ')})`);
    conditions.push(...filtersOf(fold, this.#by).map(filterSql));
    return conditions;
  }

  #timeSql(fold: Fold): string[] {
    const span = fold.span ?? 'window';
    const intervals = intervalsOf(span, this.#window, this.#request);
    const [only] = intervals;
    if (fold.instant === 'start' && only) return this.#startedSql(snakeCase(span), only);
    const parts = intervals.map((interval, index) =>
      this.#withinSql(intervals.length > 1 ? `${snakeCase(span)}_${index + 1}` : snakeCase(span), interval),
    );
    return parts.length === 1
      ? (parts[0] as string[])
      : [`(${parts.map((part) => conjunction(part)).join(' OR ')})`];
  }

  /** The start in the interval, and the record itself where it may stand. */
  #startedSql(name: string, { from, to }: Interval): string[] {
    const start = `epoch_ms("timestamp") - coalesce("${columnOf('duration_ms')}", 0)`;
    this.#params[`${name}_from`] = from;
    this.#params[`${name}_to`] = to;
    return [
      ...this.#withinSql('ended', endsOf(this.#window)),
      `${start} > $${name}_from`,
      `${start} <= $${name}_to`,
    ];
  }

  #withinSql(name: string, { from, to }: Interval): string[] {
    const [fromName, toName] = [`${name}_from`, `${name}_to`];
    this.#params[fromName] = from;
    this.#params[toName] = to;
    return [`"timestamp" > ${instantSql(fromName)}`, `"timestamp" <= ${instantSql(toName)}`];
  }

  #whereOfRequest(): string[] {
    return Object.entries(this.#request.where ?? {}).map(([dimension, value]) => {
      const name = `where_${dimension}`;
      this.#params[name] = value;
      return `${dimensionSql(dimension as Dimension)} = $${name}`;
    });
  }

  /** Days since 1970-01-01 of the event's local date; the instant of midnight belongs to the day that ends. */
  #dateSql(): string {
    return `((epoch_ms("timestamp") - 1 + ${this.#offsetSql()}) // ${DAY_MS})`;
  }

  /** Key of the step that holds the event: the start of the hour in Unix ms, or the date as days since 1970-01-01. */
  bucketSql(step: Step): string {
    if (step === 'day') return this.#dateSql();
    const phase = offsetAt(this.#window.from, this.#request.timezone) % HOUR_MS;
    return `((epoch_ms("timestamp") - 1 + ${phase}) // ${HOUR_MS} * ${HOUR_MS} - ${phase})`;
  }

  #offsetSql(): string {
    const spans = foldsOf(this.#signal.value).flatMap((fold) =>
      intervalsOf(fold.span ?? 'window', this.#window, this.#request),
    );
    const whole = {
      from: Math.min(...spans.map(({ from }) => from)),
      to: Math.max(...spans.map(({ to }) => to)),
    };
    const stretches = offsetStretches(whole, this.#request.timezone);
    const last = stretches.at(-1)?.offsetMs ?? 0;
    const changes = stretches.flatMap(({ offsetMs, until }) =>
      until === undefined ? [] : [`WHEN epoch_ms("timestamp") <= ${until} THEN ${offsetMs}`],
    );
    return changes.length === 0 ? String(last) : `CASE ${changes.join(' ')} ELSE ${last} END`;
  }
}

function filterSql(filter: Filter): string {
  if ('anyOf' in filter) return `(${filter.anyOf.map(filterSql).join(' OR ')})`;
  const column = quoted(columnOf(filter.field));
  if ('is' in filter) {
    return typeof filter.is === 'boolean'
      ? `${column} IS ${filter.is ? 'TRUE' : 'FALSE'}`
      : `${column} = ${literal(filter.is)}`;
  }
  if ('isNot' in filter) {
    return typeof filter.isNot === 'boolean'
      ? `${column} IS NOT ${filter.isNot ? 'TRUE' : 'FALSE'}`
      : `${column} IS DISTINCT FROM ${literal(filter.isNot)}`;
  }
  if ('oneOf' in filter) return `${column} IN (${filter.oneOf.map(literal).join(', ')})`;
  if ('holds' in filter) return `list_has_any(${column}, [${filter.holds.map(literal).join(', ')}])`;
  if ('over' in filter) return `${column} > ${filter.over}`;
  if ('startsNotWith' in filter)
    return `NOT starts_with(coalesce(${column}, ''), ${literal(filter.startsNotWith)})`;
  return presentSql(filter.field);
}

function presentSql(field: FieldKey): string {
  const column = quoted(columnOf(field));
  return FIELDS[field].type === 'string' ? `${column} <> ''` : `${column} IS NOT NULL`;
}

function dimensionSql(dimension: Dimension): string {
  const field = fieldOfDimension(dimension);
  const column = quoted(columnOf(field));
  return FIELDS[field].type === 'string' ? `nullif(${column}, '')` : `CAST(${column} AS VARCHAR)`;
}

function termsSql(terms: readonly Term[]): string {
  return terms
    .map(({ field, times }) => `${times === 1 ? '+' : '-'} coalesce(${quoted(columnOf(field))}, 0)`)
    .join(' ')
    .replace(/^\+ /, '');
}

function isPerProcess(fold: Fold): boolean {
  return fold.aggregate === 'gaps' || fold.aggregate === 'places';
}

function fieldOf(fold: Fold): NonNullable<Fold['field']> {
  if (fold.field === undefined)
    throw new Error(`the aggregate ${JSON.stringify(fold.aggregate)} needs a field`);
  return fold.field;
}

function instantSql(name: string): string {
  return `make_timestamptz(CAST($${name} AS BIGINT) * 1000)`;
}

function conjunction(conditions: readonly string[]): string {
  return conditions.length === 0 ? 'true' : conditions.join(' AND ');
}

function quoted(name: string): string {
  return `"${name.replaceAll('"', '""')}"`;
}

function literal(text: string): string {
  return `'${text.replaceAll("'", "''")}'`;
}

function snakeCase(name: string): string {
  return name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
}
