// First sights: a model, system prompt, set of tool definitions, commit or version of the SDK that this program has not sent before.
// What a program has sent is kept in a small file beside the journal, so that a new deployment is told
// from the old one. A program that has no such file yet has nothing to be compared with and marks nothing.

import { createHash } from 'node:crypto';
import { dirname, join } from 'node:path';
import { appendToFile, readIfThere, makeFolder } from '../../process/files.ts';

export type SightKind = 'model' | 'system_prompt' | 'tool_definitions' | 'revision' | 'sdk_version';

/** What is seen in this time of a program's very first process is its beginning, not a change. */
const BEGINNING_MS = 600_000;
/** More values of a kind than this are no change but something that varies all the time. */
const MAX_VALUES = 20;
/** Deployments add up over the years; each is a change. */
const MAX_REVISIONS = 1_000;

export class FirstSights {
  readonly #path: string;
  #seen: Map<SightKind, Set<string>> | undefined;
  #markAfterMs = 0;
  #last: readonly unknown[] = [];

  /** @param program what tells this program from others: service and main file */
  constructor(folder: string, program: string) {
    const name = createHash('sha256').update(program).digest('hex').slice(0, 16);
    this.#path = join(folder, `${name}.seen`);
  }

  /** Whether the values are those it was asked about last; each is compared by itself. */
  isLast(values: readonly unknown[]): boolean {
    const last = this.#last;
    this.#last = values;
    if (values.length !== last.length) return false;
    for (let index = 0; index < values.length; index++) if (values[index] !== last[index]) return false;
    return true;
  }

  /** Remembers the value; true when it is new to a program that is known. */
  add(kind: SightKind, value: string, nowMs: number): boolean {
    const seen = (this.#seen ??= this.#read(nowMs));
    let values = seen.get(kind);
    if (values === undefined) seen.set(kind, (values = new Set()));
    if (values.has(value) || values.size >= (kind === 'revision' ? MAX_REVISIONS : MAX_VALUES)) return false;
    values.add(value);
    makeFolder(dirname(this.#path));
    appendToFile(this.#path, `${kind} ${value}\n`);
    return nowMs >= this.#markAfterMs;
  }

  #read(nowMs: number): Map<SightKind, Set<string>> {
    const seen = new Map<SightKind, Set<string>>();
    const text = readIfThere(this.#path);
    if (text === undefined) this.#markAfterMs = nowMs + BEGINNING_MS;
    for (const line of (text ?? '').split('\n')) {
      const [kind, value] = line.split(' ') as [SightKind, string | undefined];
      if (value === undefined) continue;
      const values = seen.get(kind);
      if (values === undefined) seen.set(kind, new Set([value]));
      else values.add(value);
    }
    return seen;
  }
}
