// The compiler to LogQL writes the text that agreed with a real Loki; and what Loki answers is read as it should be.
// After a change that is meant: `node test/mutation/write-logql-cases.ts`, when the agreement is green.

import { readFileSync } from 'node:fs';
import { describe, expect, it } from '@jest/globals';
import { DAY_MS, HOUR_MS } from '../../core/time/time.ts';
import { signalOf } from '../../signals/catalogue/index.ts';
import { shapeVector, type LokiSample } from '../../signals/from-loki.ts';
import { labelFilterOf, quotedText, selectorOf } from '../../signals/logql-text.ts';
import { logqlDuration } from '../../signals/logql-time.ts';
import { SignalError, type Filter, type Signal, type Value } from '../../signals/signal.ts';
import { labelOf, toLogql } from '../../signals/to-logql.ts';
import { CONSTRUCTS } from './constructs.ts';
import { writeCase } from './logql-cases.ts';

const cost = signalOf('cost');
const PANEL = { context: { kind: 'panel' }, timezone: 'UTC' } as const;
const REQUEST = { from: 0, to: DAY_MS, timezone: 'UTC' };

const of = (value: Value): Signal => ({ ...cost, value });
const sample = (value: string, metric: Record<string, string> = {}): LokiSample => ({
  metric,
  value: [0, value],
});

function blocksOf(text: string): Map<string, string[]> {
  const blocks = text.trimEnd().split('\n\n');
  return new Map(blocks.map((block) => block.split('\n')).map(([id = '', ...lines]) => [id, lines]));
}

describe('the text', () => {
  const known = blocksOf(readFileSync(new URL('../fixtures/logql-cases.txt', import.meta.url), 'utf8'));

  it.each(CONSTRUCTS.map((signal) => [signal.id, signal] as const))(
    'of %s is the one that agreed',
    (id, signal) => {
      expect(writeCase(signal)).toEqual(known.get(id));
    },
  );

  it('is known for every construct', () => {
    expect([...known.keys()]).toEqual(CONSTRUCTS.map(({ id }) => id));
  });
});

