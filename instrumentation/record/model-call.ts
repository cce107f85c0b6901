// A model call: one call of an SDK method that asks a model, all its retries and its stream included.
// It ends exactly once, however it ends; then its span is enriched, its event written and its run told.

import { SpanStatusCode, type Span } from '@opentelemetry/api';
import type { BlockShape } from '../../core/attribution/block-shape.ts';
import {
  priceCall,
  type CallCost,
  type Platform,
  type PriceOverrides,
  type PriceRequest,
} from '../../core/pricing/cost.ts';
import { costFields, usageFields } from '../../core/pricing/cost-fields.ts';
import { describeOutput, prefixFields } from '../../core/attribution/request-shape.ts';
import { readUsage, type UsageReading } from '../../core/pricing/usage.ts';
import { Answer } from './answer.ts';
import { contentAttributes } from './content-attributes.ts';
import { setFields, type Fields } from './event-log.ts';
import { recordFirstSights } from './first-sights.ts';
import { guard } from '../process/guard.ts';
import type { RequestFacts } from './request-facts.ts';
import { RecordedMessage, contentFields, contentJson } from './recorded-content.ts';
import { parentSpanId, type Run } from './run.ts';
import type { Runs } from './runs.ts';
import type { Telemetry } from './telemetry.ts';
import { awaitTools } from './tool-calls.ts';
import { priceUncached } from './uncached-cost.ts';
import { recordToolCosts } from './tool-costs.ts';

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

export interface CallOptions {
  readonly facts: RequestFacts;
  readonly run: Run;
  readonly platform: Platform;
  readonly region: string | undefined;
  readonly overrides: PriceOverrides | undefined;
  readonly sdkVersion: string | undefined;
  /** The request itself; only where content is wanted. */
  readonly params?: unknown;
}

const CHARS_PER_TOKEN = 3.8;
const PROVIDERS: Readonly<Record<Platform, string>> = {
  anthropic: 'anthropic',
  aws: 'anthropic',
  foundry: 'anthropic',
  bedrock: 'aws.bedrock',
  vertex: 'gcp.vertex_ai',
};

export class ModelCall {
  readonly answer = new Answer();
  readonly attempts: Attempt[] = [];
  readonly run: Run;
  readonly startMs = Date.now();
  /** Span of the SDK (then enriched and renamed) or our own (then also ended here). */
  span: Span | undefined;
  isOwnSpan = false;
  requestId: string | undefined;
  isEnded = false;
  /** What the SDK handed out for the call, until it has ended. */
  promise: object | undefined;
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
    this.run = options.run;
    this.facts = options.facts;
    this.run.turns += 1;
    this.run.openCalls += 1;
    this.step = this.run.turns;
    if (options.params === undefined) return;
    this.#requestJson = guard('record request', () => contentJson(options.params));
    this.answer.recording = new RecordedMessage();
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

  end(end: CallEnd): void {
    if (this.isEnded) return;
    this.isEnded = true;
    this.run.openCalls -= 1;
    guard('end model call', () => {
      this.#record(end);
    });
    guard('follow model call', () => {
      this.#follow(end);
    });
    this.onEnd?.();
  }

  #record(end: CallEnd): void {
    const endMs = Date.now();
    const { answer, run, facts } = this;
    const reading = this.#readUsage(end);
    const request = this.#priceRequest(reading, end);
    const { overrides } = this.#options;
    const cost = request === undefined ? undefined : priceCall(request, overrides);
    const fields: Fields = {
      ...this.#fields(end, endMs, reading, cost),
      cost_uncached_nano_usd:
        request === undefined || reading === undefined
          ? undefined
          : priceUncached(request, reading, overrides),
    };
    const { span } = this;
    if (span !== undefined) this.#finishSpan(span, fields, end, endMs);

