// The pipeline: both deliveries of this process (spans and log records) with their spool.
// Providers feed it; exit handling drains it.

import { context } from '@opentelemetry/api';
import { suppressTracing } from '@opentelemetry/core';
import type { LogRecordProcessor } from '@opentelemetry/sdk-logs';
import type { SpanProcessor } from '@opentelemetry/sdk-trace';
import { createHash } from 'node:crypto';
import { join } from 'node:path';
import { isMainThread } from 'node:worker_threads';
import { EVENT_SCOPE } from '../../core/otlp/otlp-log.ts';
import { Delivery, type DeliveryProblem, type OnFate } from './delivery.ts';
import { sayDebug, sayOnce } from '../process/diagnostics.ts';
import { EncodingQueue } from '../encode/encoding-queue.ts';
import { encodeLogRecord } from '../encode/encode-log.ts';
import { encodeSpan } from '../encode/encode-span.ts';
import { guard } from '../process/guard.ts';
import { readRefusedPart } from '../encode/otlp-answer.ts';
import { splitRequest } from '../encode/split-request.ts';
import { RecordBatch, type EncodedRecord } from '../encode/record-batch.ts';
import type { Settings } from '../process/settings.ts';
import { Spool, SPOOL_DAYS } from './spool.ts';
import type { SignalKind, Transport } from './otlp.ts';
import type { OwnCopies } from './own-copies.ts';
import { createTransport } from './transport.ts';

/** What a program waits for when it flushes its own provider. */
const FLUSH_MS = 2_000;

export class Pipeline {
  readonly #deliveries: Readonly<Record<SignalKind, Delivery<EncodedRecord>>>;
  /** What waits for neither of them yet. A thread may be terminated at any moment, without a last word. */
  readonly encoding = new EncodingQueue(isMainThread ? undefined : 1);
  /** Where log records go, for people. */
  readonly endpoint: string;
  /** Folder of the spool and the journal of this service at this endpoint. */
  readonly folder: string;
  /** Whether spans and records of other code keep what was said. */
  readonly #keepsContent: boolean;
  /** Set in a thread that was started by another one. */
  copies: OwnCopies | undefined;
  /** Told before anything is sent. */
  onSend: (() => void) | undefined;
  /** Why the last try failed. */
  lastReason: string | undefined;

  constructor(settings: Settings, serviceName: string) {
    this.#keepsContent = settings.content === 'full';
    const transports = {
      traces: silent(createTransport('traces', settings.protocol)),
      logs: this.#announced(silent(createTransport('logs', settings.protocol))),
    };
    this.endpoint = transports.logs.endpoint;
    this.folder = join(settings.spoolFolder, folderName(serviceName, transports));
    const spool = new Spool(this.folder, undefined, {
      logs: transports.logs.endpoint,
      traces: transports.traces.endpoint,
    });
    const onProblem = (problem: DeliveryProblem): void => {
      this.#tell(problem);
    };
    const deliver = (kind: SignalKind): Delivery<EncodedRecord> =>
      new Delivery({
        kind,
        transport: transports[kind],
        spool,
        batch: new RecordBatch(),
        weigh: ({ record }) => record.length,
        refusedPart: readRefusedPart,
        split: splitRequest,
        onProblem,
      });
    this.#deliveries = { traces: deliver('traces'), logs: deliver('logs') };
  }

  /** Takes a record; `onFate` is told what becomes of it. */
  add(kind: SignalKind, record: EncodedRecord, isUrgent = false, onFate?: OnFate): void {
    const { copies } = this;
    const withCopy = copies && guard('copy', () => this.#copy(copies, kind, record, onFate));
    this.#deliveries[kind].add(record, isUrgent, withCopy ?? onFate);
  }

  #copy(copies: OwnCopies, kind: SignalKind, record: EncodedRecord, onFate?: OnFate): OnFate {
    onFate?.('copied');
    const letGo = copies.keep(kind, record);
    return (fate) => {
      letGo();
      onFate?.(fate);
    };
  }

  /** Takes over a request that another thread made for the same endpoint. */
  takeOver(kind: SignalKind, bytes: Uint8Array, count: number): void {
    this.#deliveries[kind].addRequest(bytes, count);
  }

  /** Log records that wait. */
  get waitingLogs(): number {
    return this.#deliveries.logs.waiting;
  }

  get waiting(): number {
    const { traces, logs } = this.#deliveries;
    return this.encoding.size + traces.waiting + logs.waiting;
  }

