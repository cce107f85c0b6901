// What is told: the outcome that every evaluator must share.

import { advanceRule } from '../../../alerts/rules/advance-rule.ts';
import { RULES } from '../../../alerts/rules/all-rules.ts';
import type { AlertState } from '../../../alerts/rules/alert-state.ts';
import { judgeRule, type ReadSignal } from '../../../alerts/rules/judgement.ts';
import type { AlertPolicy } from '../../../alerts/rules/policy.ts';
import { questionOf, readingOfResult } from '../../../alerts/rules/reading.ts';
import type { Rule } from '../../../alerts/rules/rule.ts';
import { defaultSettings, type SettingValues } from '../../../alerts/rules/setting.ts';
import type { EventRecord } from '../../../core/event.ts';
import { signalOf } from '../../../signals/catalogue/index.ts';
import { evaluate } from '../../../signals/evaluate.ts';

export interface Told {
  readonly rule: string;
  readonly kind: string;
  readonly atMs: number;
  readonly keys: readonly string[];
}

export function policyIn(timezone: string, more: Partial<AlertPolicy> = {}): AlertPolicy {
  return {
    timezone,
    renotifyMs: 4 * 3_600_000,
    cooldownMs: 30 * 60_000,
    groupMs: 10 * 60_000,
    disabled: [],
    ...more,
  };
}

/** Reads signals from plain events by the reference evaluator. */
export function readerOf(events: readonly EventRecord[], timezone: string): ReadSignal {
  return (request) =>
    Promise.resolve(
      readingOfResult(evaluate(signalOf(request.signal), events, questionOf(request, timezone))),
    );
}

export interface OracleOptions {
  readonly events: readonly EventRecord[];
  readonly policy: AlertPolicy;
  readonly minutes: readonly number[];
  readonly rules?: readonly Rule[];
  readonly settings?: SettingValues;
}

/** Checks the rules minute by minute over plain events. */
export async function tellByOracle(options: OracleOptions): Promise<readonly Told[]> {
  const { policy, minutes, rules = RULES, settings = defaultSettings() } = options;
  const read = readerOf(options.events, policy.timezone);
  const statesByRule = new Map<string, readonly AlertState[]>();
  const told: Told[] = [];
  let lastMs = Number.NEGATIVE_INFINITY;
  for (const atMs of minutes) {
    for (const rule of rules) {
      const isDue = Math.floor(atMs / rule.everyMs) > Math.floor(lastMs / rule.everyMs);
      if (!isDue) continue;
      const judgements = await judgeRule(rule, settings, read, atMs);
      const round = advanceRule(rule, statesByRule.get(rule.id) ?? [], judgements, policy, atMs);
      statesByRule.set(rule.id, round.states);
      for (const [kind, states] of round.tellings) {
        told.push({ rule: rule.id, kind, atMs, keys: states.map((state) => state.key) });
      }
    }
    lastMs = atMs;
  }
  return told;
}

/** Firings as `rule hh:mm keys`, in the order of the rules' names: what a scenario expects. */
export function firingsOf(told: readonly Told[], dayMs: number): readonly string[] {
  return told
    .filter((one) => one.kind === 'firing')
    .map((one) => firingText(one.rule, one.atMs - dayMs, one.keys))
    .toSorted();
}

export function firingText(rule: string, intoDayMs: number, keys: readonly string[]): string {
  const minutes = Math.round(intoDayMs / 60_000);
  const at = `${twoDigits(Math.floor(minutes / 60))}:${twoDigits(minutes % 60)}`;
  return [rule, at, ...keys.filter((key) => key !== '')].join(' ');
}

function twoDigits(value: number): string {
  return String(value).padStart(2, '0');
}
