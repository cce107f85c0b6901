// An event stream: server-sent events as the API writes them, cut into pieces wherever the network cut them.
// Lines end as the specification of such streams allows: with a line feed, a carriage return, or both.
// Only their data is read: each event of the API names its type there, too.

/** How an event begins that most of a stream is made of, as the API writes it: without blanks. */
const DELTA = '{"type":"content_block_delta","index":';
const TEXT_DELTA = ',"delta":{"type":"text_delta","text":"';

/** Takes the text of a stream piece by piece and gives the events that each piece completes. */
export class EventStream {
  /** What came after the last whole line. */
  #rest = '';
  #data: string[] = [];
  /** Whether the last line ended with a carriage return, to which a line feed may belong that comes next. */
  #isAfterReturn = false;

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
    for (;;) {
      if (feedAt !== -1 && feedAt < at) feedAt = all.indexOf('\n', at);
      if (returnAt !== -1 && returnAt < at) returnAt = all.indexOf('\r', at);
      const isReturn = returnAt !== -1 && (feedAt === -1 || returnAt < feedAt);
      const lineEnd = isReturn ? returnAt : feedAt;
      if (lineEnd === -1) break;
      if (lineEnd === at) this.#endEvent(events);
      else if (all.startsWith('data:', at)) this.#data.push(all.slice(at + 'data:'.length, lineEnd));
      at = lineEnd + (isReturn && feedAt === lineEnd + 1 ? 2 : 1);
      this.#isAfterReturn = isReturn && at === all.length && feedAt === -1;
    }
    this.#rest = all.slice(at);
    return events;
  }

  /** The event that the stream ended in without an empty line after it. */
  end(): unknown[] {
    return this.push('\n\n');
  }

  #endEvent(events: unknown[]): void {
    if (this.#data.length === 0) return;
    const data = this.#data.length === 1 ? (this.#data[0] ?? '') : this.#data.join('\n');
    this.#data = [];
    const delta = readTextDelta(data);
    if (delta !== undefined) {
      events.push(delta);
      return;
    }
    try {
      events.push(JSON.parse(data) as unknown);
    } catch {
      // No JSON: no event of the API.
    }
  }
}

const LINE_FEED = 10;
const SPACE = 32;

/** A delta of text without escapes, read without a parser; `undefined` for all that is written in another way. */
function readTextDelta(data: string): unknown {
  const start = data.charCodeAt(0) === SPACE ? 1 : 0;
  if (!data.startsWith(DELTA, start)) return undefined;
  const indexAt = start + DELTA.length;
  const indexEnd = data.indexOf(',', indexAt);
  const index = Number(data.slice(indexAt, indexEnd));
  if (indexEnd <= indexAt || !Number.isInteger(index) || !data.startsWith(TEXT_DELTA, indexEnd))
    return undefined;
  const textAt = indexEnd + TEXT_DELTA.length;
  const textEnd = data.indexOf('"', textAt);
  const text = data.slice(textAt, textEnd);
  if (textEnd === -1 || text.includes('\\') || !/^\} *\} *$/.test(data.slice(textEnd + 1))) return undefined;
  return { type: 'content_block_delta', index, delta: { type: 'text_delta', text } };
}

/** Whether a body is an event stream, by how it begins. */
export function isEventStream(text: string): boolean {
  return /^\s*(?:event|data|id|retry)?:/.test(text);
}
