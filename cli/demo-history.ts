// Generated history for `tallyspan demo --days N`: runs of three agents with a daily rhythm, faults,
// and a story in the last hours (a tool list that changes its order breaks the cache, so cost jumps).
// Everything follows from the seed and the end time; costs come from the price table.

import { costFields, usageFields } from '../core/cost-fields.ts';
import { priceCall } from '../core/cost.ts';
import type { EventRecord } from '../core/event.ts';
import { inputTotal, readUsage } from '../core/usage.ts';

export interface HistoryOptions {
  readonly days: number;
  /** End of the history, Unix milliseconds. */
  readonly untilMs: number;
  readonly seed: number;
}

interface AgentProfile {
  readonly name: string;
  readonly task: string;
  readonly model: string;
  readonly runsPerHour: number;
  readonly meanTurns: number;
  /** Tokens of system prompt and tool definitions. */
  readonly prefixTokens: number;
  readonly tools: readonly ToolProfile[];
}

interface ToolProfile {
  readonly name: string;
  readonly resultTokens: number;
  readonly durationMs: number;
  readonly failureRate: number;
}

const SEARCH: ToolProfile = { name: 'search_docs', resultTokens: 3200, durationMs: 420, failureRate: 0.02 };
const AGENTS: readonly AgentProfile[] = [
  {
    name: 'support',
    task: 'answer_ticket',
    model: 'claude-sonnet-5-5',
    runsPerHour: 9,
    meanTurns: 4,
    prefixTokens: 5200,
    tools: [
      SEARCH,
      { name: 'lookup_order', resultTokens: 180, durationMs: 60, failureRate: 0.03 },
      { name: 'refund', resultTokens: 60, durationMs: 190, failureRate: 0.06 },
    ],
  },
  {
    name: 'research',
    task: 'write_report',
    model: 'claude-opus-5-5',
    runsPerHour: 1.5,
    meanTurns: 8,
    prefixTokens: 7400,
    tools: [SEARCH, { name: 'fetch_page', resultTokens: 4100, durationMs: 1300, failureRate: 0.08 }],
  },
  {
    name: 'triage',
    task: 'label_mail',
    model: 'claude-haiku-5-5',
    runsPerHour: 14,
    meanTurns: 2,
    prefixTokens: 2100,
    tools: [{ name: 'set_label', resultTokens: 20, durationMs: 25, failureRate: 0.005 }],
  },
];

const HOUR_MS = 3_600_000;
const STORY_HOURS = 5;

/** The events of the history, oldest first. */
export function* generateHistory(options: HistoryOptions): Generator<EventRecord> {
  const random = createRandom(options.seed);
  const fromMs = options.untilMs - options.days * 24 * HOUR_MS;
  let sequence = 0;
  for (let hourMs = fromMs; hourMs < options.untilMs; hourMs += HOUR_MS) {
    const isStory = hourMs >= options.untilMs - STORY_HOURS * HOUR_MS;
    const events: EventRecord[] = [];
    for (const agent of AGENTS) {
      for (let n = poisson(agent.runsPerHour * rhythm(hourMs), random); n > 0; n -= 1) {
        const startMs = hourMs + Math.floor(random() * HOUR_MS);
        events.push(...generateRun(agent, startMs, isStory && agent.name === 'support', random));
      }
    }
    events.sort((a, b) => a.timestamp - b.timestamp);
    for (const event of events) {
      if (event.timestamp > options.untilMs) continue;
      sequence += 1;
      yield {
        ...event,
        'service.name': 'demo',
        'service.instance.id': `history-${String(options.seed)}`,
        'tallyspan.seq': sequence,
      };
    }
  }
}

type Random = () => number;

