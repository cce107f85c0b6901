// The price table: every Claude model with its dated rows, looked up by exact id and moment.

import { FABLE_AND_MYTHOS_MODELS } from './fable-mythos.ts';
import { HAIKU_MODELS } from './haiku.ts';
import { OPUS_MODELS } from './opus.ts';
import type { PricedModel, PriceRow } from './price-row.ts';
import { SONNET_MODELS } from './sonnet.ts';

/** Version of the table: the day of its last change, and a number within that day. */
export const PRICE_TABLE_VERSION = '2026-11-21.1';

/** Web search, micro-USD per request: $10 per 1,000, whatever else applies to the call. */
export const WEB_SEARCH_MICRO_USD = 10_000;

export const PRICED_MODELS: readonly PricedModel[] = [
  ...FABLE_AND_MYTHOS_MODELS,
  ...OPUS_MODELS,
  ...SONNET_MODELS,
  ...HAIKU_MODELS,
];

/** Known ids without a price, and why. A call on them is unpriced, aloud. */
export const UNPRICED_MODELS: Readonly<Record<string, string>> = {
  'claude-mythos-5-2':
    'Limited access; no price was seen. Earlier Mythos models cost the same as Fable of that day, but that is no source.',
  'claude-mythos-preview': 'Limited preview; no price was published.',
};

interface DatedRow {
  readonly row: PriceRow;
  readonly fromMs: number;
  readonly toMs: number;
}

interface IndexedModel {
  readonly model: PricedModel;
  readonly rows: readonly DatedRow[];
}

const INDEX: ReadonlyMap<string, IndexedModel> = new Map(
  PRICED_MODELS.flatMap((model) => {
    const indexed: IndexedModel = {
      model,
      rows: model.rows.map((row) => ({
        row,
        fromMs: Date.parse(row.validFrom),
        toMs: row.validTo === null ? Number.POSITIVE_INFINITY : Date.parse(row.validTo),
      })),
    };
    return [model.id, ...(model.aliases ?? [])].map((name) => [name, indexed] as const);
  }),
);

/** The model with exactly this id or alias, date suffix already taken off. */
export function findModel(id: string): PricedModel | undefined {
  return INDEX.get(id)?.model;
}

/** The row of a model at a moment (Unix ms): `validFrom` is inside, `validTo` is not. */
export function findRow(model: PricedModel, atMs: number): PriceRow | undefined {
  return INDEX.get(model.id)?.rows.find(({ fromMs, toMs }) => atMs >= fromMs && atMs < toMs)?.row;
}

/** Whether the id is known, priced or not. */
export function isListedModel(id: string): boolean {
  return INDEX.has(id) || Object.hasOwn(UNPRICED_MODELS, id);
}
