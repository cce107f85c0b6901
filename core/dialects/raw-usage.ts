// Raw usage: the `usage` of the API as it came, which some emitters leave on a span in an attribute of theirs. It says
// all that a price needs, so it wins over what the emitter made of it.

import { inputTotal, readUsage } from '../pricing/usage.ts';
import { RAW_USAGE, type StandardKey } from './dialect.ts';

export interface RawUsage {
  /** JSON of the counters that a price is read from; nothing else of the attribute. */
  readonly json: string;
  /** What stands beside the usage: the id of the message, and its model. */
  readonly responseId?: string | undefined;
  readonly model?: string | undefined;
  readonly provider?: string | undefined;
  readonly counts: Readonly<Partial<Record<StandardKey, number>>>;
}

/** Longer attributes are not searched: a usage has some hundred characters, an answer around it seldom more than this. */
const MOST_CHARS = 1_000_000;

/** The usage on the span, where there is one that can be read. */
export function findRawUsage(attributes: Readonly<Record<string, unknown>>): RawUsage | undefined {
  for (const { key, paths, provider } of RAW_USAGE) {
    const holder = attributes[key];
    if (holder === undefined) continue;
    const printed = readRaw(printedUsage(holder, attributes));
    if (printed !== undefined) return printed;
    if (
      typeof holder === 'string' &&
      (holder.length > MOST_CHARS || !/["'](?:input|prompt)_tokens["']/.test(holder))
    )
      continue;
    const whole = parseObject(holder);
    for (const path of paths) {
      const read = readRaw(asObject(path.reduce<unknown>(partOf, whole)));
      if (read === undefined) continue;
      const around = path.length === 0 ? {} : path.slice(0, -1).reduce<unknown>(partOf, whole);
      return { ...read, ...namesOf(asObject(around) ?? {}), provider };
    }
  }
  return undefined;
}

function partOf(value: unknown, name: string): unknown {
  return Array.isArray(value) ? (value[Number(name)] as unknown) : asObject(value)?.[name];
}

function namesOf(message: Readonly<Record<string, unknown>>): Pick<RawUsage, 'responseId' | 'model'> {
  const { id, model } = message;
  return {
    responseId: typeof id === 'string' && /^msg_\S{1,120}$/.test(id) ? id : undefined,
    model: typeof model === 'string' && /^\S{1,120}$/.test(model) ? model : undefined,
  };
}

function readRaw(given: Readonly<Record<string, unknown>> | undefined): RawUsage | undefined {
  const usage = given && (usageOfLiteLlm(given) ?? given);
  if (usage === undefined || usage['input_tokens'] === undefined || !('output_tokens' in usage))
    return undefined;
  // The API always says what of it was cached. Who leaves that out may mean something else by these names.
  if (!('cache_read_input_tokens' in usage) && !('cache_creation_input_tokens' in usage)) return undefined;
  const kept = onlyCounters(usage);
  const reading = readUsage(kept);
  if ('error' in reading) return undefined;
  const { usage: counted } = reading;
  return {
    json: JSON.stringify(kept),
    counts: {
      'gen_ai.usage.input_tokens': inputTotal(counted),
      'gen_ai.usage.output_tokens': counted.output,
      'gen_ai.usage.cache_read.input_tokens': counted.cacheRead,
      'gen_ai.usage.cache_creation.input_tokens': counted.cacheWrite5m + counted.cacheWrite1h,
    },
  };
}

/** The API's usage again, of what LiteLLM makes of it: the names of OpenAI, and all that those do not say beside them. */
function usageOfLiteLlm(usage: Readonly<Record<string, unknown>>): Record<string, unknown> | undefined {
  const details = asObject(usage['prompt_tokens_details']);
  const { prompt_tokens: all, completion_tokens: output } = usage;
  if (details === undefined || typeof all !== 'number' || typeof output !== 'number') return undefined;
  const read = usage['cache_read_input_tokens'] ?? details['cached_tokens'];
  const written = usage['cache_creation_input_tokens'] ?? details['cache_creation_tokens'];
  if (typeof read !== 'number' || typeof written !== 'number' || read + written > all) return undefined;
  return {
    ...usage,
    input_tokens: all - read - written,
    output_tokens: output,
    cache_read_input_tokens: read,
    cache_creation_input_tokens: written,
    cache_creation: asObject(details['cache_creation_token_details']) ?? null,
  };
}

/**
 * LiteLLM's usage as Python prints its objects, which smolagents leaves in what its model gave back. It stands in a text
 * that a model has a part in: it is believed where its sums are those that the span counts.
 */
function printedUsage(
  holder: unknown,
  attributes: Readonly<Record<string, unknown>>,
): Record<string, unknown> | undefined {
  if (typeof holder !== 'string' || holder.length > MOST_CHARS) return undefined;
  const start = holder.lastIndexOf('usage=Usage(');
  if (start === -1) return undefined;
  const counts = new Map<string, number>();
  for (const [, name = '', digits = ''] of holder
    .slice(start)
    .matchAll(/\b([a-z0-9_]+_tokens)=(\d{1,15})\b/g))
    if (!counts.has(name)) counts.set(name, Number(digits));
  const all = counts.get('prompt_tokens');
  const output = counts.get('completion_tokens');
  if (all === undefined || all !== Number(attributes['llm.token_count.prompt'])) return undefined;
  if (output !== Number(attributes['llm.token_count.completion'])) return undefined;
  return {
    prompt_tokens: all,
    completion_tokens: output,
    cache_read_input_tokens: counts.get('cache_read_input_tokens'),
    cache_creation_input_tokens: counts.get('cache_creation_input_tokens'),
    prompt_tokens_details: {
      cached_tokens: counts.get('cached_tokens'),
      cache_creation_tokens: counts.get('cache_creation_tokens'),
      cache_creation_token_details: Object.fromEntries(
        [...counts].filter(([name]) => name.startsWith('ephemeral_')),
      ),
    },
  };
}

const COUNTERS: ReadonlySet<string> = new Set([
  'input_tokens',
  'output_tokens',
  'cache_read_input_tokens',
  'cache_creation_input_tokens',
  'cache_creation',
  'ephemeral_5m_input_tokens',
  'ephemeral_1h_input_tokens',
  'server_tool_use',
  'web_search_requests',
  'web_fetch_requests',
  'code_execution_requests',
  'output_tokens_details',
  'thinking_tokens',
  'service_tier',
  'speed',
  'inference_geo',
  'iterations',
  'type',
  'model',
  'billing_policy',
  'bill_to',
]);

// An attribute of others may hold anything beside the counters: only these are taken.
function onlyCounters(value: Readonly<Record<string, unknown>>): Record<string, unknown> {
  const kept: Record<string, unknown> = {};
  for (const [key, each] of Object.entries(value)) {
    if (!COUNTERS.has(key)) continue;
    if (Array.isArray(each)) kept[key] = each.map((entry) => onlyCounters(asObject(entry) ?? {}));
    else if (asObject(each) !== undefined) kept[key] = onlyCounters(asObject(each) ?? {});
    else if (typeof each === 'number' || each === null || (typeof each === 'string' && each.length <= 128))
      kept[key] = each;
  }
  return kept;
}

/** The object at that way in the value, parsed where it is the JSON of one; empty where nothing is there. */
export function partAt(value: unknown, path: readonly string[]): Readonly<Record<string, unknown>> {
  return asObject(path.reduce<unknown>(partOf, parseObject(value))) ?? {};
}

/** The value as an object, parsed where it is the JSON of one; empty for anything else. */
function parseObject(value: unknown): Readonly<Record<string, unknown>> {
  if (typeof value !== 'string') return asObject(value) ?? {};
  try {
    return asObject(JSON.parse(value.startsWith("{'") ? jsonOfPython(value) : value)) ?? {};
  } catch {
    return {};
  }
}

/** A dictionary as Python prints it, of counts and plain words: what has a quote in its texts is no JSON after this. */
function jsonOfPython(text: string): string {
  return text
    .replaceAll("'", '"')
    .replaceAll(/\bNone\b/g, 'null')
    .replaceAll(/\bTrue\b/g, 'true')
    .replaceAll(/\bFalse\b/g, 'false');
}

function asObject(value: unknown): Readonly<Record<string, unknown>> | undefined {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
    ? (value as Readonly<Record<string, unknown>>)
    : undefined;
}
