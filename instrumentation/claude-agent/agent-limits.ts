// Limits of a session of the Agent SDK. Its requests are made by another process: it is given what is left as a budget
// of its own, what its calls cost is counted as they come, and it is interrupted when a limit is passed. So a limit is
// passed by at most what the call under way costs. A limit of a model alone gives no budget while something is left of
// it: what the session does with other models is not of it.

import type { Context } from '@opentelemetry/api';
import type { Account, Amounts } from '../../core/limits/account.ts';
import { usdOf } from '../../core/money.ts';
import { guard, guardAsync } from '../process/guard.ts';
import type { Run } from '../record/run.ts';
import type { Limiter } from '../limits/limiter.ts';
import type { QueryParameters } from './agent-session.ts';

/** A budget of nothing would be none. */
const LEAST_USD = 0.000001;

interface Interruptible {
  interrupt?: () => unknown;
  close?: () => unknown;
}

export class AgentLimits {
  readonly #limiter: Limiter;
  readonly #active: Context;
  /** Models that each run has called. */
  readonly #models = new WeakMap<Run, Set<string>>();
  readonly #paying = new WeakSet<Run>();
  #isStopped = false;
  #isAsking = false;

  constructor(limiter: Limiter, active: Context) {
    this.#limiter = limiter;
    this.#active = active;
  }

  /** The parameters with what is left as the session's own budget, where that is less than what the caller gave. */
  withBudget(parameters: QueryParameters, run: Run): QueryParameters {
    const accounts = this.#limiter.scopes.accountsOf(run, '', this.#active, Date.now());
    const lefts = [...accounts.filter(isOfMoney).map(({ left }) => left), ...this.#usedUp(parameters, run)];
    if (lefts.length === 0) return parameters;
    const left = Math.max(LEAST_USD, usdOf(Math.min(...lefts)));
    const { options } = parameters;
    const given = (options as { readonly maxBudgetUsd?: unknown } | undefined)?.maxBudgetUsd;
    const maxBudgetUsd = typeof given === 'number' ? Math.min(given, left) : left;
    return { ...parameters, options: { ...options, maxBudgetUsd } } as QueryParameters;
  }

  /** Counts what a call of the run has come to, or a part of it. */
  count(run: Run, model: string, amounts: Amounts): void {
    const models = this.#models.get(run) ?? new Set();
    this.#models.set(run, models.add(model));
    for (const account of this.#limiter.scopes.accountsOf(run, model, this.#active, Date.now()))
      account.spent += amounts[account.unit];
    if (amounts.nanoUsd > 0) this.#paying.add(run);
  }

  /** Interrupts the session where one of the runs has passed a limit. */
  see(query: object, runs: Iterable<Run>): void {
    for (const run of runs) {
      const accounts = this.#accountsOf(run);
      const passed = accounts.find((account) => account.spent >= account.limit);
      if (passed !== undefined) {
        this.#stop(query, run, passed);
        continue;
      }
      this.#limiter.warn({ run }, accounts);
      if (this.#paying.delete(run)) this.#askOthers(query, run, accounts);
    }
  }

  /** What other processes have spent of a limit of the day is known by the server alone. */
  #askOthers(query: object, run: Run, accounts: readonly Account[]): void {
    if (this.#isAsking || this.#isStopped) return;
    this.#isAsking = true;
    void guardAsync('shared limit of session', async () => {
      const passed = await this.#limiter.leases?.findUsedUp(accounts);
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

  /** Nothing is left of a limit of the model that the session is to begin with. */
  #usedUp({ options }: QueryParameters, run: Run): readonly number[] {
    const model = (options as { readonly model?: unknown } | undefined)?.model;
    if (typeof model !== 'string') return [];
    const accounts = this.#limiter.scopes.accountsOf(run, model, this.#active, Date.now());
    return accounts.some((account) => isOfMoney(account) && account.left <= 0) ? [0] : [];
  }

  #accountsOf(run: Run): readonly Account[] {
    const accounts = ['', ...(this.#models.get(run) ?? [])].flatMap((model) =>
      this.#limiter.scopes.accountsOf(run, model, this.#active, Date.now()),
    );
    return [...new Set(accounts)];
  }
}

function isOfMoney({ unit }: Account): boolean {
  return unit === 'nanoUsd';
}
