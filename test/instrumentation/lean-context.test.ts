// A lean context has the values that a context of OpenTelemetry would have.

import { expect, test } from '@jest/globals';
import { createContextKey, propagation, ROOT_CONTEXT } from '@opentelemetry/api';
import { leanContext } from '../../instrumentation/otel/lean-context.ts';

const [first, second] = [createContextKey('first'), createContextKey('second')];

test('it has the values of its base and its own, and none that was deleted', () => {
  const lean = leanContext(ROOT_CONTEXT.setValue(first, 1));
  const changed = lean.setValue(second, 2).setValue(first, 3);
  const deleted = changed.deleteValue(first);
  const again = deleted.setValue(first, 4);
  expect([lean, changed, deleted, again].map((one) => [one.getValue(first), one.getValue(second)])).toEqual([
    [1, undefined],
    [3, 2],
    [undefined, 2],
    [4, 2],
  ]);
});

test('a context that is lean already stays as it is', () => {
  const lean = leanContext(ROOT_CONTEXT).setValue(first, 1);
  expect(leanContext(lean)).toBe(lean);
  expect(lean.deleteValue(second)).toBe(lean);
});

test('baggage can be put on it and taken off', () => {
  const baggage = propagation.createBaggage({ key: { value: 'value' } });
  const lean = propagation.setBaggage(leanContext(ROOT_CONTEXT), baggage);
  expect(propagation.getBaggage(lean)).toBe(baggage);
  expect(propagation.getBaggage(propagation.deleteBaggage(lean))).toBeUndefined();
});
