// A billed row is what Anthropic billed for one kind of usage of a day (UTC) by one API key; a ledger cell is what was
// observed of that kind. Both are named in the same words, so that they can be laid beside each other.

import { resolveModelId } from '../pricing/model-id.ts';

/** What is billed: a token type, or a service. */
export const BILLED_KINDS = [
  'input',
  'cache_read',
  'cache_write_5m',
  'cache_write_1h',
  'output',
  'web_search',
  'code_execution',
  'session_usage',
] as const;
export type BilledKind = (typeof BILLED_KINDS)[number];

/** What is billed beside calls, and no call shows. */
export const NOT_BY_CALL: ReadonlySet<BilledKind> = new Set(['code_execution', 'session_usage']);

/** What tells the cells of a day apart. */
export interface BillingCell {
  /** YYYY-MM-DD, UTC. */
  readonly day: string;
  /** Id of the price table; empty where no model is named. */
  readonly model: string;
  readonly kind: BilledKind;
  readonly tier: string;
  readonly speed: string;
  readonly geo: string;
}

export interface BilledRow extends BillingCell {
  /** Empty where no key authenticated the requests. */
  readonly apiKeyId: string;
  readonly workspaceId: string;
  /** The product that alone produced what the key was billed for the model on that day; empty where several did. */
  readonly product: string;
  readonly listNanoUsd: number;
  /** After discounts, before credits. */
  readonly amountNanoUsd: number;
  /** Tokens or searches; undefined where the report has none. */
  readonly quantity: number | undefined;
}

export interface LedgerCell extends BillingCell {
  readonly service: string;
  readonly quantity: number;
  readonly costNanoUsd: number;
  readonly calls: number;
}

export function cellKeyOf({ day, model, kind, tier, speed, geo }: BillingCell): string {
  return [day, model, kind, tier, speed, geo].join('|');
}

/** The id of the price table, or what was written where it is none of it. */
export function billedModelOf(text: string | null | undefined): string {
  if (!text) return '';
  const found = resolveModelId(text);
  return 'id' in found ? found.id : text;
}

/** Regions that are charged alike have one name: only a region that costs more is told apart. */
export function billedGeoOf(text: string | null | undefined): string {
  return !text || text === 'not_available' ? 'global' : text;
}

/** Absent is standard, for tier and speed alike. */
export function standardOf(text: string | null | undefined): string {
  return text || 'standard';
}

const CENT_NANO_USD = 10_000_000n;
/** Small amounts of some servers are written as 1E-7. */
const DECIMAL = /^(-?)(\d+)(?:\.(\d+))?(?:e-(\d{1,2}))?$/i;

/** A decimal number of cents as nano-USD, rounded half away from zero; undefined where it is no number. */
export function nanoUsdOfCents(text: string): number | undefined {
  const found = DECIMAL.exec(text.trim());
  if (found === null) return undefined;
  const [, sign = '', whole = '', fraction = '', exponent = '0'] = found;
  const decimals = fraction.length + Number(exponent);
  const unit = 10n ** BigInt(decimals);
  const scaled = BigInt(whole + fraction) * CENT_NANO_USD;
  const rounded = Number((scaled * 2n + unit) / (unit * 2n));
  return sign === '-' && rounded !== 0 ? -rounded : rounded;
}
