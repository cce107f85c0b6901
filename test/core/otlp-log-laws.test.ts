// Laws of the log request: each field goes where the schema says, as the OTLP type of its own.

import { describe, expect, it } from '@jest/globals';
import * as fc from 'fast-check';
import { decodeEvent, type EventRecord } from '../../core/event.ts';
import { toOtlpLogs } from '../../core/otlp/otlp-log.ts';
import { FIELDS, FIELD_KEYS, type FieldDefinition, type FieldKey } from '../../core/schema.ts';

type Value = Readonly<Record<string, unknown>>;
interface Log {
  readonly timeUnixNano: string;
  readonly observedTimeUnixNano: string;
  readonly severityNumber: number;
  readonly severityText: string;
  readonly eventName: string;
  readonly traceId?: string;
  readonly spanId?: string;
  readonly body: { readonly stringValue: string };
  readonly attributes: readonly { readonly key: FieldKey; readonly value: Value }[];
}
interface Resource {
  readonly resource: { readonly attributes: Log['attributes'] };
  readonly scopeLogs: readonly {
    readonly scope: { readonly name: string };
    readonly logRecords: readonly Log[];
  }[];
}

const SAMPLES = { string: 'x', int: 7, time: 7, float: 0.5, bool: false, strings: ['a', 'b'] } as const;

/** An event that has every field of the schema. */
const full = {
  ...Object.fromEntries(FIELD_KEYS.map((key) => [key, SAMPLES[FIELDS[key].type]])),
  timestamp: 1_789_000_000_123,
  'event.name': 'agent.tool_call',
} as unknown as EventRecord;

function send(...events: EventRecord[]): Resource[] {
  return toOtlpLogs(events).resourceLogs as Resource[];
}

/** The value as OTLP in JSON writes the type of the field. */
function written(key: FieldKey): Value {
  const value = full[key];
  switch (FIELDS[key].type) {
    case 'string':
      return { stringValue: value };
    case 'bool':
      return { boolValue: value };
    case 'float':
      return { doubleValue: value };
    case 'strings':
      return { arrayValue: { values: (value as string[]).map((text) => ({ stringValue: text })) } };
    default:
      return { intValue: String(value) };
  }
}

describe('an event with every field', () => {
  const [resource] = send(full);
  const log = resource?.scopeLogs[0]?.logRecords[0];

  it.each(['attribute', 'resource'] as const)(
    'has those that are marked %s there, by their types',
    (place) => {
      const attributes = place === 'attribute' ? log?.attributes : resource?.resource.attributes;
      const expected = FIELD_KEYS.filter((key) => (FIELDS[key] as FieldDefinition)[place] === true);
      expect(attributes).toEqual(expected.map((key) => ({ key, value: written(key) })));
    },
  );

  it('carries what a backend looks for: scope, time, severity, name, ids and the whole in the body', () => {
    expect(resource?.scopeLogs[0]?.scope).toEqual({ name: 'tallyspan' });
    expect(log).toMatchObject({
      timeUnixNano: '1789000000123000000',
      observedTimeUnixNano: '1789000000123000000',
      severityNumber: 9,
      severityText: 'INFO',
      eventName: 'agent.tool_call',
      traceId: 'x',
      spanId: 'x',
    });
    expect(decodeEvent(log?.body.stringValue ?? '')).toEqual(full);
  });

  it('without ids has none', () => {
    const [bare] = send({ ...full, trace_id: undefined, span_id: undefined });
    const keys = Object.keys(bare?.scopeLogs[0]?.logRecords[0] ?? {});
    expect(keys).toContain('body');
    expect(keys.filter((key) => key === 'traceId' || key === 'spanId')).toEqual([]);
  });
});

describe('events of several processes', () => {
  it('all arrive, each process with its own, in their order', () => {
    const aProcess = fc.constantFrom(undefined, 'p1', 'p2');
    fc.assert(
      fc.property(fc.array(aProcess, { maxLength: 12 }), (processes) => {
        const events = processes.map((process, index) => ({
          ...full,
          'tallyspan.seq': index,
          'service.instance.id': process,
        }));
        const resources = send(...events);
        expect(resources).toHaveLength(new Set(processes).size);
        const arrived = resources.flatMap((group) => {
          const seqs = group.scopeLogs.flatMap(({ logRecords }) =>
            logRecords.map(({ body }) => decodeEvent(body.stringValue)?.['tallyspan.seq'] ?? -1),
          );
          expect(seqs).toEqual(seqs.toSorted((a, b) => a - b));
          const own = group.resource.attributes.find(({ key }) => key === 'service.instance.id');
          for (const seq of seqs) expect(own?.value['stringValue']).toBe(processes[seq]);
          return seqs;
        });
        expect(arrived.toSorted((a, b) => a - b)).toEqual(processes.map((_, index) => index));
      }),
      { numRuns: 40 },
    );
  });
});
