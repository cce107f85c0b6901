// Price overrides: what a user knows better than the table (contract rates, a discount, whose id is whose).
// They come from a JSON file; docs/prices.md describes it.

import { MULTIPLIER_ONE } from './charges.ts';
import { ContentHash, formatHash } from '../attribution/content-hash.ts';
import { lineOfSyntaxError, locateJsonKeys, type JsonPath } from '../json-keys.ts';
import { resolveModelId } from './model-id.ts';
import type { RateCard } from '../prices/price-row.ts';
import { findModel } from '../prices/table.ts';
import { utcInstantOf } from '../time/utc-instant.ts';

/** Rates of a contract, charged as written: no tier, fast rate, factor or multiplier changes them. */
export interface OverrideRates {
  readonly rates: RateCard;
  /** Unix ms, `[fromMs, toMs)`. */
  readonly fromMs: number;
  readonly toMs: number;
}

export interface PriceOverrides {
  /** Stands behind the table version on every call that was priced with the file. */
  readonly version: string;
  /** Multiplier on list prices, in millionths; 1,000,000 changes nothing. */
  readonly multiplierMillionths: number;
  /** Contract rates by model id, as the API or the table writes it. */
  readonly models: ReadonlyMap<string, OverrideRates>;
  /** The user's own ids (deployments, opaque profiles, gateway names) and the ids they stand for. */
  readonly aliases: ReadonlyMap<string, string>;
  /** Locations and whether they count as regional. */
  readonly regions: ReadonlyMap<string, 'global' | 'regional'>;
}

export interface OverrideError {
  /** Line of the file, from 1. */
  readonly line: number;
  /** Key, written with dots; empty for the file as a whole. */
  readonly key: string;
  readonly message: string;
}

export type OverridesResult = PriceOverrides | { readonly errors: readonly OverrideError[] };

const MICRO_PER_UNIT = 1_000_000;
const MAX_USD_PER_MTOK = 100_000;
const MAX_MULTIPLIER = 10;
const TOP_KEYS = ['multiplier', 'models', 'aliases', 'regions'];
const RATE_KEYS = [
  'input',
  'output',
  'cacheRead',
  'cacheWrite',
  'cacheWrite5m',
  'cacheWrite1h',
  'from',
  'to',
];

/** Reads the text of an override file. All errors are found, each with its line and key. */
export function parsePriceOverrides(written: string): OverridesResult {
  // Editors and shells of Windows begin a file with a mark that is no JSON.
  const text = written.replace(/^\uFEFF/, '');
  let raw: unknown;
  try {
    raw = JSON.parse(text);
  } catch (error) {
    const message = `is no JSON: ${error instanceof Error ? error.message : String(error)}`;
    return { errors: [{ line: lineOfSyntaxError(text, error), key: '', message }] };
  }
  const reader = new OverrideReader(text);
  const overrides = reader.read(raw);
  return reader.errors.length > 0 ? { errors: reader.errors } : overrides;
}

/** An error as one line of text: what, where, what to do. */
export function describeOverrideError(fileName: string, { line, key, message }: OverrideError): string {
  return `${fileName}:${line}: ${key === '' ? 'the file' : key} ${message}`;
}

class OverrideReader {
  readonly errors: OverrideError[] = [];
  readonly #text: string;
  readonly #keys;

