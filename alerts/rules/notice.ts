// A notice: what a person is told about the alerts of one rule, the same for every channel. Lines hold
// segments (text, some with a link), so that each channel can escape and link in its own way.
// One phone screen: a headline, at most six lines of why, where to look, what to do.

import { cutText } from '../../core/text/cut-text.ts';
import { safeText } from '../../core/text/safe-text.ts';
import type { AlertState, Telling } from './alert-state.ts';
import type { Rule, Severity } from './rule.ts';
import { formatValue, type ShownUnit } from './value-format.ts';

export interface NoticeSegment {
  readonly text: string;
  readonly url?: string;
}

export type NoticeLine = readonly NoticeSegment[];

export type NoticeKind = Telling | 'test';

export interface NoticeItem {
  readonly key: string;
  readonly value: number | null;
  readonly threshold: number;
  /** What is to be said of it alone, where it fires with others. */
  readonly headline?: string;
}

export interface Notice {
  /** Unique; the same notice sent again has the same id. */
  readonly id: string;
  readonly kind: NoticeKind;
  readonly ruleId: string;
  readonly title: string;
  readonly severity: Severity;
  readonly atMs: number;
  readonly headline: string;
  readonly why: readonly NoticeLine[];
  readonly look: NoticeSegment;
  readonly action: string;
  readonly unit: ShownUnit;
  readonly items: readonly NoticeItem[];
}

/** A group that takes part in the value, and how much of the increase is its own. */
export interface Contributor {
  readonly label: string;
  readonly key: string;
  readonly unit: ShownUnit;
  readonly increase: number;
  /** Its part of the whole increase: more than 1 where others fell, null where the whole did not increase. */
  readonly share: number | null;
  readonly url?: string;
}

/** What changed, with its part of the difference in cost. */
export interface Reason {
  readonly title: string;
  readonly costNanoUsd: number;
  readonly fix: string;
}

/** A run behind the value. */
export interface RunBehind {
  readonly runId: string;
  readonly user?: string;
  readonly detail: string;
  readonly url?: string;
}

export interface NoticeInput {
  readonly kind: Telling;
  readonly rule: Rule;
  readonly states: readonly AlertState[];
  readonly atMs: number;
  readonly contributors: readonly Contributor[];
  readonly run?: RunBehind;
  /** Largest first. */
  readonly reasons?: readonly Reason[];
  /** Part of the cost that nobody pays, as it was made under a plan of Claude. */
  readonly listValueNanoUsd?: number;
  /** It ends because the rule is gone, whatever its value is. */
  readonly isDropped?: true;
  /** Address of the page or board, without a slash at the end. */
  readonly pageUrl: string;
}

const KEYS_SHOWN = 4;
const REASONS_SHOWN = 3;
const TEXT_LIMIT = 80;
/** Of what is a sentence of its own. */
const LONG_TEXT_LIMIT = 240;
const RUN_ID_SHOWN = 8;
/** A name may be as long as its owner likes; an address that holds it would be all that a message has room for. */
const URL_LIMIT = 600;

/** The notice about alerts of one rule that begin, go on or end at the same moment. */
export function composeNotice(input: NoticeInput): Notice {
  const { kind, rule, states, atMs } = input;
  const isOver = kind === 'resolved';
  return {
    id: `${rule.id}-${kind}-${atMs}`,
    kind,
    ruleId: rule.id,
    title: rule.title,
    severity: rule.severity,
    atMs,
    headline: isOver ? resolvedHeadline(input) : `${firingHeadline(input)}${listValueText(input)}`,
    why: isOver ? [] : whyLines(input),
    look: lookAt(input),
    action: isOver ? '' : actionOf(input),
    unit: rule.unit,
    items: states.map((state) => itemOf(input, state)),
  };
}

function itemOf(input: NoticeInput, state: AlertState): NoticeItem {
  const { key, value, threshold } = state;
  if (input.kind === 'resolved' || input.states.length === 1) return { key, value, threshold };
  return { key, value, threshold, headline: firingHeadline({ ...input, states: [state] }) };
}

/** A notice that only shows that the channel works. */
export function testNotice(atMs: number, pageUrl: string): Notice {
  return {
    id: `test-${atMs}`,
    kind: 'test',
    ruleId: 'test',
    title: 'Test',
    severity: 'warning',
    atMs,
    headline: 'Test notice from tallyspan: this channel works',
    why: [],
    look: { text: `${pageUrl}/alerts`, url: `${pageUrl}/alerts` },
    action: '',
    unit: 'count',
    items: [],
  };
}

/** Text of a line without its links. */
export function lineText(line: NoticeLine): string {
  return line.map((segment) => segment.text).join('');
}

