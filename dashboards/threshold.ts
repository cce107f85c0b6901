// Thresholds: where a number turns bad. They are the defaults of the alert rules, so that a red panel and a
// firing rule mean the same.

import type { Threshold } from '@grafana/grafana-foundation-sdk/dashboard';
import { RULES } from '../alerts/rules/all-rules.ts';
import { settingInSignalUnit, type Rule } from '../alerts/rules/rule.ts';
import { defaultSettings } from '../alerts/rules/setting.ts';
import type { Dimension } from '../core/schema.ts';
import { isCount, type Signal } from '../signals/signal.ts';
import { displayOf } from './unit.ts';

/** A success rate is judged by the rule about failures. */
const COMPLEMENTS: Readonly<Record<string, string>> = { run_success_rate: 'run_failure_rate' };

export interface Limit {
  readonly rule: Rule;
  /** In the unit of the signal. */
  readonly value: number;
  readonly isBadAbove: boolean;
}

/** The limit of a rule for the signal by these dimensions, if there is one. */
export function limitOf(signal: Signal, by: readonly Dimension[]): Limit | undefined {
  const complement = COMPLEMENTS[signal.id];
  const rule = RULES.find((one) => one.signal === (complement ?? signal.id) && isComparable(one, signal, by));
  if (rule === undefined) return undefined;
  const value = settingInSignalUnit(rule.threshold, defaultSettings());
  const isAbove = rule.comparison === 'above';
  return complement === undefined
    ? { rule, value, isBadAbove: isAbove }
    : { rule, value: 1 - value, isBadAbove: !isAbove };
}

/** A share compares whatever it is of; an amount only in the same groups. */
function isComparable(rule: Rule, signal: Signal, by: readonly Dimension[]): boolean {
  if (signal.unit === 'ratio' && !isShareOver(signal, by)) return true;
  const groups = rule.by === undefined ? [] : [rule.by];
  return groups.length === by.length && groups.every((dimension) => by.includes(dimension));
}

function isShareOver(signal: Signal, by: readonly Dimension[]): boolean {
  const { value } = signal;
  return value.kind === 'ratio' && by.some((dimension) => value.shareOver?.includes(dimension));
}

/** Colours by value; one neutral step where no rule says what is bad. */
export function thresholdsOf(signal: Signal, by: readonly Dimension[] = []): Threshold[] {
  const limit = limitOf(signal, by);
  if (limit === undefined) return [{ value: null, color: 'text' }];
  const [low, high] = limit.isBadAbove ? ['green', 'red'] : ['red', 'green'];
  return [
    { value: null, color: low },
    { value: firstOfStep(limit, signal) / displayOf(signal.unit).divideBy, color: high },
  ];
}

/** Grafana's step begins at its value, a rule speaks above it: for a count that is one more. */
function firstOfStep(limit: Limit, signal: Signal): number {
  return limit.isBadAbove && isCount(signal.value) ? limit.value + 1 : limit.value;
}
