// A statement in the making: one pass over the tables of the events that the folds of its values read, each fold an
// aggregate with a FILTER. Values stand in the text: DuckDB plans a statement with parameters twice.

import { columnOf } from '../core/columns.ts';
import {
  EVENT_NAMES,
  FIELDS,
  fieldOfDimension,
  PROCESS_FIELDS,
  type Dimension,
  type EventName,
  type FieldKey,
} from '../core/schema.ts';
import {
  DAY_MS,
  dateOf,
  HOUR_MS,
  offsetAt,
  offsetStretches,
  type Interval,
  type Step,
} from '../core/time/time.ts';
import { choiceSql, listChoices } from './choice.ts';
import { eventsSql } from './event-tables.ts';
import { STEP_KEY, type KeyColumn, type ValueColumn } from './sql-columns.ts';
import {
  fieldOf,
  filtersOf,
  foldsOf,
  isCount,
  type Exclusion,
  type Filter,
  type Fold,
  type SignalRequest,
  type Term,
  type Value,
} from './signal.ts';
import { endsOf, intervalsOf } from './spans.ts';
import {
  conjunction,
  groupSql,
  ifPresent,
  quoted,
  snakeCase,
  textSql,
  timestampSql,
  type WriteValue,
} from './sql-text.ts';

/** What the clauses of a statement need to know of it as a whole. */
interface Shape {
  /** Conditions that every fold has: they stand in WHERE. */
  readonly shared: readonly string[];
  readonly isGrouped: boolean;
}

/** One statement under construction: collects the fields that its clauses use, and puts the tables with them last. */
export class Statement {
  readonly #columns: readonly ValueColumn[];
  readonly #folds: readonly Fold[];
  readonly #request: SignalRequest;
  readonly #by: readonly Dimension[];
  readonly #window: Interval;
  readonly #write: WriteValue;
  readonly #fields = new Set<FieldKey>();
  readonly #exclusions = new Map<string, string>();
  /** The events that the folds read. */
  readonly #names: readonly EventName[];

