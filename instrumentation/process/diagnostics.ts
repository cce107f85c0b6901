// Diagnostics: what the preload says about itself, on stderr only. One start line, then one line
// for each thing that is wrong, once.

import { cutText } from '../../core/text/cut-text.ts';
import { builtin } from './builtin.ts';

export type LogLevel = 'off' | 'warn' | 'debug';

/** Longer lines are cut: they may quote what an endpoint answered. */
const MAX_CHARS = 2_000;
/** What could move the cursor of a terminal or turn its text around. */
// oxlint-disable-next-line no-control-regex
const CONTROL = /[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u2028\u2029\u202a-\u202e\u2066-\u2069]/g;

let level: LogLevel = 'warn';
const said = new Set<string>();

export function setLogLevel(next: LogLevel): void {
  level = next;
}

/** Writes one line unless diagnostics are off. */
export function say(text: string): void {
  if (level !== 'off') write(text.replaceAll('\n', ' '));
}

/** Writes one line that was asked for by a setting of its own. */
export function print(text: string): void {
  write(text.replaceAll('\n', ' '));
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
    builtin('node:fs')?.writeSync(2, `tallyspan: ${cutText(text, MAX_CHARS).replace(CONTROL, ' ')}\n`);
  } catch {
    // Nobody listens: there is nowhere to say it.
  }
}
