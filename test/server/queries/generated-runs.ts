// Runs of which some lack what others have, with names that need quotation marks, and what a filter finds of them, said
// without SQL.

import * as fc from 'fast-check';
import type { EventRecord } from '../../../core/event.ts';
import { durationMsOf } from '../../../core/time/duration.ts';
import type { RunSummary } from '../../../server/source.ts';

/** Names in which something could be taken for grammar, or for SQL. */
export const NAMES = [
  'ana',
  'ben',
  'a b',
  '-minus',
  "o'neil'; --",
  'say "hi"',
  'back\\slash',
  'user:ana',
  'x>5',
  '%_',
  'Ünï',
] as const;
export const NAMED_KEYS = ['user', 'agent', 'version', 'task', 'project', 'session'] as const;
export const LISTED_KEYS = ['tag', 'model', 'tool', 'error'] as const;
const STATUSES = ['ok', 'error', 'lost', 'max_turns', undefined] as const;

export interface GeneratedRun {
  readonly id: string;
  /** Undefined where it goes on; null where its end says nothing of it. */
  readonly status: string | null | undefined;
  readonly names: Partial<Readonly<Record<(typeof NAMED_KEYS)[number], string>>>;
  readonly lists: Readonly<Record<(typeof LISTED_KEYS)[number], readonly string[]>>;
  readonly sizes: {
    readonly costNanoUsd: number | undefined;
    readonly durationMs: number;
    readonly turns: number | undefined;
    readonly toolCalls: number | undefined;
    readonly tokensIn: number | undefined;
    readonly tokensOut: number | undefined;
  };
}

const name = fc.constantFrom(...NAMES);
const few = fc.uniqueArray(name, { maxLength: 2 });
const maybe = <T>(value: fc.Arbitrary<T>): fc.Arbitrary<T | undefined> =>
  fc.option(value, { nil: undefined });

const generated = fc.record({
  status: fc.oneof(
    fc.constantFrom(...STATUSES).map((status) => status ?? null),
    fc.constant(undefined),
  ),
  names: fc.record(Object.fromEntries(NAMED_KEYS.map((key) => [key, maybe(name)]))),
  lists: fc.record({ tag: few, model: few, tool: few, error: few }),
  sizes: fc.record({
    costNanoUsd: maybe(fc.constantFrom(0, 1_000_000_000, 2_500_000_000)),
    durationMs: fc.constantFrom(500, 1000, 9000),
    turns: maybe(fc.integer({ min: 0, max: 3 })),
    toolCalls: maybe(fc.integer({ min: 0, max: 3 })),
    tokensIn: maybe(fc.constantFrom(0, 100)),
    tokensOut: maybe(fc.constantFrom(0, 100)),
  }),
});

/** As many runs, the same ones each time. */
export function generateRuns(count: number, seed: number): readonly GeneratedRun[] {
  return fc.sample(generated, { numRuns: count, seed }).map((run, index) => ({
    ...(run as Omit<GeneratedRun, 'id'>),
    id: index.toString(16).padStart(4, '0').repeat(8),
  }));
}

/** What an emitter would have sent of it. */
export function eventsOfRun(run: GeneratedRun, nowMs: number): readonly EventRecord[] {
  const { names, lists, sizes } = run;
  const common = definedOf({
    'service.name': 'generated',
    'agent.run_id': run.id,
    trace_id: run.id,
    'user.id': names.user,
    'gen_ai.agent.name': names.agent,
    'agent.version': names.version,
    'agent.task_type': names.task,
    'agent.project': names.project,
    'gen_ai.conversation.id': names.session,
  });
  const ofRun = { ...common, ...(lists.tag.length === 0 ? {} : { 'agent.tags': lists.tag }) };
  const started = nowMs - 20_000;
  const steps = [
    ...lists.model.map((model) => ({ 'event.name': 'agent.model_call', 'gen_ai.response.model': model })),
    ...lists.tool.map((tool) => ({ 'event.name': 'agent.tool_call', 'gen_ai.tool.name': tool })),
    ...lists.error.map((error) => ({ 'event.name': 'agent.tool_call', 'error.type': error })),
  ];
  return [
    { ...ofRun, 'event.name': 'agent.run.started', timestamp: started },
    ...steps.map((step) => ({ ...common, ...step, timestamp: started + 100 })),
    ...(run.status === undefined
      ? []
      : [
          definedOf({
            ...ofRun,
            'event.name': 'agent.run',
            timestamp: started + sizes.durationMs,
            'agent.status': run.status ?? undefined,
            duration_ms: sizes.durationMs,
            'agent.turns': sizes.turns,
            'agent.tool_calls': sizes.toolCalls,
            'agent.tokens_in': sizes.tokensIn,
            'agent.tokens_out': sizes.tokensOut,
            'agent.cost_nano_usd': sizes.costNanoUsd,
          }),
        ]),
  ].map((event, index) => ({
    ...event,
    span_id: `${run.id.slice(0, 14)}${String(index).padStart(2, '0')}`,
  })) as unknown as readonly EventRecord[];
}

function definedOf(object: Readonly<Record<string, unknown>>): Record<string, unknown> {
  return Object.fromEntries(Object.entries(object).filter(([, value]) => value !== undefined));
}

/** A name of an address without `-`, and a value. */
export type Pair = readonly [string, string];

/** Whether the run has it. `shown` is how the list shows the run: a run that goes on is as large as it is so far. */
export function hasPair(run: GeneratedRun, shown: RunSummary, [key, value]: Pair): boolean {
  if (key === 'status')
    return value === 'failed'
      ? typeof run.status === 'string' && run.status !== 'ok'
      : (run.status === undefined ? 'running' : run.status) === value;
  if (key === 'run') return run.id.startsWith(value);
  if (key === 'error')
    return run.lists.error.some((error) => error.toLowerCase().includes(value.toLowerCase()));
  if (key in run.lists) return run.lists[key as 'tag'].includes(value);
  if ((NAMED_KEYS as readonly string[]).includes(key)) return run.names[key as 'user'] === value;
  return hasSize(shown, key, value);
}

function hasSize(shown: RunSummary, key: string, text: string): boolean {
  const [, sign = '', value = ''] = /^(<=|>=|=|<|>)(.*)$/.exec(text) ?? [];
  const wanted =
    key === 'cost' ? Number(value) * 1e9 : key === 'duration' ? (durationMsOf(value) ?? NaN) : Number(value);
  const number = sizeOf(shown, key);
  if (number === null) return false;
  return {
    '<': number < wanted,
    '<=': number <= wanted,
    '=': number === wanted,
    '>=': number >= wanted,
    '>': number > wanted,
  }[sign] as boolean;
}

function sizeOf(shown: RunSummary, key: string): number | null {
  const [tokensIn, tokensOut] = [shown['agent.tokens_in'], shown['agent.tokens_out']];
  switch (key) {
    case 'cost':
      return shown['agent.cost_nano_usd'];
    case 'duration':
      return shown.ended_at === null ? Date.now() - Date.parse(shown.started_at) : shown.duration_ms;
    case 'turns':
      return shown['agent.turns'];
    case 'tools':
      return shown['agent.tool_calls'];
    default:
      return tokensIn === null || tokensOut === null ? null : tokensIn + tokensOut;
  }
}
