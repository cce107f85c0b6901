// Two hundred scored runs over fifteen days, with everything that a score can be: good or not, a number, a label, of people,
// end users, code and judges, some without a cost, a fifth of them corrected at once, hours or days later.

import type { EventRecord } from '../../core/event.ts';
import { DAY_MS, HOUR_MS } from '../../core/time/time.ts';

export const SCORED_RUNS = 200;
export const SCORED_DAYS = 15;
const SOURCES = ['human', 'user', 'code', 'judge'] as const;

/** Up to `to`, raw: no record says which of several with one key counts. In the order of time. */
export function scoredRuns(to: number, service: string): EventRecord[] {
  const stepMs = (SCORED_DAYS * DAY_MS) / SCORED_RUNS;
  const from = to - SCORED_DAYS * DAY_MS;
  return Array.from({ length: SCORED_RUNS }, (_, index) => runOf(from + index * stepMs, index, service))
    .flat()
    .filter(({ timestamp }) => timestamp <= to)
    .toSorted((a, b) => a.timestamp - b.timestamp);
}

function judged(isGood: boolean): Partial<EventRecord> {
  return { score_passed: isGood, score_millionths: isGood ? 1_000_000 : 0 };
}

function number(value: number): Partial<EventRecord> {
  return { score_millionths: Math.round(value * 1e6) };
}

function label(text: string): Partial<EventRecord> {
  return { 'gen_ai.evaluation.score.label': text };
}

function runOf(startMs: number, index: number, service: string): EventRecord[] {
  const id = (index + 1).toString(16).padStart(32, '0');
  const at = Math.floor(startMs) + 60_000;
  const cost = index % 11 === 0 ? undefined : 1_000_003 * ((index % 7) + 1);
  const base = {
    trace_id: id,
    'service.name': service,
    'agent.run_id': id,
    'gen_ai.agent.name': index % 3 === 0 ? 'billing' : 'support',
    'agent.version': index < SCORED_RUNS / 2 ? '1.0' : '1.1',
    'user.id': `user-${index % 5}`,
  } as const;
  let spans = 0;
  const score = (
    name: string,
    afterMs: number,
    revision: number,
    fields: Partial<EventRecord>,
  ): EventRecord => ({
    ...base,
    timestamp: at + afterMs,
    span_id: (index * 32 + (spans += 1)).toString(16).padStart(16, '0'),
    'event.name': 'agent.score',
    'tallyspan.key': `${name}/${id}`,
    'tallyspan.revision': revision,
    'gen_ai.evaluation.name': name,
    'tallyspan.score.source': SOURCES[index % SOURCES.length] ?? 'code',
    ...(cost === undefined ? {} : { score_run_cost_nano_usd: cost }),
    ...fields,
  });
  // The second version is worse.
  const isGood = index % 10 < (index < SCORED_RUNS / 2 ? 8 : 5);
  return [
    { ...base, timestamp: at - 60_000, span_id: id.slice(16), 'event.name': 'agent.run.started' },
    {
      ...base,
      timestamp: at,
      span_id: id.slice(16),
      'event.name': 'agent.run',
      'agent.status': 'ok',
      duration_ms: 60_000,
      ...(cost === undefined ? {} : { 'agent.cost_nano_usd': cost }),
    },
    score('helpful', 1000, 1, judged(isGood)),
    score('tone', 1500, 1, number((index % 9) / 8 - 0.25)),
    ...(index % 2 === 0 ? [score('fault', 2000, 1, label(index % 4 === 0 ? 'none' : 'wrong_tool'))] : []),
    ...(index % 5 === 0
      ? [
          score('helpful', 3000 + (index % 3) * HOUR_MS, 2, judged(!isGood)),
          score('helpful', 30 * HOUR_MS + (index % 4) * DAY_MS, 3, {
            ...judged(isGood),
            'tallyspan.score.source': 'human',
          }),
          score('fault', 4 * HOUR_MS, 2, label('late')),
          score('tone', 5000, 2, index % 2 === 0 ? number(0.9) : label('rude')),
        ]
      : []),
  ];
}
