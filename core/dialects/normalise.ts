// Normalising: a span's attributes under the standard keys, by the rules of the dialect it speaks.

import {
  COMMON_ALIASES,
  COMMON_JSON,
  COST_KEYS,
  COUNT_KEYS,
  CURRENCY_KEY,
  FIRST_CHUNK_SECONDS_KEYS,
  PROVIDER_NAMES,
  RESPONSE_MODEL_FALLBACK,
  STANDARD_KEYS,
  type Dialect,
  type InputMeaning,
  type StandardKey,
} from './dialect.ts';
import { readGraphStep } from './graph-steps.ts';
import { meaningByNumbers } from './input-meaning.ts';
import { readModelNames } from './model-names.ts';
import { matches } from './patterns.ts';
import { findRawUsage, partAt, type RawUsage } from './raw-usage.ts';
import { DIALECTS } from './table.ts';
import { plainNumber, plainText } from './plain-values.ts';
import { readUsageNames, withPartsOfMaps } from './usage-names.ts';

type Attributes = Readonly<Record<string, unknown>>;

/** What is known of a span before it is translated. */
export interface SpanShape {
  readonly name: string;
  readonly scopeName: string;
  readonly scopeVersion?: string | undefined;
  /** How long it took, milliseconds; it shows in which unit a time to the first chunk is. */
  readonly durationMs?: number | undefined;
  readonly attributes: Attributes;
}

export interface NormalisedSpan {
  readonly dialect: Dialect;
  /**
   * Dialect and the rule for its input count, as in `openlit/exclusive`: recorded as `tallyspan.dialect`. `raw` where the
   * API's own usage was on the span, `corrected` where the numbers showed that the emitter's claim is wrong.
   */
  readonly rule: string;
  /** All attributes, the standard ones added or corrected. */
  readonly attributes: Attributes;
}

/** Attribute that names the rule; a span that has it was normalised before. */
export const RULE_KEY = 'tallyspan.dialect';

/** Scope of our own spans, and the attribute that our instrumentation adds to the SDK's: such spans have their event already. */
export const OWN_SCOPE = 'tallyspan';
export const OWN_ATTRIBUTE = 'agent.run_id';

const INPUT = 'gen_ai.usage.input_tokens';
const OUTPUT = 'gen_ai.usage.output_tokens';
const CACHE_READ = 'gen_ai.usage.cache_read.input_tokens';
const CACHE_WRITE = 'gen_ai.usage.cache_creation.input_tokens';

/** Whether the span is ours, so that what it tells of has its event already. */
export function isOwnSpan({ scopeName, attributes }: SpanShape): boolean {
  return scopeName === OWN_SCOPE || attributes[OWN_ATTRIBUTE] !== undefined;
}

/** The first dialect that matches the span; none for our own spans and for spans that no dialect knows. */
export function findDialect(span: SpanShape): Dialect | undefined {
  if (isOwnSpan(span)) return undefined;
  return DIALECTS.find(({ match }) => {
    if (match.scope !== undefined && !matches(match.scope, span.scopeName)) return false;
    if (match.spanName !== undefined && !matches(match.spanName, span.name)) return false;
    return match.anyAttribute?.some((key) => span.attributes[key] !== undefined) ?? true;
  });
}

