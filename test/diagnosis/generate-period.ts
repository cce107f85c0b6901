// A generated period: runs of an agent against an imitation of the API's cache and tokenizer, as events.
// Every random choice is drawn by name (run, turn, purpose), so that a setting changes only what it says:
// the same seed with and without a cause gives two periods whose difference in cost is the cause's truth.

import { Ledger } from '../../core/attribution/attribution.ts';
import { priceCall } from '../../core/pricing/cost.ts';
import type { EventRecord } from '../../core/event.ts';
import { describeOutput, describeRequest, prefixFields } from '../../core/attribution/request-shape.ts';
import { readUsage } from '../../core/pricing/usage.ts';
import { CacheModel, tokensOf, type CharsPerToken } from './cache-model.ts';

export interface Setting {
  readonly seed: number;
  readonly runs: number;
  /** Start of the period, Unix milliseconds. */
  readonly fromMs: number;
  readonly model: string;
  readonly users: number;
  /** Runs of the first user beyond the usual ones. */
  readonly extraRunsOfFirstUser: number;
  readonly meanTurns: number;
  readonly systemChars: number;
  readonly toolCount: number;
  readonly userChars: number;
  readonly outputChars: number;
  readonly answerChars: number;
  readonly resultChars: Readonly<Record<string, number>>;
  readonly cache: 'off' | '5m' | '1h';
  readonly gapMs: number;
  /** From the start of one run to the start of the next. */
  readonly spacingMs: number;
  readonly speed: string | undefined;
  readonly toolFailureRate: number;
  readonly webSearchesPerCall: number;
  /** Share of the calls after the first that send something else than the history demands. */
  readonly breaks:
    | 'none'
    | 'tools_reordered'
    | 'tools_changed'
    | 'system_changed'
    | 'messages_changed'
    | 'provider'
    | 'api_says_system';
  /** Another model answers every second call. */
  readonly alternateModel: string | undefined;
  /** The history is summarised by the server before every call from this turn on. */
  readonly compactFromTurn: number | undefined;
  /** How much sizes differ from run to run, 0 to 1. */
  readonly variation: number;
  readonly serviceVersion: string;
  /** Characters a token by what is written; of the usual tokenizer when absent. */
  readonly charsPerToken?: CharsPerToken | undefined;
}

export const USUAL: Setting = {
  seed: 1,
  runs: 80,
  fromMs: Date.UTC(2026, 10, 10),
  model: 'claude-opus-5-5',
  users: 12,
  extraRunsOfFirstUser: 0,
  meanTurns: 5,
  systemChars: 6_000,
  toolCount: 8,
  userChars: 400,
  outputChars: 250,
  answerChars: 1_200,
  resultChars: { search_docs: 6_000, read_file: 3_000, run_query: 1_500 },
  cache: '5m',
  gapMs: 8_000,
  spacingMs: 7_200_000,
  speed: undefined,
  toolFailureRate: 0,
  webSearchesPerCall: 0,
  breaks: 'none',
  alternateModel: undefined,
  compactFromTurn: undefined,
  variation: 0.4,
  serviceVersion: '1.14.1',
};

type Json = Record<string, unknown>;

// Globals are slow inside jest's vm contexts, and these loops are long.
const { imul } = Math;

/** All events of the period, in order of time. */
export function generatePeriod(change: Partial<Setting> = {}): EventRecord[] {
  const setting = { ...USUAL, ...change };
  const cache = new CacheModel(setting.charsPerToken);
  const events: EventRecord[] = [];
  const total = setting.runs + setting.extraRunsOfFirstUser;
  for (let run = 0; run < total; run++) new RunGenerator(setting, run, cache, events).run();
  return events.toSorted((a, b) => a.timestamp - b.timestamp);
}

export function costOf(events: readonly EventRecord[]): number {
  let cost = 0;
  for (const event of events)
    if (event['event.name'] === 'agent.model_call') cost += event.cost_nano_usd ?? 0;
  return cost;
}

/** A number in [0, 1) that depends on the names only. */
export function draw(...names: readonly (string | number)[]): number {
  let hash = 2_166_136_261;
  for (const name of names) for (const char of `${name}|`) hash = imul(hash ^ char.charCodeAt(0), 16_777_619);
  hash = imul(hash ^ (hash >>> 16), 2_246_822_507);
  hash = imul(hash ^ (hash >>> 13), 3_266_489_909);
  return ((hash ^ (hash >>> 16)) >>> 0) / 4_294_967_296;
}

export function prose(name: string, chars: number): string {
  return `${name} ${'lorem ipsum dolor '.repeat(Math.ceil(chars / 18))}`.slice(
    0,
    Math.max(1, Math.round(chars)),
  );
}

function runIdOf(...names: readonly number[]): string {
  const part = (salt: number): string =>
    Math.floor(draw(salt, ...names) * 2 ** 32)
      .toString(16)
      .padStart(8, '0');
  return [1, 2, 3, 4].map(part).join('');
}

