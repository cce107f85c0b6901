// Questions to a source, as whoever asks writes them: each is read by the functions of this folder, here or in a server.

import type { Dimension } from '../../core/schema.ts';
import type { Where } from '../queries/read-events.ts';
import type { CostBy } from '../queries/signals/read-cost.ts';

/** A question about spend; times are Unix milliseconds. */
export interface CostQuestion {
  readonly by?: CostBy | undefined;
  readonly since?: number | undefined;
  readonly until?: number | undefined;
  /** Only what has these values. */
  readonly where?: Where | undefined;
}

/** A question about a signal; `window` is a length such as `24h`, or `day`; times are Unix milliseconds. */
export interface SignalQuery {
  readonly window?: string | undefined;
  readonly from?: number | undefined;
  readonly to?: number | undefined;
  readonly by?: Dimension | undefined;
  readonly where?: Where | undefined;
}

/** A question about why a time was more expensive; each value as it is written in the address of the page. */
export interface DiagnosisText {
  readonly from?: string | undefined;
  readonly to?: string | undefined;
  readonly against?: string | undefined;
  readonly agent?: string | undefined;
}

/** A question about what calls would have cost otherwise. */
export interface WhatIfText {
  readonly from?: string | undefined;
  readonly to?: string | undefined;
  readonly agent?: string | undefined;
  readonly model?: string | undefined;
  readonly cache?: string | undefined;
  readonly batch?: string | undefined;
}

/** A question about usage; each value as it is written in an address. */
export interface UsageText {
  readonly kind: string;
  readonly since?: string | undefined;
  readonly until?: string | undefined;
  readonly project?: string | undefined;
  readonly timezone?: string | undefined;
}

/** Two groups of runs to compare, each as its filter is written. */
export interface GroupsText {
  readonly a: string;
  readonly b: string;
  readonly time?: string | undefined;
}

export interface VersionsText {
  readonly agent: string;
  readonly time?: string | undefined;
}

/** A question about the bill; whole days from the one that `since` is in, Unix milliseconds. */
export interface BillText {
  readonly since: number;
  /** Without any, a server takes those of its own setting. */
  readonly serviceOfKey?: ReadonlyMap<string, string> | undefined;
}
