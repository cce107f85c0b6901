// Definitions of silent failures at their edges: each is found from its least figure on, and not one short of it.

import { describe, expect, it } from '@jest/globals';
import * as fc from 'fast-check';
import type { EventRecord } from '../../../core/event.ts';
import {
  findSilentFailures,
  readNotedFailures,
  readUsualValues,
  uniteFailures,
  type SilentFailure,
  type UsualValues,
} from '../../../core/attribution/silent-failures.ts';

const MODEL = 'claude-opus-5-5';

function call(step: number, fields: Partial<EventRecord> = {}): EventRecord {
  return {
    timestamp: step * 1_000,
    'event.name': 'agent.model_call',
    'agent.run_id': 'run',
    'agent.step_number': step,
    'gen_ai.response.model': MODEL,
    tokens_input: 1_000,
    cost_nano_usd: 1,
    ...fields,
  };
}

function tool(step: number, fields: Partial<EventRecord> = {}): EventRecord {
  return {
    timestamp: step * 1_000 + 500,
    'event.name': 'agent.tool_call',
    'agent.run_id': 'run',
    'agent.step_number': step,
    'gen_ai.tool.name': 'search',
    'tool.ok': true,
    'tool.result_len': 100,
    ...fields,
  };
}

function end(fields: Partial<EventRecord> = {}): EventRecord {
  return {
    timestamp: 99_000,
    'event.name': 'agent.run',
    'agent.run_id': 'run',
    'agent.status': 'ok',
    ...fields,
  };
}

function ended(reason: string): Partial<EventRecord> {
  return { 'gen_ai.response.finish_reasons': [reason] };
}

function only(key: string, value: number | undefined): Map<string, number> {
  return new Map(value === undefined ? [] : [[key, value]]);
}

interface Usual {
  readonly length?: number | undefined;
  readonly empty?: number | undefined;
  readonly durationMs?: number | undefined;
}

function usual(values: Usual): UsualValues {
  return {
    resultLen: only('search', values.length),
    emptyShare: only('search', values.empty),
    callDurationMs: only(MODEL, values.durationMs),
  };
}

function lengthsOf(lengths: readonly number[], fields: Partial<EventRecord> = {}): EventRecord[] {
  return lengths.map((length) => tool(1, { 'tool.result_len': length, ...fields }));
}

const textsOf = (events: readonly EventRecord[], values: UsualValues = usual({})): string[] =>
  findSilentFailures(events, values).map(({ kind, text }) => `${kind}: ${text}`);

describe('an outsized result', () => {
  it.each([
    [4_000, 399, true],
    [3_999, 1, false],
    [4_000, 400, true],
    [4_009, 401, false],
    [4_010, 401, true],
  ])('of %p characters where %p are usual: %p', (length, median, isFound) => {
    const found = textsOf([tool(1, { 'tool.result_len': length })], usual({ length: median }));
    expect(found).toHaveLength(isFound ? 1 : 0);
  });

  it('is none where nothing is usual, and the text has both figures', () => {
    const events = [tool(1, { 'tool.result_len': 123_456 })];
    expect(textsOf(events)).toEqual([]);
    expect(textsOf(events, usual({ length: 99.5 }))).toEqual([
      'outsized_result: search returned 123,456 characters; its median is 100',
    ]);
    expect(textsOf([tool(1, { 'tool.result_len': undefined })], usual({ length: 1 }))).toEqual([]);
  });
});

describe('an empty result', () => {
  it.each<readonly [Partial<EventRecord>, number | undefined, boolean]>([
    [{ 'tool.result_len': 0 }, 0, true],
    [{ 'tool.result_len': 0 }, 0.199, true],
    [{ 'tool.result_len': 0 }, 0.2, false],
    [{ 'tool.result_len': 0 }, undefined, false],
    [{ 'tool.result_len': 2, 'tool.result_empty': true }, 0, true],
    [{ 'tool.result_len': undefined, 'tool.result_empty': true }, 0, true],
    [{ 'tool.result_len': 1 }, 0, false],
    [{ 'tool.result_len': undefined }, 0, false],
  ])('%j where %p of the results are: %p', (fields, empty, isFound) => {
    expect(textsOf([tool(1, fields)], usual({ empty }))).toEqual(
      isFound ? ['empty_result: search returned nothing; usually it returns something'] : [],
    );
  });
});

describe('an error that is ignored', () => {
  const failed = tool(1, { 'tool.ok': false });

  it('is one that the next answer of the run ends on', () => {
    const text =
      'error_ignored: search failed, and the next answer was a final one (end_turn), as if it had not';
    expect(textsOf([failed, call(2, ended('end_turn'))])).toEqual([text]);
    expect(textsOf([failed, call(2, ended('tool_use')), call(3, ended('end_turn'))])).toEqual([]);
    expect(textsOf([failed, call(2, { ...ended('end_turn'), 'agent.run_id': 'other' })])).toEqual([]);
    expect(textsOf([failed])).toEqual([]);
    expect(textsOf([failed, call(2)])).toEqual([]);
  });

  it('is neither empty nor outsized besides', () => {
    const sized = [0, 99_999].map((length) => tool(1, { 'tool.ok': false, 'tool.result_len': length }));
    expect(textsOf(sized, usual({ length: 1, empty: 0 }))).toEqual([]);
  });
});

