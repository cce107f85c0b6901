// Seen events: which events are stored already, so that one sent twice is stored once.
// An event of ours is known by its process and its place in it (`service.instance.id`, `tallyspan.seq`);
// any other by its kind, span and time. Places are kept as ranges: a process that lost nothing is one range.

import type { EventRecord } from '../../core/event.ts';
import type { Queryable } from './database.ts';

/** Numbers from..to, both included. */
interface Range {
  from: number;
  to: number;
}

/** Processes whose ranges are held; the rest is read again from the table when needed. */
const PROCESSES_HELD = 5000;

export class SeenEvents {
  readonly #rangesByProcess = new Map<string, Range[]>();
  readonly #database: Queryable;

  constructor(database: Queryable) {
    this.#database = database;
  }

  /**
   * The events of the batch that are not stored yet, each once. The events count as seen from now on:
   * call {@link forget} when they could not be stored.
   */
  async takeNew(events: readonly EventRecord[]): Promise<EventRecord[]> {
    await this.#load(events);
    const stored = await this.#storedKeys(events.filter((event) => !hasPlace(event)));
    return events.filter((event) => {
      if (hasPlace(event)) {
        const ranges = this.#rangesByProcess.get(event['service.instance.id']) as Range[];
        return addToRanges(ranges, event['tallyspan.seq']);
      }
      const key = keyOf(event);
      if (stored.has(key)) return false;
      stored.add(key);
      return true;
    });
  }

  /** Drops what is held, so that the table decides again. */
  forget(): void {
    this.#rangesByProcess.clear();
  }

  async #load(events: readonly EventRecord[]): Promise<void> {
    const wanted = new Set(events.filter(hasPlace).map((event) => event['service.instance.id']));
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
      const marks = missing.map(() => '?').join(', ');
      const rows = await this.#database.all(
        `SELECT service_instance_id AS process, min(seq) AS first, max(seq) AS last FROM (
           SELECT service_instance_id, tallyspan_seq AS seq,
             tallyspan_seq - row_number() OVER (PARTITION BY service_instance_id ORDER BY tallyspan_seq) AS island
           FROM (SELECT DISTINCT service_instance_id, tallyspan_seq FROM events
                 WHERE service_instance_id IN (${marks}) AND tallyspan_seq IS NOT NULL))
         GROUP BY service_instance_id, island ORDER BY 1, 2`,
        missing,
      );
      for (const row of rows)
        (this.#rangesByProcess.get(String(row['process'])) as Range[]).push({
          from: Number(row['first']),
          to: Number(row['last']),
        });
    }
    for (const process of this.#rangesByProcess.keys()) {
      if (this.#rangesByProcess.size <= Math.max(PROCESSES_HELD, wanted.size)) break;
      this.#rangesByProcess.delete(process);
    }
  }

  async #storedKeys(events: readonly EventRecord[]): Promise<Set<string>> {
    const keys = new Set<string>();
    if (events.length === 0) return keys;
    const times = events.map((event) => event.timestamp);
    const rows = await this.#database.all(
      `SELECT DISTINCT event_name, span_id, trace_id, gen_ai_tool_name, epoch_ms(timestamp) AS at FROM events
       WHERE timestamp >= make_timestamptz(?::BIGINT * 1000) AND timestamp <= make_timestamptz(?::BIGINT * 1000)
         AND tallyspan_seq IS NULL`,
      [min(times), max(times)],
    );
    for (const row of rows)
      keys.add(
        [row['event_name'], row['trace_id'], row['span_id'], row['gen_ai_tool_name'], row['at']].join('/'),
      );
    return keys;
  }
}

type PlacedEvent = EventRecord & {
  readonly 'service.instance.id': string;
  readonly 'tallyspan.seq': number;
};

function hasPlace(event: EventRecord): event is PlacedEvent {
  return event['service.instance.id'] !== undefined && event['tallyspan.seq'] !== undefined;
}

function keyOf(event: EventRecord): string {
  return [
    event['event.name'],
    event.trace_id,
    event.span_id,
    event['gen_ai.tool.name'],
    event.timestamp,
  ].join('/');
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

function min(values: readonly number[]): number {
  return values.reduce((a, b) => Math.min(a, b));
}

function max(values: readonly number[]): number {
  return values.reduce((a, b) => Math.max(a, b));
}
