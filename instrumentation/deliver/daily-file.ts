// The daily file: the events of this process as JSON lines, one file per UTC day.
// Lines gather for a moment and are appended together; several processes may share a folder.

import { appendFileSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { sayOnce } from '../process/diagnostics.ts';

/** Lines held at most while the folder cannot be written. */
const MAX_LINES = 8_192;

export class DailyFile {
  readonly #folder: string;
  #lines: string[] = [];
  #day = '';

  constructor(folder: string) {
    this.#folder = folder;
  }

  add(line: string, atMs: number): void {
    const day = new Date(atMs).toISOString().slice(0, 10);
    if (day !== this.#day) this.write();
    this.#day = day;
    if (this.#lines.length < MAX_LINES) this.#lines.push(line);
  }

  write(): void {
    if (this.#lines.length === 0) return;
    const path = join(this.#folder, `events-${this.#day}.jsonl`);
    try {
      mkdirSync(this.#folder, { recursive: true });
      appendFileSync(path, `${this.#lines.join('\n')}\n`);
      this.#lines = [];
    } catch (error) {
      sayOnce(
        'file',
        `cannot write ${path}: ${String(error)}. Set TALLYSPAN_FILE to a folder that can be written.`,
      );
    }
  }
}