describe('a call', () => {
  it.each([
    ['max_tokens', ['output_truncated: the answer was cut off after 7 tokens (max_tokens)']],
    [
      'model_context_window_exceeded',
      ['output_truncated: the answer was cut off after 7 tokens (model_context_window_exceeded)'],
    ],
    ['refusal', ['refused: the model refused']],
    ['end_turn', []],
    ['pause_turn', []],
  ])('that ended with %s: %j', (reason, texts) => {
    expect(textsOf([call(1, { ...ended(reason), tokens_output: 7 })])).toEqual(texts);
  });

  it('whose price is unknown fails as silently as any other', () => {
    const unpriced = { cost_nano_usd: undefined };
    expect(textsOf([call(1, { ...ended('refusal'), ...unpriced })])).toHaveLength(1);
    expect(
      textsOf([tool(1, { 'tool.ok': false }), call(2, { ...ended('end_turn'), ...unpriced })]),
    ).toHaveLength(1);
  });

  it('that is reported twice fails once', () => {
    const duplicate = { ...ended('refusal'), 'tallyspan.duplicate': true };
    expect(textsOf([call(1, ended('refusal')), call(1, duplicate)])).toHaveLength(1);
  });

  it.each([
    [1_000, 11_000, true],
    [1_000, 10_999, false],
    [5_000, 15_000, true],
    [5_001, 15_002, false],
    [5_001, 15_003, true],
  ])('whose context grew from %p to %p: %p', (before, after, isFound) => {
    const events = [call(1, { tokens_input: before }), call(2, { tokens_input: after })];
    expect(textsOf(events)).toHaveLength(isFound ? 1 : 0);
  });

  it('has grown only within a run, on one model, and against a context that is known', () => {
    const big = { tokens_input: 20_000, tokens_output: 1 };
    expect(textsOf([call(1), call(2, big)])).toEqual([
      'token_jump: the context grew from 1,000 to 20.0k tokens in one step',
    ]);
    expect(textsOf([call(1, big)])).toEqual([]);
    expect(textsOf([call(1, { 'agent.run_id': 'other' }), call(2, big)])).toEqual([]);
    expect(textsOf([call(1, { 'gen_ai.response.model': 'other' }), call(2, big)])).toEqual([]);
    expect(textsOf([call(1, { tokens_input: undefined, ...ended('tool_use') }), call(2, big)])).toEqual([]);
  });

  it('that never answered is not what the context grew from', () => {
    const lost = call(2, { cost_nano_usd: undefined, tokens_input: undefined });
    expect(textsOf([call(1), lost, call(3, { tokens_input: 20_000 })])).toHaveLength(1);
  });

  it.each([
    [20_000, 2_000, true],
    [19_999, 1, false],
    [20_009, 2_001, false],
    [20_010, 2_001, true],
  ])('that took %p ms where %p are usual: %p', (durationMs, median, isFound) => {
    const events = [call(1, { duration_ms: durationMs })];
    expect(textsOf(events, usual({ durationMs: median }))).toHaveLength(isFound ? 1 : 0);
  });

  it('is slow only against what is usual, and the text has both figures', () => {
    const events = [call(1, { duration_ms: 65_000 })];
    expect(textsOf(events)).toEqual([]);
    expect(textsOf(events, usual({ durationMs: 2_000 }))).toEqual([
      `latency_outlier: the call took 1 min 5 s; the median of ${MODEL} is 2.0 s`,
    ]);
    expect(textsOf([call(1)], usual({ durationMs: 1 }))).toEqual([]);
  });
});

describe('a run that ended well', () => {
  const paused = call(3, ended('pause_turn'));

  it('on a pause is told, with the step of the pause', () => {
    expect(findSilentFailures([paused, end()], usual({}))).toEqual([
      {
        kind: 'paused_at_end',
        runId: 'run',
        step: 3,
        tool: undefined,
        atMs: 99_000,
        text: 'the run ended on a paused turn that nobody continued',
      },
    ]);
  });

  it('or did not, or went on, or called no model, is not', () => {
    expect(textsOf([paused, end({ 'agent.status': 'error' })])).toEqual([]);
    expect(textsOf([paused, call(4, ended('end_turn')), end()])).toEqual([]);
    expect(textsOf([paused, call(4, { ...ended('end_turn'), cost_nano_usd: undefined }), end()])).toEqual([]);
    expect(textsOf([end()])).toEqual([]);
    expect(textsOf([paused, end({ 'agent.run_id': 'other' })])).toEqual([]);
    expect(textsOf([call(3), end()])).toEqual([]);
  });
});

