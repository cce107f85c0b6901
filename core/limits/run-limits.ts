// Run limits: what limits remember of one run. It stays with the run: a weak map that has each run of a process in it costs
// more than all the rest of a limit.

import type { Account } from './account.ts';
import type { CountedRequest } from './worst-price.ts';

export interface RunLimits {
  /** Of the limits of the run itself, by rule; a run that goes on for one that was refused shares them. */
  accounts: Map<string, Account>;
  /** What the API counted of its latest request. */
  counted: CountedRequest | undefined;
}
