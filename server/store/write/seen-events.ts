// Seen events: which events are stored already, so that one sent twice is stored once.
// An event of ours is known by its process and its place in it (`tallyspan.process_id`, `tallyspan.seq`; before there
// was such an id, the process was `service.instance.id`, which deployments give to more than one);
// one with a key by that (keyed events); any other by its kind, span and time. Places are kept as ranges: a process that lost nothing is one range.

import { eventsSql } from '../../../signals/event-tables.ts';
import type { EventName } from '../../../core/schema.ts';
import { textsSql, type Queryable } from '../file/database.ts';
import type { Selection } from '../columns/event-appender.ts';
import { FIELD_INDEX, type EventBatch } from '../columns/event-batch.ts';
import { isKeyed } from './keyed-events.ts';
import { timeClusters } from '../../../core/time/time-clusters.ts';

/** Numbers from..to, both included. */
interface Range {
  from: number;
  to: number;
}

/** Ranges of one process. */
interface StoredRange extends Readonly<Range> {
  readonly process: string;
}

/** Places that are counted together. */
const STRETCH = 16_384;
const PLACES = eventsSql(['service.instance.id', 'tallyspan.process_id', 'tallyspan.seq']);
const PROCESS = 'coalesce(tallyspan_process_id, service_instance_id)';
const KEY_FIELDS = [
  'event.name',
  'trace_id',
  'span_id',
  'gen_ai.tool.name',
  'timestamp',
  'tallyspan.seq',
  'tallyspan.key',
] as const;

/** Processes whose ranges are held; the rest is read again from the table when needed. */
const PROCESSES_HELD = 5000;

export class SeenEvents {
  readonly #rangesByProcess = new Map<string, Range[]>();
  readonly #database: Queryable;

  constructor(database: Queryable) {
    this.#database = database;
  }

  /**
   * The rows of the batches that are not stored yet, each event once. They count as seen from now on:
   * call {@link forget} when they could not be stored.
   */
  async takeNew(batches: readonly EventBatch[]): Promise<Selection[]> {
    const processes = batches.map(processesOf);
    const wanted = new Set<string>();
    for (const ofBatch of processes)
      for (const process of ofBatch) if (process !== undefined) wanted.add(process);
    await this.#load(wanted);
    const stored = await this.#storedKeys(batches, processes);
    return batches.map((batch, index) => {
      const rows: number[] = [];
      for (let row = 0; row < batch.rows; row++) {
        const process = processes[index]?.[row];
        if (isKeyed(batch, row)) {
          // Known by its key, whatever else it has: see keyed events.
        } else if (process === undefined) {
          const key = keyOf(batch, row);
          if (stored.has(key)) continue;
          stored.add(key);
        } else {
          const ranges = this.#rangesByProcess.get(process) as Range[];
          if (!addToRanges(ranges, batch.number(row, 'tallyspan.seq') as number)) continue;
        }
        rows.push(row);
      }
      return { batch, rows };
    });
  }

  /** Drops what is held, so that the table decides again. */
  forget(): void {
    this.#rangesByProcess.clear();
  }

  async #load(wanted: ReadonlySet<string>): Promise<void> {
    const missing: string[] = [];
    for (const process of wanted) {
      const ranges = this.#rangesByProcess.get(process);
      if (ranges === undefined) missing.push(process);
      else {
        // Moved to the end: the least recently used is dropped first.
        this.#rangesByProcess.delete(process);
        this.#rangesByProcess.set(process, ranges);
      }
    }
    if (missing.length > 0) {
      for (const process of missing) this.#rangesByProcess.set(process, []);
      for (const { process, from, to } of await this.#storedRanges(missing))
        addRange(this.#rangesByProcess.get(process) as Range[], { from, to });
    }
    for (const process of this.#rangesByProcess.keys()) {
      if (this.#rangesByProcess.size <= Math.max(PROCESSES_HELD, wanted.size)) break;
      this.#rangesByProcess.delete(process);
    }
  }

  /**
   * Ranges of what is stored of the processes, in their order. A process may have millions of events, so first only
   * stretches of places are counted; those that have all of their places are ranges as they are.
   */
  async #storedRanges(processes: readonly string[]): Promise<readonly StoredRange[]> {
    const stretches = await this.#database.all(
      `SELECT ${PROCESS} AS process, tallyspan_seq // ${STRETCH} AS stretch,
         min(tallyspan_seq) AS first, max(tallyspan_seq) AS last, count(*) AS events
       FROM ${PLACES} WHERE tallyspan_seq IS NOT NULL
         AND ${PROCESS} IN ${textsSql('?')}
       GROUP BY ALL ORDER BY ALL`,
      [JSON.stringify(processes)],
    );
    const ranges: StoredRange[] = [];
    for (const row of stretches) {
      const range = { process: String(row['process']), from: Number(row['first']), to: Number(row['last']) };
      if (Number(row['events']) >= range.to - range.from + 1) ranges.push(range);
      else ranges.push(...(await this.#rangesWithin(range)));
    }
    return ranges;
  }

  /** The ranges of a stretch that has gaps. */
  async #rangesWithin({ process, from, to }: StoredRange): Promise<readonly StoredRange[]> {
    const rows = await this.#database.all(
      `SELECT min(seq) AS first, max(seq) AS last FROM (
         SELECT tallyspan_seq AS seq, tallyspan_seq - row_number() OVER (ORDER BY tallyspan_seq) AS island
         FROM ${PLACES} WHERE ${PROCESS} = ? AND tallyspan_seq BETWEEN ? AND ?)
       GROUP BY island ORDER BY 1`,
      [process, from, to],
    );
    return rows.map((row) => ({ process, from: Number(row['first']), to: Number(row['last']) }));
  }

