// A rule of one's own: what somebody asks of a signal on the page or in a file of rules, checked part by part, and the rule
// that it makes. A rule of one's own has its limit as a number, in the unit that people write.

import { DIMENSIONS, type Dimension, type EventName } from '../../core/schema.ts';
import { DAY_MS, HOUR_MS } from '../../core/time/time.ts';
import { NANO_USD_PER_USD } from '../../core/money.ts';
import { nearestOf } from '../../core/text/nearest.ts';
import { CATALOGUE, signalOf } from '../../signals/catalogue/index.ts';
import { foldsOf, type Signal, type SignalUnit } from '../../signals/signal.ts';
import { RULES } from './all-rules.ts';
import { CHANNEL_NAMES, type ChannelName } from './channel-settings.ts';
import {
  RULE_WINDOWS,
  windowLengthMs,
  type CauseSignal,
  type Guard,
  type Rule,
  type RuleBaseline,
  type RuleWhere,
  type RuleWindow,
  type Severity,
  type ThresholdSide,
} from './rule.ts';
import type { ShownUnit } from './value-format.ts';

export interface OwnRule {
  /** Kebab-case and of no built-in rule. */
  readonly id: string;
  readonly title: string;
  readonly signal: string;
  readonly by?: Dimension;
  readonly where?: RuleWhere;
  readonly window: RuleWindow;
  readonly against?: RuleBaseline;
  readonly comparison: ThresholdSide;
  /** US dollars, seconds, a share from 0 to 1, a count; of a rule with `against` a multiple. */
  readonly limit: number;
  readonly severity: Severity;
  /** Minutes for which the comparison must hold. */
  readonly forMinutes?: number;
  /** Calls or runs that the window must hold, so that one of one is not 100 %. */
  readonly atLeast?: number;
  readonly channels?: readonly ChannelName[];
}

/** What cannot be a rule: a line for each fault. */
export class OwnRuleError extends Error {
  readonly problems: readonly string[];

  constructor(problems: readonly string[]) {
    super(problems.join('; '));
    this.name = 'OwnRuleError';
    this.problems = problems;
  }
}

const ID = /^[a-z][a-z0-9]*(-[a-z0-9]+)*$/;
const ID_LENGTH = 60;
const TITLE_LENGTH = 120;
const WHERE_LENGTH = 500;
/** Half of a character, which makes a file of rules unreadable for Loki and Grafana, and the end of a text of C. */
// oxlint-disable-next-line no-control-regex
const UNREADABLE = /[\uD800-\uDFFF\u0000]/u;
const MOST_MINUTES = 1440;
const MINUTE = 60_000;
const KEYS: readonly string[] = [
  'id',
  'title',
  'signal',
  'by',
  'where',
  'window',
  'against',
  'comparison',
  'limit',
  'severity',
  'forMinutes',
  'atLeast',
  'channels',
];
/** Ratios of which the one is no part of the other. */
const RATIOS_BEYOND_ONE: ReadonlySet<string> = new Set(['output_input_ratio', 'cache_write_read_ratio']);
/** Addresses beside those of the rules. */
const RESERVED: ReadonlySet<string> = new Set(['new', 'test', 'export']);
const BUILT_IN = new Set(RULES.map(({ id }) => id));

/** An id out of a title: `Cost of tests` gives `own-cost-of-tests`. */
export function idOfTitle(title: string, taken: ReadonlySet<string>): string {
  const words = title
    .normalize('NFKD')
    .toLowerCase()
    .replaceAll(/[^a-z0-9]+/g, '-')
    .replaceAll(/^-+|-+$/g, '');
  const id = `own-${words || 'rule'}`.slice(0, ID_LENGTH - 4).replace(/-+$/, '');
  if (!taken.has(id)) return id;
  let next = 2;
  while (taken.has(`${id}-${next}`)) next++;
  return `${id}-${next}`;
}

