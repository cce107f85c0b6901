// Numbers as people read them, the same on the page, in the terminal and in a notice.
// No data is an en dash, never 0.

import { usdOf } from '../money.ts';

export const NO_DATA = '–';

/** Nano-USD as dollars: two decimals from one dollar up, four below it, and two significant digits of what is tiny. */
export function formatCost(nanoUsd: number | null | undefined): string {
  if (nanoUsd === null || nanoUsd === undefined) return NO_DATA;
  const usd = usdOf(nanoUsd);
  const magnitude = Math.abs(usd);
  if (magnitude === 0) return '$0.00';
  const sign = usd < 0 ? '-' : '';
  // What four decimals would round up to a dollar is written as one.
  if (magnitude >= 0.99995) return `${sign}$${withThousands(magnitude, 2)}`;
  if (magnitude >= 0.0001) return `${sign}$${magnitude.toFixed(4)}`;
  const leadingZeros = -Math.floor(Math.log10(magnitude)) - 1;
  return `${sign}$${magnitude.toFixed(Math.min(9, leadingZeros + 2))}`;
}

/** A difference in money, with its sign: `+$0.41`, `−$12.30`; no sign where there is none. */
export function formatCostChange(nanoUsd: number): string {
  const text = formatCost(Math.abs(nanoUsd));
  return nanoUsd === 0 ? text : `${nanoUsd > 0 ? '+' : '−'}${text}`;
}

/** Milliseconds as `850 ms`, `3.1 s`, `3 min 2 s`, `2 h 5 min` or `3 d 4 h`; a second part of nothing is left out. */
export function formatDuration(durationMs: number | null | undefined): string {
  if (durationMs === null || durationMs === undefined) return NO_DATA;
  if (durationMs < 999.5) return `${Math.round(durationMs)} ms`;
  if (durationMs < 59_950) return `${(durationMs / 1000).toFixed(1)} s`;
  const seconds = Math.round(durationMs / 1000);
  if (seconds < 3600) return twoParts(seconds, 60, 'min', 's');
  const minutes = Math.round(seconds / 60);
  if (minutes < HOURS_UP_TO * 60) return twoParts(minutes, 60, 'h', 'min');
  return twoParts(Math.round(minutes / 60), 24, 'd', 'h');
}

/** Longer times are told in days. */
const HOURS_UP_TO = 48;

function twoParts(count: number, per: number, greater: string, lesser: string): string {
  const rest = count % per;
  const whole = `${formatCount(Math.floor(count / per))} ${greater}`;
  return rest === 0 ? whole : `${whole} ${rest} ${lesser}`;
}

/** A ratio 0–1 as a percentage with one decimal. */
export function formatPercent(ratio: number | null | undefined): string {
  return ratio === null || ratio === undefined ? NO_DATA : `${(ratio * 100).toFixed(1)} %`;
}

/** One number as a multiple of another: `0.05 ×`, `2.31 ×`, `61.3 ×`. */
export function formatTimes(ratio: number): string {
  return `${withThousands(ratio, ratio < 9.995 ? 2 : 1)} ×`;
}

/** A count with thousands separators. */
export function formatCount(count: number | null | undefined): string {
  return count === null || count === undefined ? NO_DATA : withThousands(count, 0);
}

/** A count with the noun that it counts: `1 call`, `1,204 calls`. */
export function formatCountOf(count: number, noun: string): string {
  return `${formatCount(count)} ${noun}${count === 1 ? '' : 's'}`;
}

/** Tokens: exact below ten thousand, then `12.3k`, `1.2M`. */
export function formatTokens(tokens: number | null | undefined): string {
  if (tokens === null || tokens === undefined) return NO_DATA;
  if (tokens < 10_000) return formatCount(tokens);
  if (tokens < 999_950) return `${(tokens / 1000).toFixed(1)}k`;
  return `${(tokens / 1_000_000).toFixed(1)}M`;
}

function withThousands(value: number, decimals: number): string {
  const [whole = '', fraction] = value.toFixed(decimals).split('.');
  const grouped = whole.replace(/\B(?=(\d{3})+(?!\d))/g, ',');
  return fraction === undefined ? grouped : `${grouped}.${fraction}`;
}

/** The status of a run as people read it: what is stored as `lost` is an abandoned run. */
export function formatStatus(status: string): string {
  return status === 'lost' ? 'abandoned' : status;
}

type Readable = Readonly<Partial<Record<string, unknown>>>;

/** What a note or a limit on a run is called: `compaction`, `limit refused: user_day`. */
export function formatNoteName(event: Readable): string {
  const { 'limit.action': action, 'limit.scope': scope, 'agent.note.kind': kind } = event;
  if (typeof action === 'string') return `limit ${action}: ${String(scope)}`;
  return typeof kind === 'string' ? kind : 'note';
}

/** Of a limit on a run, its figures: `$0.40 of $0.50 spent, $0.05 reserved`; of a note, what it says. */
export function formatNoteText(event: Readable): string | undefined {
  const { limit_nano_usd: limit, limit_spent_nano_usd: spent, limit_needed_nano_usd: needed } = event;
  if (typeof limit === 'number' && typeof spent === 'number') {
    const { limit_reserved_nano_usd: reserved, 'limit.action': action } = event;
    const parts = [`${formatCost(spent)} of ${formatCost(limit)} spent`];
    if (typeof reserved === 'number' && reserved > 0) parts.push(`${formatCost(reserved)} reserved`);
    const request = action === 'stopped' ? 'the answer had taken' : 'the request needed up to';
    if (typeof needed === 'number') parts.push(`${request} ${formatCost(needed)}`);
    return parts.join(', ');
  }
  const { limit_count: count, limit_spent_count: used } = event;
  if (typeof count === 'number') return `${formatCount(Number(used ?? 0))} of ${formatCount(count)} used`;
  const text = event['agent.note.text'] ?? event['agent.note.value'];
  return typeof text === 'string' ? text : undefined;
}

/**
 * What of a cost nobody pays, as it was made under a plan of Claude: `list value` where all of it is, `of it $1.20 list value`
 * where a part is; undefined where nothing is.
 */
export function formatListValue(
  costNanoUsd: number | null | undefined,
  listValueNanoUsd: number | undefined,
): string | undefined {
  if (listValueNanoUsd === undefined || listValueNanoUsd === 0) return undefined;
  return listValueNanoUsd === costNanoUsd ? 'list value' : `of it ${formatCost(listValueNanoUsd)} list value`;
}
