// Targets of signals: the part that all panels of signals share.

import type { Dimension } from '../../core/schema.ts';
import { queryOf } from '../query.ts';
import type { Over, SignalSource } from '../source.ts';
import { lokiTarget, type Target } from '../tile.ts';

/** A number as a board asks for it; a plain id is the signal as it is. */
export interface Ask extends Omit<SignalSource, 'kind' | 'by' | 'over'> {
  readonly by?: readonly Dimension[];
}

/** The question of an id alone. */
export function askOf(ask: string | Ask): Ask {
  return typeof ask === 'string' ? { signal: ask } : ask;
}

/**
 * A query for each question. The legend is the name, or the values of the group; only time series have one,
 * since the table that Grafana makes of an instant query has none.
 */
export function signalTargets(asks: readonly Ask[], over: Over): Target[] {
  return asks.map(({ by = [], ...ask }) => {
    const source: SignalSource = { kind: 'signal', ...ask, by, over };
    const { expr, queryType, labels } = queryOf(source);
    const groups = labels.map((label) => `{{${label}}}`).join(' · ');
    return lokiTarget(source, expr, queryType, labels.length === 0 ? (ask.name ?? '') : groups);
  });
}