/** The span under the standard keys. A span that was normalised before keeps what it has. */
export function normaliseSpan(sent: SpanShape): NormalisedSpan | undefined {
  const rule = sent.attributes[RULE_KEY];
  if (typeof rule === 'string') {
    const dialect = DIALECTS.find(({ id }) => rule.startsWith(`${id}/`));
    return dialect && { dialect, rule, attributes: sent.attributes };
  }
  const parts = withPartsOfMaps(sent.attributes);
  const span = parts === sent.attributes ? sent : { ...sent, attributes: parts };
  const dialect = findDialect(span);
  if (dialect === undefined) return undefined;
  const attributes: Record<string, unknown> = { ...span.attributes };
  if (dialect.jsonTexts !== undefined) readJsonTexts(attributes, dialect.jsonTexts);
  const rawUsage = findRawUsage(attributes);
  preferAliases(attributes, dialect);
  copyAliases(attributes, dialect.aliases ?? {});
  for (const key of dialect.wrong ?? []) delete attributes[key];
  readJson(attributes, dialect.json);
  readOperation(attributes, span.name, dialect);
  if (dialect.graphKey !== undefined) readGraphStep(attributes, span.name, dialect.graphKey);
  copyAliases(attributes, COMMON_ALIASES);
  if (rawUsage === undefined) {
    for (const json of COMMON_JSON) readJson(attributes, json);
    readBedrockLifetimes(attributes);
    readUsageNames(attributes);
  }
  readClaimedCost(attributes);
  readFirstChunk(attributes, span.durationMs, dialect.isFirstChunkMs === true);
  if (rawUsage === undefined) delete attributes['anthropic.usage'];
  else takeRawUsage(attributes, rawUsage);
  if (isThere(attributes[RESPONSE_MODEL_FALLBACK]) && !isThere(attributes['gen_ai.response.model']))
    attributes['gen_ai.response.model'] = attributes[RESPONSE_MODEL_FALLBACK];
  for (const key of STANDARD_KEYS) if (key in attributes && !isThere(attributes[key])) delete attributes[key];
  unifyValues(attributes);
  readModelNames(attributes, span.scopeName);
  addLifetimes(attributes);
  if (rawUsage === undefined) dropBlankCounts(attributes);
  const meaning =
    rawUsage === undefined
      ? applyInputMeaning(attributes, span, dialect)
      : takeRawCounts(attributes, rawUsage.counts);
  attributes[RULE_KEY] = `${dialect.id}/${meaning}`;
  return { dialect, rule: `${dialect.id}/${meaning}`, attributes };
}

function preferAliases(attributes: Record<string, unknown>, { preferAliases: keys, aliases }: Dialect): void {
  for (const key of keys ?? [])
    if (aliases?.[key]?.some((alias) => attributes[alias] !== undefined) === true) delete attributes[key];
}

function copyAliases(
  attributes: Record<string, unknown>,
  aliases: Partial<Record<StandardKey, readonly string[]>>,
): void {
  for (const key of STANDARD_KEYS) {
    const names = aliases[key];
    if (names === undefined || isThere(attributes[key])) continue;
    const alias = names.find((name) => isThere(attributes[name]));
    if (alias !== undefined) attributes[key] = attributes[alias];
  }
}

function readJsonTexts(attributes: Record<string, unknown>, prefix: string): void {
  for (const [key, value] of Object.entries(attributes)) {
    if (!key.startsWith(prefix) || typeof value !== 'string' || !/^".*"$/s.test(value)) continue;
    try {
      attributes[key] = JSON.parse(value) as unknown;
    } catch {
      // It is what it looks like: a text with quotes.
    }
  }
}

function isThere(value: unknown): boolean {
  return value !== undefined && value !== null && value !== '';
}

function readJson(attributes: Record<string, unknown>, json: Dialect['json']): void {
  if (json === undefined || attributes[json.key] === undefined) return;
  const counts = partAt(attributes[json.key], json.path ?? []);
  for (const [key, names] of Object.entries(json.names)) {
    const name = isThere(attributes[key]) ? undefined : names.find((each) => isThere(counts[each]));
    if (name !== undefined) attributes[key] = counts[name];
  }
}

/** What the emitter says that the call cost; a sum in another currency says nothing here. */
function readClaimedCost(attributes: Record<string, unknown>): void {
  delete attributes['cost_claimed_nano_usd'];
  const currency = plainText(attributes[CURRENCY_KEY] ?? 'USD');
  if (currency.toUpperCase() !== 'USD') return;
  const key = COST_KEYS.find((each) => plainNumber(attributes[each]) >= 0);
  const usd = key === undefined ? Number.NaN : plainNumber(attributes[key]);
  if (usd < MOST_USD) attributes['cost_claimed_nano_usd'] = Math.round(usd * 1e9);
}

/** Nano-dollars beyond that are no exact number any more. */
const MOST_USD = 9_000_000;

