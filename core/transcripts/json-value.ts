// Values of a line of a transcript, whose format nobody promises: each is read with the type that is wanted, or absent.

import type { Json } from '../model-call/json.ts';

export function isObject(value: unknown): value is Json {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

export function objectOf(value: unknown): Json | undefined {
  return isObject(value) ? value : undefined;
}

/** What an editor, or a machine that lost its power, leaves before a line. */
const BEFORE_TEXT = /^[\uFEFF\0\s]+/;

/** The object that a text writes; `undefined` where it writes none. */
export function parseLine(text: string): Json | undefined {
  try {
    return objectOf(JSON.parse(text.startsWith('{') ? text : text.replace(BEFORE_TEXT, '')));
  } catch {
    return undefined;
  }
}

/** A text that is not empty. */
export function textOf(value: unknown): string | undefined {
  return typeof value === 'string' && value !== '' ? value : undefined;
}

export function countOf(value: unknown): number {
  return typeof value === 'number' && Number.isSafeInteger(value) && value > 0 ? value : 0;
}

export function blocksOf(content: unknown): readonly Json[] {
  return Array.isArray(content) ? content.filter(isObject) : [];
}

/** No transcript is older, and none will be younger: a clock that was never set, or a counter of something else. */
const EARLIEST_MS = Date.UTC(2020, 0, 1);
const LATEST_MS = Date.UTC(2100, 0, 1);

/** An instant written as ISO 8601, or as Unix milliseconds; `undefined` where it cannot be that of a line. */
export function timeOf(value: unknown): number | undefined {
  const at =
    typeof value === 'string'
      ? Date.parse(value)
      : typeof value === 'number'
        ? Math.trunc(value)
        : Number.NaN;
  return at >= EARLIEST_MS && at < LATEST_MS ? at : undefined;
}
