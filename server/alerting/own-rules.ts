// Own rules: those that somebody made on the page, kept in a file of the data folder with who and when, and those of the
// environment, which the page only shows.

import { join } from 'node:path';
import { OwnRuleError, readOwnRule, ruleOfOwn, type OwnRule } from '../../alerts/rules/own-rule.ts';
import type { Rule } from '../../alerts/rules/rule.ts';
import { messageOf } from '../process/server-error.ts';
import { KeptFile } from './kept-file.ts';

export interface KeptRule {
  readonly own: OwnRule;
  readonly rule: Rule;
  /** When it was last changed, Unix milliseconds; undefined of the environment. */
  readonly atMs?: number;
  /** Address that it came from; undefined of the environment. */
  readonly by?: string;
}

const FILE = 'alert-rules.json';
/** Each is a query or more at every check. */
export const MOST_RULES = 100;

export class OwnRules {
  readonly #file: KeptFile;
  readonly #fixed: readonly KeptRule[];
  readonly #kept = new Map<string, KeptRule>();

  /** What cannot be read is left out, and said. */
  constructor(dataDir: string, fixed: readonly OwnRule[], log: (line: string) => void) {
    this.#file = new KeptFile(join(dataDir, FILE));
    this.#fixed = fixed.map((own) => ({ own, rule: ruleOfOwn(own) }));
    for (const stored of readStored(this.#file, log)) {
      try {
        const kept = keptOf(stored);
        if (!this.#isFixed(kept.own.id)) this.#kept.set(kept.own.id, kept);
      } catch (error) {
        this.#file.leavePartOut();
        log(`alerts: a rule of ${this.#file.path} is left out: ${messageOf(error)}`);
      }
    }
  }

  /** Those of the environment first. */
  all(): readonly KeptRule[] {
    return [...this.#fixed, ...this.#kept.values()];
  }

  find(id: string): KeptRule | undefined {
    return this.all().find(({ own }) => own.id === id);
  }

  /** Whether the environment has it, so that it cannot be changed here. */
  #isFixed(id: string): boolean {
    return this.#fixed.some(({ own }) => own.id === id);
  }

  /** Adds a rule, or puts it in the place of the one with its id. @throws OwnRuleError */
  save(own: OwnRule, change: { readonly atMs: number; readonly by: string }): void {
    if (this.#isFixed(own.id)) throw new OwnRuleError([`${own.id} is set by ALERT_RULES: change it there`]);
    if (!this.#kept.has(own.id) && this.all().length >= MOST_RULES)
      throw new OwnRuleError([`there are ${MOST_RULES} rules of your own already: delete one first`]);
    this.#kept.set(own.id, { own, rule: ruleOfOwn(own), ...change });
    this.#write();
  }

  /** @throws OwnRuleError */
  delete(id: string): void {
    if (this.#isFixed(id)) throw new OwnRuleError([`${id} is set by ALERT_RULES: change it there`]);
    if (this.#kept.delete(id)) this.#write();
  }

  #write(): void {
    const rules = [...this.#kept.values()].map(({ own, atMs, by }) => ({ ...own, atMs, changedFrom: by }));
    this.#file.write({ rules });
  }
}

function readStored(file: KeptFile, log: (line: string) => void): readonly unknown[] {
  const sayFault = (reason: string): void =>
    log(`alerts: ${file.path} cannot be read (${reason}): the rules made on the page are not checked`);
  const stored = file.read(sayFault);
  if (stored === undefined) return [];
  const { rules } = (stored ?? {}) as { rules?: unknown };
  if (Array.isArray(rules)) return rules;
  file.leavePartOut();
  sayFault('it holds no list of rules');
  return [];
}

function keptOf(stored: unknown): KeptRule {
  const own = readOwnRule(stored);
  const { atMs, changedFrom } = stored as { readonly atMs?: unknown; readonly changedFrom?: unknown };
  return {
    own,
    rule: ruleOfOwn(own),
    ...(typeof atMs === 'number' && Number.isFinite(atMs) && { atMs }),
    by: typeof changedFrom === 'string' ? changedFrom : 'unknown',
  };
}
