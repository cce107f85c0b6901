// Refused runs: an inferred run ends where it is refused, as it does at any error. Who asks the same again begins another
// run, which goes on with what the refused one has used: a limit is not got round by trying again.

import { NewestMap } from '../../core/newest-map.ts';
import type { Run } from '../record/run.ts';
import type { LimitedRequest } from './limited-request.ts';
import type { LimitScopes } from './limit-scopes.ts';

/** Results of tools whose refused run is remembered at most. */
const MAX_REMEMBERED = 10_000;

export class RefusedRuns {
  readonly #scopes: LimitScopes;
  /** By the results of tools that the refused request carried. */
  readonly #byResult = new NewestMap<string, Run>();

  constructor(scopes: LimitScopes) {
    this.#scopes = scopes;
  }

  remember({ run, facts }: LimitedRequest): void {
    if (!run.isInferred) return;
    for (const { id } of facts.toolResults) this.#byResult.set(id, run);
    while (this.#byResult.size > MAX_REMEMBERED) this.#byResult.dropOldest();
  }

  carryOn({ run, facts }: LimitedRequest): void {
    if (!run.isInferred || run.turns > 0 || this.#byResult.size === 0) return;
    for (const { id } of facts.toolResults) {
      const refused = this.#byResult.get(id);
      if (refused === undefined || refused === run) continue;
      this.#scopes.carryOn(run, refused);
      return;
    }
  }
}
