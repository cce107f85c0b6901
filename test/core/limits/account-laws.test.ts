// Accounts under concurrency: 200 calls in random order, with retries, aborts and streams that outgrow what was
// reserved. The bound: spent ≤ limit + what calls came to beyond their reservations.

import { describe, expect, it } from '@jest/globals';
import * as fc from 'fast-check';
import { Account, Reservation, takeWarnings } from '../../../core/limits/account.ts';

const CALLS = 200;

interface Call {
  /** Nano-USD reserved. */
  readonly worst: number;
  /** Paid, as a share of the worst; above 1 the estimate was too low. */
  readonly share: number;
  readonly end: 'completed' | 'failed' | 'streamed';
  /** Runs around it: 0 is the run itself. */
  readonly depth: number;
  /** When it begins and how long it takes, in steps of the schedule. */
  readonly begins: number;
  readonly takes: number;
}

const call: fc.Arbitrary<Call> = fc.record({
  worst: fc.integer({ min: 1, max: 1_000_000 }),
  share: fc.oneof(
    { weight: 5, arbitrary: fc.double({ min: 0, max: 1, noNaN: true }) },
    { weight: 1, arbitrary: fc.double({ min: 1, max: 2, noNaN: true }) },
  ),
  end: fc.constantFrom('completed', 'failed', 'streamed'),
  depth: fc.integer({ min: 0, max: 3 }),
  begins: fc.integer({ min: 0, max: 300 }),
  takes: fc.integer({ min: 1, max: 100 }),
});

const account = (limit: number) =>
  new Account({ scope: 'run', key: 'r', rule: 'test', unit: 'nanoUsd', limit });

describe('accounts', () => {
  it(`spend no more than the limit and what calls came to beyond their reservations`, () => {
    fc.assert(
      fc.property(
        fc.array(call, { minLength: CALLS, maxLength: CALLS }),
        fc.array(fc.integer({ min: 1, max: 60_000_000 }), { minLength: 4, maxLength: 4 }),
        (calls, limits) => {
          const accounts = limits.map(account);
          const beyond = accounts.map(() => 0);
          const passed: object[] = [];
          let isHalf = 0;
          const open: { reservation: Reservation; of: Call; ends: number; taken: readonly number[] }[] = [];
          for (let step = 0; step <= 400; step++) {
            for (const entry of open.filter(({ ends }) => ends === step)) {
              const { reservation, of, taken } = entry;
              open.splice(open.indexOf(entry), 1);
              const paid = of.end === 'failed' ? 0 : Math.round(of.worst * of.share);
              const amounts = { nanoUsd: paid, tokens: 0, turns: 1 };
              if (of.end === 'streamed') reservation.grow(amounts);
              for (const index of taken) beyond[index] = (beyond[index] ?? 0) + Math.max(0, paid - of.worst);
              reservation.settle(amounts);
              // An abort and an end may both be reported.
              reservation.settle(amounts);
            }
            for (const of of calls) {
              if (of.begins !== step) continue;
              const taken = accounts.map((_, index) => index).filter((index) => index >= of.depth);
              const before = accounts.reduce((sum, { reserved }) => sum + reserved, 0);
              const made = Reservation.make(
                taken.map((index) => accounts[index] as Account),
                { nanoUsd: of.worst, tokens: 0, turns: 1 },
              );
              if (made instanceof Reservation)
                open.push({ reservation: made, of, ends: step + of.takes, taken });
              // In all accounts or in none.
              else if (accounts.reduce((sum, { reserved }) => sum + reserved, 0) !== before) isHalf += 1;
            }
            for (const [index, { spent, limit }] of accounts.entries())
              if (spent > limit + (beyond[index] ?? 0)) passed.push({ step, index, spent, limit });
          }
          expect(passed).toEqual([]);
          expect(isHalf).toBe(0);
          expect(open).toEqual([]);
          expect(accounts.map(({ reserved }) => reserved)).toEqual([0, 0, 0, 0]);
        },
      ),
      { numRuns: 1_000, endOnFailure: true },
    );
  });

  it('a stream that outgrows its reservation is seen by others, and stopped where it passes a limit', () => {
    const one = account(100);
    const made = Reservation.make([one], { nanoUsd: 60, tokens: 0, turns: 1 }) as Reservation;
    expect(made.grow({ nanoUsd: 90, tokens: 0, turns: 0 })).toBeUndefined();
    expect(Reservation.make([one], { nanoUsd: 20, tokens: 0, turns: 1 })).toBe(one);
    expect(made.grow({ nanoUsd: 101, tokens: 0, turns: 0 })).toBe(one);
  });

  it('warn once, at four fifths', () => {
    const one = account(100);
    one.spent = 79;
    expect(takeWarnings([one])).toEqual([]);
    one.spent = 80;
    expect(takeWarnings([one])).toEqual([one]);
    expect(takeWarnings([one])).toEqual([]);
  });
});
