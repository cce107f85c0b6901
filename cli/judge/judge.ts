// The judge at work: asks the model twice with other words each time, within a limit that is reserved before each request,
// and gives a verdict only where both are whole and agree. Its calls are recorded as `judge.call`, in no other number.

import { randomBytes } from 'node:crypto';
import { createRequire } from 'node:module';
import { pathToFileURL } from 'node:url';
import type { EventRecord } from '../../core/event.ts';
import { asJson, asText } from '../../core/model-call/json.ts';
import {
  addressesJudge,
  agreedVerdict,
  cutMiddle,
  judgeRequest,
  readVerdict,
  type JudgeRule,
  type JudgeVerdict,
  type JudgeWords,
} from '../../core/scores/judge.ts';
import { CliError } from '../terminal/cli-error.ts';
import type { Hold } from './judge-limit.ts';
import { judgeVersion } from './judge-file.ts';
import { mostNanoUsd, answerNanoUsd } from './judge-price.ts';

/** Sends a body to the Messages API and gives its answer. */
export type AskModel = (body: Readonly<Record<string, unknown>>, signal: AbortSignal) => Promise<unknown>;

export type RecordCall = (call: EventRecord) => Promise<void>;

export interface JudgedRun {
  readonly runId: string;
  readonly agent: string | undefined;
  /** Texts of the run; undefined where nothing was recorded. */
  readonly content: string | undefined;
}

export interface Judged {
  readonly verdict: JudgeVerdict;
  /** Calls that were made for it. */
  readonly calls: readonly EventRecord[];
  /** The limit is used up: nothing further will be asked. */
  readonly isOverLimit: boolean;
}

const ASKS = 2;
const ANSWER_LIMIT_MS = 30_000;
const INTERRUPTED = { status: undefined, type: 'interrupted' } as const;

export class Judge {
  readonly #ask: AskModel;
  readonly #limitNanoUsd: number;
  readonly #limitMs: number;
  readonly #signal: AbortSignal;
  readonly #hold: Hold | undefined;
  readonly #record: RecordCall | undefined;
  #spentNanoUsd: number;

  /** `spentNanoUsd` is what the time of the limit has cost before. */
  constructor(options: {
    readonly ask: AskModel;
    readonly limitNanoUsd: number;
    readonly spentNanoUsd: number;
    readonly signal: AbortSignal;
    readonly answerLimitMs?: number | undefined;
    /** Where others judge at the same time, within the same limit. */
    readonly hold?: Hold | undefined;
    /** Stores a call before what was held for it is given back. */
    readonly record?: RecordCall | undefined;
  }) {
    this.#ask = options.ask;
    this.#hold = options.hold;
    this.#record = options.record;
    this.#limitNanoUsd = options.limitNanoUsd;
    this.#spentNanoUsd = options.spentNanoUsd;
    this.#signal = options.signal;
    this.#limitMs = options.answerLimitMs ?? ANSWER_LIMIT_MS;
  }

  get spentNanoUsd(): number {
    return this.#spentNanoUsd;
  }

