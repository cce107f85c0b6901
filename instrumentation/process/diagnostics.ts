// Diagnostics: what the preload says about itself, on stderr only. One start line, then one line
// for each thing that is wrong, once.

import { writeSync } from 'node:fs';

export type LogLevel = 'off' | 'warn' | 'debug';

let level: LogLevel = 'warn';
const said = new Set<string>();

export function setLogLevel(next: LogLevel): void {
  level = next;
}

/** Writes one line unless diagnostics are off. */
export function say(text: string): void {
  if (level !== 'off') write(text);
}

/** Like {@link say}, but each `topic` is heard once in a process. */
export function sayOnce(topic: string, text: string): void {
  if (said.has(topic)) return;
  said.add(topic);
  say(text);
}

export function sayDebug(text: string): void {
  if (level === 'debug') write(text);
}

function write(text: string): void {
  try {
    // Synchronous, so that a line written at exit is not lost; stderr may be closed or full.
    writeSync(2, `tallyspan: ${text}\n`);
  } catch {
    // Nobody listens: there is nowhere to say it.
  }
}
