// How money of calls is to be named: who pays by the call spends it; under a plan it is what the calls would cost at
// list prices, and nobody pays it.

/** Plans of Claude that are paid by the month; `api` is paid by the call. */
const BY_THE_CALL: ReadonlySet<string> = new Set(['', 'api']);

/** Whether the variable `TALLYSPAN_CLAUDE_PLAN` names a plan, such as `max`. */
export function isOnPlan(env: NodeJS.ProcessEnv): boolean {
  return !BY_THE_CALL.has((env['TALLYSPAN_CLAUDE_PLAN'] ?? '').toLowerCase());
}

/** The name of money in tables, and in JSON. */
export function moneyName(onPlan: boolean): {
  readonly title: string;
  readonly json: 'spend' | 'list_value';
} {
  return onPlan ? { title: 'LIST VALUE', json: 'list_value' } : { title: 'COST', json: 'spend' };
}
