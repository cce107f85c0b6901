// Limit settings: what the environment says, read once at start, and what limits.json does, read again as it changes. A value that is not understood is said
// with what to write; then that limit is not in force.

import { NANO_USD_PER_USD } from '../money.ts';
import { countsOf, SCOPES, unitOf, type CountedScope, type LimitRule } from './limit.ts';

export interface LimitSettings {
  readonly rules: readonly LimitRule[];
  /** Whether a loop ends its run, or is only reported. */
  readonly loop: 'report' | 'stop';
  /** What happens to a call whose price is not known. */
  readonly unpriced: 'warn' | 'refuse';
  /** What happens to a call while the server that keeps day limits cannot be asked. */
  readonly withoutServer: 'allow' | 'refuse';
  /** What happens to a call when the limits themselves fail. */
  readonly onFault: 'allow' | 'refuse';
  /** Whether `max_tokens` is lowered to what fits, where the whole would not. */
  readonly shortens: boolean;
  /** Path of limits.json, to be read by whoever can read files. */
  readonly file: string | undefined;
  /** Address of the server that keeps day limits over several processes; `undefined` where each counts for itself. */
  readonly serverUrl: string | undefined;
  readonly serverToken: string | undefined;
  /** What of the settings and the file was not understood: where it is refused, no call is let through. */
  readonly faults: readonly string[];
}

type Environment = Readonly<Record<string, string | undefined>>;

const RULE_NAMES: Readonly<Record<string, CountedScope>> = Object.fromEntries(
  SCOPES.map((scope) => [`TALLYSPAN_LIMIT_${scope.toUpperCase()}`, scope]),
);

/** Names of all settings about limits. */
export const LIMIT_SETTING_NAMES: readonly string[] = [
  ...Object.keys(RULE_NAMES),
  'TALLYSPAN_LIMIT_LOOP',
  'TALLYSPAN_LIMIT_UNPRICED',
  'TALLYSPAN_LIMIT_WITHOUT_SERVER',
  'TALLYSPAN_LIMIT_ON_FAULT',
  'TALLYSPAN_LIMIT_SHORTEN',
  'TALLYSPAN_LIMIT_SERVER',
  'TALLYSPAN_LIMITS',
];

/** What one token costs at least, about: below it no call would ever pass. */
const LEAST_NANO_USD = 1_000;

/** The settings of the environment; `undefined` where no limit is set. Adds what is wrong to `problems`. */
export function readLimitSettings(environment: Environment, problems: string[]): LimitSettings | undefined {
  const faults: string[] = [];
  const text = (name: string): string | undefined => environment[name]?.trim() || undefined;
  const oneOf = <T extends string>(name: string, allowed: readonly T[], fallback: T): T => {
    const value = text(name)?.toLowerCase();
    if (value === undefined) return fallback;
    const found = allowed.find((candidate) => candidate === value);
    if (found === undefined)
      faults.push(`${name}=${value} is not valid; it is one of ${allowed.join(', ')}. Using ${fallback}.`);
    return found ?? fallback;
  };
  if (!LIMIT_SETTING_NAMES.some((name) => text(name) !== undefined)) return undefined;
  const rules: LimitRule[] = [];
  for (const [name, scope] of Object.entries(RULE_NAMES)) {
    const value = text(name);
    if (value === undefined) continue;
    const amount = parseAmount(value, scope);
    if (typeof amount === 'string') faults.push(`${name}=${value} ${amount} This limit is not in force.`);
    else rules.push({ name, scope, counts: countsOf(scope, {}), amount, match: {} });
  }
  const urlName = text('TALLYSPAN_LIMIT_SERVER') === undefined ? 'TALLYSPAN_URL' : 'TALLYSPAN_LIMIT_SERVER';
  const url = text(urlName);
  const isUrl = url === undefined || /^https?:\/\/[^/]/.test(url);
  if (!isUrl) faults.push(`${urlName}=${url} is not an address; write http://127.0.0.1:4319.`);
  const settings: LimitSettings = {
    rules,
    loop: oneOf('TALLYSPAN_LIMIT_LOOP', ['report', 'stop'], 'report'),
    unpriced: oneOf('TALLYSPAN_LIMIT_UNPRICED', ['warn', 'refuse'], 'warn'),
    withoutServer: oneOf('TALLYSPAN_LIMIT_WITHOUT_SERVER', ['allow', 'refuse'], 'allow'),
    onFault: oneOf('TALLYSPAN_LIMIT_ON_FAULT', ['allow', 'refuse'], 'allow'),
    shortens: oneOf('TALLYSPAN_LIMIT_SHORTEN', ['on', 'off'], 'off') === 'on',
    file: text('TALLYSPAN_LIMITS'),
    serverUrl: isUrl ? url?.replace(/\/+$/, '') : undefined,
    serverToken: text('TALLYSPAN_TOKEN'),
    faults,
  };
  problems.push(...faults);
  return settings;
}

/** Settings where the program sets limits in code alone. */
export const NO_LIMIT_SETTINGS: LimitSettings = {
  rules: [],
  loop: 'report',
  unpriced: 'warn',
  withoutServer: 'allow',
  onFault: 'allow',
  shortens: false,
  file: undefined,
  serverUrl: undefined,
  serverToken: undefined,
  faults: [],
};