  constructor(text: string) {
    this.#text = text;
    this.#keys = locateJsonKeys(text);
    for (const path of this.#keys.repeated) this.#reject(path, 'is there twice; keep one');
  }

  read(raw: unknown): PriceOverrides {
    const file = this.#object(raw, [], TOP_KEYS);
    const models = new Map<string, OverrideRates>();
    for (const [name, value] of this.#entries(file['models'], ['models'])) {
      const rates = this.#rates(value, ['models', name]);
      if (rates) models.set(name, rates);
    }
    const aliases = new Map<string, string>();
    for (const [name, value] of this.#entries(file['aliases'], ['aliases'])) {
      if (this.#isKnownModel(value, ['aliases', name], models)) aliases.set(name, value);
    }
    const regions = new Map<string, 'global' | 'regional'>();
    for (const [name, value] of this.#entries(file['regions'], ['regions'])) {
      if (value === 'global' || value === 'regional') regions.set(name, value);
      else this.#reject(['regions', name], `is ${show(value)}; write "global" or "regional"`);
    }
    const multiplier = file['multiplier'] ?? 1;
    return {
      version: `override.${formatHash(new ContentHash().mixText(this.#text).digest())}`,
      multiplierMillionths: this.#millionths(multiplier, ['multiplier'], MAX_MULTIPLIER) ?? MULTIPLIER_ONE,
      models,
      aliases,
      regions,
    };
  }

  #rates(raw: unknown, path: JsonPath): OverrideRates | undefined {
    const before = this.errors.length;
    const row = this.#object(raw, path, RATE_KEYS);
    if (this.errors.length > before) return undefined;
    const rate = (name: string, fallback?: unknown): number =>
      this.#microUsd(row[name] ?? fallback, [...path, name]) ?? 0;
    const rates: RateCard = {
      input: rate('input'),
      cacheWrite5m: rate('cacheWrite5m', row['cacheWrite']),
      cacheWrite1h: rate('cacheWrite1h', row['cacheWrite']),
      cacheRead: rate('cacheRead'),
      output: rate('output'),
    };
    const fromMs = this.#time(row['from'], [...path, 'from']) ?? Number.NEGATIVE_INFINITY;
    const toMs = this.#time(row['to'], [...path, 'to']) ?? Number.POSITIVE_INFINITY;
    if (fromMs >= toMs) this.#reject([...path, 'to'], 'is not after "from"');
    return { rates, fromMs, toMs };
  }

  #microUsd(value: unknown, path: JsonPath): number | undefined {
    if (value === undefined) {
      this.#reject(path, 'is missing; write USD per million tokens, for example 3.6');
      return undefined;
    }
    const micro = toMillionths(value);
    if (micro !== undefined && micro <= MAX_USD_PER_MTOK * MICRO_PER_UNIT) return micro;
    this.#reject(
      path,
      `is ${show(value)}; write USD per million tokens, a number from 0 up with at most six decimals`,
    );
    return undefined;
  }

  #millionths(value: unknown, path: JsonPath, max: number): number | undefined {
    const millionths = toMillionths(value);
    if (millionths !== undefined && millionths > 0 && millionths <= max * MICRO_PER_UNIT) return millionths;
    this.#reject(
      path,
      `is ${show(value)}; write a number above 0 and at most ${max} with at most six decimals`,
    );
    return undefined;
  }

  #time(value: unknown, path: JsonPath): number | undefined {
    if (value === undefined) return undefined;
    const atMs = typeof value === 'string' ? utcInstantOf(value) : undefined;
    if (atMs !== undefined) return atMs;
    this.#reject(path, `is ${show(value)}; write a day such as "2026-11-21" (UTC)`);
    return undefined;
  }

  #isKnownModel(value: unknown, path: JsonPath, models: ReadonlyMap<string, OverrideRates>): value is string {
    if (typeof value === 'string') {
      if (models.has(value)) return true;
      const found = resolveModelId(value);
      if ('id' in found && (models.has(found.id) || findModel(found.id))) return true;
    }
    this.#reject(path, `is ${show(value)}, which has no price; write a Claude model id or a key of models`);
    return false;
  }

  #entries(raw: unknown, path: JsonPath): [string, unknown][] {
    return raw === undefined ? [] : Object.entries(this.#object(raw, path));
  }

  #object(raw: unknown, path: JsonPath, allowed?: readonly string[]): Record<string, unknown> {
    if (typeof raw !== 'object' || raw === null || Array.isArray(raw)) {
      this.#reject(path, `is ${show(raw)}; write an object`);
      return {};
    }
    for (const name of Object.keys(raw)) {
      if (allowed && !allowed.includes(name)) {
        this.#reject([...path, name], `is no key here; known ones are ${allowed.join(', ')}`);
      }
    }
    return raw as Record<string, unknown>;
  }

  #reject(path: JsonPath, message: string): void {
    this.errors.push({ line: this.#keys.lineOf(path), key: path.join('.'), message });
  }
}

// A decimal with at most six places as a whole number of millionths.
function toMillionths(value: unknown): number | undefined {
  if (typeof value !== 'number' || value < 0) return undefined;
  const millionths = Math.round(value * MICRO_PER_UNIT);
  return Number.isSafeInteger(millionths) && millionths / MICRO_PER_UNIT === value ? millionths : undefined;
}

function show(value: unknown): string {
  return JSON.stringify(value);
}
