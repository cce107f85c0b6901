// The catalogue says what every back end can know.

import { describe, expect, it } from '@jest/globals';
import {
  COMMON_FIELDS,
  EVENTS,
  FIELDS,
  fieldOfDimension,
  type FieldDefinition,
  type FieldKey,
} from '../../core/schema.ts';
import { CATALOGUE, signalOf } from '../../signals/catalogue/index.ts';
import { evaluate } from '../../signals/evaluate.ts';
import { foldsOf, SignalError, type Filter, type Fold } from '../../signals/signal.ts';

const FIXED_IDS = `
  run_count run_success_rate run_loss_rate run_latency_p50 run_latency_p95 model_latency_p95 ttft_p95
  cost cost_today cost_spike cost_per_successful_run tool_cost cache_hit_ratio tool_calls tool_failure_rate
  tool_retry_rate turns_per_run api_error_rate output_input_ratio unpriced_calls`
  .trim()
  .split(/\s+/);

function fieldsOfFilter(filter: Filter): FieldKey[] {
  return 'anyOf' in filter ? filter.anyOf.flatMap(fieldsOfFilter) : [filter.field];
}

function fieldsOf(fold: Fold): FieldKey[] {
  const filters = [...(fold.where ?? []), ...(fold.unlessBy?.where ?? [])];
  const measured = [
    ...(fold.field === undefined ? [] : [fold.field]),
    ...(fold.terms ?? []).map(({ field }) => field),
  ];
  return [...measured, ...filters.flatMap(fieldsOfFilter)];
}

function hasField(kind: Fold['of'], field: FieldKey): boolean {
  if (COMMON_FIELDS.some((common) => common === field)) return true;
  return kind !== '*' && (EVENTS[kind].fields as readonly FieldKey[]).includes(field);
}

describe('the catalogue', () => {
  it('keeps the ids that people type', () => {
    const ids = CATALOGUE.map(({ id }) => id);
    expect(ids).toEqual(expect.arrayContaining(FIXED_IDS));
    expect(new Set(ids).size).toBe(ids.length);
    for (const id of ids) expect(id).toMatch(/^[a-z][a-z0-9]*(_[a-z0-9]+)*$/);
  });

  it('names the nearest signals to a wrong id', () => {
    expect(signalOf('cost').title).toBe('Cost');
    expect(() => signalOf('success_rate')).toThrow(SignalError);
    expect(() => signalOf('success_rate')).toThrow(/run_success_rate/);
    expect(() => signalOf('xyz')).toThrow(/tallyspan signals/);
  });

  it.each(CATALOGUE.map((signal) => [signal.id, signal] as const))(
    '%s reads fields that its events have',
    (_, signal) => {
      for (const fold of foldsOf(signal.value)) {
        const dimensionFields = signal.dimensions.map(fieldOfDimension);
        for (const field of [...fieldsOf(fold), ...dimensionFields]) {
          expect([field, hasField(fold.of, field)]).toEqual([field, true]);
        }
      }
    },
  );

  it.each(CATALOGUE.map((signal) => [signal.id, signal] as const))(
    '%s reads fields that Loki keeps',
    (_, signal) => {
      for (const field of [
        ...foldsOf(signal.value).flatMap(fieldsOf),
        ...signal.dimensions.map(fieldOfDimension),
      ]) {
        const { attribute, resource, inLineOnly, sensitive }: FieldDefinition = FIELDS[field];
        const isLabel = (attribute === true || resource === true) && inLineOnly === undefined;
        expect([field, isLabel, sensitive]).toEqual([field, true, undefined]);
      }
    },
  );

  it.each(CATALOGUE.map((signal) => [signal.id, signal] as const))(
    '%s says in words what it is and what to do',
    (_, signal) => {
      for (const text of [signal.title, signal.help, signal.bad, signal.action])
        expect(text.length).toBeGreaterThan(3);
      for (const text of [signal.help, signal.bad, signal.action]) expect(text).toMatch(/[.?)]$/);
      const titles = CATALOGUE.filter(({ title }) => title === signal.title);
      expect(titles).toHaveLength(1);
    },
  );

  it.each(CATALOGUE.map((signal) => [signal.id, signal] as const))(
    '%s over nothing is what it says it is',
    (_, signal) => {
      const request = { from: 0, to: 86_400_000, timezone: 'UTC' };
      expect(evaluate(signal, [], request)).toMatchObject({ value: signal.whenEmpty });
      const [by] = signal.dimensions;
      expect(evaluate(signal, [], { ...request, by })).toMatchObject({ groups: [] });
    },
  );
});
