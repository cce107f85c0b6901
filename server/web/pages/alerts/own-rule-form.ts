// The form of a rule of one's own: what stands in its fields, as an address holds it, and the rule that this makes.

import { CHANNEL_NAMES, type ChannelName } from '../../../../alerts/rules/channel-settings.ts';
import {
  idOfTitle,
  OwnRuleError,
  readOwnRule,
  shownUnitOf,
  type OwnRule,
} from '../../../../alerts/rules/own-rule.ts';
import type { ShownUnit } from '../../../../alerts/rules/value-format.ts';
import { durationMsOf } from '../../../../core/time/duration.ts';
import type { Dimension } from '../../../../core/schema.ts';
import { CATALOGUE } from '../../../../signals/catalogue/index.ts';

/** The text of each field. */
export interface RuleFields {
  readonly edit: string;
  readonly title: string;
  readonly signal: string;
  readonly by: string;
  readonly dimension: string;
  readonly value: string;
  readonly window: string;
  readonly against: string;
  readonly comparison: string;
  readonly limit: string;
  readonly atLeast: string;
  readonly forMinutes: string;
  readonly severity: string;
  readonly channels: readonly string[];
}

const DEFAULTS = { signal: 'cost', window: '24h', comparison: 'above', severity: 'warning' } as const;
const TEXTS = [
  'edit',
  'title',
  'signal',
  'by',
  'dimension',
  'value',
  'window',
  'against',
  'comparison',
  'limit',
  'atLeast',
  'forMinutes',
  'severity',
] as const;

/** Without `channel` among the fields of a form that was sent, no channel is chosen; `all` are before it was. */
export function readRuleFields(form: URLSearchParams, all: readonly ChannelName[]): RuleFields {
  const texts = Object.fromEntries(
    TEXTS.map((name) => [name, form.get(name)?.trim() || (DEFAULTS as Record<string, string>)[name] || '']),
  ) as Record<(typeof TEXTS)[number], string>;
  const chosen = form.getAll('channel');
  return { ...texts, channels: chosen.length > 0 || form.has('limit') ? chosen : all };
}

/** The fields of a rule that is there, to change it. */
export function fieldsOfRule(own: OwnRule, channels: readonly string[]): RuleFields {
  const [where] = Object.entries(own.where ?? {});
  return {
    edit: own.id,
    title: own.title,
    signal: own.signal,
    by: own.by ?? '',
    dimension: where?.[0] ?? '',
    value: where?.[1] ?? '',
    window: own.window,
    against: own.against ?? '',
    comparison: own.comparison,
    limit: String(own.limit),
    atLeast: own.atLeast === undefined ? '' : String(own.atLeast),
    forMinutes: own.forMinutes === undefined ? '' : String(own.forMinutes),
    severity: own.severity,
    channels,
  };
}

/** The same as the address of the form. */
export function addressOf(fields: RuleFields): URLSearchParams {
  const pairs = TEXTS.map((name) => [name, fields[name]] as [string, string]).filter(
    ([, text]) => text !== '',
  );
  return new URLSearchParams([
    ...pairs,
    ...fields.channels.map((name) => ['channel', name] as [string, string]),
  ]);
}

/** The unit in which the limit is written. */
export function unitOfFields({ signal, against }: RuleFields): ShownUnit {
  if (against !== '') return 'times';
  return shownUnitOf(CATALOGUE.find(({ id }) => id === signal)?.unit ?? '1');
}

/** @throws OwnRuleError with what is wrong, in the words of the form */
export function ruleOfFields(fields: RuleFields, taken: ReadonlySet<string>): OwnRule {
  const limit = limitOfText(fields.limit, unitOfFields(fields));
  if (limit === undefined)
    throw new OwnRuleError(['write a limit as a number with a point, such as 5, 0.5 or 20 %']);
  if ((fields.dimension === '') !== (fields.value === ''))
    throw new OwnRuleError(['"Only where" takes a dimension and its value, or neither']);
  const title = fields.title || titleOf(fields);
  return readOwnRule({
    id: fields.edit || idOfTitle(title, taken),
    title,
    signal: fields.signal,
    ...(fields.by !== '' && { by: fields.by }),
    ...(fields.dimension !== '' && { where: { [fields.dimension]: fields.value } }),
    window: fields.window,
    ...(fields.against !== '' && { against: fields.against }),
    comparison: fields.comparison,
    limit,
    severity: fields.severity,
    ...numberField('forMinutes', fields.forMinutes),
    ...numberField('atLeast', fields.atLeast),
  });
}

/** The channels that were chosen; undefined where that is all of them, so that a new one counts as well. */
export function channelsOf(
  chosen: readonly string[],
  all: readonly ChannelName[],
): readonly ChannelName[] | undefined {
  const names = CHANNEL_NAMES.filter((name) => chosen.includes(name));
  return all.every((name) => names.includes(name)) ? undefined : names;
}

/** `$5`, `1,000`, `20 %`, `0.2`, `90s`, `2 ×`; undefined of anything else. */
export function limitOfText(text: string, unit: ShownUnit): number | undefined {
  const plain = text
    .replaceAll(/\s/g, '')
    .replace(/^(-?)\$/, '$1')
    .replace(/[$×x]$/, '');
  const lengthMs = unit === 'duration' ? durationMsOf(plain) : undefined;
  if (lengthMs !== undefined) return lengthMs / 1000;
  const isPercent = plain.endsWith('%');
  const number = numberOf(isPercent ? plain.slice(0, -1) : plain);
  if (number === undefined) return undefined;
  if (isPercent) return unit === 'ratio' ? number / 100 : undefined;
  // More than the whole is a percentage that was written without its mark.
  return unit === 'ratio' && Math.abs(number) > 1 ? undefined : number;
}

const NUMBER = /^[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/i;
const THOUSANDS = /^[+-]?[1-9]\d{0,2}(,\d{3})+(\.\d*)?$/;

/** A comma parts thousands. Where it would be that of `0,5` nothing is guessed: ten times the limit would be silence. */
function numberOf(text: string): number | undefined {
  const digits = THOUSANDS.test(text) ? text.replaceAll(',', '') : text;
  const value = NUMBER.test(digits) ? Number(digits) : Number.NaN;
  return Number.isFinite(value) ? value : undefined;
}

function numberField(name: string, text: string): Readonly<Record<string, number>> {
  return text === '' ? {} : { [name]: Number(text) };
}

function titleOf({ signal, by, comparison, limit }: RuleFields): string {
  const name = CATALOGUE.find(({ id }) => id === signal)?.title ?? signal;
  return `${name}${by === '' ? '' : ` of each ${by as Dimension}`} ${comparison} ${limit}`;
}