describe('a query', () => {
  it('cannot be made of a dimension that the signal has not, nor of an aggregate without its field', () => {
    expect(() => toLogql(cost, { ...PANEL, by: 'tool' })).toThrow(SignalError);
    for (const aggregate of ['gaps', 'distinct', 'sum'] as const)
      expect(() => toLogql(of({ kind: 'fold', of: '*', aggregate }), PANEL)).toThrow(
        `the aggregate "${aggregate}" needs a field`,
      );
  });

  it('of a window without length reads nothing', () => {
    const context = { kind: 'at', from: HOUR_MS, to: HOUR_MS } as const;
    const query = toLogql(cost, { context, timezone: 'UTC' });
    expect('logql' in query ? query.logql : '').toBe('(vector(0) > 0)');
    const began = CONSTRUCTS.find(({ id }) => id === 'began') ?? cost;
    const unsettled = { kind: 'at', from: 5 * HOUR_MS, to: 5.5 * HOUR_MS } as const;
    const settled = toLogql(began, { context: unsettled, timezone: 'UTC' });
    expect('logql' in settled ? settled.logql : '').toBe('(vector(0) > 0) or vector(0)');
  });

  it('of the latest records asks conditions of the labels of the census, and says what it cannot ask', () => {
    const latest = { kind: 'fold', of: 'agent.score', aggregate: 'count', onlyLatest: true } as const;
    const where: Filter[] = [
      {
        anyOf: [
          { field: 'score_passed', is: true },
          { field: 'score_millionths', isPresent: true },
        ],
      },
    ];
    const filters = ['user_id=~`a|b="c"`', 'agent_task_type!=""', 'agent_version="1.2"'];
    const query = toLogql(of({ ...latest, where }), { ...PANEL, by: 'agent', filters });
    const logql = 'logql' in query ? query.logql : '';
    const labels =
      'gen_ai_agent_name, user_id, agent_task_type, agent_version, score_passed, score_millionths';
    expect(logql).toContain(`count by (${labels}) (topk by (record_key) (1, `);
    expect(logql).toContain(`"meets_1", "1", "user_id", \`(?s:a|b="c")\`), `);
    expect(logql).toContain(
      `"meets_2", "1", "agent_task_type", \`(?s:.*)\`), "meets_2", "", "agent_task_type", ""), `,
    );
    expect(logql).toContain(`"meets_3", "1", "agent_version", "1\\\\.2"), `);
    expect(logql).toContain(`"meets_4", "1", "score_passed", "true"), `);
    expect(logql).toContain(
      `"meets_4", "1", "score_millionths", \`(?s:.+)\`)) and on (meets_1, meets_2, meets_3, meets_4) `,
    );
    for (const filter of ['agent_version!~"1"', '| user_id="a"', 'user_id=`a`'])
      expect(() => toLogql(of(latest), { ...PANEL, filters: [filter] })).toThrow(
        'not asked of latest records',
      );
    const over = { ...latest, where: [{ field: 'score_millionths', over: 1 }] } as const;
    expect(() => toLogql(of(over), PANEL)).toThrow('not asked of latest records');
    expect(() => toLogql(of({ ...latest, aggregate: 'max', field: 'duration_ms' }), PANEL)).toThrow(
      'no "max" of latest records',
    );
    expect(() => toLogql(of({ ...latest, span: 'earlierDays' }), PANEL)).toThrow('of several ranges');
  });

  it('takes texts as they are, quoted, and patterns escaped', () => {
    expect(selectorOf('*', [])).toBe('{event_name=~"agent[.].+"}');
    expect(selectorOf('agent.run', ['a="b"', 'c="d"'])).toBe('{event_name="agent.run", a="b", c="d"}');
    expect(quotedText('a "b" \\')).toBe('"a \\"b\\" \\\\"');
    const signs = '\\^$.*+?()[]{}|';
    const escaped = signs
      .split('')
      .map((sign) => `\\${sign}`)
      .join('');
    expect(labelFilterOf({ field: 'gen_ai.tool.name', startsNotWith: signs })).toBe(
      `gen_ai_tool_name!~\`${escaped}.*\``,
    );
  });
});

describe('a duration', () => {
  it.each([
    [HOUR_MS, '1h'],
    [25 * HOUR_MS, '25h'],
    [90 * 60_000, '90m'],
    [61_000, '61s'],
    [1_500, '1500ms'],
    [0, '0h'],
  ])('of %p ms is %s', (ms, text) => {
    expect(logqlDuration(ms)).toBe(text);
  });
});

describe('an answer of Loki', () => {
  it('is the number of its only series, or what the signal is when empty', () => {
    expect(shapeVector(cost, REQUEST, [sample('12')])).toMatchObject({ value: 12 });
    expect(shapeVector(cost, REQUEST, [])).toMatchObject({ value: null });
    expect(shapeVector(signalOf('run_count'), REQUEST, [])).toMatchObject({ value: 0 });
    expect(shapeVector(cost, REQUEST, [sample('NaN')])).toMatchObject({ value: null });
  });

  it('has a group for each series, by the labels of the dimensions; an absent label is none', () => {
    expect([labelOf('user'), labelOf('model')]).toEqual(['user_id', 'gen_ai_response_model']);
    const vector = [
      sample('1', { user_id: 'a', other: 'x' }),
      sample('3', { user_id: '' }),
      sample('+Inf', { user_id: 'c' }),
      sample('2'),
    ];
    expect(shapeVector(cost, { ...REQUEST, by: 'user' }, vector)).toMatchObject({
      groups: [
        { by: { user: null }, value: 3 },
        { by: { user: null }, value: 2 },
        { by: { user: 'a' }, value: 1 },
      ],
    });
  });
});
