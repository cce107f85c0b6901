// A canonical value: what a tool was asked or gave, with keys in one order and without what differs each time (times,
// random ids, durations), as a hash. Two calls with the same one said the same.

import { ContentHash } from '../attribution/content-hash.ts';
import { remembered } from '../remembered.ts';

/** In what a tool gave: said anew each time, and nothing new. */
const VOLATILE_KEY =
  /^(timestamp|time|ts|date|datetime|now|(server|current|client|response)[_-]?time|nonce|(x[_-])?(request|trace|span|call|correlation|session|tool[_-]?use|tool[_-]?call)[_-]?id|idempotency[_-]?key|elapsed([_-]?ms)?|duration([_-]?ms)?|took([_-]?ms)?|latency([_-]?ms)?|uptime|pid|attempt([_-]?(no|number|count))?|retry([_-]?(no|number|count|after))?|(last[_-]?)?(created|updated|fetched|started|finished|generated|checked|polled|requested|sent)[_-]?(at|on)|etag|seed|cursor[_-]?token)$/i;
/** A number under such a name is a time where it is as large as one. */
const TIME_KEY = /time|stamp|epoch|now|date|checked|seen|updated|refreshed|polled|[_-](at|ts)$/i;
/** In what a tool was asked: counters of tries, and what the caller makes up so that one try differs from the next. */
const TRY_KEY =
  /^(nonce|cache[_-]?bust(er)?|attempt([_-]?(no|number|count))?|retry([_-]?(no|number|count))?|elapsed([_-]?ms)?|took([_-]?ms)?|latency([_-]?ms)?)$/i;
/** The same, but where a tool is asked about nothing else: then that is its subject. */
const MADE_UP_KEY =
  /^((x[_-])?(request|correlation|call|tool[_-]?use|tool[_-]?call)[_-]?id|idempotency[_-]?key|explanation|rationale|justification)$/i;
/** The moment that the caller says it asks at; a text that is no moment, such as a position in a film, is none. */
const MOMENT_KEY =
  /^(timestamp|time|ts|now|(client|current|request)[_-]?time|(created|updated|requested|sent)[_-]?(at|on))$/i;
const MOMENT = /^(\d{4}-\d\d-\d\d[T ]\d\d:\d\d.*|1[4-9]\d{8}(\d{3})?(\.\d+)?)$/;
/** What a call asks for a stretch of time by: going through days or hours is new work each time. */
const RANGE_KEY =
  /^((start|end|from|to|since|until|after|before|begin|min|max)_?(date|day|time|datetime|at|ts|timestamp)?|date|day|datetime|week|month|year)$/i;
