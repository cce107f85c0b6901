// The three back ends over the same events: each answers a signal for a request.

import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { EventRecord } from '../../core/event.ts';
import { stepStarts, type Step } from '../../core/time/time.ts';
import { runSignal, runSignalSeries } from '../../server/queries/signals/signals.ts';
import { openSource, type Source } from '../../server/source.ts';
import { openDatabase } from '../../server/store/file/database.ts';
import { EventStore } from '../../server/store/write/event-store.ts';
import { evaluate, evaluateSeries } from '../../signals/evaluate.ts';
import { shapeVector, type LokiSample } from '../../signals/from-loki.ts';
import type { SignalPoint, SignalResult } from '../../signals/result.ts';
import type { NotSupported, Signal, SignalRequest } from '../../signals/signal.ts';
import { toLogql, type LogqlContext } from '../../signals/to-logql.ts';
import { sendLogs, toLog } from '../stack/otlp-client.ts';

type SeriesRequest = Omit<SignalRequest, 'by'> & { readonly step: Step };

export interface Backend {
  read(signal: Signal, request: SignalRequest): Promise<SignalResult>;
  readSeries(signal: Signal, request: SeriesRequest): Promise<readonly SignalPoint[] | NotSupported>;
  close(): Promise<void>;
}

/** The reference evaluator. */
export function plainBackend(events: readonly EventRecord[]): Backend {
  return {
    read: (signal, request) => Promise.resolve(evaluate(signal, events, request)),
    readSeries: (signal, request) => Promise.resolve(evaluateSeries(signal, events, request)),
    close: () => Promise.resolve(),
  };
}

export interface StoreBackend extends Backend {
  /** Closes the store for writing and opens its folder as the commands do. */
  openSource(): Promise<Source>;
}

/** The embedded store, in a folder of its own. */
export async function storeBackend(events: readonly EventRecord[]): Promise<StoreBackend> {
  const dir = mkdtempSync(join(tmpdir(), 'tallyspan-signals-'));
  const database = await openDatabase(dir);
  const store = await EventStore.open(database);
  for (let start = 0; start < events.length; start += 10_000) {
    await store.write({ events: events.slice(start, start + 10_000), spans: [] });
  }
  let closing: Promise<void> | undefined;
  const closeOnce = (): Promise<void> => (closing ??= database.close());
  return {
    read: (signal, request) => runSignal(database, signal, request),
    readSeries: (signal, request) => runSignalSeries(database, signal, request),
    openSource: async () => {
      await closeOnce();
      return openSource({ dataDir: dir });
    },
    close: async () => {
      await closeOnce();
      rmSync(dir, { recursive: true, force: true });
    },
  };
}

/** Sends events, in the order of their instants, as OTLP log records. */
export async function pushEvents(otlpUrl: string, events: readonly EventRecord[]): Promise<void> {
  for (let start = 0; start < events.length; start += 2000) {
    const byResource = new Map<string, EventRecord[]>();
    for (const event of events.slice(start, start + 2000)) {
      const resource = `${event['service.name']} ${event['service.instance.id']}`;
      byResource.set(resource, [...(byResource.get(resource) ?? []), event]);
    }
    for (const own of byResource.values()) {
      const resource = {
        'service.name': own[0]?.['service.name'],
        'service.instance.id': own[0]?.['service.instance.id'],
      };
      const status = await sendLogs(otlpUrl, resource, own.map(toLog));
      if (status !== 204 && status !== 200) throw new Error(`the events were answered with ${status}`);
    }
  }
}

/** Asks Loki an instant query. */
export async function queryLoki(url: string, logql: string, atMs: number): Promise<LokiSample[]> {
  const body = new URLSearchParams({ query: logql, time: `${atMs}000000`, limit: '5000' });
  const response = await fetch(`${url}/loki/api/v1/query`, { method: 'POST', body });
  const text = await response.text();
  if (!response.ok) throw new Error(`Loki refused ${logql}: ${text}`);
  return (JSON.parse(text) as { data: { result: LokiSample[] } }).data.result;
}

/** How a request is put to Loki: the very intervals at an instant, or a panel's or rule's text up to now. */
export type LokiStyle = 'at' | 'panel' | 'rule';

/** Loki through the compiled queries, over the streams of some services. */
export async function readLoki(
  url: string,
  services: readonly string[],
  signal: Signal,
  request: SignalRequest,
  style: LokiStyle = 'at',
): Promise<SignalResult | NotSupported> {
  const lengthMs = request.to - request.from;
  const contexts: Record<LokiStyle, LogqlContext> = {
    at: { kind: 'at', from: request.from, to: request.to, now: request.now },
    panel: { kind: 'panel' },
    rule: { kind: 'rule', lengthMs },
  };
  const { by, where, timezone } = request;
  const query = toLogql(signal, {
    context: contexts[style],
    by,
    where,
    timezone,
    matchers: [matcherOf(services)],
  });
  if ('reason' in query) return query;
  const logql = query.logql
    .replaceAll('$__range', `${lengthMs}ms`)
    .replaceAll('$__from', String(request.from))
    .replaceAll('$__to', String(request.to));
  return shapeVector(signal, request, await queryLoki(url, logql, request.to));
}

/** Loki through the compiled range queries. */
export async function readLokiSeries(
  url: string,
  services: readonly string[],
  signal: Signal,
  request: SeriesRequest,
): Promise<readonly SignalPoint[] | NotSupported> {
  const { where, timezone, step } = request;
  const context = { kind: 'steps', step } as const;
  const query = toLogql(signal, { context, where, timezone, matchers: [matcherOf(services)] });
  if ('reason' in query) return query;
  const starts = stepStarts(request, step, timezone);
  const body = new URLSearchParams({
    query: query.logql,
    start: `${starts[0]}000000`,
    end: `${starts.at(-1)}000000`,
    step: String(query.step),
  });
  const response = await fetch(`${url}/loki/api/v1/query_range`, { method: 'POST', body });
  const text = await response.text();
  if (!response.ok) throw new Error(`Loki refused ${query.logql}: ${text}`);
  const [series] = (JSON.parse(text) as { data: { result: { values: [number, string][] }[] } }).data.result;
  const valueByStart = new Map(series?.values.map(([time, value]) => [time * 1000, Number(value)]));
  return starts.map((start) => ({ start, value: valueByStart.get(start) ?? signal.whenEmpty }));
}

function matcherOf(services: readonly string[]): string {
  return `service_name=~"${services.join('|')}"`;
}
