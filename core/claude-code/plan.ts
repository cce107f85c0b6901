// Plans of Claude: paid by the month, so that no single call is paid. What calls under a plan cost is list value.

const BY_THE_CALL: ReadonlySet<string> = new Set(['', 'api', 'none', 'payg', 'pay_as_you_go', 'console']);

/** Whether the name, in small letters, is none of a plan. */
export function isPaidByTheCall(plan: string): boolean {
  return BY_THE_CALL.has(plan);
}
