// An account as errors and warnings say it: amounts in the unit that people write, and what to do when it is used up.

import type { LimitStanding } from '../../core/limits/account.ts';
import { amountIn, type LimitFacts } from './limit-error.ts';

type AccountFacts = Pick<LimitFacts, 'scope' | 'rule' | 'key' | 'limit' | 'spent' | 'reserved'> & {
  readonly unit: 'usd' | 'tokens' | 'turns';
};

export function amountsOf({ scope, rule, key, unit, limit, spent, reserved }: LimitStanding): AccountFacts {
  return {
    scope,
    rule,
    key,
    unit: unit === 'nanoUsd' ? 'usd' : unit,
    limit: amountIn(unit, limit),
    spent: amountIn(unit, spent),
    reserved: amountIn(unit, reserved),
  };
}

export function hintOf({ scope, unit, limit, rule }: LimitStanding, needed: number, isBatch = false): string {
  const isAlwaysTooMuch = needed > limit && unit !== 'turns';
  const raise =
    rule === 'code'
      ? 'raise the limit in code'
      : `raise ${rule}${rule.startsWith('limits[') ? ' of the file of limits' : ''}`;
  if (isBatch) return `A batch is reserved as a whole: make it smaller, lower max_tokens, or ${raise}.`;
  if (isAlwaysTooMuch)
    return `The limit is below what one such request may cost: lower max_tokens, or ${raise}.`;
  if (scope.endsWith('_day')) return `Wait for the next day (UTC), or ${raise}.`;
  if (unit === 'turns') return `End the task with what there is, or ${raise}.`;
  return `Lower max_tokens, shorten the context, or ${raise}.`;
}
