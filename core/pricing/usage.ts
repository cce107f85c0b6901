// Usage: the disjoint token buckets of one call, read from the raw `usage` object of the API.
// Disjoint means that the buckets sum to everything counted: no token is in two of them.
// A part is one billed step of a call: the whole call, or one entry of `usage.iterations`.

/** Token and request counts of one call. `thinking` is a share of `output`, never added to it. */
export interface Usage {
  readonly input: number;
  readonly cacheRead: number;
  readonly cacheWrite5m: number;
  readonly cacheWrite1h: number;
  readonly output: number;
  readonly thinking: number;
  readonly webSearches: number;
}

/** One billed step. */
export interface UsagePart {
  /** `call` for a call without iterations, else the `type` of the entry. */
  readonly kind: string;
  /** Model of the step, where the entry names one. */
  readonly model: string | undefined;
  readonly input: number;
  readonly cacheRead: number;
  readonly cacheWrite5m: number;
  readonly cacheWrite1h: number;
  readonly output: number;
  /** False when some cache writes came without a lifetime and are taken as five-minute ones. */
  readonly isCacheSplitKnown: boolean;
  /** Speed of the step, where the entry names it. */
  readonly speed: string | undefined;
}

export interface UsageReading {
  /** Sum over the parts. */
  readonly usage: Usage;
  readonly parts: readonly UsagePart[];
  /** Tier, speed and residency as served; absent where the API did not say. */
  readonly serviceTier: string | undefined;
  readonly speed: string | undefined;
  readonly inferenceGeo: string | undefined;
  readonly hasCodeExecution: boolean;
  readonly billTo: string | undefined;
}

export interface UsageError {
  readonly error: 'usage_missing' | 'usage_invalid';
  /** What is wrong, naming the counters. */
  readonly message: string;
}

/** All input tokens, cache reads and writes included: what the conventions call `gen_ai.usage.input_tokens`. */
export function inputTotal(
  usage: Pick<Usage, 'input' | 'cacheRead' | 'cacheWrite5m' | 'cacheWrite1h'>,
): number {
  return usage.input + usage.cacheRead + usage.cacheWrite5m + usage.cacheWrite1h;
}

class UnreadableUsage extends Error {
  readonly kind: UsageError['error'];

  constructor(kind: UsageError['error'], message: string) {
    super(message);
    this.kind = kind;
  }
}

/**
 * Reads a raw `usage` object (after the streaming merge). With a non-empty `iterations` the parts are its
 * entries and the top-level counts are not added to them. Counters that contradict each other, or are no
 * whole numbers, are an error that names them; absent and null cache counters are zero.
 */
export function readUsage(raw: unknown): UsageReading | UsageError {
  try {
    return readObject(raw);
  } catch (error) {
    if (error instanceof UnreadableUsage) return { error: error.kind, message: error.message };
    throw error;
  }
}

export const NO_USAGE: Usage = {
  input: 0,
  cacheRead: 0,
  cacheWrite5m: 0,
  cacheWrite1h: 0,
  output: 0,
  thinking: 0,
  webSearches: 0,
};

/** Sum of two usages, or with -1 their difference, bucket by bucket. */
export function addUsage(a: Usage, b: Usage, sign: 1 | -1 = 1): Usage {
  const result: Record<keyof Usage, number> = { ...a };
  for (const bucket of Object.keys(NO_USAGE) as (keyof Usage)[]) result[bucket] += sign * b[bucket];
  return result;
}

/** What a reading that is made of counts knows beside them. */
export interface Served {
  readonly serviceTier?: string | undefined;
  readonly speed?: string | undefined;
  readonly inferenceGeo?: string | undefined;
  /** False when the lifetime of some cache writes is not known and they were taken as five-minute ones. */
  readonly isCacheSplitKnown?: boolean;
}