class RunGenerator {
  readonly #setting: Setting;
  readonly #run: number;
  readonly #cache: CacheModel;
  readonly #events: EventRecord[];
  readonly #ledger = new Ledger();
  #messages: Json[] = [];
  #nowMs: number;
  #step = 0;

  constructor(setting: Setting, run: number, cache: CacheModel, events: EventRecord[]) {
    this.#setting = setting;
    this.#run = run;
    this.#cache = cache;
    this.#events = events;
    // Runs follow each other; the user's extra ones fall between.
    this.#nowMs =
      setting.fromMs + (run % setting.runs) * setting.spacingMs + Math.floor(run / setting.runs) * 240_000;
  }

  run(): void {
    const setting = this.#setting;
    const turns = Math.max(2, Math.round(setting.meanTurns + (this.#draw('turns') - 0.5) * 4));
    this.#messages.push({
      role: 'user',
      content: prose(`question ${this.#run}`, this.#size('user', setting.userChars)),
    });
    for (let turn = 1; turn <= turns; turn++) {
      let attempt = 0;
      if (turn === turns) this.#turn(turn, attempt, 'answers');
      else {
        while (this.#draw('fails', turn, attempt) < setting.toolFailureRate)
          this.#turn(turn, attempt++, 'fails');
        this.#turn(turn, attempt, 'asks');
      }
    }
    this.#emit('agent.run', this.#nowMs, {
      'agent.status': 'ok',
      'agent.turns': this.#step,
      'agent.tool_definitions': Array.from({ length: setting.toolCount }, (_, index) => `tool_${index}=120`),
      'agent.user_input_len': this.#size('user', setting.userChars),
    });
  }

  #turn(turn: number, attempt: number, what: 'asks' | 'fails' | 'answers'): void {
    const { outputChars, answerChars, resultChars } = this.#setting;
    const output: Json[] = [
      {
        type: 'text',
        text: prose(
          `turn ${this.#run} ${turn} ${attempt}`,
          what === 'answers'
            ? this.#size('answer', answerChars)
            : attempt > 0
              ? 40
              : this.#size('output', outputChars, turn),
        ),
      },
    ];
    const names = Object.keys(resultChars);
    const tool =
      what === 'fails' ? 'search_docs' : (names[Math.floor(this.#draw('tool', turn) * names.length)] ?? '');
    const id = `toolu_${this.#run}_${turn}_${attempt}`;
    if (what !== 'answers')
      output.push({ type: 'tool_use', id, name: tool, input: { query: `query ${turn}` } });
    this.#call(turn, output);
    if (what === 'answers') return;
    const result =
      what === 'fails'
        ? 'Error: timeout'
        : prose(`result ${id}`, this.#size('result', resultChars[tool] ?? 0, turn));
    this.#nowMs += 300;
    this.#emit('agent.tool_call', this.#nowMs, {
      'gen_ai.tool.name': tool,
      'gen_ai.tool.call.id': id,
      'tool.ok': what !== 'fails',
      'tool.result_len': result.length,
      'tool.result_empty': false,
      duration_ms: 300,
      'agent.step_number': this.#step,
    });
    this.#messages.push(
      { role: 'assistant', content: output },
      {
        role: 'user',
        content: [
          {
            type: 'tool_result',
            tool_use_id: id,
            content: result,
            ...(what === 'fails' ? { is_error: true } : {}),
          },
        ],
      },
    );
  }

  #call(turn: number, output: readonly Json[]): void {
    const setting = this.#setting;
    this.#step++;
    this.#nowMs += setting.gapMs;
    const startMs = this.#nowMs;
    const isCompacting = setting.compactFromTurn !== undefined && turn >= setting.compactFromTurn;
    if (isCompacting)
      this.#messages = [
        { role: 'user', content: prose(`summary ${this.#run} ${turn}`, 2_000) },
        ...this.#messages.slice(-2),
      ];
    const model =
      setting.alternateModel !== undefined && this.#step % 2 === 0 ? setting.alternateModel : setting.model;
    const params = this.#request(model);
    const counted = this.#cache.count(params, startMs, setting.breaks === 'provider' && this.#step > 1);
    const outputTokens = Math.round(
      output.reduce((sum, block) => sum + tokensOf(block, setting.charsPerToken), 0),
    );
    const raw: Json = {
      ...counted,
      output_tokens: outputTokens,
      ...(setting.speed === undefined ? {} : { speed: setting.speed }),
      ...(setting.webSearchesPerCall > 0
        ? { server_tool_use: { web_search_requests: setting.webSearchesPerCall } }
        : {}),
      ...(isCompacting
        ? {
            iterations: [
              {
                type: 'compaction',
                input_tokens: 3_000,
                output_tokens: 500,
                cache_read_input_tokens: 0,
                cache_creation_input_tokens: 0,
              },
              { type: 'message', ...counted, output_tokens: outputTokens },
            ],
          }
        : {}),
    };
    const reading = readUsage(raw);
    const cost = priceCall(reading, { model, atMs: startMs });
    if ('error' in reading || cost.status === 'unpriced') throw new Error(JSON.stringify([reading, cost]));
    this.#nowMs += 2_000;
    const { usage } = reading;
    if (isCompacting)
      this.#emit('agent.note', this.#nowMs, {
        'agent.note.kind': 'compaction',
        'agent.step_number': this.#step,
      });
    const shape = describeRequest(params);
    this.#emit('agent.model_call', this.#nowMs, {
      'gen_ai.request.model': model,
      'gen_ai.response.model': model,
      'gen_ai.response.id': `msg_${setting.seed}_${setting.fromMs}_${this.#run}_${this.#step}`,
      'gen_ai.response.finish_reasons': [output.length > 1 ? 'tool_use' : 'end_turn'],
      duration_ms: 2_000,
      tokens_input: usage.input,
      tokens_cache_read: usage.cacheRead,
      tokens_cache_write_5m: usage.cacheWrite5m,
      tokens_cache_write_1h: usage.cacheWrite1h,
      tokens_output: usage.output,
      web_searches: usage.webSearches,
      speed: setting.speed,
      'agent.step_number': this.#step,
      cost_nano_usd: cost.costNanoUsd,
      cost_input_nano_usd: cost.buckets.input,
      cost_cache_read_nano_usd: cost.buckets.cacheRead,
      cost_cache_write_5m_nano_usd: cost.buckets.cacheWrite5m,
      cost_cache_write_1h_nano_usd: cost.buckets.cacheWrite1h,
      cost_output_nano_usd: cost.buckets.output,
      cost_web_search_nano_usd: cost.buckets.webSearch,
      'tallyspan.price.row': cost.row,
      'tallyspan.price.table': cost.table,
      cache_breakpoints: shape.breakpoints.length,
      cache_miss_reason:
        setting.breaks === 'api_says_system' && this.#step > 1 ? 'system_changed' : undefined,
      ...prefixFields(shape),
    });
    for (const row of this.#ledger.charge({
      shape,
      usage,
      cost: cost.buckets,
      output: describeOutput(output),
    }))
      this.#emit('agent.tool_cost', this.#nowMs, {
        'gen_ai.tool.name': row.tool,
        'gen_ai.response.model': model,
        cost_nano_usd: row.costNanoUsd,
        cost_first_read_nano_usd: row.firstReadNanoUsd,
        cost_cache_write_nano_usd: row.cacheWriteNanoUsd,
        cost_cache_read_nano_usd: row.cacheReadNanoUsd,
        cost_carry_nano_usd: row.carryNanoUsd,
        tokens: row.tokens,
        'agent.step_number': this.#step,
      });
  }

  #request(model: string): Json {
    const { breaks, cache, toolCount, systemChars, speed } = this.#setting;
    const isBroken = this.#step > 1;
    let tools: Json[] = Array.from({ length: toolCount }, (_, index) => ({
      name: `tool_${index}`,
      description: prose(`tool ${index}`, 400),
      input_schema: { type: 'object', properties: { query: { type: 'string' } } },
    }));
    if (isBroken && breaks === 'tools_reordered')
      tools = [...tools.slice(this.#step % toolCount), ...tools.slice(0, this.#step % toolCount)];
    if (isBroken && breaks === 'tools_changed')
      tools = tools.map((tool, index) =>
        index === 0 ? { ...tool, description: prose(`step ${this.#run} ${this.#step}`, 400) } : tool,
      );
    const varies = isBroken && (breaks === 'system_changed' || breaks === 'api_says_system');
    const control = cache === 'off' ? {} : { cache_control: { type: 'ephemeral', ttl: cache } };
    const [first, ...rest] = this.#messages;
    const opening =
      isBroken && breaks === 'messages_changed'
        ? {
            ...first,
            content: prose(`seen at ${this.#run} ${this.#step}`, String(first?.['content']).length),
          }
        : first;
    return {
      model,
      ...(speed === undefined ? {} : { speed }),
      tools,
      system: [
        {
          type: 'text',
          text: prose(varies ? `now ${this.#run} ${this.#step}` : 'system', systemChars),
          ...control,
        },
      ],
      messages: [opening, ...rest],
      ...control,
    };
  }

  #draw(...names: readonly (string | number)[]): number {
    // Additional runs are like the usual ones, one by one.
    return draw(this.#setting.seed, this.#run % USUAL.runs, ...names);
  }

  #size(purpose: string, chars: number, turn = 0): number {
    return Math.round(chars * (1 + (this.#draw('size', purpose, turn) * 2 - 1) * this.#setting.variation));
  }

  #emit(name: EventRecord['event.name'], timestamp: number, fields: Partial<EventRecord>): void {
    const { seed, fromMs, users, serviceVersion, runs } = this.#setting;
    const user = this.#run >= runs ? 0 : this.#run % users;
    this.#events.push({
      ...fields,
      timestamp,
      'event.name': name,
      'agent.run_id': runIdOf(seed, fromMs, this.#run),
      'user.id': `user-${user}`,
      'gen_ai.agent.name': 'support',
      'service.name': 'helpdesk',
      'service.version': serviceVersion,
    });
  }
}
