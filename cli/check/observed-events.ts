// Observed events: what one command reported while it ran, held in memory. They come by OTLP to a server of this process
// alone, and from the file that our instrumentation writes, which also has what a process could not send at its end.

import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { markDuplicates } from '../../core/duplicates.ts';
import { decodeEvent, type EventRecord } from '../../core/event.ts';
import { makeHttpIntake } from '../../server/intake/http-intake.ts';
import { RunAssembler } from '../../server/foreign/run-assembler.ts';
import { TraceStore } from '../../server/foreign/trace-store.ts';
import { Intake } from '../../server/intake/intake.ts';
import { accessOf } from '../../server/process/access.ts';
import { EventBatch } from '../../server/store/columns/event-batch.ts';
import type { Batch } from '../../server/store/write/event-store.ts';
import { boundBatch } from '../../server/store/columns/bounds.ts';
import { eventOfRow } from '../../server/store/columns/event-of-row.ts';
import { loadPriceOverrides } from '../prices/price-overrides-file.ts';

export interface Observation {
  /** What the command needs in its environment, the rest of which stays as it is; undefined takes a variable away. */
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Every event once, in order of time. */
  events(): Promise<readonly EventRecord[]>;
  /** Stops the server and removes its files. */
  close(): Promise<void>;
}

/** More is no test run: what comes then is not kept. */
const EVENTS_LIMIT = 500_000;
/** Settings that would send somewhere else, or not at all. */
const TAKEN_AWAY = [
  'OTEL_SDK_DISABLED',
  'OTEL_EXPORTER_OTLP_HEADERS',
  'OTEL_EXPORTER_OTLP_LOGS_ENDPOINT',
  'OTEL_EXPORTER_OTLP_LOGS_HEADERS',
  'OTEL_EXPORTER_OTLP_LOGS_PROTOCOL',
  'OTEL_EXPORTER_OTLP_TRACES_ENDPOINT',
  'OTEL_EXPORTER_OTLP_TRACES_HEADERS',
  'OTEL_EXPORTER_OTLP_TRACES_PROTOCOL',
  'TALLYSPAN_RECEIPT',
] as const;

/**
 * Starts to observe. `register` is the file of the preload, `env` what the user has.
 * @throws CliError when a price file is named that cannot be used
 */
export async function startObservation(register: string, env: NodeJS.ProcessEnv): Promise<Observation> {
  const overrides = await loadPriceOverrides(undefined, env);
  const sent: EventRecord[] = [];
  const memory = {
    write: ({ events }: Batch): Promise<void> => {
      const batch = events instanceof EventBatch ? events : EventBatch.of(events);
      boundBatch(batch);
      for (let row = 0; row < batch.rows && sent.length < EVENTS_LIMIT; row++)
        sent.push(eventOfRow(batch, row));
      batch.release();
      return Promise.resolve();
    },
  };
  // Nothing is stored: every trace is new.
  const traces = new TraceStore({ all: () => Promise.resolve([]) });
  const intake = new Intake(memory, new RunAssembler(traces, memory, { overrides }), { overrides });
  const folder = await mkdtemp(path.join(tmpdir(), 'tallyspan-check-'));
  const server = makeHttpIntake({ intake, access: accessOf('127.0.0.1', undefined), log: () => undefined });
  const url = await server.listen({ host: '127.0.0.1', port: 0 });
  const files = path.join(folder, 'events');
  return {
    env: {
      ...Object.fromEntries(TAKEN_AWAY.map((name) => [name, undefined])),
      NODE_OPTIONS: `${env['NODE_OPTIONS'] ?? ''} --require ${JSON.stringify(register)}`.trim(),
      OTEL_EXPORTER_OTLP_ENDPOINT: url,
      OTEL_EXPORTER_OTLP_PROTOCOL: 'http/protobuf',
      OTEL_LOGS_EXPORTER: 'otlp',
      OTEL_TRACES_EXPORTER: 'otlp',
      OTEL_METRICS_EXPORTER: 'none',
      // Claude Code, should the command start it.
      CLAUDE_CODE_ENABLE_TELEMETRY: '1',
      TALLYSPAN_FILE: files,
      TALLYSPAN_SPOOL: path.join(folder, 'spool'),
      // The streams are those of the command.
      TALLYSPAN_LOG: 'off',
    },
    events: async () => onceEach([...sent, ...(await readFiles(files))]),
    close: async () => {
      await server.close();
      await rm(folder, { recursive: true, force: true });
    },
  };
}

async function readFiles(folder: string): Promise<EventRecord[]> {
  const names = await readdir(folder).catch(() => []);
  const events: EventRecord[] = [];
  for (const name of names)
    for (const line of (await readFile(path.join(folder, name), 'utf8')).split('\n')) {
      const event = decodeEvent(line);
      if (event !== undefined) events.push(event);
    }
  return events;
}

/** Of an event that was sent twice one, of one that was reported again the newest. */
function onceEach(events: readonly EventRecord[]): readonly EventRecord[] {
  const kept = new Map<string, EventRecord>();
  for (const event of events) {
    const name = JSON.stringify(nameOf(event));
    const former = kept.get(name);
    if (former === undefined || revisionOf(event) > revisionOf(former)) kept.set(name, event);
  }
  return markDuplicates([...kept.values()]).toSorted((a, b) => a.timestamp - b.timestamp);
}

function nameOf(event: EventRecord): readonly unknown[] {
  const { 'tallyspan.key': key, 'tallyspan.process_id': process, 'tallyspan.seq': seq } = event;
  if (key !== undefined) return [event['event.name'], key];
  if (process !== undefined && seq !== undefined) return [process, seq];
  return [event['event.name'], event.trace_id, event.span_id, event.timestamp, event['gen_ai.tool.name']];
}

function revisionOf(event: EventRecord): number {
  return event['tallyspan.revision'] ?? 0;
}
