// A reported cost, in the words that both kinds of reports share: what was billed, and how much in nano-USD.

import { nanoUsdOfCents, type BilledKind } from '../../core/billing/billed-row.ts';
import { ServerError } from '../process/server-error.ts';

const KINDS: ReadonlyMap<string, BilledKind> = new Map(
  Object.entries({
    uncached_input_tokens: 'input',
    cache_read_input_tokens: 'cache_read',
    'cache_creation.ephemeral_5m_input_tokens': 'cache_write_5m',
    'cache_creation.ephemeral_1h_input_tokens': 'cache_write_1h',
    output_tokens: 'output',
  } as const),
);
const SERVICES: ReadonlyMap<string, BilledKind> = new Map(
  Object.entries({
    web_search: 'web_search',
    code_execution: 'code_execution',
    session_usage: 'session_usage',
  } as const),
);

/** @throws ServerError on a kind that nobody knows: its cost would be missing in silence */
export function reportedKind(reported: {
  readonly cost_type?: string | null;
  readonly token_type?: string | null;
}): BilledKind {
  const { cost_type: type, token_type: token } = reported;
  const kind = KINDS.get(token ?? '') ?? SERVICES.get(type ?? '');
  if (kind !== undefined) return kind;
  throw new ServerError(
    `the Admin API reports a kind of cost that this version does not know (${type ?? 'none'}, ${token ?? 'none'}): nothing was taken. Upgrade tallyspan.`,
  );
}

/** Cents as nano-USD. @throws ServerError on another currency, or an amount that is no number */
export function reportedAmount(cents: string | number, currency: string): number {
  if (typeof currency !== 'string')
    throw new ServerError('the Admin API reports an amount without a currency: nothing was taken.');
  if (currency.toUpperCase() !== 'USD')
    throw new ServerError(
      `the bill is in ${currency}, and costs are counted in USD: nothing was taken, as the two cannot be compared.`,
    );
  const nanoUsd = nanoUsdOfCents(String(cents));
  if (nanoUsd === undefined)
    throw new ServerError('the Admin API reports an amount that is no number: nothing was taken.');
  return nanoUsd;
}