  /** Keys of the stored events without a place in their process, from the time of those in the batches. */
  async #storedKeys(
    batches: readonly EventBatch[],
    processes: readonly (readonly (string | undefined)[])[],
  ): Promise<Set<string>> {
    const keys = new Set<string>();
    const times: number[] = [];
    const names = new Set<EventName>();
    for (const [index, batch] of batches.entries())
      for (let row = 0; row < batch.rows; row++) {
        if (processes[index]?.[row] !== undefined || isKeyed(batch, row)) continue;
        times.push(batch.number(row, 'timestamp') as number);
        names.add(batch.name(row));
      }
    const stored = eventsSql(KEY_FIELDS, [...names]);
    for (const { from, to } of timeClusters(times)) {
      // Only those of the very instants: what the database gives grows with the batch, not with the time between.
      const instants = [...new Set(times.filter((time) => time >= from && time <= to))];
      const rows = await this.#database.all(
        `SELECT DISTINCT event_name, span_id, trace_id, gen_ai_tool_name, epoch_ms(timestamp) AS at FROM ${stored}
         WHERE timestamp BETWEEN make_timestamptz(?::BIGINT * 1000) AND make_timestamptz(?::BIGINT * 1000)
           AND tallyspan_seq IS NULL AND tallyspan_key IS NULL
           AND epoch_ms(timestamp) IN (SELECT unnest(from_json(?, '["BIGINT"]')))`,
        [from, to, JSON.stringify(instants)],
      );
      for (const row of rows)
        keys.add(
          [row['event_name'], row['trace_id'], row['span_id'], row['gen_ai_tool_name'], row['at']].join('/'),
        );
    }
    return keys;
  }
}

/** The process of each row that has a place in one. */
function processesOf(batch: EventBatch): (string | undefined)[] {
  const places = batch.column(FIELD_INDEX['tallyspan.seq']);
  const texts = textsOf(batch, 'tallyspan.process_id');
  const byInstance = textsOf(batch, 'service.instance.id');
  for (let row = 0; row < batch.rows; row++)
    texts[row] = Number.isNaN(places?.[row] ?? Number.NaN) ? undefined : (texts[row] ?? byInstance[row]);
  return texts;
}

/** The text of each row; records of one sender share theirs. */
function textsOf(
  batch: EventBatch,
  key: 'tallyspan.process_id' | 'service.instance.id',
): (string | undefined)[] {
  const texts: (string | undefined)[] = [];
  const cells = batch.column(FIELD_INDEX[key]);
  let lastCell = Number.NaN;
  let last: string | undefined;
  for (let row = 0; row < batch.rows; row++) {
    const cell = cells?.[row] ?? Number.NaN;
    if (cell !== lastCell) {
      lastCell = cell;
      last = batch.text(row, key);
    }
    texts.push(last);
  }
  return texts;
}

function keyOf(batch: EventBatch, row: number): string {
  return [
    batch.name(row),
    batch.text(row, 'trace_id'),
    batch.text(row, 'span_id'),
    batch.text(row, 'gen_ai.tool.name'),
    batch.number(row, 'timestamp'),
  ].join('/');
}

/** Adds a range that comes after all others; it may begin where the last one ends. */
function addRange(ranges: Range[], range: Range): void {
  const last = ranges.at(-1);
  if (last !== undefined && last.to >= range.from - 1) last.to = Math.max(last.to, range.to);
  else ranges.push(range);
}

/** Adds a number to sorted, disjoint ranges; false when it was there. */
export function addToRanges(ranges: Range[], value: number): boolean {
  let index = ranges.length;
  while (index > 0 && (ranges[index - 1] as Range).from > value) index--;
  const before = ranges[index - 1];
  const after = ranges[index];
  if (before !== undefined && value <= before.to) return false;
  const joinsBefore = before?.to === value - 1;
  const joinsAfter = after?.from === value + 1;
  if (joinsBefore && joinsAfter) {
    before.to = after.to;
    ranges.splice(index, 1);
  } else if (joinsBefore) before.to = value;
  else if (joinsAfter) after.from = value;
  else ranges.splice(index, 0, { from: value, to: value });
  return true;
}
