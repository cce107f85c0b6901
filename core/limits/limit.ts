// A limit: how much may be spent in a scope, or how far a run may go. A rule: a limit with whom it holds for. The scope
// is what is counted together: one run with all that is nested in it, one session, one user or agent in a day (UTC).

import { ContentHash, formatHash } from '../attribution/content-hash.ts';
import { cutText } from '../text/cut-text.ts';

export const SCOPES = [
  'run',
  'session',
  'user_day',
  'agent_day',
  'process_day',
  'tool_run',
  'turns',
  'tokens_run',
] as const;

/** Limits that are counted; `turns` and `tokens_run` are of a run. */
export type CountedScope = (typeof SCOPES)[number];

/** What may refuse a request. `code` is a limit that the program sets itself around a piece of work. */
export type LimitScope = CountedScope | 'code' | 'loop' | 'unpriced' | 'fault';

export type LimitUnit = 'nanoUsd' | 'tokens' | 'turns';

/** The unit that a scope is counted in. */
export function unitOf(scope: CountedScope): LimitUnit {
  if (scope === 'turns') return 'turns';
  return scope === 'tokens_run' ? 'tokens' : 'nanoUsd';
}

/** Whom a rule holds for: patterns in which `*` stands for any characters. Without one it holds for all. */
export interface LimitMatch {
  readonly user?: string;
  readonly agent?: string;
  readonly task?: string;
  readonly model?: string;
}

export interface LimitRule {
  /** Where it was written: the name of a setting, or a line of limits.json. */
  readonly name: string;
  readonly scope: CountedScope;
  /** What it counts, by {@link countsOf}: rules with the same one go on with what the other has counted. */
  readonly counts: string;
  /** In the unit of the scope. */
  readonly amount: number;
  readonly match: LimitMatch;
}

/** What a scope is counted for, where it is for somebody: a pattern for them picks accounts and leaves out nothing. */
const COUNTED_FOR: Readonly<Record<CountedScope, readonly (keyof LimitMatch)[]>> = {
  run: ['user', 'agent', 'task'],
  turns: ['user', 'agent', 'task'],
  tokens_run: ['user', 'agent', 'task'],
  tool_run: ['user', 'agent', 'task'],
  user_day: ['user'],
  agent_day: ['agent'],
  session: [],
  process_day: [],
};
/** A longer one is cut: it goes to servers. */
const MAX_COUNTS_CHARS = 256;

/**
 * The scope of a rule with the patterns by which calls are left out of its accounts. Where it stands in a file, how much
 * it allows and for whom does not matter: an account goes on when a file is changed.
 */
export function countsOf(scope: CountedScope, match: LimitMatch): string {
  // Rules that ask for a model hold beside one another: each has accounts of its own.
  const picks = match.model === undefined ? COUNTED_FOR[scope] : [];
  const narrowed = (['user', 'agent', 'task', 'model'] as const)
    .map((name) => [name, picks.includes(name) ? undefined : match[name]] as const)
    .filter(([name, pattern]) => pattern !== undefined && (name === 'model' || !/^\*+$/.test(pattern)));
  if (narrowed.length === 0) return scope;
  const text = `${scope} ${JSON.stringify(narrowed)}`;
  if (text.length <= MAX_COUNTS_CHARS) return text;
  return `${cutText(text, MAX_COUNTS_CHARS)} ${formatHash(new ContentHash().mixText(text).digest())}`;
}

/** Who asks, as far as rules look at it. */
export interface LimitSubject {
  readonly user: string | undefined;
  readonly agent: string | undefined;
  readonly task: string | undefined;
  readonly model: string;
}

/**
 * The rules that hold for the subject. Of rules for one scope that ask for no model the first counts, so that a rule
 * for some users may allow more than the one for all; a rule that asks for a model holds beside it, for its calls alone.
 */
export function rulesFor(rules: readonly LimitRule[], subject: LimitSubject): LimitRule[] {
  const settled = new Set<CountedScope>();
  return rules.filter((rule) => {
    if (!matches(rule.match, subject)) return false;
    if (rule.match.model !== undefined) return true;
    if (settled.has(rule.scope)) return false;
    settled.add(rule.scope);
    return true;
  });
}

function matches(match: LimitMatch, subject: LimitSubject): boolean {
  return (['user', 'agent', 'task', 'model'] as const).every((name) => {
    const pattern = match[name];
    return pattern === undefined || matchesPattern(pattern, subject[name] ?? '');
  });
}

/** Whether the text is the pattern, in which `*` stands for any characters. Takes linear time. */
export function matchesPattern(pattern: string, text: string): boolean {
  const [first = '', ...rest] = pattern.split('*');
  if (rest.length === 0) return text === pattern;
  const last = rest.pop() ?? '';
  if (!text.startsWith(first)) return false;
  let at = first.length;
  for (const part of rest) {
    const found = text.indexOf(part, at);
    if (found < 0) return false;
    at = found + part.length;
  }
  return text.length - last.length >= at && text.endsWith(last);
}

const DAY_MS = 86_400_000;
/** The day that was asked for last: each call asks, and writing a date takes longer than all the rest of it. */
let lastDay = { number: Number.NaN, text: '' };

/** The calendar day (UTC) of an instant in milliseconds, as 2026-11-30. */
export function limitDayOf(atMs: number): string {
  const number = Math.floor(atMs / DAY_MS);
  if (number !== lastDay.number) lastDay = { number, text: new Date(atMs).toISOString().slice(0, 10) };
  return lastDay.text;
}

/** When the day of {@link limitDayOf} ends, Unix milliseconds. */
export function limitDayEndMs(day: string): number {
  return Date.parse(`${day}T00:00:00Z`) + DAY_MS;
}
