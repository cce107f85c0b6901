// The catalogue: every number that a panel, rule, page or command shows.

import { nearestOf } from '../../core/text/nearest.ts';
import type { Signal } from '../signal.ts';
import { SignalError } from '../signal.ts';
import { BILLING_SIGNALS } from './billing.ts';
import { CACHE_SIGNALS } from './cache.ts';
import { CALL_SIGNALS } from './calls.ts';
import { COST_SIGNALS } from './cost.ts';
import { LIMIT_SIGNALS } from './limits.ts';
import { FINDING_SIGNALS } from './findings.ts';
import { LATENCY_SIGNALS } from './latency.ts';
import { RUN_SIGNALS } from './runs.ts';
import { SCORE_SIGNALS } from './scores.ts';
import { TELEMETRY_SIGNALS } from './telemetry.ts';
import { TOOL_SIGNALS } from './tools.ts';

/** The signals by topic, in the order in which they are listed. */
export const TOPICS: readonly { readonly title: string; readonly signals: readonly Signal[] }[] = [
  { title: 'Runs', signals: RUN_SIGNALS },
  { title: 'Latency', signals: LATENCY_SIGNALS },
  { title: 'Cost', signals: COST_SIGNALS },
  { title: 'Bill', signals: BILLING_SIGNALS },
  { title: 'Findings', signals: FINDING_SIGNALS },
  { title: 'Cache and tokens', signals: CACHE_SIGNALS },
  { title: 'Tools', signals: TOOL_SIGNALS },
  { title: 'Model calls', signals: CALL_SIGNALS },
  { title: 'Limits', signals: LIMIT_SIGNALS },
  { title: 'Scores', signals: SCORE_SIGNALS },
  { title: 'Telemetry', signals: TELEMETRY_SIGNALS },
];

/** Every signal. */
export const CATALOGUE: readonly Signal[] = TOPICS.flatMap(({ signals }) => signals);

const signalById = new Map(CATALOGUE.map((signal) => [signal.id, signal]));

/** Of a slip in a short id, in letters. */
const FARTHEST = 2;

/** The signal of an id. Throws a SignalError that names similar ids when there is none. */
export function signalOf(id: string): Signal {
  const signal = signalById.get(id);
  if (signal) return signal;
  const words = id.split('_').filter((word) => word.length > 2);
  const ids = CATALOGUE.map((other) => other.id);
  const related = ids.filter((other) => words.some((word) => other.includes(word)));
  const similar = related.length > 0 ? related : [nearestOf(id, ids, FARTHEST) ?? []].flat();
  throw new SignalError(
    `there is no signal ${JSON.stringify(id)}; ${similar.length > 0 ? `did you mean ${similar.slice(0, 5).join(', ')}?` : '`tallyspan signals` lists them'}`,
  );
}
