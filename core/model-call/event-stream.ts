// An event stream: server-sent events as the API writes them, cut into pieces wherever the network cut them.
// Lines end as the specification of such streams allows: with a line feed, a carriage return, or both.
// Only their data is read: each event of the API names its type there, too. Deltas that follow one another are one.

import {
  deltaEvent,
  frameOf,
  readDelta,
  readDeltas,
  type DeltaFrame,
  type WrittenDelta,
} from './delta-run.ts';

/** Takes the text of a stream piece by piece and gives the events that each piece completes. */
export class EventStream {
  /** What came after the last whole line. */
  #rest = '';
  #data: string[] = [];
  /** Whether the last line ended with a carriage return, to which a line feed may belong that comes next. */
  #isAfterReturn = false;
  /** Whether nothing of an event has come since the last one ended. */
  #isBetween = true;
  /** How the last delta was written; `undefined` where there was none, or where it says too little. */
  #frame: DeltaFrame | undefined;
  #hasFrames = true;

  /** The parsed data of the events that end in this piece; data that is no JSON is left out. */
  push(text: string): unknown[] {
    if (text === '') return [];
    const all = this.#rest === '' ? text : this.#rest + text;
    const events: unknown[] = [];
    let at = this.#isAfterReturn && all.charCodeAt(0) === LINE_FEED ? 1 : 0;
    this.#isAfterReturn = false;
    // Searched for again only once it is passed: most streams have one of them alone.
    let feedAt = all.indexOf('\n', at);
    let returnAt = all.indexOf('\r', at);
    /** Where the event began that is being read, if it did so in this piece. */
    let eventAt = this.#isBetween ? at : -1;
    let dataEnd = at;
    for (;;) {
      if (at === eventAt) at = eventAt = this.#readDeltas(all, at, events);
      if (feedAt !== -1 && feedAt < at) feedAt = all.indexOf('\n', at);
      if (returnAt !== -1 && returnAt < at) returnAt = all.indexOf('\r', at);
      const isReturn = returnAt !== -1 && (feedAt === -1 || returnAt < feedAt);
      const lineEnd = isReturn ? returnAt : feedAt;
      if (lineEnd === -1) break;
      const next = lineEnd + (isReturn && feedAt === lineEnd + 1 ? 2 : 1);
      this.#isAfterReturn = isReturn && next === all.length && feedAt === -1;
      if (lineEnd === at) {
        const delta = this.#endEvent(events);
        // Where more may belong to its last line, its end is not known yet.
        if (delta !== undefined && eventAt !== -1 && this.#hasFrames && !this.#isAfterReturn) {
          const textAt = dataEnd - delta.closing - delta.text.length - eventAt;
          this.#frame = frameOf(all.slice(eventAt, next), textAt, delta);
        }
        eventAt = next;
      } else if (all.startsWith('data:', at)) {
        this.#data.push(all.slice(at + 'data:'.length, lineEnd));
        dataEnd = lineEnd;
      }
      at = next;
    }
    this.#isBetween = at === eventAt;
    this.#rest = all.slice(at);
    return events;
  }

  /** The event that the stream ended in without an empty line after it. */
  end(): unknown[] {
    return this.push('\n\n');
  }

  /** Reads the deltas that stand there in the frame of the last one; gives where they end. */
  #readDeltas(all: string, at: number, events: unknown[]): number {
    if (this.#frame === undefined) return at;
    const run = readDeltas(this.#frame, all, at);
    if (run === undefined) return at;
    if (run === false) {
      this.#frame = undefined;
      this.#hasFrames = false;
      return at;
    }
    events.push(run.event);
    return run.end;
  }

  /** Gives the delta that ended, where it is one that holds one text. */
  #endEvent(events: unknown[]): WrittenDelta | undefined {
    if (this.#data.length === 0) return undefined;
    const isOne = this.#data.length === 1;
    const data = isOne ? (this.#data[0] ?? '') : this.#data.join('\n');
    this.#data = [];
    const delta = isOne ? readDelta(data) : undefined;
    if (delta !== undefined) {
      events.push(deltaEvent(delta, delta.text));
      return delta;
    }
    try {
      events.push(JSON.parse(data) as unknown);
    } catch {
      // No JSON: no event of the API.
    }
    return undefined;
  }
}

const LINE_FEED = 10;

/** Whether a body is an event stream, by how it begins. */
export function isEventStream(text: string): boolean {
  return /^\s*(?:event|data|id|retry)?:/.test(text);
}
