// Long runs: healthy ones of three hours with a call each five minutes, and ones that were left, so that a definition
// that looks at the start of a run, or only at a part of the window, gives another number.

import type { EventRecord } from '../../core/event.ts';
import { HOUR_MS, MINUTE_MS } from '../../core/time/time.ts';

export const LONG_SERVICE = 'long-runs';

/** A run with a call each five minutes; `endedAt` is when it ended by itself. */
function longRun(id: string, startMs: number, lastMs: number, endedAt?: number): EventRecord[] {
  return eventsOf(id, startMs, lastMs, endedAt).map((event) => ({
    ...event,
    // Without ids of its own an event would be taken for another that was sent again.
    trace_id: Buffer.from(id).toString('hex').padEnd(32, '0').slice(0, 32),
    span_id: event.timestamp.toString(16).padStart(16, '0'),
  }));
}

function eventsOf(id: string, startMs: number, lastMs: number, endedAt?: number): EventRecord[] {
  const common = {
    'service.name': LONG_SERVICE,
    'service.instance.id': id,
    'agent.run_id': id,
    'gen_ai.agent.name': 'long',
  };
  const calls: EventRecord[] = [];
  for (let at = startMs + 5 * MINUTE_MS; at <= lastMs; at += 5 * MINUTE_MS)
    calls.push({ ...common, timestamp: at, 'event.name': 'agent.model_call' });
  return [
    { ...common, timestamp: startMs, 'event.name': 'agent.run.started' },
    ...calls,
    ...(endedAt === undefined
      ? []
      : [
          {
            ...common,
            timestamp: endedAt,
            'event.name': 'agent.run' as const,
            'agent.status': 'ok',
            duration_ms: endedAt - startMs,
          },
        ]),
  ];
}

/** Six runs that go on at `now`, begun up to three hours ago. */
export function healthyRuns(now: number): EventRecord[] {
  return [0, 1, 2, 3, 4, 5].flatMap((n) =>
    longRun(`healthy-${n}`, now - 3 * HOUR_MS + n * MINUTE_MS, now - n * MINUTE_MS),
  );
}

/** Besides: one that was left two hours ago, one that ended, and one of thirty hours that goes on. */
export function mixedRuns(now: number): EventRecord[] {
  return [
    ...healthyRuns(now),
    ...longRun('left', now - 5 * HOUR_MS, now - 2 * HOUR_MS),
    ...longRun('ended', now - 4 * HOUR_MS, now - HOUR_MS - 2 * MINUTE_MS, now - HOUR_MS - MINUTE_MS),
    // A stream of it that nobody waited for.
    ...longRun('ended', now - 4 * HOUR_MS, now - 30 * MINUTE_MS).slice(-1),
    ...longRun('older', now - 30 * HOUR_MS, now - MINUTE_MS),
  ];
}
