// Whether Claude Code is used under a plan is a setting of who asks, too: a command says it to the server with a header.

/** `yes` or `no`; absent: as the server was started, or as Claude Code says. */
export const CLAUDE_PLAN_HEADER = 'tallyspan-claude-plan';

/** None where the one who asks has no such setting. */
export function claudePlanHeader(isOnPlan: boolean | undefined): Record<string, string> {
  return isOnPlan === undefined ? {} : { [CLAUDE_PLAN_HEADER]: isOnPlan ? 'yes' : 'no' };
}
