// Telemetry: whether the other numbers can be trusted.

import { DAY_MS, HOUR_MS } from '../../core/time/time.ts';
import type { Filter, Fold, Signal } from '../signal.ts';
import { CALL_DIMENSIONS, count, range, ratio, RUN_DIMENSIONS, sum } from '../values.ts';

const CALL = 'agent.model_call';
const KNOWN_BY_CALL: Filter = { field: 'tallyspan.source', isNot: 'remainder' };
const GAPS: Fold = { kind: 'fold', of: '*', aggregate: 'gaps', field: 'tallyspan.seq', withDuplicates: true };

export const TELEMETRY_SIGNALS = [
  {
    id: 'unpriced_calls',
    title: 'Unpriced calls',
    unit: '1',
    help: 'Model calls without a known price. They are in no cost.',
    value: count(CALL, [{ field: 'tallyspan.cost.status', is: 'unpriced' }]),
    window: range(),
    dimensions: CALL_DIMENSIONS,
    whenEmpty: 0,
    better: 'down',
    bad: 'The true cost is higher than every cost shown.',
    action: 'Group by model; upgrade for a newer price table or add the price in TALLYSPAN_PRICES.',
  },
  {
    id: 'cost_coverage',
    title: 'Cost known by call',
    unit: 'ratio',
    help: 'Of the cost, the part whose calls are known one by one; the rest is what Claude Code counted beyond its transcript. By source: the share of each reporter in all cost.',
    value: ratio(
      sum(CALL, 'cost_nano_usd', [], { unlessBy: { dimension: 'source', where: [KNOWN_BY_CALL] } }),
      sum(CALL, 'cost_nano_usd'),
      ['source'],
    ),
    window: range(),
    dimensions: CALL_DIMENSIONS,
    whenEmpty: null,
    better: 'up',
    bad: 'Much is spent by calls that nobody sees: titles, recaps, compaction, side searches.',
    action:
      'Group by session and model; run the preload or the telemetry of Claude Code beside its transcripts.',
  },
  {
    id: 'not_in_transcript_cost',
    title: 'Cost not in the transcript',
    unit: 'nanoUsd',
    help: 'What Claude Code counted beyond the calls of its transcripts; an estimate, and part of the cost.',
    value: sum(CALL, 'cost_nano_usd', [{ field: 'tallyspan.source', is: 'remainder' }]),
    window: range(),
    dimensions: CALL_DIMENSIONS,
    whenEmpty: null,
    better: 'down',
    bad: 'More is spent by calls that nobody sees.',
    action: 'As for cost_coverage.',
  },
  {
    id: 'duplicate_calls',
    title: 'Duplicates suppressed',
    unit: '1',
    help: 'Records of model calls about a response that another record had reported before. They count nowhere else.',
    value: count(CALL, [{ field: 'tallyspan.duplicate', is: true }], { withDuplicates: true }),
    window: range(),
    dimensions: ['model', ...RUN_DIMENSIONS],
    whenEmpty: 0,
    better: 'down',
    bad: 'Two instrumentations, or one and a proxy, report the same calls.',
    action: 'Run `tallyspan doctor` and switch one of them off; the numbers are right meanwhile.',
  },
  {
    id: 'lost_events',
    title: 'Lost events',
    unit: '1',
    help: 'Events of the last 24 hours that processes numbered and that did not arrive: the gaps between the first and the last number seen of each process.',
    value: GAPS,
    window: { kind: 'rolling', lengthMs: DAY_MS },
    dimensions: ['service'],
    whenEmpty: 0,
    better: 'down',
    bad: 'Counts and costs are too low by about this share.',
    action: 'Group by service; look at its queue drops and at whether its end point was reachable.',
  },
  {
    id: 'telemetry_loss_rate',
    title: 'Telemetry loss',
    unit: 'ratio',
    help: 'Lost events, of all events that processes numbered between the first and the last number seen of each, in the last hour.',
    value: ratio(GAPS, { ...GAPS, aggregate: 'places' }),
    window: { kind: 'rolling', lengthMs: HOUR_MS },
    dimensions: ['service'],
    whenEmpty: null,
    better: 'down',
    bad: 'Counts and costs are too low by this share.',
    action: 'As for lost_events.',
  },
  {
    id: 'price_table_age',
    title: 'Age of the price table',
    unit: 'ms',
    help: 'Greatest age of the price table at the time of a call that it priced.',
    value: { kind: 'fold', of: CALL, aggregate: 'maxAge', field: 'tallyspan.price.table' },
    window: { kind: 'rolling', lengthMs: DAY_MS },
    dimensions: ['service', 'agent', 'version', 'model'],
    whenEmpty: null,
    better: 'down',
    bad: 'After 60 days new models are unpriced and changed prices are wrong.',
    action: 'Upgrade @tallyspan/node in the service concerned.',
  },
] as const satisfies readonly Signal[];
