// The dialect tables as OTTL. First one group per dialect, in table order: it recognises the spans that
// speak it, reads what only it spells so, and leaves its rule behind, which keeps later groups away.
// Then shared groups finish every span that was recognised just now. Together they do, in the same
// order, what core/dialects/normalise.ts does.

import {
  COMMON_ALIASES,
  COUNT_KEYS,
  FIRST_CHUNK_SECONDS_KEYS,
  RESPONSE_MODEL_FALLBACK,
  STANDARD_KEYS,
  type Dialect,
  type StandardKey,
} from '../core/dialects/dialect.ts';
import { OWN_ATTRIBUTE, OWN_SCOPE, RULE_KEY } from '../core/dialects/normalise.ts';
import { DIALECTS } from '../core/dialects/table.ts';
import type { YamlMap } from './yaml-map.ts';
import { literal, spanAttribute } from './ottl.ts';

const RULE = spanAttribute(RULE_KEY);
const INPUT = spanAttribute('gen_ai.usage.input_tokens');
const CACHED_PARTS = ['gen_ai.usage.cache_read.input_tokens', 'gen_ai.usage.cache_creation.input_tokens'].map(
  spanAttribute,
);

/** Set while a span is being normalised, to the meaning of its input count; gone at the end. */
const PENDING = spanAttribute('tallyspan.pending');

/** The transform processor that gives foreign spans the standard keys. */
export function dialectProcessor(): YamlMap {
  return { error_mode: 'ignore', trace_statements: [...DIALECTS.map(dialectGroup), sharedGroup()] };
}

function dialectGroup(dialect: Dialect): YamlMap {
  return {
    context: 'span',
    conditions: [matchCondition(dialect)],
    statements: [
      `set(${RULE}, ${literal(`${dialect.id}/${dialect.inputTokens}`)})`,
      `set(${PENDING}, ${literal(dialect.inputTokens)})`,
      ...(dialect.wrong ?? []).map((key) => `delete_key(span.attributes, ${literal(key)})`),
      ...aliasStatements(dialect.aliases ?? {}),
      ...jsonStatements(dialect),
      ...operationStatements(dialect),
    ],
  };
}

function sharedGroup(): YamlMap {
  return {
    context: 'span',
    conditions: [`${PENDING} != nil`],
    statements: [
      ...aliasStatements(COMMON_ALIASES),
      ...FIRST_CHUNK_SECONDS_KEYS.map(spanAttribute).map((seconds) =>
        fill(spanAttribute('ttft_ms'), `Double(${seconds}) * 1000.0 + 0.5`, ` and ${seconds} != nil`),
      ),
      fill(spanAttribute('gen_ai.response.model'), spanAttribute(RESPONSE_MODEL_FALLBACK)),
      ...unifyStatements(),
      ...inputStatements(),
      `delete_key(span.attributes, "tallyspan.pending")`,
    ],
  };
}

function matchCondition({ match }: Dialect): string {
  const parts = [
    `${RULE} == nil`,
    `${spanAttribute(OWN_ATTRIBUTE)} == nil`,
    `scope.name != ${literal(OWN_SCOPE)}`,
  ];
  if (match.scope !== undefined) parts.push(`IsMatch(scope.name, ${literal(match.scope)})`);
  if (match.spanName !== undefined) parts.push(`IsMatch(span.name, ${literal(match.spanName)})`);
  if (match.anyAttribute !== undefined) {
    parts.push(`(${match.anyAttribute.map((key) => `${spanAttribute(key)} != nil`).join(' or ')})`);
  }
  return parts.join(' and ');
}

function fill(target: string, value: string, condition = ''): string {
  return `set(${target}, ${value}) where ${target} == nil${condition}`;
}

// Setting from an absent attribute does nothing, so only the target needs a guard.
function aliasStatements(aliases: Partial<Record<StandardKey, readonly string[]>>): string[] {
  return STANDARD_KEYS.flatMap((key) =>
    (aliases[key] ?? []).map((alias) => fill(spanAttribute(key), spanAttribute(alias))),
  );
}

function jsonStatements({ json }: Dialect): string[] {
  if (json === undefined) return [];
  const text = spanAttribute(json.key);
  const counts = 'span.cache["counts"]';
  return [
    `set(${counts}, ParseJSON(${text})) where IsString(${text})`,
    ...Object.entries(json.names).flatMap(([key, names]) =>
      names.map((name) => fill(spanAttribute(key), `${counts}[${literal(name)}]`, ` and ${counts} != nil`)),
    ),
  ];
}

function operationStatements(dialect: Dialect): string[] {
  const operation = spanAttribute('gen_ai.operation.name');
  const byAttribute = dialect.operationByAttribute;
  const fromAttribute = Object.entries(byAttribute?.values ?? {}).map(([value, name]) =>
    fill(operation, literal(name), ` and ${spanAttribute(byAttribute?.key ?? '')} == ${literal(value)}`),
  );
  const fromName = (dialect.operationByName ?? []).map(([pattern, name]) =>
    fill(operation, literal(name), ` and IsMatch(span.name, ${literal(pattern)})`),
  );
  return [...fromAttribute, ...fromName];
}

function unifyStatements(): string[] {
  const reasons = spanAttribute('gen_ai.response.finish_reasons');
  const provider = spanAttribute('gen_ai.provider.name');
  return [
    ...COUNT_KEYS.map(spanAttribute).map((path) => `set(${path}, Int(${path})) where ${path} != nil`),
    `set(${reasons}, ParseJSON(${reasons})) where IsString(${reasons}) and IsMatch(${reasons}, ${literal('^\\[')})`,
    `set(${reasons}, [${reasons}]) where IsString(${reasons})`,
    `set(${provider}, ConvertCase(${provider}, "lower")) where IsString(${provider})`,
    `replace_pattern(${provider}, ${literal('^anthropic.*$')}, "anthropic") where IsString(${provider})`,
  ];
}

// A count that claims to include the cached tokens and is smaller than they are does not.
function inputStatements(): string[] {
  const cached = 'span.cache["cached"]';
  return [
    `set(${cached}, 0)`,
    ...CACHED_PARTS.map((part) => `set(${cached}, ${cached} + ${part}) where ${part} != nil`),
    `set(${PENDING}, "corrected") where ${PENDING} == "inclusive" and ${INPUT} != nil and ${INPUT} < ${cached}`,
    `replace_pattern(${RULE}, "inclusive", "corrected") where ${PENDING} == "corrected"`,
    `set(${INPUT}, ${INPUT} + ${cached}) where ${PENDING} != "inclusive" and ${INPUT} != nil`,
  ];
}
