// Each rule: events that make it fire, events just below that keep it quiet, no data, and the notice
// that it is over.

import { describe, expect, it } from '@jest/globals';
import { RULES } from '../../../alerts/rules/all-rules.ts';
import { composeNotice } from '../../../alerts/rules/notice.ts';
import type { AlertState } from '../../../alerts/rules/alert-state.ts';
import { judgeRule, type Judgement } from '../../../alerts/rules/judgement.ts';
import type { Rule } from '../../../alerts/rules/rule.ts';
import { advanceRule } from '../../../alerts/rules/advance-rule.ts';
import { defaultSettings } from '../../../alerts/rules/setting.ts';
import type { EventRecord } from '../../../core/event.ts';
import { eventsOfDay, eventsOfRun, type RunSpec } from './corpus.ts';
import { policyIn, readerOf } from './told.ts';
import { ruleOf } from './rule-of.ts';

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;
const MIDNIGHT = Date.UTC(2026, 3, 15);
const NOON = MIDNIGHT + 12 * HOUR;
const SETTINGS = defaultSettings();
const POLICY = policyIn('UTC', { cooldownMs: 0, groupMs: 0 });

interface RuleCase {
  readonly fires: readonly EventRecord[];
  readonly below: readonly EventRecord[];
  /** What the state is called without any event. */
  readonly empty: string;
  readonly headline: RegExp;
}

function runs(
  count: number,
  spec: (index: number) => Partial<RunSpec> = () => ({}),
  endMs = NOON,
): EventRecord[] {
  return Array.from({ length: count }, (_, n) => {
    const atMs = endMs - MINUTE - n * 500;
    return eventsOfRun({ atMs, id: `run-${endMs}-${n}`, callUsd: 0.001, gapMs: 1000, ...spec(n) });
  }).flat();
}

/** Seven days of $6; half of each is before noon. */
const WEEK = [7, 6, 5, 4, 3, 2, 1].flatMap((ago) =>
  eventsOfDay({ dayMs: MIDNIGHT - ago * DAY, usd: 6, runs: 48 }),
);
/** Observed before the last seven days. */
const WEEK_BEFORE = eventsOfDay({ dayMs: MIDNIGHT - 9 * DAY, usd: 1, runs: 1 });
const withoutCalls = { calls: 0 };

/** What a limit of users did, a minute ago. */
function limitEvents(action: 'refused' | 'warned', ratio: number): EventRecord[] {
  return [
    {
      'event.name': 'agent.limit',
      timestamp: NOON - MINUTE,
      'service.name': 'shop',
      'user.id': 'u',
      'limit.action': action,
      'limit.scope': 'user_day',
      'limit.used_ratio': ratio,
    },
  ];
}