describe('failures', () => {
  it('come in order of time, with their run, step and tool', () => {
    const found = findSilentFailures(
      [
        end(),
        call(5, { ...ended('pause_turn'), 'agent.run_id': undefined, trace_id: 'run' }),
        call(4, ended('refusal')),
        tool(3, { 'tool.result_len': 9_000 }),
        call(2, ended('max_tokens')),
        tool(1, { 'tool.result_len': 0 }),
      ],
      usual({ length: 1, empty: 0 }),
    );
    expect(found.map(({ kind, runId, step, tool: name, atMs }) => [kind, runId, step, name, atMs])).toEqual([
      ['empty_result', 'run', 1, 'search', 1_500],
      ['output_truncated', 'run', 2, undefined, 2_000],
      ['outsized_result', 'run', 3, 'search', 3_500],
      ['refused', 'run', 4, undefined, 4_000],
      ['paused_at_end', 'run', 5, undefined, 99_000],
    ]);
  });
});

describe('what is usual', () => {
  it('is the median, and the share of nothing, from five values on', () => {
    expect(readUsualValues(lengthsOf([9, 0, 5, 100])).resultLen.size).toBe(0);
    const odd = readUsualValues(lengthsOf([9, 0, 5, 100, 7]));
    expect([odd.resultLen.get('search'), odd.emptyShare.get('search')]).toEqual([7, 0.2]);
    const even = readUsualValues(lengthsOf([9, 0, 10, 100, 5, 0]));
    expect([even.resultLen.get('search'), even.emptyShare.get('search')]).toEqual([7, 2 / 6]);
  });

  it('does not depend on the order', () => {
    const lengths = fc.array(fc.nat({ max: 10_000 }), { minLength: 5, maxLength: 12 });
    fc.assert(
      fc.property(lengths, (own) => {
        expect(readUsualValues(lengthsOf(own.toReversed()))).toEqual(readUsualValues(lengthsOf(own)));
        const median = readUsualValues(lengthsOf(own)).resultLen.get('search') ?? -1;
        expect(own.filter((length) => length <= median).length).toBeGreaterThanOrEqual(own.length / 2);
        expect(own.filter((length) => length >= median).length).toBeGreaterThanOrEqual(own.length / 2);
      }),
    );
  });

  it('leaves out what failed, what has no name, and what is something else', () => {
    const five = [1, 2, 3, 4, 5];
    const none = [
      ...lengthsOf(five, { 'tool.ok': false }),
      ...lengthsOf(five, { 'gen_ai.tool.name': undefined }),
      ...five.map((step) => tool(step, { 'tool.result_len': undefined })),
      ...five.map((step) => call(step, { 'error.type': 'api_error', duration_ms: 5 })),
      ...five.map((step) => call(step, { 'gen_ai.tool.name': 'search', 'tool.result_len': 5 })),
      ...five.map((step) =>
        tool(step, { 'tool.result_len': undefined, 'gen_ai.response.model': MODEL, duration_ms: 5 }),
      ),
    ];
    const { resultLen, emptyShare, callDurationMs } = readUsualValues(none);
    expect([resultLen.size, emptyShare.size, callDurationMs.size]).toEqual([0, 0, 0]);
    const timed = five.map((step) => call(step, { duration_ms: step * 100 }));
    expect(readUsualValues(timed).callDurationMs).toEqual(new Map([[MODEL, 300]]));
    expect(readUsualValues(lengthsOf(five, { 'tool.ok': undefined })).resultLen.size).toBe(1);
  });
});

const noted = (fields: Partial<EventRecord>): EventRecord => ({
  timestamp: 5,
  'event.name': 'agent.note',
  'agent.run_id': 'run',
  'agent.step_number': 2,
  'agent.note.kind': 'silent_failure',
  'agent.note.subject': 'empty_result',
  ...fields,
});

const failure = (more: Partial<SilentFailure>): SilentFailure => ({
  kind: 'empty_result',
  runId: 'run',
  step: 1,
  tool: 'search',
  atMs: 5,
  text: 'found',
  ...more,
});

describe('failures that were noted where they happened', () => {
  it('are read from their notes, and from no other note', () => {
    const events = [
      noted({ 'gen_ai.tool.name': 'search', 'agent.note.value': 'why' }),
      noted({ 'agent.note.kind': 'compaction' }),
      noted({ 'agent.run_id': undefined, 'agent.step_number': undefined }),
    ];
    expect(readNotedFailures(events)).toEqual([
      { kind: 'empty_result', runId: 'run', step: 2, tool: 'search', atMs: 5, text: 'why' },
      { kind: 'empty_result', runId: '', step: 0, tool: undefined, atMs: 5, text: '' },
    ]);
  });

  it('are told once beside what was found, in order of time', () => {
    const others = [
      failure({ kind: 'refused', atMs: 1 }),
      failure({ runId: 'other', atMs: 2 }),
      failure({ step: 12, atMs: 3 }),
      failure({ tool: 'other', atMs: 9 }),
    ];
    const found = [failure({})];
    expect(uniteFailures(found, [failure({ atMs: 7, text: 'noted' })])).toEqual(found);
    expect(uniteFailures(found, others).map(({ atMs }) => atMs)).toEqual([1, 2, 3, 5, 9]);
    expect(uniteFailures([], found)).toEqual(found);
  });
});
