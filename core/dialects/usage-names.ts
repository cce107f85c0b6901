// Usage names: counts under names that no table lists. Emitters build these of the same few words, in any order and with
// any separator: `gen_ai.usage.cached_input_tokens`, `llm.usage.prompt_tokens_details.cached_tokens`, a map or its JSON
// under `gen_ai.usage`. What a listed name said counts first; these fill what it left open.

import type { StandardKey } from './dialect.ts';
import { plainNumber } from './plain-values.ts';

type Attributes = Readonly<Record<string, unknown>>;

/** Keys whose maps are attributes by their parts. */
const NAMESPACE = /^(?:gen_ai|llm|ai|anthropic)(?:\.|$)/;
/** Keys that may hold counts as JSON. */
const USAGE_JSON = /usage|tokens?[._]?(?:details|counts?)/i;
const MOST_JSON_CHARS = 4000;
const MOST_DEPTH = 4;
const MOST_LEAF_CHARS = 128;

/** The attributes with the parts of their maps beside them, each under its whole name; the same where there is no map. */
export function withPartsOfMaps(attributes: Attributes): Attributes {
  let parts: Record<string, unknown> | undefined;
  for (const key in attributes) {
    const value = attributes[key];
    if (!isMap(value) || !NAMESPACE.test(key)) continue;
    parts ??= {};
    addParts(parts, key, value, 0);
  }
  return parts === undefined ? attributes : { ...parts, ...attributes };
}

function addParts(into: Record<string, unknown>, path: string, map: Attributes, depth: number): void {
  for (const [name, value] of Object.entries(map)) {
    const key = `${path}.${name}`;
    if (isMap(value)) {
      if (depth < MOST_DEPTH) addParts(into, key, value, depth + 1);
    } else if (typeof value === 'number' || (typeof value === 'string' && value.length <= MOST_LEAF_CHARS))
      into[key] = value;
  }
}

function isMap(value: unknown): value is Attributes {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** Words of a name without its separators, and what is counted under such a name; the first that matches. */
const MEANINGS: readonly (readonly [pattern: RegExp, key: StandardKey])[] = [
  [
    /(?:ephemeral|cache\w*(?:creat|writ)\w*)(?:1h|60m)|(?:1h|60m)cache\w*(?:creat|writ)/,
    'tokens_cache_write_1h',
  ],
  [/(?:ephemeral|cache\w*(?:creat|writ)\w*)5m|5mcache\w*(?:creat|writ)/, 'tokens_cache_write_5m'],
  [/cached?(?:input|prompt)?(?:tokens?)?(?:creat|writ|stor)/, 'gen_ai.usage.cache_creation.input_tokens'],
  [
    /cached?(?:input|prompt)?(?:tokens?)?(?:read|hit)|(?<!un|non|not|no)cached(?:input|prompt|content)?(?:tokens?)?(?:count)?$/,
    'gen_ai.usage.cache_read.input_tokens',
  ],
  [/websearch(?:requests?|es|count)?$/, 'web_searches'],
];
/** Counts that are of something else, or of more than this call. */
const NOT_OF_IT = /cost|price|usd|ratio|rate|percent|limit|budget|aggregat|cumulat|session|second|duration/;
const COUNTED = /usage|tokens|tokencount/;
const ALL_INPUT = /(?:usage|tokencounts?|tokens)(?:input|prompt)(?:tokens?)?(?:count)?$/;
const ALL_OUTPUT = /(?:usage|tokencounts?|tokens)(?:output|completion)(?:tokens?)?(?:count)?$/;

const ALL_TOKENS: ReadonlySet<StandardKey> = new Set([
  'gen_ai.usage.input_tokens',
  'gen_ai.usage.output_tokens',
]);

/** What is known of a name. */
interface NameMeaning {
  readonly key: StandardKey | undefined;
  readonly mayHoldJson: boolean;
}

const meanings = new Map<string, NameMeaning>();
const MOST_NAMES = 2000;

function meaningOf(name: string): NameMeaning {
  let meaning = meanings.get(name);
  if (meaning === undefined) {
    const key = readMeaning(name.toLowerCase().replaceAll(/[^a-z0-9]/g, ''));
    meaning = { key, mayHoldJson: USAGE_JSON.test(name) };
    if (meanings.size < MOST_NAMES) meanings.set(name, meaning);
  }
  return meaning;
}

function readMeaning(words: string): StandardKey | undefined {
  if (!COUNTED.test(words) || NOT_OF_IT.test(words)) return undefined;
  const special = MEANINGS.find(([pattern]) => pattern.test(words))?.[1];
  if (special !== undefined) return special;
  if (ALL_INPUT.test(words)) return 'gen_ai.usage.input_tokens';
  return ALL_OUTPUT.test(words) ? 'gen_ai.usage.output_tokens' : undefined;
}

/** Adds what is counted under names of the kind where nothing is known of it yet. */
export function readUsageNames(attributes: Record<string, unknown>): void {
  for (const name in attributes) {
    const { key, mayHoldJson } = meaningOf(name);
    if (key === undefined && !mayHoldJson) continue;
    const value = attributes[name];
    if (mayHoldJson && typeof value === 'string' && value.startsWith('{')) {
      const parts: Record<string, unknown> = {};
      addParts(parts, name, parseMap(value), 0);
      for (const part in parts) take(attributes, meaningOf(part).key, parts[part]);
    } else take(attributes, key, value);
  }
}

function take(attributes: Record<string, unknown>, key: StandardKey | undefined, value: unknown): void {
  if (key === undefined || attributes[key] !== undefined) return;
  // All the input and output of what names no operation may be that of several calls.
  if (ALL_TOKENS.has(key) && attributes['gen_ai.operation.name'] === undefined) return;
  if ((typeof value === 'number' || typeof value === 'string') && !Number.isNaN(plainNumber(value)))
    attributes[key] = value;
}

function parseMap(json: string): Attributes {
  if (json.length > MOST_JSON_CHARS) return {};
  try {
    const value: unknown = JSON.parse(json);
    return isMap(value) ? value : {};
  } catch {
    return {};
  }
}