function generateRun(
  agent: AgentProfile,
  startMs: number,
  isCacheBroken: boolean,
  random: Random,
): EventRecord[] {
  const identity = {
    trace_id: hex(16, random),
    'agent.run_id': hex(16, random),
    'gen_ai.agent.name': agent.name,
    'agent.task_type': agent.task,
    'user.id': `user-${String(1 + Math.floor(40 * random() ** 2.5))}`,
    'gen_ai.conversation.id': `session-${hex(4, random)}`,
    'agent.inferred': false,
  } as const;
  const runSpan = hex(8, random);
  const inputLength = 40 + Math.floor(random() * 400);
  const events: EventRecord[] = [
    {
      ...identity,
      timestamp: startMs,
      'event.name': 'agent.run.started',
      span_id: runSpan,
      'agent.user_input_len': inputLength,
    },
  ];
  const turns = 1 + poisson(agent.meanTurns - 1, random);
  const isRunaway = agent.name === 'research' && random() < 0.01;
  const lastTurn = isRunaway ? 25 : turns;
  const totals = { tokensIn: 0, tokensOut: 0, costNanoUsd: 0, toolCalls: 0, retries: 0 };
  let nowMs = startMs;
  let carriedTokens = Math.ceil(inputLength / 4);
  let freshTokens = carriedTokens;
  const isFailed = random() < 0.025;

  for (let step = 1; step <= lastTurn; step += 1) {
    const isLast = step === lastTurn;
    const rawUsage = nextUsage(agent, step, carriedTokens, freshTokens, isCacheBroken, random);
    const reading = readUsage(rawUsage);
    if ('error' in reading) throw new Error(reading.message);
    const { usage } = reading;
    const hasFailed = isLast && isFailed;
    const durationMs = Math.round(
      500 + usage.output * (agent.model.includes('opus') ? 16 : 8) * (0.7 + random()),
    );
    nowMs += durationMs;
    const attempts = random() < 0.008 ? 2 : 1;
    totals.retries += attempts - 1;
    const call: EventRecord = {
      ...identity,
      timestamp: nowMs,
      'event.name': 'agent.model_call',
      span_id: hex(8, random),
      parent_span_id: runSpan,
      'gen_ai.operation.name': 'chat',
      'gen_ai.provider.name': 'anthropic',
      'gen_ai.request.model': agent.model,
      'gen_ai.response.model': agent.model,
      duration_ms: durationMs,
      'agent.step_number': step,
      attempts,
      ...(attempts > 1 ? { retried_status: ['529'] } : {}),
    };
    if (hasFailed) {
      events.push({ ...call, 'error.type': 'overloaded_error', attempts: 3, retried_status: ['529', '529'] });
      break;
    }
    const cost = priceCall({ model: agent.model, usage: rawUsage, atMs: nowMs });
    if (cost.status !== 'unpriced') totals.costNanoUsd += cost.costNanoUsd;
    totals.tokensIn += inputTotal(usage);
    totals.tokensOut += usage.output;
    events.push({
      ...call,
      ...usageFields(reading),
      ...costFields(cost),
      'gen_ai.response.id': `msg_${hex(10, random)}`,
      'gen_ai.response.finish_reasons': [isLast && !isRunaway ? 'end_turn' : 'tool_use'],
      ttft_ms: Math.round(260 + random() * 500),
    });
    if (isLast && !isRunaway) break;
    const tool = pick(agent.tools, random);
    const isOk = random() >= tool.failureRate;
    const toolMs = Math.round(tool.durationMs * (0.5 + random()));
    nowMs += toolMs;
    totals.toolCalls += 1;
    freshTokens = Math.round(tool.resultTokens * (0.6 + 0.8 * random()) * (isOk ? 1 : 0.02)) + usage.output;
    carriedTokens += freshTokens;
    events.push({
      ...identity,
      timestamp: nowMs,
      'event.name': 'agent.tool_call',
      span_id: hex(8, random),
      parent_span_id: runSpan,
      'gen_ai.tool.name': tool.name,
      'gen_ai.tool.call.id': `toolu_${hex(8, random)}`,
      duration_ms: toolMs,
      'tool.ok': isOk,
      ...(isOk ? {} : { 'error.type': 'tool_error' }),
      'tool.retry_attempt': 0,
      'tool.input_keys': ['query'],
      'tool.input_len': 20 + Math.floor(random() * 60),
      'tool.result_len': freshTokens * 4,
      'tool.result_empty': false,
      'agent.step_number': step,
    });
  }
  // One run in two hundred is killed: it has a beginning and no end.
  if (random() < 0.005) return events;
  const status = isFailed ? 'error' : isRunaway ? 'max_turns' : 'ok';
  events.push({
    ...identity,
    timestamp: nowMs + 3,
    'event.name': 'agent.run',
    span_id: runSpan,
    'agent.status': status,
    ...(isFailed ? { 'error.type': 'overloaded_error' } : {}),
    duration_ms: nowMs + 3 - startMs,
    'agent.turns': lastTurn,
    'agent.tool_calls': totals.toolCalls,
    'agent.tokens_in': totals.tokensIn,
    'agent.tokens_out': totals.tokensOut,
    'agent.cost_nano_usd': totals.costNanoUsd,
    'agent.retries': totals.retries,
    'agent.user_input_len': inputLength,
    'agent.output_len': 300,
  });
  return events;
}

/** Usage of one call as the API would send it: the prefix and the history come from the cache, what is new is written to it. */
function nextUsage(
  agent: AgentProfile,
  step: number,
  carriedTokens: number,
  freshTokens: number,
  isCacheBroken: boolean,
  random: Random,
): Record<string, unknown> {
  const all = agent.prefixTokens + carriedTokens;
  const isWarm = step > 1 || random() < 0.8;
  const read =
    !isWarm || (isCacheBroken && random() < 0.7) ? 0 : step === 1 ? agent.prefixTokens : all - freshTokens;
  const input = 12 + Math.floor(random() * 20);
  const written = Math.max(0, all - read - input);
  return {
    input_tokens: input,
    cache_read_input_tokens: read,
    cache_creation_input_tokens: written,
    cache_creation: { ephemeral_5m_input_tokens: written, ephemeral_1h_input_tokens: 0 },
    output_tokens: 60 + Math.floor(random() ** 2 * 520),
    service_tier: 'standard',
  };
}

/** Share of the mean load at an hour of the day and week: quiet nights and weekends. */
function rhythm(timeMs: number): number {
  const date = new Date(timeMs);
  const isWeekend = date.getUTCDay() === 0 || date.getUTCDay() === 6;
  const byHour = 0.25 + 1.5 * Math.max(0, Math.sin(((date.getUTCHours() - 5) / 24) * 2 * Math.PI));
  return byHour * (isWeekend ? 0.55 : 1);
}

function pick<T>(items: readonly T[], random: Random): T {
  return items[Math.floor(random() * items.length)] as T;
}

function poisson(mean: number, random: Random): number {
  const limit = Math.exp(-mean);
  let count = 0;
  for (let product = random(); product > limit; product *= random()) count += 1;
  return count;
}

function hex(bytes: number, random: Random): string {
  let text = '';
  while (text.length < bytes * 2) text += Math.floor(random() * 16).toString(16);
  return text;
}

/** Mulberry32: a small seeded generator of numbers in [0, 1). */
function createRandom(seed: number): Random {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
}
