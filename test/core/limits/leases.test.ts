// Leases: processes that share a limit, crash, come late and ask twice; the server restarts with what it had saved.

import { describe, expect, it } from '@jest/globals';
import * as fc from 'fast-check';
import { countsByRule, LEASE_MS, LeaseBook, sliceOf } from '../../../core/limits/leases.ts';

const KEY = { scope: 'user_day', counts: 'user_day', rule: 'r', key: 'u', day: '2026-11-30' };
const LIMIT = 1_000_000;
const SLICE = sliceOf(LIMIT);

const step = fc.record({
  process: fc.integer({ min: 0, max: 7 }),
  does: fc.constantFrom('spend', 'spend', 'spend', 'tell', 'crash', 'restart server', 'wait', 'say it twice'),
  amount: fc.integer({ min: 0, max: 60_000 }),
});

interface Process {
  readonly id: string;
  spent: number;
  granted: number;
  expiresMs: number;
}

describe('leases', () => {
  it('pass the limit by no more than a slice for each process that went without a word', () => {
    fc.assert(
      fc.property(fc.array(step, { minLength: 50, maxLength: 300 }), (steps) => {
        let book = new LeaseBook();
        let nowMs = 0;
        let serial = 0;
        let crashed = 0;
        let gone = 0;
        const start = (): Process => ({ id: `p${serial++}`, spent: 0, granted: 0, expiresMs: 0 });
        const processes = Array.from({ length: 8 }, start);
        const ask = (process: Process, need: number): void => {
          const want = process.spent + need + SLICE;
          process.granted = Math.min(process.granted, want);
          const lease = book.lease(
            {
              ...KEY,
              process: process.id,
              limitNanoUsd: LIMIT,
              spentNanoUsd: process.spent,
              wantNanoUsd: want,
            },
            nowMs,
          );
          process.granted = lease.grantedNanoUsd;
          process.expiresMs = lease.expiresMs;
        };
        for (const { process: index, does, amount } of steps) {
          const process = processes[index] as Process;
          if (does === 'spend') {
            const covers = () => process.expiresMs > nowMs && process.spent + amount <= process.granted;
            if (!covers()) ask(process, amount);
            if (covers()) process.spent += amount;
          } else if (does === 'tell') ask(process, 0);
          else if (does === 'say it twice') {
            ask(process, 0);
            ask(process, 0);
          } else if (does === 'crash') {
            crashed += 1;
            gone += process.spent;
            processes[index] = start();
          } else if (does === 'wait') nowMs += LEASE_MS / 2;
          else book = LeaseBook.load(JSON.parse(JSON.stringify(book.save())));
        }
        const spent = gone + processes.reduce((sum, process) => sum + process.spent, 0);
        // A process tells what it has spent when it asks: one that is silent until its lease ends counts as gone, too.
        expect(spent).toBeLessThanOrEqual(LIMIT + (crashed + processes.length) * (SLICE + 60_000));
        expect(crashed === 0 && nowMs === 0 && spent > LIMIT).toBe(false);
      }),
      { numRuns: 1_000, endOnFailure: true },
    );
  });

  it('give back what a process held and did not spend, once, when its lease ends', () => {
    const book = new LeaseBook();
    const ask = (process: string, spent: number, want: number, atMs: number) =>
      book.lease({ ...KEY, process, limitNanoUsd: LIMIT, spentNanoUsd: spent, wantNanoUsd: want }, atMs)
        .grantedNanoUsd;
    expect(ask('a', 100_000, 900_000, 0)).toBe(900_000);
    expect(ask('b', 0, 900_000, 1)).toBe(100_000);
    // `a` is gone: what it had spent stays spent.
    expect(ask('b', 0, 2_000_000, LEASE_MS)).toBe(900_000);
    // It was only slow: it has what it spent, and nothing is counted twice.
    expect(ask('a', 100_000, 900_000, LEASE_MS + 1)).toBe(100_000);
    expect(book.limitsOf(KEY.day, LEASE_MS + 1)).toMatchObject([
      { spentNanoUsd: 100_000, heldNanoUsd: 900_000, limitNanoUsd: LIMIT, processes: 2 },
    ]);
  });

  it('of a book that an older version wrote are those of the same setting', () => {
    const holders = [{ process: 'a', granted: 600_000, spent: 600_000, expiresMs: LEASE_MS }];
    const { scope, key, day } = KEY;
    const book = LeaseBook.load([
      { scope, rule: 'TALLYSPAN_LIMIT_USER_DAY', key, day, limitNanoUsd: LIMIT, holders },
      { scope, rule: 'limits[0].user_day', key, day, limitNanoUsd: LIMIT, holders: [] },
    ]);
    const asked = { ...KEY, limitNanoUsd: LIMIT, spentNanoUsd: 0, wantNanoUsd: LIMIT };
    expect(book.lease({ ...asked, process: 'b' }, 0).grantedNanoUsd).toBe(400_000);
    // A process of an older version says its rule alone.
    const counts = countsByRule(scope, 'TALLYSPAN_LIMIT_USER_DAY');
    expect(book.lease({ ...asked, counts, process: 'c' }, 0).grantedNanoUsd).toBe(0);
    expect(book.limitsOf(day, 0)).toHaveLength(2);
  });
});
