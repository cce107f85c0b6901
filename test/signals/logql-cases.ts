// The LogQL of everything that a definition can say, in every way to say time: what the text fixture holds.

import { DAY_MS, HOUR_MS } from '../../core/time/time.ts';
import type { Signal } from '../../signals/signal.ts';
import { toLogql, type LogqlContext, type LogqlOptions } from '../../signals/to-logql.ts';

const TO = Date.parse('2026-10-29T14:30:00Z');

/** How a query may be asked, by a short name. */
const WAYS: Readonly<Record<string, Omit<LogqlOptions, 'by'>>> = {
  panel: {
    context: { kind: 'panel' },
    timezone: 'UTC',
    matchers: ['service_name=~"$service"'],
    filters: ['gen_ai_agent_name=~"$agent"'],
  },
  'panel Berlin': { context: { kind: 'panel' }, timezone: 'Europe/Berlin' },
  rule: { context: { kind: 'rule', lengthMs: 15 * 60_000 }, timezone: 'UTC' },
  'rule Berlin': { context: { kind: 'rule', lengthMs: DAY_MS }, timezone: 'Europe/Berlin' },
  auto: { context: { kind: 'steps', step: 'auto' }, timezone: 'Europe/Berlin' },
  hours: { context: { kind: 'steps', step: 'hour' }, timezone: 'Europe/Berlin' },
  days: { context: { kind: 'steps', step: 'day' }, timezone: 'UTC' },
  'days Berlin': { context: { kind: 'steps', step: 'day' }, timezone: 'Europe/Berlin' },
  'by day': { context: { kind: 'days', count: 7 }, timezone: 'UTC' },
  'by day Berlin': { context: { kind: 'days', count: 1 }, timezone: 'Europe/Berlin' },
  at: { context: at(2 * DAY_MS, TO), timezone: 'Europe/Berlin' },
  'at later': { context: at(2 * HOUR_MS + 1_500, TO + DAY_MS), timezone: 'UTC' },
};

function at(lengthMs: number, now: number): LogqlContext {
  return { kind: 'at', from: TO - lengthMs, to: TO, now };
}

/** Constructs that say time: these are asked in every way, the others in one. */
const SAYS_TIME = /^(span_|days_|began$|rolling$|gaps$|latest_sum$)/;

/** The queries of one construct: a line for each way to ask. */
export function writeCase(signal: Signal): string[] {
  const where = signal.dimensions.includes('user') ? { user: 'a "b"' } : {};
  const asked = [
    ...Object.entries(WAYS).map(([way, options]) => [way, options] as const),
    ['grouped', { ...WAYS['panel'], context: { kind: 'panel' }, timezone: 'UTC', by: signal.dimensions }],
    ['filtered', { context: { kind: 'panel' }, timezone: 'UTC', where }],
  ] as const satisfies readonly (readonly [string, LogqlOptions])[];
  const ways = asked.filter(([way]) => SAYS_TIME.test(signal.id) || !(way in WAYS) || way === 'panel');
  return ways.map(([way, options]) => {
    const query = toLogql(signal, options);
    if ('reason' in query) return `${way}: none, because ${query.reason}`;
    return `${way} (${query.queryType}${query.step === undefined ? '' : ` ${query.step}`}): ${query.logql}`;
  });
}
