// A tally of what was emitted and what Loki stored: the count and two sums that a loss, or a double, would move.

import type { EventRecord } from '../../core/event.ts';
import { randomHex, sendLogs, toLog } from '../stack/otlp-client.ts';
import type { LokiServer } from '../stack/loki.ts';

export interface Tally {
  readonly count: number;
  readonly sequenceSum: number;
  readonly costSum: number;
}

/** Emits numbered model calls of one service and knows what was accepted. */
export class Emitter {
  readonly service: string;
  accepted: Tally = { count: 0, sequenceSum: 0, costSum: 0 };
  /** Events in requests that were refused: the sender knows them, so they are counted drops. */
  refused = 0;
  #sequence = 0;
  /** Extra characters in each body. */
  readonly #padding: string;

  constructor(service: string, paddingChars = 0) {
    this.service = service;
    this.#padding = 'x'.repeat(paddingChars);
  }

  /** Sends `count` new events in requests of `size`. A request is accepted when it is answered with 200. */
  async emit(baseUrl: string, count: number, size = 500): Promise<void> {
    for (let sent = 0; sent < count; sent += size)
      await this.#post(baseUrl, this.#make(Math.min(size, count - sent)));
  }

  #make(count: number): EventRecord[] {
    return Array.from({ length: count }, () => {
      this.#sequence += 1;
      return {
        timestamp: Date.now(),
        'event.name': 'agent.model_call',
        trace_id: randomHex(16),
        span_id: randomHex(8),
        'tallyspan.seq': this.#sequence,
        cost_nano_usd: (this.#sequence * 7919) % 100_003,
      } as const;
    });
  }

  async #post(baseUrl: string, events: readonly EventRecord[]): Promise<void> {
    const logs = events.map((event) => {
      const log = toLog(event);
      return { ...log, body: log.body.replace(/\}$/, `,"padding":"${this.#padding}"}`) };
    });
    const status = await sendLogs(baseUrl, { 'service.name': this.service }, logs).catch(() => 0);
    if (status !== 200) {
      this.refused += events.length;
      return;
    }
    this.accepted = {
      count: this.accepted.count + events.length,
      sequenceSum: this.accepted.sequenceSum + sumOf(events, 'tallyspan.seq'),
      costSum: this.accepted.costSum + sumOf(events, 'cost_nano_usd'),
    };
  }
}

function sumOf(events: readonly EventRecord[], key: 'tallyspan.seq' | 'cost_nano_usd'): number {
  return events.reduce((sum, event) => sum + (event[key] ?? 0), 0);
}

/** What Loki holds of a service. */
export async function readTally(loki: LokiServer, service: string): Promise<Tally> {
  const events = `{service_name="${service}", event_name="agent.model_call"}`;
  const sum = (field: string): string =>
    `sum(sum_over_time(${events} | unwrap ${field} | __error__="" [2h]))`;
  return {
    count: await loki.queryNumber(`sum(count_over_time(${events}[2h]))`),
    sequenceSum: await loki.queryNumber(sum('tallyspan_seq')),
    costSum: await loki.queryNumber(sum('cost_nano_usd')),
  };
}
