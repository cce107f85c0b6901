// The guard's question: whether a session of Claude Code, or a day, has passed its limit, by what was reported of it so
// far. A refusal is written down as an event of the session.

import { randomBytes } from 'node:crypto';
import type { EventRecord } from '../../core/event.ts';
import { limitDayEndMs, limitDayOf } from '../../core/limits/limit.ts';
import { DAY_MS } from '../../core/time/time.ts';
import { formatCost } from '../../core/text/format.ts';
import { signalOf } from '../../signals/catalogue/index.ts';
import type { Choices } from '../../signals/choice.ts';
import { RequestError } from '../questions/request-error.ts';
import { runSignal } from '../queries/signals/signals.ts';
import { readUserOfSession } from './guard-user.ts';
import type { Queryable } from '../store/file/database.ts';

const MOST_CHARS = 512;
/** A session that is older is looked at from here on. */
const SESSION_MS = 30 * 86_400_000;
/** Days of limits are the same wherever a server or a process is. */
const LIMIT_ZONE = 'UTC';

interface Question {
  readonly session: string | undefined;
  readonly tool: string | undefined;
  readonly user: string | undefined;
  readonly limits: Readonly<Record<'session' | 'user_day', number | undefined>>;
}

export interface GuardDecision {
  /** Why it has to stop; absent where it may go on. */
  readonly refusal?: string;
}

export async function guardSession(
  database: Queryable,
  write: (events: readonly EventRecord[]) => Promise<void>,
  body: unknown,
  now: number,
): Promise<GuardDecision> {
  const question = parseQuestion(body);
  const { session, user, limits } = question;
  const spent = async (id: string, from: number, where: Choices) => {
    const answer = await runSignal(database, signalOf(id), {
      from,
      to: now,
      now,
      timezone: LIMIT_ZONE,
      where,
    });
    return 'value' in answer && typeof answer.value === 'number' ? answer.value : 0;
  };
  const dayStartMs = limitDayEndMs(limitDayOf(now)) - DAY_MS;
  const whose =
    limits.user_day === undefined
      ? ''
      : (user ?? (await readUserOfSession(database, session, dayStartMs, now)));
  const [ofSession, ofDay] = await Promise.all([
    limits.session === undefined || session === undefined ? 0 : spent('cost', now - SESSION_MS, { session }),
    limits.user_day === undefined ? 0 : spent('cost_today', now - 1, { user: whose }),
  ]);
  const passed = (
    [
      ['session', ofSession, limits.session, 'Begin a new session'],
      ['user_day', ofDay, limits.user_day, 'Wait for the next day'],
    ] as const
  ).find(([, cost, limit]) => limit !== undefined && cost >= limit);
  if (passed === undefined) return {};
  const [scope, cost, limit = 0, hint] = passed;
  const rule = scope === 'session' ? 'TALLYSPAN_LIMIT_SESSION' : 'TALLYSPAN_LIMIT_USER_DAY';
  const named = scope === 'user_day' && typeof whose === 'string' ? { ...question, user: whose } : question;
  await write([refusalEvent(named, { scope, rule, cost, limit }, now)]);
  return {
    refusal: `tallyspan: ${scope === 'session' ? 'this session has' : 'today has'} cost ${formatCost(cost)}, the limit is ${formatCost(limit)}. ${hint}, or raise ${rule}.`,
  };
}

function refusalEvent(
  { session, tool, user }: Question,
  { scope, rule, cost, limit }: { scope: string; rule: string; cost: number; limit: number },
  now: number,
): EventRecord {
  return {
    timestamp: now,
    'event.name': 'agent.limit',
    trace_id: randomBytes(16).toString('hex'),
    span_id: randomBytes(8).toString('hex'),
    'service.name': 'claude-code',
    ...(session === undefined ? {} : { 'gen_ai.conversation.id': session }),
    ...(user === undefined ? {} : { 'user.id': user }),
    ...(tool === undefined ? {} : { 'gen_ai.tool.name': tool }),
    'limit.action': 'refused',
    'limit.scope': scope,
    'limit.rule': rule,
    'limit.key': (scope === 'session' ? session : user) ?? '(not named)',
    'limit.used_ratio': cost / limit,
    limit_nano_usd: limit,
    limit_spent_nano_usd: cost,
  };
}

function parseQuestion(body: unknown): Question {
  if (typeof body !== 'object' || body === null || Array.isArray(body))
    throw new RequestError(400, 'send {"session": "…", "limits": {"session": 1000000000}} as JSON');
  const given = body as Readonly<Record<string, unknown>>;
  const text = (name: string): string | undefined => {
    const value = given[name];
    if (value === undefined || value === null) return undefined;
    if (typeof value === 'string' && value !== '' && value.length <= MOST_CHARS) return value;
    throw new RequestError(400, `${name} is not a text of 1 to ${MOST_CHARS} characters`);
  };
  const limits = (given['limits'] === undefined ? {} : given['limits']) as Readonly<Record<string, unknown>>;
  if (typeof limits !== 'object' || limits === null || Array.isArray(limits))
    throw new RequestError(400, 'limits is an object such as {"session": 1000000000}');
  const amount = (name: string): number | undefined => {
    const value = limits[name];
    if (value === undefined) return undefined;
    if (Number.isSafeInteger(value) && (value as number) > 0) return value as number;
    throw new RequestError(400, `limits.${name} is not a whole number of nano-USD above 0`);
  };
  return {
    session: text('session'),
    tool: text('tool'),
    user: text('user'),
    limits: { session: amount('session'), user_day: amount('user_day') },
  };
}
