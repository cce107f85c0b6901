// A model call: one call of an SDK method that asks a model, all its retries and its stream included.
// It ends exactly once, however it ends; then its span is enriched, its event written and its run told.

import { SpanStatusCode, type Span, type SpanContext } from '@opentelemetry/api';
import { MessageReader } from '../../core/model-call/message-reader.ts';
import {
  allModelCallFields,
  type AllModelCallFields,
  type ModelCallSource,
} from '../../core/model-call/model-call-fields.ts';
import { contentJson, recordedCall } from '../../core/model-call/recorded-call.ts';
import { providerOf, type Platform } from '../../core/pricing/circumstances.ts';
import { priceCall, type PriceOverrides } from '../../core/pricing/cost.ts';
import { requestOfMessage } from '../../core/pricing/price-request.ts';
import { priceUncached } from '../../core/pricing/uncached-cost.ts';
import { inputTotal, type UsageReading } from '../../core/pricing/usage.ts';
import { noteCompaction } from './compaction.ts';
import { contentAttributes } from './content-attributes.ts';
import { setFields, setLastFields, type Fields } from './event-log.ts';
import { setPlain } from '../otel/foreign-fields.ts';
import { recordFirstSights } from './seen/note-first-sights.ts';
import { guard } from '../process/guard.ts';
import type { Retrier } from './awaited-retries.ts';
import type { PaidCall } from './paid-call.ts';
import type { RequestFacts } from './request-facts.ts';
import { parentSpanId, type Run } from './run.ts';
import type { Runs } from './runs.ts';
import type { Telemetry } from './telemetry.ts';
import { awaitTools } from './tools/tool-calls.ts';
import { divideCall, sumShares, writeShares } from './tools/tool-costs.ts';

/** How a model call ended. */
export type CallEnd =
  | { readonly type: 'completed' }
  /** The caller aborted, or left the stream. */
  | { readonly type: 'left' }
  /** The caller never read the answer; nobody else will end the span. */
  | { readonly type: 'unread' }
  | { readonly type: 'failed'; readonly errorType: string };

/** One HTTP request of the call. */
export interface Attempt {
  /** HTTP status, or `connection_error`. */
  readonly status: string;
  readonly startMs: number;
  readonly durationMs: number;
}

/** What a call came to, once it has ended. */
export interface PaidAmount {
  /** `undefined` where it has no price, or nothing was answered. */
  readonly costNanoUsd: number | undefined;
  readonly reading: UsageReading | undefined;
  /** Whether the API answered, so that something was paid. */
  readonly wasAnswered: boolean;
  /** Whether the caller gave it up while it was under way: its input may have been read. */
  readonly wasGivenUp?: boolean;
}

/** What let the call through, and hears what it came to. */
export interface Admission {
  settle(paid: PaidAmount): void;
  /** The request never left. */
  cancel(): void;
  /** Where others share the limit, and have to be asked before the request leaves: the error to refuse it with. */
  wait?(): Promise<Error | undefined>;
  /** The stream has gone on: the error to end it with, where it passes a limit. */
  check(answer: MessageReader): Error | undefined;
}

export interface CallOptions {
  readonly facts: RequestFacts;
  readonly run: Run;
  readonly platform: Platform;
  readonly region: string | undefined;
  readonly overrides: PriceOverrides | undefined;
  readonly sdkVersion: string | undefined;
  /** When the request was made, Unix milliseconds; now unless given. */
  readonly startMs?: number | undefined;
  /** The request itself; only where content is wanted. */
  readonly params?: unknown;
}

export class ModelCall {
  answer: MessageReader;
  readonly attempts: Attempt[] = [];
  readonly run: Run;
  readonly startMs: number;
  /** Span of the SDK (then enriched and renamed) or our own (then also ended here). */
  span: Span | undefined;
  isOwnSpan = false;
  requestId: string | undefined;
  isEnded = false;
  /** Whether a request of it has been sent; true where nobody can tell. */
  hasLeft = true;
  /** Who may try again when it fails, where the SDK is told not to. */
  retrier: Retrier | undefined;
  /** Whether the caller of the SDK takes the Response as it is. */
  isRaw = false;
  /** Whether its answer is read as the bytes pass: then nothing that it is read through has to be watched. */
  isReadOnWire = false;
  /** Notes how the attempt under way ended, once, where attempts are seen. */
  noteAttempt: ((status: string) => void) | undefined;
  /** What the SDK handed out for the call, until it has ended. */
  promise: object | undefined;
  /** Stands for the call where it is to end once what its answer would be read through is collected. */
  reader: object | undefined;
  /** Ends what its answer is read through, while it is open; the process goes. */
  closeAnswer: (() => void) | undefined;
  /** The limits that it counts in; none where nothing is limited. */
  admission: Admission | undefined;
  #paid: PaidAmount = { costNanoUsd: undefined, reading: undefined, wasAnswered: false };
  /** Told once, when the call has ended. */
  onEnd: (() => void) | undefined;
  readonly step: number;
  readonly facts: RequestFacts;
  readonly #telemetry: Telemetry;
  readonly #runs: Runs;
  readonly #options: CallOptions;
  /** The request as it was sent: callers change theirs afterwards. */
  readonly #requestJson: string | undefined;

