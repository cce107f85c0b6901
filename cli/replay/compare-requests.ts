// Comparison of two requests of the Messages API: the first part in which they differ, in the order in which
// a model reads them.

import { maskKnownSecrets } from '../../core/text/redaction.ts';

type Json = Readonly<Record<string, unknown>>;

export interface Divergence {
  /** `model`, `system`, `tools`, `message 3 (user)`, or the name of a setting. */
  readonly part: string;
  /** What was recorded and what was sent, around the first difference; `(absent)` where there is nothing. */
  readonly recorded: string;
  readonly now: string;
}

/** How an answer is asked for, and headers that the SDK takes out of the body: no part of what is asked. */
const IGNORED_KEYS: ReadonlySet<string> = new Set([
  'stream',
  'betas',
  'model',
  'system',
  'tools',
  'messages',
]);
const CHARS_BEFORE = 30;
const CHARS_AFTER = 70;

/** Undefined when the requests ask the same. */
export function compareRequests(recorded: Json, now: Json): Divergence | undefined {
  for (const key of ['model', 'system', 'tools']) {
    const found = compareParts(key, recorded[key], now[key]);
    if (found) return found;
  }
  const before = listOf(recorded['messages']);
  const after = listOf(now['messages']);
  for (let index = 0; index < Math.max(before.length, after.length); index++) {
    const role = roleOf(after[index] ?? before[index]);
    const found = compareParts(`message ${String(index + 1)}${role}`, before[index], after[index]);
    if (found) return found;
  }
  for (const key of new Set([...Object.keys(recorded), ...Object.keys(now)])) {
    const found = IGNORED_KEYS.has(key) ? undefined : compareParts(key, recorded[key], now[key]);
    if (found) return found;
  }
  return undefined;
}

function compareParts(part: string, recorded: unknown, now: unknown): Divergence | undefined {
  const [a, b] = [textOf(recorded), textOf(now)];
  if (a === b) return undefined;
  let at = 0;
  while (a[at] === b[at]) at++;
  return { part, recorded: around(a, at), now: around(b, at) };
}

function around(text: string, at: number): string {
  const from = Math.max(0, at - CHARS_BEFORE);
  const to = at + CHARS_AFTER;
  return `${from > 0 ? '…' : ''}${text.slice(from, to)}${to < text.length ? '…' : ''}`;
}

/** The same text for the same value: the order of keys says nothing. */
function textOf(value: unknown): string {
  if (value === undefined) return '(absent)';
  const json = JSON.stringify(value, (_key, part: unknown) =>
    typeof part === 'object' && part !== null && !Array.isArray(part)
      ? Object.fromEntries(Object.entries(part).sort(([a], [b]) => (a < b ? -1 : 1)))
      : part,
  );
  // What was recorded is without its secrets.
  return maskKnownSecrets(json);
}

function listOf(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : [];
}

function roleOf(message: unknown): string {
  const role = (message as { readonly role?: unknown } | null | undefined)?.role;
  return typeof role === 'string' ? ` (${role})` : '';
}
