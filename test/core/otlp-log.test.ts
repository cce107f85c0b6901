import { describe, expect, it } from '@jest/globals';
import { decodeEvent, type EventRecord } from '../../core/event.ts';
import { toOtlpLogs } from '../../core/otlp/otlp-log.ts';

const call: EventRecord = {
  timestamp: 1_789_000_000_123,
  'event.name': 'agent.model_call',
  'service.name': 'shop',
  'service.instance.id': 'p1',
  trace_id: 'a'.repeat(32),
  span_id: 'b'.repeat(16),
  cost_nano_usd: 12,
  'gen_ai.usage.cost': 0.000000012,
  'gen_ai.response.finish_reasons': ['end_turn'],
};

interface Log {
  timeUnixNano: string;
  eventName: string;
  body: { stringValue: string };
  attributes: { key: string; value: unknown }[];
}
interface Resource {
  resource: { attributes: { key: string; value: unknown }[] };
  scopeLogs: { scope: { name: string }; logRecords: Log[] }[];
}

describe('events as an OTLP log request', () => {
  it('carries the whole event in the body and the fields of signals as attributes', () => {
    const [resource] = toOtlpLogs([call]).resourceLogs as Resource[];
    const log = resource?.scopeLogs[0]?.logRecords[0];
    expect(log).toMatchObject({ timeUnixNano: '1789000000123000000', eventName: 'agent.model_call' });
    expect(decodeEvent(log?.body.stringValue ?? '')).toEqual(call);
    expect(log?.attributes).toContainEqual({ key: 'cost_nano_usd', value: { intValue: '12' } });
    expect(log?.attributes.map(({ key }) => key)).not.toContain('gen_ai.usage.cost');
    expect(resource?.resource.attributes).toEqual([
      { key: 'service.name', value: { stringValue: 'shop' } },
      { key: 'service.instance.id', value: { stringValue: 'p1' } },
    ]);
  });

  it('has one resource per process', () => {
    const other = { ...call, 'service.instance.id': 'p2' };
    const { resourceLogs } = toOtlpLogs([call, other, call]);
    expect((resourceLogs as Resource[]).map(({ scopeLogs }) => scopeLogs[0]?.logRecords.length)).toEqual([
      2, 1,
    ]);
  });
});
