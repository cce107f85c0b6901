// What a rule says, in words: its window, its groups, its limit and what it is compared with.

import { settingInSignalUnit, type Rule, type RuleBaseline, type RuleWindow } from './rule.ts';
import type { SettingValues } from './setting.ts';
import { formatValue } from './value-format.ts';

const UNITS: Readonly<Record<string, string>> = { m: 'min', h: 'h', d: 'days' };

/** `5 min`, `24 h`, `7 days`, `calendar day`. */
export function windowText(window: RuleWindow): string {
  return window === 'day'
    ? 'calendar day'
    : window.replace(/^(\d+)([mhd])$/, (_, count: string, unit: string) => `${count} ${UNITS[unit] ?? unit}`);
}

export const BASELINE_WORDS: Readonly<Record<RuleBaseline, string>> = {
  day: 'the same time a day before',
  week: 'the same time a week before',
};

/** Limit of a rule as notices write it. */
export function limitText(rule: Rule, settings: SettingValues): string {
  return formatValue(settingInSignalUnit(rule.threshold, settings), rule.unit);
}

/** One sentence: `Cost (agent support) of each user over 24 h above $5.00, once it held for 15 min`. */
export function ruleSentence(rule: Rule, settings: SettingValues): string {
  const groups = rule.by === undefined ? '' : ` of each ${rule.by}`;
  const holds = rule.forMs === 0 ? '' : `, once it held for ${rule.forMs / 60_000} min`;
  const volume =
    rule.volume === undefined
      ? ''
      : `, from ${settingInSignalUnit(rule.volume.atLeast, settings)} ${NOUNS[rule.volume.signal] ?? rule.volume.signal} on`;
  const against = rule.against === undefined ? '' : ` compared with ${BASELINE_WORDS[rule.against]}`;
  return (
    `${rule.subject}${groups} over ${rule.window === 'day' ? 'the calendar day' : windowText(rule.window)}${against} ` +
    `${rule.comparison} ${limitText(rule, settings)}${volume}${holds}`
  );
}

const NOUNS: Readonly<Record<string, string>> = {
  model_calls: 'model calls',
  run_ended_count: 'ended runs',
  tool_calls: 'tool calls',
  scored_runs: 'scored runs',
};
