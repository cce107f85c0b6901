import { describe, expect, it } from '@jest/globals';
import type { EventRecord } from '../../../core/event.ts';
import { toOtlpLogs } from '../../../core/otlp/otlp-log.ts';
import { FIELD_KEYS } from '../../../core/schema.ts';
import { eventsOfLogs } from '../../../server/intake/events-of-logs.ts';
import { decodeLogBatch } from '../../../server/intake/logs-protobuf.ts';
import { decodeLogsJson } from '../../../server/intake/otlp-json.ts';
import { EventBatch, FIELD_TYPES } from '../../../server/store/columns/event-batch.ts';
import { encodeLogs } from '../../bench/encode-logs.ts';
import { generateEvents } from '../../bench/agent-history.ts';
import { sampleRun } from '../web/sample-run.ts';

// Protobuf is read byte by byte into cells, JSON as objects: both must give the same events.

const NOW = 1_790_000_000_000;

function eventsOf(batch: EventBatch): Record<string, unknown>[] {
  return Array.from({ length: batch.rows }, (_, row) => {
    const event: Record<string, unknown> = {};
    for (const [field, key] of FIELD_KEYS.entries()) {
      const cell = batch.number(row, key);
      if (cell === undefined) continue;
      event[key] = FIELD_TYPES[field] === 'string' ? batch.text(row, key) : cell;
      if (FIELD_TYPES[field] === 'strings') event[key] = batch.list(cell);
    }
    return event;
  });
}

/** What the two readers make of the same events. */
function bothWays(events: readonly EventRecord[]): { protobuf: unknown; json: unknown } {
  const fromJson = eventsOfLogs(decodeLogsJson(Buffer.from(JSON.stringify(toOtlpLogs(events)))), NOW);
  const fromProtobuf = decodeLogBatch(encodeLogs(events), NOW);
  return {
    protobuf: [eventsOf(fromProtobuf.batch), fromProtobuf.otherRecords, fromProtobuf.refused],
    json: [eventsOf(EventBatch.of(fromJson.events)), fromJson.otherRecords, fromJson.refused],
  };
}

function firstEvents(count: number): EventRecord[] {
  const source = generateEvents(count, NOW);
  return Array.from({ length: count }, () => source.next().value as EventRecord);
}

describe('logs in protobuf are the events that the same logs in JSON are', () => {
  it('as agents send them', () => {
    const same: ReturnType<typeof bothWays>[] = [];
    same.push(bothWays(sampleRun({ mark: 'a', endMs: NOW })));
    same.push(bothWays(firstEvents(200)));
    expect(same.map(({ protobuf }) => protobuf)).toEqual(same.map(({ json }) => json));
  });

  it('with texts that are not plain', () => {
    const same: ReturnType<typeof bothWays>[] = [];
    const [event] = sampleRun({ mark: 'b', endMs: NOW }) as [EventRecord];
    const texts = ['', 'ü', '日本語', 'say "no"', 'a\\b', 'line\nbreak', 'nul\0', '🙂', 'x'.repeat(70_000)];
    same.push(bothWays(texts.map((text) => ({ ...event, 'user.id': text, 'anthropic.request.id': text }))));
    same.push(bothWays(texts.map((text) => ({ ...event, 'tool.input_keys': [text, 'plain'] }))));
    expect(same.map(({ protobuf }) => protobuf)).toEqual(same.map(({ json }) => json));
  });

  it('with numbers at their ends', () => {
    const same: ReturnType<typeof bothWays>[] = [];
    const [event] = sampleRun({ mark: 'c', endMs: NOW }) as [EventRecord];
    const numbers = [0, -1, 7, Number.MAX_SAFE_INTEGER, Number.MIN_SAFE_INTEGER, 1_000_000_000_000_000];
    same.push(bothWays(numbers.map((number) => ({ ...event, cost_nano_usd: number, duration_ms: number }))));
    const costs = [0.055596, 1e-9, 1e21, -3.5, 12];
    same.push(bothWays(costs.map((cost) => ({ ...event, 'gen_ai.usage.cost': cost }))));
    expect(same.map(({ protobuf }) => protobuf)).toEqual(same.map(({ json }) => json));
  });
});