const CASES: Record<string, RuleCase> = {
  'limit-refusals': {
    fires: limitEvents('refused', 0.9),
    below: limitEvents('warned', 0.9),
    empty: '',
    headline: /^Requests refused in 15 minutes of user_day 1 \(limit 0\)$/,
  },
  'limit-used': {
    fires: limitEvents('warned', 0.8),
    below: limitEvents('warned', 0.79),
    empty: '',
    headline: /^Most used limit in 15 minutes of user_day 80\.0 % \(limit 79\.0 %\)$/,
  },
  'cost-spike': {
    fires: [...WEEK, ...runs(1, () => ({ calls: 1, callUsd: 12.01 }))],
    below: [...WEEK, ...runs(1, () => ({ calls: 1, callUsd: 12 }))],
    empty: 'no_history',
    headline: /^Cost today \$12\.01, 2\.0 × the 7-day average \$6\.00 \(limit 2 ×\)$/,
  },
  'cost-pace': {
    fires: [...WEEK, ...runs(1, () => ({ calls: 1, callUsd: 6.01 }))],
    below: [...WEEK, ...runs(1, () => ({ calls: 1, callUsd: 6 }))],
    empty: 'no_history',
    headline: /^Cost so far today \$6\.01, 2\.0 × the usual by now \$3\.00 \(limit 2 ×\)$/,
  },
  'user-day-cost': {
    fires: runs(1, () => ({ user: 'u', calls: 1, callUsd: 5.01 })),
    below: runs(2, (n) => ({ user: `u${n}`, calls: 1, callUsd: 5 })),
    empty: '',
    headline: /^Cost today of u \$5\.01 \(limit \$5\.00\)$/,
  },
  'run-cost': {
    fires: runs(2, (n) => ({ calls: 1, callUsd: n === 0 ? 0.51 : 0.01 })),
    below: runs(2, () => ({ calls: 1, callUsd: 0.5 })),
    empty: 'no_data',
    headline: /^Most expensive run of the hour \$0\.5100 \(limit \$0\.5000\)$/,
  },
  'conversation-cost': {
    fires: runs(2, () => ({ session: 's', calls: 1, callUsd: 0.26 })),
    below: runs(2, () => ({ session: 's', calls: 1, callUsd: 0.25 })),
    empty: '',
    headline: /^Conversation cost of s \$0\.5200 \(limit \$0\.5000\)$/,
  },
  'cache-hit': {
    fires: runs(20, () => ({ calls: 1, cacheHit: 0.59 })),
    below: runs(20, () => ({ calls: 1, cacheHit: 0.6 })),
    empty: 'no_data',
    headline: /^Cache hit ratio of the hour 59\.0 % \(limit 60\.0 %\)$/,
  },
  'unpriced-calls': {
    fires: runs(1, () => ({ calls: 1, isUnpriced: true })),
    below: runs(5),
    empty: 'unmet',
    headline: /^Calls without a price in the hour 1 \(limit 0\)$/,
  },
  'run-failures': {
    fires: runs(10, (n) => (n < 3 ? { status: 'error' } : {})),
    below: runs(10, (n) => (n < 2 ? { status: 'error' } : {})),
    empty: 'no_data',
    headline: /^Failed runs in 5 minutes 30\.0 % \(limit 20\.0 %\)$/,
  },
  turns: {
    fires: runs(3, () => ({ calls: 16 })),
    below: runs(3, () => ({ calls: 15 })),
    empty: 'no_data',
    headline: /^Turns per run in the hour 16 \(limit 15\)$/,
  },
  'run-latency': {
    fires: runs(10, () => ({ durationMs: 10_001 })),
    below: runs(10, () => ({ durationMs: 10_000 })),
    empty: 'no_data',
    headline: /^p95 of runs in 15 minutes 10\.0 s \(limit 10\.0 s\)$/,
  },
  'lost-runs': {
    fires: runs(19, (n) => ({ ends: n !== 0 }), NOON - 2 * HOUR),
    below: runs(20, (n) => ({ ends: n !== 0 }), NOON - 2 * HOUR),
    empty: 'no_data',
    headline: /^Abandoned runs in 24 hours 5\.3 % \(limit 5\.0 %\)$/,
  },
  silence: {
    fires: runs(5, () => withoutCalls, NOON - 7 * DAY),
    below: [...runs(5, () => withoutCalls, NOON - 7 * DAY), ...runs(1)],
    empty: 'low_volume',
    headline: /^Runs in 2 hours 0 \(limit 1\)$/,
  },
  'tool-failures': {
    fires: runs(20, (n) => ({ calls: 2, tool: { name: 't', isOk: () => n > 1 } })),
    below: runs(20, (n) => ({ calls: 2, tool: { name: 't', isOk: () => n > 0 } })),
    empty: '',
    headline: /^Failed calls in 15 minutes of t 10\.0 % \(limit 5\.0 %\)$/,
  },
  'tool-retries': {
    fires: runs(5, (n) => ({ calls: 3, tool: { name: 't', isOk: (call) => n > 3 || call > 1 } })),
    below: runs(5, (n) => ({ calls: 3, tool: { name: 't', isOk: (call) => n > 2 || call > 1 } })),
    empty: '',
    headline: /^Retried calls in the hour of t 40\.0 % \(limit 30\.0 %\)$/,
  },
  'api-errors': {
    fires: runs(99, (n) => ({ calls: 1, ...(n === 0 ? { retriedStatus: ['529'] } : {}) })),
    below: runs(100, (n) => ({ calls: 1, ...(n === 0 ? { retriedStatus: ['529'] } : {}) })),
    empty: 'no_data',
    headline: /^429 or 529 in 15 minutes 1\.0 % \(limit 1\.0 %\)$/,
  },
  findings: {
    fires: found(10_100_000_000),
    below: found(10_000_000_000),
    empty: 'no_data',
    headline: /^Recoverable a week \$10\.10 \(limit \$10\.00\)$/,
  },
  'billing-coverage': {
    fires: [...WEEK_BEFORE, ...billed(1000, 980, 0)],
    below: [...WEEK_BEFORE, ...billed(1000, 990, 0)],
    empty: 'no_data',
    headline: /^Bill covered by calls 98\.0 % \(limit 99\.0 %\)$/,
  },
  'billing-drift': {
    fires: billed(1000, 1000, 20),
    below: billed(1000, 1000, 10),
    empty: 'no_data',
    headline: /^Price drift against the bill 2\.0 % \(limit 1\.0 %\)$/,
  },
  'telemetry-loss': {
    fires: numbered([1, 2, 4]),
    below: numbered([1, 2, 3]),
    empty: 'no_data',
    headline: /^Lost telemetry in the hour 25\.0 % \(limit 0\.1 %\)$/,
  },
};