/** Times, UUIDs, long hex ids, addresses in memory, ids with a prefix, epochs in seconds or ms, durations, tries. */
const VOLATILE_TEXT =
  /\d{4}-\d\d-\d\d[T ]\d\d:\d\d(:\d\d([.,]\d+)?)?(Z|[+-]\d\d:?\d\d)?|\b\d\d:\d\d:\d\d([.,]\d+)?\b|\b[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}\b|\b[0-9a-f]{24,64}\b|\b0x[0-9a-f]{6,16}\b|\b(req|toolu|msg|call|chatcmpl|trace|evt)[_-](?=[a-z]*\d)[0-9a-z]{12,}\b|\b1[4-9]\d{8}(\d{3})?\b|\b\d+([.,]\d+)?\s?(ms|s|sec|secs|seconds|milliseconds)\b|\b(attempt|retry|try)\s?(no\.?\s?|number\s|#)?\d+/gi;
const MAX_DEPTH = 32;
/** A longer text counts by both of its ends and its length. */
const MAX_TEXT = 20_000;

const hash = new ContentHash();

/** Of what a tool gave. */
export function canonicalHash(value: unknown): number {
  hash.reset();
  mix(value, 0);
  return hash.digest();
}

/**
 * Of what a tool was asked. Its texts count as they are written: an id or a time in them is what the call is about, as
 * where orders are fetched one after the other. Only fields that are named as made up for each try are left out.
 */
export function canonicalInputHash(tool: string, input: unknown): number {
  hash.reset();
  hash.mixText(tool);
  mixInput(input, 0);
  return hash.digest();
}

function mix(value: unknown, depth: number): void {
  if (depth > MAX_DEPTH) return;
  if (typeof value === 'string') {
    const parsed = parseJson(value);
    if (parsed === undefined) mixText(value.trim());
    else mix(parsed, depth + 1);
  } else if (Array.isArray(value)) {
    hash.mixNumber(value.length);
    for (const item of value) mix(item, depth + 1);
  } else if (typeof value === 'object' && value !== null) {
    for (const [key, item] of entriesOf(value)) {
      if (VOLATILE_KEY.test(key)) continue;
      hash.mixText(key);
      if (typeof item === 'number' && TIME_KEY.test(key) && MOMENT.test(String(item))) continue;
      mix(item, depth + 1);
    }
  } else {
    hash.mixValue(value);
  }
}

function mixInput(value: unknown, depth: number): void {
  if (depth > MAX_DEPTH) return;
  if (typeof value === 'string') {
    const parsed = parseJson(value);
    if (parsed === undefined) hash.mixText(value.trim());
    else mixInput(parsed, depth + 1);
  } else if (Array.isArray(value)) {
    hash.mixNumber(value.length);
    for (const item of value) mixInput(item, depth + 1);
  } else if (typeof value === 'object' && value !== null) {
    const entries = entriesOf(value);
    const isSubject =
      depth === 0 && entries.every(([key, item]) => isOfTheTry(key, item) || isMadeUp(key, item));
    const isCommand = Object.hasOwn(value, 'command');
    for (const [key, item] of entries) {
      if (isOfTheTry(key, item) || (isMadeUp(key, item) && !isSubject)) continue;
      // What a command is for, in other words each time.
      if (isCommand && key === 'description') continue;
      hash.mixText(key);
      mixInput(item, depth + 1);
    }
  } else {
    hash.mixValue(value);
  }
}

function isOfTheTry(key: string, value: unknown): boolean {
  const { isRange, isTry, isMoment } = readKey(key);
  return !isRange && (isTry || (isMoment && MOMENT.test(String(value))));
}

function isMadeUp(key: string, value: unknown): boolean {
  const { isMadeUpKey, isMoment } = readKey(key);
  return isMadeUpKey || (isMoment && typeof value === 'number');
}

/** What the name of a field says of it: the tools of a program ask with few names. */
const readKey = remembered(
  (key: string) => ({
    isRange: RANGE_KEY.test(key),
    isTry: TRY_KEY.test(key),
    isMoment: MOMENT_KEY.test(key),
    isMadeUpKey: MADE_UP_KEY.test(key),
  }),
  1_024,
);

function entriesOf(value: object): (readonly [string, unknown])[] {
  return Object.keys(value)
    .toSorted()
    .map((key) => [key, (value as Readonly<Record<string, unknown>>)[key]] as const);
}

/** Often a text is JSON; `undefined` where it is not. */
function parseJson(text: string): unknown {
  const trimmed = text.trim();
  if (!/^[[{]/.test(trimmed) || trimmed.length > MAX_TEXT) return undefined;
  try {
    return JSON.parse(trimmed);
  } catch {
    return undefined;
  }
}

function mixText(text: string): void {
  if (text.length <= MAX_TEXT) {
    hash.mixText(text.replaceAll(VOLATILE_TEXT, '#'));
    return;
  }
  hash.mixNumber(text.length);
  const half = MAX_TEXT / 2;
  hash.mixText(text.slice(0, half).replaceAll(VOLATILE_TEXT, '#'));
  hash.mixText(text.slice(-half).replaceAll(VOLATILE_TEXT, '#'));
}
