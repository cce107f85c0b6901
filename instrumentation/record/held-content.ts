// Held content: what the calls of a run sent and got back, kept in memory until the run has ended and it is known whether
// it is wanted. Of runs that end well it never leaves the process.

import type { SpanContext } from '@opentelemetry/api';
import type { EventLog, Fields } from './event-log.ts';

interface HeldCall {
  readonly atMs: number;
  readonly span: SpanContext;
  readonly fields: Fields;
  readonly chars: number;
}

/** Of all runs together; beyond it the oldest of a run go first. */
const MOST_CHARS = 32_000_000;
let heldChars = 0;

export class HeldContent {
  readonly #events: Pick<EventLog, 'emit'>;
  #calls: HeldCall[] = [];
  /** Undefined while the run goes on. */
  #isWanted: boolean | undefined;

  constructor(events: Pick<EventLog, 'emit'>) {
    this.#events = events;
  }

  /** A call that ended; `fields` identify its run and step. After the end of the run it is sent or left at once. */
  add(atMs: number, span: SpanContext, fields: Fields, content: Fields): void {
    if (this.#isWanted === false) return;
    const chars =
      (content['tallyspan.request_json']?.length ?? 0) + (content['tallyspan.response_json']?.length ?? 0);
    const call: HeldCall = { atMs, span, fields: { ...fields, ...content }, chars };
    if (this.#isWanted === true) {
      this.#send(call);
      return;
    }
    const hasRoom = (): boolean => heldChars + chars <= MOST_CHARS;
    while (!hasRoom() && this.#calls.length > 0) this.#drop();
    if (!hasRoom()) return;
    heldChars += chars;
    this.#calls.push(call);
  }

  /** The run has ended. */
  settle(isWanted: boolean): void {
    this.#isWanted = isWanted;
    const calls = this.#calls;
    while (this.#calls.length > 0) this.#drop();
    if (isWanted) for (const call of calls) this.#send(call);
  }

  #drop(): void {
    const [first, ...rest] = this.#calls;
    this.#calls = rest;
    heldChars -= first?.chars ?? 0;
  }

  #send({ atMs, span, fields }: HeldCall): void {
    this.#events.emit('agent.content', atMs, span, fields);
  }
}
