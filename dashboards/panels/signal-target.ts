// Targets of signals: the part that all panels of signals share.

import type { Dimension } from '../../core/schema.ts';
import { queryOf, withMeasure } from '../query.ts';
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

/** The source behind a question. */
export function sourceOf({ by = [], ...ask }: Ask, over: Over): SignalSource {
  return { kind: 'signal', ...ask, by, over };
}

/** A query for each question; the legend is the name, or the values of the group. */
export function signalTargets(asks: readonly Ask[], over: Over): Target[] {
  return asks.map((ask) => {
    const source = sourceOf(ask, over);
    const { expr, queryType, labels } = queryOf(source);
    const legend = labels.length === 0 ? (ask.name ?? '') : labels.map((label) => `{{${label}}}`).join(' · ');
    return lokiTarget(source, expr, queryType, legend);
  });
}

/** The same for a table, whose columns are told apart by the label `measure`. */
export function measureTargets(asks: readonly (Ask & { readonly name: string })[], over: Over): Target[] {
  return asks.map((ask) => {
    const source = sourceOf(ask, over);
    const { expr, queryType } = queryOf(source);
    return lokiTarget(source, withMeasure(expr, ask.name), queryType, ask.name);
  });
}
