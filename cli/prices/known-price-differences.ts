// Known differences: where another price list says something else than the table, and why the table stays.
// A difference that is not here fails `tallyspan prices check`.

export interface KnownDifference {
  readonly source: string;
  /** Id of the table. */
  readonly id: string;
  /** Rows that begin on this day; absent: all rows of the model. */
  readonly validFrom?: string;
  readonly reason: string;
}

const GENAI_PRICES = '@pydantic/genai-prices';
const BEFORE_MODEL = 'their data is of 2026-09-23, before this model';

export const KNOWN_DIFFERENCES: readonly KnownDifference[] = [
  { source: GENAI_PRICES, id: 'claude-fable-5-2', reason: BEFORE_MODEL },
  { source: GENAI_PRICES, id: 'claude-haiku-5-5', reason: BEFORE_MODEL },
  {
    source: GENAI_PRICES,
    id: 'claude-mythos-5-1',
    reason: 'they list no Mythos model; the price page does',
  },
  {
    source: GENAI_PRICES,
    id: 'claude-mythos-5',
    reason: 'they list no Mythos model; the price page does',
  },
  {
    source: GENAI_PRICES,
    id: 'claude-sonnet-5-5',
    validFrom: '2026-10-07',
    reason: 'they price it by prefix as Sonnet 5, whose cache read was not cut',
  },
  {
    source: GENAI_PRICES,
    id: 'claude-sonnet-4',
    validFrom: '2025-05-14',
    reason: 'the page of August 2025 charges prompts over 200,000 tokens more; they have no tier',
  },
  {
    source: GENAI_PRICES,
    id: 'claude-3-5-haiku',
    validFrom: '2024-10-22',
    reason: 'they have no dated row for the launch price of the first month',
  },
];
