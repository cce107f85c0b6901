// The LogQL of a rule: each signal that it reads, as a query for an evaluator that asks it again and
// again at "now". Grafana asks them one by one; the ruler asks one expression made of them.

import type { Dimension } from '../core/schema.ts';
import { HOUR_MS } from '../core/time/time.ts';
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
  const own = signalQuery(rule.signal, rule.window, rule.by, timezone, conditionsOf(rule, rule.signal).where);
  const query =
    rule.against === undefined
      ? own
      : `(${own}) / (${earlierQuery(rule.signal, own, BASELINE_MS[rule.against])} > 0)`;
  if (rule.by === undefined) return query;
  return `${rule.comparison === 'above' ? 'topk' : 'bottomk'}(${GROUPS_LIMIT}, ${query})`;
}

/** Query of a guard of the rule. */
export function guardQuery(rule: Rule, guard: Guard, timezone: string): string {
  const by = guard.isPerGroup ? rule.by : undefined;
  const { where } = conditionsOf(rule, guard.signal);
  const query = signalQuery(guard.signal, guard.window, by, timezone, where);
  return guard.offsetMs === undefined ? query : earlierQuery(guard.signal, query, guard.offsetMs);
}

/** Query of a signal over a window that ends now. Events without the dimension belong to no group. */
export function signalQuery(
  id: string,
  window: RuleWindow,
  by: Dimension | undefined,
  timezone: string,
  where: RuleWhere = {},
): string {
  const values = Object.entries(where).map(
    ([dimension, value]) => `${labelOf(dimension as Dimension)}=${JSON.stringify(value)}`,
  );
  const filters = [...(by === undefined ? [] : [`${labelOf(by)}!=""`]), ...values];
  const query = toLogql(signalOf(id), {
    context: { kind: 'rule', lengthMs: windowLengthMs(window) },
    timezone,
    ...(by === undefined ? {} : { by }),
    ...(filters.length === 0 ? {} : { filters }),
  });
  if ('reason' in query) throw new UnsupportedRuleError(`${id}: ${query.reason}`);
  return query.logql;
}

/** The same query that long ago. Only for a signal that reads nothing but its window. */
function earlierQuery(signal: string, query: string, offsetMs: number): string {
  const isWindowOnly = foldsOf(signalOf(signal).value).every((fold) => (fold.span ?? 'window') === 'window');
  if (!isWindowOnly) throw new UnsupportedRuleError(`${signal} cannot be read at an earlier time`);
  const hours = offsetMs / HOUR_MS;
  return query.replaceAll(/\[\d+[hms]\](?! offset)/g, (range) => `${range} offset ${hours}h`);
}
