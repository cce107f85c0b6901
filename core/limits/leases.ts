// Leases: how a limit of a day is shared out to several processes. A process holds a grant, which it may use without
// asking; it says what it has spent and how much it wants to hold in all. All amounts are totals of the day, so that a
// message that comes twice changes nothing. A grant that is not renewed in time is given back but for what was spent.
//
// The bound: a process that goes without a word may have spent up to its grant and said nothing; so the limit is passed
// by at most one slice for each such process, and by one slice for each process that goes on while it cannot ask.

import { asJson, asList, asText } from '../model-call/json.ts';

/** Share of a limit that a process holds beyond what it needs. */
const SLICE_SHARE = 0.1;
/** A grant that is not renewed within this time is given back. */
export const LEASE_MS = 30_000;

/** What is shared out: one limit of one key on one day. */
export interface LeaseKey {
  readonly scope: string;
  /** What it counts of the scope: rules with the same one share what was spent. */
  readonly counts: string;
  readonly key: string;
  /** 2026-11-30, in UTC. */
  readonly day: string;
}

export interface LeaseRequest extends LeaseKey {
  readonly process: string;
  /** Where the limit was written. */
  readonly rule: string;
  readonly limitNanoUsd: number;
  /** What the process has spent of it so far. */
  readonly spentNanoUsd: number;
  /** What it wants to hold in all, spent and reserved included. */
  readonly wantNanoUsd: number;
}

export interface Lease {
  /** What the process may use in all, until {@link expiresMs}. */
  readonly grantedNanoUsd: number;
  readonly expiresMs: number;
  /** What other processes have spent of the limit, and hold of it beside. */
  readonly othersSpentNanoUsd: number;
  readonly othersHeldNanoUsd: number;
}

interface Holder {
  granted: number;
  spent: number;
  expiresMs: number;
}

interface SharedAccount extends LeaseKey {
  rule: string;
  limitNanoUsd: number;
  readonly holders: Map<string, Holder>;
}

/** One limit as it stands. */
export interface SharedLimit extends LeaseKey {
  readonly rule: string;
  readonly limitNanoUsd: number;
  readonly spentNanoUsd: number;
  /** Granted to processes and not spent. */
  readonly heldNanoUsd: number;
  readonly processes: number;
}

export function sliceOf(limitNanoUsd: number): number {
  return Math.ceil(limitNanoUsd * SLICE_SHARE);
}

export class LeaseBook {
  readonly #accounts = new Map<string, SharedAccount>();

  /** Grants what is wanted as far as there is enough; never less than what was spent. */
  lease(request: LeaseRequest, nowMs: number): Lease {
    const account = this.#accountOf(request);
    account.limitNanoUsd = request.limitNanoUsd;
    account.rule = request.rule;
    const holder = account.holders.get(request.process) ?? { granted: 0, spent: 0, expiresMs: 0 };
    // A message that was overtaken says less than is known.
    holder.spent = Math.max(holder.spent, request.spentNanoUsd);
    const own = usedBy(holder, nowMs);
    let others = 0;
    let othersSpentNanoUsd = 0;
    for (const other of account.holders.values()) {
      if (other === holder) continue;
      others += usedBy(other, nowMs);
      othersSpentNanoUsd += other.spent;
    }
    const free = Math.max(0, account.limitNanoUsd - others - own);
    holder.granted = Math.max(holder.spent, Math.min(request.wantNanoUsd, own + free));
    holder.expiresMs = nowMs + LEASE_MS;
    account.holders.set(request.process, holder);
    return {
      grantedNanoUsd: holder.granted,
      expiresMs: holder.expiresMs,
      othersSpentNanoUsd,
      othersHeldNanoUsd: others - othersSpentNanoUsd,
    };
  }

  /** The limits of the day, as they stand. */
  limitsOf(day: string, nowMs: number): SharedLimit[] {
    return [...this.#accounts.values()]
      .filter((account) => account.day === day)
      .map(({ scope, counts, rule, key, limitNanoUsd, holders }) => {
        let spentNanoUsd = 0;
        let usedNanoUsd = 0;
        let processes = 0;
        for (const holder of holders.values()) {
          spentNanoUsd += holder.spent;
          usedNanoUsd += usedBy(holder, nowMs);
          if (holder.expiresMs > nowMs) processes += 1;
        }
        const heldNanoUsd = usedNanoUsd - spentNanoUsd;
        return { scope, counts, rule, key, day, limitNanoUsd, spentNanoUsd, heldNanoUsd, processes };
      });
  }

  /** Forgets days before the one given. */
  forgetBefore(day: string): void {
    for (const [name, account] of this.#accounts) if (account.day < day) this.#accounts.delete(name);
  }

  /** Everything, as JSON can hold it. */
  save(): unknown {
    return [...this.#accounts.values()].map(({ holders, ...account }) => ({
      ...account,
      holders: [...holders].map(([process, holder]) => ({ process, ...holder })),
    }));
  }

  /** The book that was saved; what is none of it is left out. */
  static load(saved: unknown): LeaseBook {
    const book = new LeaseBook();
    if (!Array.isArray(saved)) return book;
    for (const each of saved.map(asJson)) {
      const { scope, key, day } = each;
      const rule = String(each['rule']);
      const account = book.#accountOf({
        scope: String(scope),
        counts: asText(each['counts']) ?? countsByRule(String(scope), rule),
        key: String(key),
        day: String(day),
      });
      account.rule = rule;
      account.limitNanoUsd = amountOf(each['limitNanoUsd']);
      for (const holder of asList(each['holders']).map(asJson))
        account.holders.set(String(holder['process']), {
          granted: amountOf(holder['granted']),
          spent: amountOf(holder['spent']),
          expiresMs: amountOf(holder['expiresMs']),
        });
    }
    return book;
  }

  #accountOf({ scope, counts, key, day }: LeaseKey): SharedAccount {
    const name = JSON.stringify([scope, counts, key, day]);
    let account = this.#accounts.get(name);
    if (account === undefined) {
      account = { scope, counts, rule: '', key, day, limitNanoUsd: 0, holders: new Map() };
      this.#accounts.set(name, account);
    }
    return account;
  }
}

/** What a limit counts where an older version wrote or asks, which knows it by its rule alone. */
export function countsByRule(scope: string, rule: string): string {
  return rule.startsWith('TALLYSPAN_LIMIT_') ? scope : rule;
}

/** An amount that came in; nothing where it is none. */
export function amountOf(value: unknown): number {
  return typeof value === 'number' && value >= 0 ? value : 0;
}

function usedBy({ granted, spent, expiresMs }: Holder, nowMs: number): number {
  return expiresMs > nowMs ? Math.max(granted, spent) : spent;
}