  /** Values that have places of a process among them must stand alone. */
  constructor(
    columns: readonly ValueColumn[],
    window: Interval,
    request: SignalRequest,
    by: readonly Dimension[],
    write: WriteValue,
  ) {
    this.#write = write;
    this.#columns = columns;
    this.#folds = columns.flatMap(({ value }) => foldsOf(value));
    this.#request = request;
    this.#by = by;
    this.#window = window;
    const kinds = new Set(this.#folds.map((fold) => fold.of));
    this.#names = EVENT_NAMES.filter((name) => kinds.has('*') || kinds.has(name));
  }

  keyOf(dimension: Dimension): KeyColumn {
    return { name: dimension, sql: this.#dimensionSql(dimension) };
  }

  build(keys: readonly KeyColumn[]): string {
    const conditions = this.#folds.map((fold) => this.#conditionsOf(fold));
    // What every fold asks stands in WHERE; what only some ask, in the FILTER of each.
    const shared = (conditions[0] ?? []).filter((condition) =>
      conditions.every((list) => list.includes(condition)),
    );
    const shape: Shape = { shared, isGrouped: keys.length > 0 };
    const rest = conditions.map((list) => list.filter((condition) => !shared.includes(condition)));
    const isAsked = shape.isGrouped ? this.#anyFoldSql(rest) : this.#reachSql();
    const where = [...this.#whereOfRequest(), ...shared, ...isAsked].join('\n  AND ');
    // Gaps need the least and the greatest number of each process first.
    const [first] = this.#folds;
    const perProcess = first && isPerProcess(first) ? this.#perProcessClauses(first, keys) : undefined;
    const keySql = ({ name, sql }: KeyColumn): string => (perProcess === undefined ? sql : `"${name}"`);
    const columns = [
      ...keys.map((key) => `${keySql(key)} AS "${key.name}"`),
      ...this.#columns.map(
        ({ name, value }) => `CAST(${this.#valueSql(value, shape)} AS DOUBLE) AS "${name}"`,
      ),
    ];
    const group = keys.length > 0 ? `\nGROUP BY ${keys.map(keySql).join(', ')}` : '';
    // Last: the tables have the columns that the clauses use.
    const latest = this.#latestSql(keys);
    const stored = this.#withExclusions(eventsSql([...this.#fields], this.#names));
    const tables = latest === undefined ? stored : `(SELECT * FROM ${stored}${latest})`;
    const from =
      perProcess === undefined
        ? `${tables}\nWHERE ${where}`
        : `(\n  SELECT ${perProcess.columns}\n  FROM ${tables}\n  WHERE ${where}\n  GROUP BY ${perProcess.group}\n)`;
    return `SELECT ${columns.join(',\n  ')}\nFROM ${from}${group}`;
  }

  /** Leaves of the records of one key the latest of the window, or of each step. */
  #latestSql(keys: readonly KeyColumn[]): string | undefined {
    if (!this.#folds.some((fold) => fold.onlyLatest === true)) return undefined;
    if (!this.#folds.every((fold) => fold.onlyLatest === true && (fold.span ?? 'window') === 'window'))
      throw new Error('folds of the latest records stand alone, and read the window');
    const key = this.#column('tallyspan.key');
    const within = conjunction(this.#withinSql('window', this.#window));
    const steps = keys.flatMap(({ name, sql }) => (name === STEP_KEY ? [sql] : []));
    const order = `coalesce(${this.#column('tallyspan.revision')}, 0) DESC`;
    const rank = `row_number() OVER (PARTITION BY ${[key, ...steps].join(', ')} ORDER BY ${order})`;
    return ` WHERE ${within}\n  QUALIFY coalesce(${key}, '') = '' OR ${rank} = 1`;
  }

  #perProcessClauses(fold: Fold, keys: readonly KeyColumn[]): { columns: string; group: string } {
    const column = this.#column(fieldOf(fold));
    const process = PROCESS_FIELDS.map((key) => this.#column(key));
    const columns = [
      ...keys.map(({ name, sql }) => `${sql} AS "${name}"`),
      `max(${column}) - min(${column}) + 1 AS "places"`,
      'count(*) AS "seen"',
    ];
    return { columns: columns.join(', '), group: [...keys.map(({ sql }) => sql), ...process].join(', ') };
  }

  #column(field: FieldKey): string {
    this.#fields.add(field);
    return quoted(columnOf(field));
  }

  /** SQL of a value; NULL where there is no data, for a count only when grouped. */
  #valueSql(value: Value, shape: Shape): string {
    switch (value.kind) {
      case 'fold': {
        const aggregate = this.#aggregateSql(value, shape);
        return isCount(value) && shape.isGrouped && !isPerProcess(value)
          ? `nullif(${aggregate}, 0)`
          : aggregate;
      }
      case 'ratio':
        return this.#ratioSql(value, shape);
      case 'total': {
        const parts = value.parts.map(({ times, over, value: part }) => {
          const sql = this.#valueSql(part, shape);
          const scale = `${times === 1 ? '' : ` * ${times}`}${over === undefined ? '' : ` / ${over}`}`;
          return { sql, scale };
        });
        const [only] = parts;
        if (parts.length === 1 && only) return `(${only.sql}${only.scale})`;
        const sum = parts.map(({ sql, scale }) => `coalesce(${sql}, 0)${scale}`).join(' + ');
        return `CASE WHEN coalesce(${parts.map(({ sql }) => sql).join(', ')}) IS NOT NULL THEN ${sum} END`;
      }
      case 'guarded':
        return `CASE WHEN ${this.#aggregateSql(value.needs, shape)} >= ${value.atLeast} THEN ${this.#valueSql(value.value, shape)} END`;
    }
  }

  #ratioSql(value: Extract<Value, { kind: 'ratio' }>, shape: Shape): string {
    const shared = this.#by.filter((dimension) => value.shareOver?.includes(dimension));
    if (shared.length > 0 && value.to.kind === 'fold') {
      const kept = this.#by
        .filter((dimension) => !shared.includes(dimension))
        .map((dimension) => this.#dimensionSql(dimension));
      const partition = kept.length > 0 ? `PARTITION BY ${kept.join(', ')}` : '';
      const whole = `sum(${this.#aggregateSql(value.to, shape)}) OVER (${partition})`;
      return `(CAST(${this.#valueSql(value.of, shape)} AS DOUBLE) / nullif(${whole}, 0))`;
    }
    const counted = this.#valueSql(value.of, shape);
    const of = isCount(value.of) ? `coalesce(${counted}, 0)` : counted;
    return `(CAST(${of} AS DOUBLE) / nullif(${this.#valueSql(value.to, shape)}, 0))`;
  }

  #aggregateSql(fold: Fold, { shared }: Shape): string {
    const conditions = this.#conditionsOf(fold).filter((condition) => !shared.includes(condition));
    const filter = conditions.length > 0 ? ` FILTER (WHERE ${conjunction(conditions)})` : '';
    const column = fold.terms
      ? this.#termsSql(fold.terms)
      : fold.field === undefined
        ? '*'
        : this.#column(fold.field);
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
      case 'historyDays':
        return `(${this.#write('today', dateOf(this.#window.to, this.#request.timezone))} - min(${this.#dateSql()})${filter})`;
      case 'maxAge':
        return `max(${this.#instantSql()} - epoch_ms(TRY_CAST(left(${column}, 10) AS DATE)))${filter}`;
      case 'gaps':
        return 'coalesce(sum("places" - "seen"), 0)';
      case 'places':
        return 'coalesce(sum("places"), 0)';
    }
  }

