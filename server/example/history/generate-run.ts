// One generated run: its events in order, as the preload would have written them.

import { Ledger } from '../../../core/attribution/attribution.ts';
import { modelCallFields, type ModelCallSource } from '../../../core/model-call/model-call-fields.ts';
import { toolCostFields } from '../../../core/pricing/cost-fields.ts';
import { priceCall } from '../../../core/pricing/cost.ts';
import type { EventRecord } from '../../../core/event.ts';
import { inputTotal, readUsage } from '../../../core/pricing/usage.ts';
import type { AgentProfile } from './profiles.ts';
import { Prompt } from './prompt.ts';
import type { Random } from './random.ts';

type Fields = Omit<EventRecord, 'timestamp' | 'event.name'>;

const USERS = 40;
const RUNAWAY_TURNS = 25;
const LOST_SHARE = 0.005;
const FAILED_SHARE = 0.025;
const RUNAWAY_SHARE = 0.01;
const OVERLOADED_SHARE = 0.008;
const REORDERED_SHARE = 0.7;

/** The events of a run that starts at `startMs`. With shuffled tools most calls read nothing from the cache. */
export function generateRun(
  agent: AgentProfile,
  startMs: number,
  areToolsShuffled: boolean,
  random: Random,
): EventRecord[] {
  return new GeneratedRun(agent, startMs, areToolsShuffled, random).play();
}

class GeneratedRun {
  readonly #agent: AgentProfile;
  readonly #startMs: number;
  readonly #areToolsShuffled: boolean;
  readonly #random: Random;
  readonly #identity: Fields;
  readonly #span: string;
  readonly #inputLength: number;
  readonly #prompt: Prompt;
  readonly #ledger = new Ledger();
  readonly #events: EventRecord[] = [];
  #nowMs: number;
  #turns = 0;
  #toolCalls = 0;
  #retries = 0;
  #tokensIn = 0;
  #tokensOut = 0;
  #costNanoUsd = 0;
  #lastToolFailed: string | undefined;

