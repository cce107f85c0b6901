// A rule: a signal compared with a threshold, plus what makes the comparison mean something (window,
// volume, floor, how long, what no data means) and what a person is told. Data only: the embedded
// alerter, Grafana's rule file and Loki's ruler file are all made from it.

import { durationMsOf } from '../../core/time/duration.ts';
import { NANO_USD_PER_USD } from '../../core/money.ts';
import type { Dimension } from '../../core/schema.ts';
import { DAY_MS } from '../../core/time/time.ts';
import type { ChannelName } from './channel-settings.ts';
import type { ShownUnit } from './value-format.ts';
import { SETTINGS, type SettingDefinition, type SettingId, type SettingValues } from './setting.ts';

/** `critical` may wake someone and passes quiet hours; `warning` waits for the morning. */
export type Severity = 'critical' | 'warning';

export type ThresholdSide = 'above' | 'below';

/** Over what a signal is read: a length of time up to now, or the calendar day so far. */
export const RULE_WINDOWS = ['5m', '15m', '30m', '1h', '2h', '6h', '24h', '7d', 'day'] as const;

export type RuleWindow = (typeof RULE_WINDOWS)[number];

/** A setting that people can change, or a number in the unit of the signal. */
export type RuleLimit = SettingId | number;

/** Values that dimensions must have: only the runs of one agent. */
export type RuleWhere = Partial<Readonly<Record<Dimension, string>>>;

/** What a value is divided by before it is compared: the same signal over the same window that long before. */
export type RuleBaseline = 'day' | 'week';

/** A signal that must reach a value before the rule may speak. */
export interface Guard {
  readonly signal: string;
  readonly window: RuleWindow;
  readonly atLeast: RuleLimit;
  /** Read for each group of the rule; otherwise once for all. */
  readonly isPerGroup?: true;
  /** Read this long ago instead of now. */
  readonly offsetMs?: number;
}

/**
 * What a null value of the signal means. `ok`: nothing happened, so nothing is wrong. `keep`: nothing
 * is known, so the last state stays. `alert`: the absence is itself the fault.
 */
export type NoDataMeaning = 'ok' | 'keep' | 'alert';

/** A signal that explains the value by its groups: which user, tool or model the increase is from. */
export interface CauseSignal {
  readonly signal: string;
  readonly by: Dimension;
  readonly label: string;
  readonly unit: ShownUnit;
}

export interface Rule {
  /** Kebab-case, stable: state, file names and Grafana uids hold it. */
  readonly id: string;
  readonly title: string;
  readonly severity: Severity;
  readonly signal: string;
  /** One alert for each group; without it one for all. */
  readonly by?: Dimension;
  readonly where?: RuleWhere;
  readonly window: RuleWindow;
  /** The value is then a multiple of the earlier one, and null without an earlier one. */
  readonly against?: RuleBaseline;
  readonly comparison: ThresholdSide;
  readonly threshold: RuleLimit;
  /** How often it is checked. A multiple of ten seconds. */
  readonly everyMs: number;
  /** How long the comparison must hold before the rule fires. */
  readonly forMs: number;
  /** How long it must have stopped to hold before "back to normal" is said. */
  readonly resolveAfterMs: number;
  /** Too little happened to say anything: 1 of 1 failed is not 100 %. */
  readonly volume?: Guard;
  /** The value is too small to matter, whatever the ratio. */
  readonly floor?: Guard;
  /** What a young store has not seen is not nothing: the same comparison with no more days than there is data of, or data of that long ago. */
  readonly history?: Guard;
  readonly noData: NoDataMeaning;
  /** Name of the state when the signal is null because it has no past to compare with. */
  readonly needsHistory?: true;
  /** Money shown beside a ratio to earlier days, and how the notice calls what it is compared with. */
  readonly shown?: { readonly signal: string; readonly window: RuleWindow; readonly baseline: string };
  /** Where its notices go; without it to every channel. */
  readonly channels?: readonly ChannelName[];
  /** How the value is written. */
  readonly unit: ShownUnit;
  readonly causes: readonly CauseSignal[];
  /** The notice also says what changed against the week before, by the split of the difference in cost. */
  readonly explains?: true;
  /** Order in which the runs behind the value are looked up for the notice. */
  readonly runs: 'cost' | 'duration' | 'failed' | 'turns' | 'lost' | 'scores' | 'none';
  /** What is measured, as it reads in a notice: "Cost today". */
  readonly subject: string;
  /** What to do first. */
  readonly action: string;
}

const MS_PER_SECOND = 1000;

/** How long ago the baseline is. */
export const BASELINE_MS: Readonly<Record<RuleBaseline, number>> = { day: DAY_MS, week: 7 * DAY_MS };

/** The setting that holds a limit; undefined where the rule holds it itself. */
export function settingOf(limit: RuleLimit): SettingDefinition | undefined {
  return typeof limit === 'number' ? undefined : SETTINGS[limit];
}

/** A limit in the unit of signals: money in nano-USD, time in ms. */
export function settingInSignalUnit(id: RuleLimit, settings: SettingValues): number {
  if (typeof id === 'number') return id;
  const { unit } = SETTINGS[id] as SettingDefinition;
  const scale = unit === 'usd' ? NANO_USD_PER_USD : unit === 'seconds' ? MS_PER_SECOND : 1;
  // A product of decimals may miss the whole number by a bit: 0.29 × 1e9.
  return scale === 1 ? settings[id] : Math.round(settings[id] * scale);
}

/** Length of a window in ms; the calendar day counts as 24 h. */
export function windowLengthMs(window: RuleWindow): number {
  return window === 'day' ? DAY_MS : (durationMsOf(window) ?? DAY_MS);
}

const ID = /^[a-z][a-z0-9]*(-[a-z0-9]+)*$/;
const EVERY_STEP_MS = 10_000;

/** What is wrong with the rules, a line for each fault; empty when nothing is. */
export function validateRules(rules: readonly Rule[], signalIds: readonly string[]): readonly string[] {
  const problems: string[] = [];
  const seen = new Set<string>();
  for (const rule of rules) {
    const fault = (text: string): void => void problems.push(`rule ${rule.id}: ${text}`);
    if (!ID.test(rule.id)) fault('the id is not kebab-case');
    if (seen.has(rule.id)) fault('the id is used twice');
    seen.add(rule.id);
    if (rule.everyMs <= 0 || rule.everyMs % EVERY_STEP_MS !== 0) fault('every is no multiple of 10 s');
    if (rule.forMs % rule.everyMs !== 0) fault('for is no multiple of every');
    if (rule.resolveAfterMs < 0) fault('the time to resolve is negative');
    for (const guard of guardsOf(rule)) {
      if (guard.isPerGroup && rule.by === undefined) fault(`${guard.signal} is per group, the rule has none`);
    }
    for (const signal of signalsOf(rule)) {
      if (!signalIds.includes(signal)) fault(`there is no signal ${signal}`);
    }
    for (const text of [rule.title, rule.subject, rule.action]) {
      if (text.trim() === '') fault('a text is empty');
    }
  }
  return problems;
}

/** Volume, floor and history, where the rule has them. */
export function guardsOf(rule: Rule): readonly Guard[] {
  return [rule.volume, rule.floor, rule.history].filter((guard) => guard !== undefined);
}

/** Every signal that the rule reads. */
export function signalsOf(rule: Rule): readonly string[] {
  const shown = rule.shown === undefined ? [] : [rule.shown.signal];
  return [
    rule.signal,
    ...guardsOf(rule).map((guard) => guard.signal),
    ...shown,
    ...rule.causes.map((cause) => cause.signal),
  ];
}
