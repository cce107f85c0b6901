// What a call that is over counts in its accounts: what it came to where that is known, else what it may have come to.

import type { Amounts } from '../../core/limits/account.ts';
import { inputNanoUsdOf, type WorstPrice } from '../../core/limits/worst-price.ts';
import { inputTotal } from '../../core/pricing/usage.ts';
import type { PaidAmount } from '../record/model-call.ts';

/** @param held what is reserved for it; @param worst what it was taken to cost before it left */
export function amountsPaid(
  { reading, costNanoUsd, wasAnswered, wasGivenUp }: PaidAmount,
  held: Amounts,
  worst: WorstPrice,
): Amounts {
  const { turns } = held;
  if (reading !== undefined)
    return {
      nanoUsd: costNanoUsd ?? 0,
      tokens: inputTotal(reading.usage) + reading.usage.output,
      turns,
    };
  // What was answered and never counted is taken for what it could have been.
  if (wasAnswered) return { nanoUsd: costNanoUsd ?? held.nanoUsd, tokens: held.tokens, turns };
  // What was given up before an answer began may have been read, and answers no more.
  if (wasGivenUp === true)
    return {
      nanoUsd: Math.min(held.nanoUsd, Math.ceil(inputNanoUsdOf(worst))),
      tokens: worst.inputTokens,
      turns,
    };
  return { nanoUsd: costNanoUsd ?? 0, tokens: 0, turns };
}