/** Nobody waits so long for a first chunk: a larger number is of milliseconds. */
const MOST_SECONDS = 600;

// Some emitters write milliseconds under the keys that are in seconds: such a number is longer than the whole span.
function readFirstChunk(
  attributes: Record<string, unknown>,
  durationMs: number | undefined,
  isInMs: boolean,
): void {
  for (const key of FIRST_CHUNK_SECONDS_KEYS) {
    const value = attributes[key];
    if (typeof value !== 'number') continue;
    const isLonger = durationMs !== undefined && durationMs > 0 && value * 1000 > durationMs + 1000;
    const isMilliseconds = isInMs || value > MOST_SECONDS || (isLonger && value <= durationMs);
    attributes['ttft_ms'] ??= isMilliseconds ? value : value * 1000;
  }
}

function readOperation(attributes: Record<string, unknown>, name: string, dialect: Dialect): void {
  const byAttribute = dialect.operationByAttribute;
  if (byAttribute !== undefined) {
    const value = plainText(attributes[byAttribute.key]);
    if (Object.hasOwn(byAttribute.values, value)) {
      const named = plainText(attributes['gen_ai.operation.name']);
      const { overrules = [] } = byAttribute;
      if (overrules === 'all' || overrules.includes(named)) delete attributes['gen_ai.operation.name'];
      attributes['gen_ai.operation.name'] ??= byAttribute.values[value];
    }
  }
  for (const [pattern, operation] of dialect.operationInSpite ?? [])
    if (matches(pattern, name)) attributes['gen_ai.operation.name'] = operation;
  for (const [pattern, operation] of dialect.operationByName ?? []) {
    if (attributes['gen_ai.operation.name'] === undefined && matches(pattern, name))
      attributes['gen_ai.operation.name'] = operation;
  }
  const isTool = dialect.toolKey !== undefined && isThere(attributes[dialect.toolKey]);
  if (isTool && attributes['gen_ai.operation.name'] === 'task')
    attributes['gen_ai.operation.name'] = 'execute_tool';
}

/** How long Bedrock keeps what was written, which the AI SDK leaves as Bedrock says it. */
function readBedrockLifetimes(attributes: Record<string, unknown>): void {
  if (attributes['ai.response.providerMetadata'] === undefined) return;
  const { cacheDetails } = partAt(attributes['ai.response.providerMetadata'], ['bedrock', 'usage']);
  if (!Array.isArray(cacheDetails)) return;
  for (const [ttl, key] of BEDROCK_LIFETIMES) {
    const counts = cacheDetails.map((detail) => {
      const { ttl: its, inputTokens } = partAt(detail, []);
      return its === ttl ? plainNumber(inputTokens) : 0;
    });
    attributes[key] ??= counts.reduce((sum, count) => sum + count, 0);
  }
}

const BEDROCK_LIFETIMES = [
  ['5m', 'tokens_cache_write_5m'],
  ['1h', 'tokens_cache_write_1h'],
] as const satisfies readonly (readonly [string, StandardKey])[];

/** What is beside the API's usage names the answer better than the emitter, whose ids are often its own. */
function takeRawUsage(
  attributes: Record<string, unknown>,
  { json, responseId, model, provider }: RawUsage,
): void {
  attributes['anthropic.usage'] = json;
  if (provider !== undefined) attributes['gen_ai.provider.name'] ??= provider;
  if (responseId !== undefined) attributes['gen_ai.response.id'] = responseId;
  if (model !== undefined) attributes['gen_ai.response.model'] ??= model;
}

/** No call has so many tokens; the price of more would be no exact number. */
const MOST_COUNTED = 1e9;