  #conditionsOf(fold: Fold): string[] {
    const conditions = [...this.#timeSql(fold)];
    if (fold.of !== '*' && this.#names.length > 1)
      conditions.push(`${this.#column('event.name')} = ${textSql(fold.of)}`);
    if (fold.withDuplicates !== true && fold.onlyLatest !== true)
      conditions.push(`${this.#column('tallyspan.duplicate')} IS NOT TRUE`);
    for (const exclusion of fold.unlessRunHas ?? []) conditions.push(this.#excludedSql(exclusion));
    if (fold.field !== undefined) conditions.push(this.#presentSql(fold.field));
    if (fold.terms)
      conditions.push(`(${fold.terms.map(({ field }) => this.#presentSql(field)).join(' OR ')})`);
    conditions.push(...filtersOf(fold, this.#by).map((filter) => this.#filterSql(filter)));
    return conditions;
  }

  /** The tables with a column for each exclusion, so that each is looked at once, however often a value names it. */
  #withExclusions(stored: string): string {
    const columns = [...this.#exclusions].map(([sql, name]) => `, ${sql} AS ${quoted(name)}`);
    return columns.length === 0 ? stored : `(SELECT *${columns.join('')} FROM ${stored})`;
  }

  /** Not of a run that has such an event. */
  #excludedSql({ of, span }: Exclusion): string {
    const within = intervalsOf(span, this.#window, this.#request).map((interval) =>
      conjunction(this.#withinSql(snakeCase(span), interval)),
    );
    const runId = quoted(columnOf('agent.run_id'));
    const runs = `SELECT ${runId} FROM ${eventsSql(['agent.run_id', 'timestamp'], of === '*' ? EVENT_NAMES : [of])} WHERE ${runId} <> '' AND (${within.join(' OR ')})`;
    const sql = `${this.#column('agent.run_id')} NOT IN (${runs})`;
    if (!this.#exclusions.has(sql)) this.#exclusions.set(sql, `without_${this.#exclusions.size + 1}`);
    return quoted(this.#exclusions.get(sql) ?? '');
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

  /** A group of which no fold asks anything has no row. */
  #anyFoldSql(rest: readonly (readonly string[])[]): string[] {
    if (rest.some((list) => list.length === 0)) return [];
    return [`(${[...new Set(rest.map((list) => conjunction(list)))].join(' OR ')})`];
  }

  /** One row is a row whatever it is made of: only where folds read different times there is something to skip. */
  #reachSql(): string[] {
    const spans = new Set(this.#folds.map((fold) => `${fold.span ?? 'window'} ${fold.instant ?? ''}`));
    return spans.size < 2 ? [] : this.#withinSql('reach', this.#reach());
  }

  /** From the first to the last instant at which the folds may find an event. */
  #reach(): Interval {
    const intervals = this.#folds.flatMap((fold) =>
      fold.instant === 'start'
        ? [endsOf(this.#window, this.#request)]
        : intervalsOf(fold.span ?? 'window', this.#window, this.#request),
    );
    return {
      from: Math.min(...intervals.map(({ from }) => from)),
      to: Math.max(...intervals.map(({ to }) => to)),
    };
  }

  /** The start in the interval, and the record itself where it may stand. */
  #startedSql(name: string, { from, to }: Interval): string[] {
    const start = `${this.#instantSql()} - coalesce(${this.#column('duration_ms')}, 0)`;
    return [
      ...this.#withinSql('ended', endsOf(this.#window, this.#request)),
      `${start} > ${this.#write(`${name}_from`, from)}`,
      `${start} <= ${this.#write(`${name}_to`, to)}`,
    ];
  }

  #withinSql(name: string, { from, to }: Interval): string[] {
    const column = this.#column('timestamp');
    return [
      `${column} > ${timestampSql(this.#write(`${name}_from`, from))}`,
      `${column} <= ${timestampSql(this.#write(`${name}_to`, to))}`,
    ];
  }

  #whereOfRequest(): string[] {
    return listChoices(this.#request.where).flatMap((choice) =>
      choiceSql(this.#dimensionSql(choice.dimension), choice, this.#write),
    );
  }

  /** Days since 1970-01-01 of the event's local date; the instant of midnight belongs to the day that ends. */
  #dateSql(): string {
    return `((${this.#instantSql()} - 1 + ${this.#offsetSql()}) // ${DAY_MS})`;
  }

  /** Key of the step that holds the event: the start of the hour in Unix ms, or the date as days since 1970-01-01. */
  bucketSql(step: Step): string {
    if (step === 'day') return this.#dateSql();
    const phase = offsetAt(this.#window.from, this.#request.timezone) % HOUR_MS;
    return `((${this.#instantSql()} - 1 + ${phase}) // ${HOUR_MS} * ${HOUR_MS} - ${phase})`;
  }

  /** Unix milliseconds of the event. */
  #instantSql(): string {
    return `epoch_ms(${this.#column('timestamp')})`;
  }

  #offsetSql(): string {
    const stretches = offsetStretches(this.#reach(), this.#request.timezone);
    const last = stretches.at(-1)?.offsetMs ?? 0;
    const changes = stretches.flatMap(({ offsetMs, until }) =>
      until === undefined ? [] : [`WHEN ${this.#instantSql()} <= ${until} THEN ${offsetMs}`],
    );
    return changes.length === 0 ? String(last) : `CASE ${changes.join(' ')} ELSE ${last} END`;
  }

  #filterSql(filter: Filter): string {
    if ('anyOf' in filter) return `(${filter.anyOf.map((one) => this.#filterSql(one)).join(' OR ')})`;
    const column = this.#column(filter.field);
    if ('is' in filter) {
      return typeof filter.is === 'boolean'
        ? `${column} IS ${filter.is ? 'TRUE' : 'FALSE'}`
        : `${column} = ${textSql(filter.is)}`;
    }
    if ('isNot' in filter) {
      return typeof filter.isNot === 'boolean'
        ? `${column} IS NOT ${filter.isNot ? 'TRUE' : 'FALSE'}`
        : `${column} IS DISTINCT FROM ${textSql(filter.isNot)}`;
    }
    // Few events have what these ask for, and CASE looks into those only.
    if ('oneOf' in filter) return ifPresent(column, `${column} IN (${filter.oneOf.map(textSql).join(', ')})`);
    if ('holds' in filter)
      return ifPresent(column, `list_has_any(${column}, [${filter.holds.map(textSql).join(', ')}])`);
    if ('over' in filter) return `${column} > ${filter.over}`;
    if ('startsNotWith' in filter)
      return `NOT starts_with(coalesce(${column}, ''), ${textSql(filter.startsNotWith)})`;
    return this.#presentSql(filter.field);
  }

  #presentSql(field: FieldKey): string {
    const column = this.#column(field);
    return FIELDS[field].type === 'string' ? `${column} <> ''` : `${column} IS NOT NULL`;
  }

  #dimensionSql(dimension: Dimension): string {
    const field = fieldOfDimension(dimension);
    const column = this.#column(field);
    return groupSql(field, column);
  }

  #termsSql(terms: readonly Term[]): string {
    return terms
      .map(({ field, times }) => `${times === 1 ? '+' : '-'} coalesce(${this.#column(field)}, 0)`)
      .join(' ')
      .replace(/^\+ /, '');
  }
}

/** Whether it needs the least and the greatest number of each process first. */
export function isPerProcess(fold: Fold): boolean {
  return fold.aggregate === 'gaps' || fold.aggregate === 'places';
}
