// A built-in rule by its id, which a test names.

import { RULES } from '../../../alerts/rules/all-rules.ts';
import type { Rule } from '../../../alerts/rules/rule.ts';

/** @throws Error where no rule has the id */
export function ruleOf(id: string): Rule {
  const rule = RULES.find((one) => one.id === id);
  if (rule === undefined) throw new Error(`no rule ${id}`);
  return rule;
}
