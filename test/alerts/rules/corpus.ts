// A corpus for alerts: events of runs as a generator makes them, from a few words per run.

import type { EventRecord } from '../../../core/event.ts';

const NANO_USD = 1e9;
const MODEL = 'claude-sonnet-4-6';

export interface RunSpec {
  /** When the run begins, Unix ms. */
  readonly atMs: number;
  readonly id: string;
  readonly user?: string;
  readonly session?: string;
  /** Model calls; the run ends one gap after the last. */
  readonly calls?: number;
  readonly gapMs?: number;
  readonly callUsd?: number;
  readonly status?: string;
  /** False when it never ends. */
  readonly ends?: boolean;
  readonly error?: string;
  /** Share of input that the cache served. */
  readonly cacheHit?: number;
  /** HTTP statuses that each call met before it went through. */
  readonly retriedStatus?: readonly string[];
  readonly isUnpriced?: boolean;
  /** A tool call after each model call but the last. */
  readonly tool?: { readonly name: string; readonly isOk?: (index: number) => boolean };
  readonly durationMs?: number;
}

const INPUT_TOKENS = 10_000;

/** Events of one run, in order. */
export function eventsOfRun(spec: RunSpec): EventRecord[] {
  const { atMs, id, calls = 3, gapMs = 2000, callUsd = 0.01, status = 'ok', cacheHit = 0.9 } = spec;
  const common = {
    trace_id: hex(id, 32),
    'service.name': 'corpus',
    'agent.run_id': hex(id, 32),
    'gen_ai.agent.name': 'support',
    ...(spec.user === undefined ? {} : { 'user.id': spec.user }),
    ...(spec.session === undefined ? {} : { 'gen_ai.conversation.id': spec.session }),
  };
  let spans = 0;
  const span = (): { span_id: string } => ({ span_id: hex(`${id}/${++spans}`, 16) });
  const events: EventRecord[] = [
    { ...common, ...span(), timestamp: atMs, 'event.name': 'agent.run.started' },
  ];
  const read = Math.round(INPUT_TOKENS * cacheHit);
  let failedBefore = 0;
  for (let call = 1; call <= calls; call++) {
    const timestamp = atMs + call * gapMs;
    events.push({
      ...common,
      ...span(),
      timestamp,
      'event.name': 'agent.model_call',
      'gen_ai.response.model': MODEL,
      'gen_ai.response.id': `msg_${hex(`${id}/${call}`, 20)}`,
      'agent.step_number': call,
      duration_ms: gapMs,
      tokens_input: INPUT_TOKENS - read,
      tokens_cache_read: read,
      tokens_cache_write_5m: 0,
      tokens_cache_write_1h: 0,
      tokens_output: 300,
      ...(spec.isUnpriced
        ? { 'tallyspan.cost.status': 'unpriced', 'tallyspan.cost.unpriced_reason': 'unknown_model' }
        : { 'tallyspan.cost.status': 'priced', cost_nano_usd: Math.round(callUsd * NANO_USD) }),
      attempts: 1 + (spec.retriedStatus?.length ?? 0),
      ...(spec.retriedStatus === undefined ? {} : { retried_status: spec.retriedStatus }),
    });
    if (spec.tool !== undefined && call < calls) {
      const isOk = spec.tool.isOk?.(call) ?? true;
      events.push({
        ...common,
        ...span(),
        timestamp: timestamp + Math.floor(gapMs / 2),
        'event.name': 'agent.tool_call',
        'gen_ai.tool.name': spec.tool.name,
        'agent.step_number': call,
        duration_ms: 100,
        'tool.ok': isOk,
        'tool.retry_attempt': failedBefore,
        ...(isOk ? {} : { 'error.type': 'tool_error' }),
      });
      failedBefore = isOk ? 0 : failedBefore + 1;
    }
  }
  if (spec.ends === false) return events;
  events.push({
    ...common,
    ...span(),
    timestamp: atMs + (calls + 1) * gapMs,
    'event.name': 'agent.run',
    'agent.status': status,
    duration_ms: spec.durationMs ?? (calls + 1) * gapMs,
    'agent.turns': calls,
    ...(spec.isUnpriced ? {} : { 'agent.cost_nano_usd': calls * Math.round(callUsd * NANO_USD) }),
    ...(status === 'ok' ? {} : { 'error.type': spec.error ?? 'api_error' }),
  });
  return events;
}

export interface DaySpec {
  /** Midnight at which the day begins, Unix ms. */
  readonly dayMs: number;
  /** Cost of the whole day. */
  readonly usd: number;
  readonly runs: number;
  /** Part of the day that has runs, as hours after midnight. */
  readonly fromHour?: number;
  readonly toHour?: number;
  /** No run begins after this. */
  readonly untilMs?: number;
}

/** Runs of one ordinary day at even distances, over a handful of users. */
export function eventsOfDay(spec: DaySpec): EventRecord[] {
  const { dayMs, usd, runs, fromHour = 0, toHour = 24, untilMs = Number.POSITIVE_INFINITY } = spec;
  const lengthMs = (toHour - fromHour) * 3_600_000;
  const events: EventRecord[] = [];
  for (let n = 0; n < runs; n++) {
    const atMs = dayMs + fromHour * 3_600_000 + Math.floor(((n + 0.5) / runs) * lengthMs);
    if (atMs > untilMs) break;
    const id = `day-${dayMs}-${n}`;
    events.push(...eventsOfRun({ atMs, id, user: `user-${n % 7}`, session: id, callUsd: usd / runs / 3 }));
  }
  return events;
}

/** A stable id of so many hex digits. */
export function hex(text: string, digits: number): string {
  let out = '';
  for (let round = 0; out.length < digits; round++) {
    // FNV-1a, once per eight digits.
    let hash = 0x811c9dc5;
    for (const char of `${round}/${text}`) {
      hash ^= char.codePointAt(0) ?? 0;
      hash = Math.imul(hash, 0x01000193) >>> 0;
    }
    out += hash.toString(16).padStart(8, '0');
  }
  return out.slice(0, digits);
}
