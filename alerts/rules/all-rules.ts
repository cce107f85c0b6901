// The rules: all of them, in the order in which people read them.

import { COST_RULES } from './cost-rules.ts';
import { LIMIT_RULES } from './limit-rules.ts';
import { RUN_RULES, SERVICE_RULES, TOOL_RULES } from './reliability-rules.ts';
import type { Rule } from './rule.ts';

export const RULES: readonly Rule[] = [
  ...COST_RULES,
  ...LIMIT_RULES,
  ...RUN_RULES,
  ...TOOL_RULES,
  ...SERVICE_RULES,
];

export const RULE_IDS: readonly string[] = RULES.map((rule) => rule.id);