function firingHeadline({ kind, rule, states }: NoticeInput): string {
  const { unit } = rule;
  const subject = cut(rule.subject, LONG_TEXT_LIMIT);
  const [worst] = rankStates(rule, states);
  if (worst === undefined) return rule.title;
  const still = kind === 'repeat' ? 'Still: ' : '';
  const limit = formatValue(worst.threshold, unit);
  if (states.length > 1) {
    return `${still}${subject}: ${states.length} ${rule.by ?? 'group'}s past ${limit}`;
  }
  const of = worst.key === '' ? '' : ` of ${cut(worst.key)}`;
  if (worst.value === null) return `${still}${subject}${of}: no data`;
  const value = formatValue(worst.value, unit);
  if (rule.shown !== undefined && worst.shown !== null && worst.value > 0) {
    const baseline = formatValue(worst.shown / worst.value, 'usd');
    const shown = formatValue(worst.shown, 'usd');
    return `${still}${subject}${of} ${shown}, ${value} ${rule.shown.baseline} ${baseline} (limit ${limit})`;
  }
  return `${still}${subject}${of} ${value} (limit ${limit})`;
}

/** Whoever is woken sees whether anybody pays it. */
function listValueText({ listValueNanoUsd = 0 }: NoticeInput): string {
  return listValueNanoUsd > 0
    ? `, ${formatValue(listValueNanoUsd, 'usd')} of it list value (a plan of Claude)`
    : '';
}

function resolvedHeadline({ rule, states, isDropped }: NoticeInput): string {
  const { unit } = rule;
  const [first] = states;
  const keys = states.map((state) => state.key).filter((key) => key !== '');
  const of = keys.length === 0 ? '' : ` of ${listKeys(keys)}`;
  const now =
    states.length === 1 && first !== undefined && first.value !== null
      ? ` ${formatValue(first.value, unit)}`
      : '';
  const subject = `${cut(rule.subject, LONG_TEXT_LIMIT)}${of}`;
  return isDropped ? `No longer checked: ${subject}` : `Back to normal: ${subject}${now}`;
}

function whyLines(input: NoticeInput): readonly NoticeLine[] {
  const { rule, states, contributors, run, reasons = [] } = input;
  const lines: NoticeLine[] = [];
  if (reasons.length > 0) {
    const told = reasons
      .slice(0, REASONS_SHOWN)
      .map(({ title, costNanoUsd }) => `${cut(title)} (+${formatValue(costNanoUsd, 'usd')})`);
    lines.push([{ text: `Why: ${told.join(', ')}` }]);
  }
  if (states.length > 1) {
    const shown = rankStates(rule, states).slice(0, KEYS_SHOWN);
    const rest = states.length - shown.length;
    const listed = shown
      .map((state) => `${cut(state.key)} ${formatValue(state.value, rule.unit)}`)
      .join(', ');
    lines.push([{ text: rest > 0 ? `${listed} and ${rest} more` : listed }]);
  }
  if (run !== undefined) {
    const user = run.user === undefined ? '' : ` ${cut(run.user)}`;
    lines.push([
      { text: 'Top run ' },
      linked(safeText(cutText(run.runId, RUN_ID_SHOWN)), run.url),
      { text: `${user} ${cut(run.detail, LONG_TEXT_LIMIT)}` },
    ]);
  }
  for (const contributor of contributors) {
    const sign = contributor.increase > 0 ? '+' : '';
    const share =
      contributor.share === null ? '' : ` (${Math.round(contributor.share * 100)} % of the increase)`;
    lines.push([
      { text: `Top ${contributor.label} ` },
      linked(cut(contributor.key), contributor.url),
      { text: ` ${sign}${formatValue(contributor.increase, contributor.unit)}${share}` },
    ]);
  }
  return lines;
}

/** What stops it first, then what mends the largest reason. */
function actionOf({ rule, reasons = [] }: NoticeInput): string {
  const [first] = reasons;
  return first === undefined ? rule.action : `${rule.action} Fix: ${cut(first.fix, LONG_TEXT_LIMIT)}`;
}

function lookAt({ run, pageUrl }: NoticeInput): NoticeSegment {
  const url = run?.url !== undefined && run.url.length <= URL_LIMIT ? run.url : `${pageUrl}/alerts`;
  return { text: url, url };
}

/** Furthest past the threshold first. */
function rankStates(rule: Rule, states: readonly AlertState[]): readonly AlertState[] {
  const sign = rule.comparison === 'above' ? -1 : 1;
  return states.toSorted((a, b) => sign * ((a.value ?? 0) - (b.value ?? 0)));
}

function listKeys(keys: readonly string[]): string {
  const shown = keys
    .slice(0, KEYS_SHOWN)
    .map((key) => cut(key))
    .join(', ');
  return keys.length > KEYS_SHOWN ? `${shown} and ${keys.length - KEYS_SHOWN} more` : shown;
}

/** Words of others on one line, with nothing in them that a reader's program would obey. */
function cut(text: string, limit = TEXT_LIMIT): string {
  const flat = safeText(text.replaceAll(/\s+/g, ' '));
  return flat.length > limit ? `${cutText(flat, limit - 1)}…` : flat;
}

/** A segment with its address, where that is not longer than a message can hold. */
function linked(text: string, url: string | undefined): NoticeSegment {
  return url === undefined || url.length > URL_LIMIT ? { text } : { text, url };
}
