// Month: what the calendar month has cost so far and what it will have cost at its end, in the zone of the
// board. Both are made of the signals of cost; only the calendar is said here, as templates that read the
// clock, since Loki has no calendar.

import { labelOf, toLogql } from '../signals/to-logql.ts';
import { signalOf } from '../signals/catalogue/index.ts';
import { HOUR_MS } from '../core/time/time.ts';
import { statTile } from './panels/stat.ts';
import { chosen, STREAM_MATCHERS, narrowingOf } from './query.ts';
import type { MonthSource } from './source.ts';
import { lokiTarget, UP_TO_NOW, type Size, type Tile } from './tile.ts';
import { displayOf } from './unit.ts';
import { TIMEZONE } from './variables.ts';

/** The longest month and the hour that a clock change adds. */
const LONGEST_MONTH_MS = 31 * 24 * HOUR_MS + HOUR_MS;
const SECONDS_PER_DAY = 86_400;

const COST = signalOf('cost');
const DAILY_MEAN = signalOf('cost_daily_mean');
const FILTERS = narrowingOf(COST).map((dimension) => chosen(labelOf(dimension), dimension));

const LOCATION = `(toDateInZone "2006-01-02" "${TIMEZONE}" "2020-01-01").Location`;

/** Template: the month of an instant in a location. The instant of midnight belongs to the day that ends. */
function monthOf(instant: string, location: string = LOCATION): string {
  return `(((${instant}.Add -1).In ${location}).Format "2006-01")`;
}

/** Cost of the calendar month so far, nano-USD. */
function monthSoFar(): string {
  const isThisMonth = `label_format this_month=\`{{ $l := ${LOCATION} }}{{ eq ${monthOf('now', '$l')} ${monthOf('__timestamp__', '$l')} }}\``;
  return compiled(COST, [...FILTERS, isThisMonth, 'this_month="true"']);
}

/** Days from now to the end of the month, with their fraction; read off any run of the last day. */
function daysLeft(): string {
  const end = `((toDateInZone "2006-01" "${TIMEZONE}" ${monthOf('now')}).AddDate 0 1 0)`;
  const left = `label_format left_s=\`{{ sub (unixEpoch ${end}) (unixEpoch now) }}\``;
  const lines = `{${['event_name="agent.run.started"', ...STREAM_MATCHERS].join(', ')}}`;
  return `max_over_time(${lines} | ${left} | unwrap left_s | __error__="" [24h]) by () / ${SECONDS_PER_DAY}`;
}

function compiled(signal: typeof COST, filters: readonly string[]): string {
  const query = toLogql(signal, {
    context: { kind: 'rule', lengthMs: LONGEST_MONTH_MS },
    timezone: TIMEZONE,
    matchers: STREAM_MATCHERS,
    filters,
  });
  if ('reason' in query) throw new Error(`${signal.id}: ${query.reason}`);
  return query.logql;
}

/** The query of a source, in USD. */
export function monthQueryOf({ what }: MonthSource): string {
  const { divideBy } = displayOf(COST.unit);
  if (what === 'soFar') return `(${monthSoFar()}) / ${divideBy}`;
  const perDay = compiled(DAILY_MEAN, FILTERS);
  return `((${monthSoFar()} or vector(0)) + (${perDay}) * (${daysLeft()})) / ${divideBy}`;
}

/** The month so far. */
export function monthSoFarTile(size: Size): Tile {
  const note = 'The calendar month in the zone that the board names, up to now, whatever range is chosen.';
  return ofMonth(
    statTile('cost', { key: 'month-so-far', title: 'This month so far', timeFrom: UP_TO_NOW, note, ...size }),
    { kind: 'month', what: 'soFar' },
  );
}

/** The month at its end, if the days left cost what the last seven did. */
export function monthForecastTile(size: Size): Tile {
  const note =
    'The month so far, and for each day that is left, the rest of today included, the mean of the last 7 complete days. No value with fewer than 3 of those days with data.';
  return ofMonth(
    statTile('cost_daily_mean', { key: 'month-forecast', title: 'Forecast to month’s end', note, ...size }),
    { kind: 'month', what: 'forecast' },
  );
}

function ofMonth(tile: Tile, source: MonthSource): Tile {
  const { query } = lokiTarget(source, monthQueryOf(source), 'instant', '');
  const targets = [Object.assign(query, { refId: 'A' })];
  return { ...tile, panel: { ...tile.panel, targets, hideTimeOverride: true }, sources: { A: source } };
}
