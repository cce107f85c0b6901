// Policy: how notices behave in time, for all rules. Quiet hours hold warnings back until they end;
// the re-notify interval repeats what still fires; the cool-down silences what has just been resolved.

import { nearestOf } from '../../core/text/nearest.ts';
import { isTimeZone, localTimeAt } from '../../core/time/time.ts';
import {
  readRuleSettings,
  readVariable,
  SettingError,
  SETTINGS,
  type Environment,
  type SettingValues,
} from './setting.ts';
import { OwnRuleError, readOwnRules, type OwnRule } from './own-rule.ts';
import { CHANNEL_VARIABLES, readChannelSettings, type ChannelSettings } from './channel-settings.ts';

/** Minutes of the day, `from` included, `to` not; may pass midnight. */
export interface QuietHours {
  readonly fromMinute: number;
  readonly toMinute: number;
}

export interface AlertPolicy {
  readonly timezone: string;
  readonly quietHours?: QuietHours;
  readonly renotifyMs: number;
  readonly cooldownMs: number;
  /** Least time between notices of one rule about different groups; meanwhile they gather. */
  readonly groupMs: number;
  /** Rules that are switched off. */
  readonly disabled: readonly string[];
  /** Address by which people reach the page, without a slash at the end. */
  readonly pageUrl?: string;
}

export interface AlertConfig {
  readonly settings: SettingValues;
  readonly policy: AlertPolicy;
  readonly channels: ChannelSettings;
  /** Rules of one's own. */
  readonly own: readonly OwnRule[];
}

export interface PolicyVariable {
  readonly env: string;
  readonly doc: string;
}

// prettier-ignore
export const POLICY_VARIABLES: readonly PolicyVariable[] = [
  { env: 'TIMEZONE', doc: 'Zone of calendar days and of quiet hours; default UTC, as Anthropic bills. Of the page and of limits, too; `--timezone` of `tallyspan up` counts before it.' },
  { env: 'ALERT_QUIET_HOURS', doc: 'When warnings wait, such as 22:00-07:00; critical ones never wait. Default none.' },
  { env: 'TALLYSPAN_URL', doc: 'Address by which people reach the page; links in notices begin with it. Default where the server listens; with `--host 0.0.0.0` that works on its machine only.' },
  { env: 'ALERT_RULES', doc: 'Rules of your own as JSON, as the page of a rule exports them; such a rule cannot be changed on the page. In Grafana and the ruler they notify every channel.' },
  { env: 'ALERT_DISABLED', doc: 'Ids of rules that are switched off, separated by commas.' },
];

const MS_PER_HOUR = 3_600_000;
const MS_PER_MINUTE = 60_000;
const QUIET_HOURS = /^([01]?\d|2[0-3]):([0-5]\d)\s*-\s*([01]?\d|2[0-3]):([0-5]\d)$/;

/**
 * Everything about alerts that the environment holds, checked as a whole.
 * Throws a {@link SettingError} that lists every fault, each by the name of its variable.
 */
export function readAlertConfig(env: Environment, ruleIds: readonly string[]): AlertConfig {
  const problems: string[] = [];
  const settings = readRuleSettings(env, problems);
  const channels = readChannelSettings(env, problems);
  const timezone = readVariable(env, 'TIMEZONE') ?? 'UTC';
  if (!isTimeZone(timezone)) {
    problems.push(`TIMEZONE is "${timezone}": write a zone name such as UTC or Europe/Berlin.`);
  }
  const quietHours = readQuietHours(env, problems);
  const own = readOwn(env, problems);
  const known = [...ruleIds, ...own.map(({ id }) => id)];
  const disabled = (readVariable(env, 'ALERT_DISABLED') ?? '').split(/[\s,]+/).filter((id) => id !== '');
  for (const id of disabled) {
    if (!known.includes(id)) {
      problems.push(
        `ALERT_DISABLED holds "${id}": there is no such rule. The rules are ${known.join(', ')}.`,
      );
    }
  }
  const pageUrl = readVariable(env, 'TALLYSPAN_URL')?.replace(/\/+$/, '');
  if (pageUrl !== undefined && !/^https?:\/\/[^\s/]+/.test(pageUrl)) {
    problems.push(`TALLYSPAN_URL is "${pageUrl}": write the whole address, with https:// or http://.`);
  }
  if (problems.length > 0) throw new SettingError(problems);
  const policy: AlertPolicy = {
    timezone,
    ...(quietHours && { quietHours }),
    renotifyMs: settings.renotifyHours * MS_PER_HOUR,
    cooldownMs: settings.cooldownMinutes * MS_PER_MINUTE,
    groupMs: settings.groupMinutes * MS_PER_MINUTE,
    disabled,
    ...(pageUrl === undefined ? {} : { pageUrl }),
  };
  return { settings, policy, channels, own };
}

/**
 * A line for each variable that is named nearly as a setting of alerts, with the one that was probably meant. What is
 * named like none may be another program's.
 */
export function misspeltAlertSettings(env: Environment): string[] {
  const known = [...Object.values(SETTINGS), ...CHANNEL_VARIABLES, ...POLICY_VARIABLES].map(
    ({ env: name }) => name,
  );
  return Object.keys(env).flatMap((name) => {
    if (!name.startsWith('ALERT_') || known.includes(name)) return [];
    const nearest = nearestOf(name, known);
    return nearest === undefined ? [] : [`${name} is not a setting. Did you mean ${nearest}?`];
  });
}

function readOwn(env: Environment, problems: string[]): readonly OwnRule[] {
  const text = readVariable(env, 'ALERT_RULES');
  if (text === undefined) return [];
  try {
    return readOwnRules(JSON.parse(text));
  } catch (error) {
    if (error instanceof OwnRuleError)
      problems.push(...error.problems.map((problem) => `ALERT_RULES: ${problem}.`));
    else problems.push('ALERT_RULES is no JSON: copy it from the page of a rule, as one line.');
    return [];
  }
}

function readQuietHours(env: Environment, problems: string[]): QuietHours | undefined {
  const text = readVariable(env, 'ALERT_QUIET_HOURS');
  if (text === undefined) return undefined;
  const match = QUIET_HOURS.exec(text);
  if (match === null) {
    problems.push(`ALERT_QUIET_HOURS is "${text}": write 22:00-07:00 or the like.`);
    return undefined;
  }
  const [fromHour = 0, fromMinute = 0, toHour = 0, toMinute = 0] = match.slice(1).map(Number);
  const hours = { fromMinute: fromHour * 60 + fromMinute, toMinute: toHour * 60 + toMinute };
  if (hours.fromMinute === hours.toMinute) {
    problems.push(`ALERT_QUIET_HOURS is "${text}": begin and end are the same.`);
    return undefined;
  }
  return hours;
}

/** Whether warnings wait now. */
export function isQuietTime(atMs: number, policy: AlertPolicy): boolean {
  if (policy.quietHours === undefined) return false;
  const { fromMinute, toMinute } = policy.quietHours;
  const local = localTimeAt(atMs, policy.timezone);
  const minute = Number(local.slice(11, 13)) * 60 + Number(local.slice(14, 16));
  return fromMinute < toMinute
    ? minute >= fromMinute && minute < toMinute
    : minute >= fromMinute || minute < toMinute;
}
