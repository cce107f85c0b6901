// Columns of a statement: the keys that it is grouped by, and the values.

import type { Value } from './signal.ts';

/** What a statement is grouped by. */
export interface KeyColumn {
  readonly name: string;
  readonly sql: string;
}

/** Name of the column of a step. */
export const STEP_KEY = 'bucket';

/** One number of each row. */
export interface ValueColumn {
  readonly name: string;
  readonly value: Value;
}