  /** Whether something has been sent that nobody has taken yet. */
  get isUnanswered(): boolean {
    return this.#deliveries.logs.isUnanswered || this.#deliveries.traces.isUnanswered;
  }

  get dropped(): number {
    return this.#deliveries.traces.dropped + this.#deliveries.logs.dropped;
  }

  /** Sends what waits, for so long at most. */
  async flush(timeoutMs: number): Promise<void> {
    this.encoding.encodeAll();
    const { traces, logs } = this.#deliveries;
    await Promise.all([logs.flush(timeoutMs), traces.flush(timeoutMs)]);
  }

  /** Puts everything unsent into the spool, at once, and says so where a try has failed. */
  setAside(reason = this.lastReason): void {
    this.encoding.encodeAll();
    const { waiting, dropped } = this;
    const isCopied = this.copies?.areHeard === true;
    this.#deliveries.logs.setAside(isCopied);
    this.#deliveries.traces.setAside(isCopied);
    if (isCopied || waiting === 0 || reason === undefined) return;
    // Where something listens there are many reasons, and words of OpenSSL or HTTP/2 that the doctor knows to explain.
    const [what, advice] = reason.includes('ECONNREFUSED')
      ? [`nothing listens on ${this.endpoint}`, 'Start `tallyspan up` or set OTEL_EXPORTER_OTLP_ENDPOINT.']
      : [`${this.endpoint} does not answer (${reason})`, '`npx tallyspan doctor` says what to do.'];
    // Older records may have had to go for these.
    const lost = Math.min(this.dropped - dropped, waiting);
    const parts = [
      ...(lost < waiting ? [`${inFull(waiting - lost)} records wait in the spool`] : []),
      ...(lost > 0 ? [`${inFull(lost)} are dropped: the spool is full or cannot be written`] : []),
    ];
    sayOnce('away', `${what}; ${parts.join(', ')}. ${advice}`);
  }

  /** Processor that feeds ended, sampled spans into the pipeline. */
  spanProcessor(): SpanProcessor {
    return {
      onStart: () => undefined,
      onEnd: (span) => {
        if ((span.spanContext().traceFlags & 1) !== 1) return;
        this.encoding.add(() => {
          const { resource, instrumentationScope: scope } = span;
          const record = encodeSpan(span, scope.name === EVENT_SCOPE || this.#keepsContent);
          this.add('traces', { resource, scope, record });
        });
      },
      forceFlush: () => this.flush(FLUSH_MS),
      shutdown: () => this.flush(FLUSH_MS),
    };
  }

  /** Processor that feeds the log records of the program into the pipeline. */
  logProcessor(): LogRecordProcessor {
    return {
      onEmit: (record) => {
        guard('queue log record', () => {
          const { resource, instrumentationScope: scope } = record;
          this.add('logs', { resource, scope, record: encodeLogRecord(record, this.#keepsContent) });
        });
      },
      forceFlush: () => this.flush(FLUSH_MS),
      shutdown: () => this.flush(FLUSH_MS),
    };
  }

  #announced(transport: Transport): Transport {
    return {
      ...transport,
      send: (body) => {
        this.onSend?.();
        return transport.send(body);
      },
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
          `${this.endpoint} refuses records (${problem.reason}); they are dropped. Check OTEL_EXPORTER_OTLP_ENDPOINT and _HEADERS, or ask \`npx tallyspan doctor\`.`,
        );
        return;
      case 'too_large':
        sayOnce(
          'too large',
          `${this.endpoint} takes no record so large (${problem.reason}); ${inFull(problem.count)} records are dropped. Raise its limit, or record less content.`,
        );
        return;
      case 'expired':
        sayOnce(
          'expired',
          `${inFull(problem.count)} records are dropped: they waited in the spool for more than ${String(SPOOL_DAYS)} days.`,
        );
        return;
      case 'dropped': {
        // Without a failed try the endpoint may be well: the process ended before it was asked.
        const why =
          this.lastReason === undefined
            ? 'the process ends too soon to send them'
            : `${this.endpoint} takes none`;
        sayOnce(
          'dropped',
          `records are dropped: ${why}, and the spool is full or cannot be written. Set TALLYSPAN_SPOOL to a folder with room.`,
        );
      }
    }
  }
}

function inFull(count: number): string {
  return count.toLocaleString('en-US');
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