  constructor(agent: AgentProfile, startMs: number, areToolsShuffled: boolean, random: Random) {
    this.#agent = agent;
    this.#startMs = startMs;
    this.#nowMs = startMs;
    this.#areToolsShuffled = areToolsShuffled;
    this.#random = random;
    this.#span = random.hex(16);
    this.#inputLength = random.between(40, 440);
    this.#identity = {
      trace_id: random.hex(32),
      'agent.run_id': random.hex(32),
      'gen_ai.agent.name': agent.name,
      'agent.task_type': agent.task,
      // A few users make most of the runs.
      'user.id': `user-${String(1 + Math.floor(USERS * random.next() ** 2.5))}`,
      'gen_ai.conversation.id': `session-${random.hex(8)}`,
    };
    this.#prompt = new Prompt(agent, Math.ceil(this.#inputLength / 4), random);
  }

  play(): EventRecord[] {
    const random = this.#random;
    const isRunaway = this.#agent.name === 'research' && random.chance(RUNAWAY_SHARE);
    const turns = isRunaway ? RUNAWAY_TURNS : 1 + random.count(this.#agent.meanTurns - 1);
    const isFailed = random.chance(FAILED_SHARE);
    this.#emit('agent.run.started', {
      span_id: this.#span,
      'agent.user_input_len': this.#inputLength,
      'agent.inferred': false,
    });
    for (let step = 1; step <= turns; step += 1) {
      const isLast = step === turns;
      if (isLast && isFailed) {
        this.#failCall(step);
        break;
      }
      this.#call(step, isLast && !isRunaway ? 'end_turn' : 'tool_use');
      if (!isLast || isRunaway) this.#useTool(step);
    }
    // A killed run has a beginning and no end.
    if (!random.chance(LOST_SHARE)) this.#end(isFailed ? 'error' : isRunaway ? 'max_turns' : 'ok');
    return this.#events;
  }

  #call(step: number, finishReason: string): void {
    const random = this.#random;
    const { model, pace } = this.#agent;
    const outputTokens = 60 + Math.floor(random.next() ** 2 * 520);
    const raw = this.#prompt.usage(outputTokens, this.#areToolsShuffled && random.chance(REORDERED_SHARE));
    const reading = readUsage(raw);
    if ('error' in reading) throw new Error(reading.message);
    const ttftMs = random.between(260, 760);
    const durationMs = Math.round(ttftMs + outputTokens * pace * (0.7 + random.next()));
    const attempts = random.chance(OVERLOADED_SHARE) ? 2 : 1;
    this.#nowMs += durationMs;
    const cost = priceCall(reading, { model, atMs: this.#nowMs });
    const span = random.hex(16);
    this.#turns += 1;
    this.#retries += attempts - 1;
    this.#tokensIn += inputTotal(reading.usage);
    this.#tokensOut += outputTokens;
    if (cost.status !== 'unpriced') this.#costNanoUsd += cost.costNanoUsd;
    const shape = this.#prompt.shape();
    this.#emitCall(span, {
      step,
      durationMs,
      reading,
      cost,
      shape,
      responseId: `msg_${random.hex(20)}`,
      finishReasons: [finishReason],
      ttftMs,
      attempts,
      retriedStatus: attempts > 1 ? ['529'] : [],
    });
    const rows = this.#ledger.charge({
      shape,
      usage: reading.usage,
      cost: cost.status === 'unpriced' ? undefined : cost.buckets,
    });
    for (const row of rows) {
      this.#emit('agent.tool_cost', {
        span_id: span,
        'gen_ai.response.model': model,
        'agent.step_number': step,
        ...toolCostFields(row),
      });
    }
  }

  #failCall(step: number): void {
    const durationMs = this.#random.between(4_000, 9_000);
    this.#nowMs += durationMs;
    this.#turns += 1;
    this.#retries += 2;
    this.#emitCall(this.#random.hex(16), {
      step,
      durationMs,
      errorType: 'overloaded_error',
      attempts: 3,
      retriedStatus: ['529', '529'],
    });
  }

  #emitCall(span: string, call: ModelCallSource): void {
    this.#emit('agent.model_call', {
      span_id: span,
      parent_span_id: this.#span,
      ...modelCallFields({ provider: 'anthropic', requestedModel: this.#agent.model, ...call }),
    });
  }

  #useTool(step: number): void {
    const random = this.#random;
    const { tools } = this.#agent;
    const tool = tools.find(({ name }) => name === this.#lastToolFailed) ?? random.pick(tools);
    const isRetry = this.#lastToolFailed !== undefined;
    const isOk = !random.chance(tool.failureRate);
    const durationMs = Math.round(tool.durationMs * (0.5 + random.next()));
    const resultTokens = isOk ? Math.round(tool.resultTokens * (0.6 + 0.8 * random.next())) : 18;
    this.#nowMs += durationMs;
    this.#toolCalls += 1;
    if (isRetry) this.#retries += 1;
    this.#lastToolFailed = isOk ? undefined : tool.name;
    this.#prompt.addToolTurn(tool.name, random.between(40, 90), resultTokens);
    this.#emit('agent.tool_call', {
      span_id: random.hex(16),
      parent_span_id: this.#span,
      'gen_ai.tool.name': tool.name,
      'gen_ai.tool.call.id': `toolu_${random.hex(16)}`,
      duration_ms: durationMs,
      'tool.ok': isOk,
      ...(!isOk && { 'error.type': 'tool_error' }),
      'tool.retry_attempt': isRetry ? 1 : 0,
      'tool.input_keys': ['query'],
      'tool.input_len': random.between(20, 80),
      'tool.result_len': resultTokens * 4,
      'tool.result_empty': false,
      'agent.step_number': step,
      'agent.inferred': false,
    });
  }

  #end(status: string): void {
    this.#nowMs += 3;
    this.#emit('agent.run', {
      span_id: this.#span,
      'agent.status': status,
      ...(status === 'error' && { 'error.type': 'overloaded_error' }),
      duration_ms: this.#nowMs - this.#startMs,
      'agent.turns': this.#turns,
      'agent.tool_calls': this.#toolCalls,
      'agent.tokens_in': this.#tokensIn,
      'agent.tokens_out': this.#tokensOut,
      'agent.cost_nano_usd': this.#costNanoUsd,
      'agent.retries': this.#retries,
      'agent.user_input_len': this.#inputLength,
      'agent.output_len': this.#random.between(120, 900),
      'agent.inferred': false,
    });
  }

  #emit(name: EventRecord['event.name'], fields: Fields): void {
    this.#events.push({ ...this.#identity, ...fields, timestamp: this.#nowMs, 'event.name': name });
  }
}
