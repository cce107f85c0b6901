// A reported cost, in the words that both kinds of reports share: what was billed, and how much in nano-USD.

import { nanoUsdOfCents, type BilledKind } from '../../core/billing/billed-row.ts';
import { ServerError } from '../process/server-error.ts';

const KINDS: Readonly<Record<string, BilledKind>> = {
  uncached_input_tokens: 'input',
  cache_read_input_tokens: 'cache_read',
  'cache_creation.ephemeral_5m_input_tokens': 'cache_write_5m',
  'cache_creation.ephemeral_1h_input_tokens': 'cache_write_1h',
  output_tokens: 'output',
};
const SERVICES: Readonly<Record<string, BilledKind>> = {
  web_search: 'web_search',
  code_execution: 'code_execution',
  session_usage: 'session_usage',
};

/** @throws ServerError on a kind that nobody knows: its cost would be missing in silence */
export function reportedKind(reported: {
  readonly cost_type?: string | null;
  readonly token_type?: string | null;
}): BilledKind {
  const { cost_type: type, token_type: token } = reported;
  const kind = KINDS[token ?? ''] ?? SERVICES[type ?? ''];
  if (kind !== undefined) return kind;
  throw new ServerError(
    `the Admin API reports a kind of cost that this version does not know (${type ?? 'none'}, ${token ?? 'none'}): nothing was taken. Upgrade tallyspan.`,
  );
}

/** Cents as nano-USD. @throws ServerError on another currency, or an amount that is no number */
export function reportedAmount(cents: string, currency: string): number {
  if (currency !== 'USD')
    throw new ServerError(
      `the bill is in ${currency}, and costs are counted in USD: nothing was taken, as the two cannot be compared.`,
    );
  const nanoUsd = nanoUsdOfCents(cents);
  if (nanoUsd === undefined)
    throw new ServerError('the Admin API reports an amount that is no number: nothing was taken.');
  return nanoUsd;
}
