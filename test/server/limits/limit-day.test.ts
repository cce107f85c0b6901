// The day of a limit: the same in UTC for every process, the server and the guard, whatever zones they are in, on days of
// 23 and 25 hours, and for what is under way as it ends.

import { afterEach, describe, expect, it } from '@jest/globals';
import { rm } from 'node:fs/promises';
import { ROOT_CONTEXT } from '@opentelemetry/api';
import { Account, NO_AMOUNTS, Reservation } from '../../../core/limits/account.ts';
import { LEASE_MS } from '../../../core/limits/leases.ts';
import { limitDayEndMs, limitDayOf } from '../../../core/limits/limit.ts';
import { readLimitSettings } from '../../../core/limits/limit-settings.ts';
import { LeaseClient } from '../../../instrumentation/limits/lease-client.ts';
import { LimitScopes } from '../../../instrumentation/limits/limit-scopes.ts';
import type { Run } from '../../../instrumentation/record/run.ts';
import { guardSession } from '../../../server/limits/guard-session.ts';
import { LimitKeeper } from '../../../server/limits/limit-keeper.ts';
import { makeDataDir } from '../data-dir.ts';
import { openTestStore, removeTestStore } from '../test-store.ts';

const MIDNIGHT = Date.parse('2026-11-30T00:00:00Z');
const CENT = 10_000_000;
const rulesOf = (settings: Readonly<Record<string, string>>) => readLimitSettings(settings, [])?.rules ?? [];
const forget = (): Promise<void> => Promise.resolve();
const zone = process.env['TZ'];
afterEach(() => {
  if (zone === undefined) delete process.env['TZ'];
  else process.env['TZ'] = zone;
});

