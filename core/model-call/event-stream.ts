// An event stream: server-sent events as the API writes them, cut into pieces wherever the network cut them.
// Only their data is read: each event of the API names its type there, too.

/** Takes the text of a stream piece by piece and gives the events that each piece completes. */
export class EventStream {
  /** What came after the last whole line. */
  #rest = '';
  #data: string[] = [];

  /** The parsed data of the events that end in this piece; data that is no JSON is left out. */
  push(text: string): unknown[] {
    const lines = (this.#rest + text).split('\n');
    this.#rest = lines.pop() ?? '';
    return lines.flatMap((line) => this.#readLine(line.endsWith('\r') ? line.slice(0, -1) : line));
  }

  /** The event that the stream ended in without an empty line after it. */
  end(): unknown[] {
    return this.push('\n\n');
  }

  #readLine(line: string): unknown[] {
    if (line !== '') {
      if (line.startsWith('data:')) this.#data.push(line.slice('data:'.length));
      return [];
    }
    if (this.#data.length === 0) return [];
    const data = this.#data.join('\n');
    this.#data = [];
    try {
      return [JSON.parse(data) as unknown];
    } catch {
      return [];
    }
  }
}

/** Whether a body is an event stream, by how it begins. */
export function isEventStream(text: string): boolean {
  return /^\s*(?:event|data|id|retry)?:/.test(text);
}