/** A finding of the last hour. */
function found(nanoUsd: number): EventRecord[] {
  return [{ timestamp: NOON - MINUTE, 'event.name': 'agent.finding', finding_weekly_nano_usd: nanoUsd }];
}

/** One row of the bill of the day before, in nano-USD. */
function billed(list: number, covered: number, drift: number): EventRecord[] {
  return [
    {
      timestamp: MIDNIGHT - 1,
      'event.name': 'billing.cost',
      billing_list_nano_usd: list,
      billing_covered_nano_usd: covered,
      billing_drift_nano_usd: drift,
    },
  ];
}

/** Events of one process with these numbers. */
function numbered(numbers: readonly number[]): EventRecord[] {
  return numbers.map((seq) => ({
    timestamp: NOON - MINUTE + seq,
    'event.name': 'agent.note',
    span_id: `000000000000000${seq}`,
    'service.name': 'corpus',
    'service.instance.id': 'process-1',
    'tallyspan.seq': seq,
    'agent.note.kind': 'decision',
  }));
}

it('there is a case for every rule', () => {
  expect(Object.keys(CASES).toSorted()).toEqual(RULES.map((rule) => rule.id).toSorted());
});

/** Rounds of met judgements from `fromMs` until the rule tells. */
function tellMet(
  rule: Rule,
  met: readonly Judgement[],
  fromMs: number,
): { readonly atMs: number; readonly states: readonly AlertState[]; readonly all: readonly AlertState[] } {
  let all: readonly AlertState[] = [];
  for (let atMs = fromMs; atMs <= fromMs + DAY; atMs += rule.everyMs) {
    const round = advanceRule(rule, all, met, POLICY, atMs);
    all = round.states;
    const states = round.tellings.get('firing');
    if (states !== undefined) return { atMs, states, all };
  }
  throw new Error(`${rule.id} was never told`);
}