  async judge(rule: JudgeRule, run: JudgedRun): Promise<Judged> {
    if (run.content === undefined) return none('no content was recorded');
    const content = cutMiddle(run.content);
    if (addressesJudge(content)) return none('the content addresses the judge');
    const calls: EventRecord[] = [];
    const verdicts: JudgeVerdict[] = [];
    for (let ask = 0; ask < ASKS; ask++) {
      const words = newWords(content);
      const body = judgeRequest(rule, content, words);
      const most = mostNanoUsd(body, Date.now());
      if (most === undefined || this.#spentNanoUsd + most > this.#limitNanoUsd)
        return { ...none('the limit of cost is used up'), calls, isOverLimit: true };
      const release = await this.#hold?.(most);
      if (this.#hold !== undefined && release === undefined)
        return { ...none('the limit of cost is used up'), calls, isOverLimit: true };
      const { call, message } = await this.#call(rule, run, body, most);
      calls.push(call);
      await this.#record?.(call);
      await release?.();
      const fault = call['error.type'];
      verdicts.push(
        fault === undefined
          ? readVerdict(message, content, words)
          : { noScore: `the judge failed: ${fault}` },
      );
      // A second verdict could only take the place of none.
      if (verdicts.some((verdict) => 'noScore' in verdict)) break;
    }
    return { verdict: agreedVerdict(verdicts), calls, isOverLimit: false };
  }

  async #call(
    rule: JudgeRule,
    run: JudgedRun,
    body: Readonly<Record<string, unknown>>,
    most: number,
  ): Promise<{ readonly call: EventRecord; readonly message: unknown }> {
    const startedMs = Date.now();
    const traceId = randomBytes(16).toString('hex');
    const spanId = randomBytes(8).toString('hex');
    const base = {
      'event.name': 'judge.call' as const,
      trace_id: traceId,
      span_id: spanId,
      // It is given to one server, which may hand it on by this.
      'tallyspan.key': `judge/${traceId}/${spanId}`,
      'service.name': 'tallyspan-judge',
      'gen_ai.evaluation.name': rule.name,
      'tallyspan.score.evaluator': judgeVersion(rule),
      'tallyspan.score.target_id': run.runId,
      'gen_ai.request.model': rule.model,
      ...(run.agent === undefined ? {} : { 'gen_ai.agent.name': run.agent }),
    };
    // Reserved while it goes on: of a call that gives no answer nobody knows what it cost.
    this.#spentNanoUsd += most;
    try {
      const message = await this.#ask(
        body,
        AbortSignal.any([this.#signal, AbortSignal.timeout(this.#limitMs)]),
      );
      const endedMs = Date.now();
      const cost = answerNanoUsd(message, rule.model, startedMs);
      this.#spentNanoUsd += (cost ?? most) - most;
      const usage = asJson(asJson(message)['usage']);
      return {
        message,
        call: {
          ...base,
          timestamp: endedMs,
          duration_ms: endedMs - startedMs,
          'gen_ai.response.model': asText(asJson(message)['model']) ?? rule.model,
          ...optional('gen_ai.response.id', asText(asJson(message)['id'])),
          ...optional('gen_ai.usage.input_tokens', countOf(usage['input_tokens'])),
          ...optional('gen_ai.usage.output_tokens', countOf(usage['output_tokens'])),
          cost_nano_usd: cost ?? most,
          'tallyspan.cost.status': cost === undefined ? 'estimated' : 'priced',
        },
      };
    } catch (error) {
      const { status, type } = this.#signal.aborted ? INTERRUPTED : faultOf(error);
      const wasRefused = status !== undefined && status >= 400;
      if (wasRefused) this.#spentNanoUsd -= most;
      const endedMs = Date.now();
      return {
        message: undefined,
        call: {
          ...base,
          timestamp: endedMs,
          duration_ms: endedMs - startedMs,
          'gen_ai.response.model': rule.model,
          'error.type': type,
          // What is refused with a status is not billed.
          cost_nano_usd: wasRefused ? 0 : most,
          'tallyspan.cost.status': 'estimated',
        },
      };
    }
  }
}

function none(noScore: string): Judged {
  return { verdict: { noScore }, calls: [], isOverLimit: false };
}

function optional<K extends string, T>(key: K, value: T | undefined): { [P in K]?: T } {
  return value === undefined ? {} : ({ [key]: value } as { [P in K]: T });
}

function countOf(value: unknown): number | undefined {
  return typeof value === 'number' && Number.isSafeInteger(value) && value >= 0 ? value : undefined;
}

function faultOf(error: unknown): { readonly status: number | undefined; readonly type: string } {
  const { status, name, error: body } = error as { status?: unknown; name?: string; error?: unknown };
  const type = asText(asJson(asJson(body)['error'])['type']);
  if (typeof status === 'number') return { status, type: type ?? `http_${status}` };
  return {
    status: undefined,
    type:
      name === 'TimeoutError' || name === 'AbortError' || name === 'APIUserAbortError'
        ? 'timeout'
        : 'connection_error',
  };
}

/** None of them is in the content. */
function newWords(content: string): JudgeWords {
  const word = (): string => {
    for (;;) {
      const made = randomBytes(6).toString('hex');
      if (!content.includes(made)) return made;
    }
  };
  return { fence: word(), check: word(), failed: word(), passed: word() };
}

interface SdkModule {
  readonly default: new (options: Readonly<Record<string, unknown>>) => {
    readonly messages: {
      create(body: unknown, options: { readonly signal: AbortSignal }): Promise<unknown>;
    };
  };
}

/** The SDK of the project, with its own key and address. @throws CliError where there is none, or no key */
export async function sdkOf(env: Readonly<Record<string, string | undefined>>): Promise<AskModel> {
  const apiKey = env['TALLYSPAN_JUDGE_API_KEY'] || env['ANTHROPIC_API_KEY'];
  if (!apiKey)
    throw new CliError('a judge asks a model by your key: set TALLYSPAN_JUDGE_API_KEY or ANTHROPIC_API_KEY.');
  const baseURL = env['TALLYSPAN_JUDGE_BASE_URL'] || env['ANTHROPIC_BASE_URL'] || undefined;
  let sdk: SdkModule;
  try {
    const file = createRequire(import.meta.url).resolve('@anthropic-ai/sdk');
    sdk = (await import(pathToFileURL(file).href)) as SdkModule;
  } catch {
    throw new CliError('a judge needs the Anthropic SDK: npm install @anthropic-ai/sdk');
  }
  const Client = sdk.default as SdkModule['default'] & { readonly Anthropic?: SdkModule['default'] };
  // A request that is sent again may be billed twice.
  const client = new (Client.Anthropic ?? Client)({
    apiKey,
    maxRetries: 0,
    ...(baseURL === undefined ? {} : { baseURL }),
  });
  return (body, signal) => client.messages.create(body, { signal });
}
