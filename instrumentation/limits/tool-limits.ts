// Tool limits: what keeping the calls and results of one tool in the context of a run may cost. It is known only after a
// call; the next one is taken to cost the tool as much again, so a limit is passed by at most the growth of one call.

import type { Account } from '../../core/limits/account.ts';
import { guard } from '../process/guard.ts';
import type { RequestFacts } from '../record/request-facts.ts';
import type { Run } from '../record/run.ts';
import type { Runs } from '../record/runs.ts';
import type { LimitScopes } from './limit-scopes.ts';

export class ToolLimits {
  readonly #scopes: LimitScopes;
  /** What the tool cost in the latest call. */
  readonly #shares = new WeakMap<Account, number>();

  constructor(runs: Runs, scopes: LimitScopes) {
    this.#scopes = scopes;
    runs.onToolCost = (run, tool, costNanoUsd, model) => {
      guard('tool limit', () => {
        // Pseudo-tools in parentheses are no tools.
        if (!tool.startsWith('(')) this.#charge(run, tool, costNanoUsd, model);
      });
    };
  }

  #charge(run: Run, tool: string, costNanoUsd: number, model: string): void {
    for (const account of this.#scopes.toolAccounts(run, tool, model)) {
      account.spent += costNanoUsd;
      this.#shares.set(account, costNanoUsd);
    }
  }

  /** A tool in the context of the request that has no room left for what it cost in the call before. */
  findShort(request: {
    readonly run: Run;
    readonly facts: RequestFacts;
  }): { readonly account: Account; readonly needed: number } | undefined {
    const { run, facts } = request;
    const tools = new Set<string>();
    for (const { kind, owner } of facts.shape.blocks)
      if (kind === 'tool_use' && owner !== undefined) tools.add(owner);
    for (const tool of tools) {
      for (const account of this.#scopes.toolAccounts(run, tool, facts.model)) {
        const needed = this.#shares.get(account) ?? 0;
        if (account.left < needed) return { account, needed };
      }
    }
    return undefined;
  }
}
