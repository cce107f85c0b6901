// The LogQL of a rule: each signal that it reads, as a query for an evaluator that asks it again and
// again at "now". Grafana asks them one by one; the ruler asks one expression made of them.

import type { Dimension } from '../core/schema.ts';
import { signalOf } from '../signals/catalogue/index.ts';
import { foldsOf } from '../signals/signal.ts';
import { labelOf, toLogql } from '../signals/to-logql.ts';
import { conditionsOf } from './rules/judgement.ts';
import {
  BASELINE_MS,
  windowLengthMs,
  type Guard,
  type Rule,
  type RuleWhere,
  type RuleWindow,
} from './rules/rule.ts';

/** A signal that LogQL cannot express; the rule is then only in the embedded server. */
export class UnsupportedRuleError extends Error {
  override readonly name = 'UnsupportedRuleError';
}

/** Groups that one query may give: a day can have more users and conversations than Loki gives series. */
const GROUPS_LIMIT = 100;

/** Query of the rule's own signal; of a rule with groups, those furthest in the direction of the threshold. */
export function ruleQuery(rule: Rule, timezone: string): string {
  const { signal, window, by } = rule;
  const { where } = conditionsOf(rule, signal);
  const own = signalQuery(signal, window, timezone, { by, where });
  const query =
    rule.against === undefined
      ? own
      : `(${own}) / (${signalQuery(signal, window, timezone, { by, where, agoMs: BASELINE_MS[rule.against] })} > 0)`;
  if (by === undefined) return query;
  return `${rule.comparison === 'above' ? 'topk' : 'bottomk'}(${GROUPS_LIMIT}, ${query})`;
}

/** Query of a guard of the rule. */
export function guardQuery(rule: Rule, guard: Guard, timezone: string): string {
  return signalQuery(guard.signal, guard.window, timezone, {
    by: guard.isPerGroup ? rule.by : undefined,
    where: conditionsOf(rule, guard.signal).where,
    agoMs: guard.offsetMs,
  });
}

interface QueryOptions {
  readonly by?: Dimension | undefined;
  readonly where?: RuleWhere | undefined;
  /** How long ago the window ended; only for a signal that reads nothing but its window. */
  readonly agoMs?: number | undefined;
}

/** Query of a signal over a window that ends now. Events without the dimension belong to no group. */
export function signalQuery(
  id: string,
  window: RuleWindow,
  timezone: string,
  { by, where = {}, agoMs }: QueryOptions = {},
): string {
  const signal = signalOf(id);
  const isWindowOnly = foldsOf(signal.value).every((fold) => (fold.span ?? 'window') === 'window');
  if (agoMs !== undefined && !isWindowOnly)
    throw new UnsupportedRuleError(`${id} cannot be read at an earlier time`);
  const filters = Object.entries(where).map(
    ([dimension, value]) => `${labelOf(dimension as Dimension)}=${JSON.stringify(value)}`,
  );
  const query = toLogql(signal, {
    context: { kind: 'rule', lengthMs: windowLengthMs(window), isDay: window === 'day', agoMs },
    timezone,
    ...(by === undefined ? {} : { by, named: [by] }),
    ...(filters.length === 0 ? {} : { filters }),
  });
  if ('reason' in query) throw new UnsupportedRuleError(`${id}: ${query.reason}`);
  return query.logql;
}
