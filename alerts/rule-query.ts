// The LogQL of a rule: each signal that it reads, as a query for an evaluator that asks it again and
// again at "now". Grafana asks them one by one; the ruler asks one expression made of them.

import type { Dimension } from '../core/schema.ts';
import { HOUR_MS } from '../core/time/time.ts';
import { signalOf } from '../signals/catalogue/index.ts';
import { foldsOf } from '../signals/signal.ts';
import { labelOf, toLogql } from '../signals/to-logql.ts';
import { windowLengthMs, type Guard, type Rule, type RuleWindow } from './rules/rule.ts';

/** A signal that LogQL cannot express; the rule is then only in the embedded server. */
export class UnsupportedRuleError extends Error {
  override readonly name = 'UnsupportedRuleError';
}

/** Groups that one query may give: a day can have more users and conversations than Loki gives series. */
const GROUPS_LIMIT = 100;

/** Query of the rule's own signal; of a rule with groups, those furthest in the direction of the threshold. */
export function ruleQuery(rule: Rule, timezone: string): string {
  const query = signalQuery(rule.signal, rule.window, rule.by, timezone);
  if (rule.by === undefined) return query;
  return `${rule.comparison === 'above' ? 'topk' : 'bottomk'}(${GROUPS_LIMIT}, ${query})`;
}

/** Query of a guard of the rule. */
export function guardQuery(rule: Rule, guard: Guard, timezone: string): string {
  const query = signalQuery(guard.signal, guard.window, guard.isPerGroup ? rule.by : undefined, timezone);
  return guard.offsetMs === undefined ? query : offsetQuery(guard, query);
}

/** Query of a signal over a window that ends now. Events without the dimension belong to no group. */
export function signalQuery(
  id: string,
  window: RuleWindow,
  by: Dimension | undefined,
  timezone: string,
): string {
  const query = toLogql(signalOf(id), {
    context: { kind: 'rule', lengthMs: windowLengthMs(window) },
    timezone,
    ...(by === undefined ? {} : { by, filters: [`${labelOf(by)}!=""`] }),
  });
  if ('reason' in query) throw new UnsupportedRuleError(`${id}: ${query.reason}`);
  return query.logql;
}

/** The same query that long ago. Only for a signal that reads nothing but its window. */
function offsetQuery(guard: Guard, query: string): string {
  const isWindowOnly = foldsOf(signalOf(guard.signal).value).every(
    (fold) => (fold.span ?? 'window') === 'window',
  );
  if (!isWindowOnly) throw new UnsupportedRuleError(`${guard.signal} cannot be read at an earlier time`);
  const hours = (guard.offsetMs ?? 0) / HOUR_MS;
  return query.replaceAll(/\[\d+[hms]\](?! offset)/g, (range) => `${range} offset ${hours}h`);
}