  constructor(telemetry: Telemetry, runs: Runs, options: CallOptions) {
    this.#telemetry = telemetry;
    this.#runs = runs;
    this.#options = options;
    this.startMs = options.startMs ?? Date.now();
    this.run = options.run;
    this.facts = options.facts;
    this.run.turns += 1;
    this.run.openCalls += 1;
    this.step = this.run.turns;
    this.answer = this.makeReader();
    if (options.params === undefined) return;
    this.#requestJson = guard('record request', () => contentJson(options.params));
  }

  /** A reader for its answer. */
  makeReader(): MessageReader {
    return new MessageReader(this.#options.params !== undefined);
  }

  /** Version of the SDK that made the call. */
  get sdkVersion(): string | undefined {
    return this.#options.sdkVersion;
  }

  /** Commit that the program was built from. */
  get revision(): string | undefined {
    return this.#telemetry.revision;
  }

  /** Name of the span by the conventions. */
  get spanName(): string {
    return `chat ${this.facts.model}`;
  }

  /** It was refused before it left: there is no call, only the limit's own event. */
  withdraw(): void {
    if (this.isEnded) return;
    this.isEnded = true;
    this.run.turns -= 1;
    guard('withdrawn call', () => {
      if (this.isOwnSpan) this.span?.end();
      this.run.endCall({ type: 'failed', errorType: 'limit_exceeded' });
      if (this.run.isInferred && !this.run.isAdopted && !this.run.isEnded)
        this.#runs.end(this.run, 'budget_exceeded', 'limit_exceeded');
    });
    this.onEnd?.();
  }

  /** Only the first end counts. `endMs` is now unless it ended earlier. */
  end(end: CallEnd, endMs: number = Date.now()): void {
    if (this.isEnded) return;
    this.isEnded = true;
    guard('end model call', () => {
      this.#record(end, endMs);
    });
    guard('settle', () => this.admission?.settle(this.#paid));
    guard('follow model call', () => {
      this.#follow(end, endMs);
    });
    guard('run of model call', () => {
      this.run.endCall(end);
    });
    this.onEnd?.();
  }

  #record(end: CallEnd, endMs: number): void {
    const { answer, run, facts } = this;
    const { overrides } = this.#options;
    const reading = 'error' in answer.reading ? undefined : answer.reading;
    const request = this.#wasAnswered(end)
      ? requestOfMessage(answer, {
          atMs: this.startMs,
          requestedModel: facts.model,
          platform: this.#options.platform,
          region: this.#options.region,
          billTo: facts.billTo,
        })
      : undefined;
    const cost = request && priceCall(request.reading, request.circumstances, overrides);
    const costNanoUsd = cost === undefined || cost.status === 'unpriced' ? undefined : cost.costNanoUsd;
    const wasGivenUp = (end.type === 'left' || end.type === 'unread') && this.hasLeft;
    this.#paid = { costNanoUsd, reading, wasAnswered: request !== undefined, wasGivenUp };
    const uncachedNanoUsd = request && priceUncached(request, overrides);
    const { span } = this;
    const spanContext = (span ?? run.span).spanContext();
    const paid: PaidCall | undefined = reading && {
      shape: facts.shape,
      reading,
      cost,
      output: answer.shapes,
      applied: answer.appliedEdits,
      spanContext,
      endMs,
    };
    const shares = paid && divideCall(this, paid, this.#runs.onToolCost);
    const fields = this.#fields(end, endMs, { reading, cost, uncachedNanoUsd, costShares: shares?.encoded });
    const common = run.fields();
    if (span !== undefined) this.#finishSpan(span, common, fields, end, endMs);

    if (reading !== undefined) {
      run.tokensIn += inputTotal(reading.usage);
      run.tokensOut += reading.usage.output;
    }
    run.costNanoUsd += costNanoUsd ?? 0;
    if (cost?.status === 'unpriced') run.unpricedCalls += 1;
    this.#telemetry.sightings.addCost(costNanoUsd ?? 0);
    run.retries += Math.max(0, this.attempts.length - 1);
    const content = guard('record content', () => this.#content(endMs, spanContext));
    this.#telemetry.events.emit(
      'agent.model_call',
      endMs,
      spanContext,
      content === undefined ? fields : { ...fields, ...content },
      paid && shares && sumShares(this.#telemetry, this, paid, shares),
      { ...common, parent_span_id: span === undefined ? undefined : parentSpanId(span) },
    );
    if (paid !== undefined && shares !== undefined) {
      guard('compaction', () => {
        noteCompaction(this.#telemetry, this, paid);
      });
      writeShares(this.#telemetry, this, paid, shares);
    }
    run.noteTools(facts.shape);
    this.#telemetry.silentWatch.seeCall(run, endMs, spanContext, fields);
    recordFirstSights(this.#telemetry, this, endMs, spanContext);
    run.touch();
  }

  /** What the answer means for the run: tools to wait for, or its end. */
  #follow(end: CallEnd, endMs: number): void {
    const { answer, run } = this;
    run.lastStopReason = answer.stopReason;
    run.outputLength = answer.textLength;
    run.isToolForced = this.facts.isToolForced && run.turns === 1;
    if (end.type === 'completed') {
      awaitTools(run, this.step, answer.toolUses);
      this.#runs.remember(run, answer.blockIds);
    }
    if (!run.isInferred || run.isEnded || run.isAdopted) return;
    // A framework goes on: it tries again, asks once more, or ends.
    if (run.openOperations > 0 && (end.type === 'failed' || end.type === 'completed')) return;
    if (end.type === 'failed') {
      const isAwaited =
        this.retrier !== undefined &&
        answer.isEmpty &&
        this.#runs.awaitRetry(run, this.facts, end.errorType, this.retrier);
      if (!isAwaited) this.#runs.end(run, 'error', end.errorType, endMs);
    } else if (end.type !== 'completed') this.#runs.end(run, 'aborted');
    else if (answer.stopReason === 'refusal') this.#runs.end(run, 'refused');
    else if (answer.stopReason !== 'tool_use' && answer.stopReason !== 'pause_turn')
      this.#runs.end(run, 'ok');
  }

  #fields(
    end: CallEnd,
    endMs: number,
    paid: Pick<ModelCallSource, 'reading' | 'cost' | 'uncachedNanoUsd' | 'costShares'>,
  ): AllModelCallFields {
    const { answer, facts, attempts } = this;
    const firstChunkMs = facts.isStreamed ? answer.firstChunkMs : undefined;
    return allModelCallFields({
      provider: providerOf(this.#options.platform),
      requestedModel: facts.model,
      answer,
      requestId: this.requestId,
      revision: this.revision,
      sdkVersion: this.sdkVersion,
      durationMs: endMs - this.startMs,
      ttftMs: firstChunkMs === undefined ? undefined : firstChunkMs - this.startMs,
      errorType: end.type === 'failed' ? end.errorType : undefined,
      step: this.step,
      attempts: attempts.length === 0 ? undefined : attempts.length,
      retriedStatus: attempts.slice(0, -1).map(({ status }) => status),
      ...paid,
      shape: facts.shape,
    });
  }

  /** No cost at all where the API answered nothing that could be billed. */
  #wasAnswered(end: CallEnd): boolean {
    if (this.answer.rawUsage !== undefined) return true;
    return end.type !== 'failed' && (this.requestId !== undefined || this.answer.id !== undefined);
  }

  /** Request and answer; nothing where no content is wanted, or only once the run has failed. */
  #content(endMs: number, spanContext: SpanContext): Fields | undefined {
    if (this.#options.params === undefined) return undefined;
    const { requestJson, responseJson, isCut } = recordedCall(this.#requestJson, this.answer);
    const content: Fields = {
      'tallyspan.request_json': requestJson,
      'tallyspan.response_json': responseJson,
      'tallyspan.content_cut': isCut || undefined,
    };
    const { heldContent } = this.run;
    if (heldContent === undefined) return content;
    heldContent.add(endMs, spanContext, { ...this.run.fields(), 'agent.step_number': this.step }, content);
    return undefined;
  }

  #finishSpan(span: Span, common: Fields, fields: AllModelCallFields, end: CallEnd, endMs: number): void {
    span.updateName(this.spanName);
    setFields(span, common);
    setLastFields(span, fields);
    if (this.#options.params !== undefined && this.run.heldContent === undefined)
      span.setAttributes(contentAttributes(this.#options.params, this.answer.message?.['content']));
    if (fields['gen_ai.usage.cost'] !== undefined)
      setPlain(span, costAttributes(fields['gen_ai.usage.cost']));
    if (fields.ttft_ms !== undefined && this.isOwnSpan)
      span.setAttribute('gen_ai.response.time_to_first_chunk', fields.ttft_ms / 1_000);
    for (const attempt of this.attempts.slice(0, -1)) {
      span.addEvent(
        'retry',
        { 'http.response.status_code': attempt.status, duration_ms: attempt.durationMs },
        attempt.startMs + attempt.durationMs,
      );
    }
    if (!this.isOwnSpan && end.type !== 'unread') return;
    if (end.type === 'failed') span.setStatus({ code: SpanStatusCode.ERROR });
    span.end(endMs);
  }
}

/** The cost as most readers look for it, and as the conventions propose it: computed here, not told by the provider. */
function costAttributes(usd: number): Record<string, string | number> {
  return {
    'gen_ai.usage.cost': usd,
    'gen_ai.usage.cost.amount': usd,
    'gen_ai.usage.cost.currency': 'USD',
    'gen_ai.usage.cost.source': 'local',
  };
}
