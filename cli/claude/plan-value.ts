// How money of calls is to be named: who pays by the call spends it; under a plan it is what the calls would cost at
// list prices, and nobody pays it.

import { isPaidByTheCall } from '../../core/claude-code/plan.ts';

/** Whether the variable `TALLYSPAN_CLAUDE_PLAN` names a plan, such as `max`; undefined where it is not set. */
export function planSetting(env: NodeJS.ProcessEnv): boolean | undefined {
  const plan = (env['TALLYSPAN_CLAUDE_PLAN'] ?? '').trim().toLowerCase();
  return plan === '' ? undefined : !isPaidByTheCall(plan);
}

/** Whether all of a cost is list value. Of nothing the setting decides. */
export function isListValue(
  env: NodeJS.ProcessEnv,
  total: { readonly cost_nano_usd: number | null; readonly list_value_nano_usd: number },
): boolean {
  if (!total.cost_nano_usd) return planSetting(env) === true;
  return total.list_value_nano_usd === total.cost_nano_usd;
}

/** The name of money in tables, and in JSON. */
export function moneyName(onPlan: boolean): {
  readonly title: string;
  readonly json: 'spend' | 'list_value';
} {
  return onPlan ? { title: 'LIST VALUE', json: 'list_value' } : { title: 'COST', json: 'spend' };
}
