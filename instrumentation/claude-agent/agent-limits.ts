// Limits of a session of the Agent SDK. Its requests are made by another process: it is given what is left as a budget
// of its own, what its messages cost is counted as they come, and it is interrupted when a limit is passed. So a limit is
// passed by at most what the call under way costs.

import type { Context } from '@opentelemetry/api';
import type { Account } from '../../core/limits/account.ts';
import { usdOf } from '../../core/money.ts';
import { guard, guardAsync } from '../process/guard.ts';
import type { Run } from '../record/run.ts';
import type { Limiter } from '../limits/limiter.ts';
import type { QueryParameters } from './agent-session.ts';

/** A budget of nothing would be none. */
const LEAST_USD = 0.000001;

interface Counted {
  readonly nanoUsd: number;
  readonly tokens: number;
  readonly turns: number;
}

interface Interruptible {
  interrupt?: () => unknown;
  close?: () => unknown;
}

export class AgentLimits {
  readonly #limiter: Limiter;
  readonly #active: Context;
  readonly #counted = new WeakMap<Run, Counted>();
  #isStopped = false;
  #isAsking = false;

  constructor(limiter: Limiter, active: Context) {
    this.#limiter = limiter;
    this.#active = active;
  }

  /** The parameters with what is left as the session's own budget, where that is less than what the caller gave. */
  withBudget(parameters: QueryParameters, run: Run): QueryParameters {
    const accounts = this.#accountsOf(run).filter(({ unit }) => unit === 'nanoUsd');
    if (accounts.length === 0) return parameters;
    const left = Math.max(LEAST_USD, usdOf(Math.min(...accounts.map((account) => account.left))));
    const { options } = parameters;
    const given = (options as { readonly maxBudgetUsd?: unknown } | undefined)?.maxBudgetUsd;
    const maxBudgetUsd = typeof given === 'number' ? Math.min(given, left) : left;
    return { ...parameters, options: { ...options, maxBudgetUsd } } as QueryParameters;
  }

  /** Counts what the runs have come to since it was called last; interrupts the session where that passes a limit. */
  see(query: object, runs: Iterable<Run | undefined>): void {
    for (const run of runs) {
      if (run === undefined) continue;
      const before = this.#counted.get(run) ?? { nanoUsd: 0, tokens: 0, turns: 0 };
      const now = { nanoUsd: run.costNanoUsd, tokens: run.tokensIn + run.tokensOut, turns: run.turns };
      this.#counted.set(run, now);
      const accounts = this.#accountsOf(run);
      for (const account of accounts) account.spent += now[account.unit] - before[account.unit];
      const passed = accounts.find((account) => account.spent >= account.limit);
      if (passed !== undefined) this.#stop(query, run, passed);
      else if (now.nanoUsd > before.nanoUsd) this.#askOthers(query, run, accounts);
    }
  }

  /** What other processes have spent of a limit of the day is known by the server alone. */
  #askOthers(query: object, run: Run, accounts: readonly Account[]): void {
    if (this.#isAsking || this.#isStopped) return;
    this.#isAsking = true;
    void guardAsync('shared limit of session', async () => {
      const passed = await this.#limiter.findUsedUp(accounts);
      this.#isAsking = false;
      if (passed !== undefined) this.#stop(query, run, passed);
    });
  }

  #stop(query: object, run: Run, account: Account): void {
    if (this.#isStopped) return;
    this.#isStopped = true;
    guard('limit of session', () => {
      this.#limiter.stopSession(run, account);
    });
    const { interrupt, close } = query as Interruptible;
    void guardAsync('interrupt session', async () => {
      try {
        await interrupt?.call(query);
      } catch {
        // A session whose prompt is one text takes no interruption.
        close?.call(query);
      }
    });
  }

  #accountsOf(run: Run): readonly Account[] {
    return this.#limiter.scopes.accountsOf(run, '', this.#active, Date.now());
  }
}
