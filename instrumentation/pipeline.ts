// The pipeline: both deliveries of this process (spans and log records) with their spool.
// Providers feed it; exit handling drains it.

import { context } from '@opentelemetry/api';
import { suppressTracing } from '@opentelemetry/core';
import { ProtobufLogsSerializer, ProtobufTraceSerializer } from '@opentelemetry/otlp-transformer';
import type { LogRecordProcessor, ReadableLogRecord } from '@opentelemetry/sdk-logs';
import type { ReadableSpan, SpanProcessor } from '@opentelemetry/sdk-trace';
import { createHash } from 'node:crypto';
import { join } from 'node:path';
import { contentLength } from './content-attributes.ts';
import { Delivery, type DeliveryProblem } from './delivery.ts';
import { sayDebug, sayOnce } from './diagnostics.ts';
import { guard } from './guard.ts';
import type { Settings } from './settings.ts';
import { Spool } from './spool.ts';
import type { SignalKind, Transport } from './otlp.ts';
import { createTransport } from './transport.ts';

export class Pipeline {
  readonly spans: Delivery<ReadableSpan>;
  readonly logs: Delivery<ReadableLogRecord>;
  /** Where log records go, for people. */
  readonly endpoint: string;
  /** Folder of the spool and the journal of this service at this endpoint. */
  readonly folder: string;
  /** Why the last try failed. */
  lastReason: string | undefined;

  constructor(settings: Settings, serviceName: string) {
    const transports = {
      traces: silent(createTransport('traces', settings.protocol)),
      logs: silent(createTransport('logs', settings.protocol)),
    };
    this.endpoint = transports.logs.endpoint;
    this.folder = join(settings.spoolFolder, folderName(serviceName, transports));
    const spool = new Spool(this.folder);
    const onProblem = (problem: DeliveryProblem): void => {
      this.#tell(problem);
    };
    this.spans = new Delivery<ReadableSpan>({
      kind: 'traces',
      transport: transports.traces,
      spool,
      weigh: contentLength,
      encode: (items) => ProtobufTraceSerializer.serializeRequest(items) ?? new Uint8Array(),
      refusedPart: (answer) => {
        const part = ProtobufTraceSerializer.deserializeResponse(answer).partialSuccess;
        return refusedOf(part?.rejectedSpans, part?.errorMessage);
      },
      onProblem,
    });
    this.logs = new Delivery<ReadableLogRecord>({
      kind: 'logs',
      transport: transports.logs,
      spool,
      weigh: ({ body }) => (typeof body === 'string' ? body.length : 0),
      encode: (items) => ProtobufLogsSerializer.serializeRequest(items) ?? new Uint8Array(),
      refusedPart: (answer) => {
        const part = ProtobufLogsSerializer.deserializeResponse(answer).partialSuccess;
        return refusedOf(part?.rejectedLogRecords, part?.errorMessage);
      },
      onProblem,
    });
  }

  get waiting(): number {
    return this.spans.waiting + this.logs.waiting;
  }

  get dropped(): number {
    return this.spans.dropped + this.logs.dropped;
  }

  async flush(deadlineMs: number): Promise<void> {
    await Promise.all([this.logs.flush(deadlineMs), this.spans.flush(deadlineMs)]);
  }

  /** Puts everything unsent into the spool, at once, and says so where a try has failed. */
  setAside(reason = this.lastReason): void {
    const { waiting } = this;
    this.logs.setAside();
    this.spans.setAside();
    if (waiting === 0 || reason === undefined) return;
    const what = reason.includes('ECONNREFUSED')
      ? `nothing listens on ${this.endpoint}`
      : `${this.endpoint} does not answer (${reason})`;
    sayOnce(
      'away',
      `${what}; ${waiting.toLocaleString('en-US')} records wait in the spool. Start \`tallyspan up\` or set OTEL_EXPORTER_OTLP_ENDPOINT.`,
    );
  }

  /** Processor that feeds ended, sampled spans into the pipeline. */
  spanProcessor(): SpanProcessor {
    return {
      onStart: () => undefined,
      onEnd: (span) => {
        guard('queue span', () => {
          if ((span.spanContext().traceFlags & 1) === 1) this.spans.add(span);
        });
      },
      forceFlush: () => this.flush(Date.now() + 2_000),
      shutdown: () => this.flush(Date.now() + 2_000),
    };
  }

  logProcessor(): LogRecordProcessor {
    return {
      onEmit: (record) => {
        guard('queue log record', () => {
          this.logs.add(record);
        });
      },
      forceFlush: () => this.flush(Date.now() + 2_000),
      shutdown: () => this.flush(Date.now() + 2_000),
    };
  }

  #tell(problem: DeliveryProblem): void {
    switch (problem.type) {
      case 'away':
        this.lastReason = problem.reason;
        sayDebug(`${this.endpoint}: ${problem.reason}; ${String(problem.waiting)} records wait`);
        return;
      case 'refused':
        sayOnce(
          'refused',
          `${this.endpoint} refused ${String(problem.count)} records (${problem.reason}). Check OTEL_EXPORTER_OTLP_ENDPOINT and _HEADERS.`,
        );
        return;
      case 'dropped':
        sayOnce(
          'dropped',
          `records are dropped: ${this.endpoint} takes none and the spool is full or cannot be written. Set TALLYSPAN_SPOOL to a folder with room.`,
        );
    }
  }
}

/** Our own requests must not make spans of their own. */
function silent(transport: Transport): Transport {
  return {
    ...transport,
    send: (body) => context.with(suppressTracing(context.active()), () => transport.send(body)),
  };
}

function folderName(serviceName: string, transports: Readonly<Record<SignalKind, Transport>>): string {
  const hash = createHash('sha256')
    .update([serviceName, transports.logs.endpoint, transports.traces.endpoint].join('\n'))
    .digest('hex')
    .slice(0, 12);
  return `${serviceName.replaceAll(/[^\w.-]/g, '_').slice(0, 40)}-${hash}`;
}

function refusedOf(
  rejected: number | string | undefined,
  message: string | undefined,
): { count: number; reason: string } | undefined {
  const count = Number(rejected ?? 0);
  return count > 0 ? { count, reason: message ?? 'no reason given' } : undefined;
}
