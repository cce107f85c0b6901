// The alert memory: what the alert file holds, read part by part. A part that is not what it should be would fail long
// after it was read, in the middle of a check, so it is left out.

import { CHANNEL_NAMES } from '../../alerts/rules/channel-settings.ts';
import type { AlertState } from '../../alerts/rules/alert-state.ts';
import type { Notice } from '../../alerts/rules/notice.ts';
import type { NoticeDelivery } from './delivery.ts';

export interface AlertMemory {
  readonly states: readonly AlertState[];
  readonly deliveries: readonly NoticeDelivery[];
  /** Newest last. */
  readonly notices: readonly Notice[];
}

export const ALERT_MEMORY_FORMAT = 1;
export const EMPTY_ALERT_MEMORY: AlertMemory = { states: [], deliveries: [], notices: [] };

type Check = (value: unknown) => boolean;
type Fields = Readonly<Record<string, Check>>;

const isText: Check = (value) => typeof value === 'string';
const isTime: Check = (value) => typeof value === 'number' && !Number.isNaN(new Date(value).getTime());
const isNumber: Check = (value) => typeof value === 'number' && Number.isFinite(value);
const isCount: Check = (value) => Number.isSafeInteger(value) && (value as number) >= 0;
const oneOf =
  (...values: readonly unknown[]): Check =>
  (value) =>
    values.includes(value);
const listOf =
  (check: Check): Check =>
  (value) =>
    Array.isArray(value) && value.every(check);
const optional =
  (check: Check): Check =>
  (value) =>
    value === undefined || check(value);
const orNull =
  (check: Check): Check =>
  (value) =>
    value === null || check(value);
const objectOf =
  (fields: Fields): Check =>
  (value) =>
    typeof value === 'object' &&
    value !== null &&
    Object.entries(fields).every(([key, check]) => check((value as Record<string, unknown>)[key]));

const isState = objectOf({
  ruleId: isText,
  key: isText,
  phase: oneOf('quiet', 'pending', 'firing'),
  sinceMs: isTime,
  status: oneOf('met', 'unmet', 'no_data', 'no_history', 'low_volume', 'below_floor'),
  value: orNull(isNumber),
  threshold: isNumber,
  shown: orNull(isNumber),
  judgedMs: isTime,
  toldMs: optional(isTime),
  spokeMs: optional(isTime),
  unmetSinceMs: optional(isTime),
  silentUntilMs: optional(isTime),
  owesResolve: optional(oneOf(true)),
  isUnheard: optional(oneOf(true)),
});

const isSegment = objectOf({ text: isText, url: optional(isText) });

const isNotice = objectOf({
  id: isText,
  kind: oneOf('firing', 'repeat', 'resolved', 'test'),
  ruleId: isText,
  title: isText,
  severity: oneOf('critical', 'warning'),
  atMs: isTime,
  headline: isText,
  why: listOf(listOf(isSegment)),
  look: isSegment,
  action: isText,
  unit: oneOf('usd', 'ratio', 'times', 'duration', 'count'),
  items: listOf(
    objectOf({ key: isText, value: orNull(isNumber), threshold: isNumber, headline: optional(isText) }),
  ),
});

const isDelivery = objectOf({
  channel: oneOf(...CHANNEL_NAMES),
  notice: isNotice,
  queuedMs: isTime,
  attempts: isCount,
  notBeforeMs: isTime,
});

export interface ReadMemory {
  readonly memory: AlertMemory;
  /** Parts that were left out; the whole is one where nothing of it could be read. */
  readonly wrongParts: number;
}

/** What can be used of the text of an alert file. */
export function readMemory(text: string): ReadMemory {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    value = undefined;
  }
  if (!objectOf({ format: oneOf(ALERT_MEMORY_FORMAT) })(value))
    return { memory: EMPTY_ALERT_MEMORY, wrongParts: 1 };
  const given = value as Readonly<Record<keyof AlertMemory, unknown>>;
  let wrongParts = 0;
  function partsOf(list: unknown, check: Check): readonly unknown[] {
    if (!Array.isArray(list)) {
      wrongParts += 1;
      return [];
    }
    const right = list.filter(check);
    wrongParts += list.length - right.length;
    return right;
  }
  const memory: AlertMemory = {
    states: partsOf(given.states, isState) as readonly AlertState[],
    deliveries: partsOf(given.deliveries, isDelivery) as readonly NoticeDelivery[],
    notices: partsOf(given.notices, isNotice) as readonly Notice[],
  };
  return { memory, wrongParts };
}
