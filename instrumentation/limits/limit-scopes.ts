// Limit scopes: which accounts a request counts in. Those of runs live as long as their run; those of sessions and days
// are kept while they matter; those that the program sets around some work travel in its context.

import { createHash } from 'node:crypto';
import { createContextKey, type Context } from '@opentelemetry/api';
import { Account, type AccountStart } from '../../core/limits/account.ts';
import { limitDayOf, rulesFor, unitOf, type LimitRule } from '../../core/limits/limit.ts';
import type { RunLimits } from '../../core/limits/run-limits.ts';
import { cutText } from '../../core/text/cut-text.ts';
import { NewestMap } from '../../core/newest-map.ts';
import type { Run } from '../record/run.ts';
import type { CodeLimit } from './code-limit.ts';
import type { LeaseClient } from './lease-client.ts';

/** Sessions, users and agents whose spending is known at once. */
const MAX_ACCOUNTS = 20_000;
/** Who is not named shares one account with all others who are not. */
const NOBODY = '(not named)';
const MAX_KEY_CHARS = 256;
const CODE_KEY = createContextKey('tallyspan limits in code');

interface CodeAccounts {
  readonly accounts: readonly Account[];
  readonly limit: CodeLimit;
  readonly outer: CodeAccounts | undefined;
}

export class LimitScopes {
  #rules: readonly LimitRule[];
  readonly #instanceId: string;
  readonly #leases: LeaseClient | undefined;
  readonly #kept = new NewestMap<string, Account>();
  readonly #codeOfRuns = new WeakMap<Run, CodeAccounts>();
  readonly #codeOfAccounts = new WeakMap<Account, CodeLimit>();

  constructor(rules: readonly LimitRule[], instanceId: string, leases?: LeaseClient) {
    this.#rules = rules;
    this.#leases = leases;
    this.#instanceId = instanceId;
  }

  /** Other rules hold from now on. What accounts have counted goes on to count, see {@link countsOf}. */
  use(rules: readonly LimitRule[]): void {
    this.#rules = rules;
  }

