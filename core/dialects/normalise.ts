// Normalising: a span's attributes under the standard keys, by the rules of the dialect it speaks.
// The Collector's statements do the same, in the same order, on the same tables.

import {
  COMMON_ALIASES,
  COUNT_KEYS,
  FIRST_CHUNK_SECONDS_KEYS,
  RESPONSE_MODEL_FALLBACK,
  STANDARD_KEYS,
  type Dialect,
  type StandardKey,
} from './dialect.ts';
import { DIALECTS } from './table.ts';

type Attributes = Readonly<Record<string, unknown>>;

/** What is known of a span before it is translated. */
export interface SpanShape {
  readonly name: string;
  readonly scopeName: string;
  readonly attributes: Attributes;
}

export interface NormalisedSpan {
  readonly dialect: Dialect;
  /** Dialect and the rule for its input count, as in `openlit/exclusive`: recorded as `tallyspan.dialect`. */
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
const CACHE_READ = 'gen_ai.usage.cache_read.input_tokens';
const CACHE_WRITE = 'gen_ai.usage.cache_creation.input_tokens';

/** The first dialect that matches the span; none for our own spans and for spans that no dialect knows. */
export function findDialect(span: SpanShape): Dialect | undefined {
  if (span.scopeName === OWN_SCOPE || span.attributes[OWN_ATTRIBUTE] !== undefined) return undefined;
  return DIALECTS.find(({ match }) => {
    if (match.scope !== undefined && !new RegExp(match.scope).test(span.scopeName)) return false;
    if (match.spanName !== undefined && !new RegExp(match.spanName).test(span.name)) return false;
    return match.anyAttribute?.some((key) => span.attributes[key] !== undefined) ?? true;
  });
}

/** The span under the standard keys. A span that was normalised before (by a Collector) keeps what it has. */
export function normaliseSpan(span: SpanShape): NormalisedSpan | undefined {
  const rule = span.attributes[RULE_KEY];
  if (typeof rule === 'string') {
    const dialect = DIALECTS.find(({ id }) => rule.startsWith(`${id}/`));
    return dialect && { dialect, rule, attributes: span.attributes };
  }
  const dialect = findDialect(span);
  if (dialect === undefined) return undefined;
  const attributes: Record<string, unknown> = { ...span.attributes };
  for (const key of dialect.wrong ?? []) delete attributes[key];
  copyAliases(attributes, dialect.aliases ?? {});
  readJson(attributes, dialect);
  readOperation(attributes, span.name, dialect);
  copyAliases(attributes, COMMON_ALIASES);
  readFirstChunk(attributes);
  attributes['gen_ai.response.model'] ??= attributes[RESPONSE_MODEL_FALLBACK];
  for (const key of STANDARD_KEYS) if (attributes[key] === undefined) delete attributes[key];
  unifyValues(attributes);
  const meaning = applyInputMeaning(attributes, dialect);
  attributes[RULE_KEY] = `${dialect.id}/${meaning}`;
  return { dialect, rule: `${dialect.id}/${meaning}`, attributes };
}

function copyAliases(
  attributes: Record<string, unknown>,
  aliases: Partial<Record<StandardKey, readonly string[]>>,
): void {
  for (const key of STANDARD_KEYS) {
    for (const alias of aliases[key] ?? []) attributes[key] ??= attributes[alias];
  }
}

function readJson(attributes: Record<string, unknown>, { json }: Dialect): void {
  if (json === undefined) return;
  const counts = parseObject(attributes[json.key]);
  for (const [key, names] of Object.entries(json.names)) {
    for (const name of names) attributes[key] ??= counts[name];
  }
}

function readFirstChunk(attributes: Record<string, unknown>): void {
  for (const key of FIRST_CHUNK_SECONDS_KEYS) {
    const seconds = attributes[key];
    // The half makes the cut to a whole number, which all counts go through, a rounding.
    if (typeof seconds === 'number') attributes['ttft_ms'] ??= seconds * 1000 + 0.5;
  }
}

function readOperation(attributes: Record<string, unknown>, name: string, dialect: Dialect): void {
  const byAttribute = dialect.operationByAttribute;
  if (byAttribute !== undefined) {
    const value = String(attributes[byAttribute.key]);
    if (Object.hasOwn(byAttribute.values, value))
      attributes['gen_ai.operation.name'] ??= byAttribute.values[value];
  }
  for (const [pattern, operation] of dialect.operationByName ?? []) {
    if (new RegExp(pattern).test(name)) attributes['gen_ai.operation.name'] ??= operation;
  }
}

// One form for each kind of value: whole numbers for counts, a list for finish reasons, small letters for the provider.
function unifyValues(attributes: Record<string, unknown>): void {
  for (const key of COUNT_KEYS) {
    if (attributes[key] === undefined) continue;
    const count = Math.trunc(Number(attributes[key]));
    if (Number.isNaN(count)) delete attributes[key];
    else attributes[key] = count;
  }
  const reasons = attributes['gen_ai.response.finish_reasons'];
  if (typeof reasons === 'string') {
    attributes['gen_ai.response.finish_reasons'] = reasons.startsWith('[') ? parseList(reasons) : [reasons];
  }
  const provider = attributes['gen_ai.provider.name'];
  if (typeof provider === 'string') {
    attributes['gen_ai.provider.name'] = provider.toLowerCase().replace(/^anthropic.*$/, 'anthropic');
  }
}

/**
 * Makes the input count inclusive. A count that claims to include the cached tokens and is smaller than
 * they are does not include them: it is corrected, and the rule says so.
 */
function applyInputMeaning(attributes: Record<string, unknown>, dialect: Dialect): string {
  const input = attributes[INPUT];
  const cached = Number(attributes[CACHE_READ] ?? 0) + Number(attributes[CACHE_WRITE] ?? 0);
  if (typeof input !== 'number') return dialect.inputTokens;
  if (dialect.inputTokens === 'inclusive' && input >= cached) return 'inclusive';
  attributes[INPUT] = input + cached;
  return dialect.inputTokens === 'exclusive' ? 'exclusive' : 'corrected';
}

function parseObject(text: unknown): Record<string, unknown> {
  if (typeof text !== 'string') return {};
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {};
  } catch {
    return {};
  }
}

function parseList(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return [text];
  }
}
