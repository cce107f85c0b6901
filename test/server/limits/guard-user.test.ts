// Whose day the guard of Claude Code counts: the user of the session, or the only one of Claude Code.

import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { guardSession } from '../../../server/limits/guard-session.ts';
import { openTestStore, removeTestStore } from '../test-store.ts';

const NOW = Date.parse('2026-11-30T12:00:00Z');
const CENT = 10_000_000;
let reported = 0;
let opened: Awaited<ReturnType<typeof openTestStore>>;
beforeAll(async () => {
  opened = await openTestStore();
});
afterAll(async () => {
  await removeTestStore(opened);
});

interface Call {
  readonly user?: string;
  readonly session: string;
  readonly cents: number;
  readonly service?: string;
}

const report = (...calls: readonly Call[]): Promise<unknown> =>
  opened.store.write({
    events: calls.map(({ user, session, cents, service = 'claude-code' }) => ({
      timestamp: NOW - 60_000 + reported++,
      'event.name': 'agent.model_call' as const,
      'service.name': service,
      'gen_ai.conversation.id': session,
      'gen_ai.response.model': 'claude-sonnet-5-5',
      ...(user === undefined ? {} : { 'user.id': user }),
      cost_nano_usd: cents * CENT,
    })),
    spans: [],
  });

/** What the guard says of a limit of a dollar a day, and whom it notes. */
async function ask(session: string, user?: string): Promise<{ refusal: string; key?: unknown }> {
  const noted: unknown[] = [];
  const write = (events: readonly Readonly<Record<string, unknown>>[]): Promise<void> => {
    noted.push(...events.map((event) => event['limit.key']));
    return Promise.resolve();
  };
  const body = { session, user, limits: { user_day: 100 * CENT } };
  const { refusal = '' } = await guardSession(opened.database, write, body, NOW);
  return {
    refusal: /has cost \S+(?=,)/.exec(refusal)?.[0] ?? '',
    ...(noted.length > 0 ? { key: noted[0] } : {}),
  };
}

it('counts the calls of one user, and of nobody while it is not known who that is', async () => {
  await report(
    { session: 't1', cents: 60 },
    { user: 'customer', session: 'c1', cents: 500, service: 'shop' },
  );
  // An agent of somebody else is no part of this day; what names nobody, as transcripts do, is.
  expect(await ask('new')).toEqual({ refusal: '' });
  await report({ user: 'ana', session: 'a1', cents: 80 });
  expect(await ask('new')).toEqual({ refusal: 'has cost $1.40', key: '(not named)' });
  // With a second user it is not known whose a new session is; each has a day of their own.
  await report({ user: 'bo', session: 'b1', cents: 200 });
  expect(await ask('new')).toEqual({ refusal: '' });
  expect(await ask('a1')).toEqual({ refusal: '' });
  expect(await ask('b1')).toEqual({ refusal: 'has cost $2.00', key: 'bo' });
  expect(await ask('new', 'bo')).toEqual({ refusal: 'has cost $2.00', key: 'bo' });
});
