// A shortened request: less output than it asks for, so that it fits into what its accounts have left.

import { asJson } from '../model-call/json.ts';
import type { Account } from './account.ts';
import { inputNanoUsdOf, type WorstPrice } from './worst-price.ts';

/** The worst price with as much output as fits; `undefined` where there is no room for any, or for its thinking. */
export function shortenToFit(
  worst: WorstPrice,
  accounts: readonly Account[],
  body: unknown,
): WorstPrice | undefined {
  const { nanoUsd, inputTokens, outputTokenNanoUsd } = worst;
  const inputNanoUsd = inputNanoUsdOf(worst);
  let outputTokens = worst.outputTokens;
  for (const { unit, left } of accounts) {
    if (unit === 'tokens') outputTokens = Math.min(outputTokens, left - inputTokens);
    else if (unit === 'nanoUsd' && outputTokenNanoUsd > 0)
      outputTokens = Math.min(outputTokens, (left - inputNanoUsd) / outputTokenNanoUsd);
  }
  outputTokens = Math.floor(outputTokens);
  // Thinking needs its whole budget below max_tokens.
  const { budget_tokens: thinking } = asJson(asJson(body)['thinking']);
  if (outputTokens <= (typeof thinking === 'number' ? thinking : 0)) return undefined;
  const shorterNanoUsd =
    nanoUsd === undefined ? undefined : Math.ceil(inputNanoUsd + outputTokens * outputTokenNanoUsd);
  return { ...worst, outputTokens, nanoUsd: shorterNanoUsd };
}