/** The reading of a call in one step whose buckets are known: from a stored event, a span, a difference of totals. */
export function readingOf(usage: Usage, served: Served = {}): UsageReading | UsageError {
  for (const [name, count] of Object.entries(usage)) {
    if (!isCount(count)) return { error: 'usage_invalid', message: `${name} is ${count}, not a count` };
  }
  const { input, cacheRead, cacheWrite5m, cacheWrite1h, output } = usage;
  return {
    usage: { ...usage, thinking: Math.min(usage.thinking, output) },
    parts: [
      {
        kind: 'call',
        model: undefined,
        input,
        cacheRead,
        cacheWrite5m,
        cacheWrite1h,
        output,
        isCacheSplitKnown: served.isCacheSplitKnown ?? true,
        speed: undefined,
      },
    ],
    serviceTier: served.serviceTier,
    speed: served.speed,
    inferenceGeo: served.inferenceGeo,
    hasCodeExecution: false,
    billTo: undefined,
  };
}

/** Whether the call was one step, so that its buckets say all about its price. */
export function isOneStep(reading: UsageReading): boolean {
  return reading.parts.length === 1 && reading.parts[0]?.kind === 'call';
}

/** The tokens of one step. */
export function usageOfPart({ input, cacheRead, cacheWrite5m, cacheWrite1h, output }: UsagePart): Usage {
  return { ...NO_USAGE, input, cacheRead, cacheWrite5m, cacheWrite1h, output };
}

/** The reading with other buckets; only of a call in one step. */
export function withUsage(reading: UsageReading, usage: Usage): UsageReading {
  const { input, cacheRead, cacheWrite5m, cacheWrite1h, output } = usage;
  const parts = reading.parts.map((part) => ({
    ...part,
    input,
    cacheRead,
    cacheWrite5m,
    cacheWrite1h,
    output,
  }));
  return { ...reading, usage, parts };
}

function readObject(raw: unknown): UsageReading {
  if (!isObject(raw)) throw new UnreadableUsage('usage_missing', 'usage is no object');
  const entries = raw['iterations'];
  if (entries !== undefined && entries !== null && !Array.isArray(entries)) {
    throw new UnreadableUsage('usage_invalid', 'iterations is no list');
  }
  const hasIterations = Array.isArray(entries) && entries.length > 0;
  const parts = hasIterations
    ? skipDeclined(entries.map((entry, index) => readEntry(entry, `iterations[${index}].`)))
    : [readPart(raw, '', 'call', undefined)];
  const serverTools = readOptionalObject(raw, 'server_tool_use');
  const output = sum(parts, (part) => part.output);
  const thinking = readThinking(
    raw,
    hasIterations ? Math.max(output, readCount(raw, 'output_tokens')) : output,
  );
  return {
    usage: {
      input: sum(parts, (part) => part.input),
      cacheRead: sum(parts, (part) => part.cacheRead),
      cacheWrite5m: sum(parts, (part) => part.cacheWrite5m),
      cacheWrite1h: sum(parts, (part) => part.cacheWrite1h),
      output,
      thinking: Math.min(thinking, output),
      webSearches: readCount(serverTools, 'web_search_requests', 'server_tool_use.'),
    },
    parts,
    serviceTier: readText(raw, 'service_tier'),
    speed: readText(raw, 'speed'),
    inferenceGeo: readText(raw, 'inference_geo'),
    hasCodeExecution: readCount(serverTools, 'code_execution_requests', 'server_tool_use.') > 0,
    billTo: readText(readOptionalObject(raw, 'billing_policy'), 'bill_to'),
  };
}

function readEntry(entry: unknown, path: string): UsagePart {
  if (!isObject(entry)) throw new UnreadableUsage('usage_invalid', `${path.slice(0, -1)} is no object`);
  return readPart(entry, path, readText(entry, 'type', path) ?? 'unknown', readText(entry, 'model', path));
}

