// What others put on their spans, without what was said. Nobody can list every key that holds a prompt, an answer, an
// argument or a result; so of a span that other code made only what is known to be harmless stays: numbers, yes or no,
// and texts whose key says that they are a name, an id, a model, a kind or a code. Of the rest the length stays.

import { FIELDS, type FieldDefinition, type FieldKey } from './schema.ts';

type Attributes = Readonly<Record<string, unknown>>;

/** Longer texts are none of these, whatever their key says. */
const MAX_CHARS = 256;
const MAX_KEYS_KNOWN = 2_000;
/** Last words of keys whose text is a kind, a code, a version or the like. */
const HARMLESS_WORDS: ReadonlySet<string> = new Set(
  [
    'id ids kind type model version method scheme protocol code status role provider operation language route region zone',
    'platform port vendor currency unit level severity encoding tier speed effort geo outcome sampler framework runtime',
  ].flatMap((words) => words.split(' ')),
);
/** What may have a name that is no person's and no text. */
const NAMED: ReadonlySet<string> = new Set(
  [
    'agent tool model function operation service workflow entity resource deployment provider system step task graph',
    'node run chain server namespace scope library sdk distro event class method framework team crew skill signal',
    'activity queue job process thread executable runtime os host device',
  ].flatMap((words) => words.split(' ')),
);
/** Whole keys that follow none of these rules. */
const HARMLESS_KEYS: ReadonlySet<string> = new Set([
  'ai.operationId',
  'ai.telemetry.functionId',
  'openinference.span.kind',
  'traceloop.span.kind',
  'exception.type',
  'gen_ai.system',
  'server.address',
  'deployment.environment',
  'gen_ai.output.type',
  'gen_ai.usage.cost.source',
]);
/** JSON that holds counts, as some emitters write them. */
const COUNT_JSON = /usage|tokens?[._]|providerMetadata/i;

/** What a JSON text of counts begins with. */
const JSON_START = /^\s*[[{\d-]/;

/** The attributes, with a length in the place of each text that may be content: `KEY.length`. */
export function withoutForeignContent(attributes: Attributes): Attributes {
  for (const key in attributes) if (!mayStay(key, attributes[key])) return copyWithout(attributes);
  return attributes;
}

function copyWithout(attributes: Attributes): Attributes {
  const kept: Record<string, unknown> = {};
  for (const key in attributes) {
    const value = attributes[key];
    const counts = mayStay(key, value) ? value : COUNT_JSON.test(key) ? countsOf(value) : undefined;
    if (counts !== undefined) kept[key] = counts;
    else if (value !== undefined) kept[`${key}.length`] = lengthOf(value);
  }
  return kept;
}

function mayStay(key: string, value: unknown): boolean {
  return isHarmlessValue(value) || (isShort(value) && isHarmlessKey(key));
}

/** A text of another's span that may say anything, such as the message of an error. */
export function lengthNote(text: string | undefined): string | undefined {
  return text === undefined || text === '' ? text : `(${String(text.length)} characters)`;
}

function isHarmlessValue(value: unknown): boolean {
  if (typeof value === 'number' || typeof value === 'boolean') return true;
  if (typeof value !== 'object') return value === undefined;
  return value === null || (Array.isArray(value) && value.every(isHarmlessValue));
}

function isShort(value: unknown): boolean {
  if (typeof value === 'string') return value.length <= MAX_CHARS && !value.includes('\n');
  return Array.isArray(value) && value.every(isShort);
}

const known = new Map<string, boolean>();

function isHarmlessKey(key: string): boolean {
  let isHarmless = known.get(key);
  if (isHarmless === undefined) {
    isHarmless = judge(key);
    if (known.size < MAX_KEYS_KNOWN) known.set(key, isHarmless);
  }
  return isHarmless;
}

function judge(key: string): boolean {
  const field = Object.hasOwn(FIELDS, key) ? (FIELDS[key as FieldKey] as FieldDefinition) : undefined;
  if (field !== undefined) return field.sensitive !== true;
  if (HARMLESS_KEYS.has(key)) return true;
  const words = key
    .replaceAll(/([a-z])([A-Z])/g, '$1.$2')
    .toLowerCase()
    .split(/[._\-/]/);
  const [last = '', subject = ''] = words.slice(-2).toReversed();
  if (HARMLESS_WORDS.has(last)) return true;
  if (last === 'reason' || last === 'reasons') return subject === 'finish' || subject === 'stop';
  return last === 'name' && (subject === '' || NAMED.has(subject));
}

function lengthOf(value: unknown): number {
  return typeof value === 'string' ? value.length : (JSON.stringify(value) ?? '').length;
}

/** The numbers of a JSON text, where they stand; `undefined` when it is none. */
function countsOf(value: unknown): string | undefined {
  // Most texts are no JSON: an error that is thrown and caught costs more than all else here.
  if (typeof value !== 'string' || !JSON_START.test(value)) return undefined;
  try {
    return JSON.stringify(numbersOf(JSON.parse(value)));
  } catch {
    return undefined;
  }
}

function numbersOf(value: unknown): unknown {
  if (typeof value === 'number') return value;
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return undefined;
  return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, numbersOf(inner)]));
}

/** Emitters that put what a task is about into the name of its span: the scope, and the part of the name that says it. */
const TOLD_IN_NAMES: readonly (readonly [scope: RegExp, said: RegExp])[] = [
  [/^opentelemetry\.instrumentation\.crewai/, /^.*(?=\.task$)/s],
];

/** The name of a span of others, without what was said where the emitter puts that into it. */
export function nameWithoutContent(scope: string, name: string): string {
  const said = TOLD_IN_NAMES.find(([pattern]) => pattern.test(scope))?.[1];
  return said === undefined ? name : name.replace(said, 'crewai');
}
