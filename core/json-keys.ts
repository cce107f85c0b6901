// Where the keys of a JSON text stand, for error messages that name the line.
// A path is the list of keys and indexes that leads to a value.

export type JsonPath = readonly (string | number)[];

export interface JsonKeys {
  /** Line (from 1) of the value at the path; the line of the nearest enclosing value when there is none. */
  lineOf(path: JsonPath): number;
  /** Paths of keys that an object holds twice. */
  readonly repeated: readonly JsonPath[];
}

const WHITESPACE = /[ \t\r]/;

/** Reads the places of all keys. The text must be valid JSON. */
export function locateJsonKeys(text: string): JsonKeys {
  const lines = new Map<string, number>();
  const repeated: JsonPath[] = [];
  let at = 0;
  let line = 1;

  const skipSpace = (): void => {
    for (; at < text.length; at += 1) {
      if (text[at] === '\n') line += 1;
      else if (!WHITESPACE.test(text[at] ?? '')) return;
    }
  };
  const readString = (): string => {
    const start = at;
    for (at += 1; text[at] !== '"'; at += 1) if (text[at] === '\\') at += 1;
    at += 1;
    return JSON.parse(text.slice(start, at)) as string;
  };
  const readMembers = (close: string, readMember: (index: number) => void): void => {
    at += 1;
    skipSpace();
    for (let index = 0; text[at] !== close; index += 1) {
      readMember(index);
      skipSpace();
      if (text[at] === ',') at += 1;
      skipSpace();
    }
    at += 1;
  };
  const readValue = (path: JsonPath): void => {
    skipSpace();
    lines.set(pathKey(path), line);
    if (text[at] === '{') {
      const seen = new Set<string>();
      readMembers('}', () => {
        const name = readString();
        if (seen.has(name)) repeated.push([...path, name]);
        seen.add(name);
        skipSpace();
        at += 1;
        readValue([...path, name]);
      });
    } else if (text[at] === '[') {
      readMembers(']', (index) => readValue([...path, index]));
    } else if (text[at] === '"') {
      readString();
    } else {
      while (at < text.length && !/[\s,\]}]/.test(text[at] ?? '')) at += 1;
    }
  };
  readValue([]);

  return {
    repeated,
    lineOf(path) {
      for (let length = path.length; length > 0; length -= 1) {
        const found = lines.get(pathKey(path.slice(0, length)));
        if (found !== undefined) return found;
      }
      return lines.get(pathKey([])) ?? 1;
    },
  };
}

/** Line (from 1) at which `JSON.parse` gave up, from its error. */
export function lineOfSyntaxError(text: string, error: unknown): number {
  const position = /position (\d+)/.exec(error instanceof Error ? error.message : '')?.[1];
  const before = position === undefined ? text : text.slice(0, Number(position));
  return before.split('\n').length;
}

function pathKey(path: JsonPath): string {
  return JSON.stringify(path);
}