function readPart(
  raw: Record<string, unknown>,
  path: string,
  kind: string,
  model: string | undefined,
): UsagePart {
  for (const name of ['input_tokens', 'output_tokens']) {
    if (raw[name] === undefined || raw[name] === null)
      throw new UnreadableUsage('usage_missing', `${path}${name} is missing`);
  }
  const split = readOptionalObject(raw, 'cache_creation', path);
  const fiveMinutes = readCount(split, 'ephemeral_5m_input_tokens', `${path}cache_creation.`);
  const oneHour = readCount(split, 'ephemeral_1h_input_tokens', `${path}cache_creation.`);
  const hasTotal = (raw['cache_creation_input_tokens'] ?? null) !== null;
  const total = hasTotal ? readCount(raw, 'cache_creation_input_tokens', path) : fiveMinutes + oneHour;
  const withoutLifetime = total - fiveMinutes - oneHour;
  if (withoutLifetime < 0) {
    throw new UnreadableUsage(
      'usage_invalid',
      `${path}cache_creation.ephemeral_5m_input_tokens (${fiveMinutes}) and ephemeral_1h_input_tokens ` +
        `(${oneHour}) exceed cache_creation_input_tokens (${total})`,
    );
  }
  return {
    kind,
    model,
    input: readCount(raw, 'input_tokens', path),
    cacheRead: readCount(raw, 'cache_read_input_tokens', path),
    cacheWrite5m: fiveMinutes + withoutLifetime,
    cacheWrite1h: oneHour,
    output: readCount(raw, 'output_tokens', path),
    isCacheSplitKnown: withoutLifetime === 0,
    speed: path === '' ? undefined : readText(raw, 'speed', path),
  };
}

/** Whether the step is an attempt to answer, and not something done beside it (compaction, advice). */
export function isAttempt(part: UsagePart): boolean {
  return part.kind === 'call' || part.kind === 'message' || part.kind === 'fallback_message';
}

/** What the API counts as output of an answer that was declined before it began: none, or one token. */
export const MAX_OUTPUT_OF_DECLINED = 1;

// An attempt that was declined before any output, and went on to a fallback model, is not billed.
function skipDeclined(parts: readonly UsagePart[]): UsagePart[] {
  const lastFallback = parts.findLastIndex((part) => part.kind === 'fallback_message');
  return parts.filter(
    (part, index) => !(isAttempt(part) && part.output <= MAX_OUTPUT_OF_DECLINED && index < lastFallback),
  );
}

function readThinking(raw: Record<string, unknown>, output: number): number {
  const details = readOptionalObject(raw, 'output_tokens_details');
  const thinking = readCount(details, 'thinking_tokens', 'output_tokens_details.');
  if (thinking > output) {
    throw new UnreadableUsage(
      'usage_invalid',
      `output_tokens_details.thinking_tokens (${thinking}) exceeds output_tokens (${output})`,
    );
  }
  return thinking;
}

function readCount(raw: Record<string, unknown> | undefined, name: string, path = ''): number {
  const value = raw?.[name];
  if (value === undefined || value === null) return 0;
  if (!isCount(value)) {
    throw new UnreadableUsage('usage_invalid', `${path}${name} is ${shown(value)}, not a count`);
  }
  return value;
}

/** As JSON writes it, and what JSON cannot write by its own name. */
function shown(value: unknown): string {
  return typeof value === 'number' || typeof value === 'bigint' ? String(value) : JSON.stringify(value);
}

function isCount(value: unknown): value is number {
  return Number.isSafeInteger(value) && (value as number) >= 0;
}

function readText(raw: Record<string, unknown> | undefined, name: string, path = ''): string | undefined {
  const value = raw?.[name];
  if (value === undefined || value === null) return undefined;
  if (typeof value !== 'string') throw new UnreadableUsage('usage_invalid', `${path}${name} is no text`);
  return value;
}

function readOptionalObject(
  raw: Record<string, unknown>,
  name: string,
  path = '',
): Record<string, unknown> | undefined {
  const value = raw[name];
  if (value === undefined || value === null) return undefined;
  if (!isObject(value)) throw new UnreadableUsage('usage_invalid', `${path}${name} is no object`);
  return value;
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function sum(parts: readonly UsagePart[], count: (part: UsagePart) => number): number {
  return parts.reduce((total, part) => total + count(part), 0);
}