describe.each(RULES)('$id', (rule) => {
  const ruleCase = CASES[rule.id];
  if (ruleCase === undefined) throw new Error(`no case for ${rule.id}`);

  const judge = async (events: readonly EventRecord[]) =>
    judgeRule(rule, SETTINGS, readerOf(events, 'UTC'), NOON);

  it('fires past the threshold, and the notice says the number and the limit', async () => {
    const met = (await judge(ruleCase.fires)).filter((judgement) => judgement.status === 'met');
    expect(met).toHaveLength(1);
    const told = tellMet(rule, met, NOON);
    expect(told.atMs - NOON).toBe(rule.forMs);
    const { states } = told;
    const notice = composeNotice({
      kind: 'firing',
      rule,
      states,
      atMs: NOON,
      contributors: [],
      pageUrl: 'http://p',
    });
    expect(notice.headline).toMatch(ruleCase.headline);
    expect(notice.action).toBe(rule.action);
  });

  it('stays quiet just below', async () => {
    expect((await judge(ruleCase.below)).map((judgement) => judgement.status)).not.toContain('met');
  });

  it('without any data says that it has none, and does not fire', async () => {
    expect((await judge([])).map((judgement) => judgement.status).join()).toBe(ruleCase.empty);
  });

  it('tells once that it is over', async () => {
    const met = (await judge(ruleCase.fires)).filter((judgement) => judgement.status === 'met');
    const unmet = met.map((judgement) => ({ ...judgement, status: 'unmet' as const }));
    const firing = tellMet(rule, met, NOON);
    const overMs = firing.atMs + rule.everyMs;
    const first = advanceRule(rule, firing.all, unmet, POLICY, overMs);
    const last = advanceRule(rule, first.states, unmet, POLICY, overMs + rule.resolveAfterMs);
    const told = [first, last].flatMap((round) => round.tellings.get('resolved') ?? []);
    expect(told).toHaveLength(1);
    const notice = composeNotice({
      kind: 'resolved',
      rule,
      states: told,
      atMs: NOON,
      contributors: [],
      pageUrl: 'http://p',
    });
    expect(notice.headline).toMatch(new RegExp(`^Back to normal: ${rule.subject}`));
  });
});

async function statusesOf(id: string, events: readonly EventRecord[]): Promise<readonly string[]> {
  const rule = ruleOf(id);
  return (await judgeRule(rule, SETTINGS, readerOf(events, 'UTC'), NOON)).map((one) => one.status);
}

describe('guards', () => {
  it('one failed run of one is too little volume, not 100 %', async () => {
    expect(
      await statusesOf(
        'run-failures',
        runs(1, () => ({ status: 'error' })),
      ),
    ).toEqual(['low_volume']);
  });

  it('ten times nearly nothing is below the floor', async () => {
    const cheap = [3, 2, 1].flatMap((ago) =>
      eventsOfDay({ dayMs: MIDNIGHT - ago * DAY, usd: 0.05, runs: 24 }),
    );
    const today = runs(1, () => ({ calls: 1, callUsd: 0.99 }));
    expect(await statusesOf('cost-spike', [...cheap, ...today])).toEqual(['below_floor']);
    expect(await statusesOf('cost-pace', [...cheap, ...today])).toEqual(['below_floor']);
  });

  it('two days of data are no history, whatever today costs', async () => {
    const twoDays = [2, 1].flatMap((ago) => eventsOfDay({ dayMs: MIDNIGHT - ago * DAY, usd: 1, runs: 24 }));
    expect(await statusesOf('cost-spike', [...twoDays, ...runs(1, () => ({ callUsd: 50 }))])).toEqual([
      'no_history',
    ]);
  });

  it('a bill of days before the first call is no history', async () => {
    const sixDays = [6, 3, 1].flatMap((ago) =>
      eventsOfDay({ dayMs: MIDNIGHT - ago * DAY, usd: 1, runs: 24 }),
    );
    expect(await statusesOf('billing-coverage', [...sixDays, ...billed(1000, 200, 0)])).toEqual([
      'no_history',
    ]);
  });

  it('events without a user are no user', async () => {
    expect(
      await statusesOf(
        'user-day-cost',
        runs(1, () => ({ calls: 1, callUsd: 50 })),
      ),
    ).toEqual([]);
  });
});