describe('the day of a limit', () => {
  it.each(['UTC', 'Europe/Berlin', 'America/New_York', 'Pacific/Kiritimati'])(
    'is that of UTC for a process in %s, where clocks are changed, too',
    (name) => {
      process.env['TZ'] = name;
      for (const day of ['2026-03-29', '2026-10-25', '2026-11-01', '2026-11-30']) {
        const startMs = limitDayEndMs(day) - 86_400_000;
        expect([
          limitDayOf(startMs - 1) < day,
          limitDayOf(startMs),
          limitDayOf(startMs + 86_399_999),
        ]).toEqual([true, day, day]);
        expect(limitDayOf(limitDayEndMs(day)) > day).toBe(true);
      }
    },
  );

  it('ends for users and processes at midnight; what was reserved before it is settled where it was', () => {
    const rules = rulesOf({
      TALLYSPAN_LIMIT_USER_DAY: '$1',
      TALLYSPAN_LIMIT_PROCESS_DAY: '$1',
      TALLYSPAN_LIMIT_SESSION: '$1',
      TALLYSPAN_LIMIT_RUN: '$1',
    });
    const scopes = new LimitScopes(rules, 'instance');
    const run = {
      id: 'r',
      identity: { userId: 'u', sessionId: 's' },
      parentRun: undefined,
    } as unknown as Run;
    const at = (ms: number): Map<string, Account> =>
      new Map(scopes.accountsOf(run, 'm', ROOT_CONTEXT, ms).map((account) => [account.scope, account]));
    const before = at(MIDNIGHT - 1);
    const reservation = Reservation.make([...before.values()], { ...NO_AMOUNTS, nanoUsd: 60 * CENT });
    const after = at(MIDNIGHT);
    for (const scope of ['session', 'run']) expect(after.get(scope)).toBe(before.get(scope));
    for (const scope of ['user_day', 'process_day']) {
      expect(after.get(scope)).not.toBe(before.get(scope));
      expect(after.get(scope)).toMatchObject({ spent: 0, reserved: 0 });
    }
    if (reservation instanceof Reservation) reservation.settle({ ...NO_AMOUNTS, nanoUsd: 50 * CENT });
    expect(before.get('user_day')).toMatchObject({ spent: 50 * CENT, reserved: 0 });
    expect(after.get('user_day')).toMatchObject({ spent: 0, reserved: 0 });
    // A clock that is set back finds the day as it was.
    expect(at(MIDNIGHT - 1).get('user_day')).toBe(before.get('user_day'));
  });

  it('of yesterday is held by a process until nothing is under way and all of it was said; a clock set back holds it again', () => {
    const leases = new LeaseClient('http://127.0.0.1:9', undefined, 'p');
    const scopes = new LimitScopes(rulesOf({ TALLYSPAN_LIMIT_USER_DAY: '$1' }), 'instance', leases);
    const run = { id: 'r', identity: { userId: 'u' }, parentRun: undefined } as unknown as Run;
    const accountAt = (ms: number): Account => scopes.accountsOf(run, 'm', ROOT_CONTEXT, ms)[0] as Account;
    const account = accountAt(MIDNIGHT - 1);
    const isHeldAfter = (ms: number): boolean => {
      leases.forgetBefore(MIDNIGHT + ms);
      return leases.isShared(account);
    };
    account.reserved = CENT;
    expect(isHeldAfter(LEASE_MS)).toBe(true);
    Object.assign(account, { reserved: 0, spent: CENT });
    expect(isHeldAfter(LEASE_MS)).toBe(true);
    // The server never asked for it.
    expect(isHeldAfter(86_400_000)).toBe(false);
    expect(accountAt(MIDNIGHT - 1)).toBe(account);
    expect([leases.isShared(account), leases.covers(account)]).toEqual([true, false]);
  });

  it('is leased by itself: a process that comes late with yesterday takes nothing of today', async () => {
    const folder = await makeDataDir();
    const keeper = await LimitKeeper.open(folder, () => undefined);
    const ask = async (day: string, process: string, spentNanoUsd: number, atMs: number) => {
      const key = { scope: 'user_day', counts: 'user_day', rule: 'r', key: 'u', day, process };
      const [lease] = await keeper.lease(
        [{ ...key, limitNanoUsd: 100 * CENT, spentNanoUsd, wantNanoUsd: 100 * CENT }],
        atMs,
      );
      return lease?.grantedNanoUsd;
    };
    try {
      expect(await ask('2026-11-29', 'a', 0, MIDNIGHT - 1)).toBe(100 * CENT);
      expect(await ask('2026-11-30', 'b', 0, MIDNIGHT)).toBe(100 * CENT);
      expect(await ask('2026-11-29', 'a', 90 * CENT, MIDNIGHT + 1)).toBe(100 * CENT);
      expect(keeper.today(MIDNIGHT - 1)).toMatchObject([{ day: '2026-11-29', spentNanoUsd: 90 * CENT }]);
      expect(keeper.today(MIDNIGHT + 2)).toMatchObject([{ day: '2026-11-30', spentNanoUsd: 0 }]);
      // Two days on nobody asks for it any more.
      await ask('2026-12-02', 'b', 0, MIDNIGHT + 2.5 * 86_400_000);
      expect(keeper.today(MIDNIGHT - 1)).toEqual([]);
    } finally {
      await rm(folder, { recursive: true, force: true });
    }
  });

  it('is that of UTC for the guard', async () => {
    const { store, ...opened } = await openTestStore();
    try {
      const call = (minutes: number, cents: number) => ({
        timestamp: MIDNIGHT + minutes * 60_000,
        'event.name': 'agent.model_call' as const,
        'service.name': 'claude-code',
        'gen_ai.response.model': 'claude-sonnet-5-5',
        cost_nano_usd: cents * CENT,
      });
      await store.write({ events: [call(-10, 500), call(10, 100)], spans: [] });
      const refusalAt = async (minutes: number, limit: number): Promise<string | undefined> => {
        const body = { session: 's', limits: { user_day: limit * CENT } };
        return (await guardSession(opened.database, forget, body, MIDNIGHT + minutes * 60_000)).refusal;
      };
      expect(await refusalAt(-1, 500)).toContain('today has cost $5.00');
      expect(await refusalAt(-1, 501)).toBeUndefined();
      expect(await refusalAt(20, 101)).toBeUndefined();
      expect(await refusalAt(20, 100)).toContain('today has cost $1.00');
    } finally {
      await removeTestStore(opened);
    }
  });
});
