// Intake turns one OTLP request into rows and answers after their commit. It is the same for gRPC and
// HTTP; they differ in how a body arrives and in how an answer is written.

import { ClaudeContent } from '../../core/claude-code/claude-content.ts';
import { ClaudeLogReader } from '../../core/claude-code/claude-log-reader.ts';
import type { EventRecord } from '../../core/event.ts';
import type { PriceOverrides } from '../../core/pricing/price-overrides.ts';
import type { RunAssembler } from '../foreign/run-assembler.ts';
import type { EventStore } from '../store/write/event-store.ts';
import { EventBatch } from '../store/columns/event-batch.ts';
import { BodyAllowance } from './body.ts';
import { eventsOfLogs } from './events-of-logs.ts';
import { decodeLogBatch, type DecodedLogs } from './logs-protobuf.ts';
import { countDataPointsJson, decodeLogsJson, decodeSpansJson } from './otlp-json.ts';
import { countDataPoints, decodeSpans } from './otlp-protobuf.ts';
import { NotUnderstoodCounts } from './not-understood.ts';
import { rowsOfSpans } from './rows-of-spans.ts';

export type OtlpSignal = 'logs' | 'traces' | 'metrics';
export type Encoding = 'protobuf' | 'json';

/** What was not accepted of a request, for OTLP's partial success. Nothing refused and no message: full success. */
export interface IntakeAnswer {
  readonly refused: number;
  readonly message: string;
}

/** Requests and records since the process started. */
export interface IntakeCounters {
  requests: number;
  requestsRefused: number;
  recordsOther: number;
  recordsRefused: number;
  spansRefused: number;
  dataPointsRefused: number;
}

export interface IntakeOptions {
  /** Called with what was stored of the logs of Claude Code. */
  readonly onClaudeEvents?: (events: readonly EventRecord[]) => void;
  /** Whether what others report of requests and answers is recorded, encrypted. */
  readonly keepsContent?: boolean;
  readonly log?: (line: string) => void;
  /** Prices that go before the list's. */
  readonly overrides?: PriceOverrides | undefined;
}

export class Intake {
  /** What all requests that are not answered yet hold together. */
  readonly bodies = new BodyAllowance();
  readonly counters: IntakeCounters = {
    requests: 0,
    requestsRefused: 0,
    recordsOther: 0,
    recordsRefused: 0,
    spansRefused: 0,
    dataPointsRefused: 0,
  };
  readonly #store: Pick<EventStore, 'write'>;
  readonly #claudeLogs: ClaudeLogReader;
  readonly #claudeContent = new ClaudeContent();
  readonly #onClaudeEvents: (events: readonly EventRecord[]) => void;

  /** What came and nothing was made of. */
  readonly notUnderstood: NotUnderstoodCounts;
  readonly #assembler: RunAssembler;
  readonly #keepsContent: boolean;

  constructor(
    store: Pick<EventStore, 'write'>,
    assembler: RunAssembler,
    {
      onClaudeEvents = () => undefined,
      keepsContent = false,
      log = () => undefined,
      overrides,
    }: IntakeOptions = {},
  ) {
    this.#claudeLogs = new ClaudeLogReader(overrides);
    this.notUnderstood = new NotUnderstoodCounts(log);
    this.#keepsContent = keepsContent;
    this.#store = store;
    this.#assembler = assembler;
    this.#onClaudeEvents = onClaudeEvents;
  }

  /**
   * Stores what the body holds; resolves after the commit.
   * @throws MalformedBodyError when the body is not what the encoding says
   * @throws StoreBusyError when the sender should try again
   */
  async accept(signal: OtlpSignal, encoding: Encoding, body: Uint8Array): Promise<IntakeAnswer> {
    this.counters.requests++;
    try {
      if (signal === 'logs') return await this.#acceptLogs(encoding, body);
      if (signal === 'traces') return await this.#acceptSpans(encoding, body);
      return this.#refuseMetrics(encoding, body);
    } catch (error) {
      this.counters.requestsRefused++;
      throw error;
    }
  }

  async #acceptLogs(encoding: Encoding, body: Uint8Array): Promise<IntakeAnswer> {
    const { batch, claudeLogs, otherRecords, others, refused } =
      encoding === 'json' ? batchOfJson(body) : decodeLogBatch(body, Date.now());
    const read = claudeLogs.map((log) => this.#claudeLogs.read(log));
    const claudeEvents = read.flat();
    const content = this.#keepsContent
      ? claudeLogs.flatMap((log, index) => this.#claudeContent.read(log, read[index] ?? []))
      : [];
    await Promise.all([
      this.#store.write({ events: batch, spans: [] }),
      claudeEvents.length > 0 && this.#store.write({ events: [...claudeEvents, ...content], spans: [] }),
    ]);
    if (claudeEvents.length > 0) this.#onClaudeEvents(claudeEvents);
    this.counters.recordsOther += otherRecords + read.filter((events) => events.length === 0).length;
    const nowMs = Date.now();
    for (const { count, ...other } of others)
      this.notUnderstood.note({ kind: 'log record', ...other }, count, nowMs);
    this.counters.recordsRefused += refused;
    return {
      refused,
      message:
        refused === 0
          ? ''
          : `${refused} records are named as events, but hold none or a value that cannot be read`,
    };
  }

  async #acceptSpans(encoding: Encoding, body: Uint8Array): Promise<IntakeAnswer> {
    const groups = encoding === 'json' ? decodeSpansJson(body) : decodeSpans(body);
    const { rows, spans, content, notUnderstood, refused, fault } = rowsOfSpans(groups, this.#keepsContent);
    await Promise.all([
      this.#assembler.take(spans, rows),
      content.length > 0 && this.#store.write({ events: content, spans: [] }),
    ]);
    this.counters.spansRefused += refused;
    const nowMs = Date.now();
    for (const span of notUnderstood) this.notUnderstood.note(span, 1, nowMs);
    return {
      refused,
      message: refused === 0 ? '' : `${refused} of the spans cannot be read; the first: ${fault}`,
    };
  }

  /** Metrics have no place here: every number is computed from events. Saying so is OTLP's partial success. */
  #refuseMetrics(encoding: Encoding, body: Uint8Array): IntakeAnswer {
    const refused = encoding === 'json' ? countDataPointsJson(body) : countDataPoints(body);
    this.counters.dataPointsRefused += refused;
    this.notUnderstood.note({ kind: 'metric', service: '', scope: '', name: '' }, refused, Date.now());
    return {
      refused,
      message:
        refused === 0
          ? ''
          : 'tallyspan stores no metrics; set OTEL_METRICS_EXPORTER=none to stop sending them',
    };
  }
}

function batchOfJson(body: Uint8Array): DecodedLogs {
  const { events, ...rest } = eventsOfLogs(decodeLogsJson(body), Date.now());
  return { batch: EventBatch.of(events), ...rest };
}