/** An amount of the scope: `$0.50` or `0.50`, `25`, `200k`; what is wrong with it where it is none. */
export function parseAmount(value: unknown, scope: CountedScope): number | string {
  return unitOf(scope) === 'nanoUsd' ? parseUsd(value) : parseCount(value, scope);
}

function parseUsd(value: unknown): number | string {
  const text = typeof value === 'number' ? String(value) : typeof value === 'string' ? value.trim() : '';
  const match = /^\$?\s?(\d+(?:\.\d+)?|\.\d+)(?:\s?usd)?$/i.exec(text);
  if (!match) return 'is not an amount in dollars; write $0.50.';
  const nanoUsd = Math.round(Number(match[1]) * NANO_USD_PER_USD);
  if (!Number.isSafeInteger(nanoUsd)) return 'is too large an amount.';
  if (nanoUsd < LEAST_NANO_USD)
    return 'would refuse every request: no call costs so little. Raise it, or unset it.';
  return nanoUsd;
}

const MULTIPLES: Readonly<Record<string, number>> = { '': 1, k: 1e3, m: 1e6 };

function parseCount(value: unknown, scope: CountedScope): number | string {
  const text = typeof value === 'number' ? String(value) : typeof value === 'string' ? value.trim() : '';
  const match = /^(\d+(?:\.\d+)?)([km]?)$/i.exec(text);
  const count = match ? Number(match[1]) * (MULTIPLES[(match[2] ?? '').toLowerCase()] ?? 1) : Number.NaN;
  if (!Number.isSafeInteger(count)) return 'is not a whole number; write 25 or 200k.';
  if (count < 1) return `would refuse every request: it allows no ${scope === 'turns' ? 'turn' : 'token'}.`;
  return count;
}

/** Of a file; the last two are for people and their editors. */
const TOP_KEYS: ReadonlySet<string> = new Set(['limits', 'comment', '$schema']);
const MATCH_KEYS = ['user', 'agent', 'task', 'model'] as const;

/**
 * The rules of limits.json: `{"limits": [{"user": "free-*", "user_day": "$1", "turns": 10}]}`. Each entry holds for the
 * patterns it names. One fault makes the whole file not apply, so that no half of it is mistaken for the whole.
 */
export function parseLimitsFile(
  content: string,
  path: string,
): { readonly rules: readonly LimitRule[] } | { readonly errors: readonly string[] } {
  let raw: unknown;
  try {
    raw = JSON.parse(content);
  } catch (error) {
    return { errors: [`${path} is not JSON: ${(error as Error).message}`] };
  }
  const list: unknown = isObject(raw) ? raw['limits'] : undefined;
  if (!Array.isArray(list)) return { errors: [`${path} has no list under "limits"`] };
  // What stands beside the list would be mistaken for a limit that holds.
  const errors = Object.keys(raw as object)
    .filter((key) => !TOP_KEYS.has(key))
    .map((key) => `${path} ${key} is not known beside "limits"; limits for all stand in an entry of it`);
  const rules: LimitRule[] = [];
  for (const [index, entry] of list.entries()) {
    const where = `${path} limits[${index}]`;
    if (!isObject(entry)) {
      errors.push(`${where} is not an object`);
      continue;
    }
    readEntry(entry, where, `limits[${index}]`, rules, errors);
  }
  return errors.length > 0 ? { errors } : { rules: apart(rules) };
}

/** Rules that ask for the same model for the same ones hold beside one another, and count apart. */
function apart(rules: readonly LimitRule[]): LimitRule[] {
  const seen = new Map<string, number>();
  return rules.map((rule) => {
    if (rule.match.model === undefined) return rule;
    const before = seen.get(rule.counts) ?? 0;
    seen.set(rule.counts, before + 1);
    return before === 0 ? rule : { ...rule, counts: `${rule.counts} ${before + 1}` };
  });
}

function readEntry(
  entry: Readonly<Record<string, unknown>>,
  where: string,
  name: string,
  rules: LimitRule[],
  errors: string[],
): void {
  const match: Partial<Record<(typeof MATCH_KEYS)[number], string>> = {};
  for (const key of MATCH_KEYS) {
    const pattern = entry[key];
    if (pattern === undefined) continue;
    if (typeof pattern === 'string' && pattern !== '') match[key] = pattern;
    else errors.push(`${where}.${key} is not a pattern such as "free-*"`);
  }
  let limits = 0;
  for (const [key, value] of Object.entries(entry)) {
    if ((MATCH_KEYS as readonly string[]).includes(key)) continue;
    const scope = SCOPES.find((candidate) => candidate === key);
    if (scope === undefined) {
      errors.push(`${where}.${key} is not a limit; one of ${SCOPES.join(', ')}`);
      continue;
    }
    limits += 1;
    const amount = parseAmount(value, scope);
    if (typeof amount === 'string') errors.push(`${where}.${key} ${amount}`);
    else rules.push({ name: `${name}.${key}`, scope, counts: countsOf(scope, match), amount, match });
  }
  if (limits === 0) errors.push(`${where} sets no limit`);
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
