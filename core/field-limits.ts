// Field limits: what a value of a field may be at most, by its type, its unit and the kind of its text. They are far
// beyond what is ever true, and near enough that no sum, page or memory suffers from a value at the limit.

import { cutText, cutTextToBytes } from './text/cut-text.ts';
import { DAY_MS } from './time/time.ts';
import { FIELDS, type FieldDefinition, type FieldKey, type TextKind, type Unit } from './schema.ts';

export interface NumberLimits {
  readonly least: number;
  readonly most: number;
  /** A value outside is left out; else it is set to the limit. */
  readonly isLeftOut: boolean;
}

/** Instants before and after are those of a broken clock: 2000-01-01 to 2100-01-01, Unix milliseconds. */
export const TIME_LIMITS: NumberLimits = {
  least: 946_684_800_000,
  most: 4_102_444_800_000,
  isLeftOut: false,
};

/** A number that tells two events apart says nothing at a limit. */
const SERIAL: NumberLimits = { least: 0, most: Number.MAX_SAFE_INTEGER, isLeftOut: true };

const LARGEST: Readonly<Record<Unit, number>> = {
  // Ten years.
  ms: 3653 * DAY_MS,
  // A million dollars.
  nanoUsd: 1e15,
  usd: 1e6,
  tokens: 1e10,
  chars: 1e10,
  // A score of a billion.
  millionths: 1e15,
  '1': 1e10,
};

/** Limits of a number or an instant; undefined for other types. */
export function numberLimitsOf(key: FieldKey): NumberLimits | undefined {
  const { type, unit = '1', isSerial, isSigned } = FIELDS[key] as FieldDefinition;
  if (type === 'time') return TIME_LIMITS;
  if (type !== 'int' && type !== 'float') return undefined;
  if (isSerial === true) return SERIAL;
  const most = LARGEST[unit];
  return { least: isSigned === true ? -most : 0, most, isLeftOut: false };
}

/** Bytes in UTF-8 of the longest text of each kind. */
export const TEXT_LIMITS: Readonly<Record<TextKind, number>> = {
  name: 2048,
  prose: 8 * 1024,
  // A million characters.
  content: 4 * 1024 * 1024,
};

/** Bytes of the longest text of a field. */
export function textLimitOf(key: FieldKey): number {
  return TEXT_LIMITS[(FIELDS[key] as FieldDefinition).text ?? 'name'];
}

/** What a list may have: items, characters of one, and characters in all. */
export const LIST_LIMITS = { items: 512, itemChars: 1024, chars: 32 * 1024 } as const;

/** Characters of a name, an identity or an id as we send it, alone or in a list: what is longer was meant otherwise. */
export const SENT_NAME_CHARS = 256;

/** A value as an event of ours holds it: its texts are cut. Content is left to those who record it: a part says nothing. */
export function cutSentValue<Value>(key: FieldKey, value: Value): Value {
  if ((typeof value !== 'string' && typeof value !== 'object') || value === null) return value;
  const { text: kind = 'name' } = FIELDS[key] as FieldDefinition;
  if (kind === 'content') return value;
  const cut = (text: string): string =>
    kind === 'prose' ? cutTextToBytes(text, TEXT_LIMITS.prose) : cutText(text, SENT_NAME_CHARS);
  // A caller without types may pass anything.
  if (!Array.isArray(value)) return cut(String(value)) as Value;
  const isShort =
    value.length <= LIST_LIMITS.items && value.every((text: string) => text.length <= SENT_NAME_CHARS);
  return isShort ? value : (value.slice(0, LIST_LIMITS.items).map(cut) as Value);
}
