// A canonical value: what a tool was asked or gave, with keys in one order and without what differs each time (times,
// random ids, durations), as a hash. Two calls with the same one said the same.

import { ContentHash } from '../attribution/content-hash.ts';

const VOLATILE_KEY =
  /^(timestamp|time|date|datetime|now|nonce|request_?id|trace_?id|span_?id|call_?id|correlation_?id|session_?id|idempotency_?key|elapsed(_?ms)?|duration(_?ms)?|took(_?ms)?|latency(_?ms)?|(created|updated|fetched|started|finished|generated)_?(at|on)|etag|seed|cursor_?token)$/i;
/** What a call asks for a stretch of time by: going through days or hours is new work each time. */
const RANGE_KEY =
  /^((start|end|from|to|since|until|after|before|begin|min|max)_?(date|day|time|datetime|at|ts|timestamp)?|date|day|datetime|week|month|year)$/i;
/** Times, UUIDs, long hex ids, epochs in seconds or ms, durations. */
const VOLATILE_TEXT =
  /\d{4}-\d\d-\d\d[T ]\d\d:\d\d(:\d\d([.,]\d+)?)?(Z|[+-]\d\d:?\d\d)?|\b\d\d:\d\d:\d\d([.,]\d+)?\b|\b[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}\b|\b[0-9a-f]{24,64}\b|\b1[4-9]\d{8}(\d{3})?\b|\b\d+([.,]\d+)?\s?(ms|s|sec|secs|seconds|milliseconds)\b/gi;
const MAX_DEPTH = 32;
/** A longer text counts by both of its ends and its length. */
const MAX_TEXT = 20_000;

const hash = new ContentHash();

export function canonicalHash(value: unknown): number {
  hash.reset();
  mix(value, 0, false);
  return hash.digest();
}

/** Of what a tool was asked: the time that it was asked about is no volatile field. */
export function canonicalInputHash(input: unknown): number {
  hash.reset();
  mix(input, 0, true);
  return hash.digest();
}

function mix(value: unknown, depth: number, isInput: boolean): void {
  if (depth > MAX_DEPTH) return;
  if (typeof value === 'string') {
    mixText(value, isInput);
  } else if (Array.isArray(value)) {
    hash.mixNumber(value.length);
    for (const item of value) mix(item, depth + 1, isInput);
  } else if (typeof value === 'object' && value !== null) {
    for (const key of Object.keys(value).toSorted()) {
      const item = (value as Readonly<Record<string, unknown>>)[key];
      if (isInput && RANGE_KEY.test(key) && (typeof item === 'string' || typeof item === 'number')) {
        hash.mixText(key);
        hash.mixText(String(item));
        continue;
      }
      if (VOLATILE_KEY.test(key)) continue;
      hash.mixText(key);
      mix(item, depth + 1, isInput);
    }
  } else {
    hash.mixValue(value);
  }
}

function mixText(text: string, isInput: boolean): void {
  const trimmed = text.trim();
  // A result is often JSON in a text.
  if (/^[[{]/.test(trimmed) && trimmed.length <= MAX_TEXT) {
    try {
      mix(JSON.parse(trimmed), 1, isInput);
      return;
    } catch {
      // A text that only looks like JSON.
    }
  }
  if (trimmed.length <= MAX_TEXT) {
    hash.mixText(trimmed.replaceAll(VOLATILE_TEXT, '#'));
    return;
  }
  hash.mixNumber(trimmed.length);
  const half = MAX_TEXT / 2;
  hash.mixText(trimmed.slice(0, half).replaceAll(VOLATILE_TEXT, '#'));
  hash.mixText(trimmed.slice(-half).replaceAll(VOLATILE_TEXT, '#'));
}