    if (reading !== undefined) {
      run.tokensIn += reading.usage.input + reading.usage.cacheRead;
      run.tokensIn += reading.usage.cacheWrite5m + reading.usage.cacheWrite1h;
      run.tokensOut += reading.usage.output;
    }
    if (cost !== undefined && cost.status !== 'unpriced') run.costNanoUsd += cost.costNanoUsd;
    run.retries += Math.max(0, this.attempts.length - 1);
    const spanContext = (span ?? run.span).spanContext();
    this.#telemetry.events.emit('agent.model_call', endMs, spanContext, {
      ...fields,
      parent_span_id: span === undefined ? undefined : parentSpanId(span),
      ...guard('record content', () => contentFields(this.#requestJson, answer.recording)),
    });
    if (reading !== undefined) {
      const output: readonly BlockShape[] = describeOutput(answer.blocks);
      recordToolCosts(this.#telemetry, this, {
        shape: facts.shape,
        reading,
        cost,
        output,
        spanContext,
        endMs,
      });
    }
    run.noteTools(facts.shape);
    this.#telemetry.silentWatch.seeCall(run, endMs, spanContext, fields);
    recordFirstSights(this.#telemetry, this, endMs, spanContext);
    run.touch();
  }

  /** What the answer means for the run: tools to wait for, or its end. */
  #follow(end: CallEnd): void {
    const { answer, run } = this;
    run.lastStopReason = answer.stopReason;
    run.outputLength = answer.textLength;
    run.isToolForced = this.facts.isToolForced && run.turns === 1;
    if (end.type === 'completed') {
      awaitTools(run, this.step, answer.toolUses);
      this.#runs.remember(run, answer.blockIds);
    }
    if (!run.isInferred || run.isEnded || run.isAdopted) return;
    if (end.type === 'failed') this.#runs.end(run, 'error', end.errorType);
    else if (end.type !== 'completed') this.#runs.end(run, 'aborted');
    else if (answer.stopReason === 'refusal') this.#runs.end(run, 'refused');
    else if (answer.stopReason !== 'tool_use' && answer.stopReason !== 'pause_turn')
      this.#runs.end(run, 'ok');
  }

  #fields(
    end: CallEnd,
    endMs: number,
    reading: UsageReading | undefined,
    cost: CallCost | undefined,
  ): Fields {
    const { answer, facts, run, attempts } = this;
    const errorType = end.type === 'failed' ? end.errorType : undefined;
    const retried = attempts.slice(0, -1).map(({ status }) => status);
    const firstChunkMs = facts.isStreamed ? answer.firstChunkMs : undefined;
    return {
      ...run.fields(),
      'gen_ai.operation.name': 'chat',
      'gen_ai.provider.name': PROVIDERS[this.#options.platform],
      'gen_ai.request.model': facts.model,
      'gen_ai.response.model': answer.model ?? facts.model,
      'gen_ai.response.id': answer.id,
      'anthropic.request.id': this.requestId,
      'vcs.ref.head.revision': this.revision,
      'tallyspan.sdk.version': this.sdkVersion,
      duration_ms: endMs - this.startMs,
      ttft_ms: firstChunkMs === undefined ? undefined : firstChunkMs - this.startMs,
      'gen_ai.response.finish_reasons': answer.stopReason === undefined ? undefined : [answer.stopReason],
      ...(reading === undefined ? {} : usageFields(reading)),
      'agent.step_number': this.step,
      attempts: attempts.length === 0 ? undefined : attempts.length,
      retried_status: retried.length === 0 ? undefined : retried,
      'error.type': errorType,
      ...(cost === undefined ? {} : costFields(cost)),
      cache_miss_reason: answer.cacheMissReason,
      tokens_tool_definitions:
        facts.shape.toolDefinitionTokens === 0 ? undefined : Math.round(facts.shape.toolDefinitionTokens),
      cache_breakpoints: facts.shape.breakpoints.length,
      ...prefixFields(facts.shape),
    };
  }

  /** The usage that came back; of a stream that was cut, with the output estimated from what was read. */
  #readUsage(end: CallEnd): UsageReading | undefined {
    const raw = this.answer.usage;
    if (raw === undefined) return undefined;
    const usage = end.type === 'completed' && this.answer.isComplete ? raw : this.#withEstimatedOutput(raw);
    const reading = readUsage(usage);
    return 'error' in reading ? undefined : reading;
  }

  #withEstimatedOutput(raw: Readonly<Record<string, unknown>>): Readonly<Record<string, unknown>> {
    if (this.answer.isComplete) return raw;
    const seen = Number(raw['output_tokens'] ?? 0);
    return { ...raw, output_tokens: Math.max(seen, Math.ceil(this.answer.outputLength / CHARS_PER_TOKEN)) };
  }

  /** No cost at all where the API answered nothing that could be billed. */
  #priceRequest(reading: UsageReading | undefined, end: CallEnd): PriceRequest | undefined {
    const { answer, facts } = this;
    const raw = answer.usage;
    if (raw === undefined && (end.type === 'failed' || !this.#wasAnswered())) return undefined;
    return {
      model: answer.model ?? facts.model,
      requestedModel: facts.model,
      usage: reading === undefined || raw === undefined ? raw : this.#withEstimatedOutput(raw),
      atMs: this.startMs,
      platform: this.#options.platform,
      region: this.#options.region,
      stopReason: answer.stopReason,
      hasOutput: answer.hasOutput,
      isComplete: answer.isComplete,
      hasCodeExecution: answer.hasCodeExecution,
      billTo: facts.billTo,
    };
  }

  #wasAnswered(): boolean {
    return this.requestId !== undefined || this.answer.id !== undefined;
  }

  #finishSpan(span: Span, fields: Fields, end: CallEnd, endMs: number): void {
    span.updateName(this.spanName);
    setFields(span, fields);
    if (this.#options.params !== undefined)
      span.setAttributes(contentAttributes(this.#options.params, this.answer.blocks));
    if (fields['gen_ai.usage.cost'] !== undefined)
      span.setAttribute('gen_ai.usage.cost', fields['gen_ai.usage.cost']);
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