  /** The accounts of a request of the run, each once, the innermost first. */
  accountsOf(run: Run, model: string, active: Context, nowMs: number): Account[] {
    const accounts = new Set<Account>();
    for (let each: Run | undefined = run; each !== undefined; each = each.parentRun) {
      for (const account of this.#codeOfRuns.get(each)?.accounts ?? []) accounts.add(account);
      if (this.#rules.length > 0) this.#addOwn(accounts, each, run, model, nowMs);
    }
    let code = active.getValue(CODE_KEY) as CodeAccounts | undefined;
    for (; code !== undefined; code = code.outer) for (const account of code.accounts) accounts.add(account);
    return [...accounts];
  }

  #addOwn(accounts: Set<Account>, each: Run, run: Run, model: string, nowMs: number): void {
    const { identity } = each;
    const subject = { user: identity.userId, agent: each.agentName, task: identity.taskType, model };
    for (const rule of rulesFor(this.#rules, subject)) {
      const ofRun = rule.scope === 'run' || rule.scope === 'turns' || rule.scope === 'tokens_run';
      if (rule.scope === 'tool_run') continue;
      if (ofRun) accounts.add(this.#ofRun(each, rule));
      // Who pays is said by the run that makes the request, and by none around it.
      else if (each === run) accounts.add(this.#ownSession(rule, run) ?? this.#keptOf(rule, run, nowMs));
    }
  }

  /** The account of a tool in the run and those around it, where a rule asks for it. */
  toolAccounts(run: Run, tool: string, model: string): Account[] {
    const accounts: Account[] = [];
    for (let each: Run | undefined = run; each !== undefined; each = each.parentRun) {
      const subject = {
        user: each.identity.userId,
        agent: each.agentName,
        task: each.identity.taskType,
        model,
      };
      for (const rule of rulesFor(this.#rules, subject))
        if (rule.scope === 'tool_run') accounts.push(this.#ofRun(each, rule, tool));
    }
    return accounts;
  }

  /** What limits a program set for a run as it began it. */
  limitRun(run: Run, limit: CodeLimit): void {
    this.#codeOfRuns.set(run, this.#makeCode(limit, `run ${run.id}`, undefined, run));
  }

  /** The run goes on with what the other has used: it is what the other was refused, asked again. */
  carryOn(run: Run, refused: Run): void {
    if (refused.limits !== undefined) runLimitsOf(run).accounts = refused.limits.accounts;
    run.loop ??= refused.loop;
  }

  /** Context of work that a limit in code is set around. */
  enter(active: Context, limit: CodeLimit): Context {
    const outer = active.getValue(CODE_KEY) as CodeAccounts | undefined;
    return active.setValue(CODE_KEY, this.#makeCode(limit, 'limit()', outer, undefined));
  }

  codeLimitOf(account: Account): CodeLimit | undefined {
    return this.#codeOfAccounts.get(account);
  }

  /** Loops of the run are stopped because the program asked for it. */
  stopsLoops(run: Run, active: Context): boolean {
    for (let each: Run | undefined = run; each !== undefined; each = each.parentRun)
      if (this.#codeOfRuns.get(each)?.limit.loop === 'stop') return true;
    let code = active.getValue(CODE_KEY) as CodeAccounts | undefined;
    for (; code !== undefined; code = code.outer) if (code.limit.loop === 'stop') return true;
    return false;
  }

  #ofRun(run: Run, rule: LimitRule, tool?: string): Account {
    const own = runLimitsOf(run).accounts;
    const name = `${rule.counts} ${tool ?? ''}`;
    const known = own.get(name);
    if (known !== undefined) {
      known.follow(rule);
      return known;
    }
    const account = new Account({ ...startOf(rule, tool ?? run.id), owner: run });
    own.set(name, account);
    return account;
  }

  /** A run without a session is one of its own, with what is nested in it; its account goes with it. */
  #ownSession(rule: LimitRule, run: Run): Account | undefined {
    if (rule.scope !== 'session' || run.identity.sessionId !== undefined) return undefined;
    let root = run;
    while (root.parentRun !== undefined) root = root.parentRun;
    const { accounts } = runLimitsOf(root);
    let account = accounts.get(rule.counts);
    if (account === undefined) accounts.set(rule.counts, (account = new Account(startOf(rule, root.id))));
    account.follow(rule);
    return account;
  }

  #keptOf(rule: LimitRule, run: Run, nowMs: number): Account {
    const day = rule.scope === 'session' ? '' : ` ${limitDayOf(nowMs)}`;
    const key = this.#keyOf(rule, run);
    const name = `${rule.counts} ${key}${day}`;
    const known = this.#kept.get(name);
    const account = known ?? new Account(startOf(rule, key));
    account.follow(rule);
    const isOfAll = rule.scope === 'user_day' || rule.scope === 'agent_day';
    // One that was given up is shared again where a clock is set back over midnight.
    if (isOfAll && this.#leases?.isShared(account) === false)
      this.#leases.share(account, { scope: rule.scope, counts: rule.counts, key, day: limitDayOf(nowMs) });
    // What was used last is dropped last.
    this.#kept.delete(name);
    this.#kept.set(name, account);
    while (this.#kept.size > MAX_ACCOUNTS) this.#kept.dropOldest();
    return account;
  }

  #keyOf({ scope }: LimitRule, run: Run): string {
    if (scope === 'user_day') return keyOf(run.identity.userId);
    if (scope === 'agent_day') return keyOf(run.agentName);
    if (scope === 'process_day') return this.#instanceId;
    return run.identity.sessionId ?? run.id;
  }

  #makeCode(
    limit: CodeLimit,
    key: string,
    outer: CodeAccounts | undefined,
    run: Run | undefined,
  ): CodeAccounts {
    const amounts = [
      ['nanoUsd', limit.nanoUsd],
      ['tokens', limit.tokens],
      ['turns', limit.turns],
    ] as const;
    const accounts = amounts.flatMap(([unit, amount]) =>
      amount === undefined
        ? []
        : [new Account({ scope: 'code', key, rule: 'code', unit, limit: amount, owner: run })],
    );
    for (const account of accounts) this.#codeOfAccounts.set(account, limit);
    return { accounts, limit, outer };
  }
}

/** What limits know of the run, made where they first look at it. */
export function runLimitsOf(run: Run): RunLimits {
  return (run.limits ??= { accounts: new Map(), counted: undefined });
}

/** A name as a key; of one that is longer than a server takes the beginning, and a hash of the whole. */
function keyOf(name: string | undefined): string {
  if (name === undefined || name === '') return NOBODY;
  if (name.length <= MAX_KEY_CHARS) return name;
  const hash = createHash('sha256').update(name).digest('hex').slice(0, 16);
  return `${cutText(name, MAX_KEY_CHARS - hash.length)}${hash}`;
}

function startOf(rule: LimitRule, key: string): AccountStart {
  return { scope: rule.scope, key, rule: rule.name, unit: unitOf(rule.scope), limit: rule.amount };
}