/** @throws OwnRuleError with every fault of it */
export function readOwnRule(raw: unknown): OwnRule {
  if (typeof raw !== 'object' || raw === null || Array.isArray(raw))
    throw new OwnRuleError(['a rule is an object']);
  const given = raw as Readonly<Record<string, unknown>>;
  const problems: string[] = [];
  const one = <T extends string>(name: string, of: readonly T[]): T | undefined => {
    const value = given[name];
    if (of.includes(value as T)) return value as T;
    problems.push(`${name} is ${of.join(', ')}`);
    return undefined;
  };
  const number = (name: string, least: number, most: number): number | undefined => {
    const value = given[name];
    if (value === undefined) return undefined;
    if (typeof value === 'number' && Number.isFinite(value) && value >= least && value <= most) return value;
    problems.push(`${name} is a number from ${least} to ${most}`);
    return undefined;
  };
  const id = textOf(given['id'], ID_LENGTH);
  if (id === undefined || !ID.test(id))
    problems.push(`id is small letters, digits and hyphens, at most ${ID_LENGTH} of them`);
  else if (RESERVED.has(id)) problems.push(`id: ${id} is a word of the page`);
  else if (BUILT_IN.has(id)) problems.push(`id: ${id} is a built-in rule`);
  const title = textOf(given['title'], TITLE_LENGTH)?.replaceAll(/\s+/g, ' ');
  if (title === undefined) problems.push(`title is a text of at most ${TITLE_LENGTH} characters`);
  const signal = CATALOGUE.find((known) => known.id === given['signal']);
  if (signal === undefined)
    problems.push(
      `signal is an id that \`tallyspan signals\` lists${hintOf(
        given['signal'],
        CATALOGUE.map((known) => known.id),
      )}`,
    );
  const by = given['by'] === undefined ? undefined : one('by', signal?.dimensions ?? DIMENSIONS);
  const where = whereOfText(given['where'], signal, problems);
  const window = one('window', RULE_WINDOWS);
  const against = given['against'] === undefined ? undefined : one('against', ['day', 'week'] as const);
  const comparison = one('comparison', ['above', 'below'] as const);
  const severity = given['severity'] === undefined ? 'warning' : one('severity', ['critical', 'warning']);
  const limit = number('limit', -1e12, 1e12);
  if (given['limit'] === undefined) problems.push('limit is missing');
  if (limit !== undefined && limit > 1 && signal !== undefined && against === undefined && isShare(signal))
    problems.push(`limit is a share from 0 to 1: ${limit} % is ${limit / 100}`);
  const forMinutes = number('forMinutes', 0, MOST_MINUTES);
  const atLeast = number('atLeast', 0, 1e12);
  const channels = channelsOf(given['channels'], problems);
  if (
    problems.length > 0 ||
    id === undefined ||
    title === undefined ||
    signal === undefined ||
    window === undefined ||
    comparison === undefined ||
    severity === undefined ||
    limit === undefined
  )
    throw new OwnRuleError(problems);
  return {
    id,
    title,
    signal: signal.id,
    ...(by && { by }),
    ...(where && { where }),
    window: ownWindow(signal) ?? window,
    ...(against && { against }),
    comparison,
    limit,
    severity,
    ...(forMinutes && { forMinutes }),
    ...(atLeast && { atLeast }),
    ...(channels && { channels }),
  };
}

/** The rules of a file: a list, or an object with `rules`. @throws OwnRuleError that names the place of each fault */
export function readOwnRules(raw: unknown): readonly OwnRule[] {
  const list = typeof raw === 'object' && raw !== null && 'rules' in raw ? raw.rules : raw;
  if (!Array.isArray(list)) throw new OwnRuleError(['the file is a list of rules, or {"rules": […]}']);
  const problems: string[] = [];
  const rules: OwnRule[] = [];
  for (const [index, one] of list.entries()) {
    try {
      const rule = readOwnRule(one);
      // A word that is written wrong would be a condition that does not count, and nobody would notice.
      for (const key of Object.keys(one as object))
        if (!KEYS.includes(key))
          problems.push(`rule ${index + 1}: there is no key ${key}${hintOf(key, KEYS)}`);
      if (rules.some(({ id }) => id === rule.id))
        problems.push(`rule ${index + 1}: ${rule.id} is there twice`);
      rules.push(rule);
    } catch (error) {
      if (!(error instanceof OwnRuleError)) throw error;
      problems.push(...error.problems.map((problem) => `rule ${index + 1}: ${problem}`));
    }
  }
  if (problems.length > 0) throw new OwnRuleError(problems);
  return rules;
}

/** The window of a signal that has one of its own, whatever is asked. */
export function ownWindow({ window }: Signal): RuleWindow | undefined {
  if (window.kind === 'range') return undefined;
  if (window.kind === 'day') return 'day';
  return RULE_WINDOWS.find((name) => name !== 'day' && windowLengthMs(name) === window.lengthMs) ?? '24h';
}

/** The rule that it makes. */
export function ruleOfOwn(own: OwnRule): Rule {
  const signal = signalOf(own.signal);
  const unit = own.against === undefined ? shownUnitOf(signal.unit) : 'times';
  const everyMs = everyOf(own.window);
  const volume = own.atLeast === undefined ? undefined : volumeOf(signal, own);
  return {
    id: own.id,
    title: own.title,
    severity: own.severity,
    signal: own.signal,
    ...(own.by && { by: own.by }),
    ...(own.where && { where: own.where }),
    window: own.window,
    ...(own.against && { against: own.against, needsHistory: true }),
    unit,
    comparison: own.comparison,
    threshold: limitInSignalUnit(own.limit, unit),
    everyMs,
    forMs: Math.ceil(((own.forMinutes ?? 0) * MINUTE) / everyMs) * everyMs,
    resolveAfterMs: 10 * MINUTE,
    ...(volume && { volume }),
    noData: 'ok',
    ...(own.channels && { channels: own.channels }),
    causes: causesOf(own),
    runs: runsOf(signal),
    subject: subjectOf(signal, own),
    action: signal.action,
  };
}

