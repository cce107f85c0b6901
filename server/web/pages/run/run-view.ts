// What the page of a run shows, and to whom.

import type { RunData } from './run-data.ts';
import type { RunAddress } from './run-address.ts';
import type { ContentAccess } from './run-data.ts';

export interface RunView {
  readonly data: RunData;
  readonly address: RunAddress;
  readonly access: ContentAccess;
  /** Whether the server asks for a token. */
  readonly hasToken: boolean;
  /** Addresses of traces in other back ends, with `{trace_id}` in them. */
  readonly traceUrls: readonly string[];
  readonly timezone: string;
  readonly now: number;
}
