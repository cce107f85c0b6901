// An event stream: server-sent events as the API writes them, cut into pieces wherever the network cut them.
// Only their data is read: each event of the API names its type there, too.

/** How an event begins that most of a stream is made of, as the API writes it: without blanks. */
const DELTA = '{"type":"content_block_delta","index":';
const TEXT_DELTA = ',"delta":{"type":"text_delta","text":"';

/** Takes the text of a stream piece by piece and gives the events that each piece completes. */
export class EventStream {
  /** What came after the last whole line. */
  #rest = '';
  #data: string[] = [];

  /** The parsed data of the events that end in this piece; data that is no JSON is left out. */
  push(text: string): unknown[] {
    const all = this.#rest === '' ? text : this.#rest + text;
    const events: unknown[] = [];
    let at = 0;
    for (let end = all.indexOf('\n'); end !== -1; end = all.indexOf('\n', at)) {
      const lineEnd = end > at && all.charCodeAt(end - 1) === CARRIAGE_RETURN ? end - 1 : end;
      if (lineEnd === at) this.#endEvent(events);
      else if (all.startsWith('data:', at)) this.#data.push(all.slice(at + 'data:'.length, lineEnd));
      at = end + 1;
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

const CARRIAGE_RETURN = 13;
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