// One form for each kind of value: whole numbers for counts, a list for finish reasons, small letters for the provider.
function unifyValues(attributes: Record<string, unknown>): void {
  for (const key of COUNT_KEYS) {
    if (attributes[key] === undefined) continue;
    const count = Math.round(plainNumber(attributes[key])) + 0;
    // Minus one is how some say that they do not know.
    if (Number.isNaN(count) || count < 0 || count > MOST_COUNTED) delete attributes[key];
    else attributes[key] = count;
  }
  const reasons = attributes['gen_ai.response.finish_reasons'];
  if (typeof reasons === 'string') {
    attributes['gen_ai.response.finish_reasons'] = reasons.startsWith('[') ? parseList(reasons) : [reasons];
  }
  if (attributes['speed'] === 'normal') attributes['speed'] = 'standard';
  if (attributes['service_tier'] === 'default') attributes['service_tier'] = 'standard';
  const provider = attributes['gen_ai.provider.name'];
  if (typeof provider === 'string') {
    const name = provider.toLowerCase();
    attributes['gen_ai.provider.name'] =
      PROVIDER_NAMES.find(([pattern]) => matches(pattern, name))?.[1] ?? name;
  }
}

// What was written to the cache is at least what was written for five minutes and for an hour: some emitters give
// these, and nothing or zero for their sum.
function addLifetimes(attributes: Record<string, unknown>): void {
  const parts =
    plainNumber(attributes['tokens_cache_write_5m'] ?? 0) +
    plainNumber(attributes['tokens_cache_write_1h'] ?? 0);
  if (parts > plainNumber(attributes[CACHE_WRITE] ?? 0)) attributes[CACHE_WRITE] = parts;
}

// An answer has tokens: one of which all counts are zero is an answer that the emitter has not read.
function dropBlankCounts(attributes: Record<string, unknown>): void {
  const counts = [INPUT, OUTPUT, CACHE_READ, CACHE_WRITE].map((key) => plainNumber(attributes[key] ?? 0));
  if (counts.every((count) => count === 0)) for (const key of [INPUT, OUTPUT]) delete attributes[key];
}

/** Makes the input count inclusive of the cached tokens; gives back by which rule. */
function applyInputMeaning(
  attributes: Record<string, unknown>,
  { scopeVersion, attributes: sent }: SpanShape,
  dialect: Dialect,
): InputMeaning | 'corrected' {
  const input = attributes[INPUT];
  const cached = plainNumber(attributes[CACHE_READ] ?? 0) + plainNumber(attributes[CACHE_WRITE] ?? 0);
  const isOfClaude = cached > 0 && /claude/i.test(plainText(attributes['gen_ai.response.model']));
  const claimed = claimedMeaning(dialect, sent, scopeVersion, isOfClaude);
  if (typeof input !== 'number') return claimed;
  const shown = meaningByNumbers(sent, { input, cached, output: plainNumber(attributes[OUTPUT] ?? 0) });
  const meaning = shown ?? claimed;
  if (meaning === 'inclusive') return 'inclusive';
  attributes[INPUT] = input + cached;
  return claimed === 'exclusive' ? 'exclusive' : 'corrected';
}

function claimedMeaning(
  { inputTokens, exclusiveKey, exclusiveBefore, inclusiveWith, exclusiveOfClaude }: Dialect,
  sent: Attributes,
  version: string | undefined,
  isOfClaude: boolean,
): InputMeaning {
  if (exclusiveKey !== undefined && sent[exclusiveKey] !== undefined) return 'exclusive';
  if (exclusiveBefore !== undefined && version && isBefore(version, exclusiveBefore)) return 'exclusive';
  if (inclusiveWith?.some((key) => sent[key] !== undefined) === true) return 'inclusive';
  if (exclusiveOfClaude === true && isOfClaude) return 'exclusive';
  return inputTokens;
}

function isBefore(version: string, other: string): boolean {
  const parts = version
    .replace(/^v/i, '')
    .split('.')
    .map((part) => Number.parseInt(part, 10));
  for (const [index, bound] of other.split('.').map(Number).entries()) {
    const part = parts[index] ?? 0;
    if (Number.isNaN(part)) return false;
    if (part !== bound) return part < bound;
  }
  return false;
}

/** The counts of the API's own usage take the place of what the emitter made of them. */
function takeRawCounts(
  attributes: Record<string, unknown>,
  counts: Readonly<Partial<Record<StandardKey, number>>>,
): 'raw' {
  Object.assign(attributes, counts);
  return 'raw';
}

function parseList(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return [text];
  }
}
