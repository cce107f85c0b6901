// Queries of lists: the events with the greatest of a number, one series per event, its columns as labels. Each
// label becomes a column of the one table that Grafana makes of the query.
// They are metric queries and not log queries, so that the order holds over the whole range and not only
// over the newest lines.

import { NANO_USD_PER_USD } from '../core/money.ts';
import { columnOf } from '../core/columns.ts';
import { FIELDS, type FieldDefinition, type FieldKey } from '../core/schema.ts';
import { labelFilterOf, lineStagesOf, quotedText } from '../signals/logql-text.ts';
import { NO_DATA } from '../core/text/format.ts';
import { chosen, NAMES_RUN, OF_RUN, OF_RUN_FROM, STREAM_MATCHERS } from './query.ts';
import type { Column, ListSource } from './source.ts';
import { NARROWING } from './variables.ts';
import { labelOf } from '../signals/to-logql.ts';

/** Labels with the run's own stretch of time, for links. */
export const FROM_LABEL = 'from_ms';
export const TO_LABEL = 'to_ms';
/** A minute around a run, so that what belongs to it and came a little later is seen. */
const MARGIN_MS = 60_000;

/** Whether the column holds money, which is shown in USD. */
function isMoney(field: FieldKey): boolean {
  return (FIELDS[field] as FieldDefinition).unit === 'nanoUsd';
}

/** Label with the time of the event, Unix milliseconds. */
export const AT_LABEL = 'at_ms';

/** Label of a column: time and money are worked out under names of their own. */
export function columnLabelOf({ field }: Column): string {
  if (field === 'timestamp') return AT_LABEL;
  return isMoney(field) ? columnOf(field).replace(/_nano_usd$/, '_usd') : columnOf(field);
}

/** The LogQL of a list, an instant query whose value is the number that ranks. */
export function listQueryOf(source: ListSource): string {
  const lines = [selectorOf(source), ...stagesOf(source)].join(' | ');
  const labels = [...new Set([...source.columns.map(columnLabelOf), FROM_LABEL, TO_LABEL])];
  const rank = source.rank === 'timestamp' ? AT_LABEL : columnOf(source.rank);
  const keep = source.order === 'greatest' ? 'topk' : 'bottomk';
  const groups = `by (${labels.join(', ')})`;
  // The maximum of maxima lets Loki cut the range into days and read them side by side.
  const ranked = `${keep}(${source.limit}, max ${groups} (max_over_time(${lines} | unwrap ${rank} | __error__="" [$__range]) ${groups}))`;
  return source.columns
    .filter(isFilled)
    .reduce((rows, column) => filled(rows, columnLabelOf(column)), ranked);
}

/**
 * Grafana makes an empty text of a label that an event has not, a number of that text 0, and no column of a label
 * that no event has. So what is missing is written out. A cell with a link stays empty: what it leads to is
 * narrowed to events without a value.
 */
function isFilled({ field, link }: Column): boolean {
  return link === undefined && field !== 'timestamp';
}

function filled(rows: string, label: string): string {
  return `label_replace(${rows}, "${label}", "${NO_DATA}", "${label}", "")`;
}

function selectorOf({ of, ofRun }: ListSource): string {
  const names =
    of.length === 1
      ? `event_name="${of[0]}"`
      : `event_name=~${quotedText(of.map((name) => name.replaceAll('.', '[.]')).join('|'))}`;
  // The id stands in the line as well: looking there first leaves few lines to read.
  return `{${[names, ...STREAM_MATCHERS].join(', ')}}${ofRun ? ` ${NAMES_RUN}` : ''}`;
}

function stagesOf(source: ListSource): string[] {
  const narrowing = source.ofRun
    ? [source.ofRun === 'whole' ? OF_RUN : OF_RUN_FROM]
    : NARROWING.filter((dimension) => isKnown(source, dimension)).map((dimension) =>
        chosen(labelOf(dimension), dimension),
      );
  return [
    ...narrowing,
    ...(source.ofSession ? [chosen(labelOf('session'), 'session')] : []),
    ...(source.ofTool ? [chosen(labelOf('tool'), 'tool')] : []),
    'tallyspan_duplicate!="true"',
    ...source.where.map(labelFilterOf),
    ...lineStagesOf(source.columns.map(({ field }) => field)),
    ...source.columns.filter(({ field }) => isMoney(field)).map(moneyStage),
    `label_format ${AT_LABEL}=\`{{ unixEpochMillis __timestamp__ }}\``,
    `label_format ${FROM_LABEL}=\`{{ sub (sub (unixEpochMillis __timestamp__) (int .duration_ms)) ${MARGIN_MS} }}\``,
    `label_format ${TO_LABEL}=\`{{ add (unixEpochMillis __timestamp__) ${MARGIN_MS} }}\``,
  ];
}

function isKnown(source: ListSource, dimension: string): boolean {
  return dimension !== 'model' || source.of.includes('agent.model_call');
}

// No price is no label.
function moneyStage(column: Column): string {
  const name = columnOf(column.field);
  const label = columnLabelOf(column);
  return `label_format ${label}=\`{{ if .${name} }}{{ divf .${name} ${NANO_USD_PER_USD} }}{{ end }}\` | drop ${label}=""`;
}
