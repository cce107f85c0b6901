// The daily file: the events of this process as JSON lines, one file per UTC day, for its owner alone: it may hold
// content. Lines gather for a moment and are appended together; several processes may share a folder.

import { join } from 'node:path';
import { sayOnce } from '../process/diagnostics.ts';
import { appendToFile, makeFolder } from '../process/files.ts';

/** Lines held at most while the folder cannot be written, and their characters. */
const MAX_LINES = 8_192;
const MAX_CHARS = 16_000_000;

export class DailyFile {
  readonly #folder: string;
  #lines: string[] = [];
  #chars = 0;
  #day = '';

  constructor(folder: string) {
    this.#folder = folder;
  }

  add(line: string, atMs: number): void {
    const day = new Date(atMs).toISOString().slice(0, 10);
    if (day !== this.#day) this.write();
    this.#day = day;
    if (this.#lines.length >= MAX_LINES || this.#chars + line.length > MAX_CHARS) {
      this.write();
      if (this.#lines.length > 0) return;
    }
    this.#lines.push(line);
    this.#chars += line.length;
  }

  write(): void {
    if (this.#lines.length === 0) return;
    const path = join(this.#folder, `events-${this.#day}.jsonl`);
    try {
      makeFolder(this.#folder);
      appendToFile(path, `${this.#lines.join('\n')}\n`);
      this.#lines = [];
      this.#chars = 0;
    } catch (error) {
      sayOnce(
        'file',
        `cannot write ${path}: ${String(error)}. Set TALLYSPAN_FILE to a folder that can be written.`,
      );
    }
  }
}
