// Laws of the event line: it is the JSON that the runtime would write, and what is read back has the schema's types.

import { describe, expect, it } from '@jest/globals';
import * as fc from 'fast-check';
import { decodeEvent, encodeEvent, isEventName, isFieldValue, type EventRecord } from '../../core/event.ts';
import { FIELDS, FIELD_KEYS, type FieldType } from '../../core/schema.ts';

/** Texts around what may be written as it stands: control signs, quotes, the last of ASCII, halves of pairs. */
const aSign = fc.constantFrom(
  '\u0000',
  '\u001f',
  ' ',
  '!',
  '"',
  '#',
  '[',
  '\\',
  ']',
  '}',
  '~',
  '\u007f',
  '\u0080',
  'é',
  '\ud800',
  '😀',
);
const aText = fc.oneof(
  fc.string({ unit: aSign, maxLength: 8 }),
  fc.string({ minLength: 62, maxLength: 67 }),
  fc.string(),
);
const anInt = fc.maxSafeInteger();
const BY_TYPE: Readonly<Record<FieldType, fc.Arbitrary<unknown>>> = {
  string: aText,
  int: anInt,
  time: anInt,
  float: fc.double({ noNaN: true, noDefaultInfinity: true }).map((value) => (value === 0 ? 0 : value)),
  bool: fc.boolean(),
  strings: fc.array(aText, { maxLength: 3 }),
};

/** An event with any of the fields, in the order of the schema. */
const anEvent: fc.Arbitrary<EventRecord> = fc
  .record(
    Object.fromEntries(FIELD_KEYS.map((key) => [key, fc.option(BY_TYPE[FIELDS[key].type], { freq: 1 })])),
  )
  .map((fields) => {
    const present = Object.entries(fields).filter(([, value]) => value !== null);
    return Object.fromEntries([
      ['timestamp', 1_789_000_000_000 + present.length],
      ['event.name', 'agent.tool_call'],
      ...present.filter(([key]) => key !== 'timestamp' && key !== 'event.name'),
    ]) as unknown as EventRecord;
  });

describe('any event', () => {
  it('is the line that the runtime writes of its fields in the order of the schema', () => {
    fc.assert(
      fc.property(anEvent, (event) => {
        const ordered = Object.fromEntries(
          FIELD_KEYS.filter((key) => event[key] !== undefined).map((key) => [key, event[key]]),
        );
        const timestamp = new Date(event.timestamp).toISOString();
        expect(encodeEvent(event)).toBe(JSON.stringify({ ...ordered, timestamp }));
      }),
    );
  });

  it('survives a round trip, and the time of one event is not that of the next', () => {
    fc.assert(
      fc.property(anEvent, (event) => {
        expect(decodeEvent(encodeEvent(event))).toEqual(event);
        const later = { ...event, timestamp: event.timestamp + 1 };
        expect(decodeEvent(encodeEvent(later))).toEqual(later);
      }),
    );
  });
});

/** Values, and the types of fields that may hold them. */
const VALUES: readonly (readonly [value: unknown, types: readonly FieldType[]])[] = [
  ['text', ['string']],
  ['', ['string']],
  ['5', ['string']],
  [5, ['int', 'time', 'float']],
  [-5, ['int', 'time', 'float']],
  [2 ** 53, ['float']],
  [0.5, ['float']],
  [Number.NaN, []],
  [Number.POSITIVE_INFINITY, []],
  [true, ['bool']],
  [false, ['bool']],
  [null, []],
  [undefined, []],
  [{}, []],
  [[], ['strings']],
  [['a', 'b'], ['strings']],
  [['a', 5], []],
  [[5], []],
];

describe('a value from outside', () => {
  const fieldsByType = new Map(FIELD_KEYS.map((key) => [FIELDS[key].type, key]));

  it.each(VALUES)('%j is taken by fields of its type only', (value, types) => {
    for (const [type, key] of fieldsByType) {
      expect([type, isFieldValue(key, value)]).toEqual([type, types.includes(type)]);
    }
  });

  it('names an event only if the schema has it', () => {
    expect(isEventName('agent.model_call')).toBe(true);
    for (const other of ['agent.unheard_of', 'constructor', '', 5, undefined, ['agent.run']])
      expect(isEventName(other)).toBe(false);
  });

  it.each([
    '5',
    'true',
    '"text"',
    '{',
    '[{"timestamp":"2026-11-21T08:00:00Z","event.name":"agent.run"}]',
    '{"timestamp":2026,"event.name":"agent.run"}',
    '{"timestamp":"yesterday","event.name":"agent.run"}',
    '{"timestamp":"2026-11-21T08:00:00Z"}',
    '{"timestamp":"2026-11-21T08:00:00Z","event.name":"toString"}',
  ])('%s is no event', (line) => {
    expect(decodeEvent(line)).toBeUndefined();
  });
});
