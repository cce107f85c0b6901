// Safe text in a terminal: lines, values of JSON, JSON itself.

import { safeText, unicodeEscapeOf, UNSAFE } from '../../core/text/safe-text.ts';

/** Lines of ours: their ends stay, everything in them is made safe. */
export function safeLines(text: string): string {
  return text.split('\n').map(safeText).join('\n');
}

/** A copy of a value of JSON in which every text is safe. */
export function safeTexts<T>(value: T): T {
  return mapTexts(value) as T;
}

/** A value as JSON of one line. Only in texts can unsafe characters stand, and there JSON lets them be escaped. */
export function safeJson(value: unknown): string {
  return JSON.stringify(value).replaceAll(UNSAFE, (character) => unicodeEscapeOf(character));
}

function mapTexts(value: unknown): unknown {
  if (typeof value === 'string') return safeText(value);
  if (Array.isArray(value)) return value.map(mapTexts);
  // Neither dates nor maps, and objects of any origin.
  if (Object.prototype.toString.call(value) !== '[object Object]') return value;
  return Object.fromEntries(Object.entries(value as object).map(([key, part]) => [key, mapTexts(part)]));
}
