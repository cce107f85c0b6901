// A judgement: what one rule says at one moment, for one group. Either the comparison is met or not,
// or there is a reason why nothing can be said (no data, no history, too little volume, below the floor).

import type { Dimension } from '../../core/schema.ts';
import { signalOf } from '../../signals/catalogue/index.ts';
import {
  BASELINE_MS,
  settingInSignalUnit,
  type Guard,
  type Rule,
  type RuleWhere,
  type RuleWindow,
} from './rule.ts';
import type { SettingValues } from './setting.ts';

export type JudgementStatus = 'met' | 'unmet' | 'no_data' | 'no_history' | 'low_volume' | 'below_floor';

/** One value per group; a signal without groups has the one group `''`. Null is no data. */
export type Reading = ReadonlyMap<string, number | null>;

export interface RuleReadingRequest {
  readonly signal: string;
  readonly window: RuleWindow;
  /** End of the window, Unix ms. */
  readonly atMs: number;
  readonly by?: Dimension;
  readonly where?: RuleWhere;
}

/** Reads a signal: from the store, from Loki, or from plain events. */
export type ReadSignal = (request: RuleReadingRequest) => Promise<Reading>;

export interface Judgement {
  readonly ruleId: string;
  /** Group: a user id, a tool; `''` when the rule has no groups. */
  readonly key: string;
  readonly status: JudgementStatus;
  readonly value: number | null;
  /** In the unit of the signal. */
  readonly threshold: number;
  /** Value of the signal that is shown beside it, such as cost today beside the ratio. */
  readonly shown: number | null;
}

const UNGROUPED = '';

/** What the rule says at `atMs`. Signals that cannot change the answer are not read. */
export async function judgeRule(
  rule: Rule,
  settings: SettingValues,
  read: ReadSignal,
  atMs: number,
): Promise<readonly Judgement[]> {
  const by = rule.by === undefined ? {} : { by: rule.by };
  const values = await readValues(rule, read, atMs, by);
  const isAnyMet = [...values.values()].some((value) => isPast(rule, settings, value));
  const volume = isAnyMet ? await readGuard(rule, rule.volume, read, atMs) : undefined;
  const floor = isAnyMet ? await readGuard(rule, rule.floor, read, atMs) : undefined;
  const history = isAnyMet ? await readGuard(rule, rule.history, read, atMs) : undefined;
  const shown =
    rule.shown === undefined
      ? null
      : single(await read({ signal: rule.shown.signal, window: rule.shown.window, atMs }));
  const threshold = settingInSignalUnit(rule.threshold, settings);
  const keys = rule.by === undefined ? [UNGROUPED] : [...values.keys()];
  return keys.map((key) => {
    const value = values.get(key) ?? null;
    const status = judge(rule, settings, value, {
      volume: guardValue(volume, rule.volume, key),
      floor: guardValue(floor, rule.floor, key),
      history: guardValue(history, rule.history, key),
    });
    return { ruleId: rule.id, key, status, value, threshold, shown };
  });
}

async function readValues(
  rule: Rule,
  read: ReadSignal,
  atMs: number,
  by: { readonly by?: Dimension },
): Promise<Reading> {
  const question = { signal: rule.signal, window: rule.window, ...by, ...conditionsOf(rule, rule.signal) };
  const values = await read({ ...question, atMs });
  if (rule.against === undefined) return values;
  const earlier = await read({ ...question, atMs: atMs - BASELINE_MS[rule.against] });
  return new Map([...values].map(([key, value]) => [key, multipleOf(value, earlier.get(key))]));
}

/** Of nothing there is no multiple. */
function multipleOf(value: number | null, earlier: number | null | undefined): number | null {
  return value === null || earlier === null || earlier === undefined || earlier <= 0 ? null : value / earlier;
}

/** The conditions of a rule that a signal knows the dimensions of. */
export function conditionsOf(rule: Rule, signal: string): { readonly where?: RuleWhere } {
  if (rule.where === undefined) return {};
  const { dimensions } = signalOf(signal);
  const known = Object.entries(rule.where).filter(([dimension]) =>
    dimensions.includes(dimension as Dimension),
  );
  return known.length === 0 ? {} : { where: Object.fromEntries(known) };
}

function judge(
  rule: Rule,
  settings: SettingValues,
  value: number | null,
  guards: Readonly<Record<'volume' | 'floor' | 'history', number | null>>,
): JudgementStatus {
  if (value === null) return rule.needsHistory ? 'no_history' : 'no_data';
  if (!isPast(rule, settings, value)) return 'unmet';
  if (!isReached(rule.volume, settings, guards.volume)) return 'low_volume';
  if (!isReached(rule.floor, settings, guards.floor)) return 'below_floor';
  if (!isReached(rule.history, settings, guards.history)) return 'no_history';
  return 'met';
}

/** Strictly beyond the threshold: at the limit is still within it. */
function isPast(rule: Rule, settings: SettingValues, value: number | null): boolean {
  if (value === null) return false;
  const threshold = settingInSignalUnit(rule.threshold, settings);
  return rule.comparison === 'above' ? value > threshold : value < threshold;
}

function isReached(guard: Guard | undefined, settings: SettingValues, value: number | null): boolean {
  return guard === undefined || (value !== null && value >= settingInSignalUnit(guard.atLeast, settings));
}

async function readGuard(
  rule: Rule,
  guard: Guard | undefined,
  read: ReadSignal,
  atMs: number,
): Promise<Reading | undefined> {
  if (guard === undefined) return undefined;
  const by = guard.isPerGroup && rule.by !== undefined ? { by: rule.by } : {};
  return read({
    signal: guard.signal,
    window: guard.window,
    atMs: atMs - (guard.offsetMs ?? 0),
    ...by,
    ...conditionsOf(rule, guard.signal),
  });
}

function guardValue(reading: Reading | undefined, guard: Guard | undefined, key: string): number | null {
  if (reading === undefined || guard === undefined) return null;
  return guard.isPerGroup ? (reading.get(key) ?? null) : single(reading);
}

function single(reading: Reading): number | null {
  return reading.get(UNGROUPED) ?? null;
}