/** Says, too, what it is of, where it is not of everything. */
function subjectOf({ title }: Signal, { where = {} }: OwnRule): string {
  const of = Object.entries(where).map(([dimension, value]) => `${dimension} ${value}`);
  return of.length === 0 ? title : `${title} (${of.join(', ')})`;
}

/** How values of a signal are written in notices. */
export function shownUnitOf(unit: SignalUnit): ShownUnit {
  switch (unit) {
    case 'nanoUsd':
      return 'usd';
    case 'ms':
      return 'duration';
    case 'ratio':
      return 'ratio';
    case 'factor':
      return 'times';
    default:
      return 'count';
  }
}

/** A limit as people write it (dollars, seconds), in the unit of signals. */
export function limitInSignalUnit(limit: number, unit: ShownUnit): number {
  if (unit === 'usd') return Math.round(limit * NANO_USD_PER_USD);
  return unit === 'duration' ? Math.round(limit * 1000) : limit;
}

/** Whether its values are parts of a whole. */
function isShare({ id, unit }: Signal): boolean {
  return unit === 'ratio' && !RATIOS_BEYOND_ONE.has(id);
}

function hintOf(given: unknown, known: readonly string[]): string {
  const meant = typeof given === 'string' ? nearestOf(given, known) : undefined;
  return meant === undefined ? '' : `; did you mean ${meant}?`;
}

function textOf(value: unknown, most: number): string | undefined {
  if (typeof value !== 'string' || value.length > most || UNREADABLE.test(value)) return undefined;
  return value.trim() || undefined;
}

function whereOfText(raw: unknown, signal: Signal | undefined, problems: string[]): RuleWhere | undefined {
  if (raw === undefined) return undefined;
  if (typeof raw !== 'object' || raw === null || Array.isArray(raw)) {
    problems.push('where is an object of dimensions and their values');
    return undefined;
  }
  const known: readonly string[] = signal?.dimensions ?? DIMENSIONS;
  for (const [dimension, value] of Object.entries(raw)) {
    if (!known.includes(dimension)) problems.push(`where: ${dimension} is no dimension of the signal`);
    else if (textOf(value, WHERE_LENGTH) === undefined) problems.push(`where: ${dimension} is a text`);
  }
  return Object.keys(raw).length === 0 ? undefined : raw;
}

function channelsOf(raw: unknown, problems: string[]): readonly ChannelName[] | undefined {
  if (raw === undefined) return undefined;
  if (Array.isArray(raw) && raw.every((name) => CHANNEL_NAMES.includes(name as ChannelName)))
    return CHANNEL_NAMES.filter((name) => raw.includes(name));
  problems.push(`channels is a list of ${CHANNEL_NAMES.join(', ')}`);
  return undefined;
}

/** A short window passes soon; a long one changes slowly. */
function everyOf(window: RuleWindow): number {
  const lengthMs = windowLengthMs(window);
  return lengthMs > DAY_MS ? 10 * MINUTE : lengthMs > 2 * HOUR_MS && window !== 'day' ? 5 * MINUTE : MINUTE;
}

const VOLUMES: Partial<Readonly<Record<EventName | '*', string>>> = {
  'agent.run': 'run_ended_count',
  'agent.tool_call': 'tool_calls',
  'agent.score': 'scored_runs',
};

function volumeOf(signal: Signal, own: OwnRule): Guard {
  const counted = signalOf(VOLUMES[foldsOf(signal.value)[0]?.of ?? '*'] ?? 'model_calls');
  const isPerGroup = own.by !== undefined && counted.dimensions.includes(own.by);
  return {
    signal: counted.id,
    window: own.window,
    atLeast: own.atLeast ?? 0,
    ...(isPerGroup && { isPerGroup }),
  };
}

const COST_CAUSES: readonly CauseSignal[] = [
  { signal: 'cost', by: 'user', label: 'user', unit: 'usd' },
  { signal: 'tool_cost', by: 'tool', label: 'tool', unit: 'usd' },
  { signal: 'cost', by: 'model', label: 'model', unit: 'usd' },
];

/** Only money has parts that sum to it. */
function causesOf({ signal, by, where, against }: OwnRule): readonly CauseSignal[] {
  if (!['cost', 'cost_today', 'cost_1h', 'cost_24h'].includes(signal) || against !== undefined) return [];
  if (where !== undefined) return [];
  return COST_CAUSES.filter((cause) => cause.by !== by && (by === undefined || knows(cause.signal, by)));
}

function knows(signal: string, dimension: Dimension): boolean {
  return signalOf(signal).dimensions.includes(dimension);
}

function runsOf({ id, unit, value }: Signal): Rule['runs'] {
  if (id.startsWith('run_loss')) return 'lost';
  if (foldsOf(value).every(({ of }) => of === 'agent.score') && unit !== 'nanoUsd') return 'scores';
  if (/fail|success/.test(id)) return 'failed';
  if (unit === 'nanoUsd') return 'cost';
  if (id.startsWith('turns')) return 'turns';
  if (unit === 'ms' && foldsOf(value).some(({ of }) => of === 'agent.run')) return 'duration';
  return 'none';
}
