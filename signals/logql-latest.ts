// Of the records with one key only the latest counts, in LogQL. A census finds the latest record of each key among all
// records, whatever a request leaves out, since those too take the place of others; conditions are asked of it afterwards,
// by its labels. Loki works it out where it reads the lines, and hands on numbers of groups, not a series for each key.

import { columnOf } from '../core/columns.ts';
import type { FieldKey } from '../core/schema.ts';
import { aggregateOf, escapeRegex, quotedText } from './logql-text.ts';
import type { TimeRange } from './logql-time.ts';
import type { Filter } from './signal.ts';

/** Worked off in order: where the pattern, quoted as in a query, matches the whole text of the label, it is met or is not. */
export type LabelCondition = readonly {
  readonly label: string;
  readonly pattern: string;
  readonly isMet: boolean;
}[];

export interface Census {
  /** Of all records that may have a key. */
  readonly selector: string;
  readonly time: TimeRange;
  /** All of them are to be met. */
  readonly conditions: readonly LabelCondition[];
  /** Labels by which the latest record is another one, beside the key. */
  readonly apart: readonly string[];
  /** Labels of the groups. */
  readonly labels: readonly string[];
}

/** What a score without a key is known by, beside its instant: of what it is, and what it says. */
const OWN_FIELDS = [
  'trace_id',
  'agent.run_id',
  'gen_ai.conversation.id',
  'tallyspan.score.target_id',
  'tallyspan.score.source',
  'gen_ai.evaluation.name',
  'gen_ai.evaluation.score.label',
  'score_millionths',
] as const satisfies readonly FieldKey[];
/** Label of what a record is a state of: its key, or what it is known by. */
const KEY_LABEL = 'record_key';
const OWN_KEY = `(print (unixEpochNanos __timestamp__) ${OWN_FIELDS.map((field) => `"/" .${columnOf(field)}`).join(' ')})`;
const KEY = `${KEY_LABEL}=\`{{ or .${columnOf('tallyspan.key')} ${OWN_KEY} }}\``;
/** Label of which state that is; a record that does not say it is the first. */
const REVISION_LABEL = 'revision';
const REVISION = `${REVISION_LABEL}=\`{{ or .${columnOf('tallyspan.revision')} "0" }}\``;
const ANY_TEXT = '`(?s:.+)`';

/** How many keys have a latest record that meets all conditions. */
export function latestCount(census: Census): string {
  return aggregateOf('sum', census.labels, meeting(census, marked(census)));
}

/** The same, with a 0 for a group of which no latest record does. */
export function latestCountOrZero(census: Census): string {
  const factors = marksOf(census).map(
    (mark) => ` * on (${mark}) group_left () (${withMarks([mark])} or vector(0))`,
  );
  return aggregateOf('sum', census.labels, [marked(census), ...factors].join(''));
}

/** How many different texts the label has on the latest records that meet all conditions. */
export function latestDistinct(census: Census, label: string): string {
  const each = aggregateOf('count', [...census.labels, ...marksOf(census)], marked(census, [label]));
  return aggregateOf('sum', census.labels, meeting(census, each));
}

/**
 * The sum of the label over the latest records that meet all conditions.
 * @param numbers the number that each text of the label is, by the label
 */
export function latestSum(census: Census, label: string, numbers: string): string {
  const each = meeting(census, marked(census, [label]));
  return aggregateOf('sum', census.labels, `(${each}) * on (${label}) group_left () ${numbers}`);
}

/** The census by groups and further labels, with a mark for each condition that is met. */
function marked(census: Census, further: readonly string[] = []): string {
  const { selector, time, conditions, apart, labels } = census;
  const groups = [...labels, ...further];
  const read = [...new Set([...groups, ...conditions.flat().map(({ label }) => label)])];
  const stages = [`label_format ${KEY}, ${REVISION}`, `unwrap ${REVISION_LABEL}`, '__error__=""'];
  const lines = [selector, ...time.stages, ...stages].join(' | ');
  const own = [...new Set([KEY_LABEL, ...apart, ...read])].join(', ');
  // The highest revision with these labels: what max_over_time is, which Loki would share out, and so hand on each series.
  const states = `quantile_over_time(1, ${lines} ${time.range}) by (${own})`;
  const latest = `topk by (${[KEY_LABEL, ...apart].join(', ')}) (1, ${states})`;
  const asked = conditions.flatMap((condition, index) =>
    condition.map((one) => ({ ...one, mark: markOf(index) })),
  );
  const counted = asked.reduce(
    (vector, { mark, label, pattern, isMet }) =>
      `label_replace(${vector}, "${mark}", "${isMet ? '1' : ''}", "${label}", ${pattern})`,
    aggregateOf('count', read, latest),
  );
  return aggregateOf('sum', [...groups, ...marksOf(census)], counted);
}

function meeting(census: Census, vector: string): string {
  const marks = marksOf(census);
  return marks.length === 0 ? vector : `${vector} and on (${marks.join(', ')}) ${withMarks(marks)}`;
}

function withMarks(marks: readonly string[]): string {
  return marks.reduce((vector, mark) => `label_replace(${vector}, "${mark}", "1", "", "")`, 'vector(1)');
}

function marksOf({ conditions }: Census): string[] {
  return conditions.map((_, index) => markOf(index));
}

function markOf(index: number): string {
  return `meets_${index + 1}`;
}

/** Any of these texts. */
export function isAnyOf(label: string, texts: readonly string[]): LabelCondition {
  return [{ label, pattern: quotedText(texts.map(escapeRegex).join('|')), isMet: true }];
}

/** None of these texts, or no text at all. */
export function isNoneOf(label: string, texts: readonly string[]): LabelCondition {
  const any = { label, pattern: '`(?s:.*)`', isMet: true };
  return [any, ...isAnyOf(label, texts).map((one) => ({ ...one, isMet: false }))];
}

/** A condition of a definition. Throws on one that cannot be asked of a label afterwards. */
export function labelConditionOf(filter: Filter): LabelCondition {
  if ('anyOf' in filter) return filter.anyOf.flatMap(labelConditionOf);
  const label = columnOf(filter.field);
  if ('isPresent' in filter) return [{ label, pattern: ANY_TEXT, isMet: true }];
  if ('is' in filter) return isAnyOf(label, [String(filter.is)]);
  throw new Error(`this is not asked of latest records: ${JSON.stringify(filter)}`);
}

/** A condition as it stands in a query: `a=~"b.*"`, `a="b"` or `a!="b"`. Throws on any other. */
export function conditionOfQuery(text: string): LabelCondition {
  const [, label = '', sign, quoted = ''] = /^(\w+)(=~|!=|=)("(?:[^"\\]|\\.)*"|`[^`]*`)$/.exec(text) ?? [];
  if (sign === '=~') {
    const [quote, inner] = [quoted.slice(0, 1), quoted.slice(1, -1)];
    return [{ label, pattern: `${quote}(?s:${inner})${quote}`, isMet: true }];
  }
  if (sign === undefined || quoted.startsWith('`'))
    throw new Error(`this is not asked of latest records: ${text}`);
  const value = String(JSON.parse(quoted));
  return sign === '=' ? isAnyOf(label, [value]) : isNoneOf(label, [value]);
}
