// The encoding queue: what waits in it is encoded in order, before anything that must not wait, and on time without being asked.

import { expect, it } from '@jest/globals';
import { setTimeout as sleep } from 'node:timers/promises';
import type { EventRecord } from '../../core/event.ts';
import { EncodingQueue } from '../../instrumentation/encode/encoding-queue.ts';
import type { Fields } from '../../instrumentation/encode/encode-event.ts';
import { RecordBatch } from '../../instrumentation/encode/record-batch.ts';
import { Numbering } from '../../instrumentation/process/numbering.ts';
import { detectService, ServiceHolder } from '../../instrumentation/process/service.ts';
import { EventLog } from '../../instrumentation/record/event-log.ts';
import { readRequest, recordsOf } from './otlp-request.ts';

const SPAN = { traceId: '0af7651916cd43dd8448eb211c80319c', spanId: 'b7ad6b7169203331', traceFlags: 1 };
const LIMIT_MS = 30_000;

function openLog() {
  const queue = new EncodingQueue();
  const service = new ServiceHolder(detectService(undefined));
  const sent: EventRecord[] = [];
  const numbering = new Numbering();
  const log = new EventLog(
    (record) => {
      const batch = new RecordBatch();
      batch.add(record);
      for (const { body } of recordsOf(readRequest('logs', batch.finish())))
        sent.push(JSON.parse((body as { string_value: string }).string_value) as EventRecord);
    },
    service,
    '1',
    undefined,
    numbering,
    undefined,
    queue,
  );
  const emit = (fields: Fields = {}): void => {
    log.emit('agent.tool_call', 1_795_262_400_000, SPAN, fields);
  };
  const names = (): string[] => sent.map((event) => event['gen_ai.tool.name'] ?? event['event.name']);
  return { queue, service, sent, numbering, log, emit, names };
}

it('encodes in order, with the numbers that the events got', () => {
  const { queue, numbering, emit, sent, names } = openLog();
  emit({ 'gen_ai.tool.name': 'a' });
  emit({ 'gen_ai.tool.name': 'b' });
  expect(names()).toEqual([]);
  expect([queue.size, numbering.sequence]).toEqual([2, 2]);
  queue.encodeAll();
  expect(names()).toEqual(['a', 'b']);
  expect(sent.map((event) => event['tallyspan.seq'])).toEqual([1, 2]);
  expect(queue.size).toBe(0);
});

it('encodes without being asked', async () => {
  const { emit, names } = openLog();
  emit({ 'gen_ai.tool.name': 'a' });
  for (let waitedMs = 0; names().length === 0 && waitedMs < LIMIT_MS; waitedMs += 20) await sleep(20);
  emit({ 'gen_ai.tool.name': 'b' });
  for (let waitedMs = 0; names().length === 1 && waitedMs < LIMIT_MS; waitedMs += 20) await sleep(20);
  expect(names()).toEqual(['a', 'b']);
});

it('holds few, however many there are', () => {
  const { queue, emit, sent } = openLog();
  for (let count = 0; count < 1_000; count += 1) emit();
  expect(sent.length).toBeGreaterThan(800);
  queue.encodeAll();
  expect(sent).toHaveLength(1_000);
});

it('lets the start of a run wait for what was before it alone, and a request not for that', () => {
  const { queue, log, emit, names } = openLog();
  log.emitStart(1_795_262_400_000, SPAN, {});
  expect(names()).toEqual(['agent.run.started']);
  emit({ 'gen_ai.tool.name': 'a' });
  log.emitStart(1_795_262_400_000, SPAN, {});
  expect(names()).toHaveLength(1);
  queue.encodeAll();
  expect(names()).toEqual(['agent.run.started', 'a', 'agent.run.started']);
});

it('holds no content', () => {
  const { emit, names } = openLog();
  emit({ 'gen_ai.tool.name': 'a' });
  emit({ 'gen_ai.tool.name': 'b', 'tallyspan.request_json': '{}' });
  expect(names()).toEqual(['a', 'b']);
});

it('tells a listener of what comes after it, at once', () => {
  const { log, emit } = openLog();
  const heard: unknown[] = [];
  emit({ 'gen_ai.tool.name': 'before' });
  const end = log.listen((event) => heard.push(event['gen_ai.tool.name']));
  emit({ 'gen_ai.tool.name': 'a' });
  expect(heard).toEqual(['a']);
  end();
  emit({ 'gen_ai.tool.name': 'after' });
  expect(heard).toEqual(['a']);
});

it('keeps to the service that an event was of', () => {
  const { queue, service, emit, sent } = openLog();
  const { name } = service.current;
  emit();
  service.adopt({ 'service.name': 'another' });
  emit();
  queue.encodeAll();
  expect(sent.map((event) => event['service.name'])).toEqual([name, 'another']);
});

it('goes on after a record that cannot be encoded', () => {
  const queue = new EncodingQueue();
  const done: string[] = [];
  queue.add(() => {
    throw new Error('cannot');
  });
  queue.add(() => done.push('next'));
  queue.encodeAll();
  expect(done).toEqual(['next']);
});
